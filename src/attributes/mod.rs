//! What a shop knows of its products, by column, and filters over it: applied before ranking, never after.
//!
//! A catalogue's columns are one file (`attributes-<hash>.bin`), read whole when someone first filters. A [`Filter`]
//! has a text form for command line and HTML, and a JSON form for programs; [`Attributes::select`] turns one into a
//! [`Selection`] of items. Values are looked up once in a column's dictionary; an item costs one look into a table. A catalogue
//! in partitions has a file for each (`partitions`).
//!
//! ```
//! use lookalike::attributes::{Attributes, Filter, write_attributes};
//!
//! let rows = [[("colour", "red"), ("price", "19.90")], [("colour", "blue|white"), ("price", "25")]];
//! let written = write_attributes(rows, &[]);
//! let attributes = Attributes::read(&written.bytes, 2)?;
//! let filter: Filter = "colour=white|green price<30".parse()?;
//! assert_eq!(attributes.select(&filter)?.iter().collect::<Vec<_>>(), [1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod decimal;
mod error;
mod filter;
mod json;
mod numbers;
mod parse;
#[cfg(feature = "ivf")]
mod partitions;
mod read;
mod select;
mod selection;
mod write;

pub use column::{Column, Groups};
pub use error::FilterError;
pub use filter::{Filter, MAX_DEPTH, MAX_LENGTH, MAX_PARTS, Relation};
pub use selection::Selection;
pub use write::{LeftOut, Reason, Written, write_attributes, write_attributes_of_partition};

/// The column of a catalogue whose products have several photos: of each item, which is one of them, the number of its product's
/// first item. No shop's column has the name.
pub const PRODUCT: &str = "#product";
/// Most columns of a file.
pub const MAX_COLUMNS: usize = 256;
/// Most bytes of a column's name.
pub const MAX_NAME: usize = 255;
/// Most bytes of a text value; longer is prose, which nobody filters by equality.
pub const MAX_VALUE: usize = 1024;
/// Most values of one item in one column.
pub const MAX_VALUES_OF_ITEM: usize = 255;
/// Most products of a catalogue with attributes: 16,777,216.
pub const MAX_ITEMS: u32 = 1 << 24;

/// The attributes of a catalogue, by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributes {
    items: u32,
    /// In byte order of their names, each name once.
    columns: Vec<Column>,
    /// In the place of columns, if they are in partitions.
    #[cfg(feature = "ivf")]
    partitions: Option<partitions::Partitioned>,
}

impl Attributes {
    /// Of a catalogue of `items` products that has none: rules that ask for none still work.
    pub fn none(items: u32) -> Attributes {
        Attributes::of(items, Vec::new())
    }

    fn of(items: u32, columns: Vec<Column>) -> Attributes {
        Attributes {
            items,
            columns,
            #[cfg(feature = "ivf")]
            partitions: None,
        }
    }

    /// Number of products.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// All columns, in byte order of their names; none if they are in partitions.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column called exactly `name`.
    ///
    /// # Errors
    /// [`FilterError::UnknownField`] when there is none; it names those there are.
    pub fn column(&self, name: &str) -> Result<&Column, FilterError> {
        match self.columns.binary_search_by(|column| column.name().cmp(name)) {
            Ok(place) => Ok(&self.columns[place]),
            Err(_) => Err(FilterError::unknown_field(name, self.columns.iter().map(Column::name))),
        }
    }

    /// [`Column::groups`] of the column called exactly `name`; of a catalogue in partitions, of the loaded items. Items that have
    /// nothing there are in the groups of their products, if products have several photos.
    ///
    /// # Errors
    /// [`FilterError::UnknownField`] when there is none; it names those there are.
    pub fn groups(&self, name: &str) -> Result<Groups, FilterError> {
        let groups = self.groups_by(name)?;
        Ok(match self.groups_by(PRODUCT) {
            Ok(products) => groups.or(&products),
            Err(_) => groups,
        })
    }

    fn groups_by(&self, name: &str) -> Result<Groups, FilterError> {
        #[cfg(feature = "ivf")]
        if let Some(partitions) = &self.partitions {
            return partitions.groups(self.items, name);
        }
        Ok(self.column(name)?.groups())
    }
}
