/** The reader of neighbour shards: what it reads, and every refusal of FORMAT.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fnv1a32, readNeighbours, shardOf } from "../shared/neighbours.js";
import { ENTRIES, manifest, sealed, shard } from "./hand_built.js";

const read = (/** @type {Uint8Array} */ bytes, of = manifest()) => readNeighbours(bytes, of, "0.bin");

test("fnv1a32 is the published function", () => {
  const hash = (/** @type {string} */ text) => fnv1a32(new TextEncoder().encode(text));
  // Vectors of draft-eastlake-fnv.
  assert.equal(hash(""), 0x811c9dc5);
  assert.equal(hash("a"), 0xe40c292c);
  assert.equal(hash("foobar"), 0xbf9cf968);
  assert.equal(shardOf("foobar", 38), 0xbf9cf968 % 38);
});

test("every product, every metric, nearest first", () => {
  const products = read(shard(ENTRIES));
  assert.deepEqual([...products.keys()], ["hat", "tee", "täsche"]);
  for (const { item, id, numbers, distances } of ENTRIES) {
    const product = products.get(String(id));
    assert.equal(product?.item, item);
    for (let metric = 0; metric < 3; metric++) {
      assert.deepEqual(
        product?.neighbours(metric),
        [0, 1].map((rank) => ({ item: numbers[metric * 2 + rank], distance: distances[metric * 2 + rank] })),
      );
    }
  }
});

test("a view into a larger buffer is read where it lies", () => {
  const bytes = shard(ENTRIES);
  const larger = new Uint8Array(bytes.length + 7);
  larger.set(bytes, 5);
  assert.equal(read(larger.subarray(5, 5 + bytes.length)).size, 3);
});

test("a catalogue of one has no neighbours", () => {
  const alone = shard([{ item: 0, id: "hat", numbers: [], distances: [] }], { each: 0 });
  assert.deepEqual(read(alone, manifest(1)).get("hat")?.neighbours(2), []);
});

test("an empty shard is in order", () => assert.equal(read(shard([])).size, 0));

const entry = ENTRIES[0];
const good = shard(ENTRIES);
/** @type {[string, Uint8Array, string, RegExp][]} */
const refusals = [
  ["no bytes", new Uint8Array(0), "folder/corrupt", /not a neighbours file/],
  ["a web page", new TextEncoder().encode("<!doctype html><p>not here"), "folder/corrupt", /not a neighbours file/],
  ["another magic", shard(ENTRIES, { magic: "LKCD" }), "folder/corrupt", /not a neighbours file/],
  ["a header alone", good.subarray(0, 16), "folder/corrupt", /cut short/],
  ["a greater version", shard(ENTRIES, { version: 2 }), "folder/newer-version", /version 2/],
  ["another number of metrics", shard([{ ...entry, numbers: [1, 2], distances: [1, 2] }], { metrics: 1 }), "folder/corrupt", /metrics/],
  ["one byte less", good.subarray(0, -1), "folder/corrupt", /length/],
  ["one byte more", Uint8Array.of(...good, 0), "folder/corrupt", /length/],
  ["counts that promise gigabytes", patched(12, 0xffffffff), "folder/corrupt", /length/],
  ["more products than bytes", patched(8, 0xffffffff), "folder/corrupt", /cut short/],
  ["a flipped bit", flipped(good, good.length - 10), "folder/corrupt", /checksum/],
  ["a product out of range", shard([{ ...entry, item: 3 }]), "folder/corrupt", /out of range/],
  ["a neighbour out of range", shard([{ ...entry, numbers: [1, 2, 1, 2, 2, 3] }]), "folder/corrupt", /out of range/],
  ["an id that is not UTF-8", shard([{ ...entry, id: Uint8Array.of(0x68, 0xff) }]), "folder/corrupt", /UTF-8/],
];
for (const [name, bytes, code, message] of refusals) {
  test(`refused: ${name}`, () => {
    assert.throws(() => read(bytes), { code, message, file: "0.bin" });
  });
}

/** @param {number} at @param {number} value */
function patched(at, value) {
  const bytes = good.slice(0, -4);
  new DataView(bytes.buffer).setUint32(at, value, true);
  return sealed(bytes);
}

/** @param {Uint8Array} bytes @param {number} at */
function flipped(bytes, at) {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}
