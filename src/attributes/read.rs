//! `attributes-<hash>.bin`, read and checked. `folder/FORMAT.md` has it byte by byte; `write` is its other half.

use super::column::{Cells, Codes, Column, Dictionary, code_width};
use super::numbers::{read_numbers, read_planes, read_u8};
use super::{Attributes, MAX_COLUMNS, MAX_ITEMS, MAX_VALUE};
use crate::format::{FormatError, Reader};

pub(super) const MAGIC: &[u8; 4] = b"LKAT";
pub(super) const VERSION: u16 = 1;
/// Version of a file that holds no columns, which are in partitions.
#[cfg(feature = "ivf")]
pub(super) const VERSION_IVF: u16 = 2;
/// Latest version that this build reads.
#[cfg(feature = "ivf")]
const LATEST: u16 = VERSION_IVF;
#[cfg(not(feature = "ivf"))]
const LATEST: u16 = VERSION;

/// How a column is laid out.
pub(super) mod kind {
    /// A dictionary of text, and a code an item.
    pub const TEXT: u8 = 1;
    /// A dictionary of text, and any number of codes an item.
    pub const TEXT_LISTS: u8 = 2;
    /// A dictionary of numbers, and a code an item.
    pub const NUMBER: u8 = 3;
    /// A dictionary of numbers, and any number of codes an item.
    pub const NUMBER_LISTS: u8 = 4;
    /// A number an item, without a dictionary.
    pub const PLAIN_NUMBERS: u8 = 5;
}

fn value(wrong: &str) -> FormatError {
    FormatError::Value(wrong.to_owned())
}

impl Attributes {
    /// Reads the attributes file of a folder of `items` products.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what `FORMAT.md` says, or is of another number of products.
    pub fn read(bytes: &[u8], items: u32) -> Result<Attributes, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "an attributes file", LATEST)?;
        let count = usize::from(reader.u16()?);
        let found = reader.u32()?;
        if found != items || items > MAX_ITEMS {
            return Err(FormatError::Value(format!("is of {found} products where the folder has {items}")));
        }
        if count > MAX_COLUMNS {
            return Err(FormatError::Value(format!("has {count} columns where {MAX_COLUMNS} is the most")));
        }
        #[cfg(feature = "ivf")]
        if bytes[4] == VERSION_IVF as u8 {
            let digests = crate::ivf::DigestTable::read(&mut reader)?;
            reader.finish()?;
            let partitions = super::partitions::Partitioned { columns: count, digests, loaded: Vec::new() };
            return Ok(Attributes { partitions: Some(partitions), ..Attributes::none(items) });
        }
        let mut columns: Vec<Column> = Vec::new();
        for _ in 0..count {
            let column = read_column(&mut reader, items as usize)?;
            if columns.last().is_some_and(|before| before.name() >= column.name()) {
                return Err(value("has columns out of order, or one twice"));
            }
            columns.push(column);
        }
        reader.finish()?;
        Ok(Attributes::of(items, columns))
    }
}

fn read_column(reader: &mut Reader, items: usize) -> Result<Column, FormatError> {
    let length = read_u8(reader)?;
    let name = text(reader.take(length.into())?)?;
    if name.is_empty() {
        return Err(value("has a column without a name"));
    }
    let kind = read_u8(reader)?;
    let cells = match kind {
        kind::TEXT | kind::TEXT_LISTS | kind::NUMBER | kind::NUMBER_LISTS => {
            let values = reader.u32()? as usize;
            let dictionary = match kind {
                kind::TEXT | kind::TEXT_LISTS => read_texts(reader, values)?,
                _ => read_sorted_numbers(reader, values)?,
            };
            match kind {
                kind::TEXT | kind::NUMBER => {
                    let codes = read_codes(reader, values, items)?;
                    Cells::One(dictionary, codes)
                }
                _ => read_lists(reader, dictionary, items)?,
            }
        }
        kind::PLAIN_NUMBERS => Cells::Numbers(read_numbers(reader, items)?),
        _ => {
            return Err(FormatError::Value(format!(
                "holds a column of a kind ({kind}) this reader does not know"
            )));
        }
    };
    Ok(Column::new(name, cells))
}

fn text(bytes: &[u8]) -> Result<String, FormatError> {
    let text = std::str::from_utf8(bytes).map_err(|_| value("holds text that is not UTF-8"))?;
    Ok(text.to_owned())
}

fn read_texts(reader: &mut Reader, values: usize) -> Result<Dictionary, FormatError> {
    let lengths: Vec<usize> = read_planes(reader, 2, values)?.map(|length| length as usize).collect();
    if lengths.iter().any(|length| !(1..=MAX_VALUE).contains(length)) {
        return Err(value("holds a value of a length no writer puts there"));
    }
    let mut texts: Vec<String> = Vec::new();
    for length in lengths {
        let text = text(reader.take(length)?)?;
        if texts.last().is_some_and(|before| *before >= text) {
            return Err(value("has values out of order, or one twice"));
        }
        texts.push(text);
    }
    Ok(Dictionary::Text(texts))
}

fn read_sorted_numbers(reader: &mut Reader, values: usize) -> Result<Dictionary, FormatError> {
    let numbers = read_numbers(reader, values)?;
    // Not a number is in no order, so a missing one is refused too.
    if numbers.iter().any(|number| number.is_nan()) || !numbers.is_sorted_by(|before, after| before < after) {
        return Err(value("has values out of order, or one twice"));
    }
    Ok(Dictionary::Numbers(numbers))
}

fn read_lists(reader: &mut Reader, dictionary: Dictionary, items: usize) -> Result<Cells, FormatError> {
    let counts = reader.take(items)?;
    let total = counts.iter().map(|count| usize::from(*count)).sum();
    let codes = read_codes(reader, dictionary.len(), total)?;
    let all = codes.to_u32();
    let mut rest = &all[..];
    for count in counts {
        let (list, after) = rest.split_at(usize::from(*count));
        if list.first() == Some(&0) || !list.is_sorted_by(|before, after| before < after) {
            return Err(value("has an item's values out of order, or one twice"));
        }
        rest = after;
    }
    Ok(Cells::Lists(dictionary, counts.to_vec(), codes))
}

fn read_codes(reader: &mut Reader, values: usize, count: usize) -> Result<Codes, FormatError> {
    let width = code_width(values);
    let codes = read_planes(reader, width, count)?;
    let codes = match width {
        1 => Codes::One(codes.map(|code| code as u8).collect()),
        2 => Codes::Two(codes.map(|code| code as u16).collect()),
        _ => Codes::Four(codes.map(|code| code as u32).collect()),
    };
    let most = match &codes {
        Codes::One(codes) => codes.iter().max().map_or(0, |most| usize::from(*most)),
        Codes::Two(codes) => codes.iter().max().map_or(0, |most| usize::from(*most)),
        Codes::Four(codes) => codes.iter().max().map_or(0, |most| *most as usize),
    };
    if most > values {
        return Err(value("points to a value that is not there"));
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::write_attributes;
    use super::*;

    fn file() -> Vec<u8> {
        let rows = [
            [("colour", "red|blue"), ("price", "19.90"), ("size", "M"), ("waist", "30|32")],
            [("colour", "red"), ("price", ""), ("size", "S"), ("waist", "30")],
            [("colour", ""), ("price", "7"), ("size", "M"), ("waist", "")],
        ];
        write_attributes(rows, &[]).bytes
    }

    #[test]
    fn a_file_of_other_products_is_refused() {
        assert!(Attributes::read(&file(), 3).is_ok());
        assert!(matches!(Attributes::read(&file(), 4), Err(FormatError::Value(_))));
    }

    #[test]
    fn a_newer_version_and_another_file_are_refused() {
        let mut bytes = file();
        bytes[4] = 3;
        assert_eq!(Attributes::read(&bytes, 3), Err(FormatError::NewerVersion { found: 3, known: 2 }));
        bytes[0] = b'X';
        assert_eq!(Attributes::read(&bytes, 3), Err(FormatError::Magic { expected: "an attributes file" }));
    }

    #[test]
    fn a_column_that_is_there_twice_is_refused() {
        let one = write_attributes([[("a", "x")]], &[]).bytes;
        let mut two = one.clone();
        two[6] = 2;
        two.extend(&one[12..]);
        let error = Attributes::read(&two, 1).expect_err("the column is there twice");
        assert!(error.to_string().contains("columns out of order"), "{error}");
    }

    #[test]
    fn counts_that_promise_gigabytes_are_refused() {
        let mut bytes = write_attributes([[("a", "x")]], &[]).bytes;
        // After the header, the name's length, the name and the kind: the number of values.
        bytes[15..19].fill(0xff);
        assert!(matches!(Attributes::read(&bytes, 1), Err(FormatError::Length { .. })));
    }

    #[test]
    fn a_code_beyond_the_dictionary_is_refused() {
        let mut bytes = write_attributes([[("a", "x")]], &[]).bytes;
        *bytes.last_mut().expect("not empty") = 2;
        let error = Attributes::read(&bytes, 1).expect_err("there is one value");
        assert!(error.to_string().contains("points to a value"), "{error}");
    }

    proptest! {
        // The manifest's digest finds any change; this is that none makes the reader panic or read past the end.
        #[test]
        fn no_damage_panics(at in any::<prop::sample::Index>(), flip in 1u8.., cut in any::<prop::sample::Index>()) {
            let mut bytes = file();
            let cut = cut.index(bytes.len());
            prop_assert!(Attributes::read(&bytes[..cut], 3).is_err());
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(attributes) = Attributes::read(&bytes, 3) {
                for column in attributes.columns() {
                    let groups = column.groups();
                    prop_assert!((0..3).filter_map(|item| groups.of(item)).all(|group| group < 3));
                }
            }
            bytes.push(0);
            prop_assert!(Attributes::read(&bytes, 3).is_err());
        }

        #[test]
        fn noise_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..300), items in 0u32..40) {
            let mut header = MAGIC.to_vec();
            header.extend(VERSION.to_le_bytes());
            header.extend(3u16.to_le_bytes());
            header.extend(items.to_le_bytes());
            header.append(&mut bytes);
            prop_assert!(Attributes::read(&header, items).is_err());
        }
    }
}
