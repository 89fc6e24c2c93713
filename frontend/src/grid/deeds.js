// What a person does to cells: paste, copy, fill, clear, insert, remove, undo.
import { say } from "../app/words.js";
import { areaName, readBlock, writeBlock } from "./block.js";
import { isBroken } from "./kinds.js";

export class Deeds {
  constructor({ store, view, book, columns, note, log }) {
    Object.assign(this, { store, view, book, columns, note, log });
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
    let block = readBlock(text);
    const area = this.view.area();
    if (!block.length || !area) return;
    if (block.length === 1 && block[0].length === 1 && (area.keys.length > 1 || area.columns.length > 1)) {
      block = area.keys.map(() => area.columns.map(() => block[0][0]));
    }
    this.view.filter(null);
    const room = this.store.grow(area.top, block.length);
    const left = area.left;
    const edits = block.slice(0, room).flatMap((cells, n) => {
      const { key } = this.store.rows[area.top + n];
      return cells.slice(0, this.columns.length - left).map((cell, m) => {
        const { field, kind } = this.columns[left + m];
        return { key, field, value: kind.read(cell) };
      });
    });
    this.view.fresh = new Set(edits.map(({ key }) => key));
    this.store.change(edits);
    const bottom = area.top + room - 1;
    const right = Math.min(left + Math.max(...block.map((cells) => cells.length)), this.columns.length) - 1;
    this.view.refresh();
    this.view.selectAt(area.top, left, bottom, right);
    const where = areaName(area.top, left, bottom, right);
    this.report(where, edits, { cut: room < block.length });
    this.log(say("pasted_block", { where }));
    this.lookUp().then(() => this.report(where, edits, { cut: room < block.length }));
  }

  report(where, edits, { cut }) {
    const bad = edits.filter(({ key, field }) => isBroken(this.store.rows[this.store.index(key)]?.[field] ?? "")).length;
    this.note({ text: say("pasted", { where, good: edits.length - bad }), bad: bad ? say("pasted_bad", { n: bad }) : "", more: cut ? say("too_many_lines", { most: this.store.most }) : "", undo: true });
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
    this.note({ text, undo: true });
    this.log(text);
    this.lookUp();
  }

  insert() {
    const area = this.view.area();
    this.store.insert(area ? area.top : this.store.filled().length);
    this.note({ text: say("rows_inserted"), undo: true });
  }

  remove() {
    const area = this.view.area();
    if (!area) return;
    this.store.remove(new Set(area.keys));
    this.note({ text: say("rows_removed", { n: area.keys.length }), undo: true });
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
