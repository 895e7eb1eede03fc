//! Weights as stored and as run: f32, half precision, or 8 bits with one scale for each output channel, the largest weight
//! of the channel apart where that pays.

use std::borrow::Cow;

use super::description::{Encoding, TensorEntry};
use super::entropy;
use crate::format::FormatError;

/// The largest stored number of [`Encoding::Int8`]; -128 is left out so that the range is symmetric.
pub(super) const INT8_LARGEST: f32 = 127.0;

/// Numbers of a tensor in the form the kernels read.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// Row-major.
    F32(Vec<f32>),
    /// weight = scale * number; `scales` is `[rows]`, `numbers` `[rows, elements of a row]`.
    Int8 {
        /// By index of the first side.
        scales: Vec<f32>,
        /// Row-major.
        numbers: Vec<i8>,
    },
}

impl Weights {
    /// Whether these are `rows` rows of `length` numbers each.
    pub fn are(&self, rows: usize, length: usize) -> bool {
        let numbers = match self {
            Weights::F32(values) => values.len(),
            Weights::Int8 { scales, numbers } if scales.len() == rows => numbers.len(),
            Weights::Int8 { .. } => return false,
        };
        rows.checked_mul(length) == Some(numbers)
    }

    /// One row of `length` numbers.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, index: usize, length: usize) -> Cow<'_, [f32]> {
        let range = index * length..(index + 1) * length;
        match self {
            Weights::F32(values) => Cow::Borrowed(&values[range]),
            Weights::Int8 { scales, numbers } => {
                numbers[range].iter().map(|number| scales[index] * f32::from(*number)).collect()
            }
        }
    }

    /// The numbers themselves, copied only if they are not stored so.
    pub fn into_f32(self) -> Vec<f32> {
        match self {
            Weights::F32(values) => values,
            Weights::Int8 { ref scales, ref numbers } => {
                let length = numbers.len() / scales.len().max(1);
                (0..scales.len()).flat_map(|row| self.row(row, length).into_owned()).collect()
            }
        }
    }
}

/// The stored bytes of `values`, a tensor of shape `shape`.
///
/// # Panics
/// If `encoding` is [`Encoding::Rans8`], whose length follows from the numbers: see `encode_rans8`.
pub fn encode(values: &[f32], shape: &[usize], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Encoding::F16 => values.iter().flat_map(|value| f32_to_f16(*value).to_le_bytes()).collect(),
        Encoding::Int8 => {
            let rows: Vec<_> = rows(values, shape).map(quantise).collect();
            let scales = rows.iter().flat_map(|(scale, _)| scale.to_le_bytes());
            scales.chain(rows.iter().flat_map(|(_, numbers)| numbers.iter().copied())).collect()
        }
        Encoding::Int8Outlier => {
            let mut heads = Vec::new();
            let mut numbers = Vec::new();
            for row in rows(values, shape) {
                let mut rest = row.to_vec();
                let place = outlier(row);
                let weight = rest.get_mut(place).map_or(0.0, std::mem::take);
                let (scale, quantised) = quantise(&rest);
                heads.extend(scale.to_le_bytes());
                heads.extend((place as u32).to_le_bytes());
                heads.extend(weight.to_le_bytes());
                numbers.extend(quantised);
            }
            heads.extend(numbers);
            heads
        }
        Encoding::Rans8 { .. } => panic!("entropy-coded weights are made by encode_rans8"),
    }
}

/// `values` on the grid of `encoding` (8 bits), rounded so that what the weights of each kernel lose adds up to under half a
/// step: of a convolution each `[height, width]`, of a matrix each row.
///
/// What a kernel reads after a ReLU is positive and changes slowly from pixel to pixel, so most of what rounding to nearest
/// loses is the sum of its errors.
pub fn balanced(values: &[f32], shape: &[usize], encoding: Encoding) -> Vec<f32> {
    let apart = match encoding {
        // `encode_rans8` rounds so by itself.
        Encoding::F32 | Encoding::F16 | Encoding::Rans8 { .. } => return values.to_vec(),
        Encoding::Int8 => false,
        Encoding::Int8Outlier => true,
    };
    let mut balanced = Vec::with_capacity(values.len());
    for row in rows(values, shape) {
        let start = balanced.len();
        balanced.extend(row);
        let whole = &mut balanced[start..];
        let place = outlier(row);
        if apart {
            whole[place] = 0.0;
        }
        let (scale, _) = quantise(whole);
        if scale > 0.0 {
            round_kernels(whole, shape, scale);
        }
        if apart {
            whole[place] = row[place];
        }
    }
    balanced
}

/// Rounds each kernel of a row of a tensor of shape `shape` to multiples of `scale`, as [`balanced`] says.
pub(super) fn round_kernels(row: &mut [f32], shape: &[usize], scale: f32) {
    let kernel: usize = shape.iter().skip(2).product();
    let size = if kernel > 1 { kernel } else { row.len().max(1) };
    row.chunks_mut(size).for_each(|kernel| round_to_sum(kernel, scale));
}

/// Rounds to multiples of `scale`, those nearest to the other side the other way until the sum is right.
fn round_to_sum(kernel: &mut [f32], scale: f32) {
    let steps: Vec<f32> = kernel.iter().map(|value| value / scale).collect();
    let lost = |place: &usize| steps[*place] - steps[*place].round();
    let places = 0..kernel.len();
    let missing = places.clone().map(|place| lost(&place)).sum::<f32>().round();
    let mut others: Vec<usize> = places.collect();
    others.sort_by(|a, b| (lost(b) * missing).total_cmp(&(lost(a) * missing)));
    for (value, steps) in kernel.iter_mut().zip(&steps) {
        *value = steps.round() * scale;
    }
    for place in &others[..missing.abs() as usize] {
        kernel[*place] = (steps[*place].round() + missing.signum()) * scale;
    }
}

/// Whether [`Encoding::Int8Outlier`] halves the squared error of [`Encoding::Int8`] or better.
///
/// What both lose goes with the square of their scales, summed over the rows.
pub fn has_outliers(values: &[f32], shape: &[usize]) -> bool {
    let squared =
        |row: &[f32]| row.iter().fold(0f64, |largest, value| largest.max(f64::from(value.abs()))).powi(2);
    let (mut whole, mut rest) = (0.0, 0.0);
    for row in rows(values, shape) {
        let (before, after) = row.split_at(outlier(row));
        whole += squared(row);
        rest += squared(before).max(squared(after.get(1..).unwrap_or_default()));
    }
    rest * 2.0 < whole
}

/// The values by index of the first side.
pub(super) fn rows<'a>(values: &'a [f32], shape: &[usize]) -> std::slice::Chunks<'a, f32> {
    values.chunks((values.len() / shape.first().copied().unwrap_or(1).max(1)).max(1))
}

/// The place of the largest of a row, sign aside; of equals the first.
fn outlier(row: &[f32]) -> usize {
    let larger = |best: usize, place: usize| if row[place].abs() > row[best].abs() { place } else { best };
    (0..row.len()).fold(0, larger)
}

/// A row's scale and its numbers, as bytes.
fn quantise(row: &[f32]) -> (f32, Vec<u8>) {
    let scale = row.iter().fold(0f32, |largest, value| largest.max(value.abs())) / INT8_LARGEST;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let number = |value: &f32| (value * inverse).round().clamp(-INT8_LARGEST, INT8_LARGEST) as i8 as u8;
    (scale, row.iter().map(number).collect())
}

/// The weights that `bytes` hold.
///
/// # Errors
/// [`FormatError`] when there are too many or too few bytes, or a number is not finite.
pub fn decode(bytes: Vec<u8>, entry: &TensorEntry) -> Result<Weights, FormatError> {
    let expected =
        entry.bytes().ok_or(FormatError::Value("has a tensor of an impossible size".to_owned()))?;
    if bytes.len() != expected {
        return Err(FormatError::Length { expected: expected as u64, found: bytes.len() as u64 });
    }
    let finite = |values: Vec<f32>| {
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(FormatError::Value("has weights that are not numbers".to_owned()))
        }
    };
    let f32s = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
    };
    Ok(match entry.encoding {
        Encoding::F32 => Weights::F32(finite(f32s(&bytes))?),
        Encoding::F16 => {
            let words = bytes.as_chunks::<2>().0.iter();
            Weights::F32(finite(words.map(|word| f16_to_f32(u16::from_le_bytes(*word))).collect())?)
        }
        Encoding::Int8 => {
            // The numbers stay where they are: fc6 of VGG-16 is 103 MB.
            let mut numbers = bytes;
            let scales: Vec<u8> = numbers.drain(..entry.shape.first().map_or(0, |rows| rows * 4)).collect();
            let numbers = numbers.into_iter().map(|byte| byte as i8).collect();
            Weights::Int8 { scales: finite(f32s(&scales))?, numbers }
        }
        Encoding::Int8Outlier => {
            let rows = entry.shape.first().copied().unwrap_or(0);
            let (heads, numbers) = bytes.split_at(rows * 12);
            let mut values = Vec::with_capacity(numbers.len());
            let words = f32s(heads);
            let row = (numbers.len() / rows.max(1)).max(1);
            for (head, numbers) in words.as_chunks::<3>().0.iter().zip(numbers.chunks(row)) {
                let [scale, place, weight] = *head;
                let start = values.len();
                values.extend(numbers.iter().map(|byte| scale * f32::from(*byte as i8)));
                let at = start + place.to_bits() as usize;
                *values.get_mut(at).ok_or_else(|| {
                    FormatError::Value("has a weight apart that is outside its row".to_owned())
                })? = weight;
            }
            Weights::F32(finite(values)?)
        }
        Encoding::Rans8 { .. } => entropy::decode(&bytes, &entry.shape)?,
    })
}

/// IEEE 754 half precision, rounded to nearest even; beyond its range infinity.
fn f32_to_f16(value: f32) -> u16 {
    tract_core::internal::f16::from_f32(value).to_bits()
}

fn f16_to_f32(bits: u16) -> f32 {
    tract_core::internal::f16::from_bits(bits).to_f32()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(values: &[f32], shape: &[usize], encoding: Encoding) -> Vec<f32> {
        let entry = TensorEntry { shape: shape.to_vec(), encoding };
        let bytes = encode(values, shape, encoding);
        assert_eq!(Some(bytes.len()), entry.bytes());
        decode(bytes, &entry).expect("just encoded").into_f32()
    }

    proptest! {
        #[test]
        fn each_encoding_keeps_its_precision(
            rows in 1usize..5,
            (columns, values) in (1usize..9).prop_flat_map(|columns| {
                (Just(columns), prop::collection::vec(-3f32..3.0, columns * 4))
            }),
        ) {
            let values = &values[..columns * rows.min(4)];
            let shape = [rows.min(4), columns];
            prop_assert_eq!(&round_trip(values, &shape, Encoding::F32), values);
            for (got, want) in round_trip(values, &shape, Encoding::F16).iter().zip(values) {
                prop_assert!((got - want).abs() <= want.abs() * 0.000_49 + 1e-7);
            }
            let int8 = round_trip(values, &shape, Encoding::Int8);
            for (got, want) in int8.chunks(columns).zip(values.chunks(columns)) {
                let largest = want.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                for (got, want) in got.iter().zip(want) {
                    prop_assert!((got - want).abs() <= largest / 127.0 * 0.501);
                }
            }
            for encoding in [Encoding::Int8, Encoding::Int8Outlier] {
                let balanced = balanced(values, &shape, encoding);
                let stored = round_trip(&balanced, &shape, encoding);
                for ((got, balanced), want) in
                    stored.chunks(columns).zip(balanced.chunks(columns)).zip(values.chunks(columns))
                {
                    let step = want.iter().fold(0f32, |largest, value| largest.max(value.abs())) / 127.0;
                    let lost: f32 = got.iter().zip(want).map(|(got, want)| got - want).sum();
                    prop_assert!(lost.abs() <= step * 0.51, "{lost} lost of steps of {step}");
                    for ((got, balanced), want) in got.iter().zip(balanced).zip(want) {
                        prop_assert!((got - want).abs() <= step * 1.001);
                        prop_assert!((got - balanced).abs() <= step * 1e-3, "on the grid");
                    }
                }
            }
            let apart = round_trip(values, &shape, Encoding::Int8Outlier);
            for (got, want) in apart.chunks(columns).zip(values.chunks(columns)) {
                let mut sorted: Vec<f32> = want.iter().map(|value| value.abs()).collect();
                sorted.sort_by(f32::total_cmp);
                let second = sorted.iter().rev().nth(1).copied().unwrap_or(0.0);
                for (got, want) in got.iter().zip(want) {
                    prop_assert!((got - want).abs() <= second / 127.0 * 0.501);
                }
            }
        }
    }

    #[test]
    fn a_weight_apart_is_stored_as_the_format_says() {
        let values = [0.5f32, -3.0, 1.0, 0.0, 0.25, -0.125, 0.0, 8.0];
        let mut bytes = Vec::new();
        for (second, place, weight) in [(1.0f32, 1u32, -3.0f32), (0.25, 3, 8.0)] {
            bytes.extend((second / 127.0).to_le_bytes());
            bytes.extend(place.to_le_bytes());
            bytes.extend(weight.to_le_bytes());
        }
        bytes.extend([64i8, 0, 127, 0, 127, -64, 0, 0].map(|number| number as u8));
        assert_eq!(encode(&values, &[2, 4], Encoding::Int8Outlier), bytes);
        let entry = TensorEntry { shape: vec![2, 4], encoding: Encoding::Int8Outlier };
        assert!(decode(bytes.clone(), &entry).is_ok());
        bytes[16] = 4;
        assert!(decode(bytes, &entry).is_err(), "place 4 of a row of 4");
    }

    #[test]
    fn outliers_are_told_from_even_rows() {
        assert!(has_outliers(&[0.1, 1.0, -0.1, 0.1, -0.1, 2.0], &[2, 3]));
        assert!(!has_outliers(&[0.9, 1.0, -0.1, 1.8, -0.1, 2.0], &[2, 3]));
        assert!(!has_outliers(&[], &[0]));
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let entry = TensorEntry { shape: vec![1], encoding: Encoding::F32 };
        assert!(decode(f32::NAN.to_le_bytes().to_vec(), &entry).is_err());
        assert!(decode(vec![0; 5], &entry).is_err());
    }
}
