//! What the module that ranks offers beside [`Ranker`]'s own if the catalogue is cut into partitions: the files that a search needs
//! come from JavaScript (`www/worker/search.js`), everything else is in [`crate::search`].

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::rank::{Ranker, found};
use super::refused;
use crate::ivf::Folders;
use crate::search::Step;

#[wasm_bindgen]
impl Ranker {
    /// Says in which folders the files of partitions are: of codes, of colours, of attributes.
    pub fn set_folders(&mut self, codes: String, colours: String, attributes: String) {
        self.catalogue.set_folders(Folders { codes, colours, attributes });
    }

    /// The files that the search needs before it goes on, each its path and its length in turn, 0 if that is not known; none once
    /// there are results.
    pub fn needs(&self) -> Array {
        let needs = Array::new();
        for file in &self.needs {
            needs.push(&self.catalogue.path(*file).into());
            needs.push(&file.bytes.into());
        }
        needs
    }

    /// Loads file number `at` of [`Ranker::needs`]; all are loaded in their order.
    ///
    /// # Panics
    /// If it needs no such file.
    pub fn load(&mut self, at: usize, bytes: &Uint8Array) -> Result<(), JsValue> {
        let file = self.needs[at];
        self.catalogue.load(file, &bytes.to_vec()).map_err(|error| refused(&self.catalogue.path(file))(error))
    }

    /// Goes on with the search that [`Ranker::rank`] began.
    pub fn resume(&mut self) -> Result<Vec<f64>, JsValue> {
        self.needs.clear();
        let Some(search) = &mut self.search else { return Ok(Vec::new()) };
        let mut step = search.step(&mut self.catalogue);
        if let Ok(Step::Need(files)) = &mut step {
            self.needs = std::mem::take(files);
        }
        found(step)
    }
}
