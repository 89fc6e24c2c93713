// The bridge between two dates: start, one step for each reason, end. The steps sum to the end exactly, or it is not drawn.
import { fenOf, yuanOf } from "../app/money.js";
import { say } from "../app/words.js";
import { label, size, text, token } from "./shared.js";

const NARROW = 560;
const KEPT = 4;

export function bridge({ unit = "", start, steps, end }, element) {
  const sum = steps.reduce((all, step) => all + fenOf(step.value), fenOf(start.value));
  if (sum !== fenOf(end.value)) throw new RangeError("The steps of the bridge do not sum to its end.");
  const shown = element.clientWidth > NARROW ? steps : merged(steps);
  const all = [{ ...start, whole: true }, ...shown, { ...end, whole: true }];
  let run = fenOf(start.value);
  const feet = all.map(({ value, whole }) => {
    if (whole) return 0;
    const before = run;
    run += fenOf(value);
    return Number(before < run ? before : run) / 1_000_000;
  });
  return {
    grid: { left: 4, right: 4, top: 20, bottom: 24 },
    tooltip: { formatter: ({ dataIndex }) => `${all[dataIndex].name}\n${label(all[dataIndex].value, { signed: !all[dataIndex].whole })} ${unit}` },
    xAxis: {
      type: "category", data: all.map(({ name }) => name), axisTick: { show: false },
      axisLine: { lineStyle: { color: token("--edge") } }, axisLabel: text({ interval: 0, color: token("--ink-3") }),
    },
    yAxis: { type: "value", show: false, min: 0 },
    series: [
      { type: "bar", stack: "bridge", silent: true, itemStyle: { color: "transparent" }, data: feet },
      {
        type: "bar", stack: "bridge", barCategoryGap: "34%", barMinHeight: 2,
        data: all.map(({ value, whole, url }) => ({
          value: Math.abs(size(value)), url, cursor: url ? "pointer" : "default",
          itemStyle: { color: token(whole ? "--accent" : "--accent-3") },
          label: { show: true, position: "top", distance: 3, formatter: () => label(value, { signed: !whole }), ...text() },
        })),
      },
    ],
  };
}

/** The largest steps by name, the rest as one; the last, which is that of corrections, always by name. */
function merged(steps) {
  if (steps.length <= KEPT + 2) return steps;
  const last = steps.at(-1);
  const bySize = steps.slice(0, -1).sort((one, other) => Math.abs(size(other.value)) - Math.abs(size(one.value)));
  const kept = new Set([...bySize.slice(0, KEPT), last]);
  const rest = steps.filter((step) => !kept.has(step));
  const value = yuanOf(rest.reduce((all, step) => all + fenOf(step.value), 0n));
  return [...steps.filter((step) => kept.has(step) && step !== last), { name: say("others", { n: rest.length }), value }, last];
}
