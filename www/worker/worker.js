/**
 * The worker: everything heavy and everything wasm, away from the page's thread.
 * One folder a worker; messages are in shared/types.d.ts. The photo's bytes come in, an embedding goes out, and
 * nothing is sent anywhere.
 */
/** @import { Progress, Ranked, Reply, Request } from "../shared/types.js" */
import { aborted } from "../shared/errors.js";
import { Runtime } from "./runtime.js";

/** @type {Runtime} */
let runtime;
/** Photos asked for and not begun. @type {Set<number>} */
const waiting = new Set();

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const post = (reply, transfer = []) => postMessage(reply, { transfer });

addEventListener("message", async (/** @type {MessageEvent<Request>} */ { data }) => {
  if (data.op === "open") {
    runtime = new Runtime(data.folder, data.manifest, (progress) => post({ progress }));
    return;
  }
  const { id } = data;
  if (data.op === "drop") {
    waiting.delete(id);
    return;
  }
  try {
    const result = data.op === "embed" ? await embed(id, data.photo) : await rank(data);
    post({ id, result });
  } catch (error) {
    fail(id, error);
  }
});

/** @param {number} id @param {ArrayBuffer} photo */
async function embed(id, photo) {
  waiting.add(id);
  // The codes come along: the one who waits for an embedding wants a ranking next.
  const [embedder] = await Promise.all([runtime.embedder(), runtime.ranker()]);
  // Lets a `drop` that came while loading be read before the thread is busy.
  await new Promise((resolve) => setTimeout(resolve));
  if (!waiting.delete(id)) throw aborted();

  tell(id, "decoding", 0.91);
  const picture = embedder.decode(new Uint8Array(photo));
  try {
    tell(id, "embedding", 0.93);
    return { embedding: embedder.embed(picture), colours: picture.colours() };
  } finally {
    picture.free();
  }
}

/** @param {Extract<Request, { op: "rank" }>} request @returns {Promise<Ranked[]>} */
async function rank({ id, like, how, excluded }) {
  const ranker = await runtime.ranker(how);
  tell(id, "ranking", 0.98);
  const options = { ...how, excluded };
  if (typeof like === "number") return ranker.rank_like_item(like, options);
  return ranker.rank(like.embedding, like.colours, options);
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
