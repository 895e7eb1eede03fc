//! One layer of codes: products' numbers in blocks that are coded apart, and in memory as levels.

use super::kernel::LANES;
use super::model::Model;
use super::rans::{Decoder, Encoder};
use super::train::Coded;
use crate::format::{FormatError, Reader};

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

/// Appends the blocks of `coded` and `lengths`, `[items]`.
pub fn write(coded: &Coded, lengths: &[u8], bytes: &mut Vec<u8>) {
    let axes = coded.model.axes();
    for (block, lengths) in lengths.chunks(BLOCK).enumerate() {
        let mut encoder = Encoder::default();
        for item in (block * BLOCK..).take(lengths.len()) {
            let row = item * axes..(item + 1) * axes;
            coded.model.encode(&coded.numbers[row.clone()], &coded.negative[row], &mut encoder);
        }
        bytes.extend(lengths);
        bytes.extend(encoder.finish());
    }
}

impl Layer {
    /// Of no product.
    pub fn none() -> Layer {
        Layer { model: Model::default(), levels: Vec::new(), stride: 0, lengths: Vec::new() }
    }

    /// Reads the blocks of `items` products.
    ///
    /// # Errors
    /// [`FormatError`] when they are cut short or end at the wrong place.
    pub fn read(model: Model, items: usize, reader: &mut Reader) -> Result<Layer, FormatError> {
        let (axes, stride) = (model.axes(), model.axes().next_multiple_of(LANES));
        let mut layer = Layer { model, levels: Vec::new(), stride, lengths: Vec::new() };
        let mut done = 0;
        while done < items {
            let count = (items - done).min(BLOCK);
            // Fails before anything is allocated for more products than there are bytes.
            layer.lengths.extend(reader.take(count)?);
            let mut decoder = Decoder::open(reader)?;
            layer.levels.resize((done + count) * stride, 0);
            for row in layer.levels[done * stride..].chunks_exact_mut(stride.max(1)) {
                layer.model.decode(&mut decoder, &mut row[..axes]);
            }
            decoder.finish()?;
            done += count;
        }
        Ok(layer)
    }

    /// The levels of a product and zeros up to whole vectors.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn row(&self, item: usize) -> &[i16] {
        &self.levels[item * self.stride..(item + 1) * self.stride]
    }

    /// The values of a product, `[axes]`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn values(&self, item: usize) -> impl Iterator<Item = f32> + '_ {
        self.model.steps.iter().zip(self.row(item)).map(|(step, level)| step * f32::from(*level))
    }

    /// The greatest level of each axis, sign aside.
    pub fn most(&self) -> Vec<u16> {
        let mut most = vec![0; self.stride];
        for row in self.levels.chunks_exact(self.stride.max(1)) {
            most.iter_mut().zip(row).for_each(|(most, level)| *most = level.unsigned_abs().max(*most));
        }
        most
    }
}
