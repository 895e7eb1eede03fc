/** The shapes that page and worker share. Declarations only: nothing of this file is ever served. */

export type Metric = "cosine" | "euclidean" | "manhattan";

/** manifest.json, checked (src/folder/FORMAT.md). Later fields are passed over. */
export interface Manifest {
  /** Products, or their photos if a product has several. */
  readonly items: number;
  /** There if a product has several photos; `column` of the attributes says which product an item is a photo of. */
  readonly products?: { readonly count: number; readonly column: string };
  readonly metrics: readonly string[];
  readonly neighbours: { readonly path: string; readonly shards: number; readonly each: number };
  readonly cards: { readonly path: string; readonly shards: number; readonly per_shard: number };
  /** What a photo's embedding is adapted to the catalogue by; none where distances are between the network's own. */
  readonly adaptation?: FileEntry;
  readonly codec: FileEntry;
  readonly codes: FileEntry;
  readonly refinement: FileEntry;
  readonly partitions?: { readonly path: string };
  readonly colours: FileEntry;
  readonly attributes?: FileEntry;
  /** What there is to filter by, for controls. */
  readonly columns?: FileEntry;
  readonly network: {
    readonly path: string;
    readonly sha256: string;
    readonly name: string;
    readonly trained: boolean;
    readonly bytes: number;
  };
}

export interface FileEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Whom to choose (src/rules): `filter` as text (`colour=red price<20`) or as an object, ids never to show, the column whose
 * variants count once, what to lift or lower, and how unlike each other the chosen should be, 0 to 1.
 */
export interface Rules {
  filter?: string | object | null;
  exclude?: readonly string[] | null;
  group?: string | null;
  boost?: readonly { when: string | object; factor: number }[] | null;
  diversity?: number | null;
}

/** How to rank; `colour` from 0 (the network alone) to 1 (colour first). */
export interface How {
  metric: string;
  limit: number;
  colour?: number;
  rules?: Rules;
  /** Only once the refinement is there. */
  settled?: boolean;
}

/** A part of an upright photo, in fractions of its sides: left and top edge, width and height. */
export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is known of a photo, or of the part of it that was asked for. */
export interface Described {
  /** The network's, of the part. */
  embedding: Float32Array;
  /** Of the part. */
  colours: Uint8Array;
  /** Of the whole photo, upright, in pixels. */
  width: number;
  height: number;
  /** A box around the object on the whole photo, to propose; all of it where nothing stands out. */
  object: Crop;
}

/** Addresses of the wasm modules; those that come with the widget where left out. */
export interface WasmUrls {
  rank?: string;
  /** For folders whose codes are cut into partitions. */
  rankPartitions?: string;
  embed?: string;
  /** For browsers with relaxed SIMD. */
  embedRelaxed?: string;
}

/** What a shop shows of a product. */
export interface Card {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly title?: string;
  readonly url?: string;
  readonly price?: string;
  readonly thumbnail?: string;
  readonly image?: string;
  /** The photo of the product that is so near, if it is not the primary one, which the rest of the card is of. */
  readonly photo?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A product by its number, and how far it is from what was asked. */
export interface Ranked {
  item: number;
  distance: number;
}

/** A product as events and `search()` give it. */
export interface Neighbour {
  id: string;
  distance: number;
  card: Card;
}

/** `loaded` and `total` count bytes; `fraction` goes from 0 to 1 over all stages and never back. */
export interface Progress {
  stage: "loading" | "decoding" | "embedding" | "ranking";
  loaded: number;
  total: number;
  fraction: number;
}

/** An error as it travels from the worker. */
export interface PlainError {
  code: string;
  message: string;
  file?: string;
}

/**
 * Page to worker. `open` comes first and once: `cache` says how far copies of the folder's files are trusted, `network` is the
 * place of the network's files if it is not the folder, `wasm` has absolute addresses. `drop` asks to skip a photo that nobody
 * waits for any more, `release` to forget the one that is decoded, `ping` for a sign of life. `key` is the same for the same
 * photo. `like` is what is known of a photo, or an item number; `excluded` are the item numbers of `how.rules.exclude`.
 */
export type Request =
  | { op: "open"; folder: string; manifest: Manifest; cache: RequestCache; wasm: Required<WasmUrls>; network?: string }
  | { op: "embed"; id: number; photo: Blob; key: number; crop?: Crop }
  | { op: "rank"; id: number; like: Pick<Described, "embedding" | "colours"> | number; how: How; excluded: readonly number[] }
  | { op: "drop"; id: number }
  | { op: "release" }
  | { op: "ping" };

/** Worker to page. Progress without an id concerns every photo waiting; `crashed` means that the worker is of no more use. */
export type Reply =
  | { id: number; result: Described | Ranked[] }
  | { id: number; error: PlainError }
  | { id?: number; progress: Progress }
  | { alive: true }
  | { crashed: string };
