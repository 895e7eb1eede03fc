//! The file of all products' colours, `colours-<hash>.bin`; specified in `folder/FORMAT.md`.

use super::{BYTES, Colours, Means, Query};
use crate::format::{FormatError, Reader};

const MAGIC: &[u8; 4] = b"LKCL";
const VERSION: u16 = 1;

/// A colours file, read and checked.
pub struct ColourCodes {
    colours: Vec<Colours>,
    /// [`Colours::norm`] of each.
    norms: Vec<u32>,
    means: Means,
    weight: f64,
}

impl ColourCodes {
    /// The file of these products, in item order; `weight` (0 to 1) is how much colours count in the stored neighbours.
    pub fn write(colours: &[Colours], means: &Means, weight: f64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(52 + colours.len() * BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((BYTES as u16).to_le_bytes());
        bytes.extend((colours.len() as u32).to_le_bytes());
        let numbers = [means.colour].into_iter().chain(means.network).chain([weight]);
        bytes.extend(numbers.flat_map(f64::to_le_bytes));
        bytes.extend(colours.iter().flat_map(Colours::as_bytes));
        bytes
    }

    /// Reads a colours file.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what `FORMAT.md` says.
    pub fn read(bytes: &[u8]) -> Result<ColourCodes, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "a colours file", VERSION)?;
        let each = reader.u16()?;
        if usize::from(each) != BYTES {
            return Err(FormatError::Value(format!("holds {each} bytes a product instead of {BYTES}")));
        }
        let items = reader.u32()? as usize;
        let mut number = || -> Result<f64, FormatError> {
            let bytes = reader.take(8)?.first_chunk().copied().unwrap_or_default();
            let number = f64::from_le_bytes(bytes);
            let sound = number.is_finite() && number >= 0.0;
            sound.then_some(number).ok_or_else(|| FormatError::Value("holds means that are none".to_owned()))
        };
        let means = Means { colour: number()?, network: [number()?, number()?, number()?] };
        let weight = number()?;
        if weight > 1.0 {
            return Err(FormatError::Value("holds a weight over 1".to_owned()));
        }
        let size = items
            .checked_mul(BYTES)
            .ok_or(FormatError::Length { expected: u64::MAX, found: bytes.len() as u64 })?;
        let body = reader.take(size)?;
        reader.finish()?;
        let colours = body
            .as_chunks::<BYTES>()
            .0
            .iter()
            .map(|bytes| Colours::from_bytes(*bytes))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| FormatError::Value("holds colours that no photo has".to_owned()))?;
        let norms = colours.iter().map(Colours::norm).collect();
        Ok(ColourCodes { colours, norms, means, weight })
    }

    /// Number of products.
    pub fn items(&self) -> usize {
        self.colours.len()
    }

    /// How far apart two products are in the mean.
    pub fn means(&self) -> &Means {
        &self.means
    }

    /// How much colours count in the stored neighbours, 0 to 1.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The colours of a product.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn get(&self, item: usize) -> &Colours {
        &self.colours[item]
    }

    /// [`Colours::distance`] between what is asked for and a product, 0 to 1.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn distance(&self, query: &Query, item: usize) -> f64 {
        query.distance(&self.colours[item], self.norms[item])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MEANS: Means = Means { colour: 0.5, network: [0.25, 1.5, 7.0] };

    fn written(colours: &[Colours]) -> Vec<u8> {
        ColourCodes::write(colours, &MEANS, 0.125)
    }

    fn some(count: usize) -> Vec<Colours> {
        (0..count)
            .map(|item| {
                let mut bytes = [0; BYTES];
                bytes[..3].copy_from_slice(&[item as u8, 40, 255]);
                Colours::from_bytes(bytes).expect("one colour")
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(count in 0usize..20) {
            let colours = some(count);
            let codes = ColourCodes::read(&written(&colours)).expect("just written");
            prop_assert_eq!((codes.items(), *codes.means(), codes.weight()), (count, MEANS, 0.125));
            for (item, colours) in colours.iter().enumerate() {
                prop_assert_eq!(codes.get(item), colours);
                prop_assert_eq!(codes.distance(&Query::new(colours), item), 0.0);
            }
        }

        #[test]
        fn no_damage_of_the_length_is_read(cut in 0usize..124) {
            let whole = written(&some(3));
            prop_assert!(ColourCodes::read(&whole[..cut.min(whole.len() - 1)]).is_err());
            let mut longer = whole;
            longer.push(0);
            prop_assert!(ColourCodes::read(&longer).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = written(&[]);
            bytes[8] = (body.len() / BYTES) as u8;
            bytes.extend(body);
            // No panic, whatever comes out.
            drop(ColourCodes::read(&bytes));
        }
    }

    #[test]
    fn headers_no_writer_writes_are_refused() {
        let mut version = written(&some(1));
        version[4] = 2;
        let newer = FormatError::NewerVersion { found: 2, known: 1 };
        assert_eq!(ColourCodes::read(&version).err(), Some(newer));
        let mut count = written(&some(1));
        count[8..12].fill(0xff);
        assert!(matches!(ColourCodes::read(&count), Err(FormatError::Length { .. })));
        let mut each = written(&some(1));
        each[6] = 23;
        assert!(matches!(ColourCodes::read(&each), Err(FormatError::Value(_))));
        for number in [f64::NAN, -1.0, 1.5] {
            let mut weight = written(&some(1));
            weight[44..52].copy_from_slice(&number.to_le_bytes());
            assert!(matches!(ColourCodes::read(&weight), Err(FormatError::Value(_))));
        }
        let mut black = written(&some(1));
        black[54] = 0;
        assert!(matches!(ColourCodes::read(&black), Err(FormatError::Value(_))));
    }
}
