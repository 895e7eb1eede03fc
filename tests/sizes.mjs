// What a page loads, brotli as a host serves it, against the budgets; a table, and exit 1 if one is over.
// usage: sizes.mjs WIDGET [FOLDER]

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const [widget, folder] = process.argv.slice(2);
const KB = 1000;

const brotli = (path) => brotliCompressSync(readFileSync(path)).length;
const files = (place) => readdirSync(join(widget, place)).map((name) => join(widget, place, name));
const sum = (paths) => paths.reduce((total, path) => total + brotli(path), 0);

// The worker's client is imported when the first photo comes.
const late = (path) => path.endsWith(join("page", "client.js"));
const before = [join(widget, "define.js"), ...files("page").filter((path) => !late(path)), ...files("shared")];
// Of the embed modules a browser loads one.
const wasm = (name) => brotli(join(widget, "wasm", name));
const rows = [
  ["element and loader, before a click", sum(before), 12 * KB],
  ["worker and glue, with the first filter or photo", sum([...files("page").filter(late), ...files("worker"), ...files("wasm").filter((path) => path.endsWith(".js"))]), 16 * KB],
  ["rank wasm, with the first filter or photo", wasm("rank_bg.wasm"), 60 * KB],
  ["embed wasm, with the first photo", wasm("embed_bg.wasm"), 1200 * KB],
  ["embed wasm, relaxed SIMD", wasm("embed_relaxed_bg.wasm"), 1200 * KB],
];

if (folder && existsSync(join(folder, "manifest.json"))) {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const largest = (path) => Math.max(...readdirSync(join(folder, path)).map((name) => brotli(join(folder, path, name))));
  const neighbours = largest(manifest.neighbours.path);
  const cards = largest(manifest.cards.path);
  rows.push(["manifest", brotli(join(folder, "manifest.json")), 2 * KB]);
  rows.push(["neighbours and 8 cards of one page, at worst", neighbours + 8 * cards, 25 * KB]);
  const { name, path } = manifest.network;
  const budget = name === "vgg16-slim" ? 3000 * KB : undefined;
  rows.push([`network ${name}`, sum(readdirSync(join(folder, path)).map((file) => join(folder, path, file))), budget]);
  rows.push(["codes", brotli(join(folder, manifest.codes.path)), undefined]);
}

let over = 0;
for (const [what, bytes, budget] of rows) {
  const verdict = budget === undefined ? "" : bytes <= budget ? `of ${budget}` : `OVER ${budget}`;
  if (budget !== undefined && bytes > budget) over += 1;
  console.log(`${String(bytes).padStart(9)}  ${verdict.padEnd(14)}  ${what}`);
}
process.exitCode = over > 0 ? 1 : 0;
