/**
 * The wasm modules: one ranks, another ranks a catalogue cut into partitions, one embeds. Their addresses come from the page, since
 * this script may lie anywhere.
 */
/** @import { WasmUrls } from "../shared/types.js" */
/** @import { Ranker as PartitionsRanker } from "../wasm/rank_partitions.js" */
import startEmbed from "../wasm/embed.js";
import startRank, { Ranker } from "../wasm/rank.js";
import startRankPartitions, { Ranker as RankerOfPartitions } from "../wasm/rank_partitions.js";
import { LookalikeError } from "../shared/errors.js";
import { download } from "./download.js";

/**
 * The smallest module with a relaxed multiply-add: what validates it runs the faster build. Asking the engine itself is
 * right in browsers that are not written yet.
 */
const RELAXED_PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // "\0asm", version 1
  1, 5, 1, 96, 0, 1, 123, // type: () -> v128
  3, 2, 1, 0, // function 0 of type 0
  10, 19, 1, 17, 0, // its code: no locals,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, // three times i32.const 0, i8x16.splat,
  253, 133, 2, 11, // f32x4.relaxed_madd
);

/** Lengths are in no manifest, and a compressed answer hides them: guesses, for the progress bar alone. */
export const RANK_BYTES = 1.5e5;
export const EMBED_BYTES = 4e6;

/**
 * @param {Required<WasmUrls>} urls
 * @param {RequestCache} cache
 * @param {(bytes: number) => void} onBytes told of what has come, in all RANK_BYTES
 */
export async function startRanking(urls, cache, onBytes) {
  await start(startRank, urls.rank, "rank_bg.wasm", RANK_BYTES, cache, onBytes);
  return Ranker;
}

/** The same for a catalogue cut into partitions. @type {(...given: Parameters<typeof startRanking>) => Promise<typeof PartitionsRanker>} */
export async function startRankingPartitions(urls, cache, onBytes) {
  await start(startRankPartitions, urls.rankPartitions, "rank_partitions_bg.wasm", RANK_BYTES, cache, onBytes);
  return RankerOfPartitions;
}

/**
 * @param {Required<WasmUrls>} urls
 * @param {RequestCache} cache
 * @param {(bytes: number) => void} onBytes
 */
export function startEmbedding(urls, cache, onBytes) {
  const relaxed = WebAssembly.validate(RELAXED_PROBE);
  const name = relaxed ? "embed_relaxed_bg.wasm" : "embed_bg.wasm";
  return start(startEmbed, relaxed ? urls.embedRelaxed : urls.embed, name, EMBED_BYTES, cache, onBytes);
}

/** What every wasm module begins with: "\0asm". */
const MAGIC = [0, 97, 115, 109];

/** Modules that run, or are about to. @type {Map<string, Promise<void>>} */
const started = new Map();

/**
 * @param {(source: { module_or_path: BufferSource }) => Promise<unknown>} init
 * @param {string} url
 * @param {string} name
 * @param {number} guess
 * @param {RequestCache} cache
 * @param {(bytes: number) => void} onBytes
 */
async function start(init, url, name, guess, cache, onBytes) {
  const starting = started.get(name) ?? load(init, url, name, guess, cache, onBytes);
  started.set(name, starting);
  starting.catch(() => started.delete(name));
  await starting;
  onBytes(guess);
}

/**
 * Bytes rather than the answer itself: they start under any MIME type.
 *
 * @type {typeof start}
 */
async function load(init, url, name, guess, cache, onBytes) {
  let before = 0;
  const bytes = await download(new URL(url), name, {
    cache,
    onBytes: (loaded, total) => {
      const scaled = total ? (loaded / total) * guess : loaded;
      onBytes(scaled - before);
      before = scaled;
    },
  });
  // What is no module says nothing of the browser: a host has sent something else.
  if (!MAGIC.every((byte, at) => bytes[at] === byte)) throw new LookalikeError("folder/missing", "no WebAssembly module", name);
  try {
    await init({ module_or_path: bytes });
  } catch (error) {
    throw new LookalikeError("worker/unsupported", `this browser cannot run it (${error})`, name);
  }
}
