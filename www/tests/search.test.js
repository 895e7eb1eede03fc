/** What the worker fetches for a search: what the wasm module says it needs, played by a stand-in. */
/** @import { Ranker } from "../wasm/rank_partitions.js" */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Searches } from "../worker/search.js";

/** A ranker that needs two steps of files before it has results. */
class StandIn {
  /** @type {any[][]} */
  steps = [];
  /** @type {any[]} */
  calls = [];
  needs = () => this.steps[0] ?? [];
  load(/** @type {number} */ at, /** @type {Uint8Array} */ bytes) {
    assert.equal(bytes[0], this.steps[0][2 * at].length, "the file that was asked for");
    this.calls.push(["load", this.steps[0][2 * at]]);
  }
  resume() {
    this.steps.shift();
    return this.found();
  }
  rank(/** @type {unknown} */ _, /** @type {unknown} */ __, /** @type {any} */ options) {
    return this.begin("photo", options);
  }
  rank_like_item(/** @type {number} */ item, /** @type {any} */ options) {
    return this.begin(item, options);
  }
  begin(/** @type {string | number} */ like, /** @type {any} */ options) {
    this.calls.push([like, options.limit]);
    this.steps = Array.from({ length: options.steps ?? 2 }, (_, step) => [`a/${step}`, 7, `b/${step}-long`, 0]);
    return this.found();
  }
  found = () => (this.steps.length ? new Float64Array() : Float64Array.of(4, 0.5));
}

/** @param {(file: string, bytes?: number) => Promise<Uint8Array>} [fetch] */
function setUp(fetch) {
  /** @type {[string, number | undefined][]} */
  const fetched = [];
  const ranker = new StandIn();
  const searches = new Searches(
    fetch ??
      (async (file, bytes) => {
        fetched.push([file, bytes]);
        return Uint8Array.of(file.length);
      }),
  );
  const rank = (/** @type {any} */ like, /** @type {any} */ how) => searches.rank(/** @type {any} */ (ranker), like, { excluded: [], ...how });
  return { fetched, ranker, rank };
}

const PHOTO = { embedding: new Float32Array(4), colours: new Uint8Array(24) };

test("files are fetched as they are needed, by their length where it is known, and loaded in order", async () => {
  const { fetched, ranker, rank } = setUp();
  assert.deepEqual(await rank(PHOTO, { limit: 5 }), Float64Array.of(4, 0.5));
  assert.deepEqual(fetched, [["a/0", 7], ["b/0-long", undefined], ["a/1", 7], ["b/1-long", undefined]]);
  assert.deepEqual(ranker.calls, [["photo", 5], ["load", "a/0"], ["load", "b/0-long"], ["load", "a/1"], ["load", "b/1-long"]]);
  await rank(70, { limit: 6, steps: 0 });
  assert.deepEqual(ranker.calls.at(-1), [70, 6]);
  assert.equal(fetched.length, 4, "what is loaded is not fetched again");
});

test("the files of a step are fetched side by side, and loaded in order however they come", async () => {
  let most = 0;
  let running = 0;
  const { ranker, rank } = setUp(async (file) => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, file.startsWith("a") ? 10 : 1));
    running -= 1;
    return Uint8Array.of(file.length);
  });
  await rank(PHOTO, { limit: 2 });
  assert.equal(most, 2);
  assert.deepEqual(ranker.calls.slice(1).map(([, file]) => file), ["a/0", "b/0-long", "a/1", "b/1-long"]);
});

test("one search waits for the other, and a failure keeps nobody waiting", async () => {
  let broken = true;
  /** @type {string[]} */
  const running = [];
  const { ranker, rank } = setUp(async (file) => {
    running.push(file);
    await new Promise((done) => setTimeout(done, 5));
    assert.ok(running.length <= 2, "the files of one search at a time");
    running.splice(running.indexOf(file), 1);
    if (broken && file.startsWith("b")) throw new Error("unreachable");
    return Uint8Array.of(file.length);
  });
  const [first, second] = [rank(PHOTO, { limit: 2 }), rank(PHOTO, { limit: 3 })];
  await assert.rejects(first, /unreachable/);
  await assert.rejects(second, /unreachable/);
  assert.deepEqual(ranker.calls, [["photo", 2], ["photo", 3]], "nothing is loaded of a step that failed");
  broken = false;
  assert.equal((await rank(PHOTO, { limit: 4 })).length, 2);
});
