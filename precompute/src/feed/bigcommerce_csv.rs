//! BigCommerce's export of products: a row a product, and below it a row a variant (`Item Type` SKU), whose name holds its
//! options: `[S]Colour=Red,[RB]Size=M`.

use crate::catalogue::Row;

use super::columns::{Columns, get, text};
use super::product::{FeedProduct, in_stock};
use super::{Read, table_row};

/// Pictures that an export has columns for.
const PICTURES: usize = 30;

/// Reads the rows of the table.
pub fn read(columns: &Columns, rows: Vec<Row>) -> Read {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let kind = find("type", &["Item Type"]);
    let (id, title, url) = (
        find("id", &["Product ID", "Product Code/SKU"]),
        find("title", &["Product Name"]),
        find("url", &["Product URL"]),
    );
    let first = find("image", &["Product Image File - 1", "Product Image URL - 1"]);
    let images: Vec<_> = (2..PICTURES)
        .map_while(|number| {
            let names = [format!("Product Image File - {number}"), format!("Product Image URL - {number}")];
            find("images", &names.each_ref().map(String::as_str)).map(Some)
        })
        .collect();
    let (price, sale) = (find("price", &["Price"]), find("sale price", &["Sale Price"]));
    let (stock, buyable) =
        (find("availability", &["Current Stock Level"]), find("allow purchases", &["Allow Purchases?"]));
    let (tracking, visible) =
        (find("track inventory", &["Track Inventory"]), find("published", &["Product Visible?"]));
    let (brand, category) =
        (find("brand", &["Brand Name", "Brand"]), find("category", &["Category", "Category String"]));
    let variant_image = find("images", &["Product Image File"]);
    let further = columns.attributes();

    let mut read = Read { rows: rows.len(), ..Read::default() };
    let mut building: Option<(FeedProduct, bool)> = None;
    let keep = |building: Option<(FeedProduct, bool)>, read: &mut Read| match building {
        Some((product, true)) => read.products.push(product),
        Some((_, false)) => read.hidden += 1,
        None => {}
    };
    for row in &rows {
        let stock_of = |product: &mut FeedProduct| {
            let count: Option<f64> = get(row, &stock).parse().ok();
            let untracked = matches!(get(row, &tracking).to_lowercase().as_str(), "none" | "");
            match (get(row, &buyable).eq_ignore_ascii_case("n"), count) {
                (true, _) => product.avail(in_stock(false)),
                (false, Some(count)) => {
                    product.avail(in_stock(count > 0.0 || untracked && tracking.is_some()))
                }
                (false, None) => {}
            }
        };
        match get(row, &kind).trim().to_lowercase().as_str() {
            "product" => {
                keep(building.take(), &mut read);
                let Some(mut product) = read.product(get(row, &id)) else { continue };
                product.title = text(row, &title);
                product.url = text(row, &url);
                product.add_photo(get(row, &first));
                images.iter().for_each(|column| product.add_photo(get(row, column)));
                // No sale is written as 0.
                let reduced = get(row, &sale);
                product.offer(match reduced.parse::<f64>() {
                    Ok(number) if number > 0.0 => reduced,
                    _ => get(row, &price),
                });
                stock_of(&mut product);
                product.add("brand", get(row, &brand));
                get(row, &category).split(';').for_each(|path| product.add("category", path));
                table_row(&mut product, row, &further);
                building = Some((product, !get(row, &visible).eq_ignore_ascii_case("n")));
            }
            "sku" => {
                let Some((product, _)) = &mut building else { continue };
                for (name, value) in options(get(row, &title)) {
                    product.add(&name, &value);
                }
                product.add_photo(get(row, &variant_image));
                stock_of(product);
            }
            // Rules change prices of options.
            _ => {}
        }
    }
    keep(building, &mut read);
    read
}

/// `[S]Colour=Red,[RB]Size=M`: each option's name and value.
fn options(text: &str) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for part in text.split(",[") {
        let part = part.trim_start_matches('[');
        let part = part.split_once(']').map_or(part, |(_, rest)| rest);
        if let Some((name, value)) = part.split_once('=') {
            // A colour's value may end in its swatch: `Red:#ff0000`.
            let value = value.split_once(":#").map_or(value, |(value, _)| value);
            options.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_in_the_name() {
        let read = options("[S]Colour=Red, dark:#ff0000,[RB]Size=M");
        let read: Vec<(&str, &str)> =
            read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("Colour", "Red, dark"), ("Size", "M")]);
    }
}
