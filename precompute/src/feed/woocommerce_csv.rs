//! WooCommerce's export of products: a row a product and a row a variation, which names its parent.
//!
//! Names of columns: `class-wc-product-csv-exporter.php`. They are in the shop's language, so that an export in another is
//! recognised by its column of types, which is not translated, and refused with what to do.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalogue::Row;

use super::columns::{Columns, get};
use super::product::{FeedProduct, availability, in_stock};
use super::{Read, table_row};

/// What the column of types says, in every language.
const TYPES: [&str; 5] = ["simple", "variable", "variation", "grouped", "external"];

/// Whether a table is an export with headings in another language than English.
pub fn is_translated(columns: &[Arc<str>], rows: &[Row]) -> bool {
    let Some(types) = columns.get(1).filter(|_| columns.len() > 20 && *columns[0] == *"ID") else {
        return false;
    };
    let types = Some(Arc::clone(types));
    // "simple, virtual" is a type too.
    let is_type = |row: &Row| TYPES.contains(&get(row, &types).split(',').next().unwrap_or_default().trim());
    !rows.is_empty() && rows.iter().all(is_type) && !columns.iter().any(|name| **name == *"Name")
}

/// Reads the rows of the table.
pub fn read(columns: &Columns, rows: Vec<Row>) -> Read {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let (number, sku) = (find("product number", &["ID"]), find("sku", &["SKU"]));
    let id = find("id", &["ID"]);
    let (kind, title, url) =
        (find("type", &["Type"]), find("title", &["Name"]), find("url", &["External URL"]));
    let (images, first_image) = (find("images", &["Images"]), find("image", &[]));
    let (regular, sale) = (find("price", &["Regular price"]), find("sale price", &["Sale price"]));
    let (in_stock_column, stock) = (find("availability", &["In stock?"]), find("stock", &["Stock"]));
    let (parent, published) = (find("parent", &["Parent"]), find("published", &["Published"]));
    let visibility = find("visibility", &["Visibility in catalog", "Visibility in catalogue"]);
    let (categories, tags) = (find("category", &["Categories"]), find("tags", &["Tags"]));
    let brands = find("brand", &["Brands"]);
    let attributes: Vec<_> = (1..=30)
        .map_while(|number| {
            let name = find("attribute", &[&format!("Attribute {number} name")])?;
            Some((Some(name), find("attribute", &[&format!("Attribute {number} value(s)")])))
        })
        .collect();
    let further = columns.attributes();

    let mut read = Read { rows: rows.len(), ..Read::default() };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut products: Vec<(FeedProduct, bool)> = Vec::new();
    let mut variations: Vec<(String, FeedProduct, bool)> = Vec::new();
    for row in &rows {
        let Some(mut product) = read.product(get(row, &id)) else { continue };
        let text = |column| Some(unquoted(get(row, column))).filter(|text| !text.is_empty());
        product.title = text(&title).map(str::to_owned);
        product.url = text(&url).map(str::to_owned);
        product.add_photo(get(row, &first_image));
        pictures(get(row, &images)).iter().for_each(|picture| product.add_photo(picture));
        product.offer(text(&sale).or(text(&regular)).unwrap_or_default());
        let count = get(row, &stock).parse::<f64>().ok();
        product.avail(match (get(row, &in_stock_column), count) {
            ("", None) => None,
            ("", Some(count)) => in_stock(count > 0.0),
            (word, _) => availability(word),
        });
        for path in listed(get(row, &categories)) {
            product.add("category", &path);
        }
        listed(get(row, &tags)).iter().for_each(|tag| product.add("tags", tag));
        listed(get(row, &brands)).iter().for_each(|brand| product.add("brand", brand));
        for (name, values) in &attributes {
            let name = unquoted(get(row, name));
            if !name.is_empty() {
                listed(get(row, values)).iter().for_each(|value| product.add(name, value));
            }
        }
        table_row(&mut product, row, &further);
        let hidden = !matches!(get(row, &published), "" | "1") || get(row, &visibility) == "hidden";
        let above = get(row, &parent);
        if get(row, &kind).starts_with("variation") && !above.is_empty() {
            variations.push((above.to_owned(), product, hidden));
            continue;
        }
        for key in [format!("id:{}", get(row, &number)), get(row, &sku).to_owned()] {
            places.entry(key).or_insert(products.len());
        }
        products.push((product, hidden));
    }
    for (parent, mut variation, hidden) in variations {
        match places.get(&parent) {
            // A parent's photos and name come first; what is not sold counts for nothing.
            Some(place) if !hidden => products[*place].0.join(variation),
            Some(_) => {}
            None => {
                variation.group = Some(parent);
                products.push((variation, hidden));
            }
        }
    }
    for (product, hidden) in products {
        match hidden {
            true => read.hidden += 1,
            false => read.products.push(product),
        }
    }
    read
}

/// A partition without the apostrophe that keeps spreadsheets from taking it for a formula.
fn unquoted(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    }
}

/// Values joined by commas, in which a comma of a value's own has a backslash before it.
fn listed(text: &str) -> Vec<String> {
    let (mut values, mut value, mut letters) = (Vec::new(), String::new(), unquoted(text).chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&',') => {
                letters.next();
                value.push(',');
            }
            ',' => values.push(std::mem::take(&mut value)),
            _ => value.push(letter),
        }
    }
    values.push(value);
    values.iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// Addresses joined by commas; a comma within one is not followed by another address.
fn pictures(text: &str) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for part in listed(text) {
        let begins = part.contains("://")
            || part.starts_with('/')
            || !pictures.last().is_some_and(|last| last.contains("://"));
        match pictures.last_mut() {
            Some(last) if !begins => *last = format!("{last},{part}"),
            _ => pictures.push(part),
        }
    }
    pictures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_commas_of_their_own() {
        assert_eq!(listed(r"S, M\, wide , L"), ["S", "M, wide", "L"]);
        let joined = "https://a/1.jpg, https://a/w_1,h_2/2.jpg";
        assert_eq!(pictures(joined), ["https://a/1.jpg", "https://a/w_1,h_2/2.jpg"]);
        assert_eq!(unquoted("'=1+1"), "=1+1");
        assert_eq!(unquoted("'90s tee"), "'90s tee");
    }
}
