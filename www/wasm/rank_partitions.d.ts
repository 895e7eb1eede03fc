/**
 * The wasm module that ranks a catalogue cut into partitions (src/browser/partitions.rs): all that rank.d.ts has, and the files that
 * a search needs. A ranking is empty as long as it needs some.
 */
import { Ranker as Whole } from "./rank.js";

export { default } from "./rank.js";

export class Ranker extends Whole {
  /** The folders that the partitions' files are in: of codes, of colours, of attributes. */
  set_folders(codes: string, colours: string, attributes: string): void;
  /** Files to fetch side by side, each its path and its length in turn, 0 if that is not known; none once there are results. */
  needs(): (string | number)[];
  /** Loads file number `at` of those, in their order. */
  load(at: number, bytes: Uint8Array): void;
  /** Goes on with the ranking that began last, once all are loaded. */
  resume(): Float64Array;
}
