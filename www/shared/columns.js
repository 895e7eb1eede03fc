/** Reads what values there are to filter by from attributes-<hash>.bin (src/folder/FORMAT.md); which product has which it leaves. */
/** @import { Folder } from "./folder.js" */
import { corrupt, newerVersion } from "./errors.js";

const MAGIC = 0x54414b4c; // "LKAT", read as a little-endian u32
const VERSION = 1;
const [TEXT, TEXTS, NUMBER, , PLAIN] = [1, 2, 3, 4, 5];
const MISSING = 0x7ff8000000000000n;

/** @typedef {{ name: string, values: string[] | number[] }} Column ascending; texts and the values of lists once each */

/** @type {WeakMap<Folder, Promise<Column[]>>} */
const read = new WeakMap();

/** @param {Folder} folder */
export function columnsOf(folder) {
  const { attributes, items } = folder.manifest;
  if (!attributes) return Promise.resolve([]);
  const known = read.get(folder);
  if (known) return known;
  const columns = folder.fetch(attributes.path).then((bytes) => readColumns(bytes, items, attributes.path));
  read.set(folder, columns);
  columns.catch(() => read.delete(folder));
  return columns;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} items
 * @param {string} file
 * @returns {Column[]}
 */
export function readColumns(bytes, items, file) {
  const at = new Reader(bytes, file);
  if (at.u32() !== MAGIC) throw corrupt(file, "not an attributes file");
  const version = at.u16();
  if (version > VERSION) throw newerVersion(file, version);
  const count = at.u16();
  if (at.u32() !== items) throw corrupt(file, "not of this manifest (number of items)");
  const columns = Array.from({ length: count }, () => readColumn(at, items));
  if (!at.done) throw corrupt(file, "its length is not what its counts say");
  return columns;
}

/** @param {Reader} at @param {number} items @returns {Column} */
function readColumn(at, items) {
  const name = at.text(at.u8());
  const kind = at.u8();
  if (kind < TEXT || kind > PLAIN) throw at.corrupt(`a kind ${kind} that is not known`);
  if (kind === PLAIN) return { name, values: at.packed(items).sort((a, b) => a - b) };
  const distinct = at.u32();
  const values = kind <= TEXTS ? at.texts(distinct) : at.packed(distinct);
  let codes = items;
  if (kind !== TEXT && kind !== NUMBER) codes = at.bytes(items).reduce((sum, each) => sum + each, 0);
  at.bytes(codes * (distinct <= 0xff ? 1 : distinct <= 0xffff ? 2 : 4));
  return { name, values };
}

class Reader {
  #bytes;
  #file;
  #at = 0;

  /** @param {Uint8Array} bytes @param {string} file */
  constructor(bytes, file) {
    this.#bytes = bytes;
    this.#file = file;
  }

  get done() {
    return this.#at === this.#bytes.length;
  }

  /** @param {string} what */
  corrupt(what) {
    return corrupt(this.#file, what);
  }

  /** @param {number} count */
  bytes(count) {
    if (count > this.#bytes.length - this.#at) throw this.corrupt("cut short");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  u8() {
    return this.bytes(1)[0];
  }
  u16() {
    return this.u8() | (this.u8() << 8);
  }
  u32() {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  /** @param {number} count */
  text(count) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(count));
    } catch (error) {
      throw error instanceof TypeError ? this.corrupt("not UTF-8") : error;
    }
  }

  /** @param {number} count */
  texts(count) {
    return [...this.#planes(count, 2)].map((length) => this.text(Number(length)));
  }

  /** Numbers in their order, those that are missing left out. @param {number} count */
  packed(count) {
    const scale = this.u8();
    if (scale === 255) {
      const bits = new DataView(new ArrayBuffer(8));
      return [...this.#planes(count, 8)].filter((pattern) => pattern !== MISSING).map((pattern) => {
        bits.setBigUint64(0, pattern);
        return bits.getFloat64(0);
      });
    }
    if (scale > 15) throw this.corrupt(`a scale ${scale} that is not known`);
    const low = this.bytes(8);
    const minimum = new DataView(low.buffer, low.byteOffset, 8).getBigInt64(0, true);
    const width = this.u8();
    if (![1, 2, 4, 8].includes(width)) throw this.corrupt(`a width ${width} that is not known`);
    return [...this.#planes(count, width)].filter((code) => code > 0n).map((code) => Number(minimum + code - 1n) / 10 ** scale);
  }

  /** Numbers of `width` bytes, the lowest byte of all first. @param {number} count @param {number} width */
  *#planes(count, width) {
    const planes = this.bytes(count * width);
    for (let n = 0; n < count; n++) {
      let number = 0n;
      for (let byte = width - 1; byte >= 0; byte--) number = (number << 8n) | BigInt(planes[byte * count + n]);
      yield number;
    }
  }
}
