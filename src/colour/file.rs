//! The file of all products' colours, `colours-<hash>.bin`; specified in `folder/FORMAT.md`.

use super::{BYTES, Colours, Means, Query};
#[cfg(feature = "ivf")]
use crate::digest::Digest;
use crate::format::{FormatError, Reader};
#[cfg(feature = "ivf")]
use crate::ivf::DigestTable;

const MAGIC: &[u8; 4] = b"LKCL";
const VERSION: u16 = 1;
/// Version of a file that holds no items, whose colours are in partitions.
#[cfg(feature = "ivf")]
const VERSION_IVF: u16 = 2;
/// Latest version that this build reads.
#[cfg(feature = "ivf")]
const LATEST: u16 = VERSION_IVF;
#[cfg(not(feature = "ivf"))]
const LATEST: u16 = VERSION;

/// A catalogue's colours, read and checked.
pub struct ColourCodes {
    /// Row of an item: its number, or if colours are in partitions its row in all layers.
    pub(super) rows: Rows,
    means: Means,
    weight: f64,
    /// Number of items of the catalogue.
    items: usize,
    /// The digests of the partitions' files, if the colours are in partitions.
    #[cfg(feature = "ivf")]
    pub(super) digests: Option<DigestTable>,
}

/// The colours of the rows.
#[derive(Default)]
pub(super) struct Rows {
    colours: Vec<Colours>,
    /// [`Colours::norm`] of each row.
    norms: Vec<u32>,
}

impl Rows {
    #[cfg(all(test, feature = "ivf"))]
    pub(super) fn len(&self) -> usize {
        self.colours.len()
    }

    /// Reads what is left of a file, the colours of so many items, to the rows from `first` on.
    pub(super) fn read(&mut self, first: usize, items: usize, mut reader: Reader) -> Result<(), FormatError> {
        let size = items.checked_mul(BYTES).ok_or(FormatError::Length { expected: u64::MAX, found: 0 })?;
        let body = reader.take(size)?;
        reader.finish()?;
        let end = self.colours.len().max(first + items);
        self.colours.resize(end, Colours([0; BYTES]));
        self.norms.resize(end, 0);
        for (row, bytes) in (first..).zip(body.as_chunks::<BYTES>().0) {
            let colours = Colours::from_bytes(*bytes)
                .ok_or_else(|| FormatError::Value("holds colours that no photo has".to_owned()))?;
            self.norms[row] = colours.norm();
            self.colours[row] = colours;
        }
        Ok(())
    }
}

impl ColourCodes {
    /// The file of these products, in item order; `weight` (0 to 1) is how much colours count in the stored neighbours.
    pub fn write(colours: &[Colours], means: &Means, weight: f64) -> Vec<u8> {
        let mut bytes = head(VERSION, colours.len(), means, weight);
        bytes.extend(colours.iter().flat_map(Colours::as_bytes));
        bytes
    }

    /// The file of `items` products whose colours are in partitions, by the digests of the partitions' files
    /// ([`ColourCodes::write_partition`]).
    #[cfg(feature = "ivf")]
    pub fn write_head(items: usize, partitions: &[Digest], means: &Means, weight: f64) -> Vec<u8> {
        let mut bytes = head(VERSION_IVF, items, means, weight);
        DigestTable::write(partitions, &mut bytes);
        bytes
    }

    /// Reads a colours file.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what `FORMAT.md` says.
    pub fn read(bytes: &[u8]) -> Result<ColourCodes, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "a colours file", LATEST)?;
        check_size(&mut reader)?;
        let items = reader.u32()? as usize;
        let mut number = || -> Result<f64, FormatError> {
            let bytes = reader.take(8)?.first_chunk().copied().unwrap_or_default();
            let number = f64::from_le_bytes(bytes);
            let sound = number.is_finite() && number >= 0.0;
            sound.then_some(number).ok_or_else(|| {
                FormatError::Value(
                    "holds a mean distance or a weight that is not a finite number of at least 0".to_owned(),
                )
            })
        };
        let means = Means { colour: number()?, network: [number()?, number()?, number()?] };
        let weight = number()?;
        if weight > 1.0 {
            return Err(FormatError::Value("holds a weight over 1".to_owned()));
        }
        #[cfg(feature = "ivf")]
        if bytes[4] == VERSION_IVF as u8 {
            let digests = Some(DigestTable::read(&mut reader)?);
            reader.finish()?;
            return Ok(ColourCodes { rows: Rows::default(), means, weight, items, digests });
        }
        let mut rows = Rows::default();
        rows.read(0, items, reader)?;
        Ok(ColourCodes {
            rows,
            means,
            weight,
            items,
            #[cfg(feature = "ivf")]
            digests: None,
        })
    }

    /// Number of products.
    pub fn items(&self) -> usize {
        self.items
    }

    /// How far apart two products are in the mean.
    pub fn means(&self) -> &Means {
        &self.means
    }

    /// How much colours count in the stored neighbours, 0 to 1.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Row of `item`, which has the row `row` in the codes.
    #[cfg_attr(not(feature = "ivf"), allow(unused_variables))]
    pub fn row_of(&self, item: u32, row: u32) -> usize {
        // Folders from before version 2 of this file have colours whole beside codes in partitions.
        #[cfg(feature = "ivf")]
        if self.digests.is_some() {
            return row as usize;
        }
        item as usize
    }

    /// The colours of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn get(&self, row: usize) -> &Colours {
        &self.rows.colours[row]
    }

    /// [`Colours::distance`] between the query's colours and a row's, 0 to 1.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn distance(&self, query: &Query, row: usize) -> f64 {
        query.distance(&self.rows.colours[row], self.rows.norms[row])
    }
}

fn head(version: u16, items: usize, means: &Means, weight: f64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend((BYTES as u16).to_le_bytes());
    bytes.extend((items as u32).to_le_bytes());
    let numbers = [means.colour].into_iter().chain(means.network).chain([weight]);
    bytes.extend(numbers.flat_map(f64::to_le_bytes));
    bytes
}

/// Reads how many bytes a product has.
pub(super) fn check_size(reader: &mut Reader) -> Result<(), FormatError> {
    match reader.u16()? {
        each if usize::from(each) == BYTES => Ok(()),
        each => Err(FormatError::Value(format!("holds {each} bytes a product instead of {BYTES}"))),
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
        version[4] = 3;
        let newer = FormatError::NewerVersion { found: 3, known: LATEST.into() };
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
