// The lines as immutable rows: every change makes a new list, so undo puts an old one back.
import { isBroken } from "./kinds.js";

const UNDO = 200;
const SPARE = 1;

export class Lines {
  constructor({ columns, rows, least, most }) {
    this.columns = columns;
    this.least = least;
    this.most = most;
    this.next = 0;
    this.listeners = [];
    this.past = [];
    this.future = [];
    this.rows = this.padded(rows.map((row) => this.made(row)));
  }

  made(values = {}) {
    const row = { key: ++this.next, uid: values.uid ?? null };
    for (const { field, blank } of this.columns) row[field] = values[field] ?? blank;
    return row;
  }

  isBlank(row) {
    return this.columns.every(({ field, blank }) => row[field] === blank || row[field] === "" || row[field] === null);
  }

  /** With empty rows below: at least one, and never fewer rows than fill the view. */
  padded(rows) {
    const all = [...rows];
    const lastFull = lastIndex(all, (row) => !this.isBlank(row));
    while (all.length < Math.min(Math.max(this.least, lastFull + 1 + SPARE), this.most)) all.push(this.made());
    return all;
  }

  filled() {
    return this.rows.filter((row) => !this.isBlank(row));
  }

  /** Position of a row; counted once for each list, since every check asks for it. */
  index(key) {
    if (this.counted !== this.rows) {
      this.counted = this.rows;
      this.places = new Map(this.rows.map((row, n) => [row.key, n]));
    }
    return this.places.get(key) ?? -1;
  }

  total() {
    return this.rows.reduce((sum, row) => sum + this.columns.reduce((s, { field, kind }) => s + (kind.fen?.(row[field]) ?? 0n), 0n), 0n);
  }

  /** Set values: edits are {key, field, value}. Returns how many cells changed. */
  change(edits, { undoable = true } = {}) {
    const byRow = new Map();
    for (const { key, field, value } of edits) byRow.set(key, { ...byRow.get(key), [field]: value });
    let changed = 0;
    const rows = this.rows.map((row) => {
      const values = byRow.get(row.key);
      if (!values) return row;
      const differing = Object.entries(values).filter(([field, value]) => row[field] !== value);
      changed += differing.length;
      return differing.length ? { ...row, ...Object.fromEntries(differing) } : row;
    });
    if (changed) this.put(this.padded(rows), { undoable });
    return changed;
  }

  insert(at, count = 1) {
    const made = Array.from({ length: Math.min(count, this.most - this.rows.length) }, () => this.made());
    this.put([...this.rows.slice(0, at), ...made, ...this.rows.slice(at)]);
  }

  remove(keys) {
    this.put(this.padded(this.rows.filter((row) => !keys.has(row.key))));
  }

  /** Make room for `count` rows from position `at`; returns how many there are. */
  grow(at, count) {
    const rows = [...this.rows];
    while (rows.length < Math.min(at + count + SPARE, this.most)) rows.push(this.made());
    if (rows.length > this.rows.length) this.put(rows, { undoable: false });
    return Math.min(count, this.rows.length - at);
  }

  put(rows, { undoable = true } = {}) {
    const before = this.rows;
    if (undoable) {
      this.past.push(before);
      if (this.past.length > UNDO) this.past.shift();
      this.future = [];
    }
    this.rows = rows;
    for (const listen of this.listeners) listen(before, rows);
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.rows);
    this.put(this.past.pop(), { undoable: false });
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.rows);
    this.put(this.future.pop(), { undoable: false });
    return true;
  }

  /** Cells whose text could not be read: {key, field, message}. */
  broken() {
    return this.rows.flatMap((row) =>
      this.columns
        .filter(({ field }) => isBroken(row[field]))
        .map(({ field }) => ({ key: row.key, field, message: row[field].problem, pending: Boolean(row[field].pending) })),
    );
  }

  /** The filled lines as the server takes them, and the key of each by position. */
  posted() {
    const rows = this.filled();
    const lines = rows.map((row) => ({
      uid: row.uid,
      ...Object.fromEntries(this.columns.map(({ field, kind }) => [field, kind.post(row[field])])),
    }));
    return { lines, keys: rows.map((row) => row.key) };
  }
}

function lastIndex(list, test) {
  for (let n = list.length - 1; n >= 0; n -= 1) if (test(list[n])) return n;
  return -1;
}
