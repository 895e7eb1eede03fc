//! Axes of the space of embeddings, 8 bits a number: what embeddings are rotated to before they are coded.

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
        axes.map(|(axis, scale)| scale * dot(axis, vector))
    }

    /// Adds `coefficients`, `[axes]`, times the axes to `vector`, `[dims]`.
    pub fn add_to(&self, coefficients: impl Iterator<Item = f32>, vector: &mut [f32]) {
        let axes = self.numbers.chunks_exact(self.dims.max(1)).zip(&self.scales);
        for ((axis, scale), coefficient) in axes.zip(coefficients) {
            let factor = scale * coefficient;
            if factor != 0.0 {
                vector.iter_mut().zip(axis).for_each(|(value, number)| *value += factor * f32::from(*number));
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

/// Lanes kept apart, so that the compiler vectorises it and every build gives the same bits.
const LANES: usize = 16;

fn dot(axis: &[i8], vector: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((axis, axis_rest), (vector, vector_rest)) = (axis.as_chunks::<LANES>(), vector.as_chunks::<LANES>());
    for (numbers, values) in axis.iter().zip(vector) {
        for lane in 0..LANES {
            lanes[lane] += f32::from(numbers[lane]) * values[lane];
        }
    }
    for (lane, (number, value)) in lanes.iter_mut().zip(axis_rest.iter().zip(vector_rest)) {
        *lane += f32::from(*number) * value;
    }
    lanes.iter().sum()
}
