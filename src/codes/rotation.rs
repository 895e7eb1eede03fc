//! Axes of the space of embeddings, 8 bits a number: what embeddings are rotated to before they are coded.

use super::kernel::{AXES_TOGETHER, add_axes, product};
use crate::format::{FormatError, Reader};

/// Some axes. Not quite orthogonal, since each is rounded: whoever codes, asks and decodes rotates by the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rotation {
    dims: usize,
    /// `[axes]`.
    scales: Vec<f32>,
    /// `[axes, dims]`: component = scale * number.
    numbers: Vec<i8>,
}

impl Rotation {
    /// Of unit vectors, `[axes, dims]`, rounded to 8 bits.
    pub fn new(axes: &[f32], dims: usize) -> Rotation {
        let mut rotation = Rotation { dims, ..Rotation::default() };
        for axis in axes.chunks_exact(dims.max(1)) {
            let scale = axis.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs())) / 127.0;
            rotation.scales.push(scale);
            rotation.numbers.extend(axis.iter().map(|value| (value / scale).round() as i8));
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
        let (first_numbers, more_numbers) = self.numbers.split_at(axes * self.dims);
        [(first, first_numbers), (more, more_numbers)].map(|(scales, numbers)| Rotation {
            dims: self.dims,
            scales: scales.to_vec(),
            numbers: numbers.to_vec(),
        })
    }

    /// The coefficient of `vector`, `[dims]`, along each axis.
    pub fn project<'a>(&'a self, vector: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let axes = self.numbers.chunks_exact(self.dims.max(1)).zip(&self.scales);
        axes.map(|(axis, scale)| scale * product(axis, vector))
    }

    /// Adds coefficients times the axes to `vectors`, `[n, dims]`. `coefficients`, `[n, stride]`, has those of each vector
    /// from place `first` on.
    pub fn add_to(&self, coefficients: &[f32], stride: usize, first: usize, vectors: &mut [f32]) {
        let dims = self.dims.max(1);
        let mut axes = vec![0f32; AXES_TOGETHER * dims];
        let together = self.numbers.chunks(AXES_TOGETHER * dims).zip(self.scales.chunks(AXES_TOGETHER));
        for (block, (numbers, scales)) in together.enumerate() {
            axes.iter_mut().zip(numbers).for_each(|(axis, number)| *axis = f32::from(*number));
            let first = first + block * AXES_TOGETHER;
            for (coefficients, vector) in
                coefficients.chunks_exact(stride).zip(vectors.chunks_exact_mut(dims))
            {
                // Past the last axis factors are 0.
                let mut factors = [0f32; AXES_TOGETHER];
                let own = scales.iter().zip(&coefficients[first..]);
                factors.iter_mut().zip(own).for_each(|(factor, (scale, own))| *factor = scale * own);
                if factors != [0.0; AXES_TOGETHER] {
                    add_axes(&factors, &axes, vector);
                }
            }
        }
    }

    /// Appends the file's bytes.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.axes() as u32).to_le_bytes());
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        bytes.extend(self.numbers.iter().map(|number| *number as u8));
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`FormatError`] when it is cut short or not of numbers.
    pub fn read(reader: &mut Reader, dims: usize) -> Result<Rotation, FormatError> {
        let axes = reader.u32()? as usize;
        let scales = reader.f32s(axes)?;
        if scales.iter().any(|scale| !scale.is_finite()) {
            return Err(FormatError::Value("holds axes that are not numbers".to_owned()));
        }
        let size = axes
            .checked_mul(dims)
            .ok_or_else(|| FormatError::Value("holds an impossible number of axes".to_owned()))?;
        let numbers = reader.take(size)?.iter().map(|byte| *byte as i8).collect();
        Ok(Rotation { dims, scales, numbers })
    }
}
