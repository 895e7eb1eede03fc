/** What there is to filter by, read from attributes files: one committed for good, and some laid out by hand as FORMAT.md says. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { readColumns } from "../shared/columns.js";

const GOLDEN = new URL("../../tests/golden/v2/", import.meta.url);
const golden = readdirSync(GOLDEN).find((name) => name.startsWith("attributes-")) ?? "";
const bytes = new Uint8Array(readFileSync(new URL(golden, GOLDEN)));

/** @param {(string | number | number[] | Uint8Array)[]} parts texts, bytes, or lists of bytes */
const laid = (...parts) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : typeof part === "number" ? [part] : [...part])));
const head = (/** @type {number} */ columns, items = 3) => laid("LKAT", 1, 0, columns, 0, items, 0, 0, 0);
const f64 = (/** @type {number[]} */ ...numbers) => {
  const raw = new Uint8Array(Float64Array.from(numbers).buffer);
  return Array.from({ length: raw.length }, (_, at) => raw[(at % numbers.length) * 8 + Math.floor(at / numbers.length)]);
};
const code = (/** @type {() => unknown} */ read) => {
  try {
    read();
  } catch (error) {
    return /** @type {any} */ (error).code;
  }
};

test("the committed file", () => {
  assert.deepEqual(readColumns(bytes, 3, golden), [
    { name: "colour", values: ["blue", "grün", "red"] },
    { name: "group", values: ["a", "b"] },
    { name: "price", values: [5, 19.9] },
  ]);
});

test("every kind, laid out by hand", () => {
  const lists = laid(4, "tags", 2, 2, 0, 0, 0, 1, 2, 0, 0, "xyz", 2, 0, 1, 1, 2, 2);
  // Minimum -5 in hundredths, one byte each: codes 1 and 246 are -0.05 and 2.4.
  const numbers = laid(4, "size", 3, 2, 0, 0, 0, 2, 251, 255, 255, 255, 255, 255, 255, 255, 1, 1, 246, 1, 2, 0);
  const numberLists = laid(1, "n", 4, 1, 0, 0, 0, 255, f64(0.1), 1, 0, 1, 1, 1);
  const plain = laid(1, "w", 5, 255, f64(2.5, Number.NaN, -1));
  const read = readColumns(laid(head(4), lists, numbers, numberLists, plain), 3, "attributes.bin");
  assert.deepEqual(read, [
    { name: "tags", values: ["x", "yz"] },
    { name: "size", values: [-0.05, 2.4] },
    { name: "n", values: [0.1] },
    { name: "w", values: [-1, 2.5] },
  ]);
});

test("more than 255 values take two bytes each", () => {
  const texts = Array.from({ length: 256 }, (_, n) => String.fromCharCode(0x100 + n));
  const wide = laid(1, "c", 1, 0, 1, 0, 0, new Uint8Array(256).fill(2), new Uint8Array(256), texts.join(""), 1, 2, 3, 0, 0, 0);
  const [{ values }] = readColumns(laid(head(1), wide), 3, "attributes.bin");
  assert.deepEqual(values, texts);
});

test("what is not as the format says is refused", () => {
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(code(() => readColumns(bytes.subarray(0, length), 3, golden)), "folder/corrupt", `${length} bytes`);
  }
  assert.equal(code(() => readColumns(laid(bytes, 0), 3, golden)), "folder/corrupt");
  assert.equal(code(() => readColumns(bytes, 4, golden)), "folder/corrupt");
  assert.equal(code(() => readColumns(laid("LKXX", bytes.subarray(4)), 3, golden)), "folder/corrupt");
  assert.equal(code(() => readColumns(laid("LKAT", 2, 0, bytes.subarray(6)), 3, golden)), "folder/newer-version");
  for (const kind of [0, 6]) assert.equal(code(() => readColumns(laid(head(1), 1, "c", kind, 0, 0, 0, 0, 0, 0, 0), 3, golden)), "folder/corrupt");
  const latin = laid(head(1), 1, "c", 1, 1, 0, 0, 0, 1, 0, 0xff, 1, 1, 1);
  assert.equal(code(() => readColumns(latin, 3, golden)), "folder/corrupt");
});
