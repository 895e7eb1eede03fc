/** The worker's downloads and their progress, as far as they need no wasm. */
/** @import { Progress } from "../shared/types.js" */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { download } from "../worker/download.js";
import { Loading } from "../worker/loading.js";

const URL_ = new URL("https://shop.example/lookalike/part-000.bin");

/** @param {BodyInit} body @param {ResponseInit} [init] */
const answer = (body, init) => (globalThis.fetch = async () => new Response(body, init));

/** A body in several pieces. @param {string[]} pieces */
const stream = (pieces) => new Blob(pieces).stream();

/** @param {number} [bytes] */
const get = (bytes) => download(URL_, "part-000.bin", { bytes, onBytes: () => {} });

test("a file arrives whole and counts up", async () => {
  answer(stream(["ab", "cde"]));
  let last = 0;
  const bytes = await download(URL_, "part-000.bin", { bytes: 5, onBytes: (loaded) => (last = loaded) });
  assert.equal(new TextDecoder().decode(bytes), "abcde");
  assert.equal(last, 5);
});

test("longer or shorter than promised is refused", async () => {
  answer("abcdef");
  await assert.rejects(get(5), { code: "folder/corrupt", file: "part-000.bin", message: /longer/ });
  answer("abcd");
  await assert.rejects(get(5), { code: "folder/corrupt", message: /4 bytes instead of 5/ });
});

test("an endless file is left at its promised length", async () => {
  let sent = 0;
  answer(
    new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    }),
  );
  await assert.rejects(get(5000), { code: "folder/corrupt" });
  assert.ok(sent < 20_000);
});

test("only ok is an answer; a broken connection is told as one", async () => {
  answer("<p>not here", { status: 404 });
  await assert.rejects(get(), { code: "folder/missing", file: "part-000.bin" });
  let tries = 0;
  globalThis.fetch = async () => {
    tries += 1;
    return new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError("reset")) }));
  };
  await assert.rejects(get(), { code: "folder/unreachable", message: /reset/ });
  assert.equal(tries, 2);
});

test("hosts that do not say 404 of what is not there", async () => {
  const init = { headers: { "content-type": "text/html; charset=utf-8" } };
  for (const status of [200, 401, 403, 404, 410]) {
    answer("<p>Our shop", { status, ...init });
    await assert.rejects(get(), { code: "folder/missing", file: "part-000.bin" }, String(status));
  }
  for (const status of [408, 429, 500, 503]) {
    answer("", { status });
    await assert.rejects(get(), { code: "folder/unreachable" }, String(status));
  }
});

test("a connection on which nothing comes is given up and tried again; bytes never count back", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let tries = 0;
    globalThis.fetch = (_, init) => {
      tries += 1;
      const { signal } = /** @type {{ signal: AbortSignal }} */ (init);
      if (tries === 3) return Promise.resolve(new Response("abcd"));
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        // The first answers, and breaks off after two bytes; the second does not answer at all.
        const part = { start: (/** @type {ReadableStreamDefaultController} */ to) => {
          to.enqueue(new TextEncoder().encode("ab"));
          signal.addEventListener("abort", () => to.error(signal.reason));
        } };
        if (tries === 1) resolve(new Response(new ReadableStream(part)));
      });
    };
    const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const silence = async () => {
      await settle();
      mock.timers.tick(15_000);
      await settle();
    };
    const failed = get().catch((error) => error);
    await silence();
    await silence();
    const { code, message } = await failed;
    assert.deepEqual([code, tries], ["folder/unreachable", 2]);
    assert.match(message, /nothing came for 15 seconds/);

    tries = 0;
    /** @type {number[]} */
    const counted = [];
    const first = download(URL_, "x", { bytes: 4, onBytes: (loaded) => counted.push(loaded) });
    await settle();
    tries = 2;
    await silence();
    assert.equal(new TextDecoder().decode(await first), "abcd");
    assert.deepEqual(counted, [2, 4]);
  } finally {
    mock.timers.reset();
  }
});

test("the length of a compressed answer is not taken for the file's", async () => {
  /** @type {(number | undefined)[]} */
  const totals = [];
  const onBytes = (/** @type {number} */ _, /** @type {number | undefined} */ total) => totals.push(total);
  answer("abc", { headers: { "content-length": "3" } });
  await download(URL_, "x", { onBytes });
  answer("abc", { headers: { "content-length": "2", "content-encoding": "br" } });
  await download(URL_, "x", { onBytes });
  assert.deepEqual(totals, [3, undefined]);
});

test("one fraction over all files: never back, never over the downloads' share, a retry included", () => {
  /** @type {Progress[]} */
  const told = [];
  const loading = new Loading((progress) => told.push(progress));
  loading.expect("a", 100);
  loading.expect("b", 300);
  for (let n = 0; n < 50; n++) loading.add("a", 1);
  loading.expect("a", 100);
  for (let n = 0; n < 150; n++) loading.add("a", 1); // more than it was guessed to have
  loading.add("b", 300);
  assert.ok(told.every(({ total }) => total === 400));
  assert.ok(told.every(({ fraction }, n) => n === 0 || fraction > told[n - 1].fraction));
  assert.equal(told.at(-1)?.loaded, 400);
  assert.equal(told.at(-1)?.fraction, 0.9);
  const before = told.length;
  loading.add("b", 1);
  assert.equal(told.length, before);
});

test("a load after one that is done begins from nothing", () => {
  /** @type {Progress[]} */
  const told = [];
  const loading = new Loading((progress) => told.push(progress));
  loading.expect("ranker", 100);
  loading.add("ranker", 100);
  loading.expect("embedder", 300);
  loading.expect("network", 100);
  loading.add("embedder", 100);
  assert.deepEqual(told.map(({ fraction, total }) => [fraction, total]), [[0.9, 100], [0.225, 400]]);
});

test("a thousand chunks are not a thousand messages", () => {
  let told = 0;
  const loading = new Loading(() => told++);
  loading.expect("network", 40e6);
  for (let n = 0; n < 4000; n++) loading.add("network", 1e4);
  assert.ok(told > 50 && told < 250, `${told} messages`);
});
