// The flow chart of a chain: from place to place, and what stays or lies unallocated at the right edge.
import { label, size, text, token } from "./shared.js";

const TONES = ["--accent", "--accent-2", "--accent-3"];

/** How many steps from the start each node lies, so that a level has one colour. */
function depths(nodes, links) {
  const found = new Map(nodes.map(({ id }) => [id, 0]));
  for (let round = 0; round < nodes.length; round += 1) {
    let moved = false;
    for (const { source, target } of links) {
      if (found.get(target) < found.get(source) + 1) {
        found.set(target, found.get(source) + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return found;
}

export function sankey({ unit = "", nodes, links }) {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const levels = depths(nodes, links);
  const told = ({ dataType, data }) =>
    dataType === "edge"
      ? `${names.get(data.source)} → ${names.get(data.target)}\n${label(data.yuan)} ${unit}`
      : names.get(data.name);
  return {
    tooltip: { formatter: told },
    series: [
      {
        type: "sankey", left: 8, right: 110, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 8, draggable: false,
        labelLayout: { hideOverlap: true },
        emphasis: { focus: "adjacency" },
        label: text({ formatter: ({ name }) => names.get(name) }),
        lineStyle: { color: token("--accent-3"), opacity: 0.35, curveness: 0.5 },
        data: nodes.map(({ id, url, sink }) => ({
          name: id, url, cursor: url ? "pointer" : "default",
          itemStyle: { color: token(sink ? "--edge" : TONES[Math.min(levels.get(id), TONES.length - 1)]), borderWidth: 0 },
        })),
        links: links.map(({ source, target, value }) => ({ source, target, value: size(value), yuan: value })),
      },
    ],
  };
}
