//! Columns of a vendor's table by what they mean: the vendor's names, unless the user names another.

use std::cell::RefCell;
use std::sync::Arc;

use anyhow::bail;

use crate::catalogue::{ColumnNames, Row, same_name};

/// The meanings that `--columns` can give a column in any feed; every other name is an attribute's.
pub const MEANINGS: [&str; 8] = ["id", "title", "url", "price", "image", "images", "availability", "group"];

/// The columns of a table.
pub struct Columns<'a> {
    names: &'a [Arc<str>],
    given: &'a ColumnNames,
    /// What was asked for and found, for `feed inspect`.
    found: RefCell<Vec<(String, String)>>,
}

/// A column, if there is one.
pub type Column = Option<Arc<str>>;

impl<'a> Columns<'a> {
    /// Of a table with these columns.
    ///
    /// # Errors
    /// When the user names one that is not there.
    pub fn new(names: &'a [Arc<str>], given: &'a ColumnNames) -> anyhow::Result<Columns<'a>> {
        for (_, theirs) in &given.0 {
            if !names.iter().any(|name| same_name(name, theirs)) {
                bail!("--columns: there is no column called {theirs} (there are {})", names.join(", "));
            }
        }
        Ok(Columns { names, given, found: RefCell::default() })
    }

    /// The column with that meaning: the user's, or the first of the vendor's names that is there.
    pub fn find(&self, meaning: &str, vendors: &[&str]) -> Column {
        let given = self.given.0.iter().find(|(ours, _)| ours == meaning).map(|(_, theirs)| theirs.as_str());
        let wanted: Vec<&str> = given.map_or_else(|| vendors.to_vec(), |theirs| vec![theirs]);
        let column =
            wanted.iter().find_map(|wanted| self.names.iter().find(|name| same_name(name, wanted)))?;
        self.found.borrow_mut().push((column.to_string(), meaning.to_owned()));
        Some(Arc::clone(column))
    }

    /// The attributes that the user names, each with its column.
    pub fn attributes(&self) -> Vec<(String, Column)> {
        let further = self.given.0.iter().filter(|(ours, _)| !MEANINGS.contains(&ours.as_str()));
        further.map(|(ours, _)| (ours.clone(), self.find(ours, &[]))).collect()
    }

    /// All of them.
    pub fn names(&self) -> &[Arc<str>] {
        self.names
    }

    /// Which column became what.
    pub fn found(self) -> Vec<(String, String)> {
        self.found.into_inner()
    }
}

/// What a row says in a column, empty if nothing.
pub fn get<'r>(row: &'r Row, column: &Column) -> &'r str {
    let Some(column) = column else { return "" };
    row.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text)
}

/// What a row says in a column, if anything.
pub fn text(row: &Row, column: &Column) -> Option<String> {
    Some(get(row, column).to_owned()).filter(|text| !text.is_empty())
}
