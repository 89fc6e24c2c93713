// What all charts share: colours of the page, one font, no motion, tooltips drawn on the canvas.
import { BarChart, MapChart, SankeyChart } from "echarts/charts";
import { GeoComponent, GridComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, registerMap, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
import { fenOf, wan } from "../app/money.js";

use([BarChart, MapChart, SankeyChart, GeoComponent, GridComponent, TooltipComponent, VisualMapComponent, CanvasRenderer, LabelLayout]);

export { registerMap };

const style = getComputedStyle(document.documentElement);

/** A colour or font of the page: token("--accent"). */
export const token = (name) => style.getPropertyValue(name).trim();

/** Number for the length of a bar; what is written beside it comes from the exact amount. */
export const size = (yuan) => Number(fenOf(yuan)) / 1_000_000;

/** An amount as charts write it: 万元 without decimals that are all zero. */
export function label(yuan, { signed = false } = {}) {
  const fen = fenOf(yuan);
  const text = wan(fen).replace(/\.00$/, "");
  return signed && fen > 0n ? `+${text}` : text;
}

export const text = (more = {}) => ({ fontFamily: token("--font"), fontSize: 11, color: token("--ink-2"), ...more });

/** Height of a row of bars, and how many an element has room for. */
export const ROW = 22;
export const roomOf = (element) => Math.floor((element.clientHeight || 400) / ROW);

export function base() {
  return {
    animation: false,
    textStyle: { fontFamily: token("--font"), fontSize: 12, color: token("--ink-2") },
    tooltip: {
      renderMode: "richText",
      backgroundColor: token("--paper"),
      borderColor: token("--line-2"),
      borderWidth: 1,
      textStyle: { color: token("--ink"), fontSize: 12, fontFamily: token("--font") },
    },
  };
}

/** Draw, and draw again when the element changes its size. A figure with an address is a link. */
export async function draw(element, make, data) {
  const chart = init(element, null, { renderer: "canvas" });
  const option = await make(data, element);
  if (!option) {
    chart.dispose();
    return;
  }
  chart.setOption({ ...base(), ...option, tooltip: { ...base().tooltip, ...option.tooltip } });
  chart.on("click", ({ data: point }) => point?.url && location.assign(point.url));
  let room = roomOf(element);
  new ResizeObserver(async () => {
    chart.resize();
    const before = room;
    room = roomOf(element);
    if (room !== before) chart.setOption(await make(data, element), { replaceMerge: ["series", "xAxis", "yAxis"] });
  }).observe(element);
}
