//! A table of a system that is not known: a product a row, by the columns that the user names or that are called as ours.

use anyhow::bail;

use crate::catalogue::Row;

use super::columns::{Columns, get, text};
use super::product::availability;
use super::{Read, table_row};

/// Reads the rows of the table.
///
/// # Errors
/// When there is no column for ids or none for pictures.
pub fn read(columns: &Columns, rows: Vec<Row>) -> anyhow::Result<Read> {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let id = find("id", &["id"]);
    let image = find("image", &["image", "image_link", "image url", "picture", "photo"]);
    let images = find("images", &["images", "additional_image_link"]);
    let (title, url, price) =
        (find("title", &["title", "name"]), find("url", &["url", "link"]), find("price", &["price"]));
    let (available, group) =
        (find("availability", &["availability"]), find("group", &["item_group_id", "group"]));
    let missing: Vec<&str> = [("id", &id), ("image", &image)]
        .into_iter()
        .filter(|(meaning, column)| column.is_none() && !(*meaning == "image" && images.is_some()))
        .map(|(meaning, _)| meaning)
        .collect();
    if !missing.is_empty() {
        bail!(
            "the table is of no system that is known, and has no column called {}; say which columns are meant: --columns {} \
             (there are {})",
            missing.join(" and none called "),
            missing.iter().map(|meaning| format!("{meaning}=NAME")).collect::<Vec<_>>().join(","),
            columns.names().join(", ")
        );
    }
    let further = columns.attributes();
    let used = [&id, &image, &images, &title, &url, &price, &available, &group];
    let rest: Vec<_> = columns
        .names()
        .iter()
        .filter(|name| {
            used.iter().all(|column| column.as_ref() != Some(name))
                && further.iter().all(|(_, column)| column.as_ref() != Some(name))
        })
        .collect();
    let mut read = Read { rows: rows.len(), ..Read::default() };
    for row in &rows {
        let Some(mut product) = read.product(get(row, &id)) else { continue };
        (product.title, product.url, product.group) = (text(row, &title), text(row, &url), text(row, &group));
        product.offer(get(row, &price));
        product.avail(availability(get(row, &available)));
        product.add_photo(get(row, &image));
        let more = get(row, &images);
        let separator = if more.contains('|') { '|' } else { ',' };
        more.split(separator).for_each(|photo| product.add_photo(photo));
        table_row(&mut product, row, &further);
        for name in &rest {
            get(row, &Some((*name).clone())).split('|').for_each(|value| product.add(name, value));
        }
        read.products.push(product);
    }
    Ok(read)
}
