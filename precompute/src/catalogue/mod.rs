//! What there is to embed: photos of products, and what the shop says of them. One file a step:
//!
//! a table's bytes -> [`text`] -> [`rows`] -> [`names`] of columns -> [`table`], with [`numbers`] -> [`fields`];
//! a folder -> [`photos`], with [`photo_names`]; both -> [`matching`] -> [`publish`].

mod fields;
mod gather;
mod matching;
mod names;
mod numbers;
mod photo_names;
mod photos;
mod publish;
mod rows;
mod table;
mod text;

use serde::Serialize;

pub use fields::ProductFields;
pub use gather::{Described, gather};
pub use matching::{MatchIds, Unmatched};
pub use names::ColumnNames;
pub use names::same_name;
pub use numbers::amount;
pub use photo_names::{NamePattern, PhotoNames, order, place};
pub use photos::{ENDINGS, Exclude, LONGEST_ID, ProductPhoto, find_photos};
pub use rows::{Row, Table, normal};
pub use table::read_table;
pub use text::decode as decode_text;

/// A photo that is not in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its file below the folder of photos, or its address.
    pub file: String,
    /// Why.
    pub reason: String,
}
