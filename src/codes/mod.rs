//! Quantised embeddings: 8 bits a dimension between the smallest and largest value seen there.
//!
//! Each dimension is kept apart, without rotation, so one set of codes serves cosine, euclidean and manhattan alike.
//! The file is specified in `folder/FORMAT.md`.

use crate::embedding::norm;
use crate::format::{FormatError, Reader};

const MAGIC: &[u8; 4] = b"LKCD";
const VERSION: u16 = 1;
const KIND_AFFINE_8_BIT: u16 = 1;

/// The smallest and largest value of each dimension, found in a first pass over all embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    minimum: Vec<f32>,
    maximum: Vec<f32>,
}

impl Ranges {
    /// Of no embedding yet, for embeddings of `dims` dimensions.
    pub fn new(dims: usize) -> Ranges {
        Ranges { minimum: vec![f32::INFINITY; dims], maximum: vec![f32::NEG_INFINITY; dims] }
    }

    /// Widens the ranges to hold `embedding`, `[dims]`, all finite.
    pub fn include(&mut self, embedding: &[f32]) {
        for ((minimum, maximum), value) in self.minimum.iter_mut().zip(&mut self.maximum).zip(embedding) {
            *minimum = minimum.min(*value);
            *maximum = maximum.max(*value);
        }
    }

    /// The quantiser whose 256 levels span the ranges.
    pub fn quantiser(self) -> Quantiser {
        let step = self
            .minimum
            .iter()
            .zip(&self.maximum)
            .map(|(minimum, maximum)| if maximum > minimum { (maximum - minimum) / 255.0 } else { 0.0 })
            .collect();
        let minimum =
            self.minimum.into_iter().map(|value| if value.is_finite() { value } else { 0.0 }).collect();
        Quantiser { minimum, step }
    }
}

/// The levels of each dimension: value = minimum + step * code.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiser {
    minimum: Vec<f32>,
    step: Vec<f32>,
}

impl Quantiser {
    /// Dimensions of the embeddings.
    pub fn dims(&self) -> usize {
        self.minimum.len()
    }

    /// Appends the codes of `embedding`, `[dims]`: the nearest level of each dimension.
    pub fn encode(&self, embedding: &[f32], codes: &mut Vec<u8>) {
        codes.extend(embedding.iter().zip(&self.minimum).zip(&self.step).map(|((value, minimum), step)| {
            if *step > 0.0 { ((value - minimum) / step).round().clamp(0.0, 255.0) as u8 } else { 0 }
        }));
    }

    /// The beginning of a codes file for `items` products; their codes follow in item order.
    pub fn header(&self, items: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(KIND_AFFINE_8_BIT.to_le_bytes());
        bytes.extend(items.to_le_bytes());
        bytes.extend((self.dims() as u32).to_le_bytes());
        bytes.extend(self.minimum.iter().chain(&self.step).flat_map(|value| value.to_le_bytes()));
        bytes
    }
}

/// A codes file, read and checked.
pub struct Codes {
    quantiser: Quantiser,
    /// `[items, dims]`, row-major.
    codes: Vec<u8>,
    /// L2 norm of each decoded embedding.
    norms: Vec<f64>,
}

impl Codes {
    /// Reads a codes file.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what `FORMAT.md` says.
    pub fn read(bytes: &[u8]) -> Result<Codes, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "a codes file", VERSION)?;
        let kind = reader.u16()?;
        if kind != KIND_AFFINE_8_BIT {
            return Err(FormatError::Value(format!(
                "holds codes of a kind ({kind}) this reader does not know"
            )));
        }
        let (items, dims) = (reader.u32()? as usize, reader.u32()? as usize);
        let minimum = reader.f32s(dims)?;
        let step = reader.f32s(dims)?;
        if minimum.iter().any(|value| !value.is_finite())
            || step.iter().any(|step| !(step.is_finite() && *step >= 0.0))
        {
            return Err(FormatError::Value("holds levels that are not numbers".to_owned()));
        }
        let size = items
            .checked_mul(dims)
            .ok_or(FormatError::Length { expected: u64::MAX, found: bytes.len() as u64 })?;
        let codes = reader.take(size)?.to_vec();
        reader.finish()?;
        let mut read = Codes { quantiser: Quantiser { minimum, step }, codes, norms: Vec::new() };
        let mut decoded = vec![0f32; dims];
        for item in 0..items {
            read.decode(item, &mut decoded);
            read.norms.push(norm(&decoded));
        }
        Ok(read)
    }

    /// Number of products.
    pub fn items(&self) -> usize {
        self.norms.len()
    }

    /// Dimensions of the embeddings.
    pub fn dims(&self) -> usize {
        self.quantiser.dims()
    }

    /// Writes the embedding that the codes of `item` stand for to `embedding`, `[dims]`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn decode(&self, item: usize, embedding: &mut [f32]) {
        let dims = self.dims();
        let codes = &self.codes[item * dims..(item + 1) * dims];
        for (((value, code), minimum), step) in
            embedding.iter_mut().zip(codes).zip(&self.quantiser.minimum).zip(&self.quantiser.step)
        {
            *value = minimum + step * f32::from(*code);
        }
    }

    /// The L2 norm of the embedding that the codes of `item` stand for.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn norm(&self, item: usize) -> f64 {
        self.norms[item]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(embeddings: &[Vec<f32>], dims: usize) -> Vec<u8> {
        let mut ranges = Ranges::new(dims);
        embeddings.iter().for_each(|embedding| ranges.include(embedding));
        let quantiser = ranges.quantiser();
        let mut bytes = quantiser.header(embeddings.len() as u32);
        embeddings.iter().for_each(|embedding| quantiser.encode(embedding, &mut bytes));
        bytes
    }

    proptest! {
        #[test]
        fn decoded_values_are_within_half_a_step(
            embeddings in (1usize..9).prop_flat_map(|dims| {
                prop::collection::vec(prop::collection::vec(-5f32..50.0, dims), 1..20)
            })
        ) {
            let dims = embeddings[0].len();
            let codes = Codes::read(&file(&embeddings, dims)).expect("just written");
            prop_assert_eq!((codes.items(), codes.dims()), (embeddings.len(), dims));
            let mut decoded = vec![0f32; dims];
            for (item, embedding) in embeddings.iter().enumerate() {
                codes.decode(item, &mut decoded);
                for ((got, want), step) in decoded.iter().zip(embedding).zip(&codes.quantiser.step) {
                    prop_assert!((got - want).abs() <= 0.501 * step + 1e-5);
                }
            }
        }

        #[test]
        fn no_damage_is_read_as_codes_of_another_size(cut in 0usize..60) {
            let whole = file(&[vec![1.0, 2.0], vec![3.0, 4.0], vec![0.0, 9.0]], 2);
            let cut = cut.min(whole.len() - 1);
            prop_assert!(Codes::read(&whole[..cut]).is_err());
            let mut longer = whole;
            longer.push(0);
            prop_assert!(Codes::read(&longer).is_err());
        }
    }

    #[test]
    fn counts_that_overflow_are_refused() {
        let mut bytes = file(&[vec![1.0, 2.0]], 2);
        bytes[8..16].fill(0xff);
        assert!(matches!(Codes::read(&bytes), Err(FormatError::Length { .. })));
    }

    #[test]
    fn a_newer_version_is_refused_by_number() {
        let mut bytes = file(&[vec![1.0]], 1);
        bytes[4] = 2;
        assert_eq!(Codes::read(&bytes).err(), Some(FormatError::NewerVersion { found: 2, known: 1 }));
    }
}
