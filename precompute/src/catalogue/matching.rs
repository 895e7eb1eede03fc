//! Which row of the table is of which photo, and which have no counterpart.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::ENDINGS;
use super::fields::ProductFields;

/// How ids of rows and photos are compared.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchIds {
    /// They are the same
    #[default]
    Exact,
    /// Upper and lower case, an ending such as .jpg and leading zeros make no difference, where that is not ambiguous
    Loose,
}

/// Rows and photos without a counterpart, with the first few of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// Rows without a photo.
    pub rows: usize,
    /// Ids of the first of them, in byte order.
    pub first_rows: Vec<String>,
    /// Photos without a row.
    pub photos: usize,
    /// Ids of the first of them, in byte order.
    pub first_photos: Vec<String>,
}

/// What was found out about a table.
pub struct Matched {
    /// Of each product, in the order given.
    pub fields: Vec<ProductFields>,
    /// What has no counterpart.
    pub unmatched: Unmatched,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// How many names a note has.
const NAMED: usize = 5;

/// Finds the row of each of the products `ids`, which are in Unicode's composed form.
pub fn match_rows(ids: &[&str], mut table: HashMap<String, ProductFields>, how: MatchIds) -> Matched {
    let rows = table.len();
    let mut fields: Vec<Option<ProductFields>> = ids.iter().map(|id| table.remove(*id)).collect();
    let loose = pairs(ids, &fields, &table);
    let mut notes = Vec::new();
    if !loose.is_empty() {
        let named: Vec<String> =
            loose.iter().take(NAMED).map(|(photo, row)| format!("{row} is {}", ids[*photo])).collect();
        let (named, count) = (named.join(", "), loose.len());
        notes.push(match how {
            MatchIds::Exact => format!(
                "{count} rows would have a photo if upper and lower case, an ending and leading zeros did not count ({named}): \
                 --match-ids loose takes them so"
            ),
            MatchIds::Loose => format!("{count} rows were matched loosely ({named})"),
        });
    }
    if how == MatchIds::Loose {
        for (photo, row) in loose {
            fields[photo] = table.remove(&row);
        }
    }
    let mut without: Vec<String> = table.into_keys().collect();
    without.sort();
    let bare =
        || ids.iter().zip(&fields).filter(|(_, fields)| fields.is_none()).map(|(id, _)| (*id).to_owned());
    let unmatched = Unmatched {
        rows: without.len(),
        photos: bare().count(),
        first_photos: bare().take(NAMED).collect(),
        first_rows: without.into_iter().take(NAMED).collect(),
    };
    if unmatched.rows > 0 || unmatched.photos > 0 {
        notes.push(unmatched.line(rows));
    }
    Matched { fields: fields.into_iter().map(Option::unwrap_or_default).collect(), unmatched, notes }
}

impl Unmatched {
    fn line(&self, rows: usize) -> String {
        let list = |names: &[String], count: usize| {
            let more = if count > names.len() { ", ..." } else { "" };
            format!("{}{more}", names.join(", "))
        };
        let mut text = match rows - self.rows {
            0 => format!(
                "none of the table's {rows} rows has a photo; ids are photos' file names without the ending"
            ),
            matched => format!("{matched} of the table's {rows} rows have a photo"),
        };
        if self.rows > 0 {
            text += &format!("; rows without a photo: {} ({})", self.rows, list(&self.first_rows, self.rows));
        }
        if self.photos > 0 {
            text += &format!(
                "; photos without a row: {} ({})",
                self.photos,
                list(&self.first_photos, self.photos)
            );
        }
        text
    }
}

/// Photos and rows without a counterpart that have the same loose id, which no other of them has.
fn pairs(
    ids: &[&str],
    fields: &[Option<ProductFields>],
    table: &HashMap<String, ProductFields>,
) -> Vec<(usize, String)> {
    let mut photos: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (photo, id) in ids.iter().enumerate().filter(|(photo, _)| fields[*photo].is_none()) {
        photos.entry(loose(id)).or_default().push(photo);
    }
    let mut rows: HashMap<String, Vec<&String>> = HashMap::new();
    for id in table.keys() {
        rows.entry(loose(id)).or_default().push(id);
    }
    let pair = |(key, photos): (String, Vec<usize>)| match (photos.as_slice(), rows.get(&key)?.as_slice()) {
        ([photo], [row]) => Some((*photo, (*row).clone())),
        _ => None,
    };
    photos.into_iter().filter_map(pair).collect()
}

/// An id in lower case without an ending and leading zeros.
fn loose(id: &str) -> String {
    let id = id.to_lowercase();
    let ending = id.rsplit_once('.').filter(|(_, ending)| ENDINGS.contains(ending));
    let id = ending.map_or(id.as_str(), |(stem, _)| stem);
    match id.trim_start_matches('0') {
        "" => id.get(..1).unwrap_or_default().to_owned(),
        rest => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(ids: &[&str]) -> HashMap<String, ProductFields> {
        let fields = |id: &str| {
            let mut fields = ProductFields::default();
            fields.title = Some(id.to_owned());
            fields
        };
        ids.iter().map(|id| ((*id).to_owned(), fields(id))).collect()
    }

    fn titles(matched: &Matched) -> Vec<&str> {
        matched.fields.iter().map(|fields| fields.title.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn what_has_no_counterpart_is_counted_and_named() {
        let matched = match_rows(&["0101", "0102", "1003"], table(&["101", "102", "1003"]), MatchIds::Exact);
        assert_eq!(titles(&matched), ["-", "-", "1003"]);
        let Unmatched { rows, first_rows, photos, first_photos } = &matched.unmatched;
        assert_eq!((*rows, *photos), (2, 2));
        assert_eq!((first_rows.join(" "), first_photos.join(" ")), ("101 102".into(), "0101 0102".into()));
        assert!(matched.notes[0].contains("--match-ids loose"), "{:?}", matched.notes);
        assert!(matched.notes[1].starts_with("1 of the table's 3 rows"), "{:?}", matched.notes);
        let many: Vec<String> = (0..9).map(|number| format!("x{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let matched = match_rows(&["a"], table(&many), MatchIds::Exact);
        assert_eq!(matched.unmatched.first_rows.len(), 5);
        assert!(matched.notes[0].starts_with("none of the table's 9 rows"), "{:?}", matched.notes);
    }

    #[test]
    fn loose_ids_meet_where_that_is_not_ambiguous() {
        let rows = table(&["101", "p00.JPG", "P01", "x.7", "twin", "TWIN"]);
        let photos = ["00101", "p00", "p01", "x.7", "Twin", "000"];
        let matched = match_rows(&photos, rows, MatchIds::Loose);
        assert_eq!(titles(&matched), ["101", "p00.JPG", "P01", "x.7", "-", "-"]);
        assert!(matched.notes[0].starts_with("3 rows were matched loosely"), "{:?}", matched.notes);
        let none = match_rows(&["a"], table(&["a"]), MatchIds::Loose);
        assert!(none.notes.is_empty() && none.unmatched == Unmatched::default());
    }
}
