/**
 * The files of the search on the device: the worker's script, which is whole in one file, and the wasm modules.
 *
 * Their addresses are written out so that bundlers see them and carry the files along.
 */
/** @import { WasmUrls } from "../shared/types.js" */

export const WORKER = new URL("../worker/worker.js", import.meta.url);

/** @type {Record<keyof WasmUrls, URL>} */
export const WASM = {
  rank: new URL("../wasm/rank_bg.wasm", import.meta.url),
  rankPartitions: new URL("../wasm/rank_partitions_bg.wasm", import.meta.url),
  embed: new URL("../wasm/embed_bg.wasm", import.meta.url),
  embedRelaxed: new URL("../wasm/embed_relaxed_bg.wasm", import.meta.url),
};
