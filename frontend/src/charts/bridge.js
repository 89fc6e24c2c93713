// The bridge between two dates: start, one step for each reason, end. The steps sum to the end exactly, or it is not drawn.
import { fenOf, yuanOf } from "../app/money.js";
import { say } from "../app/words.js";
import { label, roomOf, size, text, token } from "./shared.js";

const LEAST = 4;

export function bridge({ unit = "", start, steps, end }, element) {
  const sum = steps.reduce((all, step) => all + fenOf(step.value), fenOf(start.value));
  if (sum !== fenOf(end.value)) throw new RangeError("The steps of the bridge do not sum to its end.");
  const shown = merged(steps, Math.max(LEAST, roomOf(element) - 2));
  const all = [{ ...start, whole: true }, ...shown, { ...end, whole: true }];
  let run = fenOf(start.value);
  const feet = all.map(({ value, whole }) => {
    if (whole) return 0;
    const before = run;
    run += fenOf(value);
    return Number(before < run ? before : run) / 1_000_000;
  });
  return {
    grid: { left: 4, right: 110, top: 2, bottom: 2, containLabel: true },
    tooltip: { formatter: ({ dataIndex }) => `${all[dataIndex].name}\n${label(all[dataIndex].value, { signed: !all[dataIndex].whole })} ${unit}` },
    xAxis: { type: "value", show: false, min: 0 },
    yAxis: {
      type: "category", inverse: true, data: all.map(({ name }) => name), axisTick: { show: false },
      axisLine: { lineStyle: { color: token("--edge") } },
      axisLabel: text({ interval: 0, color: token("--ink-3"), width: Math.round(element.clientWidth * 0.36), overflow: "truncate" }),
    },
    series: [
      { type: "bar", stack: "bridge", silent: true, itemStyle: { color: "transparent" }, data: feet },
      {
        type: "bar", stack: "bridge", barMaxWidth: 12, barMinHeight: 2,
        data: all.map(({ value, whole, url }) => ({
          value: Math.abs(size(value)), url, cursor: url ? "pointer" : "default",
          itemStyle: { color: token(whole ? "--accent" : "--accent-3") },
          label: { show: true, position: "right", distance: 4, formatter: () => label(value, { signed: !whole }), ...text() },
        })),
      },
    ],
  };
}

/** As many steps as there is room for: the largest by name, the rest as one; the last step always by name. */
function merged(steps, room) {
  if (steps.length <= room) return steps;
  const last = steps.at(-1);
  const bySize = steps.slice(0, -1).sort((one, other) => Math.abs(size(other.value)) - Math.abs(size(one.value)));
  const kept = new Set([...bySize.slice(0, room - 2), last]);
  const rest = steps.filter((step) => !kept.has(step));
  const value = yuanOf(rest.reduce((all, step) => all + fenOf(step.value), 0n));
  return [...steps.filter((step) => kept.has(step) && step !== last), { name: say("others", { n: rest.length }), value }, last];
}
