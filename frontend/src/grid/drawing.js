// Rows of Tabulator brought up to date at once. Its updateData() and reformat() lay the whole table out for every cell.

/** Take new values into the rows; only what is on the screen is drawn, the others when they are scrolled to. */
export function take(table, changed) {
  const values = new Map(changed.map((row) => [row.key, row]));
  for (const row of inside(table)) {
    const wanted = values.get(row.data.key);
    if (!wanted) continue;
    if (shown(row)) for (const cell of row.cells) if (cell.column.field in wanted && cell.value !== wanted[cell.column.field]) cell.setValueActual(wanted[cell.column.field]);
    Object.assign(row.data, wanted);
    if (!shown(row)) row.deinitialize();
  }
}

/** Draw cells anew: those of the rows `keys`, or all; the one that is typed into stays. */
export function redraw(table, keys) {
  const typed = table.modules.edit.currentCell;
  for (const row of inside(table)) {
    if (keys && !keys.has(row.data.key)) continue;
    if (!shown(row)) row.deinitialize();
    else for (const cell of row.cells) if (cell !== typed) cell.layoutElement();
  }
}

const inside = (table) => table.getRows().map((row) => row._getSelf());
const shown = (row) => Boolean(row.initialized && row.element && row.element.isConnected);
