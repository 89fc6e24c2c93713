// The line grid of a document: a spreadsheet over the lines, with checks beside it. Without this script the form below it works.
import { hourOf } from "./app/clock.js";
import { dataBlock, icon, make } from "./app/dom.js";
import { press } from "./app/keyboard.js";
import { fenOf, parseWan, wan } from "./app/money.js";
import { ruleWord, say } from "./app/words.js";
import { areaName } from "./grid/block.js";
import { staleBox, toldBox } from "./grid/boxes.js";
import { Checks } from "./grid/checks.js";
import { Deeds } from "./grid/deeds.js";
import { DivisionBook } from "./grid/divisions.js";
import { Findings } from "./grid/findings.js";
import { gridKeys } from "./grid/keys.js";
import { choice, dated, division, isBroken, money, words } from "./grid/kinds.js";
import { Saving } from "./grid/saving.js";
import { Lines } from "./grid/store.js";
import { View } from "./grid/view.js";

const LEAST = 15;
const MOST = 2000;

function columnsOf({ choices, codes }, book, year) {
  const recipient = { ...division(book), book };
  const wide = innerWidth > 1240;
  return [
    { field: "recipient", kind: recipient, blank: null, width: wide ? 180 : 142 },
    { field: "money_level", kind: choice(choices.money_level), blank: "", width: wide ? 92 : 72 },
    { field: "fund_category", kind: dated(codes.fund_category, year), blank: "", minWidth: wide ? 150 : 106, grow: 2 },
    { field: "budget_item", kind: dated(codes.budget_item, year), blank: "", width: wide ? 176 : 140 },
    { field: "amount", kind: money, blank: "", width: wide ? 124 : 110, unit: say("unit_wan") },
    { field: "payment_mode", kind: choice(choices.payment_mode), blank: "", width: wide ? 122 : 90 },
    { field: "remark", kind: words, blank: "", minWidth: wide ? 90 : 52, grow: 1 },
  ].map((column) => ({ ...column, title: say(`column_${column.field}`) }));
}

function read(row, book) {
  if (row.recipient) book.add([row.recipient]);
  return { ...row, recipient: row.recipient ? book.byCode(row.recipient.code)[0] : null, amount: row.amount || "" };
}

class LineGrid {
  constructor(root, config) {
    this.root = root;
    this.config = config;
    this.form = document.getElementById("document-form");
    this.book = new DivisionBook({ url: config.divisions_url, usual: config.recipients });
    this.columns = columnsOf(config, this.book, () => Number(this.form.elements.budget_year?.value) || null);
    this.store = new Lines({ columns: this.columns, rows: config.rows.map((row) => read(row, this.book)), least: LEAST, most: config.max_lines ?? MOST });
    this.findings = new Findings({ store: this.store, columns: this.columns, reasons: config.warning_reasons });
    this.marks = new Map();
    this.view = new View({
      element: this.part("grid"), store: this.store, columns: this.columns, readonly: config.readonly,
      mark: (key, field) => this.marks.get(`${key} ${field}`),
      commit: (cell, value, move) => this.commit(cell, value, move),
      more: (text) => this.book.ask(text),
    });
    this.connect();
  }

  part(name) {
    return this.root.querySelector(`[data-grid-part="${name}"]`);
  }

  connect() {
    this.checks = new Checks({
      element: document.querySelector("[data-grid-checks]"), findings: this.findings, store: this.store, columns: this.columns,
      choices: this.config.choices, go: (finding) => this.go(finding), changed: () => { this.saving.touched(); this.remark(); },
    });
    this.saving = new Saving({
      config: this.config, form: this.form, store: this.store, findings: this.findings,
      state: (kind, text) => this.state(kind, text),
      checked: (findings, keys) => { this.findings.take(findings, keys); this.remark(); },
      refused: (errors, keys) => { this.findings.takeRefused(errors, keys); this.remark(); },
      stale: (answer, then) => this.showStale(answer, then),
      elsewhere: (finding) => this.beside(toldBox(finding)),
      gone: () => this.beside(toldBox({ message: say("gone_title"), remedy: say("gone_text") })),
    });
    this.deeds = new Deeds({
      store: this.store, view: this.view, book: this.book, columns: this.columns, heads: this.config.heads ?? {},
      note: (note) => this.note(note), log: (text) => this.log(text),
    });
    gridKeys({
      element: this.part("grid"), view: this.view, deeds: this.deeds,
      submit: () => this.deeds.lookUp().finally(() => press("ctrl+enter")),
      nextProblem: () => this.nextProblem(), leave: () => document.querySelector("[data-grid-save]")?.focus(),
    });
    this.view.onSelect = () => this.status();
    this.store.listeners.push(() => { this.saving.touched(); this.remark(); });
    this.listen();
    this.view.ready.then(() => {
      this.findings.take(this.config.findings ?? [], this.store.posted().keys);
      this.remark();
      this.view.selectAt(0, 0);
      this.deeds.lookUp();
    });
  }

  listen() {
    const acts = { fill: () => this.deeds.fill(), insert: () => this.deeds.insert(), remove: () => this.deeds.remove(), undo: () => this.deeds.undo() };
    this.root.addEventListener("click", (event) => {
      const act = event.target.closest("[data-grid-do]")?.dataset.gridDo;
      const filter = event.target.closest("[data-grid-filter]");
      if (act) { acts[act](); this.view.focus(); }
      if (filter) this.filter(filter);
    });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-grid-save]");
      if (!button || button.getAttribute("aria-disabled") === "true") return;
      event.preventDefault();
      this.saving.save(button.dataset.gridThen);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      document.activeElement?.blur?.();
      this.saving.save();
    });
    this.form.addEventListener("input", (event) => {
      if (event.target.name === "budget_year") this.view.refresh();
      this.saving.touched();
      this.sums();
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.saving.save(); });
    this.part("grid").addEventListener("keydown", () => document.body.classList.add("editing-grid"));
    document.addEventListener("focusin", (event) => {
      if (!this.root.contains(event.target)) document.body.classList.remove("editing-grid");
    });
  }

  commit(cell, value, move) {
    const { key } = cell.getData();
    const field = cell.getField();
    if (this.store.change([{ key, field, value }])) {
      const row = this.store.index(key);
      const column = this.columns.findIndex((one) => one.field === field);
      this.log(say("changed_cell", { where: areaName(row, column, row, column) }));
      this.deeds.lookUp();
    }
    if (!move) return;
    this.view.focus();
    this.view.move(move);
  }

  /** Marks, counts, checks and sums follow what was typed or found. */
  remark() {
    const before = this.marks;
    this.marks = this.findings.marks();
    const rows = new Set([...before, ...this.marks].filter(([address, mark]) => before.get(address) !== mark || this.marks.get(address) !== mark).map(([address]) => Number(address.split(" ")[0])));
    if (rows.size) this.view.refresh(rows);
    const { errors, warnings } = this.findings.counts();
    const counts = { all: this.store.filled().length, bad: errors, warn: warnings };
    for (const [name, n] of Object.entries(counts)) {
      for (const out of document.querySelectorAll(`[data-grid-count="${name}"]`)) {
        out.textContent = String(n);
        if (out.closest(".tabs")) out.hidden = n === 0;
      }
    }
    for (const element of document.querySelectorAll("[data-grid-if]")) {
      const wanted = { errors: errors > 0, warnings: warnings > 0, good: !errors && !warnings }[element.dataset.gridIf];
      element.hidden = !wanted;
    }
    this.header();
    this.checks.draw();
    this.sums();
    this.status();
  }

  header() {
    const wrong = new Set(this.findings.all().filter(({ header, severity }) => header && severity === "E").map(({ header }) => header));
    for (const field of this.form.elements) {
      if (field.name) field.toggleAttribute("aria-invalid", false);
      if (wrong.has(field.name)) field.setAttribute("aria-invalid", "true");
    }
  }

  sums() {
    const total = this.store.total();
    for (const out of document.querySelectorAll("[data-grid-total]")) out.textContent = wan(total);
    const stated = this.form.elements.stated_total?.value ?? "";
    for (const out of document.querySelectorAll("[data-grid-remaining]")) {
      let left = null;
      try { left = parseWan(stated) - total; } catch { left = null; }
      out.textContent = left === null ? "" : wan(left);
      out.classList.toggle("warn", left !== null && left !== 0n);
    }
  }

  status() {
    const area = this.view.area();
    const here = this.view.active();
    if (!area || !here) return;
    const row = this.store.index(here.key);
    const index = this.columns.findIndex(({ field }) => field === here.field);
    const column = this.columns[index];
    const value = this.store.rows[row]?.[here.field];
    if (value === undefined) return;
    const code = column.kind.code?.(value);
    const finding = this.findings.of(here.key, here.field)[0];
    this.part("address").textContent = areaName(row, index, row, index);
    this.part("value").textContent = `${code ? `${code} ` : ""}${column.kind.text(value)}`;
    this.part("message").replaceChildren(...(finding ? this.message(finding) : []));
    this.part("message").className = `msg ${finding ? { E: "bad", W: "warn" }[finding.severity] ?? "m" : ""}`;
    this.selection(area);
  }

  message(finding) {
    const text = [finding.message, finding.remedy].filter(Boolean).join(" ");
    return [icon(finding.severity === "E" ? "alert-circle" : "alert-triangle"), finding.rule ? make("b", {}, ruleWord(finding.rule)) : "", make("span", { class: "ell", title: text }, text)];
  }

  selection(area) {
    const amounts = area.keys.flatMap((key) => area.columns.filter(({ kind }) => kind.figures).map(({ field, kind }) => [this.store.rows[this.store.index(key)]?.[field], kind]));
    const figures = amounts.filter(([value]) => value && !isBroken(value)).map(([value, kind]) => kind.fen(value));
    const sum = figures.reduce((all, fen) => all + fen, 0n);
    const pairs = figures.length ? [[say("count"), String(figures.length)], [say("sum"), wan(sum)], [say("average"), average(sum, BigInt(figures.length))]] : [];
    this.part("selection").replaceChildren(
      make("span", { class: "m" }, say("selected", { where: areaName(area.top, area.left, area.bottom, area.right) })),
      ...pairs.map(([name, value]) => make("span", {}, `${name} `, make("b", {}, value))),
    );
  }

  filter(button) {
    const wanted = button.dataset.gridFilter;
    for (const one of this.root.querySelectorAll("[data-grid-filter]")) one.setAttribute("aria-pressed", String(one === button));
    const rows = new Set(this.findings.all().filter(({ severity }) => severity === { bad: "E", warn: "W" }[wanted]).map(({ key }) => key));
    this.view.filter(wanted === "all" ? null : (row) => rows.has(row.key));
  }

  go(finding) {
    if (finding.key === undefined) {
      document.querySelector(`#document-form [name="${CSS.escape(finding.header)}"]`)?.focus();
      return;
    }
    this.view.filter(null);
    this.view.select(finding.key, finding.field);
    this.view.focus();
  }

  nextProblem() {
    const problems = this.findings.all().filter((finding) => finding.severity === "E" || (finding.severity === "W" && !this.findings.explained(finding)));
    if (!problems.length) return;
    const inHeader = problems.findIndex(({ header }) => header && header === document.activeElement?.name);
    if (inHeader >= 0) {
      this.go(problems[(inHeader + 1) % problems.length]);
      return;
    }
    const here = this.view.active();
    const row = here ? this.store.index(here.key) : -1;
    const column = here ? this.columns.findIndex(({ field }) => field === here.field) : -1;
    const after = problems.find(({ key, field }) => {
      if (key === undefined) return false;
      const at = this.store.index(key);
      return at > row || (at === row && this.columns.findIndex((one) => one.field === field) > column);
    });
    this.go(after ?? problems[0]);
  }

  note({ text, bad, more }) {
    const words = make("span", {}, text, bad ? make("b", { class: "bad" }, ` ${bad}`) : null, more ? ` ${more}` : null);
    this.part("note").replaceChildren(icon("clipboard-check"), words);
  }

  log(text) {
    const list = document.querySelector("[data-grid-log]");
    if (!list) return;
    list.prepend(make("li", { class: "done" }, `${text} `, make("span", { class: "mm" }, hourOf(new Date()))));
    while (list.children.length > 6) list.lastChild.remove();
    list.closest("section")?.removeAttribute("hidden");
  }

  state(kind, text) {
    for (const element of document.querySelectorAll("[data-save-state]")) {
      element.className = `st ${{ ok: "ok", bad: "bad" }[kind] ?? "m"}`;
      element.replaceChildren(icon({ ok: "cloud-check", bad: "cloud-off" }[kind] ?? "cloud-upload"), make("span", {}, text));
    }
  }

  async showStale(answer, then) {
    const again = () => {
      this.saving.rev = answer.rev ?? this.saving.rev;
      document.querySelector(".stale")?.remove();
      this.saving.save(then);
    };
    const { keys, lines: mine } = this.store.posted();
    const lines = { mine, places: keys.map((key) => this.store.index(key) + 1), columns: this.columns, text: (field, value) => this.cellText(field, value) };
    await this.learn(answer);
    const box = staleBox({ answer, again, drop: () => this.saving.dropMine(), lines, name: (field) => field === "lines" ? say("lines") : this.checks.where(this.findings.placed({ field }, keys)) || field, words: (field, value) => this.wordsOf(field, value) });
    this.beside(box);
  }

  /** Names of the divisions their lines name: the first of them, as many as the box shows. */
  async learn({ changed }) {
    const lines = changed.find(({ field }) => field === "lines")?.theirs ?? [];
    const codes = new Set(lines.map(({ recipient }) => recipient).filter((code) => code && !this.book.byCode(code).length));
    await Promise.all([...codes].slice(0, 20).map((code) => this.book.ask(code)));
  }

  /** A posted value of a cell as the grid shows it: names of codes, an amount in 万元. */
  cellText(field, value) {
    if (value === null || value === undefined || value === "") return "";
    if (typeof value === "object") return value.typed;
    if (field === "recipient") return this.book.byCode(value)[0]?.name ?? value;
    return this.columns.find((column) => column.field === field).kind.text(value);
  }

  /** A value of the head as its field shows it: a choice by its name, an amount in 万元. */
  wordsOf(field, value) {
    if (field === "stated_total" && value) return wan(fenOf(value));
    const options = [...(this.form.elements[field]?.options ?? [])];
    return options.find((option) => option.value === (value ?? ""))?.text ?? value;
  }

  /** A box above the checks, in place of the last one. */
  beside(box) {
    document.querySelector(".stale")?.remove();
    document.querySelector("[data-grid-checks]")?.before(box);
    box.scrollIntoView({ block: "nearest" });
  }
}

/** Exact where it is, else to the second decimal with ≈. */
function average(sum, count) {
  if (sum % count === 0n) return wan(sum / count);
  return `≈ ${wan((sum / count / 10_000n) * 10_000n)}`;
}

for (const root of document.querySelectorAll("[data-line-grid]")) {
  const config = dataBlock(root.dataset.lineGrid);
  for (const fallback of document.querySelectorAll("[data-grid-fallback]")) {
    fallback.hidden = true;
    for (const field of fallback.querySelectorAll("input, select, textarea, button")) field.disabled = true;
  }
  root.hidden = false;
  new LineGrid(root, config);
}
