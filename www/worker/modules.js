/**
 * The wasm modules: one ranks, another ranks a catalogue cut into partitions, one embeds. Their addresses are written out so that
 * bundlers see them; a page may name others, for a CDN.
 */
/** @import { WasmUrls } from "../shared/types.js" */
/** @import { Ranker as PartitionsRanker } from "../wasm/rank_cells.js" */
import startEmbed from "../wasm/embed.js";
import startRank, { Ranker } from "../wasm/rank.js";
import { LookalikeError } from "../shared/errors.js";
import { late } from "../shared/late.js";
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

/** @type {Record<keyof WasmUrls, URL>} */
const OWN = {
  rank: new URL("../wasm/rank_bg.wasm", import.meta.url),
  rankCells: new URL("../wasm/rank_cells_bg.wasm", import.meta.url),
  embed: new URL("../wasm/embed_bg.wasm", import.meta.url),
  embedRelaxed: new URL("../wasm/embed_relaxed_bg.wasm", import.meta.url),
};

/** Lengths are in no manifest, and a compressed answer hides them: guesses, for the progress bar alone. */
export const RANK_BYTES = 1.5e5;
export const EMBED_BYTES = 4e6;

/**
 * @param {WasmUrls | undefined} urls
 * @param {(bytes: number) => void} onBytes told of what has come, in all RANK_BYTES
 */
export async function startRanking(urls, onBytes) {
  await start(startRank, urls?.rank ?? OWN.rank, "rank_bg.wasm", RANK_BYTES, onBytes);
  return Ranker;
}

/** The same for a catalogue cut into partitions. @type {(...given: Parameters<typeof startRanking>) => Promise<typeof PartitionsRanker>} */
export async function startRankingPartitions(urls, onBytes) {
  const name = "rank_cells_bg.wasm";
  const module = await late(
    "rank_cells",
    () => import("../wasm/rank_cells.js"),
    (tries) => import(/* webpackIgnore: true */ /* @vite-ignore */ `../wasm/rank_cells.js?again=${tries}`),
  );
  await start(module.default, urls?.rankCells ?? OWN.rankCells, name, RANK_BYTES, onBytes);
  return module.Ranker;
}

/**
 * @param {WasmUrls | undefined} urls
 * @param {(bytes: number) => void} onBytes
 */
export function startEmbedding(urls, onBytes) {
  const relaxed = WebAssembly.validate(RELAXED_PROBE);
  const name = relaxed ? "embed_relaxed_bg.wasm" : "embed_bg.wasm";
  // A page that names one module alone names the one that runs everywhere.
  const url = relaxed ? (urls?.embedRelaxed ?? urls?.embed ?? OWN.embedRelaxed) : (urls?.embed ?? OWN.embed);
  return start(startEmbed, url, name, EMBED_BYTES, onBytes);
}

/** Modules that run, or are about to. @type {Map<string, Promise<void>>} */
const started = new Map();

/**
 * @param {(source: { module_or_path: BufferSource }) => Promise<unknown>} init
 * @param {URL | string} url
 * @param {string} name
 * @param {number} guess
 * @param {(bytes: number) => void} onBytes
 */
async function start(init, url, name, guess, onBytes) {
  const starting = started.get(name) ?? load(init, url, name, guess, onBytes);
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
async function load(init, url, name, guess, onBytes) {
  let before = 0;
  const bytes = await download(new URL(url), name, {
    onBytes: (loaded, total) => {
      const scaled = total ? (loaded / total) * guess : loaded;
      onBytes(scaled - before);
      before = scaled;
    },
  });
  try {
    await init({ module_or_path: bytes });
  } catch (error) {
    throw new LookalikeError("worker/unsupported", `this browser cannot run it (${error})`, name);
  }
}
