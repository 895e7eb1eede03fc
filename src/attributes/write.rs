//! From the rows of a shop's table to `attributes-<hash>.bin`; `read` is its other half.
//!
//! White space around a value does not count. `|` separates the values of a field that has several. A column is numeric
//! where every value is a finite number of at most 2^53 in magnitude; else it is text.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::column::{Column, code_width};
use super::numbers::{Packed, parse_number, write_planes};
use super::read::{MAGIC, VERSION, kind};
use super::{MAX_COLUMNS, MAX_NAME, MAX_VALUE, MAX_VALUES_OF_ITEM};

/// A dictionary of at most this many bytes of text is always kept: as much as a thumbnail or two.
const SMALL_DICTIONARY: usize = 16 * 1024;
/// Bytes of distinct text an item that a larger one may have. A code for groups of variants has some 4, a sentence 80.
const DICTIONARY_BYTES_AN_ITEM: usize = 16;
/// Percent of the values given that may be different in a larger one. Where hardly a value occurs twice, no filter
/// finds more than one item and no group has two.
const MOST_DIFFERENT: usize = 90;

/// An attributes file, and what is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many columns are in it.
    pub columns: usize,
    /// Columns that are not in it, in byte order of their names. Their text is still on the cards.
    pub left_out: Vec<LeftOut>,
}

/// A column that cannot be filtered by. Its display is a line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why.
    pub reason: Reason,
}

/// Why a column is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No item has a value.
    Empty,
    /// Hardly a value occurs twice, or the distinct values are long.
    Distinct {
        /// Distinct values.
        values: usize,
        /// Values altogether.
        of: usize,
        /// Bytes of all distinct values.
        bytes: usize,
    },
    /// A value is over [`MAX_VALUE`] bytes.
    LongValue {
        /// Its length in bytes.
        bytes: usize,
    },
    /// An item has over [`MAX_VALUES_OF_ITEM`] values.
    ManyValues,
    /// Its name is empty, or over [`MAX_NAME`] bytes.
    Name,
    /// There are over [`MAX_COLUMNS`] columns before it.
    ManyColumns,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name: String = self.column.chars().take(80).collect();
        write!(f, "column {name:?} cannot be filtered by: ")?;
        match &self.reason {
            Reason::Empty => write!(f, "no product has a value there"),
            Reason::Distinct { values, of, bytes } => {
                write!(
                    f,
                    "{values} of its {of} values are different ones ({} KB of text)",
                    bytes.div_ceil(1024)
                )
            }
            Reason::LongValue { bytes } => {
                write!(f, "a value is {bytes} bytes long, {MAX_VALUE} is the most")
            }
            Reason::ManyValues => write!(f, "a product has over {MAX_VALUES_OF_ITEM} values there"),
            Reason::Name => write!(f, "its name is empty or over {MAX_NAME} bytes long"),
            Reason::ManyColumns => write!(f, "{MAX_COLUMNS} columns is the most"),
        }
    }
}

/// Writes the attributes of all items, in item order; a row is the names and texts of an item's columns, in any order,
/// missing ones left out or empty.
///
/// The columns in `keep` (those a shop filters or groups by) stay whatever their dictionaries weigh.
///
/// # Panics
/// If there are over [`super::MAX_ITEMS`] rows.
pub fn write_attributes<'a, Row>(rows: impl IntoIterator<Item = Row>, keep: &[&str]) -> Written
where
    Row: IntoIterator<Item = (&'a str, &'a str)>,
{
    let (items, columns) = collect(rows);
    let count = u32::try_from(items).ok().filter(|items| *items <= super::MAX_ITEMS);
    let count = count.expect("the catalogue has at most 16,777,216 products");
    let (mut body, mut left_out, mut written) = (Vec::new(), Vec::new(), 0u16);
    for (name, column) in columns {
        let encoded = match name.len() {
            1..=MAX_NAME if usize::from(written) < MAX_COLUMNS => column.encode(items, keep.contains(&name)),
            1..=MAX_NAME => Err(Reason::ManyColumns),
            _ => Err(Reason::Name),
        };
        match encoded {
            Ok(encoded) => {
                write_column(name, &encoded, &mut body);
                written += 1;
            }
            Err(reason) => left_out.push(LeftOut { column: name.to_owned(), reason }),
        }
    }
    Written { bytes: file(VERSION, written, count, &body), columns: written.into(), left_out }
}

/// The file of a partition: the rows of its items, of which the columns of the whole catalogue are written, each numeric where that of all
/// items is.
pub fn write_attributes_of_partition<'a, Row>(
    rows: impl IntoIterator<Item = Row>,
    columns: &[Column],
) -> Vec<u8>
where
    Row: IntoIterator<Item = (&'a str, &'a str)>,
{
    let (items, mut collected) = collect(rows);
    let mut body = Vec::new();
    for column in columns {
        let mut own = collected.remove(column.name()).unwrap_or_default();
        own.counts.resize(items, 0);
        let numbers = || own.values.iter().map(|value| parse_number(value)).collect::<Option<Vec<f64>>>();
        let encoded = match column.is_numeric().then(numbers).flatten() {
            Some(numbers) => own.encode_numbers(numbers),
            None => own.encode_texts(),
        };
        write_column(column.name(), &encoded, &mut body);
    }
    file(VERSION, columns.len() as u16, items as u32, &body)
}

/// How many rows there are, and their columns.
fn collect<'a, Row>(rows: impl IntoIterator<Item = Row>) -> (usize, BTreeMap<&'a str, Collected<'a>>)
where
    Row: IntoIterator<Item = (&'a str, &'a str)>,
{
    let mut columns: BTreeMap<&str, Collected> = BTreeMap::new();
    let mut items = 0;
    for row in rows {
        for (name, text) in row {
            columns.entry(name).or_default().add(items, text);
        }
        items += 1;
    }
    (items, columns)
}

fn write_column(name: &str, encoded: &[u8], body: &mut Vec<u8>) {
    body.push(name.len() as u8);
    body.extend(name.as_bytes());
    body.extend(encoded);
}

/// An attributes file of a version, from what stands behind its header.
pub(super) fn file(version: u16, columns: u16, items: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(columns.to_le_bytes());
    bytes.extend(items.to_le_bytes());
    bytes.extend(body);
    bytes
}

/// A column while rows come in: values numbered from 0 as they are first seen.
#[derive(Default)]
struct Collected<'a> {
    values: Vec<&'a str>,
    numbers: HashMap<&'a str, u32>,
    /// Values of each item so far, and of all, one item after the other.
    counts: Vec<u8>,
    codes: Vec<u32>,
    longest: usize,
    too_many: bool,
}

impl<'a> Collected<'a> {
    fn add(&mut self, item: usize, text: &'a str) {
        self.counts.resize(item + 1, 0);
        for value in text.split('|').map(str::trim).filter(|value| !value.is_empty()) {
            self.longest = self.longest.max(value.len());
            if usize::from(self.counts[item]) == MAX_VALUES_OF_ITEM {
                self.too_many = true;
                return;
            }
            let number = *self.numbers.entry(value).or_insert_with(|| {
                self.values.push(value);
                self.values.len() as u32 - 1
            });
            self.counts[item] += 1;
            self.codes.push(number);
        }
    }

    /// The column from its kind on.
    fn encode(mut self, items: usize, keep: bool) -> Result<Vec<u8>, Reason> {
        self.counts.resize(items, 0);
        if self.values.is_empty() {
            return Err(Reason::Empty);
        }
        if self.longest > MAX_VALUE {
            return Err(Reason::LongValue { bytes: self.longest });
        }
        if self.too_many {
            return Err(Reason::ManyValues);
        }
        match self.values.iter().map(|value| parse_number(value)).collect::<Option<Vec<f64>>>() {
            Some(numbers) => Ok(self.encode_numbers(numbers)),
            None => {
                let (values, of) = (self.values.len(), self.codes.len());
                let bytes: usize = self.values.iter().map(|value| value.len()).sum();
                let heavy = bytes > DICTIONARY_BYTES_AN_ITEM * self.counts.len();
                if bytes > SMALL_DICTIONARY && (heavy || values * 100 > of * MOST_DIFFERENT) && !keep {
                    return Err(Reason::Distinct { values, of, bytes });
                }
                Ok(self.encode_texts())
            }
        }
    }

    fn encode_texts(mut self) -> Vec<u8> {
        let values = self.values.len();
        let mut order: Vec<u32> = (0..values as u32).collect();
        order.sort_unstable_by_key(|number| self.values[*number as usize]);
        let mut places = vec![0; values];
        for (number, place) in order.iter().zip(1..) {
            places[*number as usize] = place;
        }
        let mut dictionary = Vec::new();
        let sorted = || order.iter().map(|number| self.values[*number as usize]);
        write_planes(&mut dictionary, 2, sorted().map(|value| value.len() as u64));
        sorted().for_each(|value| dictionary.extend(value.as_bytes()));
        self.renumber(&places);
        self.with_dictionary([kind::TEXT, kind::TEXT_LISTS], values, &dictionary)
    }

    /// `numbers` are the values, several texts perhaps the same.
    fn encode_numbers(mut self, numbers: Vec<f64>) -> Vec<u8> {
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let place = |number: &f64| sorted.partition_point(|other| other < number) as u32 + 1;
        self.renumber(&numbers.iter().map(place).collect::<Vec<_>>());
        let packed = Packed::new(&sorted.iter().copied().map(Some).collect::<Vec<_>>());
        let mut dictionary = Vec::new();
        packed.write(&mut dictionary);
        if self.single() {
            let mut codes = self.codes.iter();
            let cells = self.counts.iter().map(|count| match count {
                0 => None,
                _ => codes.next().map(|code| sorted[*code as usize - 1]),
            });
            let plain = Packed::new(&cells.collect::<Vec<_>>());
            if plain.size() < dictionary.len() + code_width(sorted.len()) * self.counts.len() {
                let mut bytes = vec![kind::PLAIN_NUMBERS];
                plain.write(&mut bytes);
                return bytes;
            }
        }
        self.with_dictionary([kind::NUMBER, kind::NUMBER_LISTS], sorted.len(), &dictionary)
    }

    /// Puts the codes `places[value number]` in place of value numbers; ascending in each item, each once.
    fn renumber(&mut self, places: &[u32]) {
        let numbers = std::mem::take(&mut self.codes);
        let mut rest = &numbers[..];
        let mut list = Vec::new();
        for count in &mut self.counts {
            let (item, after) = rest.split_at(usize::from(*count));
            rest = after;
            list.clear();
            list.extend(item.iter().map(|number| places[*number as usize]));
            list.sort_unstable();
            list.dedup();
            *count = list.len() as u8;
            self.codes.extend(&list);
        }
    }

    fn single(&self) -> bool {
        self.counts.iter().all(|count| *count <= 1)
    }

    fn with_dictionary(&self, [one, lists]: [u8; 2], values: usize, dictionary: &[u8]) -> Vec<u8> {
        let mut bytes = vec![if self.single() { one } else { lists }];
        bytes.extend((values as u32).to_le_bytes());
        bytes.extend(dictionary);
        let width = code_width(values);
        if self.single() {
            let mut rest = self.codes.iter();
            let codes = self.counts.iter().map(|count| match count {
                0 => 0,
                _ => rest.next().map_or(0, |code| u64::from(*code)),
            });
            write_planes(&mut bytes, width, codes.collect::<Vec<_>>().into_iter());
        } else {
            bytes.extend(&self.counts);
            write_planes(&mut bytes, width, self.codes.iter().map(|code| u64::from(*code)));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Attributes, Filter};
    use super::*;

    fn read(written: &Written, items: u32) -> Attributes {
        Attributes::read(&written.bytes, items).expect("just written")
    }

    #[test]
    fn columns_are_sorted_and_numbers_recognised() {
        let rows = [vec![("size", "S"), ("price", "1")], vec![], vec![("price", " 2.50 "), ("size", "38")]];
        let attributes = read(&write_attributes(rows, &[]), 3);
        let columns: Vec<_> = attributes.columns().iter().map(|c| (c.name(), c.is_numeric())).collect();
        assert_eq!(columns, [("price", true), ("size", false)]);
    }

    #[test]
    fn descriptions_are_left_out_unless_wanted_and_group_codes_are_kept() {
        let texts: Vec<[String; 4]> = (0..2000)
            .map(|item| {
                let description =
                    format!("A shirt for people number {item}, in cotton that was grown with care");
                let shared = format!("A long description that two colours of shirt {} share", item / 2);
                [description, format!("style-{:05}", item / 2), shared, (item * 7).to_string()]
            })
            .collect();
        let rows =
            texts.iter().map(|[d, g, s, n]| [("description", &**d), ("group", g), ("shared", s), ("n", n)]);
        let written = write_attributes(rows.clone(), &[]);
        let names: Vec<_> = written.left_out.iter().map(|left| left.column.as_str()).collect();
        assert_eq!(names, ["description", "shared"]);
        assert_eq!(
            written.left_out[0].to_string(),
            "column \"description\" cannot be filtered by: 2000 of its 2000 values are different ones (128 KB of text)"
        );
        assert_eq!(read(&written, 2000).columns().len(), 2);
        let written = write_attributes(rows, &["description"]);
        assert_eq!(written.left_out.len(), 1);
        assert!(read(&written, 2000).column("description").is_ok());
    }

    #[test]
    fn what_cannot_be_written_is_left_out_with_the_reason() {
        let (long, many) = ("x".repeat(1025), (0..256).map(|n| n.to_string()).collect::<Vec<_>>().join("|"));
        let name = "n".repeat(256);
        let row =
            [("long", &*long), ("many", &many), (&name, "1"), ("", "1"), ("empty", " | "), ("kept", "1")];
        let written = write_attributes([row], &[]);
        let reasons: Vec<_> = written.left_out.into_iter().map(|left| left.reason).collect();
        let want = [
            Reason::Name,
            Reason::Empty,
            Reason::LongValue { bytes: 1025 },
            Reason::ManyValues,
            Reason::Name,
        ];
        assert_eq!(reasons, want);
    }

    #[test]
    fn distinct_numbers_are_kept_without_a_dictionary() {
        let texts: Vec<String> =
            (0..5000).map(|n| format!("{}.{:02}", n * 31 % 5000, n * 17 % 100)).collect();
        let written = write_attributes(texts.iter().map(|text| [("price", text.as_str())]), &[]);
        assert!(written.bytes.len() < 12 + 7 + 10 + 4 * 5000 + 1, "{}", written.bytes.len());
        let attributes = read(&written, 5000);
        for (item, text) in (0u32..).zip(&texts).step_by(97) {
            let selection = attributes.select(&Filter::equals("price", text)).expect("there is a price");
            assert_eq!(selection.iter().collect::<Vec<_>>(), [item]);
        }
    }

    #[test]
    fn the_same_rows_make_the_same_bytes_whatever_the_columns_order() {
        let one = write_attributes([[("a", "y|x"), ("b", "2")], [("a", "z"), ("b", "1")]], &[]);
        let other = write_attributes([[("b", "2"), ("a", "x | y|x")], [("b", "1"), ("a", "z")]], &[]);
        assert_eq!(one, other);
    }
}
