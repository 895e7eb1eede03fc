/** The folder reader against a server of hand-built files: what it finds, refuses, remembers and forgets. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openFolder } from "../shared/folder.js";
import { checkRanking, readManifest } from "../shared/manifest.js";
import { ROOT, card, files, manifest, serve } from "./hand_built.js";

/** @type {Record<string, string | Uint8Array>} */
let served;
/** @type {string[]} */
let asked;

beforeEach(async () => {
  served = files();
  asked = serve(served);
  // Folders are shared by address for the life of a page: each test starts with a fresh one.
  (await openFolder(ROOT)).forget();
  asked.length = 0;
});

test("neighbours and their cards", async () => {
  const folder = await openFolder(ROOT);
  const found = await folder.neighbours("täsche", "manhattan", 8);
  assert.deepEqual(found, [{ item: 0, distance: 8 }, { item: 1, distance: 24 }]);
  assert.deepEqual(await folder.cards([2, 0]), [card("täsche"), card("hat")]);
  assert.equal((await folder.neighbours("hat", "cosine", 1)).length, 1);
});

test("one address however it is written, one manifest, each shard once", async () => {
  const [a, b] = await Promise.all([openFolder(ROOT), openFolder(`${ROOT.slice(0, -1)}?x#y`)]);
  assert.equal(a, b);
  await Promise.all(["cosine", "euclidean", "manhattan"].map((metric) => b.neighbours("hat", metric, 8)));
  await Promise.all([a.cards([0, 1]), a.cards([1, 0])]);
  assert.equal(new Set(asked).size, asked.length);
  assert.equal(asked.length, 3);
});

test("an unknown id, an unknown metric", async () => {
  const folder = await openFolder(ROOT);
  await assert.rejects(folder.neighbours("nobody", "cosine", 8), { code: "item/unknown" });
  await assert.rejects(folder.neighbours("hat", "hamming", 8), { code: "metric/unknown" });
});

test("what failed leaves no trace", async () => {
  const folder = await openFolder(ROOT);
  const lost = { ...served };
  for (const path of Object.keys(served)) delete served[path];
  await assert.rejects(folder.neighbours("hat", "cosine", 8), { code: "folder/missing", file: /^neighbours-.*\.bin$/ });
  await assert.rejects(folder.cards([0]), { code: "folder/missing", file: /^cards-.*\.json$/ });
  // A file that is gone means a new build, for which the controller opens the folder anew; a failure of that is not remembered.
  folder.forget();
  await assert.rejects(openFolder(ROOT), { code: "folder/missing", file: "manifest.json" });
  Object.assign(served, lost);
  assert.equal((await folder.neighbours("hat", "cosine", 8)).length, 2);
  assert.equal((await folder.cards([0]))[0].id, "hat");
  assert.notEqual(await openFolder(ROOT), folder);
});

test("no connection, and a server in trouble", async () => {
  const folder = await openFolder(ROOT);
  globalThis.fetch = async () => {
    throw new TypeError("failed to fetch");
  };
  await assert.rejects(folder.cards([0]), { code: "folder/unreachable" });
  globalThis.fetch = async () => new Response("", { status: 503 });
  await assert.rejects(folder.cards([0]), { code: "folder/unreachable", message: /503/ });
  serve(served);
  assert.equal(await openFolder(ROOT), folder);
  assert.equal((await folder.cards([0]))[0].id, "hat");
});

const shard0 = `${manifest().cards.path}/0.json`;
/** @type {[string, string | Uint8Array][]} */
const badCards = [
  ["a web page", "<p>not here"],
  ["not UTF-8", Uint8Array.of(0x5b, 0xff, 0x5d)],
  ["an object", "{}"],
  ["too few", JSON.stringify([card("hat")])],
  ["too many", JSON.stringify([card("hat"), card("tee"), card("cap")])],
  ["null", JSON.stringify([card("hat"), null])],
  ["no id", JSON.stringify([card("hat"), { ...card("tee"), id: 7 }])],
  ["no height", JSON.stringify([card("hat"), { ...card("tee"), height: undefined }])],
  ["a width of nothing", JSON.stringify([card("hat"), { ...card("tee"), width: 0 }])],
  ["a title that is no text", JSON.stringify([card("hat"), { ...card("tee"), title: {} }])],
  ["attributes that are no text", JSON.stringify([card("hat"), { ...card("tee"), attributes: { size: 4 } }])],
];
for (const [name, body] of badCards) {
  test(`cards refused: ${name}`, async () => {
    served[shard0] = body;
    const folder = await openFolder(ROOT);
    await assert.rejects(folder.cards([0]), { code: "folder/corrupt", file: shard0 });
  });
}

const ADAPTATION = { path: "adaptation-0123456789abcdef.bin", bytes: 20, sha256: "c".repeat(64) };
/** @type {[string, (manifest: any) => void, string?][]} */
const badManifests = [
  ["another format", (m) => (m.format = "pagefind")],
  ["a greater version", (m) => (m.version = 6), "folder/newer-version"],
  ["partitions in a version that has none", (m) => (m.partitions = { path: "partitions-0123456789abcdef", count: 2 })],
  ["no partitions in the version that has them", (m) => (m.version = 3)],
  ["partitions elsewhere", (m) => Object.assign(m, { version: 3, partitions: { path: "../partitions" } })],
  ["an adaptation in a version that has none", (m) => (m.adaptation = ADAPTATION)],
  ["no adaptation in the version that has one", (m) => (m.version = 4)],
  ["products in a version that has none", (m) => (m.products = { count: 2, column: "#product" })],
  ["no products in the version that has them", (m) => (m.version = 5)],
  ["an adaptation elsewhere", (m) => Object.assign(m, { version: 4, adaptation: { ...ADAPTATION, path: "../a.bin" } })],
  ["an adaptation without a digest", (m) => Object.assign(m, { version: 4, adaptation: { ...ADAPTATION, sha256: "" } })],
  ["an older version", (m) => (m.version = 1)],
  ["no version", (m) => delete m.version],
  ["no items", (m) => (m.items = 0)],
  ["items by halves", (m) => (m.items = 1.5)],
  ["no metrics", (m) => (m.metrics = [])],
  ["metrics that are no text", (m) => (m.metrics = [1])],
  ["neighbours on another host", (m) => (m.neighbours.path = "//evil.example/neighbours-0123456789abcdef")],
  ["cards up the tree", (m) => (m.cards.path = "../cards-0123456789abcdef")],
  ["no shards", (m) => (m.neighbours.shards = 0)],
  ["cards that do not add up", (m) => (m.cards.shards = 7)],
  ["codes without a digest", (m) => delete m.codes.sha256],
  ["codes of negative length", (m) => (m.codes.bytes = -1)],
  ["no network", (m) => delete m.network],
];
for (const [name, spoil, code = "folder/corrupt"] of badManifests) {
  test(`manifest refused: ${name}`, () => {
    const spoilt = manifest();
    spoil(spoilt);
    const bytes = new TextEncoder().encode(JSON.stringify(spoilt));
    assert.throws(() => checkRanking(readManifest(bytes)), { code, file: "manifest.json" });
  });
}

test("products of several photos are read whatever else there is", () => {
  const products = { count: 2, column: "#product" };
  for (const more of [{}, { adaptation: ADAPTATION }]) {
    const text = JSON.stringify({ ...manifest(), version: 5, products, ...more });
    assert.deepEqual(readManifest(new TextEncoder().encode(text)).products, products);
  }
});

test("an adaptation is read with partitions and without", () => {
  for (const more of [{}, { partitions: { path: "partitions-0123456789abcdef", count: 2 } }]) {
    const adapted = { ...manifest(), version: 4, adaptation: ADAPTATION, ...more };
    assert.deepEqual(readManifest(new TextEncoder().encode(JSON.stringify(adapted))).adaptation, ADAPTATION);
  }
});

test("fields of a later manifest are passed over", () => {
  const later = { ...manifest(), colour: { path: "colour-0123456789abcdef" } };
  assert.equal(readManifest(new TextEncoder().encode(JSON.stringify(later))).items, 3);
});
