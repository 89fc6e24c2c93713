// Keys: / search, ? the list of keys, Esc back, F1 help of the field, Ctrl+Enter submit, letters by data-key.
// Single letters work only outside inputs and can be switched off in the list of keys.

const STORE = "povfund.single-keys";
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true], .tabulator";

const lettersOn = () => localStorage.getItem(STORE) !== "off";

function visible(element) {
  return element.getClientRects().length > 0;
}

/** Click or focus what the key belongs to, if it is on the page and seen. */
export function press(key) {
  const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(visible);
  if (!target) return false;
  if (target.matches("input, select, textarea")) target.focus();
  else target.click();
  return true;
}

/** The help of the focused field: the element #help-<name>, opened and brought into view. */
export function showHelp(name) {
  const help = name && document.getElementById(`help-${name}`);
  if (!help) return false;
  document.dispatchEvent(new CustomEvent("povfund:panel", { detail: { element: help } }));
  if (help.tagName === "DETAILS") help.open = true;
  help.scrollIntoView({ block: "nearest" });
  help.setAttribute("tabindex", "-1");
  help.focus();
  return true;
}

function onLetter(event) {
  const key = event.key.toLowerCase();
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) search.focus();
    return Boolean(search);
  }
  if (event.key === "?") {
    document.getElementById("keys")?.showModal?.();
    return true;
  }
  return lettersOn() && /^[a-z]$/.test(key) && press(key);
}

function onKey(event) {
  if (event.isComposing || event.defaultPrevented) return;
  let done = false;
  if (event.key === "F1") done = showHelp(event.target.dataset?.help ?? event.target.name);
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done = press("ctrl+enter");
  else if (event.key === "Escape") done = !document.querySelector("dialog[open]") && escape(event);
  else if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest?.(TYPING)) done = onLetter(event);
  if (done) event.preventDefault();
}

/** Esc leaves a field first, then closes a menu, then goes back to the list. */
function escape(event) {
  if (event.target.closest?.(TYPING)) {
    if (event.target.matches("[data-search]")) event.target.blur();
    return false;
  }
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return true;
  }
  return press("escape");
}

export function keyboard(root) {
  root.addEventListener("keydown", onKey);
  root.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-open-keys]")) root.getElementById("keys")?.showModal?.();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
  const box = root.querySelector("[data-single-keys]");
  if (box) {
    box.checked = lettersOn();
    box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));
  }
}
