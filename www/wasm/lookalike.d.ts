/**
 * What the wasm module offers (src/browser/). The generated declarations take this file's place in a built widget;
 * it stands here so that the worker is type-checked without a build.
 *
 * Whatever throws, throws an Error with a string `code` and, where a file is to blame, a string `file`.
 */

export default function init(source: { module_or_path: BufferSource | URL | Response }): Promise<unknown>;

/** Puts a network together from its description and its parts. */
export class NetworkLoader {
  constructor(description: Uint8Array, sha256: string);
  /** Paths are relative to the network's folder. */
  parts(): Array<{ path: string; bytes: number; sha256: string }>;
  /** Checks the part's digest and writes it to its final place; in any order. */
  part(index: number, bytes: Uint8Array): void;
  /** Consumes the loader. */
  finish(): Embedder;
  free(): void;
}

export class Embedder {
  decode(photo: Uint8Array): Picture;
  embed(picture: Picture): Float32Array;
  free(): void;
}

/** A decoded, upright photo. */
export class Picture {
  readonly width: number;
  readonly height: number;
  /** What `Ranker.rank` wants to know of its colours. */
  colours(): Uint8Array;
  /** Of the pixels, in hexadecimal digits: how one tells that two machines decode alike. */
  sha256(): string;
  /** Of the pixels once squashed to this size. */
  resized_sha256(width: number, height: number): string;
  free(): void;
}

/** How to rank; `excluded` are item numbers. Colours and attributes must have been given where they count. */
interface Options {
  metric: string;
  limit: number;
  colour?: number;
  rules?: object;
  excluded?: readonly number[];
}

export class Ranker {
  constructor(codebook: Uint8Array, codebookSha256: string, codes: Uint8Array, codesSha256: string, items: number);
  /** Rankings are nearer to the exact one from then on. */
  refine(refinement: Uint8Array, sha256: string): void;
  give_colours(colours: Uint8Array, sha256: string): void;
  give_attributes(attributes: Uint8Array, sha256: string): void;
  rank(embedding: Float32Array, colours: Uint8Array, options: Options): Array<{ item: number; distance: number }>;
  rank_like_item(item: number, options: Options): Array<{ item: number; distance: number }>;
  free(): void;
}
