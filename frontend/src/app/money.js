// Money in 分 as BigInt, typed and shown in 万元. Nothing is rounded.

const FEN_PER_WAN = 1_000_000n;
const LIMIT = 10n ** 15n;
const TYPED = /^-?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?$/;

/** Full-width digits and marks, minus signs and blanks as people and spreadsheets write them. */
export function halfWidth(text) {
  return text
    .normalize("NFKC")
    .replace(/[\u2212\u2013\uFE63]/g, "-")
    .replace(/[\s\u3000]/g, "")
    .replace(/、/g, ",");
}

/** 分 of a yuan text: "34080000.00" -> 3408000000n. */
export function fenOf(yuan) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(yuan) ?? [];
  if (whole === undefined) throw new RangeError(`Not an amount of yuan: ${yuan}`);
  const fen = BigInt(whole) * 100n + BigInt(part.padEnd(2, "0"));
  return sign ? -fen : fen;
}

/** Yuan text of 分, two decimals. */
export function yuanOf(fen) {
  const size = fen < 0n ? -fen : fen;
  return `${fen < 0n ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
}

/** An amount as it is typed or copied, without the sign of currency that spreadsheets write before it. */
const figures = (text) => halfWidth(text).replace(/^(-?)¥/, "$1");

/** 分 of a typed amount of 万元; throws an Error whose message is the key of a text. */
export const parseWan = (text) => parseAmount(figures(text).replace(/(万元|万)$/, ""), 6);

/** 分 of a typed amount of 元; throws as parseWan does. */
export const parseYuan = (text) => parseAmount(figures(text).replace(/元$/, ""), 2);

/** 分 of digits whose unit is 10 to the power of `digits` 分. */
function parseAmount(typed, digits) {
  if (!TYPED.test(typed)) throw new Error("not_an_amount");
  const [, sign, whole, part = ""] = /^(-?)([\d,]+)(?:\.(\d*))?$/.exec(typed);
  const decimals = part.replace(/0+$/, "");
  if (decimals.length > digits) throw new Error("finer_than_a_fen");
  const fen = BigInt(whole.replaceAll(",", "") + decimals.padEnd(digits, "0"));
  if (fen >= LIMIT) throw new Error("too_large");
  return sign ? -fen : fen;
}

/** [whole part with separators, decimals] of 分 in 万元, at least two decimals, as many as it needs. */
export function wanParts(fen, decimals = 2) {
  const size = fen < 0n ? -fen : fen;
  const part = String(size % FEN_PER_WAN).padStart(6, "0").replace(/0{1,4}$/, "").padEnd(decimals, "0");
  const whole = String(size / FEN_PER_WAN).replace(/\B(?=(\d{3})+$)/g, ",");
  return [(fen < 0n ? "\u2212" : "") + whole, part];
}

export function wan(fen, decimals = 2) {
  return wanParts(fen, decimals).join(".");
}

/** Decimals a column of amounts needs, so that points line up. */
export function decimalsOf(amounts) {
  return amounts.reduce((most, fen) => Math.max(most, wanParts(fen)[1].length), 2);
}
