// What a page loads, brotli as a host serves it, against the budgets; a table, and exit 1 if one is over.
// usage: sizes.mjs WIDGET [FOLDER]

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const [widget, folder] = process.argv.slice(2);
const KB = 1000;

const brotli = (path) => brotliCompressSync(readFileSync(path)).length;
const files = (place) => readdirSync(join(widget, place)).filter((name) => name.endsWith(".js")).map((name) => join(widget, place, name));
const sum = (paths) => paths.reduce((total, path) => total + brotli(path), 0);

// A module and what it imports at once; what it imports later begins with `import(`.
const IMPORTED = /\b(?:from|import)\s*["'`]([^"'`]+)["'`]/g;
function atOnce(module, seen = new Set()) {
  if (seen.has(module)) return seen;
  seen.add(module);
  for (const [, path] of readFileSync(module, "utf8").matchAll(IMPORTED)) atOnce(join(dirname(module), path), seen);
  return seen;
}
const element = atOnce(join(widget, "page", "more-like-this.js"));

// Where a shop asks for controls or makes its own cards. All else that is not in the element comes with the first photo, or when
// something is narrowed down on the device; and one language of those a page speaks, English being in the element.
const CONTROLS = /\/controls\.js$/;
const OWN_CARDS = /\/templates\.js$/;
// Without an element: a page that draws its own.
const API = /\/lookalike\.js$/;
const later = files("page").filter((path) => !element.has(path));
const named = (pattern) => later.filter((path) => pattern.test(path));
const FAULTS = /\/advice\.js$/;
const device = later.filter((path) => ![CONTROLS, OWN_CARDS, API, FAULTS].some((other) => other.test(path)));
const languages = files(join("page", "languages")).map(brotli);
// Of the embed modules a browser loads one, and of those that rank one.
const wasm = (name) => brotli(join(widget, "wasm", name));
const rows = [
  ["element and loader, before a click", sum([...element]), 9 * KB],
  ["files of that: every level of imports is a round trip", element.size, 1],
  ["worker, and what a page shows of a photo, with the first filter or photo", sum([...device, ...files("worker")]), 20 * KB],
  ["controls, where a shop asks for them", sum(named(CONTROLS)), 5 * KB],
  ["cards of the shop's own making, where it makes them", sum(named(OWN_CARDS)), 1 * KB],
  ["the API without an element, before a photo", sum(named(API)), 8 * KB],
  ["what a fault is told to the console with", sum(named(FAULTS)), 2 * KB],
  ["a language other than English, at worst", Math.max(...languages), 2 * KB],
  ["rank wasm, with the first filter or photo", wasm("rank_bg.wasm"), 60 * KB],
  ["rank wasm of a catalogue in partitions, in its place", wasm("rank_partitions_bg.wasm"), 68 * KB],
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
  const budget = name === "slim" ? 3000 * KB : undefined;
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
