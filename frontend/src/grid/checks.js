// The checks in the side panel: each leads to its cell; warnings take a reason, once for each rule.
import { icon, make } from "../app/dom.js";
import { ruleWord, say } from "../app/words.js";
import { areaName } from "./block.js";

const SHOWN = 40;

export class Checks {
  constructor({ element, findings, store, columns, choices, go, changed }) {
    Object.assign(this, { element, findings, store, columns, choices, go, changed });
    this.drawn = "";
  }

  draw() {
    const all = this.findings.all().filter(({ pending }) => !pending);
    const blank = !this.store.filled().length;
    const print = JSON.stringify([blank, all.map(({ rule, message, key, field, header }) => [rule, message, key && this.where({ key, field }), header])]);
    if (!this.element || print === this.drawn) return;
    this.drawn = print;
    const errors = all.filter(({ severity }) => severity === "E");
    const rules = [...new Set(all.filter(({ severity }) => severity === "W").map(({ rule }) => rule))];
    const notes = all.filter(({ severity }) => severity !== "E" && severity !== "W");
    this.element.replaceChildren(
      ...[...errors, ...notes].slice(0, SHOWN).map((finding) => this.section(this.box(finding))),
      ...rules.map((rule) => this.warning(all.filter((finding) => finding.severity === "W" && finding.rule === rule))),
    );
    if (errors.length > SHOWN) this.element.append(make("p", { class: "pad m s" }, say("errors", { n: errors.length })));
    if (!all.length) this.element.append(this.section(make("p", { class: "m s" }, say(blank ? "no_line" : "no_problem"))));
  }

  where({ key, field, header }) {
    if (key === undefined) return this.headerName(header);
    const row = this.store.index(key);
    const column = this.columns.findIndex((one) => one.field === field);
    return areaName(row, column, row, column);
  }

  headerName(header) {
    const field = header && document.querySelector(`#document-form [name="${CSS.escape(header)}"]`);
    return field?.labels?.[0]?.textContent.trim() ?? "";
  }

  section(...children) {
    return make("section", {}, ...children);
  }

  link(finding) {
    const where = this.where(finding);
    return where ? make("button", { type: "button", class: "go-cell", onclick: () => this.go(finding) }, where) : null;
  }

  box(finding) {
    const [css, sign] = { E: ["e", "alert-circle"], W: ["w", "alert-triangle"] }[finding.severity] ?? ["i", "info-circle"];
    const link = this.link(finding);
    const about = [
      finding.rule && ruleWord(finding.rule, (rule) => say("rule", { rule })),
      finding.article && say("article", { article: finding.article }),
      finding.severity === "E" && say("must_be_mended"),
    ].filter(Boolean).join(" · ");
    return make(
      "div", { class: `why ${css}` }, icon(sign, ""),
      make("h4", {}, link, link ? "　" : null, link ? without(finding.message, link.textContent) : finding.message),
      finding.remedy ? make("p", {}, finding.remedy) : null,
      make("p", { class: "m" }, about),
    );
  }

  /** All warnings of one rule and the fields for the reason. */
  warning(findings) {
    const { rule } = findings[0];
    const reason = (this.findings.reasons[rule] ??= { code: "", text: "" });
    const boxes = findings.slice(0, SHOWN).map((finding) => this.box(finding));
    const take = (name) => (event) => {
      reason[name] = event.target.value;
      ask();
      this.changed();
    };
    const options = (this.choices.warning_reason ?? []).map(([value, label]) => make("option", { value, selected: value === reason.code }, label));
    const select = options.length
      ? make("div", { class: "fld mt8" }, make("label", { class: "req", for: `reason-${rule}` }, say("reason")),
        make("select", { id: `reason-${rule}`, onchange: take("code") }, make("option", { value: "" }), ...options))
      : null;
    const text = make("textarea", { id: `words-${rule}`, maxlength: "200", oninput: take("text") });
    text.value = reason.text ?? "";
    const label = make("label", { for: text.id }, say("more_words"));
    const needed = make("div", { class: "fld-err" }, say("other_needs_words"));
    const ask = () => {
      const other = reason.code === "other", silent = other && !reason.text?.trim();
      label.classList.toggle("req", other);
      text.toggleAttribute("required", other);
      text.setAttribute("aria-invalid", String(silent));
      needed.hidden = !silent;
    };
    ask();
    return this.section(...boxes, select, make("div", { class: "fld mt4" }, label, text, needed));
  }
}

/** A message that begins with the name of its field, beside the link that already says the name. */
function without(message, name) {
  return message.startsWith(name) ? message.slice(name.length).replace(/^[：:]\s*/, "") : message;
}
