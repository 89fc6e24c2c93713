// The flow chart of a chain: from place to place, and what stays or lies unallocated at the right edge.
import { fenOf, wan } from "../app/money.js";
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

/** What passes through each node, in 分: what comes in, or what goes out of the first one. */
function sums(links) {
  const into = new Map(), out = new Map();
  for (const { source, target, value } of links) {
    const fen = fenOf(value);
    into.set(target, (into.get(target) ?? 0n) + fen);
    out.set(source, (out.get(source) ?? 0n) + fen);
  }
  return (id) => wan(into.get(id) ?? out.get(id) ?? 0n).replace(/\.00$/, "");
}

export function sankey({ unit = "", nodes, links }) {
  const names = new Map(nodes.map(({ id, name }) => [id, name])), sum = sums(links);
  const levels = depths(nodes, links);
  const told = ({ dataType, data }) =>
    dataType === "edge"
      ? `${names.get(data.source)} → ${names.get(data.target)}\n${label(data.yuan)} ${unit}`
      : `${names.get(data.name)}\n${sum(data.name)} ${unit}`;
  return {
    tooltip: { formatter: told },
    series: [
      {
        type: "sankey", left: 8, right: 130, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 8, draggable: false,
        labelLayout: { hideOverlap: true },
        emphasis: { focus: "adjacency" },
        label: text({ formatter: ({ name }) => `${names.get(name)} ${sum(name)}` }),
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
