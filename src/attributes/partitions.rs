//! The attributes of a catalogue in partitions: a file for each partition, an attributes file of its items alone with the columns
//! of all. Needed if something is filtered, grouped or boosted; specified in `folder/FORMAT.md`.

use super::column::numbered;
use super::read::VERSION_IVF;
use super::write::file;
use super::{Attributes, Filter, FilterError, Groups, Selection};
use crate::digest::Digest;
use crate::format::FormatError;
use crate::ivf::{DigestTable, Layer};

/// What all partitions share, and those that are loaded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Partitioned {
    /// Number of columns of each partition.
    pub columns: usize,
    pub digests: DigestTable,
    pub loaded: Vec<Loaded>,
}

/// A partition: its items, and the attributes of each in the same order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Loaded {
    items: Vec<u32>,
    attributes: Attributes,
}

impl Partitioned {
    /// The loaded items, of a catalogue of `items`, that the filter lets through.
    pub(super) fn select(&self, items: u32, filter: &Filter) -> Result<Selection, FilterError> {
        let mut all = Selection::none(items);
        for partition in &self.loaded {
            for row in partition.attributes.select(filter)?.iter() {
                all.insert(partition.items[row as usize] as usize);
            }
        }
        Ok(all)
    }

    /// The groups of the loaded items, of a catalogue of `items`, by the column called `name`.
    pub(super) fn groups(&self, items: u32, name: &str) -> Result<Groups, FilterError> {
        let mut keys = Vec::new();
        for partition in &self.loaded {
            keys.extend(partition.attributes.column(name)?.keys());
        }
        let mut groups = vec![0; items as usize];
        let loaded = self.loaded.iter().flat_map(|partition| &partition.items);
        loaded.zip(numbered(keys.into_iter())).for_each(|(item, group)| groups[*item as usize] = group);
        Ok(Groups::numbered(groups))
    }
}

impl Attributes {
    /// The file of a catalogue of `items` products whose attributes, `columns` of them, are in partitions, by the digests of the
    /// partitions' files ([`super::write_attributes_of_partition`]).
    pub fn write_head(items: u32, columns: usize, partitions: &[Digest]) -> Vec<u8> {
        let mut table = Vec::new();
        DigestTable::write(partitions, &mut table);
        file(VERSION_IVF, columns as u16, items, &table)
    }

    /// The digests of the partitions' files, if the attributes are in partitions.
    pub fn digests(&self) -> Option<&DigestTable> {
        self.partitions.as_ref().map(|own| &own.digests)
    }
}

impl Layer for Attributes {
    fn load(&mut self, _first: usize, items: &[u32], bytes: &[u8]) -> Result<usize, FormatError> {
        let other = || FormatError::Value("is of another catalogue".to_owned());
        let own = self.partitions.as_mut().ok_or_else(other)?;
        let attributes = Attributes::read(bytes, items.len() as u32)?;
        let fits = attributes.partitions.is_none() && attributes.columns.len() == own.columns;
        if !fits || items.iter().any(|item| *item >= self.items) {
            return Err(other());
        }
        own.loaded.push(Loaded { items: items.to_vec(), attributes });
        // Columns are about as long as their file.
        Ok(bytes.len())
    }

    fn evict(&mut self) {
        if let Some(own) = &mut self.partitions {
            own.loaded.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{write_attributes, write_attributes_of_partition};
    use super::*;

    /// Size is text for the sake of one product, waist and price are numbers.
    const ROWS: [[(&str, &str); 4]; 7] = [
        [("size", "38"), ("waist", "30|32"), ("price", "19.90"), ("style", "a")],
        [("size", "M"), ("waist", "30"), ("price", ""), ("style", "b")],
        [("size", "38|40"), ("waist", ""), ("price", "7"), ("style", "")],
        [("size", ""), ("waist", "32|30.0"), ("price", "7.0"), ("style", "a")],
        [("size", "40|38"), ("waist", "34"), ("price", "1e1"), ("style", "c")],
        [("size", "40"), ("waist", "30"), ("price", "12.345"), ("style", "b")],
        [("size", ""), ("waist", ""), ("price", ""), ("style", "")],
    ];
    const FILTERS: [&str; 8] = [
        "size=38",
        "size=M|40",
        "!size=38 price<20",
        "waist=30",
        "waist>=32 or style=b",
        "price=10",
        "price>7 price<=19.9",
        "style!=a",
    ];

    /// Whole, and in three partitions by the partition of each product.
    fn both(partition_of: &[usize; 7]) -> (Attributes, Attributes) {
        let whole = Attributes::read(&write_attributes(ROWS, &[]).bytes, 7).expect("just written");
        let members = |partition: usize| {
            (0..7).filter(|item| partition_of[*item as usize] == partition).collect::<Vec<u32>>()
        };
        let files: Vec<(Vec<u32>, Vec<u8>)> = (0..3)
            .map(|partition| {
                let rows = members(partition).into_iter().map(|item| ROWS[item as usize]);
                (members(partition), write_attributes_of_partition(rows, whole.columns()))
            })
            .collect();
        let digests: Vec<Digest> = files.iter().map(|(_, bytes)| Digest::of(bytes)).collect();
        let head = Attributes::write_head(7, whole.columns().len(), &digests);
        let mut partitioned = Attributes::read(&head, 7).expect("just written");
        assert_eq!(partitioned.digests().map(DigestTable::len), Some(3));
        for partition in [2, 0, 1] {
            let (items, bytes) = &files[partition];
            assert_eq!(partitioned.load(0, items, bytes), Ok(bytes.len()));
        }
        (whole, partitioned)
    }

    proptest! {
        #[test]
        fn all_partitions_together_are_the_whole(partition_of in prop::array::uniform7(0usize..3)) {
            let (whole, partitioned) = both(&partition_of);
            for filter in FILTERS {
                let parsed: Filter = filter.parse().expect(filter);
                prop_assert_eq!(partitioned.select(&parsed), whole.select(&parsed), "{}", filter);
            }
            for column in ["size", "waist", "price", "style"] {
                let [whole, partitioned] = [&whole, &partitioned].map(|one| one.groups(column).expect(column));
                for a in 0..7 {
                    prop_assert_eq!(partitioned.of(a).is_some(), whole.of(a).is_some(), "{} {}", column, a);
                    for b in 0..7 {
                        let together = |groups: &Groups| groups.of(a).is_some() && groups.of(a) == groups.of(b);
                        prop_assert_eq!(together(&partitioned), together(&whole), "{} {} {}", column, a, b);
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_columns_and_text_as_numbers_are_errors_as_ever() {
        let (whole, mut partitioned) = both(&[0, 1, 2, 0, 1, 2, 0]);
        for filter in ["sise=38", "style<2"] {
            let filter: Filter = filter.parse().expect(filter);
            let [error, same] =
                [&whole, &partitioned].map(|one| one.select(&filter).expect_err("refused").code());
            assert_eq!(error, same);
        }
        assert!(partitioned.groups("stile").is_err());
        partitioned.evict();
        assert_eq!(partitioned.select(&"size=38".parse().expect("a filter")), Ok(Selection::none(7)));
    }

    #[test]
    fn other_files_are_refused() {
        let file = write_attributes([[("a", "x")]], &[]).bytes;
        let other = write_attributes([[("a", "x"), ("b", "y")]], &[]).bytes;
        let head = Attributes::write_head(2, 1, &[&file, &other].map(|bytes| Digest::of(bytes)));
        let mut attributes = Attributes::read(&head, 2).expect("just written");
        assert!(matches!(attributes.load(0, &[0], &other), Err(FormatError::Value(_))), "two columns");
        assert!(matches!(attributes.load(0, &[0, 1], &file), Err(FormatError::Value(_))), "one item");
        assert!(matches!(attributes.load(0, &[2], &file), Err(FormatError::Value(_))), "no such item");
        assert!(Attributes::read(&file, 1).expect("just written").load(0, &[0], &file).is_err());
        for cut in 0..head.len() {
            assert!(Attributes::read(&head[..cut], 2).is_err(), "{cut}");
        }
        // A table of partitions in the place of a partition.
        let within = Attributes::write_head(1, 1, &[]);
        assert!(matches!(attributes.load(0, &[0], &within), Err(FormatError::Value(_))));
    }
}
