// Kinds of columns: how a cell's value is read from text, shown, edited and posted.
// A value that could not be read is {typed, problem}: it stays in the cell and is posted as typed; of an amount as {typed}, since
// 万元 that are too many could pass for 元.
import { fenOf, halfWidth, parseWan, parseYuan, wanParts, yuanOf } from "../app/money.js";
import { say } from "../app/words.js";

export const isBroken = (value) => value !== null && typeof value === "object" && "typed" in value;
const broken = (typed, problem) => ({ typed, problem });

const plain = (text) => text.normalize("NFKC").replace(/\s+/g, " ").trim();

/** Amounts: typed and shown in 万元, held as yuan text; a table whose head says 元 is read in 元. */
export const money = {
  figures: true,
  read(text, unit = "wan") {
    if (!halfWidth(text)) return "";
    try {
      return yuanOf({ wan: parseWan, yuan: parseYuan }[unit](text));
    } catch (error) {
      return broken(text.trim(), say(error.message));
    }
  },
  text: (value) => (isBroken(value) ? value.typed : value === "" ? "" : wanParts(fenOf(value)).join(".").replaceAll("\u2212", "-")),
  post: (value) => (isBroken(value) ? { typed: value.typed } : value),
  fen: (value) => (value === "" || isBroken(value) ? 0n : fenOf(value)),
};

/** Free text. */
export const words = {
  read: (text) => text.replace(/[\r\n\t]+/g, " ").trim(),
  text: (value) => value,
  post: (value) => value,
};

/** One of a list of [value, label]; reads the value, the label, “value label” or the only label that begins so. */
export function choice(pairs) {
  const labels = new Map(pairs);
  const byText = new Map();
  for (const [value, label] of pairs) {
    for (const name of [value, label, `${value} ${label}`, `${value}${label}`]) byText.set(plain(name).toLowerCase(), value);
  }
  return {
    suggest: (text) => {
      const part = plain(text).toLowerCase();
      return pairs
        .filter(([value, label]) => !part || value.toLowerCase().startsWith(part) || label.toLowerCase().includes(part))
        .map(([value, label]) => ({ value, label, code: /^\d/.test(value) && !label.startsWith(value) ? value : "" }));
    },
    read(text) {
      const typed = plain(text).toLowerCase();
      if (!typed) return "";
      if (byText.has(typed)) return byText.get(typed);
      const fitting = pairs.filter(([value, label]) => label.toLowerCase().startsWith(typed) || value.toLowerCase().startsWith(typed));
      return fitting.length === 1 ? fitting[0][0] : broken(text.trim(), say("no_such_choice", { text: text.trim() }));
    },
    text: (value) => (isBroken(value) ? value.typed : value === "" ? "" : (labels.get(value) ?? value)),
    code: (value) => (/^\d/.test(value) && !labels.get(value)?.startsWith(value) ? value : ""),
    post: (value) => (isBroken(value) ? value.typed : value),
  };
}

/**
 * A code of a dated table: [code, first year, last year, offered, names], names [from, to, name] newest last. It is shown by its
 * name in `year()`, and read by any name it ever had: a code out of force is refused by the rule that says why. One below another
 * (ethnic.minority) that has the other's name is shown and read with a mark, so that everybody sees which of them stands there.
 */
export function dated(rows, year) {
  const byCode = new Map(rows.map((row) => [row[0], row]));
  const during = ([from, to]) => (year() ? (from ?? 0) <= year() && year() <= (to ?? 9999) : to === null);
  const usable = (code) => { const [, from, to, offered] = byCode.get(code); return offered && during([from, to]); };
  const nameOf = (code) => { const names = byCode.get(code)[4]; return (names.findLast(during) ?? names.at(-1))[2]; };
  const codes = new Map();
  for (const [code, , , , names] of rows) {
    const forms = (name) => [code, name, `${code} ${name}`, `${code}${name}`, ...(code.includes(".") ? [say("lower_code") + name] : [])];
    for (const text of names.flatMap(([, , name]) => forms(name))) {
      const key = plain(text).toLowerCase();
      codes.set(key, (codes.get(key) ?? new Set()).add(code));
    }
  }
  const hasTwin = (code) => code.includes(".") && [...codes.get(plain(nameOf(code)).toLowerCase())].some((other) => other !== code && usable(other));
  const shown = (code) => (hasTwin(code) ? say("lower_code") + nameOf(code) : nameOf(code));
  /** Of codes of one name: one in force, and of the province before the national one above it. */
  const best = (found) => [...found].sort((one, other) => usable(other) - usable(one) || other.length - one.length)[0];
  const beginning = (typed) => rows.map(([code]) => code)
    .filter((code) => usable(code) && (code.toLowerCase().startsWith(typed) || plain(nameOf(code)).toLowerCase().startsWith(typed)));
  return {
    dated: true,
    suggest: (text) => {
      const part = plain(text).toLowerCase();
      return rows.map(([code]) => code)
        .filter((code) => usable(code) && (!part || code.toLowerCase().startsWith(part) || nameOf(code).toLowerCase().includes(part)))
        .map((code) => ({ value: code, label: shown(code), code: /^\d/.test(code) ? code : "" }));
    },
    read(text) {
      const typed = plain(text).toLowerCase();
      if (!typed) return "";
      if (codes.has(typed)) return best(codes.get(typed));
      const fitting = beginning(typed);
      if (fitting.length === 1) return fitting[0];
      if (!fitting.length) return broken(text.trim(), say("no_such_choice", { text: text.trim() }));
      return broken(text.trim(), say("several_choices", { text: text.trim(), names: fitting.map(shown).join(say("list_comma")) }));
    },
    text: (value) => (isBroken(value) ? value.typed : byCode.has(value) ? shown(value) : value),
    code: (value) => (/^\d/.test(value) && byCode.has(value) ? value : ""),
    post: (value) => (isBroken(value) ? value.typed : value),
  };
}

/** A division: {code, name} or null. Unknown names are looked up at the server, by `lookup` of divisions.js. */
export function division(book) {
  const found = (text) => {
    const typed = plain(text);
    const [, code, rest] = /^(\d{6,12}|\d{4}[A-Z]\d)\s*(.*)$/.exec(typed) ?? [null, "", typed];
    return code ? book.byCode(code) : book.byName(rest);
  };
  return {
    suggest: (text) => book.suggest(plain(text)),
    read(text) {
      const typed = plain(text);
      if (!typed) return null;
      const hits = found(typed);
      if (hits.length === 1) return hits[0];
      if (hits.length > 1) return broken(typed, say("several_divisions", { text: typed }));
      return book.knows(typed)
        ? broken(typed, say("no_such_division", { text: typed }))
        : { ...broken(typed, say("looking_up", { text: typed })), pending: true };
    },
    text: (value) => (value === null ? "" : isBroken(value) ? value.typed : value.name),
    code: (value) => (value === null || isBroken(value) ? "" : value.code),
    post: (value) => (value === null ? "" : isBroken(value) ? value.typed : value.code),
  };
}
