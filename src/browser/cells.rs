//! What the module that ranks offers beside [`Ranker`]'s own where the catalogue is cut into cells (`www/worker/cells.js`).

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::rank::Ranker;
use super::refused;
use crate::embedding::Metric;

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

    /// Those of `cells` whose codes are not here, each its number and the length of its file.
    pub fn lacking_cells(&mut self, cells: &[u32]) -> Vec<u32> {
        let lacking = self.codes.lacking_cells(cells);
        self.with_bytes(lacking, 0)
    }

    /// The cells of `items`, nearest first, whose refinement is worth fetching and not here, in the same form.
    pub fn unrefined_cells(&self, items: &[u32]) -> Vec<u32> {
        self.with_bytes(self.codes.unrefined_cells(items), 1)
    }

    /// Takes in a cell's codes or its refinement, whose file is called `name`.
    pub fn give_cell(
        &mut self,
        cell: u32,
        refinement: bool,
        bytes: &Uint8Array,
        name: &str,
    ) -> Result<(), JsValue> {
        self.codes.give_cell(cell, refinement, &bytes.to_vec()).map_err(refused(name))
    }

    /// The cell that `item` is in, by the file of places that has it.
    pub fn cell_of(&self, item: u32, places: &Uint8Array, name: &str) -> Result<u32, JsValue> {
        self.codes.cell_of(item, &places.to_vec()).map_err(refused(name))
    }
}

impl Ranker {
    fn with_bytes(&self, cells: Vec<u32>, layer: usize) -> Vec<u32> {
        cells.into_iter().flat_map(|cell| [cell, self.codes.cell_bytes(cell)[layer]]).collect()
    }
}
