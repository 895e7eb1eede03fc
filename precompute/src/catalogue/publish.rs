//! Which columns go into the cards, where everybody can read them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, ensure};

use super::fields::ProductFields;
use super::names::same_name;

/// Parts of names of columns that shops keep to themselves: purchase prices, margins, suppliers, notes.
const INTERNAL: [&str; 24] = [
    "cost",
    "supplier",
    "margin",
    "wholesale",
    "purchase",
    "ek",
    "einkauf",
    "einkaufspreis",
    "lieferant",
    "marge",
    "fournisseur",
    "achat",
    "proveedor",
    "coste",
    "costo",
    "fornitore",
    "leverancier",
    "inkoop",
    "internal",
    "intern",
    "markup",
    "profit",
    "landed",
    "distributor",
];

/// Longest text of a column that is published without being named, and the longest mean, in bytes.
const LONGEST: usize = 300;
const LONGEST_MEAN: usize = 80;

/// A column whose share of all text is above this is named.
const MOST: f64 = 0.5;
/// Bytes of a product's columns below which nothing is said.
const LITTLE: usize = 400;

/// What is published, and what to tell the user.
#[derive(Debug, Default)]
pub struct Published {
    /// Names, the well-known ones first.
    pub columns: Vec<String>,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// Whether a column of that name is likely not to be meant for everybody.
fn is_internal(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    words.any(|word| {
        INTERNAL.contains(&word) || word.strip_suffix('s').is_some_and(|word| INTERNAL.contains(&word))
    }) || INTERNAL.iter().filter(|word| word.len() > 6).any(|word| name.contains(word))
}

/// Leaves in `fields` only what is to be published: the columns `named`, or without those the short ones that do not sound
/// internal; and always title, url, price, image, and `needed`.
///
/// # Errors
/// When a named column is not there.
pub fn publish(
    fields: &mut [ProductFields],
    named: Option<&[String]>,
    needed: &[&str],
) -> anyhow::Result<Published> {
    let mut columns: BTreeMap<Arc<str>, Column> = BTreeMap::new();
    for product in fields.iter() {
        for (name, text) in &product.attributes {
            if !columns.contains_key(name) {
                columns.insert(Arc::clone(name), Column::default());
            }
            if let Some(column) = columns.get_mut(name) {
                column.add(text);
            }
        }
    }
    let known = ["title", "url", "price", "image"];
    let mut notes = Vec::new();
    let keep: BTreeSet<Arc<str>> = match named {
        Some(named) => chosen(&columns, named, &known, needed, &mut notes)?,
        None => sensible(&columns, needed, &mut notes),
    };
    for product in fields.iter_mut() {
        product.retain(|name| keep.contains(name));
    }
    let known = known.into_iter().filter(|name| fields.iter().any(|product| product.column(name).is_some()));
    let published = known.map(str::to_owned).chain(keep.iter().map(|name| name.to_string())).collect();
    notes.extend(heaviest(fields));
    Ok(Published { columns: published, notes })
}

#[derive(Default)]
struct Column {
    values: usize,
    bytes: usize,
    longest: usize,
    markup: bool,
}

impl Column {
    fn add(&mut self, text: &str) {
        self.values += 1;
        self.bytes += text.len();
        self.longest = self.longest.max(text.len());
        self.markup |= text.contains("</") || text.contains("/>") || text.contains("<br");
    }

    fn is_short(&self) -> bool {
        self.longest <= LONGEST && self.bytes / self.values.max(1) <= LONGEST_MEAN && !self.markup
    }
}

fn chosen(
    columns: &BTreeMap<Arc<str>, Column>,
    named: &[String],
    known: &[&str],
    needed: &[&str],
    notes: &mut Vec<String>,
) -> anyhow::Result<BTreeSet<Arc<str>>> {
    let mut keep: BTreeSet<Arc<str>> =
        columns.keys().filter(|name| needed.contains(&&***name)).cloned().collect();
    for name in named.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if known.contains(&name) || needed.contains(&name) {
            continue;
        }
        let found = columns.keys().find(|column| ***column == *name);
        let found = found.or_else(|| columns.keys().find(|column| same_name(column, name)));
        let all = || columns.keys().map(|name| name.to_string()).collect::<Vec<_>>().join(", ");
        let found = found.with_context(|| {
            format!("--publish: no product has a value in a column {name} (there are {})", all())
        })?;
        keep.insert(Arc::clone(found));
    }
    let internal: Vec<&str> = keep.iter().map(|name| &**name).filter(|name| is_internal(name)).collect();
    if !internal.is_empty() {
        notes.push(format!("WARNING: everybody can read {}: the name sounds internal", internal.join(", ")));
    }
    ensure!(keep.len() < usize::from(u16::MAX), "--publish names too many columns");
    Ok(keep)
}

fn sensible(
    columns: &BTreeMap<Arc<str>, Column>,
    needed: &[&str],
    notes: &mut Vec<String>,
) -> BTreeSet<Arc<str>> {
    let (mut keep, mut internal, mut long) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (name, column) in columns {
        if needed.contains(&&**name) {
            keep.insert(Arc::clone(name));
        } else if is_internal(name) {
            internal.push(&**name);
        } else if !column.is_short() {
            long.push(&**name);
        } else {
            keep.insert(Arc::clone(name));
        }
    }
    if !internal.is_empty() {
        notes.push(format!(
            "WARNING: not published, since the name sounds internal: {} (--publish names what is to be)",
            internal.join(", ")
        ));
    }
    if !long.is_empty() {
        notes.push(format!(
            "not published, since it is long text or HTML: {} (--publish names what is to be)",
            long.join(", ")
        ));
    }
    keep
}

/// Names the column that makes up most of what pages load.
fn heaviest(fields: &[ProductFields]) -> Option<String> {
    let mut bytes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, text) in fields.iter().flat_map(ProductFields::columns) {
        *bytes.entry(name).or_default() += text.len();
    }
    let all: usize = bytes.values().sum();
    let (name, most) = bytes.into_iter().max_by_key(|(_, bytes)| *bytes)?;
    let share = most as f64 / all.max(1) as f64;
    (share > MOST && all > LITTLE * fields.len().max(1)).then(|| {
        format!("column {name} is {:.0} % of the cards' text, which every page loads", share * 100.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products(columns: &[(&str, &str)]) -> Vec<ProductFields> {
        let mut fields = ProductFields::default();
        for (name, text) in columns {
            fields.set(&(*name).into(), (*text).to_owned());
        }
        vec![fields.clone(), fields]
    }

    #[test]
    fn without_names_short_columns_that_do_not_sound_internal_are_published() -> anyhow::Result<()> {
        let html = "<p>Soft</p>".repeat(30);
        let columns = [
            ("title", "Tee"),
            ("colour", "red"),
            ("cost_price", "4.10"),
            ("Lieferant", "Acme"),
            ("EK", "3"),
            ("Cost per item", "4"),
            ("description", html.as_str()),
            ("costume", "yes"),
            ("week", "7"),
            ("margins", "1"),
        ];
        let mut fields = products(&columns);
        let published = publish(&mut fields, None, &[])?;
        assert_eq!(published.columns, ["title", "colour", "costume", "week"]);
        assert!(fields[0].column("cost_price").is_none() && fields[0].column("colour").is_some());
        assert!(
            published.notes[0].contains("EK, Lieferant") && published.notes[0].contains("margins"),
            "{published:?}"
        );
        assert!(published.notes[1].contains("description"), "{published:?}");
        let needed = publish(&mut products(&columns), None, &["cost_price"])?;
        assert!(needed.columns.contains(&"cost_price".to_owned()));
        Ok(())
    }

    #[test]
    fn named_columns_are_published_with_a_warning_where_one_is_due() -> anyhow::Result<()> {
        let long = "words ".repeat(900);
        let mut fields = products(&[
            ("title", "Tee"),
            ("colour", "red"),
            ("Cost Price", "4"),
            ("description", long.trim()),
        ]);
        let named = ["cost_price".to_owned(), "title".to_owned(), "description".to_owned()];
        let published = publish(&mut fields, Some(&named), &[])?;
        assert_eq!(published.columns, ["title", "Cost Price", "description"]);
        assert!(
            published.notes[0].contains("WARNING") && published.notes[0].contains("Cost Price"),
            "{published:?}"
        );
        assert!(published.notes[1].contains("description is 100 %"), "{published:?}");
        let missing =
            publish(&mut fields, Some(&["nope".to_owned()]), &[]).expect_err("not there").to_string();
        assert!(missing.contains("nope") && missing.contains("Cost Price"), "{missing}");
        Ok(())
    }
}
