/** What there is to filter by, read from a columns file as FORMAT.md has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, readColumns } from "../shared/columns.js";

const FILE = "columns-0123456789abcdef.json";
const bytes = (/** @type {unknown} */ value) => new TextEncoder().encode(JSON.stringify(value));
const COLUMNS = [
  { name: "colour", kind: "text", distinct: 3, values: [["blue", 2], ["grün", 1], ["red", 7]] },
  { name: "price", kind: "number", quantiles: [1, 2.5, 19.9] },
  { name: "when", kind: "date", of: "a later version" },
];
const code = (/** @type {() => unknown} */ read) => {
  try {
    read();
  } catch (error) {
    return /** @type {any} */ (error).code;
  }
};

test("texts have their counts, numbers their quantiles, and what is not known is passed over", () => {
  assert.deepEqual(readColumns(bytes({ columns: COLUMNS }), FILE), [
    { name: "colour", values: ["blue", "grün", "red"], counts: [2, 1, 7] },
    { name: "price", values: [1, 2.5, 19.9] },
  ]);
});

test("a folder's file is fetched once, and again after a failure", async () => {
  let fetched = 0;
  let broken = true;
  const fetch = async (/** @type {string} */ file) => {
    fetched += 1;
    assert.equal(file, FILE);
    if (broken) throw new Error("unreachable");
    return bytes({ columns: COLUMNS });
  };
  const folder = /** @type {any} */ ({ manifest: { columns: { path: FILE } }, fetch });
  await assert.rejects(columnsOf(folder), /unreachable/);
  broken = false;
  assert.equal((await columnsOf(folder)).length, 2);
  assert.equal((await columnsOf(folder)).length, 2);
  assert.equal(fetched, 2);
  assert.deepEqual(await columnsOf(/** @type {any} */ ({ manifest: {}, fetch })), []);
});

test("what is not as the format says is refused", () => {
  for (const wrong of [null, [], {}, { columns: {} }, { columns: [null] }, { columns: [{ kind: "text", values: [] }] }]) {
    assert.equal(code(() => readColumns(bytes(wrong), FILE)), "folder/corrupt", JSON.stringify(wrong));
  }
  for (const column of [{ kind: "text" }, { kind: "text", values: ["red"] }, { kind: "text", values: [["red"]] }, { kind: "number", quantiles: ["1"] }, { kind: "number" }]) {
    assert.equal(code(() => readColumns(bytes({ columns: [{ name: "a", ...column }] }), FILE)), "folder/corrupt", JSON.stringify(column));
  }
  assert.equal(code(() => readColumns(new TextEncoder().encode("{"), FILE)), "folder/corrupt");
});
