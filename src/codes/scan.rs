//! What a scan of all products goes by: their levels along the first axes, side by side, so that a scan reads memory in one go.

use super::kernel::{dot, in_units};
use super::layer::Layer;

/// Axes that a scan goes by; a multiple of a vector's lanes. Of the 200 nearest by so many all of the 20 nearest in full
/// precision are, for slim and MobileNetV2 on 4,090 photos.
const SCANNED: usize = 128;

/// By row.
#[derive(Default)]
pub struct Scan {
    width: usize,
    /// `[rows, width]`.
    levels: Vec<i16>,
    /// `[width]`: the greatest level of each axis, sign aside.
    most: Vec<u16>,
}

/// A query's coefficients in whole numbers: coefficient * step = `unit` * number.
pub struct Scanned {
    numbers: Vec<i16>,
    unit: f32,
}

impl Scan {
    /// Takes in the rows of `layer` from `first` on, instead of those there were.
    pub fn take(&mut self, layer: &Layer, first: usize) {
        self.width = layer.stride().min(SCANNED);
        self.levels.truncate(first * self.width);
        self.most.resize(self.width, 0);
        for row in layer.rows().skip(first) {
            self.levels.extend(&row[..self.width]);
            self.most.iter_mut().zip(row).for_each(|(most, level)| *most = level.unsigned_abs().max(*most));
        }
    }

    /// Of `scaled`, a query's coefficients times the layer's steps: as fine as 16 bits allow, and so that no sum is over 32.
    pub fn ask(&self, scaled: &[f32]) -> Scanned {
        let (numbers, unit) = in_units(&scaled[..self.width], &self.most);
        Scanned { numbers, unit }
    }

    /// Nearly the product of the query's direction and that of `row`, both less the mean.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn product(&self, row: usize, asked: &Scanned) -> f32 {
        dot(&self.levels[row * self.width..][..self.width], &asked.numbers) as f32 * asked.unit
    }
}
