//! The shop's table of products: CSV with a header, or JSON.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::fields::ProductFields;
use super::names::ColumnNames;
use super::numbers::NumberColumns;
use super::rows::{self, Place, Row, normal};
use super::text;

/// What a table says of products.
pub struct ProductTable {
    /// By id, in Unicode's composed form and without white space around it.
    pub products: HashMap<String, ProductFields>,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// The table in `path` by product id.
///
/// # Errors
/// When the file cannot be read, has no id column, or says two things of a product; the message has the line.
pub fn read_table(path: &Path, names: &ColumnNames) -> anyhow::Result<ProductTable> {
    let reading = || format!("reading {}", path.display());
    let bytes = fs::read(path).with_context(reading)?;
    parse(bytes, names).with_context(reading)
}

fn parse(bytes: Vec<u8>, names: &ColumnNames) -> anyhow::Result<ProductTable> {
    let text::Text { text, note } = text::decode(bytes)?;
    let table = rows::Table::open(&text)?;
    let ours = names.resolve(&table.columns)?;
    let by_theirs: HashMap<Arc<str>, Option<Arc<str>>> = table.columns.iter().cloned().zip(ours).collect();
    let mut notes: Vec<String> = note.into_iter().chain(table.notes.iter().cloned()).collect();
    let mut products: HashMap<String, ProductFields> = HashMap::new();
    let (mut numbers, mut joined) = (NumberColumns::default(), 0);
    table.each_row(|place, row| {
        let (id, fields) = product(place, row, &by_theirs, &mut numbers)?;
        match products.get_mut(&id) {
            None => {
                products.insert(id, fields);
            }
            Some(known) => {
                joined += 1;
                join(known, fields).with_context(|| format!("{place}: product {id} is there twice"))?;
            }
        }
        Ok(())
    })?;
    if joined > 0 {
        notes.push(format!("{joined} rows are further rows of a product: they are joined to its first"));
    }
    notes.extend(numbers.settle(products.values_mut()));
    Ok(ProductTable { products, notes })
}

fn product(
    place: Place,
    row: Row,
    names: &HashMap<Arc<str>, Option<Arc<str>>>,
    numbers: &mut NumberColumns,
) -> anyhow::Result<(String, ProductFields)> {
    let (mut id, mut fields) = (None, ProductFields::default());
    for (column, text) in row {
        // A JSON object may have a member that the first ones have not.
        let Some(name) = names.get(&column).cloned().unwrap_or(Some(column)) else { continue };
        if *name == *"id" {
            id = Some(normal(&text)).filter(|id| !id.is_empty());
        } else {
            numbers.add(place, &name, &text);
            fields.set(&name, text);
        }
    }
    fields.shrink();
    Ok((id.with_context(|| format!("{place}: the product has no id"))?, fields))
}

/// Joins a further row of a product, such as one of a variant: what it adds is added, lists of values grow.
fn join(known: &mut ProductFields, further: ProductFields) -> anyhow::Result<()> {
    // Without a title of its own it goes on with the row before, as exports have it.
    if let (Some(one), Some(other)) = (&known.title, &further.title)
        && one != other
    {
        bail!("one says {one:?} and the other {other:?}");
    }
    for (name, text) in further.columns() {
        let name: Arc<str> = name.into();
        match known.column(&name) {
            None => known.set(&name, text.to_owned()),
            // Of prices and addresses the first counts.
            Some(_) if matches!(&*name, "title" | "url" | "price" | "image") => {}
            Some(values) if values.split('|').any(|value| value == text) => {}
            Some(values) => {
                let values = format!("{values}|{text}");
                known.set(&name, values);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, names: &str) -> anyhow::Result<ProductTable> {
        let names = match names {
            "" => ColumnNames::default(),
            names => names.parse().map_err(anyhow::Error::msg)?,
        };
        parse(text.as_bytes().to_vec(), &names)
    }

    #[test]
    fn rows_of_one_product_are_joined_and_contradictions_named() -> anyhow::Result<()> {
        let text = "id,title,size,price\np00,Tee,S,19\np00,,M,21\np00,Tee,M,\np01,Cap,,5\n";
        let table = read(text, "")?;
        let tee = &table.products["p00"];
        assert_eq!((tee.column("size"), tee.column("price")), (Some("S|M"), Some("19")));
        assert!(table.notes.iter().any(|note| note.starts_with("2 rows")), "{:?}", table.notes);
        let told =
            format!("{:#}", read("id,title\np00,x\np01,y\np00,z\n", "").err().context("a contradiction")?);
        assert!(told.contains("line 4") && told.contains("p00 is there twice"), "{told}");
        Ok(())
    }

    #[test]
    fn ids_that_look_the_same_are_one() -> anyhow::Result<()> {
        let table = read("ID;Titel\n caf\u{e9} ;x\n", "title=Titel")?;
        assert_eq!(table.products[&normal("cafe\u{301}")].title.as_deref(), Some("x"));
        assert!(read("id,title\ncaf\u{e9},x\ncafe\u{301},y\n", "").is_err(), "the second is the first");
        Ok(())
    }
}
