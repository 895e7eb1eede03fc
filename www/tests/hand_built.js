/** A folder built by hand, byte for byte as src/folder/FORMAT.md says, and a `fetch` that serves it. */
/** @import { Manifest } from "../shared/types.js" */
import { fnv1a32, shardOf } from "../shared/neighbours.js";

export const ROOT = "https://shop.example/lookalike/";
const HASH = "0123456789abcdef";
export const METRICS = ["cosine", "euclidean", "manhattan"];

/** @param {string} kind */
const file = (kind) => ({ path: `${kind}-${HASH}.bin`, bytes: 100, sha256: "a".repeat(64) });

/** @returns {Manifest & Record<string, any>} */
export const manifest = (items = 3, shards = 2) => ({
  format: "lookalike",
  version: 2,
  items,
  metrics: METRICS,
  neighbours: { path: `neighbours-${HASH}`, shards, each: 2 },
  cards: { path: `cards-${HASH}`, shards: Math.ceil(items / 2), per_shard: 2 },
  codec: file("codec"),
  codes: file("codes"),
  refinement: file("refinement"),
  colours: file("colours"),
  network: { path: `network-${HASH}`, sha256: "b".repeat(64), name: "slim", trained: false, bytes: 1000 },
});

/** @typedef {{ item: number, id: string | Uint8Array, numbers: number[], distances: number[] }} Entry */

/**
 * @param {Entry[]} entries
 * @param {{ each?: number, metrics?: number, version?: number, magic?: string }} [header]
 */
export function shard(entries, { each = 2, metrics = 3, version = 1, magic = "LKNB" } = {}) {
  /** @type {number[]} */
  const out = [...new TextEncoder().encode(magic)];
  const u16 = (/** @type {number} */ n) => out.push(n & 255, n >> 8);
  const u32 = (/** @type {number} */ n) => out.push(n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24);
  u16(version), u16(metrics), u32(entries.length), u32(each);
  for (const { item, id } of entries) {
    const bytes = typeof id === "string" ? new TextEncoder().encode(id) : id;
    u32(item), u16(bytes.length), out.push(...bytes);
  }
  while (out.length % 4) out.push(0);
  for (const entry of entries) entry.numbers.forEach(u32);
  for (const entry of entries) out.push(...new Uint8Array(new Float32Array(entry.distances).buffer));
  return sealed(new Uint8Array(out));
}

/** @param {Uint8Array} bytes without its checksum */
export function sealed(bytes) {
  const whole = new Uint8Array(bytes.length + 4);
  whole.set(bytes);
  new DataView(whole.buffer).setUint32(bytes.length, fnv1a32(bytes), true);
  return whole;
}

/** The three products of the hand-built catalogue. @type {Entry[]} */
export const ENTRIES = [
  { item: 0, id: "hat", numbers: [1, 2, 1, 2, 2, 1], distances: [0.25, 0.5, 1, 2, 8, 16] },
  { item: 1, id: "tee", numbers: [0, 2, 0, 2, 0, 2], distances: [0.25, 0.75, 1, 3, 16, 24] },
  { item: 2, id: "täsche", numbers: [0, 1, 0, 1, 0, 1], distances: [0.5, 0.75, 2, 3, 8, 24] },
];

/** @param {string} id */
export const card = (id) => ({ id, width: 240, height: 320, title: `The ${id}` });

/** @returns {Record<string, string | Uint8Array>} */
export function files(entries = ENTRIES) {
  const { neighbours, cards } = manifest();
  const text = (/** @type {unknown} */ value) => JSON.stringify(value);
  /** @type {Record<string, string | Uint8Array>} */
  const all = {
    "manifest.json": text(manifest()),
    [`${cards.path}/0.json`]: text([card("hat"), card("tee")]),
    [`${cards.path}/1.json`]: text([card("täsche")]),
  };
  for (let number = 0; number < neighbours.shards; number++) {
    const held = entries.filter(({ id }) => typeof id === "string" && shardOf(id, neighbours.shards) === number);
    all[`${neighbours.path}/${number}.bin`] = shard(held);
  }
  return all;
}

/**
 * Puts a server of these files in the place of `fetch`.
 *
 * @param {Record<string, string | Uint8Array>} served live: what is changed later is served changed
 * @returns {string[]} what was asked for
 */
export function serve(served) {
  /** @type {string[]} */
  const asked = [];
  globalThis.fetch = async (url) => {
    // A query gets past copies; files do not look at it.
    const path = String(url).replace(ROOT, "").split("?")[0];
    asked.push(path);
    return served[path] === undefined
      ? new Response("<p>not here", { status: 404 })
      : new Response(/** @type {BodyInit} */ (served[path]));
  };
  return asked;
}
