/** Addresses on cards come from a catalogue that anyone may have written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { thumbnailUrl, webUrl } from "../page/cards.js";

const PAGE = "https://shop.example/tees/";

test("links go to the web, and nowhere else", () => {
  assert.equal(webUrl("875317.html", PAGE), "https://shop.example/tees/875317.html");
  assert.equal(webUrl("/p/1?a=b#c", PAGE), "https://shop.example/p/1?a=b#c");
  assert.equal(webUrl("http://other.example/1", PAGE), "http://other.example/1");
  const hostile = ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "blob:x", "https://[", ""];
  for (const address of hostile) assert.equal(webUrl(address, PAGE), undefined, address);
  assert.equal(webUrl(undefined, PAGE), undefined);
});

test("thumbnails are of the folder", () => {
  const folder = new URL("https://shop.example/lookalike/");
  assert.equal(thumbnailUrl("thumbnails/ab/ab12.jpg", folder), "https://shop.example/lookalike/thumbnails/ab/ab12.jpg");
  for (const path of ["../tracker.gif", "/tracker.gif", "//evil.example/x.jpg", "https://evil.example/x.jpg", "thumbnails/../../x.jpg"]) {
    assert.equal(thumbnailUrl(path, folder), undefined, path);
  }
  assert.equal(thumbnailUrl(undefined, folder), undefined);
});
