// Review lists: J and K walk the rows, ticked rows are counted and summed exactly (分, never floating point).
import { wan } from "./money.js";

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.getClientRects().length);

function walk(step) {
  const all = rows();
  if (!all.length) return false;
  const here = all.findIndex((row) => row.matches(".sel, .on, [aria-current]"));
  const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
  if (here >= 0) all[here].classList.remove("sel", "on");
  next.classList.add("sel");
  next.scrollIntoView({ block: "nearest" });
  const link = next.querySelector("a[data-open]") ?? next.querySelector("a");
  link?.focus();
  if (link?.hasAttribute("data-open")) link.click();
  return true;
}

function countTicked(scope) {
  const ticked = [...scope.querySelectorAll("input.pick:checked")];
  const fen = ticked.reduce((sum, box) => sum + BigInt(box.dataset.fen || "0"), 0n);
  for (const out of scope.querySelectorAll("[data-pick-count]")) out.textContent = String(ticked.length);
  for (const out of scope.querySelectorAll("[data-pick-sum]")) out.textContent = wan(fen);
  for (const button of scope.querySelectorAll("[data-pick-needed]")) {
    button.setAttribute("aria-disabled", String(ticked.length === 0));
  }
  const all = scope.querySelector("input[data-pick-all]");
  if (all) {
    const boxes = scope.querySelectorAll("input.pick").length;
    all.checked = ticked.length > 0 && ticked.length === boxes;
    all.indeterminate = ticked.length > 0 && ticked.length < boxes;
  }
}

export function lists(root) {
  root.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, .tabulator, dialog")) return;
    if (localStorage.getItem("povfund.single-keys") === "off") return;
    const step = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (step && walk(step)) event.preventDefault();
  });
  root.addEventListener("change", (event) => {
    const scope = event.target.closest?.("[data-picks]");
    if (!scope) return;
    if (event.target.matches("[data-pick-all]")) {
      for (const box of scope.querySelectorAll("input.pick")) box.checked = event.target.checked;
    }
    countTicked(scope);
  });
  const all = () => root.querySelectorAll("[data-picks]").forEach(countTicked);
  all();
  root.addEventListener("htmx:afterSwap", all);
}
