// A ranking: one bar for each row, the selected one darker, the value at its end.
import { label, roomOf, ROW, size, text, token } from "./shared.js";

export function bars({ unit = "", rows, selected }, element) {
  const shown = rows.slice(0, Math.max(3, roomOf(element)));
  return {
    grid: { left: 4, right: 90, top: 4, height: Math.min((element.clientHeight || 400) - 8, shown.length * 2 * ROW), containLabel: true },
    tooltip: { formatter: ({ dataIndex }) => `${shown[dataIndex].name}\n${label(shown[dataIndex].value)} ${unit}` },
    xAxis: { type: "value", show: false, min: 0 },
    yAxis: {
      type: "category", inverse: true, data: shown.map(({ name }) => name), axisTick: { show: false },
      axisLine: { lineStyle: { color: token("--edge") } }, axisLabel: text({ fontSize: 12, interval: 0, width: Math.round(element.clientWidth * 0.45), overflow: "truncate" }),
    },
    series: [
      {
        type: "bar", barMaxWidth: 12,
        data: shown.map(({ name, value, url }) => ({
          value: size(value), url, cursor: url ? "pointer" : "default",
          itemStyle: { color: token(name === selected ? "--accent" : "--accent-3") },
          label: { show: true, position: "right", formatter: () => label(value), ...text() },
        })),
      },
    ],
  };
}
