// Charts of a page: bars, the bridge between two dates, the map, the flows of a chain. Each has its table on the page; without this script that is what there is.
import { dataBlock } from "./app/dom.js";
import { bars } from "./charts/bars.js";
import { bridge } from "./charts/bridge.js";
import { map } from "./charts/map.js";
import { sankey } from "./charts/sankey.js";
import { draw } from "./charts/shared.js";

const KINDS = { bars, bridge, map, sankey };

for (const element of document.querySelectorAll("[data-chart]")) {
  const make = KINDS[element.dataset.chart];
  const data = dataBlock(element.dataset.source);
  if (make && data) draw(element, make, data);
}
