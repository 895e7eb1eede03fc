/**
 * The wasm module that ranks a catalogue whose codes are cut into cells (src/browser/cells.rs): all that rank.d.ts has, and what
 * says which cells a question needs.
 */
import { Ranker as Whole } from "./rank.js";

export { default } from "./rank.js";

export class Ranker extends Whole {
  /** What a product's codes stand for. */
  embedding(item: number): Float32Array;
  /** The cells to look into in a round, 0 being the first; nearest first. */
  cells(embedding: Float32Array, round: number): Uint32Array;
  /**
   * Those of the cells whose file of a layer (0 codes, 2 colours, 3 attributes) is not here, each its number and the length of the
   * file, 0 where that is not known; that of codes may forget others.
   */
  lacking_cells(cells: Uint32Array, layer: number): Uint32Array;
  /** The cells of items, nearest first, whose refinement is worth fetching, in the same form. */
  unrefined_cells(items: Uint32Array): Uint32Array;
  /** A cell's file of a layer (1 is the refinement), its codes before the others. */
  give_cell(cell: number, layer: number, bytes: Uint8Array, name: string): void;
  /** The cell of an item, by its file of places. */
  cell_of(item: number, places: Uint8Array, name: string): number;
}
