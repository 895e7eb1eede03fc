/** The API without an element, over the folder built by hand: neighbours, cards, a folder uploaded anew, closing. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createLookalike } from "../api.js";
import { openFolder } from "../shared/folder.js";
import { METRICS, ROOT, card, files, manifest, serve } from "./hand_built.js";

globalThis.document = /** @type {any} */ ({ baseURI: "https://shop.example/product" });

/** Answers each ranking with all items in turn. */
class AnsweringWorker {
  /** @type {any[]} */
  static requests = [];
  static ended = 0;
  onmessage = (/** @type {any} */ _event) => {};
  postMessage(/** @type {any} */ request) {
    AnsweringWorker.requests.push(request);
    const described = { embedding: Float32Array.of(1), colours: new Uint8Array(24), width: 4, height: 3, object: {} };
    const result = request.op === "embed" ? described : [{ item: 2, distance: 0.5 }, { item: 0, distance: 1 }];
    if ("id" in request) queueMicrotask(() => this.onmessage({ data: { id: request.id, result } }));
  }
  terminate() {
    AnsweringWorker.ended++;
  }
}
globalThis.Worker = /** @type {any} */ (AnsweringWorker);

beforeEach(() => {
  AnsweringWorker.requests = [];
  AnsweringWorker.ended = 0;
});

/** @param {{ id: string }[]} list */
const ids = (list) => list.map(({ id }) => id);

/** @type {import("../api.js").Lookalike[]} */
const opened = [];
// Else an idle worker's time keeps the process.
afterEach(() => opened.splice(0).forEach((lookalike) => lookalike.close()));

/** @param {object} [settings] */
async function open(settings) {
  const served = files();
  const asked = serve(served);
  (await openFolder(ROOT)).forget();
  asked.length = 0;
  const lookalike = createLookalike({ src: "/lookalike", workerUrl: "/worker.js", ...settings });
  opened.push(lookalike);
  return { served, asked, lookalike };
}

test("neighbours and cards come from a few files, and no worker is started", async () => {
  const { asked, lookalike } = await open();
  assert.deepEqual(await lookalike.info(), { items: 3, metrics: METRICS });
  const found = await lookalike.neighbours("hat", { metric: "manhattan", limit: 1 });
  assert.deepEqual(found, [{ id: "täsche", distance: 8, card: card("täsche") }]);
  assert.deepEqual(ids(await lookalike.neighbours("hat")), ["tee", "täsche"]);
  assert.deepEqual(ids(await lookalike.cards(["täsche", "hat"])), ["täsche", "hat"]);
  await assert.rejects(lookalike.cards(["nobody"]), { code: "item/unknown" });
  await assert.rejects(lookalike.neighbours("hat", { metric: "hamming" }), { code: "metric/unknown" });
  assert.equal(AnsweringWorker.requests.length, 0);
  assert.equal(asked.filter((path) => path === "manifest.json").length, 1);
});

test("a product and a part of a photo are ranked by the worker", async () => {
  const { lookalike } = await open({ wasm: { rank: "/cdn/rank.wasm" } });
  const rules = { filter: "price<20" };
  assert.deepEqual(ids(await lookalike.rank("tee", { rules, limit: 2 })), ["täsche", "hat"]);
  const crop = { x: 0, y: 0, width: 0.5, height: 1 };
  assert.deepEqual(ids(await lookalike.rank(new Blob(["x"]), { crop, settled: false })), ["täsche", "hat"]);
  const [opened, product, photo, ranked] = AnsweringWorker.requests;
  assert.equal(opened.wasm.rank, "https://shop.example/cdn/rank.wasm");
  assert.deepEqual([product.like, product.how], [1, { metric: "cosine", limit: 2, settled: true, rules }]);
  assert.deepEqual(photo.crop, crop);
  assert.deepEqual(ranked.how, { metric: "cosine", limit: 8, settled: false });
});

test("a catalogue uploaded anew is read anew", async () => {
  const { served, lookalike } = await open();
  await lookalike.info();
  const later = { ...manifest(), cards: { ...manifest().cards, path: "cards-fedcba9876543210" } };
  for (const shard of [0, 1]) {
    served[`${later.cards.path}/${shard}.json`] = served[`${manifest().cards.path}/${shard}.json`];
    delete served[`${manifest().cards.path}/${shard}.json`];
  }
  served["manifest.json"] = JSON.stringify(later);
  assert.deepEqual(ids(await lookalike.neighbours("hat")), ["tee", "täsche"]);
});

for (const [host, respond] of /** @type {[string, () => Response][]} */ ([
  ["403", () => new Response("", { status: 403 })],
  ["410", () => new Response("", { status: 410 })],
  ["a web page", () => new Response("<p>Our shop", { headers: { "content-type": "text/html" } })],
  ["a web page that says it is none", () => new Response("<p>Our shop")],
])) {
  test(`a catalogue uploaded anew to a host that answers ${host} for what is not there`, async () => {
    const { served, asked, lookalike } = await open();
    await lookalike.info();
    const path = "neighbours-fedcba9876543210";
    const later = { ...manifest(), neighbours: { ...manifest().neighbours, path } };
    for (const shard of [0, 1]) {
      served[`${path}/${shard}.bin`] = served[`${manifest().neighbours.path}/${shard}.bin`];
      delete served[`${manifest().neighbours.path}/${shard}.bin`];
    }
    served["manifest.json"] = JSON.stringify(later);
    const { fetch } = globalThis;
    globalThis.fetch = async (url, init) => {
      const answer = await fetch(url, init);
      return answer.ok ? answer : respond();
    };
    assert.deepEqual(ids(await lookalike.neighbours("hat")), ["tee", "täsche"]);
    assert.equal(asked.filter((file) => file === "manifest.json").length, 2);
    // What stays missing is asked for twice, not for ever.
    delete served[`${path}/0.bin`];
    delete served[`${path}/1.bin`];
    await assert.rejects(createLookalike({ src: "/lookalike" }).neighbours("nobody"), { code: /^folder\/(missing|corrupt)$|^item/ });
  });
}

test("rules that cannot travel fail by themselves", async () => {
  const { lookalike } = await open();
  const group = /** @type {any} */ (() => "style");
  await assert.rejects(lookalike.rank("hat", { rules: { group } }), { code: "rules/invalid", message: /rules.group is a Function/ });
  await assert.rejects(lookalike.rank("hat", { rules: { filter: new Map([["colour", "red"]]) } }), { code: "rules/invalid" });
  const rules = new Proxy({ exclude: ["tee"], boost: [new Proxy({ when: "a=b", factor: 0.5 }, {})] }, {});
  assert.equal((await lookalike.rank("hat", { rules })).length, 2);
  const { how } = AnsweringWorker.requests.findLast(({ op }) => op === "rank");
  assert.deepEqual(structuredClone(how.rules), { exclude: ["tee"], boost: [{ when: "a=b", factor: 0.5 }] });
});

test("closing ends the worker, and whatever comes later", async () => {
  const { lookalike } = await open();
  await lookalike.rank("hat");
  const waiting = lookalike.rank("tee").catch(({ code }) => code);
  lookalike.close();
  assert.equal(await waiting, "aborted");
  assert.equal(AnsweringWorker.ended, 1);
  await assert.rejects(lookalike.neighbours("hat"), { code: "aborted", name: "AbortError" });
});
