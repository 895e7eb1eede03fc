/** Texts: each language says all that English says, with the same blanks to fill; the shop's own come first. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Texts, teach, textsOf } from "../page/texts.js";
import { later } from "../page/texts_later.js";

teach(later);

const LANGUAGES = readdirSync(new URL("../page/languages/", import.meta.url)).map((name) => name.replace(".js", ""));
const EARLY = ["heading", "shown", "product", "distance", "none", "retry", "choose", "camera", "orDrop", "private"];
const KEYS = /** @type {import("../page/texts.js").Text[]} */ ([...EARLY, ...Object.keys(later).filter((key) => key !== "errors")]);
const CODES = ["folder", "folder/unreachable", "folder/newer-version", "widget", "other", ...Object.keys(later.errors)];
const blanks = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(([blank]) => blank).sort();

test("every language is found by its name and says everything", async () => {
  assert.ok(LANGUAGES.length >= 8, `${LANGUAGES.length} languages beside English`);
  const english = await textsOf("en");
  for (const lang of LANGUAGES) {
    const { default: entries } = await import(`../page/languages/${lang}.js`);
    assert.equal((await textsOf(`${lang}-XX`)).lang, lang, `${lang} is in the list of texts.js`);
    assert.deepEqual(Object.keys(entries).sort(), [...KEYS, "errors"].sort(), lang);
    assert.deepEqual(Object.keys(entries.errors).sort(), [...CODES].sort(), `errors in ${lang}`);
    for (const key of KEYS) {
      if (key === "shown") continue;
      assert.deepEqual(blanks(entries[key]), blanks(english.get(key, values)), `${key} in ${lang}`);
      assert.ok(entries[key].trim(), `${key} in ${lang}`);
    }
  }
});

/** Blanks stay what they are. */
const values = new Proxy({}, { get: (_, name) => `{${String(name)}}` });

test("each language has the plural forms it needs", async () => {
  for (const lang of LANGUAGES) {
    const texts = await textsOf(lang);
    const { default: entries } = await import(`../page/languages/${lang}.js`);
    const rules = new Intl.PluralRules(lang);
    for (const count of [0, 1, 2, 3, 5, 8, 11, 21, 22, 25, 100, 200]) {
      // French, Spanish, Italian and Portuguese have a form for millions that no page needs.
      assert.ok(entries.shown[rules.select(count)], `${count} in ${lang}`);
      const said = texts.get("shown", { count });
      assert.ok(!said.includes("{") && !said.includes("undefined"), said);
    }
  }
  const polish = await textsOf("pl");
  assert.deepEqual([1, 3, 8, 22].map((count) => polish.get("shown", { count })), [
    "1 podobny produkt.",
    "3 podobne produkty.",
    "8 podobnych produktów.",
    "22 podobne produkty.",
  ]);
});

test("a language nobody speaks here is English", async () => {
  for (const lang of ["", "en-GB", "tlh", "constructor", "../texts", "x".repeat(50)]) {
    const texts = await textsOf(lang);
    assert.equal(texts.lang, "en", lang);
    assert.equal(texts.get("retry"), "Try again");
  }
});

test("the shop's own texts come before all, in any language", async () => {
  const own = { choose: "Show us", shown: "Found some", errors: { photo: "No." } };
  for (const lang of ["en", "de"]) {
    const texts = await textsOf(lang, own);
    assert.equal(texts.get("choose"), "Show us");
    assert.equal(texts.get("shown", { count: 1 }), "Found some");
    assert.equal(texts.error("photo/damaged"), "No.");
    assert.notEqual(texts.error("photo/too-large"), "No.");
  }
  assert.equal((await textsOf("de", own)).get("retry"), "Noch einmal versuchen");
});

test("an error is told by its code, its kind, or as something", () => {
  const texts = new Texts("en");
  assert.equal(texts.error("photo/too-large"), later.errors["photo/too-large"]);
  assert.equal(texts.error("photo/damaged"), later.errors.photo);
  assert.equal(texts.error("never/heard-of"), "Something went wrong. Please try again.");
});
