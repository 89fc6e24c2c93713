// Forms: a question before an irreversible step, filters that send themselves, buttons that only look disabled.
import { make } from "./dom.js";
import { say } from "./words.js";

/** Ask before sending: <form data-confirm="…" data-confirm-button="…">. */
function ask(form, submitter) {
  const yes = make("button", { class: "btn pri", type: "button" }, form.dataset.confirmButton || submitter?.textContent.trim() || say("go_on"));
  const dialog = make(
    "dialog", { "aria-labelledby": "confirm-text" },
    make("div", { class: "pad" }, make("p", { id: "confirm-text" }, form.dataset.confirm)),
    make("footer", {}, make("button", { class: "btn", type: "button", onclick: () => dialog.close() }, say("cancel")), yes),
  );
  yes.addEventListener("click", () => {
    dialog.close();
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter ?? undefined);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function submitting(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    ask(form, event.submitter);
  });
  root.addEventListener("click", (event) => {
    if (event.target.closest?.("[aria-disabled=true]")) event.preventDefault();
    else if (event.target.closest?.("[data-print]")) print();
  }, true);
  root.querySelectorAll("[data-words-of]").forEach((words) => {
    const reason = root.getElementById(words.dataset.wordsOf);
    const ask = () => { words.required = reason?.value === "other"; };
    reason?.addEventListener("change", ask);
    ask();
  });
  root.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form) form.requestSubmit();
  });
  root.querySelectorAll("form[data-autosubmit] [data-without-script]").forEach((button) => { button.hidden = true; });
}
