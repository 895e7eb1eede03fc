//! One layer of codes: products' numbers in blocks that are coded apart, and in memory as levels.

use super::kernel::LANES;
use super::model::Model;
#[cfg(feature = "encode")]
use super::train::Numbers;
use crate::format::{FormatError, Reader};
use crate::rans::Decoder;
#[cfg(feature = "encode")]
use crate::rans::Encoder;

/// Products of a block.
const BLOCK: usize = 1024;

/// A layer, read.
pub struct Layer {
    pub model: Model,
    /// `[items, stride]`: value = step * level.
    levels: Vec<i16>,
    /// Axes up to whole vectors.
    stride: usize,
    /// `[items]`.
    pub lengths: Vec<u8>,
}

/// Appends the blocks of `numbers` and `lengths`, `[items]`.
#[cfg(feature = "encode")]
pub fn write(model: &Model, numbers: &Numbers, lengths: &[u8], bytes: &mut Vec<u8>) {
    let axes = model.axes();
    for (block, lengths) in lengths.chunks(BLOCK).enumerate() {
        let mut encoder = Encoder::default();
        for item in (block * BLOCK..).take(lengths.len()) {
            let row = item * axes..(item + 1) * axes;
            model.encode(&numbers.numbers[row.clone()], &numbers.negative[row], &mut encoder);
        }
        bytes.extend(lengths);
        bytes.extend(encoder.finish());
    }
}

impl Layer {
    /// Of no product.
    pub fn of(model: Model) -> Layer {
        let stride = model.axes().next_multiple_of(LANES);
        Layer { model, levels: Vec::new(), stride, lengths: Vec::new() }
    }

    /// Reads the blocks of `items` products to the rows from `first` on; rows before them that were never read are zeros.
    ///
    /// # Errors
    /// [`FormatError`] when they are cut short or end at the wrong place; anything may be in those rows then.
    pub fn read(&mut self, first: usize, items: usize, reader: &mut Reader) -> Result<(), FormatError> {
        let (axes, stride, end) = (self.model.axes(), self.stride, first + items);
        let mut at = first;
        while at < end {
            let count = (end - at).min(BLOCK);
            // Fails before anything is allocated for more products than there are bytes.
            let lengths = reader.take(count)?;
            let mut decoder = Decoder::open(reader)?;
            self.lengths.resize(self.lengths.len().max(at + count), 0);
            self.levels.resize(self.levels.len().max((at + count) * stride), 0);
            self.lengths[at..at + count].copy_from_slice(lengths);
            for row in self.levels[at * stride..(at + count) * stride].chunks_exact_mut(stride.max(1)) {
                self.model.decode(&mut decoder, &mut row[..axes]);
            }
            decoder.finish()?;
            at += count;
        }
        Ok(())
    }

    /// The levels of a product and zeros up to whole vectors; of one that was not read none.
    pub fn row(&self, item: usize) -> &[i16] {
        self.levels.get(item * self.stride..(item + 1) * self.stride).unwrap_or_default()
    }

    /// The values of a product, `[axes]`; of one that was not read none.
    pub fn values(&self, item: usize) -> impl Iterator<Item = f32> + '_ {
        self.model.steps.iter().zip(self.row(item)).map(|(step, level)| step * f32::from(*level))
    }

    /// A query's `coefficients`, `[axes]` or more, times the steps; zeros up to whole vectors.
    pub fn scaled(&self, coefficients: &[f32]) -> Vec<f32> {
        let mut scaled: Vec<f32> =
            self.model.steps.iter().zip(coefficients).map(|(step, value)| step * value).collect();
        scaled.resize(self.stride, 0.0);
        scaled
    }

    /// Axes up to whole vectors.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All products' levels, in order.
    pub fn rows(&self) -> impl Iterator<Item = &[i16]> {
        self.levels.chunks_exact(self.stride.max(1))
    }

    /// Bytes of memory that the levels of so many products take.
    pub fn memory(&self, items: usize) -> usize {
        items * self.stride * size_of::<i16>()
    }

    /// Back to no product.
    pub fn clear(&mut self) {
        self.levels.clear();
        self.lengths.clear();
    }
}
