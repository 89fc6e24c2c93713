// The grid on the screen: Tabulator draws rows and the selected area; what is in them comes from Lines.
import {
  ColumnCalcsModule, EditModule, FilterModule, FormatModule, FrozenColumnsModule, InteractionModule, KeybindingsModule,
  ResizeTableModule, SelectRangeModule, Tabulator,
} from "tabulator-tables";
import { make } from "../app/dom.js";
import { decimalsOf, fenOf, wan, wanParts } from "../app/money.js";
import { say } from "../app/words.js";
import { letter } from "./block.js";
import { redraw, take } from "./drawing.js";
import { cellEditor } from "./editor.js";
import { isBroken } from "./kinds.js";

Tabulator.registerModule([
  ColumnCalcsModule, EditModule, FilterModule, FormatModule, FrozenColumnsModule, InteractionModule, KeybindingsModule,
  ResizeTableModule, SelectRangeModule,
]);

const ROW = 28;
const GUTTER = "n";
const FIGURE = 7.5; // pixels of one figure of an amount
const MARGIN = 22; // pixels beside an amount: padding, border and the mark of a cell

export class View {
  constructor({ element, store, columns, mark, commit, more, readonly }) {
    Object.assign(this, { store, columns, mark, readonly });
    this.start = { text: null };
    this.fresh = new Set();
    this.decimals = 2;
    this.onSelect = () => {};
    this.ready = new Promise((resolve) => {
      this.table = new Tabulator(element, {
        ...this.options(),
        columns: columns.map((column, n) => this.column(column, n, { commit, more })),
      });
      this.table.on("tableBuilt", () => {
        this.fit();
        resolve();
      });
    });
    for (const event of ["rangeAdded", "rangeChanged"]) this.table.on(event, () => queueMicrotask(() => this.onSelect()));
    store.listeners.push((before, after) => this.sync(before, after));
    this.measure();
  }

  options() {
    return {
      data: this.store.rows.map((row) => ({ ...row })),
      index: "key",
      height: "100%",
      layout: "fitColumns",
      rowHeight: ROW,
      columnHeaderVertAlign: "middle",
      selectableRange: 1,
      selectableRangeColumns: true,
      selectableRangeRows: true,
      selectableRangeAutoFocus: false,
      editTriggerEvent: this.readonly ? "none" : "dblclick",
      keybindings: { navNext: false, navPrev: false, scrollPageUp: false, scrollPageDown: false, scrollToStart: false, scrollToEnd: false },
      rowHeader: {
        field: GUTTER, width: 44, frozen: true, hozAlign: "right", cssClass: "gut",
        formatter: (cell) => this.gutter(cell),
      },
    };
  }

  column({ field, title, unit, kind, width, minWidth = width, grow = 0 }, n, { commit, more }) {
    return {
      field,
      title,
      width,
      minWidth,
      widthGrow: grow || 1,
      hozAlign: kind.figures ? "right" : "left",
      headerHozAlign: kind.figures ? "right" : "left",
      titleFormatter: () => make("span", {}, make("i", {}, letter(n)), title, unit ? make("i", { class: "u" }, unit) : null),
      formatter: (cell) => this.cell(cell, this.columns[n]),
      editor: this.readonly ? undefined : cellEditor({ column: this.columns[n], start: this.start, commit, more: kind.book ? more : null }),
      bottomCalc: () => "",
      bottomCalcFormatter: () => this.totalCell(n, kind),
    };
  }

  totalCell(n, kind) {
    if (n === 0) return make("span", {}, say("total_of_lines", { n: this.store.filled().length }));
    return kind.figures ? amount(this.store.total(), this.decimals) : "";
  }

  gutter(cell) {
    const { key } = cell.getData();
    cell.getElement().classList.toggle("c-new", this.fresh.has(key));
    return String(this.store.index(key) + 1);
  }

  cell(cell, { field, kind }) {
    const { key } = cell.getData();
    const value = cell.getValue();
    const state = this.mark(key, field);
    const classes = cell.getElement().classList;
    for (const name of ["c-bad", "c-warn", "c-expl", "c-wait"]) classes.toggle(name, name === state);
    if (isBroken(value)) return make("span", {}, value.typed);
    if (kind.figures) return value === "" ? "" : amount(fenOf(value), this.decimals);
    const code = kind.code?.(value);
    return make("span", {}, code ? make("span", { class: "code" }, code) : null, kind.text(value));
  }

  /** Bring the screen from one list of rows to the next; the selected area stays where it was. */
  sync(before, after) {
    const old = new Map(before.map((row) => [row.key, row]));
    const grown = before.every((row, n) => after[n]?.key === row.key);
    const measured = this.measure();
    if (grown) {
      this.table.blockRedraw();
      take(this.table, after.slice(0, before.length).filter((row) => old.get(row.key) !== row));
      if (after.length > before.length) this.table.addData(after.slice(before.length).map((row) => ({ ...row })));
      this.table.restoreRedraw();
    } else {
      const area = this.area(before);
      this.table.replaceData(after.map((row) => ({ ...row }))).then(() => area && this.selectAt(area.top, area.left, area.bottom, area.right));
    }
    if (measured) this.refresh();
    this.table.recalc();
  }

  /** Decimals of the amounts and room for the longest; true when the decimals changed. */
  measure() {
    const amounts = this.columns.filter(({ kind }) => kind.figures).flatMap(({ field, kind }) => this.store.rows.map((row) => kind.fen(row[field])));
    amounts.push(this.store.total());
    const decimals = decimalsOf(amounts);
    const changed = decimals !== this.decimals;
    this.decimals = decimals;
    this.room = Math.ceil(Math.max(...amounts.map((fen) => wan(fen, decimals).length)) * FIGURE) + MARGIN;
    if (this.table?.initialized) this.fit();
    return changed;
  }

  /** No amount is ever cut: its column grows with the longest and shrinks back to its own width. */
  fit() {
    for (const { field, kind, width } of this.columns) {
      if (!kind.figures) continue;
      const column = this.table.getColumn(field);
      const wanted = Math.max(width, this.room);
      if (column.getWidth() !== wanted) column.setWidth(wanted);
    }
  }

  /** Draw rows anew, after marks changed: those of `keys`, or all. */
  refresh(keys = null) {
    redraw(this.table, keys);
  }

  filter(test) {
    if (test) this.table.setFilter((row) => test(row));
    else this.table.clearFilter();
  }

  get ranges() {
    return this.table.modules.selectRange;
  }

  /** Is a cell being typed into? */
  get editing() {
    return Boolean(this.table.modules.edit.currentCell);
  }

  /** The selected area, by position in the lines and in the columns; null before anything is selected. */
  area(lines = this.store.rows) {
    const range = this.table.getRanges()[0];
    const rows = range?.getRows().map((row) => row.getData().key) ?? [];
    const fields = range?.getColumns().map((column) => column.getField()) ?? [];
    const columns = this.columns.filter(({ field }) => fields.includes(field));
    if (!rows.length || !columns.length) return null;
    const left = this.columns.indexOf(columns[0]);
    return {
      keys: rows, columns, left, right: left + columns.length - 1,
      top: lines.findIndex((row) => row.key === rows[0]), bottom: lines.findIndex((row) => row.key === rows.at(-1)),
    };
  }

  /** The cell the keys act on: {key, field}. */
  active() {
    const cell = this.ranges.getActiveCell();
    return cell && cell.column.field !== GUTTER ? { key: cell.row.data.key, field: cell.column.field } : null;
  }

  select(key, field, { key: lastKey, field: lastField } = { key, field }) {
    const first = this.table.getRow(key);
    const last = this.table.getRow(lastKey);
    if (!first || !last) return;
    this.ranges.selecting = "cell";
    const range = this.table.getRanges()[0];
    const [from, to] = [first.getCell(field), last.getCell(lastField)];
    if (range) range.setBounds(from, to);
    else this.table.addRange(from, to);
    this.table.scrollToRow(first, "nearest", false).catch(() => {});
    const holder = this.holder();
    const head = from.getElement();
    if (head.offsetLeft < holder.scrollLeft + 44) holder.scrollLeft = Math.max(0, head.offsetLeft - 44);
    if (head.offsetLeft + head.offsetWidth > holder.scrollLeft + holder.clientWidth) holder.scrollLeft = head.offsetLeft + head.offsetWidth - holder.clientWidth;
    this.onSelect();
  }

  selectAt(top, left, bottom = top, right = left) {
    const within = (n, length) => Math.min(Math.max(n, 0), length - 1);
    const row = (n) => this.store.rows[within(n, this.store.rows.length)].key;
    const column = (n) => this.columns[within(n, this.columns.length)].field;
    this.select(row(top), column(left), { key: row(bottom), field: column(right) });
  }

  /** Move the active cell by rows and columns; past the last column it goes on in the next row. */
  move({ rows = 0, columns = 0 }) {
    const here = this.active();
    if (!here) return;
    const shown = this.table.getRows("active").map((row) => row.getData().key);
    let row = shown.indexOf(here.key) + rows;
    let column = this.columns.findIndex(({ field }) => field === here.field) + columns;
    if (column >= this.columns.length) [row, column] = [row + 1, 0];
    if (column < 0) [row, column] = [row - 1, this.columns.length - 1];
    const key = shown[Math.min(Math.max(row, 0), shown.length - 1)];
    if (key !== undefined) this.select(key, this.columns[column].field);
  }

  edit(text = null) {
    const here = this.active();
    if (!here || this.readonly) return;
    this.start.text = text;
    this.table.getRow(here.key).getCell(here.field).edit();
  }

  holder() {
    return this.table.element.querySelector(".tabulator-tableholder");
  }

  focus() {
    this.holder().focus({ preventScroll: true });
  }
}

function amount(fen, decimals) {
  const [whole, part] = wanParts(fen, decimals);
  const rest = /^0+$/.test(part) ? make("i", { class: "z" }, `.${part}`) : `.${part}`;
  return make("span", {}, whole, rest);
}
