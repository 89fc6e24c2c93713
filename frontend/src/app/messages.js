// Toasts say what was done, for ten seconds, with undo where undo exists. Errors are never toasts.
import { make } from "./dom.js";
import { say } from "./words.js";

const SECONDS = 10;

function box() {
  return document.querySelector(".toasts") ?? document.body.appendChild(make("div", { class: "toasts", role: "status" }));
}

function leaveLater(element) {
  let left = SECONDS * 1000;
  let timer = 0;
  const go = () => { timer = setTimeout(() => element.remove(), left); };
  const hold = () => { clearTimeout(timer); left = SECONDS * 500; };
  element.addEventListener("mouseenter", hold);
  element.addEventListener("focusin", hold);
  element.addEventListener("mouseleave", go);
  element.addEventListener("focusout", go);
  go();
}

/** Show `text`; `undo` is called when the person takes it back. */
export function toast(text, { undo } = {}) {
  const element = make("div", { class: "toast-x" }, make("span", {}, text));
  if (undo) {
    const button = make("button", { type: "button", class: "link", onclick: () => { element.remove(); undo(); } }, say("undo"));
    element.append(button);
  }
  box().append(element);
  leaveLater(element);
}

async function copy(button) {
  const text = button.dataset.copy || location.href;
  if (!navigator.clipboard) return;
  await navigator.clipboard.writeText(text);
  toast(say("copied"));
}

export function messages(root) {
  root.querySelectorAll(".toasts .toast-x").forEach(leaveLater);
  root.addEventListener("povfund:toast", (event) => toast(event.detail.text, event.detail));
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      event.preventDefault();
      copy(button);
    }
  });
}
