/** The size of a JPEG from headers put together by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jpegSize } from "../worker/jpeg_size.js";

const START = [0xff, 0xd8];
/** @param {number} marker @param {number[]} content */
const segment = (marker, content) => [0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content];
/** A frame of 8160x6144. */
const FRAME = [8, 0x18, 0x00, 0x1f, 0xe0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
const SIZE = { width: 8160, height: 6144 };

test("baseline and progressive, after whatever comes before", () => {
  const exif = segment(0xe1, Array(3000).fill(0xc0));
  const huffman = segment(0xc4, [0, 1, 2, 3]);
  for (const marker of [0xc0, 0xc1, 0xc2]) {
    assert.deepEqual(jpegSize(Uint8Array.from([...START, ...exif, ...huffman, 0xff, ...segment(marker, FRAME)])), SIZE);
  }
});

test("what is no JPEG, or ends before its frame, has none", () => {
  const whole = [...START, ...segment(0xe0, [1, 2, 3]), ...segment(0xc0, FRAME)];
  assert.deepEqual(jpegSize(Uint8Array.from(whole)), SIZE);
  for (let length = 0; length < 15; length++) assert.equal(jpegSize(Uint8Array.from(whole.slice(0, length))), undefined);
  for (const bytes of [[], [0x89, 0x50], [...START, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [...START, ...Array(40).fill(0xff)]]) {
    assert.equal(jpegSize(Uint8Array.from(bytes)), undefined);
  }
  // A segment that says it has no length is no endless loop.
  assert.equal(jpegSize(Uint8Array.from([...START, ...Array(9).fill([0xff, 0xe0, 0, 0]).flat()])), undefined);
});
