/** How the worker is started: beside this code, named by the page, from another origin, under Trusted Types. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorker, wasmUrls } from "../page/start_worker.js";

/** @type {[string, object][]} */
let started = [];
globalThis.Worker = /** @type {any} */ (
  class {
    constructor(/** @type {any} */ url, /** @type {object} */ options) {
      started.push([String(url), options]);
    }
  }
);
globalThis.document = /** @type {any} */ ({ baseURI: "https://shop.example/a/product" });

/** @param {string} origin of the page @param {Parameters<typeof startWorker>[0]} [how] */
function urlFrom(origin, how) {
  started = [];
  globalThis.location = /** @type {any} */ ({ origin });
  const { Worker } = globalThis;
  startWorker(how ?? {});
  assert.equal(globalThis.Worker, Worker);
  assert.deepEqual(started[0][1], { type: "module" });
  return started[0][0];
}

const BESIDE = new URL("../worker/worker.js", import.meta.url).href;
/** Where these files lie. */
const HERE = new URL(import.meta.url).origin;

test("beside this code where that is the page's origin, as named where the page names it", () => {
  assert.equal(urlFrom(HERE), BESIDE);
  assert.equal(urlFrom("https://shop.example", { workerUrl: "../worker.js" }), "https://shop.example/worker.js");
});

test("from another origin through a script of the page's own", async () => {
  const url = urlFrom("https://shop.example");
  assert.match(url, /^blob:/);
  const script = await (await import("node:buffer")).resolveObjectURL(url)?.text();
  assert.equal(script, `import "${BESIDE}";`);
});

test("under Trusted Types addresses come from the policy, which may be refused", () => {
  const made = /** @type {string[]} */ ([]);
  /** @type {any} */ (globalThis).trustedTypes = {
    createPolicy(/** @type {string} */ name, /** @type {any} */ rules) {
      made.push(name);
      if (made.length === 1) throw new TypeError("not in trusted-types");
      return { createScriptURL: (/** @type {string} */ url) => `trusted ${rules.createScriptURL(url)}` };
    },
  };
  assert.deepEqual([1, 2, 3].map(() => urlFrom(HERE)), [BESIDE, `trusted ${BESIDE}`, `trusted ${BESIDE}`]);
  assert.deepEqual(made, ["lookalike", "lookalike"]);
});

test("the policy is made once a page, however many copies of this script it holds", async () => {
  const again = "../page/start_worker.js?again";
  const { startWorker: another } = await import(again);
  /** @type {any} */ (globalThis).trustedTypes = { createPolicy: () => assert.fail("the name is taken") };
  started = [];
  another({});
  assert.equal(started[0][0], `trusted ${BESIDE}`);
});

test("addresses of modules are absolute, since the worker has another base", () => {
  const wasm = new URL("../wasm/", import.meta.url).href;
  const own = { rank: `${wasm}rank_bg.wasm`, rankPartitions: `${wasm}rank_partitions_bg.wasm`, embed: `${wasm}embed_bg.wasm`, embedRelaxed: `${wasm}embed_relaxed_bg.wasm` };
  assert.deepEqual(wasmUrls({}), own);
  const cdn = "https://cdn.example/embed.wasm";
  assert.deepEqual(wasmUrls({ wasm: { rank: "rank.wasm", embed: "//cdn.example/embed.wasm" } }), {
    ...own,
    rank: "https://shop.example/a/rank.wasm",
    embed: cdn,
    // A page that names one module alone names the one that runs everywhere.
    embedRelaxed: cdn,
  });
});
