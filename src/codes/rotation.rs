//! Axes of the space of embeddings, 8 bits a number: what embeddings are rotated to before they are coded.

use super::kernel::{AXES_TOGETHER, LANES, TILE_DIMS, add_axes, in_units, product, tiles};
use crate::format::{FormatError, Reader};

/// Axes at most: sums of so many numbers of 8 bits times 16 stay within 32.
const MOST: usize = 512;

/// Some axes. Not quite orthogonal, since each is rounded: whoever codes, asks and decodes rotates by the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rotation {
    dims: usize,
    /// Dimensions up to whole vectors.
    stride: usize,
    /// `[axes]`.
    scales: Vec<f32>,
    /// `[axes, stride]`: component = scale * number, and zeros.
    numbers: Vec<i16>,
}

impl Rotation {
    fn of_no_axes(dims: usize) -> Rotation {
        Rotation { dims, stride: dims.next_multiple_of(LANES), ..Rotation::default() }
    }

    fn push(&mut self, scale: f32, numbers: impl Iterator<Item = i16>) {
        self.scales.push(scale);
        self.numbers.extend(numbers);
        self.numbers.resize(self.axes() * self.stride, 0);
    }

    /// Of unit vectors, `[axes, dims]`, rounded to 8 bits.
    pub fn new(axes: &[f32], dims: usize) -> Rotation {
        let mut rotation = Rotation::of_no_axes(dims);
        for axis in axes.chunks_exact(dims.max(1)) {
            let scale = axis.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs())) / 127.0;
            rotation.push(scale, axis.iter().map(|value| (value / scale).round() as i16));
        }
        rotation
    }

    /// Number of axes.
    pub fn axes(&self) -> usize {
        self.scales.len()
    }

    /// Dimensions of embeddings.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The first `axes` (of all if there are fewer), and the others.
    pub fn split_at(&self, axes: usize) -> [Rotation; 2] {
        let axes = axes.min(self.axes());
        let (first, more) = self.scales.split_at(axes);
        let (first_numbers, more_numbers) = self.numbers.split_at(axes * self.stride);
        [(first, first_numbers), (more, more_numbers)].map(|(scales, numbers)| Rotation {
            scales: scales.to_vec(),
            numbers: numbers.to_vec(),
            ..Rotation::of_no_axes(self.dims)
        })
    }

    /// The coefficient of `vector`, `[dims]`, along each axis.
    pub fn project(&self, vector: &[f32]) -> Vec<f32> {
        let mut padded = vector.to_vec();
        padded.resize(self.stride, 0.0);
        let axes = self.numbers.chunks_exact(self.stride.max(1)).zip(&self.scales);
        axes.map(|(axis, scale)| scale * product(axis, &padded)).collect()
    }

    /// Adds coefficients times the axes to `vectors`, `[n, dims]`. `coefficients`, `[n]`, has those of each vector from place
    /// `first` on; they are rounded to 16 bits, beside which what codes lose is large.
    pub fn add_to(&self, coefficients: &[Vec<f32>], first: usize, vectors: &mut [f32]) {
        let blocks = self.axes().div_ceil(AXES_TOGETHER);
        let (mut factors, mut units) = (Vec::new(), Vec::new());
        for coefficients in coefficients {
            let scaled = self.scales.iter().zip(&coefficients[first..]).map(|(scale, value)| scale * value);
            let (whole, unit) = in_units(&scaled.collect::<Vec<_>>(), &[]);
            factors.extend(whole);
            units.push(unit);
            factors.resize(units.len() * blocks * AXES_TOGETHER, 0);
        }
        let factors = factors.as_chunks().0;
        let width = self.stride / TILE_DIMS;
        let mut sums = vec![[0; TILE_DIMS]; units.len() * width];
        for (block, axes) in self.numbers.chunks((AXES_TOGETHER * self.stride).max(1)).enumerate() {
            let tiles = tiles(axes, self.stride);
            for (vector, sums) in sums.chunks_exact_mut(width).enumerate() {
                add_axes(&factors[vector * blocks + block], &tiles, sums);
            }
        }
        let vectors = vectors.chunks_exact_mut(self.dims.max(1));
        for ((vector, sums), unit) in vectors.zip(sums.chunks_exact(width.max(1))).zip(units) {
            vector.iter_mut().zip(sums.as_flattened()).for_each(|(value, sum)| *value += *sum as f32 * unit);
        }
    }

    /// Appends the file's bytes.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.axes() as u32).to_le_bytes());
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        let axes = self.numbers.chunks_exact(self.stride.max(1));
        bytes.extend(axes.flat_map(|axis| &axis[..self.dims]).map(|number| *number as u8));
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`FormatError`] when it is cut short or not of numbers.
    pub fn read(reader: &mut Reader, dims: usize) -> Result<Rotation, FormatError> {
        let axes = reader.u32()? as usize;
        let scales = reader.f32s(axes)?;
        if axes > MOST || scales.iter().any(|scale| !scale.is_finite()) {
            return Err(FormatError::Value("holds axes that no writer makes".to_owned()));
        }
        let mut rotation = Rotation::of_no_axes(dims);
        for scale in scales {
            rotation.push(scale, reader.take(dims)?.iter().map(|byte| i16::from(*byte as i8)));
        }
        Ok(rotation)
    }
}
