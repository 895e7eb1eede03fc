/**
 * The worker: everything heavy and everything wasm, away from the page's thread.
 * One folder a worker; messages are in shared/types.d.ts. The photo's bytes come in, an embedding goes out, and
 * nothing is sent anywhere.
 */
/** @import { Described, Progress, Ranked, Reply, Request } from "../shared/types.js" */
import { aborted } from "../shared/errors.js";
import { release, withPicture } from "./picture.js";
import { Runtime } from "./runtime.js";

/** @type {Runtime} */
let runtime;
/** Photos asked for and not begun. @type {Set<number>} */
const waiting = new Set();

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const post = (reply, transfer = []) => postMessage(reply, { transfer });

addEventListener("message", async (/** @type {MessageEvent<Request>} */ { data }) => {
  if (data.op === "open") {
    runtime = new Runtime(data, (progress) => post({ progress }));
    return;
  }
  if (data.op === "ping") {
    post({ alive: true });
    return;
  }
  if (data.op === "release") {
    release();
    return;
  }
  const { id } = data;
  if (data.op === "drop") {
    waiting.delete(id);
    return;
  }
  try {
    const result = data.op === "embed" ? await embed(data) : await rank(data);
    post({ id, result });
  } catch (error) {
    fail(id, error);
  }
});

/** @param {Extract<Request, { op: "embed" }>} request @returns {Promise<Described>} */
async function embed({ id, photo, key, crop }) {
  waiting.add(id);
  // The codes come along: the one who waits for an embedding wants a ranking next.
  const [embedder] = await Promise.all([runtime.embedder(), runtime.ranker()]);
  // Lets a `drop` that came while loading be read before the thread is busy.
  await new Promise((resolve) => setTimeout(resolve));
  if (!waiting.delete(id)) throw aborted();

  return withPicture(photo, key, () => tell(id, "decoding", 0.91), (picture) => {
    tell(id, "embedding", 0.93);
    const sides = crop && Float64Array.of(crop.x, crop.y, crop.width, crop.height);
    const [x, y, width, height] = picture.object();
    return {
      embedding: embedder.embed(picture, sides),
      colours: picture.colours(sides),
      width: picture.width,
      height: picture.height,
      object: { x, y, width, height },
    };
  });
}

/** @param {Extract<Request, { op: "rank" }>} request @returns {Promise<Ranked[]>} */
async function rank({ id, like, how, excluded }) {
  const answer = await runtime.rank(like, { ...how, excluded }, () => tell(id, "ranking", 0.98));
  return Array.from({ length: answer.length / 2 }, (_, n) => ({ item: answer[2 * n], distance: answer[2 * n + 1] }));
}

/** @param {number} id @param {Progress["stage"]} stage @param {number} fraction */
function tell(id, stage, fraction) {
  const { loaded, total } = runtime.loading;
  post({ id, progress: { stage, loaded, total, fraction } });
}

/**
 * An error with a code is an answer. Any other is a trap or a bug, after which the module's memory is not to be trusted.
 *
 * @param {number} id
 * @param {any} error
 */
function fail(id, error) {
  const { code, message, file } = error ?? {};
  post(typeof code === "string" ? { id, error: { code, message, file } } : { crashed: String(error) });
}
