//! Codes: embeddings in at most 128 bytes each, by which a query is ranked, and a refinement of 256 more for rescoring.
//!
//! An embedding is its length and its direction. Directions are rotated to the axes along which the catalogue varies
//! most (principal components), quantised along a trellis and entropy coded (`train`, `trellis`, `model`,
//! [`crate::rans`]): transform coding as image and video codecs do it. Steps are smaller along axes on which near products
//! differ more (`steps`). The query stays in full precision. The refinement codes what the base layer has lost, along more axes.
//!
//! Rotation keeps cosine and euclidean distance but not manhattan; by that only the nearest by euclidean distance are
//! ranked, each decoded whole. Codes are held by row: of a whole catalogue the row is the item number, of one that is cut into
//! partitions ([`crate::ivf`]) rows come and go (`partitions`). The files are specified in `folder/FORMAT.md`.

mod kernel;
// Only partitions evict and code by themselves.
#[cfg_attr(not(feature = "ivf"), allow(dead_code))]
mod layer;
mod model;
#[cfg(feature = "ivf")]
mod partitions;
mod query;
mod rotation;
mod scan;
#[cfg(feature = "encode")]
mod steps;
#[cfg(feature = "encode")]
#[cfg_attr(not(feature = "ivf"), allow(dead_code))]
mod train;
#[cfg(feature = "encode")]
mod trellis;
#[cfg(feature = "encode")]
mod write;
#[cfg(all(feature = "ivf", feature = "encode"))]
mod write_partitions;

pub use kernel::{LANES, dot};
pub use query::{Query, WrongDimensions};
pub use rotation::Rotation;
#[cfg(feature = "encode")]
pub use write::{AXES, BYTES, REFINED_AXES, REFINEMENT_BYTES, Space, Written, axes_for, write};
#[cfg(all(feature = "ivf", feature = "encode"))]
pub use write_partitions::{PartitionFiles, PartitionWriter};

use std::ops::Range;

use crate::format::{FormatError, Reader};
#[cfg(feature = "ivf")]
use crate::ivf::Partitions;
use layer::Layer;
use model::Model;
use scan::Scan;

const CODEC_MAGIC: &[u8; 4] = b"LKCB";
const CODES_MAGIC: &[u8; 4] = b"LKCD";
const REFINEMENT_MAGIC: &[u8; 4] = b"LKRF";
const CODEC_VERSION: u16 = 1;
const CODES_VERSION: u16 = 2;
#[cfg(any(feature = "encode", not(feature = "ivf")))]
const REFINEMENT_VERSION: u16 = 1;
/// Versions of the two files if they hold no items, which are in partitions.
#[cfg(feature = "ivf")]
const CODES_VERSION_IVF: u16 = 3;
#[cfg(feature = "ivf")]
const REFINEMENT_VERSION_IVF: u16 = 2;
/// Latest version of the codes file that this build reads.
#[cfg(feature = "ivf")]
const LATEST_CODES: u16 = CODES_VERSION_IVF;
#[cfg(not(feature = "ivf"))]
const LATEST_CODES: u16 = CODES_VERSION;
/// Latest version of the refinement that this build reads.
#[cfg(feature = "ivf")]
const LATEST_REFINEMENT: u16 = REFINEMENT_VERSION_IVF;
#[cfg(not(feature = "ivf"))]
const LATEST_REFINEMENT: u16 = REFINEMENT_VERSION;
/// Number of lengths, and of factors that refine one.
const LENGTHS: usize = 256;
/// Most numbers of a layer in memory, 2 GiB: more fits no browser.
const MOST_NUMBERS: usize = 1 << 30;

/// A catalogue's codes by row. If the catalogue is cut into partitions, the rows are those of the loaded ones.
pub struct Codes {
    mean: Vec<f32>,
    /// Rotation to the base layer's axes, then to those that the refinement adds.
    rotations: Vec<Rotation>,
    /// Whether no embedding has a number below 0: a ReLU made them.
    positive: bool,
    lengths: Vec<f32>,
    base: Layer,
    refinement: Option<Refinement>,
    /// Norms of each row.
    norms: Vec<Norms>,
    /// The base layer as the scan reads it.
    scan: Scan,
    /// Number of items of the catalogue.
    count: usize,
    /// Whether every item has its row; false if they are in partitions.
    whole: bool,
    /// The partitions, until [`Codes::take_partitions`].
    #[cfg(feature = "ivf")]
    partitions: Option<Partitions>,
}

struct Refinement {
    factors: Vec<f32>,
    layer: Layer,
}

/// Norms of a row, computed once.
#[derive(Clone, Copy)]
struct Norms {
    /// Norm of the embedding.
    length: f32,
    /// Norm of the decoded direction, which is near 1.
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
    pub fn read(codec: &[u8], codes: &[u8], items: u32) -> Result<Codes, CodesError> {
        let (mut read, model) = Codes::read_codec(codec).map_err(CodesError::Codec)?;
        read.read_codes(model, codes, items as usize).map_err(CodesError::Codes)?;
        Ok(read)
    }

    fn read_codec(bytes: &[u8]) -> Result<(Codes, Model), FormatError> {
        let mut reader = Reader::open(bytes, CODEC_MAGIC, "a codec", CODEC_VERSION)?;
        let flags = reader.u16()?;
        if flags > 1 {
            return Err(FormatError::Value(format!(
                "holds a codec of a kind ({flags}) this reader does not know"
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
            norms: Vec::new(),
            scan: Scan::default(),
            count: 0,
            whole: true,
            #[cfg(feature = "ivf")]
            partitions: None,
        };
        Ok((codes, model))
    }

    fn read_codes(&mut self, model: Model, bytes: &[u8], items: usize) -> Result<(), FormatError> {
        let mut reader = Reader::open(bytes, CODES_MAGIC, "a codes file", LATEST_CODES)?;
        self.whole = bytes[4] <= CODES_VERSION as u8;
        self.count = items;
        self.base = read_layer(&mut reader, model, items, self.whole)?;
        #[cfg(feature = "ivf")]
        if !self.whole {
            self.partitions = Some(Partitions::read(&mut reader, items, self.rotations[0].axes())?);
        }
        reader.finish()?;
        self.scan.take(&self.base, 0);
        self.derive_norms(0..self.base.lengths.len(), false);
        Ok(())
    }

    /// The partitions that the catalogue is cut into, if it is; once.
    #[cfg(feature = "ivf")]
    pub fn take_partitions(&mut self) -> Option<Partitions> {
        self.partitions.take()
    }

    /// Takes in the refinement: distances are nearer to the exact ones from then on, in partitions of those rows whose
    /// refinement is loaded.
    ///
    /// # Errors
    /// [`FormatError`] if the file is not what `FORMAT.md` says, or of another catalogue; nothing has changed then.
    pub fn refine(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let mut reader = Reader::open(bytes, REFINEMENT_MAGIC, "a refinement", LATEST_REFINEMENT)?;
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
        let layer = read_layer(&mut reader, model, self.count, self.whole)?;
        reader.finish()?;
        self.rotations.truncate(1);
        self.rotations.push(rotation);
        let rows = layer.lengths.len();
        self.refinement = Some(Refinement { factors, layer });
        self.derive_norms(0..rows, true);
        Ok(())
    }

    /// Whether a refinement is loaded.
    pub fn refined(&self) -> bool {
        self.refinement.is_some()
    }

    /// Number of items of the catalogue.
    pub fn items(&self) -> usize {
        self.count
    }

    /// The levels of a row's refinement; none if it is not loaded.
    fn refined_levels(&self, row: usize) -> &[i16] {
        self.refinement.as_ref().map_or(&[], |refinement| refinement.layer.row(row))
    }

    /// Dimensions of the embeddings.
    pub fn dims(&self) -> usize {
        self.mean.len()
    }

    /// Writes the embedding that the codes of `row` stand for to `embedding`, `[dims]`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn decode(&self, row: usize, embedding: &mut [f32]) {
        self.decode_all(&[row as u32], embedding);
    }

    /// The same of many rows at once, in a fraction of the time each: `embeddings` is `[rows, dims]`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn decode_all(&self, rows: &[u32], embeddings: &mut [f32]) {
        let dims = self.dims().max(1);
        let coefficients: Vec<Vec<f32>> = rows.iter().map(|row| self.coefficients(*row as usize)).collect();
        embeddings.chunks_exact_mut(dims).for_each(|embedding| embedding.copy_from_slice(&self.mean));
        let mut first = 0;
        for rotation in &self.rotations {
            rotation.add_to(&coefficients, first, embeddings);
            first += rotation.axes();
        }
        for (row, embedding) in rows.iter().zip(embeddings.chunks_exact_mut(dims)) {
            let Norms { length, direction } = self.norms[*row as usize];
            let factor = if direction > 0.0 { length / direction } else { 0.0 };
            for value in embedding {
                *value *= factor;
                if self.positive && *value < 0.0 {
                    *value = 0.0;
                }
            }
        }
    }

    /// Coefficients of a row's direction along all axes.
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

    fn derive_norms(&mut self, rows: Range<usize>, refined: bool) {
        let mean = self.mean_coefficients();
        let squared_mean: f32 = self.mean.iter().map(|value| value * value).sum();
        self.norms.resize(self.norms.len().max(rows.end), Norms { length: 0.0, direction: 0.0 });
        for row in rows {
            // |mean + axes * y|^2, as if the axes were orthonormal.
            let terms = self.coefficients(row).into_iter().zip(&mean).map(|(y, m)| y * (y + 2.0 * m));
            let squared = squared_mean + terms.sum::<f32>();
            let mut length = self.lengths[usize::from(self.base.lengths[row])];
            if let (true, Some(Refinement { factors, layer })) = (refined, &self.refinement) {
                length *= factors[usize::from(layer.lengths[row])];
            }
            self.norms[row] = Norms { length, direction: squared.max(0.0).sqrt() };
        }
    }
}

/// Why codes are refused: which of the two files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodesError {
    /// The codec.
    #[error("the codec {0}")]
    Codec(FormatError),
    /// The codes.
    #[error("the codes file {0}")]
    Codes(FormatError),
}

/// Reads a layer; with its items if the file is `whole`.
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
mod tests;
