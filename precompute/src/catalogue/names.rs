//! Names of a table's columns: the well-known ones in any case, and those that the user says are meant.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{bail, ensure};

use super::rows::normal;

/// Columns that mean something to the program.
const KNOWN: [&str; 5] = ["id", "title", "url", "price", "image"];

/// Which column of the user's is meant by which of ours: `id=Handle,title=Title`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames(pub Vec<(String, String)>);

impl FromStr for ColumnNames {
    type Err = String;

    fn from_str(text: &str) -> Result<ColumnNames, String> {
        let mut names: Vec<(String, String)> = Vec::new();
        for part in text.split(',') {
            match (part.split_once('='), names.last_mut()) {
                (Some((ours, theirs)), _) => names.push((normal(ours), normal(theirs))),
                // A comma in a column's own name.
                (None, Some((_, theirs))) => *theirs = normal(&format!("{theirs},{part}")),
                (None, None) => return Err("give pairs such as id=Handle,title=Title".to_owned()),
            }
        }
        match names.iter().any(|(ours, theirs)| ours.is_empty() || theirs.is_empty()) {
            true => Err("give pairs such as id=Handle,title=Title".to_owned()),
            false => Ok(ColumnNames(names)),
        }
    }
}

/// Whether two names of columns are one: upper and lower case, blanks and underscores make no difference.
pub fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let name = name.strip_prefix("g:").unwrap_or(name).to_lowercase();
        name.split([' ', '_', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    one == other || plain(one) == plain(other)
}

impl ColumnNames {
    /// What each of a table's `columns` is called here, `None` for those that another one takes the place of.
    ///
    /// # Errors
    /// When the user names a column that is not there, or there is none for the ids.
    pub fn resolve(&self, columns: &[Arc<str>]) -> anyhow::Result<Vec<Option<Arc<str>>>> {
        let all = || columns.join(", ");
        let mut ours: Vec<Option<Arc<str>>> = columns.iter().cloned().map(Some).collect();
        let mut given = vec![false; columns.len()];
        for (name, theirs) in &self.0 {
            let place = columns.iter().position(|column| **column == **theirs);
            let place = place.or_else(|| columns.iter().position(|column| same_name(column, theirs)));
            let Some(place) = place else {
                bail!("there is no column called {theirs} (there are {})", all())
            };
            ours[place] = Some(name.as_str().into());
            given[place] = true;
        }
        let named = |name: &str| self.0.iter().any(|(ours, _)| ours == name);
        for name in KNOWN {
            let exact = columns.iter().any(|column| **column == *name);
            let found = columns
                .iter()
                .position(|column| if exact { **column == *name } else { column.to_lowercase() == name });
            match found {
                // The user's column takes the name; the table's own of that name steps back.
                Some(place) if named(name) && !given[place] => ours[place] = None,
                Some(place) if !given[place] => ours[place] = Some(name.into()),
                _ => {}
            }
        }
        if !ours.iter().flatten().any(|name| **name == *"id") {
            let likely = ["sku", "handle", "product id", "item id", "article number", "code", "ean"];
            let likely = columns.iter().find(|column| likely.iter().any(|name| same_name(column, name)));
            let likely = likely.map_or("NAME", |name| name);
            bail!(
                "there is no column called id (there are {}); say which one has the products' ids: --columns \"id={likely}\"",
                all()
            );
        }
        for (place, name) in ours.iter().enumerate() {
            let Some(name) = name else { continue };
            let twice = ours[..place].iter().flatten().any(|other| other == name);
            ensure!(
                !twice,
                "two columns would be called {name}; name another one with --columns (there are {})",
                all()
            );
        }
        Ok(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(names: &str, columns: &[&str]) -> anyhow::Result<Vec<String>> {
        let names: ColumnNames = match names {
            "" => ColumnNames::default(),
            names => names.parse().map_err(anyhow::Error::msg)?,
        };
        let columns: Vec<Arc<str>> = columns.iter().map(|name| (*name).into()).collect();
        let ours = names.resolve(&columns)?;
        Ok(ours.into_iter().map(|name| name.map_or("-".to_owned(), |name| name.to_string())).collect())
    }

    #[test]
    fn well_known_columns_are_found_in_any_case() -> anyhow::Result<()> {
        assert_eq!(resolved("", &["ID", "Title", "PRICE", "Colour"])?, ["id", "title", "price", "Colour"]);
        assert_eq!(resolved("", &["ID", "id", "Title"])?, ["ID", "id", "title"], "the exact name counts");
        Ok(())
    }

    #[test]
    fn the_user_says_which_column_is_which() -> anyhow::Result<()> {
        assert_eq!(resolved("id=handle, title=Product Name", &["Handle", "product_name"])?, ["id", "title"]);
        assert_eq!(resolved("id=SKU", &["ID", "SKU", "price"])?, ["-", "id", "price"]);
        assert_eq!(resolved("id=a,b", &["a,b"])?, ["id"]);
        let missing = resolved("id=nope", &["Handle"]).expect_err("not there").to_string();
        assert!(missing.contains("nope") && missing.contains("Handle"), "{missing}");
        let none = resolved("", &["Handle", "Title"]).expect_err("no ids").to_string();
        assert!(none.contains("no column called id") && none.contains("id=Handle"), "{none}");
        for wrong in ["id", "=x", "id="] {
            assert!(wrong.parse::<ColumnNames>().is_err(), "{wrong}");
        }
        Ok(())
    }
}
