// A pasted block read as a table: its heads say which column is which, and sums written by hand are no lines.
import { wan } from "../app/money.js";
import { say } from "../app/words.js";
import { isBroken } from "./kinds.js";

const TOTAL = /^\(?.{0,6}?(合计|总计|小计|共计|total|subtotal)(?:[,;].*)?\)?$/;
const PARTIAL = /小计|subtotal/;
const UNIT = /\(?(?:单位)?(?:人民币)?(万元|元|10kyuan|yuan)\)?$/;
const UNIT_LINE = /单位(?:人民币)?(万元|元)/;
const FEW = 4;

/** Heads and names as they are compared: half-width, round brackets, without blanks and marks. */
const plain = (text) => text.normalize("NFKC").replace(/[[【〔]/g, "(").replace(/[\]】〕]/g, ")").replace(/[\s*:、·]+/g, "").toLowerCase();
const unitOf = (name) => ({ 元: "yuan", yuan: "yuan", 万元: "wan", "10kyuan": "wan" })[name] ?? "";

/**
 * What a block holds: `fields`, one for each of its columns (null: taken by none), `rows` of the lines, `unit` of amounts,
 * and `told`: in words, everything that was left out or read by its head; `wrong`: sums that differ from the lines. `names` are known heads -> field ("" for heads
 * that are left out). Without heads the columns are those from `left` on.
 */
export function readTable(block, { columns, left, names }) {
  const top = block.slice(0, FEW).findIndex((cells) => isHead(cells, names));
  const table = top < 0 ? byPlace(block, columns, left) : byHeads(block, columns, { top, names });
  return withoutTotals(table, columns);
}

const bare = (cell) => plain(cell).replace(UNIT, "");

function isHead(cells, names) {
  const texts = cells.map(bare).filter(Boolean);
  const fields = texts.filter((text) => names[text]);
  return fields.length > 1 || (cells.length === 1 && fields.length === 1);
}

function byPlace(block, columns, left) {
  const wide = Math.max(0, ...block.map((cells) => cells.length));
  const fields = Array.from({ length: wide }, (_none, n) => columns[left + n]?.field ?? null);
  const lost = fields.some((field, n) => field === null && block.some((cells) => cells[n]?.trim()));
  return { fields, rows: block, unit: "wan", told: lost ? [say("columns_beyond")] : [] };
}

function byHeads(block, columns, { top, names }) {
  const heads = block[top];
  const taken = new Set();
  const fields = heads.map((head) => {
    const field = names[bare(head)];
    if (!columns.some((column) => column.field === field) || taken.has(field)) return null;
    taken.add(field);
    return field;
  });
  const rows = block.slice(top + 1);
  const above = block.slice(0, top).map((cells) => cells.filter((cell) => cell.trim()).join(" ")).filter(Boolean);
  const amounts = heads[fields.indexOf("amount")] ?? "";
  const said = UNIT.exec(plain(amounts)) ?? above.map((text) => UNIT_LINE.exec(plain(text))).find(Boolean);
  const unit = unitOf(said?.[1]) || "wan";
  const lost = heads.filter((head, n) => fields[n] === null && (head.trim() || rows.some((cells) => cells[n]?.trim())));
  const told = [
    say("heads_used"),
    unit === "yuan" ? say("read_as_yuan") : "",
    lost.length ? say("columns_left_out", { names: lost.map((head) => head.trim() || say("no_head")).join(say("list_comma")) }) : "",
    above.length ? say("above_left_out", { text: above.join(say("list_comma")) }) : "",
  ];
  if (isMatrix(lost, fields, columns)) return { fields, rows: [], unit, told: [say("matrix_not_pasted")] };
  return { fields, rows, unit, told: told.filter(Boolean) };
}

/** Do amounts stand under the names of categories? */
function isMatrix(lost, fields, columns) {
  const kind = columns.find(({ field }) => field === "fund_category")?.kind;
  return !fields.includes("amount") && lost.some((head) => head.trim() && kind && !isBroken(kind.read(bare(head))));
}

function withoutTotals({ fields, rows, unit, told }, columns) {
  const at = fields.indexOf("amount");
  const kind = columns.find(({ field }) => field === "amount")?.kind;
  const fen = (cells) => {
    const value = kind.read(cells[at] ?? "", unit);
    return isBroken(value) || value === "" ? null : kind.fen(value);
  };
  const totals = rows.filter((cells) => totalName(cells));
  const lines = rows.filter((cells) => !totalName(cells));
  const sum = at < 0 ? 0n : lines.reduce((all, cells) => all + (fen(cells) ?? 0n), 0n);
  const wrong = [];
  const words = totals.flatMap((cells) => {
    const name = totalName(cells);
    const says = at < 0 || PARTIAL.test(plain(name)) ? null : fen(cells);
    if (says === null) return [say("total_left_out", { name })];
    if (says === sum) return [say("total_agrees", { name, said: wan(says) })];
    wrong.push(say("total_differs", { name, said: wan(says), sum: wan(sum) }));
    return [];
  });
  return { fields, rows: lines, unit, told: [...told, ...words], wrong };
}

/** The name of a row of sums, as it is written; empty for a line. */
function totalName(cells) {
  const name = cells.find((cell) => cell.trim())?.trim() ?? "";
  return name.length <= 60 && TOTAL.test(plain(name)) ? name : "";
}
