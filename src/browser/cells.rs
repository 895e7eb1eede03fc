//! What the module that ranks offers beside [`Ranker`]'s own where the catalogue is cut into cells (`www/worker/cells.js`).

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::rank::Ranker;
use super::refused;
use crate::colour::ColourCodes;
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

    /// Those of `cells` whose colours are wanted and not here, in the same form; their codes are here, and what all colours are
    /// read by ([`Ranker::give_colours`]).
    pub fn uncoloured_cells(&self, cells: &[u32]) -> Vec<u32> {
        let Some(colours) = &self.colours else { return Vec::new() };
        let bytes = |cell| ColourCodes::cell_bytes(self.codes.items_of_cells(&[cell]).len());
        colours.lacking_cells(cells).into_iter().flat_map(|cell| [cell, bytes(cell)]).collect()
    }

    /// Takes in a cell's file, called `name`: its codes (layer 0), its refinement (1) or its colours (2).
    pub fn give_cell(
        &mut self,
        cell: u32,
        layer: u32,
        bytes: &Uint8Array,
        name: &str,
    ) -> Result<(), JsValue> {
        let bytes = bytes.to_vec();
        match (layer, &mut self.colours) {
            (2, Some(colours)) => colours.give_cell(cell, &self.codes.items_of_cells(&[cell]), &bytes),
            _ => self.codes.give_cell(cell, layer == 1, &bytes),
        }
        .map_err(refused(name))
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
