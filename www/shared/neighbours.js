/** Reads a shard of exact neighbours, neighbours-<hash>/<shard>.bin (src/folder/FORMAT.md). */
/** @import { Manifest, Ranked } from "./types.js" */
import { corrupt, newerVersion } from "./errors.js";
import { readText } from "./files.js";

const VERSION = 1;
const MAGIC = 0x424e4b4c; // "LKNB", read as a little-endian u32

/** The hash that says in which shard an id lies, and the shard's checksum. @param {Uint8Array} bytes */
export function fnv1a32(bytes) {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** @param {string} id @param {number} shards */
export const shardOf = (id, shards) => fnv1a32(new TextEncoder().encode(id)) % shards;

/**
 * @typedef {object} Product
 * @property {number} item
 * @property {(metric: number) => Ranked[]} neighbours nearest first; `metric` counts in the manifest's order
 */

/**
 * Refuses in the order FORMAT.md gives, so that a reader in any language says the same of the same file.
 *
 * @param {Uint8Array} bytes
 * @param {Manifest} manifest
 * @param {string} file
 * @returns {Map<string, Product>}
 */
export function readNeighbours(bytes, manifest, file) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** @param {boolean} good @param {string} what */
  const need = (good, what = "cut short") => {
    if (!good) throw corrupt(file, what);
  };
  const u16 = (/** @type {number} */ at) => view.getUint16(at, true);
  const u32 = (/** @type {number} */ at) => view.getUint32(at, true);

  need(bytes.length >= 4 && u32(0) === MAGIC, "not a neighbours file");
  need(bytes.length >= 8);
  if (u16(4) > VERSION) throw newerVersion(file, u16(4));
  const metrics = u16(6);
  need(metrics === manifest.metrics.length, "not of this manifest (number of metrics)");
  need(bytes.length >= 20);

  const count = u32(8);
  const each = u32(12);
  const end = bytes.length - 4;
  let at = 16;
  const entries = [];
  for (let n = 0; n < count; n++) {
    need(at + 6 <= end);
    const start = at + 6;
    entries.push({ item: u32(at), id: bytes.subarray(start, start + u16(at + 4)) });
    at = start + u16(at + 4);
  }
  const numbers = Math.ceil(at / 4) * 4;
  const distances = numbers + count * metrics * each * 4;
  need(distances + count * metrics * each * 4 === end, "its length is not what its counts say");
  need(fnv1a32(bytes.subarray(0, end)) === u32(end), "damaged (checksum)");
  const items = entries.map(({ item }) => item);
  for (let n = numbers; n < distances; n += 4) items.push(u32(n));
  need(items.every((item) => item < manifest.items), "item number out of range");

  return new Map(
    entries.map(({ item, id }, row) => [
      readText(id, file),
      {
        item,
        neighbours: (metric) =>
          Array.from({ length: each }, (_, rank) => {
            const offset = ((row * metrics + metric) * each + rank) * 4;
            return { item: u32(numbers + offset), distance: view.getFloat32(distances + offset, true) };
          }),
      },
    ]),
  );
}
