/**
 * What the wasm module that embeds photos offers (src/browser/embed.rs). The generated declarations take this file's place in a built
 * widget; it stands here so that the worker is type-checked without a build.
 *
 * Whatever throws, throws an Error with a string `code` and, where a file is to blame, a string `file`.
 */

export default function init(source: { module_or_path: BufferSource | URL | Response }): Promise<unknown>;

/** Puts a network together from its description and its parts. */
export class NetworkLoader {
  constructor(description: Uint8Array, sha256: string);
  /** As JSON, `{path, bytes, sha256}` each; paths are relative to the network's folder. */
  parts(): { path: string; bytes: number; sha256: string }[];
  /** Checks the part's digest and writes it to its final place; in any order. */
  part(index: number, bytes: Uint8Array): void;
  /** Consumes the loader. */
  finish(): Embedder;
  free(): void;
}

/** Crops are `[x, y, width, height]` in fractions of the upright photo. */
export class Embedder {
  /** Takes in the catalogue's adaptation file, called `name`: embeddings are adapted from then on. */
  adapt(adaptation: Uint8Array, sha256: string, name: string): void;
  /** Of the photo or a part of it. */
  embed(picture: Picture, crop?: Float64Array): Float32Array;
  free(): void;
}

/** A photo that the browser decodes: its pixels come a few rows at a time. */
export class PictureRows {
  constructor(width: number, height: number);
  /** The next rows, upright RGBA. */
  add(rgba: Uint8ClampedArray): void;
  /** Consumes the rows. */
  finish(): Picture;
  free(): void;
}

/** A decoded, upright photo. */
export class Picture {
  static decode(photo: Uint8Array): Picture;
  readonly width: number;
  readonly height: number;
  /** What `Ranker.rank` wants to know of the colours of the photo or a part of it. */
  colours(crop?: Float64Array): Uint8Array;
  /** The box around the object on it; all of it where nothing stands out. */
  object(): Float64Array;
  /** Of the pixels, in hexadecimal digits: how one tells that two machines decode alike. */
  sha256(): string;
  /** Of the pixels once squashed to this size. */
  resized_sha256(width: number, height: number): string;
  free(): void;
}
