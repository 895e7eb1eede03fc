/**
 * Ranks a catalogue whose codes are cut into cells (src/folder/FORMAT.md): fetches the cells nearest to what is asked for, all
 * side by side, and more where rules leave too few of their products. The wasm module says which; it keeps those of the
 * questions before, and the browser's cache the files.
 */
/** @import { Described, How, Manifest } from "../shared/types.js" */
/** @import { Ranker } from "../wasm/rank_cells.js" */
import { needsAttributes } from "./rules.js";

/** Products of a file of places (src/folder/FORMAT.md). */
const PLACES = 16384;
/** As in precompute/src/asked.rs. */
const CANDIDATES = 2;
/** What a cell has a file of, by the ranker's numbers. */
const [CODES, REFINEMENT, COLOURS, ATTRIBUTES] = [0, 1, 2, 3];

export class Cells {
  #path;
  /** By layer, what stands before a cell's number in the name of its file. */
  #layers;
  #fetch;
  /** One question after the other: the module forgets cells for another's. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {Pick<Manifest, "colours" | "attributes"> & { cells: { path: string } }} manifest
   * @param {(file: string, bytes?: number) => Promise<Uint8Array>} fetch
   */
  constructor({ cells: { path }, colours, attributes }, fetch) {
    this.#path = path;
    // The folder of a layer is called as the file that has the digests of what is in it.
    const folder = (/** @type {{ path: string } | undefined} */ file) => `${file?.path.replace(/\.bin$/, "")}/`;
    this.#layers = [`${path}/codes-`, `${path}/refinement-`, folder(colours), folder(attributes)];
    this.#fetch = fetch;
  }

  /**
   * @param {Ranker} ranker
   * @param {Pick<Described, "embedding" | "colours"> | number} like
   * @param {How & { excluded: readonly number[] }} how
   * @returns {Promise<Float64Array>} as the ranker gives it
   */
  rank(ranker, like, how) {
    const answer = this.#last.then(() => this.#rank(ranker, like, how));
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** @type {Cells["rank"]} */
  async #rank(ranker, like, how) {
    /** @type {number[]} */
    let own = [];
    if (typeof like === "number") {
      const name = `${this.#path}/places-${Math.floor(like / PLACES)}.bin`;
      own = [ranker.cell_of(like, await this.#fetch(name), name)];
      await this.#give(ranker, Uint32Array.from(own), [CODES]);
    }
    const embedding = typeof like === "number" ? ranker.embedding(like) : like.embedding;
    const layers = [CODES];
    if (how.colour) layers.push(COLOURS);
    if (needsAttributes(how)) layers.push(ATTRIBUTES);
    /** @type {Uint32Array} */
    let cells = new Uint32Array();
    const ask = (/** @type {number} */ limit) => {
      const options = { ...how, limit, cells: [...cells] };
      return typeof like === "number"
        ? ranker.rank_like_item(like, options)
        : ranker.rank(like.embedding, like.colours, options);
    };
    /** @type {Float64Array} */
    let answer = new Float64Array();
    for (let round = 0; answer.length < 2 * how.limit; round++) {
      const before = cells.length;
      cells = Uint32Array.from(new Set([...own, ...ranker.cells(embedding, round)]));
      if (cells.length === before) break;
      await this.#give(ranker, cells, layers);
      answer = ask(how.limit);
    }
    if (!how.settled) return answer;
    const items = ask(CANDIDATES * how.limit).filter((_, at) => at % 2 === 0);
    const refinements = this.#fetchAll(ranker.unrefined_cells(Uint32Array.from(items)), REFINEMENT);
    take(ranker, await refinements);
    return ask(how.limit);
  }

  /** @param {Ranker} ranker @param {Uint32Array} cells @param {number[]} layers codes first */
  async #give(ranker, cells, layers) {
    const fetched = layers.map((layer) => this.#fetchAll(ranker.lacking_cells(cells, layer), layer));
    // Where products are in memory goes by the order in which cells come.
    for (const files of await Promise.all(fetched)) take(ranker, files);
  }

  /**
   * @param {Uint32Array} cells each its number and the length of its file, 0 where that is not known
   * @param {number} layer
   */
  #fetchAll(cells, layer) {
    const one = async (/** @type {number} */ at) => {
      const name = `${this.#layers[layer]}${cells[at]}.bin`;
      return { cell: cells[at], layer, name, bytes: await this.#fetch(name, cells[at + 1] || undefined) };
    };
    return Promise.all(Array.from({ length: cells.length / 2 }, (_, n) => one(2 * n)));
  }
}

/** @param {Ranker} ranker @param {{ cell: number, layer: number, name: string, bytes: Uint8Array }[]} files */
function take(ranker, files) {
  for (const { cell, layer, name, bytes } of files) ranker.give_cell(cell, layer, bytes, name);
}
