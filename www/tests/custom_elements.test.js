/** The custom elements manifest says what the element has, no more and no less. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

globalThis.HTMLElement = /** @type {any} */ (class {});
const { readContract } = await import("../custom-elements.mjs");
const { Attributes } = await import("../page/attributes.js");

const page = new URL("../page/", import.meta.url);
const read = (/** @type {string} */ name) => readFileSync(new URL(name, page), "utf8");
const contract = readContract(read("element.js"));
const source = readdirSync(page).filter((name) => name.endsWith(".js")).map(read).join("\n");
const code = source.replace(/\/\*\*[^]*?\*\//g, "");

/** @param {Iterable<string>} names */
const sorted = (names) => [...new Set(names)].sort();
/** @param {string} text @param {RegExp} pattern */
const matches = (text, pattern) => sorted([...text.matchAll(pattern)].map(([, name]) => name));
/** @param {{ name: string }[]} list */
const names = (list) => sorted(list.map(({ name }) => name));

test("attributes are those observed, each with a word on it", () => {
  assert.deepEqual(names(contract.attributes), sorted(Attributes.observedAttributes));
  assert.ok(contract.attributes.every(({ description }) => description.length > 10));
});

test("events are those that the types name", () => {
  assert.deepEqual(names(contract.events), matches(read("events.d.ts"), /"(mlt-[a-z]+)":/g));
});

test("slots and custom properties are those in use", () => {
  assert.ok(contract.slots.length >= 2 && contract.slots.includes(""));
  const named = matches(code, /make\("slot", \{ name: "([a-z]+)"/g);
  for (const name of named) assert.ok(contract.slots.includes(name), `the slot ${name}`);
  assert.deepEqual(sorted(contract.cssProperties), matches(code, /var\((--mlt-[a-z-]+)/g));
});

test("parts are words of the code", () => {
  assert.ok(contract.parts.length > 20);
  for (const part of contract.parts) {
    const stem = part.replace(/-\d$/, "-");
    assert.ok(code.includes(stem), `the part ${part}`);
  }
});
