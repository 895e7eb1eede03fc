/**
 * What the wasm module that ranks offers (src/browser/rank.rs). The generated declarations take this file's place in a built
 * widget; it stands here so that the worker is type-checked without a build.
 *
 * Whatever throws, throws an Error with a string `code` and, where a file is to blame, a string `file`.
 */

export default function init(source: { module_or_path: BufferSource | URL | Response }): Promise<unknown>;

/** How to rank; `excluded` are item numbers. Colours and attributes must have been given where they count. */
interface Options {
  metric: string;
  limit: number;
  colour?: number;
  rules?: object;
  excluded?: readonly number[];
  /** Of a catalogue in partitions (rank_partitions.d.ts): whether candidates are rescored, for which the refinement must have been given. */
  settled?: boolean;
}

export class Ranker {
  constructor(codec: Uint8Array, codecSha256: string, codes: Uint8Array, codesSha256: string, items: number);
  /** Rankings are nearer to the exact one from then on. */
  refine(refinement: Uint8Array, sha256: string): void;
  give_colours(colours: Uint8Array, sha256: string): void;
  give_attributes(attributes: Uint8Array, sha256: string): void;
  /** Nearest first: an item's number and its distance in turn. */
  rank(embedding: Float32Array, colours: Uint8Array, options: Options): Float64Array;
  rank_like_item(item: number, options: Options): Float64Array;
  free(): void;
}
