import assert from "node:assert/strict";
import test from "node:test";
import { decimalsOf, fenOf, parseWan, wan, yuanOf } from "./money.js";

test("typed amounts become 分 exactly", () => {
  assert.equal(parseWan("3,408"), 3_408_000_000n);
  assert.equal(parseWan("０．１"), 100_000n);
  assert.equal(parseWan("１，２３４．５"), 1_234_500_000n);
  assert.equal(parseWan("−120.00"), -120_000_000n);
  assert.equal(parseWan("2101.905898"), 2_101_905_898n);
  assert.equal(parseWan(" 343,234.50 万元"), 343_234_500_000n);
  assert.equal(parseWan("31931.5000000"), 31_931_500_000n);
  assert.equal(parseWan("￥100"), 100_000_000n);
  assert.equal(parseWan(" ¥1,234.5 "), 1_234_500_000n);
  assert.equal(parseWan("-￥120.00"), -120_000_000n);
  assert.equal(parseWan("￥-120.00"), -120_000_000n);
});

test("what is no amount, or would have to be rounded, is refused", () => {
  for (const text of ["", "abc", "1,23", "1.2.3", "--1", "1e5", "0x10", ".", "¥", "¥¥1", "1¥"]) {
    assert.throws(() => parseWan(text), /not_an_amount/, text);
  }
  assert.throws(() => parseWan("0.0000001"), /finer_than_a_fen/);
  assert.throws(() => parseWan("1000000000"), /too_large/);
});

test("amounts are shown with separators and at least two decimals", () => {
  assert.equal(wan(3_408_000_000n), "3,408.00");
  assert.equal(wan(2_101_905_898n), "2,101.905898");
  assert.equal(wan(-120_000_000n), "\u2212120.00");
  assert.equal(wan(0n), "0.00");
  assert.equal(wan(1n), "0.000001");
  assert.equal(wan(-1n, 6), "\u22120.000001");
  assert.equal(decimalsOf([3_408_000_000n, 2_101_905_898n]), 6);
});

test("yuan and 分 are one amount", () => {
  assert.equal(fenOf("34080000.00"), 3_408_000_000n);
  assert.equal(fenOf("-0.5"), -50n);
  assert.equal(yuanOf(-50n), "-0.50");
  assert.equal(yuanOf(fenOf("9999999999999.99")), "9999999999999.99");
  assert.throws(() => fenOf("1.234"));
});
