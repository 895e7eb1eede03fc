//! What the module that ranks offers beside [`Ranker`]'s own where the catalogue is cut into cells (`www/worker/cells.js`).

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::rank::Ranker;
use super::refused;
use crate::colour::ColourCodes;
use crate::embedding::Metric;

/// What a cell has a file of; JavaScript knows them by these numbers.
const CODES: u32 = 0;
const REFINEMENT: u32 = 1;
const COLOURS: u32 = 2;
const ATTRIBUTES: u32 = 3;

#[wasm_bindgen]
impl Ranker {
    /// The embedding that the codes of the product with the number `item` stand for.
    pub fn embedding(&self, item: u32) -> Result<Vec<f32>, JsValue> {
        self.decoded(item)
    }

    /// The cells to look into for what is like `embedding` in this round, 0 being the first; nearest first, and in the end as many
    /// as in the round before.
    pub fn cells(&self, embedding: &[f32], round: u32) -> Result<Vec<u32>, JsValue> {
        Ok(self.search(embedding, Metric::Cosine)?.cells(round))
    }

    /// Those of `cells` whose file of a layer is not here, each its number and the length of the file, 0 where that is not known.
    /// Layers are codes (0), colours (2) and attributes (3), the last two wanted only once what all cells have in common is here
    /// ([`Ranker::give_colours`], [`Ranker::give_attributes`]).
    pub fn lacking_cells(&mut self, cells: &[u32], layer: u32) -> Vec<u32> {
        let lacking = match (layer, &self.colours) {
            (CODES, _) => self.codes.lacking_cells(cells),
            (COLOURS, Some(colours)) => colours.lacking_cells(cells),
            (ATTRIBUTES, _) => self.attributes.lacking_cells(cells),
            _ => Vec::new(),
        };
        self.with_bytes(lacking, layer)
    }

    /// The cells of `items`, nearest first, whose refinement (layer 1) is worth fetching and not here, in the same form.
    pub fn unrefined_cells(&self, items: &[u32]) -> Vec<u32> {
        self.with_bytes(self.codes.unrefined_cells(items), REFINEMENT)
    }

    /// Takes in a cell's file of a layer, called `name`; its codes before the others.
    pub fn give_cell(
        &mut self,
        cell: u32,
        layer: u32,
        bytes: &Uint8Array,
        name: &str,
    ) -> Result<(), JsValue> {
        let bytes = bytes.to_vec();
        let items = self.codes.items_of_cells(&[cell]);
        match (layer, &mut self.colours) {
            (COLOURS, Some(colours)) => colours.give_cell(cell, &items, &bytes),
            (ATTRIBUTES, _) => self.attributes.give_cell(cell, &items, &bytes),
            _ => self.codes.give_cell(cell, layer == REFINEMENT, &bytes),
        }
        .map_err(refused(name))
    }

    /// The cell that `item` is in, by the file of places that has it.
    pub fn cell_of(&self, item: u32, places: &Uint8Array, name: &str) -> Result<u32, JsValue> {
        self.codes.cell_of(item, &places.to_vec()).map_err(refused(name))
    }
}

impl Ranker {
    fn with_bytes(&self, cells: Vec<u32>, layer: u32) -> Vec<u32> {
        let bytes = |cell| match layer {
            COLOURS => ColourCodes::cell_bytes(self.codes.items_in_cell(cell)),
            ATTRIBUTES => 0,
            _ => self.codes.cell_bytes(cell)[layer as usize],
        };
        cells.into_iter().flat_map(|cell| [cell, bytes(cell)]).collect()
    }
}
