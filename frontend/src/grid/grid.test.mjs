import assert from "node:assert/strict";
import test from "node:test";

globalThis.document = { getElementById: () => null };
const { areaName, readBlock, writeBlock } = await import("./block.js");
const { choice, dated, division, isBroken, money, words } = await import("./kinds.js");
const { DivisionBook } = await import("./divisions.js");
const { readTable } = await import("./table.js");
const { Lines } = await import("./store.js");
const { differences } = await import("./compare.js");

const ITEMS = choice([["2130504", "农村基础设施建设"], ["2130505", "生产发展"], ["2130506", "社会发展"]]);
const book = () => new DivisionBook({ url: "", usual: [{ code: "511900", name: "巴中市" }, { code: "511300", name: "南充市" }] });
const COLUMNS = [
  { field: "recipient", kind: division(book()), blank: null },
  { field: "amount", kind: money, blank: "" },
  { field: "remark", kind: words, blank: "" },
];
const lines = (rows = [], most = 100) => new Lines({ columns: COLUMNS, rows, least: 3, most });

test("a block copied from a spreadsheet is read cell by cell", () => {
  assert.deepEqual(readBlock("a\tb\r\nc\td\r\n"), [["a", "b"], ["c", "d"]]);
  assert.deepEqual(readBlock('"a\nb"\t"say ""x"""\n'), [["a\nb", 'say "x"']]);
  assert.deepEqual(readBlock('5"\t6'), [['5"', "6"]]);
  assert.deepEqual(readBlock('"open\tb'), [['"open', "b"]]);
  assert.deepEqual(readBlock("\t\n"), [["", ""]]);
  assert.deepEqual(readBlock(""), []);
  const block = [["a\tb", 'c"d', "e"], ["", "1,234.50", "\n"]];
  assert.deepEqual(readBlock(writeBlock(block)), block);
});

test("areas are named as in a spreadsheet", () => {
  assert.equal(areaName(62, 3, 62, 3), "D63");
  assert.equal(areaName(55, 0, 65, 5), "A56:F66");
  assert.equal(areaName(0, 26, 0, 27), "AA1:AB1");
});

test("choices are read by value, label, both, or the only beginning that fits", () => {
  for (const text of ["2130505", "生产发展", "2130505 生产发展", "２１３０５０５生产发展", "生产"]) assert.equal(ITEMS.read(text), "2130505", text);
  assert.equal(ITEMS.read(""), "");
  assert.equal(ITEMS.read("2130501 行政运行").typed, "2130501 行政运行");
  assert.ok(isBroken(ITEMS.read("21305")));
  assert.equal(ITEMS.post(ITEMS.read("行政运行")), "行政运行");
});

test("dated codes are read by every name they had, shown by the name of the year, offered while in force", () => {
  let year = 2016;
  const kind = dated([
    ["development", 2000, null, true, [[2000, 2016, "发展资金"], [2017, null, "扶贫发展资金"]]],
    ["work_relief", 2000, null, true, [[2000, null, "以工代赈资金"]]],
    ["work_relief.labour", 2012, 2020, true, [[2012, 2020, "以工代赈资金"]]],
    ["work_relief.management", 2012, 2020, true, [[2012, 2020, "以工代赈资金项目管理费"]]],
    ["2130501", 2007, null, false, [[2007, null, "行政运行"]]],
  ], () => year);
  assert.equal(kind.read("扶贫发展资金"), "development");
  assert.equal(kind.text("development"), "发展资金");
  assert.equal(kind.read("以工代赈资金"), "work_relief.labour");
  assert.equal(kind.text("work_relief"), "以工代赈资金");
  assert.notEqual(kind.text("work_relief.labour"), kind.text("work_relief"));
  assert.equal(kind.read(kind.text("work_relief.labour")), "work_relief.labour");
  assert.equal(new Set(kind.suggest("以工").map(({ label }) => label)).size, 3);
  assert.ok(isBroken(kind.read("以工代赈")));
  assert.equal(kind.read("2130501 行政运行"), "2130501");
  assert.ok(isBroken(kind.read("2130501 生产发展")));
  assert.deepEqual(kind.suggest("行政"), []);
  year = 2021;
  assert.equal(kind.text("development"), "扶贫发展资金");
  assert.equal(kind.read("以工代赈资金"), "work_relief");
  assert.deepEqual(kind.suggest("以工").map(({ value }) => value), ["work_relief"]);
  year = null;
  assert.equal(kind.text("development"), "扶贫发展资金");
});

test("divisions are read by code or name; unknown ones wait for the server, namesakes are asked about", () => {
  const held = book();
  const kind = division(held);
  assert.equal(kind.read("巴中市").code, "511900");
  assert.equal(kind.read("５１１３００").code, "511300");
  assert.equal(kind.read("511900 巴中市").code, "511900");
  assert.ok(kind.read("通江县").pending);
  held.add([{ code: "511921", name: "通江县" }]);
  assert.equal(kind.read("通江县").code, "511921");
  held.add([{ code: "1", name: "城关镇" }, { code: "2", name: "城关镇" }]);
  assert.ok(!kind.read("城关镇").pending);
  held.asked.add("没有县");
  assert.ok(isBroken(kind.read("没有县")) && !kind.read("没有县").pending);
});

test("amounts that cannot be read stay as typed and count as nothing", () => {
  assert.equal(money.read("1,234.5"), "12345000.00");
  assert.equal(money.text("12345000.00"), "1,234.50");
  assert.equal(money.text(money.read("-5")), "-5.00");
  assert.equal(money.read("abc").typed, "abc");
  assert.equal(money.fen(money.read("abc")), 0n);
  for (const typed of ["1.2345678", "1000000000.00", "99999999999999999999"]) assert.deepEqual(money.post(money.read(typed)), { typed });
});

test("the total is exact however many lines there are", () => {
  const store = lines(Array.from({ length: 1000 }, () => ({ amount: "1000.01" })), 2000);
  assert.equal(store.total(), 100_001_000n);
});

test("there is always an empty row to type into, and empty rows are not sent", () => {
  const store = lines([{ recipient: { code: "511900", name: "巴中市" }, amount: "1.00" }]);
  assert.equal(store.rows.length, 3);
  store.change([{ key: store.rows[2].key, field: "remark", value: "x" }]);
  assert.equal(store.rows.length, 4);
  assert.deepEqual(store.posted().lines.map((line) => line.remark), ["", "x"]);
  assert.deepEqual(store.posted().lines[0], { uid: null, recipient: "511900", amount: "1.00", remark: "" });
});

test("undo takes back one deed at a time, redo does it again", () => {
  const store = lines();
  const [first, second] = store.rows;
  store.change([{ key: first.key, field: "remark", value: "a" }, { key: second.key, field: "remark", value: "b" }]);
  store.insert(1);
  store.remove(new Set([first.key]));
  assert.equal(store.filled().length, 1);
  store.undo();
  store.undo();
  assert.deepEqual(store.filled().map((row) => row.remark), ["a", "b"]);
  store.undo();
  assert.equal(store.filled().length, 0);
  assert.equal(store.undo(), false);
  store.redo();
  assert.equal(store.filled().length, 2);
});

test("a change that changes nothing leaves no trace", () => {
  const store = lines();
  assert.equal(store.change([{ key: store.rows[0].key, field: "remark", value: "" }]), 0);
  assert.equal(store.undo(), false);
});

test("no more lines than the document may hold", () => {
  const store = lines([], 5);
  assert.equal(store.grow(2, 10), 3);
  assert.equal(store.rows.length, 5);
});

const NAMES = { 市州: "recipient", 金额: "amount", 备注: "remark", 序号: "" };
const table = (text, left = 0) => readTable(readBlock(text), { columns: COLUMNS, left, names: NAMES });

test("a pasted table is read by its heads, whatever their order, and what is not taken is told", () => {
  const { fields, rows, unit, told } = table("2016年分配表\n序号\t金额（元）\t市　州\n1\t1,234.50\t巴中市\n2\t5\t南充市");
  assert.deepEqual(fields, [null, "amount", "recipient"]);
  assert.deepEqual(rows, [["1", "1,234.50", "巴中市"], ["2", "5", "南充市"]]);
  assert.equal(unit, "yuan");
  assert.deepEqual(told, ["heads_used", "read_as_yuan", "columns_left_out", "above_left_out"]);
  assert.equal(money.read("1,234.50", unit), "1234.50");
  assert.equal(money.read("1,234.50"), "12345000.00");
  assert.ok(isBroken(money.read("1.234", unit)));
});

test("the unit said above the heads holds for the amounts; the head's own comes first", () => {
  assert.equal(table("单位：元\t\n市州\t金额\n巴中市\t5").unit, "yuan");
  assert.equal(table("单位：元\t\n市州\t金额（万元）\n巴中市\t5").unit, "wan");
});

test("without heads the columns are those from the active cell on, and cells beyond them are told", () => {
  assert.deepEqual(table("巴中市\t5").fields, ["recipient", "amount"]);
  assert.deepEqual(table("巴中市\t5", 1), { fields: ["amount", "remark"], rows: [["巴中市", "5"]], unit: "wan", told: [], wrong: [] });
  assert.deepEqual(table("5\t备注\tx", 1).told, ["columns_beyond"]);
  assert.deepEqual(table("5\t备注\t ", 1).told, []);
});

test("a row of sums is no line: what it says is compared with the lines", () => {
  const sums = (total) => table(`巴中市\t5\n南充市\t0.5\n${total}`);
  assert.deepEqual(sums("合　计\t5.5").rows, [["巴中市", "5"], ["南充市", "0.5"]]);
  assert.deepEqual(sums("合　计\t5.5").told, ["total_agrees"]);
  assert.deepEqual(sums("总计\t5.6").wrong, ["total_differs"]);
  assert.deepEqual(sums("其中小计\t5").told, ["total_left_out"]);
  assert.deepEqual(sums("合计\t五").told, ["total_left_out"]);
  assert.equal(sums("\t6\t合计多计一笔").rows.length, 3);
});

test("two versions of the lines differ in cells of lines both have, and in lines of one side alone", () => {
  const line = (uid, amount, remark = "") => ({ uid, recipient: "511900", amount, remark });
  const compare = (theirs, mine, places = mine.map((_line, m) => m + 1)) => differences(theirs, mine, { fields: ["recipient", "amount", "remark"], places });
  const theirs = [line("a", "1200000.00"), line("b", "5.00"), { ...line("d", "7.00"), n: 4 }];
  const mine = [line("a", "1300000.00", "x"), line("c", "6.00"), line("b", "5.00")];
  assert.deepEqual(compare(theirs, mine, [1, 3, 5]), [
    { n: 1, field: "amount", theirs: "1200000.00", yours: "1300000.00" },
    { n: 1, field: "remark", theirs: "", yours: "x" },
    { n: 3, field: null, theirs: null, yours: mine[1] },
    { n: 4, field: null, theirs: theirs[2], yours: null },
  ]);
  assert.deepEqual(compare([line("a", "1.00")], [line(null, "1.00")]), []);
  assert.deepEqual(compare([line("a", "1.00")], [line("a", { typed: "x" })]).map(({ field }) => field), ["amount"]);
});

test("the place of a row is found in each new list of rows", () => {
  const store = lines();
  const [first, second] = store.rows;
  assert.equal(store.index(second.key), 1);
  store.remove(new Set([first.key]));
  assert.deepEqual([store.index(second.key), store.index(first.key)], [0, -1]);
});
