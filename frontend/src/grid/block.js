// A block of cells as text: what Excel, WPS and this grid put on the clipboard.

/** Rows of cells of a pasted text: tabs between cells, lines between rows, quotes around cells that hold either. */
export function readBlock(text) {
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (!source) return [];
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let n = 0; n < source.length; n += 1) {
    const mark = source[n];
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (source[n + 1] === '"') { cell += '"'; n += 1; }
      else quoted = false;
    } else if (mark === '"' && cell === "" && closes(source, n)) quoted = true;
    else if (mark === "\t") { rows.at(-1).push(cell); cell = ""; }
    else if (mark === "\n") { rows.at(-1).push(cell); cell = ""; rows.push([]); }
    else cell += mark;
  }
  rows.at(-1).push(cell);
  return rows;
}

/** Does the quote at `start` have an end before a tab, a line or the end of the text? */
function closes(source, start) {
  for (let n = start + 1; n < source.length; n += 1) {
    if (source[n] !== '"') continue;
    if (source[n + 1] === '"') n += 1;
    else return n + 1 === source.length || source[n + 1] === "\t" || source[n + 1] === "\n";
  }
  return false;
}

/** Text of a block, as readBlock takes it and spreadsheets do. */
export function writeBlock(rows) {
  const quote = (cell) => (/["\t\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((row) => row.map(quote).join("\t")).join("\n");
}

/** Letters of a column as a spreadsheet counts: 0 is A. */
export const letter = (n) => (n < 26 ? "" : letter(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + (n % 26));

/** A1 or A1:B2 of zero-based rows and columns. */
export function areaName(top, left, bottom, right) {
  const first = `${letter(left)}${top + 1}`;
  return top === bottom && left === right ? first : `${first}:${letter(right)}${bottom + 1}`;
}
