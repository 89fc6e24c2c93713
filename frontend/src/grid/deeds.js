// What a person does to cells: paste, copy, fill, clear, insert, remove, undo.
import { say } from "../app/words.js";
import { areaName, readBlock, writeBlock } from "./block.js";
import { isBroken } from "./kinds.js";
import { readTable } from "./table.js";

export class Deeds {
  constructor({ store, view, book, columns, heads, note, log }) {
    Object.assign(this, { store, view, book, columns, heads, note, log });
  }

  /** Names the server has to look up: ask, then read the cells again. */
  async lookUp() {
    const waiting = () => this.store.broken().filter((cell) => cell.pending);
    const texts = [...new Set(waiting().map(({ key, field }) => this.store.rows[this.store.index(key)][field].typed))];
    if (!texts.length) return;
    await Promise.all(texts.map((text) => this.book.ask(text)));
    const edits = waiting().map(({ key, field }) => {
      const { kind } = this.columns.find((column) => column.field === field);
      return { key, field, value: kind.read(this.store.rows[this.store.index(key)][field].typed) };
    });
    this.store.change(edits.filter(({ value }) => !value?.pending), { undoable: false });
  }

  paste(text) {
    const block = readBlock(text);
    const area = this.view.area();
    if (!block.length || !area) return;
    if (block.length === 1 && block[0].length === 1 && (area.keys.length > 1 || area.columns.length > 1)) {
      this.repeat(block[0][0], area);
      return;
    }
    const table = readTable(block, { columns: this.columns, left: area.left, names: this.heads });
    if (!table.rows.length) {
      this.note({ text: say("nothing_to_paste"), more: table.told.join(" ") });
      return;
    }
    this.put(table, area);
  }

  /** One cell into every cell of the area. */
  repeat(text, area) {
    const rows = area.keys.map(() => area.columns.map(() => text));
    this.put({ fields: area.columns.map(({ field }) => field), rows, unit: "wan", told: [], wrong: [] }, area);
  }

  /** The rows of a table from the top of the area on, and what was told of it. */
  put({ fields, rows, unit, told, wrong }, area) {
    this.view.filter(null);
    const room = this.store.grow(area.top, rows.length);
    const at = fields.map((field) => this.columns.findIndex((column) => column.field === field));
    const edits = rows.slice(0, room).flatMap((cells, n) => {
      const { key } = this.store.rows[area.top + n];
      return cells.flatMap((cell, m) => (at[m] < 0 ? [] : [{ key, field: fields[m], value: this.columns[at[m]].kind.read(cell, unit) }]));
    });
    this.view.fresh = new Set(edits.map(({ key }) => key));
    this.store.change(edits);
    const used = at.filter((n) => n >= 0);
    const [top, left, bottom, right] = [area.top, Math.min(...used), area.top + room - 1, Math.max(...used)];
    this.view.refresh();
    this.view.selectAt(top, left, bottom, right);
    const where = areaName(top, left, bottom, right);
    const cut = room < rows.length ? [say("too_many_lines", { most: this.store.most })] : [];
    const words = { wrong: [...wrong, ...cut], told };
    this.report(where, edits, words);
    this.log([say("pasted_block", { where }), ...words.wrong, ...told].join(" "));
    this.lookUp().then(() => this.report(where, edits, words));
  }

  report(where, edits, { wrong, told }) {
    const bad = edits.filter(({ key, field }) => isBroken(this.store.rows[this.store.index(key)]?.[field] ?? "")).length;
    const problems = [bad ? say("pasted_bad", { n: bad }) : "", ...wrong].filter(Boolean).join(" ");
    this.note({ text: say("pasted", { where, good: edits.length - bad }), bad: problems, more: told.join(" ") });
  }

  copy() {
    const area = this.view.area();
    if (!area) return "";
    const rows = area.keys.map((key) => this.store.rows[this.store.index(key)]);
    return writeBlock(rows.map((row) => area.columns.map(({ field, kind }) => kind.text(row[field]))));
  }

  /** Ctrl+D: the first row of the area into the rows below; of a single row, the row above into it. */
  fill() {
    const area = this.view.area();
    if (!area || (area.keys.length === 1 && area.top === 0)) return;
    const single = area.keys.length === 1;
    const source = this.store.rows[single ? area.top - 1 : area.top];
    const targets = single ? area.keys : area.keys.slice(1);
    const edits = targets.flatMap((key) => area.columns.map(({ field }) => ({ key, field, value: source[field] })));
    this.done("filled", this.store.change(edits), area);
  }

  clear() {
    const area = this.view.area();
    if (!area) return;
    const edits = area.keys.flatMap((key) => area.columns.map(({ field, blank }) => ({ key, field, value: blank })));
    this.done("cleared", this.store.change(edits), area);
  }

  done(word, changed, area) {
    if (!changed) return;
    const text = say(word, { where: areaName(area.top, area.left, area.bottom, area.right) });
    this.note({ text });
    this.log(text);
    this.lookUp();
  }

  insert() {
    const area = this.view.area();
    this.store.insert(area ? area.top : this.store.filled().length);
    this.note({ text: say("rows_inserted") });
  }

  remove() {
    const area = this.view.area();
    if (!area) return;
    this.store.remove(new Set(area.keys));
    this.note({ text: say("rows_removed", { n: area.keys.length }) });
    this.log(say("rows_removed", { n: area.keys.length }));
  }

  undo() {
    this.view.fresh = new Set();
    if (this.store.undo()) this.note({ text: say("undone") });
    this.view.refresh();
    this.lookUp();
  }

  redo() {
    if (this.store.redo()) this.lookUp();
  }
}
