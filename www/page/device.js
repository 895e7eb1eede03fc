/** Ranks on the shopper's device, by the worker: for a photo, and for a product where more is asked than is stored. */
/** @import { Crop, Described, How, Progress, Ranked } from "../shared/types.js" */
/** @import { Folder } from "../shared/folder.js" */
import { clientOf } from "./client.js";

/** Of the photo that was embedded last. @type {import("./client.js").Client | undefined} */
let last;

/** No other part of the last photo is going to be asked for. */
export const release = () => last?.release();

/**
 * A ranking at once by the codes, then the one that the refinement has settled.
 *
 * @param {Folder} folder
 * @param {Blob | string} of a photo, or a product's id
 * @param {How} how
 * @param {object} options
 * @param {Crop} [options.crop] the part of the photo; default: all of it
 * @param {AbortSignal} options.signal
 * @param {(progress: Progress) => void} options.onProgress
 * @param {(described: Described) => void} options.onDescribed
 * @returns {AsyncGenerator<Ranked[]>}
 */
export async function* rankings(folder, of, how, { crop, signal, onProgress, onDescribed }) {
  const client = clientOf(folder);
  let like;
  if (typeof of === "string") like = (await folder.find(of)).item;
  else {
    last = client;
    like = await client.embed(of, { signal, onProgress, crop });
    if (!signal.aborted) onDescribed(like);
  }
  yield await client.rank(like, how, { signal, onProgress });
  yield await client.rank(like, { ...how, settled: true }, { signal });
}
