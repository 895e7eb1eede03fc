//! Adaptation of embeddings to a catalogue by half whitening: the file, and applying it; [`super::fit()`] makes one.
//!
//! ```text
//! unit     = embedding / |embedding|
//! along    = axes * (unit - mean)        each axis is divided by the fourth root of its variance
//! adapted  = along / |along|
//! ```
//!
//! A plain projection on principal axes leaves distances as they were. Full whitening (division by the square root) makes
//! axes that are noise as loud as those that carry meaning; the fourth root is half of the way, and is what found most
//! photos of the same product on every network and shop measured (`precompute/training/README.md` has the table). Centring
//! and whitening by principal components for image search: Jegou and Chum, "Negative evidences and co-occurrences in image
//! retrieval: the benefit of PCA and whitening", ECCV 2012.

use tract_core::internal::f16;

use super::{norm, sums};
use crate::format::{FormatError, Reader};

const MAGIC: &[u8; 4] = b"LKAD";
const VERSION: u16 = 1;
/// Number of axes at most.
pub const MAX_AXES: usize = 256;

/// Means of vectors of unit length and scaled axes are from -1 to 1, but for rounding.
const LARGEST: f32 = 1.0 + 1e-6;

/// The adaptation of embeddings to one catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Adaptation {
    /// Number of different photos it was fitted on.
    products: u32,
    /// Mean of the catalogue's embeddings, each of unit length, `[dims]`.
    mean: Vec<f32>,
    /// Principal axes, each divided by the fourth root of its variance, `[axes, dims]`; numbers that f16 holds.
    axes: Vec<f32>,
}

/// Why an embedding cannot be adapted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdaptError {
    /// The embedding comes from another network than the adaptation.
    #[error(
        "the embedding has {found} dimensions, the adaptation {expected}: they come from different networks"
    )]
    Dimensions {
        /// Dimensions of the embedding.
        found: usize,
        /// Dimensions that the adaptation takes.
        expected: usize,
    },
    /// The embedding holds a number that is infinite or not a number.
    #[error(
        "the network's embedding has a number that is not finite ({found} at dimension {at}): compile the network again, with f32 weights if it was compiled with others"
    )]
    NotFinite {
        /// The first such dimension.
        at: usize,
        /// The number, as text.
        found: String,
    },
}

impl AdaptError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AdaptError::Dimensions { .. } => "folder/corrupt",
            AdaptError::NotFinite { .. } => "network/failed",
        }
    }
}

impl Adaptation {
    /// From the mean, `[dims]`, and the axes, `[axes, dims]`. Axes are scaled together so that the largest number is 1 (the
    /// result is of unit length anyway) and rounded to what the file holds.
    pub(super) fn new(products: u32, mean: Vec<f32>, axes: &[f64]) -> Adaptation {
        let largest = axes.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { 1.0 / largest } else { 0.0 };
        let axes = axes.iter().map(|value| f16::from_f64(value * scale).to_f32()).collect();
        Adaptation { products, mean, axes }
    }

    /// Dimensions of the network's embeddings.
    pub fn dims(&self) -> usize {
        self.mean.len()
    }

    /// Dimensions of adapted embeddings.
    pub fn axes(&self) -> usize {
        self.axes.len() / self.dims().max(1)
    }

    /// Itself, if it takes embeddings of `dims` dimensions.
    ///
    /// # Errors
    /// [`FormatError::Value`] when it takes others.
    pub fn of_network(self, dims: usize) -> Result<Adaptation, FormatError> {
        match self.dims() == dims {
            true => Ok(self),
            false => Err(FormatError::Value(format!(
                "takes embeddings of {} dimensions, the network makes {dims}",
                self.dims()
            ))),
        }
    }

    /// Number of different photos it was fitted on.
    pub fn products(&self) -> u32 {
        self.products
    }

    /// Adapts `embedding`, `[dims]`, as the network gives it: the result is `[axes]`, of unit length. An embedding of zeros
    /// has no direction and stays zeros.
    ///
    /// # Errors
    /// [`AdaptError`] when the embedding is another network's or not of finite numbers.
    pub fn apply(&self, embedding: &[f32]) -> Result<Vec<f32>, AdaptError> {
        let Some(mut centred) = unit(embedding)? else { return Ok(vec![0.0; self.axes()]) };
        if embedding.len() != self.dims() {
            return Err(AdaptError::Dimensions { found: embedding.len(), expected: self.dims() });
        }
        centred.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
        let axes = self.axes.chunks_exact(self.dims());
        let mut adapted: Vec<f32> = axes.map(|axis| sums(axis, &centred).product as f32).collect();
        let length = norm(&adapted);
        if length > 0.0 {
            adapted.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
        Ok(adapted)
    }

    /// The bytes of `adaptation-<hash>.bin`.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(0u16.to_le_bytes());
        for number in [self.dims() as u32, self.axes() as u32, self.products] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.mean.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.axes.iter().flat_map(|value| f16::from_f32(*value).to_bits().to_le_bytes()));
        bytes
    }

    /// Reads `adaptation-<hash>.bin`.
    ///
    /// # Errors
    /// [`FormatError`] when it is another file, of a later version, cut short, or holds numbers that no writer puts there.
    pub fn read(bytes: &[u8]) -> Result<Adaptation, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "an adaptation file", VERSION)?;
        reader.u16()?;
        let [dims, axes] = [reader.u32()? as usize, reader.u32()? as usize];
        let products = reader.u32()?;
        if dims == 0 || axes == 0 || axes > MAX_AXES.min(dims) {
            return Err(FormatError::Value(format!("has {axes} axes of {dims} dimensions")));
        }
        let mean = reader.f32s(dims)?;
        let halves = reader.take(dims.saturating_mul(axes).saturating_mul(2))?.as_chunks::<2>().0;
        let axes: Vec<f32> = halves.iter().map(|half| f16::from_le_bytes(*half).to_f32()).collect();
        reader.finish()?;
        // Larger ones could overflow when they are applied.
        if let Some(wrong) = mean.iter().chain(&axes).find(|value| !(value.abs() <= LARGEST)) {
            return Err(FormatError::Value(format!("holds {wrong}, where numbers are from -1 to 1")));
        }
        Ok(Adaptation { products, mean, axes })
    }
}

/// `embedding` at unit length; `None` if it is of zeros.
///
/// # Errors
/// [`AdaptError::NotFinite`].
pub(super) fn unit(embedding: &[f32]) -> Result<Option<Vec<f32>>, AdaptError> {
    if let Some(at) = embedding.iter().position(|value| !value.is_finite()) {
        return Err(AdaptError::NotFinite { at, found: embedding[at].to_string() });
    }
    // Divided by the largest number first, the squares of no embedding overflow or vanish.
    let largest = embedding.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return Ok(None);
    }
    let mut unit: Vec<f32> =
        embedding.iter().map(|value| (f64::from(*value) / f64::from(largest)) as f32).collect();
    let length = norm(&unit);
    unit.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    Ok(Some(unit))
}
