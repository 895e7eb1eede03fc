/** Which cells the worker fetches for a question, in which order and rounds; the wasm module is played by a stand-in. */
/** @import { Ranker } from "../wasm/rank_cells.js" */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cells } from "../worker/cells.js";

const PATH = "cells-0123456789abcdef";
const file = (/** @type {string} */ path) => ({ path, bytes: 1, sha256: "" });
const MANIFEST = { cells: { path: PATH, count: 9 }, colours: file("colours-01.bin"), attributes: file("attributes-02.bin") };
/** Products of a cell: item numbers 10 * cell and so on. */
const PRODUCTS = 3;

/** A ranker of 9 cells that takes 2, 4 and 8 of them in its rounds, and then no more. */
class StandIn {
  /** @type {string[]} */
  given = [];
  /** @type {Set<number>} */
  held = new Set();
  refined = new Set();
  coloured = new Set();
  described = new Set();
  /** @type {any[]} */
  asked = [];
  cells = (/** @type {unknown} */ _, /** @type {number} */ round) => Uint32Array.from({ length: 2 << Math.min(round, 2) }, (_, n) => n);
  lacking_cells = (/** @type {Uint32Array} */ cells, /** @type {number} */ layer) => {
    const here = this.layer(layer);
    return Uint32Array.from([...cells].filter((cell) => !here.has(cell)).flatMap((cell) => [cell, layer === 3 ? 0 : 100 * (layer + 1) + cell]));
  };
  layer = (/** @type {number} */ layer) => [this.held, this.refined, this.coloured, this.described][layer];
  unrefined_cells = (/** @type {Uint32Array} */ items) =>
    Uint32Array.from([...new Set([...items].map((item) => Math.floor(item / 10)))].flatMap((cell) => [cell, 200 + cell]));
  give_cell(/** @type {number} */ cell, /** @type {number} */ layer, /** @type {Uint8Array} */ bytes, /** @type {string} */ name) {
    assert.equal(bytes[0], cell);
    this.given.push(name);
    if (layer > 0) assert.ok(this.held.has(cell), "codes come first");
    this.layer(layer).add(cell);
  }
  cell_of = (/** @type {number} */ item) => Math.floor(item / 10);
  embedding = (/** @type {number} */ item) => Float32Array.of(item);
  rank(/** @type {unknown} */ _, /** @type {unknown} */ __, /** @type {any} */ options) {
    this.asked.push(options);
    if (options.colour) assert.ok(options.cells.every((/** @type {number} */ cell) => this.coloured.has(cell)), "colours before a ranking by them");
    if (options.rules) assert.ok(options.cells.every((/** @type {number} */ cell) => this.described.has(cell)), "attributes before a ranking by them");
    const items = options.cells.flatMap((/** @type {number} */ cell) => Array.from({ length: PRODUCTS }, (_, n) => 10 * cell + n));
    return Float64Array.from(items.slice(0, options.limit).flatMap((/** @type {number} */ item) => [item, item / 10]));
  }
  rank_like_item = (/** @type {unknown} */ _, /** @type {any} */ options) => this.rank(0, 0, options);
}

/** @param {(file: string, bytes?: number) => Promise<Uint8Array>} [fetch] */
function setUp(fetch) {
  /** @type {[string, number | undefined][]} */
  const asked = [];
  const ranker = new StandIn();
  const cells = new Cells(
    MANIFEST,
    fetch ??
      (async (file, bytes) => {
        asked.push([file.replace(`${PATH}/`, ""), bytes]);
        return Uint8Array.of(Number(file.match(/(\d+)\.bin$/)?.[1]));
      }),
  );
  const rank = (/** @type {any} */ like, /** @type {any} */ how) => cells.rank(/** @type {any} */ (ranker), like, { excluded: [], ...how });
  return { asked, ranker, rank };
}

const PHOTO = { embedding: new Float32Array(4), colours: new Uint8Array(24) };

test("a photo takes the nearest cells, each by its length, and no more than it needs", async () => {
  const { asked, ranker, rank } = setUp();
  const answer = await rank(PHOTO, { metric: "cosine", limit: 5 });
  assert.equal(answer.length, 10);
  assert.deepEqual(asked, [["codes-0.bin", 100], ["codes-1.bin", 101]]);
  assert.deepEqual(ranker.asked.at(-1).cells, [0, 1]);
  await rank(PHOTO, { metric: "euclidean", limit: 5 });
  assert.equal(asked.length, 2, "what is there is not fetched again");
});

test("where products are too few, twice the cells are taken, and in the end fewer are shown", async () => {
  const { asked, rank } = setUp();
  assert.equal((await rank(PHOTO, { metric: "cosine", limit: 10 })).length, 20);
  assert.equal(asked.length, 4);
  assert.equal((await rank(PHOTO, { metric: "cosine", limit: 99 })).length, 2 * 8 * PRODUCTS);
  assert.equal(asked.length, 8);
});

test("a settled ranking takes the refinement of the best candidates' cells alone", async () => {
  const { asked, ranker, rank } = setUp();
  await rank(PHOTO, { metric: "cosine", limit: 2, settled: true });
  assert.deepEqual(asked.slice(2), [["refinement-0.bin", 200], ["refinement-1.bin", 201]]);
  assert.deepEqual(ranker.asked.map(({ limit }) => limit), [2, 4, 2]);
});

test("colours are fetched of the cells looked into, once, and only where they count", async () => {
  const { asked, rank } = setUp();
  await rank(PHOTO, { metric: "cosine", limit: 5, colour: 0.5 });
  assert.deepEqual(asked.slice(2), [["colours-01/0.bin", 300], ["colours-01/1.bin", 301]]);
  await rank(PHOTO, { metric: "cosine", limit: 5, colour: 1 });
  await rank(PHOTO, { metric: "cosine", limit: 5, colour: 0 });
  assert.equal(asked.length, 4);
  await rank(70, { metric: "cosine", limit: 5, colour: 0.5 });
  assert.deepEqual(asked.at(-1), ["colours-01/7.bin", 307]);
});

test("so are attributes, and all a cell has at one time", async () => {
  const { asked, ranker, rank } = setUp();
  const rules = { group: "style" };
  await rank(PHOTO, { metric: "cosine", limit: 5, colour: 0.5, rules });
  const files = [`${PATH}/codes-0.bin`, `${PATH}/codes-1.bin`, "colours-01/0.bin", "colours-01/1.bin", "attributes-02/0.bin", "attributes-02/1.bin"];
  assert.deepEqual(asked.map(([file]) => file), files.map((file) => file.replace(`${PATH}/`, "")));
  assert.equal(asked.at(-1)?.[1], undefined, "of no length that is known");
  assert.deepEqual(ranker.given, files);
  await rank(PHOTO, { metric: "cosine", limit: 5, rules: { exclude: ["1"] } }).catch(() => {});
  await rank(PHOTO, { metric: "cosine", limit: 5, rules: { boost: [], filter: "a=b" } });
  assert.equal(asked.length, 6);
});

test("a product is found by its place, and its own cell is looked into", async () => {
  const { asked, ranker, rank } = setUp();
  await rank(70, { metric: "cosine", limit: 5 });
  assert.deepEqual(asked, [["places-0.bin", undefined], ["codes-7.bin", 107], ["codes-0.bin", 100], ["codes-1.bin", 101]]);
  assert.deepEqual(ranker.asked.at(-1).cells, [7, 0, 1]);
  await rank(40_000, { metric: "cosine", limit: 1 }).catch(() => {});
  assert.ok(asked.some(([file]) => file === "places-2.bin"));
});

test("one question waits for the other, and a failure keeps nobody waiting", async () => {
  let running = 0;
  let broken = true;
  const { ranker, rank } = setUp(async (file) => {
    assert.ok(++running <= 2, "two cells of one question at most");
    await new Promise((done) => setTimeout(done, 5));
    running -= 1;
    if (broken && file.includes("codes-1")) throw new Error("unreachable");
    return Uint8Array.of(Number(file.match(/(\d+)\.bin$/)?.[1]));
  });
  const first = rank(PHOTO, { metric: "cosine", limit: 2 });
  const second = rank(PHOTO, { metric: "cosine", limit: 3 });
  await assert.rejects(first, /unreachable/);
  await assert.rejects(second, /unreachable/);
  broken = false;
  assert.equal((await rank(PHOTO, { metric: "cosine", limit: 4 })).length, 8);
  assert.deepEqual(ranker.given, [`${PATH}/codes-0.bin`, `${PATH}/codes-1.bin`]);
});
