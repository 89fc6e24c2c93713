// The map: five classes of one ramp with round breaks, zero a class of its own, the selected place outlined and drawn last.
import { wan } from "../app/money.js";
import { say } from "../app/words.js";
import { label, registerMap, size, text, token } from "./shared.js";

const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const RAMP = ["--map-1", "--map-2", "--map-3", "--map-4"];

/** Three round breaks (万元) that part the places into four classes of about equal number. */
export function breaks(values) {
  const positive = values.filter((value) => value > 0).sort((one, other) => one - other);
  if (positive.length < RAMP.length) return positive.length ? [round(positive.at(-1) / 2)] : [];
  const cuts = [0.35, 0.65, 0.88].map((part) => round(positive[Math.floor(part * (positive.length - 1))]));
  return [...new Set(cuts)].filter((cut) => cut > 0);
}

function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ROUND.map((step) => step * power).reduce((best, step) => (Math.abs(step - value) < Math.abs(best - value) ? step : best));
}

const shown = (n) => wan(BigInt(Math.round(n * 1_000_000))).replace(/\.00$/, "");

function pieces(cuts) {
  const edges = [0, ...cuts];
  const ramp = RAMP.slice(RAMP.length - edges.length);
  const classes = edges.map((low, n) => {
    const high = edges[n + 1];
    const name = high === undefined ? say("above", { n: shown(low) }) : n === 0 ? say("at_most", { n: shown(high) }) : `${shown(low)}–${shown(high)}`;
    return { gt: low, ...(high === undefined ? {} : { lte: high }), label: name, color: token(ramp[n]) };
  });
  return [...classes.reverse(), { value: 0, label: say("zero"), color: token("--map-0") }];
}

/** Name of a place in the outlines: they write 四川, the table 四川省. */
function outlineName(name, outlines) {
  return outlines.find((one) => one === name) ?? outlines.find((one) => name.startsWith(one) || one.startsWith(name)) ?? name;
}

export async function map({ region, geo, unit = "", rows, selected, steps }, element) {
  const response = await fetch(geo, { credentials: "same-origin" });
  if (!response.ok) {
    element.textContent = say("no_map");
    return null;
  }
  const outlines = await response.json();
  registerMap(region, outlines);
  const names = outlines.features.map(({ properties }) => properties.name);
  const byName = new Map(rows.map((row) => [outlineName(row.name, names), row]));
  const cuts = steps ? steps.map(Number) : breaks(rows.map(({ value }) => size(value)));
  const wide = element.clientWidth > 480;
  const places = names.filter((name) => byName.has(name)).map((name) => {
    const { code, value, url } = byName.get(name);
    const here = code === selected;
    return {
      name, url, value: size(value), cursor: url ? "pointer" : "default",
      label: { color: cuts.length && size(value) > cuts.at(-1) ? "#fff" : token("--ink"), fontWeight: here ? 600 : 400 },
      ...(here ? { itemStyle: { borderColor: token("--ink"), borderWidth: 2 } } : {}),
      here,
    };
  });
  places.sort((one, other) => one.here - other.here);
  const about = ({ name }) => {
    const row = byName.get(name);
    return row ? `${row.name}\n${label(row.value)} ${unit}` : name;
  };
  return {
    tooltip: { formatter: about },
    visualMap: {
      type: "piecewise", left: 0, bottom: 0, itemWidth: 14, itemHeight: 10, itemGap: 4,
      textStyle: text({ fontSize: 12, color: token("--ink-3") }), pieces: pieces(cuts),
    },
    series: [
      {
        type: "map", map: region, top: 4, bottom: 6, left: wide ? 130 : 96, right: wide ? 20 : 4, selectedMode: false, data: places,
        itemStyle: { borderColor: token("--paper"), borderWidth: 1, areaColor: token("--wash-2") },
        label: { show: true, ...text(), formatter: ({ name }) => name.replace(/(省|市|地区|自治州|自治区|特别行政区)$/, "").replace(/(藏族|羌族|彝族|回族|苗族|土家族|蒙古族|维吾尔|壮族|白族|傣族|景颇族|傈僳族|哈尼族|布依族|侗族|朝鲜族|哈萨克|柯尔克孜)+$/, "") },
        labelLayout: { hideOverlap: true },
        emphasis: { label: { color: token("--ink") }, itemStyle: { areaColor: token("--accent-sel") } },
      },
    ],
  };
}
