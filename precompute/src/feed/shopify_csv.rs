//! Shopify's export of products. A product has a row a variant and a row a picture, under one handle; the first has what is
//! said of the product.
//!
//! Headings of 2024 and before (`Handle`, `Image Src`, `Variant Price`) and after (`URL handle`, `Product image URL`, `Price`)
//! are known: <https://help.shopify.com/en/manual/products/import-export/using-csv>.

use crate::catalogue::Row;

use super::columns::{Columns, get, text};
use super::product::{FeedProduct, in_stock};
use super::{Read, table_row};

/// Reads the rows of the table.
pub fn read(columns: &Columns, rows: Vec<Row>) -> Read {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let handle = find("id", &["Handle", "URL handle", "id"]);
    let title = find("title", &["Title"]);
    let url = find("url", &[]);
    let image = find("image", &["Image Src", "Product image URL"]);
    let position = find("image position", &["Image Position"]);
    let variant_image = find("images", &["Variant Image", "Variant image URL"]);
    let price = find("price", &["Variant Price", "Price"]);
    let before = find("compare_at_price", &["Variant Compare At Price", "Compare-at price"]);
    let stock = find("availability", &["Variant Inventory Qty", "Inventory quantity"]);
    let tracker = find("inventory tracker", &["Variant Inventory Tracker", "Inventory tracker"]);
    let policy =
        find("inventory policy", &["Variant Inventory Policy", "Continue selling when out of stock"]);
    let status = find("status", &["Status"]);
    let published = find("published", &["Published", "Published on online store"]);
    let plain = [
        ("vendor", find("vendor", &["Vendor"])),
        ("type", find("type", &["Type"])),
        ("category", find("category", &["Product Category", "Product category"])),
    ];
    let tags = find("tags", &["Tags"]);
    let options = [1, 2, 3].map(|number| {
        let column = |what: &str| find("option", &[&format!("Option{number} {what}")]);
        (column("Name"), column("Value"))
    });
    let fields: Vec<(String, _)> = columns
        .names()
        .iter()
        .filter_map(|name| {
            let field = name.split_once(" (product.metafields.")?.0;
            Some((field.to_owned(), find(field, &[name])))
        })
        .collect();
    let further = columns.attributes();

    let mut read = Read { rows: rows.len(), ..Read::default() };
    let mut building: Option<Building> = None;
    for row in &rows {
        let id = get(row, &handle);
        if building.as_ref().is_none_or(|building| !id.is_empty() && building.product.id != id) {
            if let Some(building) = building.take() {
                building.finish(&mut read);
            }
            let Some(mut product) = read.product(id) else { continue };
            product.title = text(row, &title);
            let page = get(row, &url);
            product.url = Some(if page.is_empty() { format!("/products/{id}") } else { page.to_owned() });
            for (name, column) in &plain {
                product.add(name, get(row, column));
            }
            get(row, &tags).split(',').for_each(|tag| product.add("tags", tag));
            let hidden = matches!(get(row, &status).to_lowercase().as_str(), "draft" | "archived")
                || get(row, &published).eq_ignore_ascii_case("false");
            let names = options.clone().map(|(name, _)| get(row, &name).to_owned());
            building = Some(Building { product, photos: Vec::new(), later: Vec::new(), names, hidden });
        }
        let Some(Building { product, photos, later, names, .. }) = &mut building else { continue };
        let place = get(row, &position).parse().unwrap_or(u32::MAX);
        photos.push((place, get(row, &image).to_owned()));
        later.push(get(row, &variant_image).to_owned());
        for (name, column) in &fields {
            get(row, column).split(';').for_each(|value| product.add(name, value));
        }
        table_row(product, row, &further);
        let is_variant =
            !get(row, &price).is_empty() || options.iter().any(|(_, value)| !get(row, value).is_empty());
        if !is_variant {
            continue;
        }
        product.offer(get(row, &price));
        product.add("compare_at_price", get(row, &before));
        for (name, (_, column)) in names.iter().zip(&options) {
            let value = get(row, column);
            if !name.is_empty() && value != "Default Title" {
                product.add(name, value);
            }
        }
        let sold_on = matches!(get(row, &policy).to_lowercase().as_str(), "continue" | "true");
        let untracked = tracker.is_some() && get(row, &tracker).is_empty();
        let count: Option<i64> = get(row, &stock).parse().ok();
        if stock.is_some() {
            product.avail(in_stock(sold_on || untracked || count.is_none_or(|count| count > 0)));
        }
    }
    if let Some(building) = building {
        building.finish(&mut read);
    }
    read
}

/// A product whose rows are being read.
struct Building {
    product: FeedProduct,
    /// With their places in the gallery.
    photos: Vec<(u32, String)>,
    /// Pictures of variants, which come after.
    later: Vec<String>,
    /// Of options, which the first row has.
    names: [String; 3],
    hidden: bool,
}

impl Building {
    fn finish(mut self, read: &mut Read) {
        self.photos.sort_by_key(|(place, _)| *place);
        let photos = self.photos.iter().map(|(_, photo)| photo).chain(&self.later);
        photos.for_each(|photo| self.product.add_photo(photo));
        match self.hidden {
            true => read.hidden += 1,
            false => read.products.push(self.product),
        }
    }
}
