//! Codes: embeddings in at most 128 bytes each, from which a photo is ranked, and 256 more that settle the ranking.
//!
//! An embedding is its length and its direction. Directions are rotated to the axes along which the catalogue varies
//! most (principal components), quantised along a trellis and entropy coded (`train`, `trellis`, `model`,
//! [`crate::rans`]): transform coding as image and video codecs do it. Steps are smaller along axes on which near products
//! differ more (`steps`). The question stays in full precision. The second layer codes what the first has lost, along more axes.
//!
//! Rotation keeps cosine and euclidean distance but not manhattan; by that only the nearest by euclidean distance are
//! ranked, each decoded whole. A large catalogue is cut into cells (`cells`), of which a question needs a few. The files
//! are specified in `folder/FORMAT.md`.

#[cfg(feature = "cells")]
mod cells;
#[cfg(not(feature = "cells"))]
#[path = "no_cells.rs"]
mod cells;
mod kernel;
// Without cells nobody uses what they alone do.
#[cfg_attr(not(feature = "cells"), allow(dead_code))]
mod layer;
mod model;
mod rotation;
mod scan;
mod search;
mod steps;
#[cfg_attr(not(feature = "cells"), allow(dead_code))]
mod train;
mod trellis;
mod write;
#[cfg(feature = "cells")]
mod write_cells;

#[cfg(feature = "cells")]
pub use cells::{CELL_AXES, CELL_BYTES, PLACES};
pub use kernel::{LANES, dot};
pub use rotation::Rotation;
pub use search::{Search, WrongDimensions};
pub use write::{AXES, BYTES, REFINED_AXES, REFINEMENT_BYTES, Space, Written, axes_for, write};
#[cfg(feature = "cells")]
pub use write_cells::{CellFiles, CellWriter, WrittenCell, write_places};

use std::ops::Range;

use crate::format::{FormatError, Reader};
use cells::Cells;
use layer::Layer;
use model::Model;
use scan::Scan;

const CODEBOOK_MAGIC: &[u8; 4] = b"LKCB";
const CODES_MAGIC: &[u8; 4] = b"LKCD";
const REFINEMENT_MAGIC: &[u8; 4] = b"LKRF";
const CODEBOOK_VERSION: u16 = 1;
const CODES_VERSION: u16 = 2;
const REFINEMENT_VERSION: u16 = 1;
/// Of the two files where they hold no products, which are in cells.
const CODES_VERSION_CELLS: u16 = 3;
const REFINEMENT_VERSION_CELLS: u16 = 2;
/// Lengths there are, and factors that refine one.
const LENGTHS: usize = 256;
/// Numbers of a layer in memory, 2 GiB: more fits no browser.
const MOST_NUMBERS: usize = 1 << 30;

/// A catalogue's codes, read.
pub struct Codes {
    mean: Vec<f32>,
    /// Along the base layer's axes, then along those that the refinement adds.
    rotations: Vec<Rotation>,
    /// Whether no embedding has a number below 0: a ReLU made them.
    positive: bool,
    lengths: Vec<f32>,
    base: Layer,
    refinement: Option<Refinement>,
    /// By row: the item number, or where the codes of a product in a cell are.
    items: Vec<Item>,
    /// Of the base layer.
    scan: Scan,
    /// Products of the catalogue.
    count: usize,
    cells: Option<Cells>,
}

struct Refinement {
    factors: Vec<f32>,
    layer: Layer,
}

/// What is worked out of a product once.
#[derive(Clone, Copy)]
struct Item {
    /// Of the embedding.
    length: f32,
    /// Of the decoded direction, which is near 1.
    direction: f32,
}

fn value(wrong: &str) -> FormatError {
    FormatError::Value(wrong.to_owned())
}

impl Codes {
    /// Reads the codes of `items` products and what they are coded by.
    ///
    /// # Errors
    /// [`FormatError`] when one of the files is not what `FORMAT.md` says; of the first, then of the second.
    pub fn read(codebook: &[u8], codes: &[u8], items: u32) -> Result<Codes, CodesError> {
        let (mut read, model) = Codes::read_codebook(codebook).map_err(CodesError::Codebook)?;
        read.read_codes(model, codes, items as usize).map_err(CodesError::Codes)?;
        Ok(read)
    }

    fn read_codebook(bytes: &[u8]) -> Result<(Codes, Model), FormatError> {
        let mut reader = Reader::open(bytes, CODEBOOK_MAGIC, "a codebook", CODEBOOK_VERSION)?;
        let flags = reader.u16()?;
        if flags > 1 {
            return Err(FormatError::Value(format!(
                "holds a codebook of a kind ({flags}) this reader does not know"
            )));
        }
        let dims = reader.u32()? as usize;
        let mean = reader.f32s(dims)?;
        let lengths = reader.f32s(LENGTHS)?;
        let sound = |value: &f32| value.is_finite() && *value >= 0.0;
        if !lengths.iter().all(sound) || !mean.iter().all(|value| value.is_finite()) {
            return Err(value("holds lengths or means that are not numbers"));
        }
        let rotation = Rotation::read(&mut reader, dims)?;
        let model = Model::read(&mut reader)?;
        reader.finish()?;
        if model.axes() != rotation.axes() {
            return Err(value("holds steps for other axes than its own"));
        }
        let codes = Codes {
            mean,
            rotations: vec![rotation],
            positive: flags == 1,
            lengths,
            base: Layer::of(Model::default()),
            refinement: None,
            items: Vec::new(),
            scan: Scan::default(),
            count: 0,
            cells: None,
        };
        Ok((codes, model))
    }

    fn read_codes(&mut self, model: Model, bytes: &[u8], items: usize) -> Result<(), FormatError> {
        let mut reader = Reader::open(bytes, CODES_MAGIC, "a codes file", CODES_VERSION_CELLS)?;
        let in_cells = bytes[4] == CODES_VERSION_CELLS as u8;
        self.count = items;
        self.base = read_layer(&mut reader, model, items, !in_cells)?;
        if in_cells {
            self.cells = Some(Cells::read(&mut reader, items, self.rotations[0].axes())?);
        }
        reader.finish()?;
        self.scan.take(&self.base, 0);
        self.work_out(0..self.base.lengths.len(), false);
        Ok(())
    }

    /// Takes in the refinement: distances are nearer to the exact ones from then on; of cells, once theirs is here too
    /// ([`Codes::give_cell`]).
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what `FORMAT.md` says, or of another catalogue; nothing has changed then.
    pub fn refine(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let mut reader = Reader::open(bytes, REFINEMENT_MAGIC, "a refinement", REFINEMENT_VERSION_CELLS)?;
        if reader.u16()? != 0 {
            return Err(value("holds a refinement of a kind this reader does not know"));
        }
        let factors = reader.f32s(LENGTHS)?;
        if !factors.iter().all(|factor| factor.is_finite() && *factor >= 0.0) {
            return Err(value("holds factors that are not numbers"));
        }
        let rotation = Rotation::read(&mut reader, self.dims())?;
        let model = Model::read(&mut reader)?;
        if model.axes() != self.rotations[0].axes() + rotation.axes() {
            return Err(value("holds steps for other axes than there are"));
        }
        let layer = read_layer(&mut reader, model, self.count, self.cells.is_none())?;
        reader.finish()?;
        self.rotations.truncate(1);
        self.rotations.push(rotation);
        let rows = layer.lengths.len();
        self.refinement = Some(Refinement { factors, layer });
        self.work_out(0..rows, true);
        Ok(())
    }

    /// Whether [`Codes::refine`] has been.
    pub fn refined(&self) -> bool {
        self.refinement.is_some()
    }

    /// Number of products.
    pub fn items(&self) -> usize {
        self.count
    }

    /// Whether the codes of `item` are here: of all products there are, but for those in cells.
    pub fn has(&self, item: u32) -> bool {
        (item as usize) < self.count && self.row_of(item) < self.items.len()
    }

    /// What a row's refinement holds; none before it is here.
    fn refined_levels(&self, row: usize) -> &[i16] {
        self.refinement.as_ref().map_or(&[], |refinement| refinement.layer.row(row))
    }

    fn row_of(&self, item: u32) -> usize {
        self.cells.as_ref().map_or(item as usize, |cells| cells.row(item as usize))
    }

    /// Dimensions of the embeddings.
    pub fn dims(&self) -> usize {
        self.mean.len()
    }

    /// Writes the embedding that the codes of `item` stand for to `embedding`, `[dims]`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn decode(&self, item: usize, embedding: &mut [f32]) {
        self.decode_all(&[item as u32], embedding);
    }

    /// The same of many at once, in a fraction of the time each: `embeddings` is `[items, dims]`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn decode_all(&self, items: &[u32], embeddings: &mut [f32]) {
        let dims = self.dims().max(1);
        let coefficients: Vec<Vec<f32>> =
            items.iter().map(|item| self.coefficients(self.row_of(*item))).collect();
        embeddings.chunks_exact_mut(dims).for_each(|embedding| embedding.copy_from_slice(&self.mean));
        let mut first = 0;
        for rotation in &self.rotations {
            rotation.add_to(&coefficients, first, embeddings);
            first += rotation.axes();
        }
        for (item, embedding) in items.iter().zip(embeddings.chunks_exact_mut(dims)) {
            let Item { length, direction } = self.items[self.row_of(*item)];
            let factor = if direction > 0.0 { length / direction } else { 0.0 };
            for value in embedding {
                *value *= factor;
                if self.positive && *value < 0.0 {
                    *value = 0.0;
                }
            }
        }
    }

    /// Of a row's direction, along all axes.
    fn coefficients(&self, row: usize) -> Vec<f32> {
        let mut sum: Vec<f32> = self.base.values(row).collect();
        if let Some(Refinement { layer, .. }) = &self.refinement {
            sum.resize(layer.model.axes(), 0.0);
            sum.iter_mut().zip(layer.values(row)).for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    /// The mean along all axes.
    fn mean_coefficients(&self) -> Vec<f32> {
        self.rotations.iter().flat_map(|rotation| rotation.project(&self.mean)).collect()
    }

    fn work_out(&mut self, rows: Range<usize>, refined: bool) {
        let mean = self.mean_coefficients();
        let squared_mean: f32 = self.mean.iter().map(|value| value * value).sum();
        self.items.resize(self.items.len().max(rows.end), Item { length: 0.0, direction: 0.0 });
        for row in rows {
            // |mean + axes * y|^2, as if the axes were orthonormal.
            let terms = self.coefficients(row).into_iter().zip(&mean).map(|(y, m)| y * (y + 2.0 * m));
            let squared = squared_mean + terms.sum::<f32>();
            let mut length = self.lengths[usize::from(self.base.lengths[row])];
            if let (true, Some(Refinement { factors, layer })) = (refined, &self.refinement) {
                length *= factors[usize::from(layer.lengths[row])];
            }
            self.items[row] = Item { length, direction: squared.max(0.0).sqrt() };
        }
    }
}

/// Why codes are refused: which of the two files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodesError {
    /// The codebook.
    #[error("the codebook {0}")]
    Codebook(FormatError),
    /// The codes.
    #[error("the codes file {0}")]
    Codes(FormatError),
}

/// With the products, if they are not in cells.
fn read_layer(reader: &mut Reader, model: Model, items: usize, whole: bool) -> Result<Layer, FormatError> {
    let found = reader.u32()? as usize;
    if found != items {
        return Err(FormatError::Value(format!("is of {found} products where the folder has {items}")));
    }
    if whole && items.checked_mul(model.axes()).is_none_or(|numbers| numbers > MOST_NUMBERS) {
        return Err(FormatError::Value(format!("holds more than {MOST_NUMBERS} numbers")));
    }
    let mut layer = Layer::of(model);
    if whole {
        layer.read(0, items, reader)?;
    }
    Ok(layer)
}

#[cfg(test)]
mod cells_tests;
#[cfg(test)]
mod tests;
