//! Google Merchant's and Meta's catalogue: an item a row, of a product in sizes and colours one each, which `item_group_id`
//! holds together. As a table here; [`super::merchant_xml`] makes the same rows of RSS and Atom.
//!
//! <https://support.google.com/merchants/answer/7052112>,
//! <https://developers.facebook.com/docs/commerce-platform/catalog/fields>

use crate::catalogue::Row;

use super::columns::{Columns, get, text};
use super::product::availability;
use super::{Read, table_row};

/// Attributes that are taken over, by the name they get.
const ATTRIBUTES: [&str; 12] = [
    "brand",
    "color",
    "size",
    "gender",
    "age_group",
    "material",
    "pattern",
    "condition",
    "product_type",
    "google_product_category",
    "fb_product_category",
    "style",
];

/// Pictures that Meta has columns for.
const PICTURES: usize = 21;

/// Reads the items; `separator` is what joins several addresses in a partition.
pub fn read(columns: &Columns, rows: Vec<Row>, separator: char) -> Read {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let (id, title, url) = (find("id", &["id"]), find("title", &["title"]), find("url", &["link"]));
    let image = find("image", &["image_link", "image[0].url"]);
    let more = find("images", &["additional_image_link", "additional_image_links"]);
    let numbered: Vec<_> = (1..PICTURES)
        .map_while(|number| find("images", &[&format!("image[{number}].url")]).map(Some))
        .collect();
    let (price, sale) = (find("price", &["price"]), find("sale price", &["sale_price"]));
    let (availability_column, group) =
        (find("availability", &["availability"]), find("group", &["item_group_id"]));
    let attributes: Vec<_> =
        ATTRIBUTES.iter().filter_map(|name| Some((*name, Some(find(name, &[*name])?)))).collect();
    let further = columns.attributes();

    let mut read = Read { rows: rows.len(), ..Read::default() };
    for row in &rows {
        let Some(mut product) = read.product(get(row, &id)) else { continue };
        (product.title, product.url, product.group) = (text(row, &title), text(row, &url), text(row, &group));
        product.add_photo(get(row, &image));
        // A comma within an address is written %2C; some systems forget it, but no address begins there.
        let mut address = String::new();
        for part in get(row, &more).split(separator) {
            if !address.is_empty() && !part.trim_start().starts_with("http") && separator == ',' {
                address = format!("{address},{part}");
                continue;
            }
            product.add_photo(&std::mem::replace(&mut address, part.to_owned()));
        }
        product.add_photo(&address);
        numbered.iter().for_each(|column| product.add_photo(get(row, column)));
        product.offer(&text(row, &sale).or(text(row, &price)).unwrap_or_default());
        product.avail(availability(get(row, &availability_column)));
        for (name, column) in &attributes {
            product.add(name, get(row, column));
        }
        table_row(&mut product, row, &further);
        read.products.push(product);
    }
    read
}
