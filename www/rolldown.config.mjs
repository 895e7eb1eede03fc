// Modules of www/ into what a page loads, in one bundling: usage: WIDGET=OUT GLUE=FOLDER rolldown --config www/rolldown.config.mjs
//
// The element is whole in one file, and so are the API and the worker: every level of imports is a round trip. What comes later is a
// file of its own for each thing. Both scripts share page/device.js, and with it the worker. GLUE holds what wasm-bindgen made.

import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const www = fileURLToPath(new URL(".", import.meta.url));
const { WIDGET: dir, GLUE: glue } = process.env;

/** The style sheets are texts, sheet(`...`), which no minifier of scripts looks into. */
const sheets = {
  name: "sheets",
  transform: (code) => code.replace(/\bsheet\(`([^`]*)`\)/g, (_, css) => `sheet(\`${minified(css)}\`)`),
};

/** @param {string} css without strings that hold signs or spaces */
const minified = (css) =>
  css
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .replace(/: /g, ":")
    .replace(/;}/g, "}")
    .trim();

const bindings = {
  name: "bindings",
  resolveId: (source) => (/^\.\.\/wasm\/.*\.js$/.test(source) ? join(glue, source.slice("../wasm/".length)) : undefined),
};

/** @param {string} entry in www/ or absolute @param {string} file @param {object} [options] */
const bundle = (entry, file, options) => ({
  input: resolve(www, entry),
  platform: "browser",
  plugins: [sheets, bindings],
  output: { dir, format: "esm", minify: true, comments: false, entryFileNames: file, chunkFileNames: "page/[name].js" },
  ...options,
});

const apart = { external: ["./device.js"] };

export default [
  // Nobody imports from the element's file by name, so that what comes later may take from it whatever it needs.
  bundle("define.js", "page/more-like-this.js", { ...apart, preserveEntrySignatures: false }),
  bundle("api.js", "page/lookalike.js", apart),
  bundle("page/device.js", "page/device.js"),
  ...readdirSync(join(www, "page/languages")).map((name) => bundle(`page/languages/${name}`, `page/languages/${name}`)),
  bundle("worker/worker.js", "worker/worker.js"),
  // The worker has its own copy of these: they are for whoever runs the modules without it.
  ...readdirSync(glue).map((name) => bundle(join(glue, name), `wasm/${name}`)),
];
