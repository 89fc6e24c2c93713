// Boxes above the checks: what another person or another window did to the record, and the ways on.
import { icon, make } from "../app/dom.js";
import { fenOf, wan } from "../app/money.js";
import { say } from "../app/words.js";
import { differences } from "./compare.js";

const SHOWN = 20;

/** The other person's change beside one's own, and the two ways on. `lines` speaks of the lines: {mine, places, columns, text}. */
export function staleBox({ answer, again, drop, name, words, lines }) {
  const rows = answer.changed.flatMap(({ field, theirs, yours }) => field === "lines"
    ? [row(name(field), summary(theirs), summary(lines.mine)), ...lineRows(theirs, lines)]
    : [row(name(field), shown(words(field, theirs)), shown(words(field, yours)))]);
  const head = make("tr", {}, ...["", say("theirs"), say("yours")].map((text) => make("th", { scope: "col" }, text)));
  const { by = "", at = "" } = answer.changed[0] ?? {};
  return make(
    "section", { class: "stale" },
    make("div", { class: "why e", role: "alert" }, icon("versions", ""), make("h4", {}, say("stale_title")), make("p", {}, say("stale_text")), make("p", { class: "m" }, `${by} ${at.slice(5, 16).replace("T", " ")}`)),
    make("table", { class: "tbl dense fix framed mt8" }, make("thead", {}, head), make("tbody", {}, ...rows)),
    make("div", { class: "row-x mt8" },
      make("button", { class: "btn sm", type: "button", onclick: again }, say("keep_mine")),
      make("button", { class: "btn sm", type: "button", onclick: drop }, say("take_theirs"))),
  );
}

/** What happened and what to do, where what is typed here stays here. */
export function toldBox({ message, remedy }) {
  return make("section", { class: "stale" },
    make("div", { class: "why e", role: "alert" }, icon("versions", ""), make("h4", {}, message), make("p", {}, remedy)));
}

function row(name, theirs, yours) {
  return make("tr", {}, make("td", { class: "first m" }, name), make("td", { class: "chg" }, theirs), make("td", { class: "last" }, yours));
}

/** One row for each cell that differs and for each line that one side alone has. */
function lineRows(theirs, { mine, places, columns, text }) {
  const found = differences(theirs, mine, { fields: columns.map(({ field }) => field), places });
  const whole = (line) => (line ? [text("recipient", line.recipient), text("amount", line.amount)].filter(Boolean).join(" ") : say("no_such_line"));
  const rows = found.slice(0, SHOWN).map(({ n, field, theirs: other, yours }) => {
    if (field === null) return row(say("line_whole", { n }), whole(other), whole(yours));
    return row(say("line_cell", { n, column: columns.find((column) => column.field === field).title }), text(field, other), text(field, yours));
  });
  const more = found.length - SHOWN;
  return more > 0 ? [...rows, make("tr", {}, make("td", { class: "first last m", colspan: "3" }, say("more_differences", { n: more })))] : rows;
}

const shown = (value) => (value === null || value === undefined ? "" : String(value));

/** Of lines how many there are, and their sum; what could not be read counts as nothing. */
function summary(lines) {
  const fen = ({ amount }) => (typeof amount === "string" && amount ? fenOf(amount) : 0n);
  return `${say("total_of_lines", { n: lines.length })} ${wan(lines.reduce((sum, line) => sum + fen(line), 0n))}`;
}
