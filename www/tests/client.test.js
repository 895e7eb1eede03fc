/** The worker's client with a worker that does what the test says: sharing, latest wins, abort, crash, idling. */
/** @import { Progress, Reply, Request } from "../shared/types.js" */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Client } from "../page/client.js";
import { LookalikeError } from "../shared/errors.js";
import { manifest } from "./hand_built.js";

class FakeWorker {
  /** @type {Request[]} */
  requests = [];
  ended = false;
  /** @type {(event: { data: Reply }) => void} */
  onmessage = () => {};
  /** @type {(event: { message: string, preventDefault(): void }) => void} */
  onerror = () => {};
  postMessage(/** @type {Request} */ request) {
    this.requests.push(request);
  }
  terminate() {
    this.ended = true;
  }
  say(/** @type {Reply} */ data) {
    this.onmessage({ data });
  }
  /** @param {Request["op"]} op */
  ids(op) {
    return this.requests.flatMap((request) => (request.op === op && "id" in request ? [request.id] : []));
  }
}

/** @type {FakeWorker[]} */
let workers;
/** @type {Client} */
let client;
const EMBEDDING = Float32Array.of(1, 2);
const LIKE = { embedding: EMBEDDING, colours: new Uint8Array(24) };
const DESCRIBED = { ...LIKE, width: 4, height: 3, object: { x: 0, y: 0, width: 1, height: 1 } };
const photo = (text = "x") => new Blob([text]);
/** Lets promises settle that take turns of the event loop. */
const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const progress = (/** @type {number} */ fraction) =>
  /** @type {Progress} */ ({ stage: "loading", loaded: 0, total: 1, fraction });
/** @param {Promise<unknown>} promise */
const codeOf = (promise) => promise.then(() => "done", (error) => error.code);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  workers = [];
  const folder = /** @type {any} */ ({
    url: new URL("https://shop.example/lookalike/"),
    manifest: manifest(),
    find: async (/** @type {string} */ id) => {
      if (id === "sold out") throw new LookalikeError("item/unknown", "no product");
      return { item: 7 };
    },
  });
  client = new Client(folder, {}, () => {
    workers.push(new FakeWorker());
    return /** @type {any} */ (workers.at(-1));
  });
});

test("one photo is embedded once for all who ask, and remembered", async () => {
  const one = photo();
  const all = [client.embed(one), client.embed(one), client.embed(one)];
  await settle();
  assert.deepEqual(workers[0].requests.map(({ op }) => op), ["open", "embed"]);
  workers[0].say({ id: workers[0].ids("embed")[0], result: DESCRIBED });
  assert.deepEqual(await Promise.all(all), [DESCRIBED, DESCRIBED, DESCRIBED]);
  assert.equal(await client.embed(one), DESCRIBED);
  assert.equal(workers[0].ids("embed").length, 1);
});

test("answers find their calls in any order", async () => {
  const cosine = client.rank(LIKE, { metric: "cosine", limit: 1 });
  const euclidean = client.rank(LIKE, { metric: "euclidean", limit: 1 });
  const [first, second] = workers[0].ids("rank");
  workers[0].say({ id: second, result: [{ item: 2, distance: 2 }] });
  workers[0].say({ id: first, result: [{ item: 1, distance: 1 }] });
  assert.deepEqual([(await cosine)[0].item, (await euclidean)[0].item], [1, 2]);
});

test("progress reaches everyone who waits, late ones too", async () => {
  const one = photo();
  /** @type {string[]} */
  const heard = [];
  client.embed(one, { onProgress: ({ fraction }) => heard.push(`a${fraction}`) });
  await settle();
  workers[0].say({ progress: progress(0.25) });
  client.embed(one, { onProgress: ({ fraction }) => heard.push(`b${fraction}`) });
  workers[0].say({ id: workers[0].ids("embed")[0], progress: progress(0.5) });
  assert.deepEqual(heard, ["a0.25", "b0.25", "a0.5", "b0.5"]);
});

test("latest wins: the older photo is dropped, the worker and its network stay", async () => {
  const older = new AbortController();
  const abandoned = codeOf(client.embed(photo("old"), { signal: older.signal }));
  await settle();
  older.abort();
  assert.equal(await abandoned, "aborted");
  const newer = client.embed(photo("new"));
  await settle();
  mock.timers.tick(1000);
  const [first, second] = workers[0].ids("embed");
  assert.deepEqual(workers[0].ids("drop"), [first]);
  workers[0].say({ id: first, result: { ...DESCRIBED, width: 9 } });
  workers[0].say({ id: second, result: DESCRIBED });
  assert.equal(await newer, DESCRIBED);
  assert.deepEqual([workers.length, workers[0].ended], [1, false]);
});

test("one of two who wait goes: the other is served", async () => {
  const one = photo();
  const leaving = new AbortController();
  const left = codeOf(client.embed(one, { signal: leaving.signal }));
  const stays = client.embed(one);
  await settle();
  leaving.abort();
  mock.timers.tick(1000);
  assert.equal(await left, "aborted");
  workers[0].say({ id: workers[0].ids("embed")[0], result: DESCRIBED });
  assert.equal(await stays, DESCRIBED);
});

test("the last one goes: the worker is ended, the next search starts another", async () => {
  const one = photo();
  const leaving = new AbortController();
  const left = codeOf(client.embed(one, { signal: leaving.signal }));
  await settle();
  leaving.abort();
  mock.timers.tick(1000);
  assert.equal(await left, "aborted");
  assert.equal(workers[0].ended, true);
  const again = client.embed(one);
  await settle();
  workers[1].say({ id: workers[1].ids("embed")[0], result: DESCRIBED });
  assert.equal(await again, DESCRIBED);
});

test("gone at once: the worker that was started is ended, and none is started for who is gone already", async () => {
  const leaving = new AbortController();
  const left = codeOf(client.embed(photo(), { signal: leaving.signal }));
  leaving.abort();
  mock.timers.tick(1000);
  assert.equal(await left, "aborted");
  assert.deepEqual(workers.map(({ ended }) => ended), [true]);
  assert.equal(await codeOf(client.embed(photo(), { signal: AbortSignal.abort() })), "aborted");
  assert.equal(await codeOf(client.rank(LIKE, { metric: "cosine", limit: 1 }, { signal: AbortSignal.abort() })), "aborted");
  assert.equal(workers.length, 1);
});

test("another part of a photo is asked for under the photo's key, each part once", async () => {
  const one = photo();
  const part = (/** @type {number} */ x) => client.embed(one, { crop: { x, y: 0, width: 0.5, height: 1 } });
  const all = [client.embed(one), part(0), part(0), part(0.25), client.embed(photo("y"))];
  const asked = workers[0].requests.flatMap((request) => (request.op === "embed" ? [request] : []));
  assert.deepEqual(asked.map(({ key, crop }) => [key, crop?.x]), [[1, undefined], [1, 0], [1, 0.25], [2, undefined]]);
  assert.equal(asked[0].photo, one);
  asked.forEach(({ id }, n) => workers[0].say({ id, result: /** @type {any} */ (n) }));
  assert.deepEqual(await Promise.all(all), [0, 1, 1, 2, 3]);
  // Dragging a rectangle about is not remembered for ever.
  for (let n = 1; n <= 40; n++) part(n / 100);
  const before = workers[0].ids("embed").length;
  part(0.4);
  assert.equal(workers[0].ids("embed").length, before);
  part(0.01);
  assert.equal(workers[0].ids("embed").length, before + 1);
});

test("a picture no longer needed is released, by a worker that is there", async () => {
  client.release();
  assert.equal(workers.length, 0);
  const embedded = client.embed(photo());
  workers[0].say({ id: workers[0].ids("embed")[0], result: DESCRIBED });
  await embedded;
  client.release();
  assert.equal(workers[0].requests.at(-1)?.op, "release");
});

test("a crash rejects all, and the next search starts anew", async () => {
  const one = photo();
  const waiting = [client.embed(one), client.embed(photo()), client.rank(LIKE, { metric: "cosine", limit: 1 })].map(codeOf);
  await settle();
  workers[0].onerror({ message: "out of memory", preventDefault() {} });
  assert.deepEqual(await Promise.all(waiting), Array(3).fill("worker/crashed"));
  assert.equal(workers[0].ended, true);
  const again = client.embed(one);
  await settle();
  workers[1].say({ id: workers[1].ids("embed")[0], result: DESCRIBED });
  assert.equal(await again, DESCRIBED);
});

test("a trap in the module is a crash", async () => {
  const waiting = codeOf(client.embed(photo()));
  await settle();
  workers[0].say({ crashed: "RuntimeError: unreachable" });
  assert.equal(await waiting, "worker/crashed");
  assert.equal(workers[0].ended, true);
});

test("a worker that the page may not start", async () => {
  const refused = new Client(/** @type {any} */ ({}), {}, () => {
    throw new Error("refused by the content security policy");
  });
  assert.equal(await codeOf(refused.embed(photo())), "worker/crashed");
  assert.equal(await codeOf(refused.rank(LIKE, { metric: "cosine", limit: 1 })), "worker/crashed");
});

test("an error of one call leaves the others and the worker; the photo can be tried again", async () => {
  const one = photo();
  const bad = client.embed(one);
  const good = client.embed(photo());
  await settle();
  const [first, second] = workers[0].ids("embed");
  workers[0].say({ id: first, error: { code: "photo/damaged", message: "cut short" } });
  workers[0].say({ id: second, result: DESCRIBED });
  await assert.rejects(bad, { code: "photo/damaged", message: "cut short" });
  assert.equal(await good, DESCRIBED);
  client.embed(one);
  await settle();
  assert.equal(workers[0].ids("embed").length, 3);
});

test("an error keeps its code and file", async () => {
  const waiting = client.embed(photo());
  await settle();
  const error = { code: "folder/missing", message: "codes.bin: the server answered 404", file: "codes.bin" };
  workers[0].say({ id: workers[0].ids("embed")[0], error });
  await assert.rejects(waiting, error);
});

test("an idle worker gives its memory back; a busy one stays", async () => {
  const ranked = client.rank(LIKE, { metric: "cosine", limit: 1 });
  mock.timers.tick(10 * 60_000);
  assert.equal(workers[0].ended, false);
  workers[0].say({ id: workers[0].ids("rank")[0], result: [] });
  await ranked;
  mock.timers.tick(10 * 60_000);
  assert.equal(workers[0].ended, true);
});

test("an idle time begins with the last answer, however many came before", async () => {
  const first = new AbortController();
  for (const signal of [first.signal, first.signal]) codeOf(client.rank(LIKE, { metric: "cosine", limit: 1 }, { signal }));
  first.abort();
  for (const id of workers[0].ids("rank")) workers[0].say({ id, result: [] });
  mock.timers.tick(50_000);
  const embedded = client.embed(photo());
  const id = workers[0].ids("embed")[0];
  for (let second = 0; second < 40; second++) {
    workers[0].say({ id, progress: progress(second / 100) });
    mock.timers.tick(1000);
  }
  workers[0].say({ id, result: DESCRIBED });
  assert.equal(await embedded, DESCRIBED);
  assert.equal(workers[0].ended, false);
});

test("a worker that says nothing is replaced, and the calls are repeated once", async () => {
  const embedded = client.embed(photo());
  workers[0].say({ alive: true });
  const ranked = codeOf(client.rank(LIKE, { metric: "cosine", limit: 1 }));
  for (let second = 0; second < 10; second++) mock.timers.tick(1000);
  assert.deepEqual([workers.length, workers[0].ended], [2, true]);
  assert.ok(workers[0].requests.filter(({ op }) => op === "ping").length > 5);
  assert.deepEqual(workers[1].requests.map(({ op }) => op), ["open", "embed", "rank"]);
  workers[1].say({ id: workers[1].ids("embed")[0], result: DESCRIBED });
  assert.equal(await embedded, DESCRIBED);
  for (let second = 0; second < 10; second++) mock.timers.tick(1000);
  assert.equal(await ranked, "worker/crashed");
  assert.deepEqual([workers.length, workers[1].ended], [2, true]);
});

test("a worker that gives signs of life, or is in the middle of a photo, has its time", async () => {
  const embedded = client.embed(photo());
  const id = workers[0].ids("embed")[0];
  for (let second = 0; second < 100; second++) {
    mock.timers.tick(1000);
    workers[0].say({ alive: true });
  }
  workers[0].say({ id, progress: { ...progress(0.93), stage: "embedding" } });
  for (let second = 0; second < 25; second++) mock.timers.tick(1000);
  workers[0].say({ id, result: DESCRIBED });
  assert.equal(await embedded, DESCRIBED);
  assert.deepEqual([workers.length, workers[0].ended], [1, false]);
});

test("what was hidden is asked for a sign of life when it is seen again", async () => {
  const seen = new EventTarget();
  const page = Object.assign(seen, { hidden: false, baseURI: "https://shop.example/" });
  globalThis.document = /** @type {any} */ (page);
  const embedded = client.embed(photo());
  workers[0].say({ id: workers[0].ids("embed")[0], result: DESCRIBED });
  await embedded;
  page.hidden = true;
  seen.dispatchEvent(new Event("visibilitychange"));
  for (let second = 0; second < 30; second++) mock.timers.tick(1000);
  assert.equal(workers[0].ended, false);
  page.hidden = false;
  seen.dispatchEvent(new Event("visibilitychange"));
  assert.equal(workers[0].requests.at(-1)?.op, "ping");
  for (let second = 0; second < 5; second++) mock.timers.tick(1000);
  assert.deepEqual([workers.length, workers[0].ended], [1, true], "nobody waits, so none takes its place yet");
});

test("ids to leave out that no product has are left out", async () => {
  const rules = { exclude: ["sold out", "hat"] };
  client.rank(LIKE, { metric: "cosine", limit: 1, rules });
  await settle();
  const [request] = workers[0].requests.flatMap((one) => (one.op === "rank" ? [one] : []));
  assert.deepEqual(request.excluded, [7]);
});

test("a file far too large to be a photo is not read", async () => {
  const film = /** @type {any} */ ({ size: 2e9 });
  assert.equal(await codeOf(client.embed(film)), "photo/too-large");
  assert.equal(workers.length, 0);
});
