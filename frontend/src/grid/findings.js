// What is wrong: texts that could not be read, and what the rules at the server found, tied to cells.

const ADDRESS = /^lines\[(\d+)\](?:\.(\w+))?/;

export class Findings {
  constructor({ store, columns, reasons = {} }) {
    Object.assign(this, { store, columns, reasons });
    this.found = [];
  }

  /** Take the server's findings; `keys` are the rows of the lines as they were sent. */
  take(findings, keys) {
    this.found = findings.map((finding) => this.placed(finding, keys));
  }

  /** Take what a save was refused for; warnings of other rules stand, nobody has answered them. */
  takeRefused(errors, keys) {
    const named = new Set(errors.map(({ rule }) => rule));
    const standing = this.found.filter(({ severity, rule }) => severity === "W" && !named.has(rule));
    this.take(errors, keys);
    this.found.push(...standing);
  }

  /** With the row and column, or the field of the header, that `field` speaks of. */
  placed(finding, keys) {
    const [, position, field] = ADDRESS.exec(finding.field ?? "") ?? [];
    if (position === undefined) return { ...finding, header: finding.field || "" };
    const known = this.columns.some((column) => column.field === field);
    return { ...finding, key: keys[Number(position)], field: known ? field : this.columns[0].field };
  }

  /** Everything wrong now, in the order of the page: header first, then row by row. */
  all() {
    const unread = this.store.broken().map(({ key, field, message, pending }) => ({
      rule: "", severity: pending ? "I" : "E", message, remedy: "", key, field, local: true, pending,
    }));
    const taken = new Set(unread.map(({ key, field }) => `${key} ${field}`));
    const rules = this.found.filter(
      ({ header, key, field }) => header !== undefined || (this.store.index(key) >= 0 && !taken.has(`${key} ${field}`)),
    );
    const place = ({ header, key, field }) =>
      header !== undefined ? -1 : this.store.index(key) * 100 + this.columns.findIndex((column) => column.field === field);
    return [...unread, ...rules].sort((one, other) => place(one) - place(other));
  }

  of(key, field) {
    return this.all().filter((finding) => finding.key === key && finding.field === field);
  }

  explained(finding) {
    const reason = this.reasons[finding.rule];
    return Boolean(reason && (reason.text?.trim() || (reason.code && reason.code !== "other")));
  }

  /** Class of a cell; made once for a whole drawing by `marks`. */
  marks() {
    const marks = new Map();
    const rank = ["c-bad", "c-warn", "c-expl", "c-wait"];
    for (const finding of this.all()) {
      if (finding.key === undefined) continue;
      const mark = finding.pending ? "c-wait"
        : finding.severity === "E" ? "c-bad"
          : finding.severity !== "W" ? null
            : this.explained(finding) ? "c-expl" : "c-warn";
      const address = `${finding.key} ${finding.field}`;
      const held = marks.get(address);
      if (mark && (!held || rank.indexOf(mark) < rank.indexOf(held))) marks.set(address, mark);
    }
    return marks;
  }

  counts() {
    const all = this.all();
    return {
      errors: all.filter(({ severity, pending }) => severity === "E" && !pending).length,
      warnings: all.filter((finding) => finding.severity === "W" && !this.explained(finding)).length,
    };
  }
}
