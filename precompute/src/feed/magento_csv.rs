//! Magento's or Adobe Commerce's export of products: a row a product, variants as products of their own that their parent
//! names in `configurable_variations`.
//! <https://experienceleague.adobe.com/en/docs/commerce-admin/systems/data-transfer/data-attributes-product>

use std::collections::{HashMap, HashSet};

use crate::catalogue::Row;

use super::columns::{Columns, get, text};
use super::product::{FeedProduct, availability, in_stock};
use super::{Read, table_row};

/// Reads the rows of the table.
pub fn read(columns: &Columns, rows: Vec<Row>) -> Read {
    let find = |meaning: &str, names: &[&str]| columns.find(meaning, names);
    let (id, title) = (find("id", &["sku"]), find("title", &["name"]));
    let (url, key) = (find("url", &[]), find("url key", &["url_key"]));
    let image = find("image", &["base_image", "_image", "image"]);
    let more = find("images", &["additional_images"]);
    let (price, special) = (find("price", &["price"]), find("special price", &["special_price"]));
    let (is_in_stock, quantity) = (find("availability", &["is_in_stock"]), find("quantity", &["qty"]));
    let (online, visibility) =
        (find("published", &["product_online", "status"]), find("visibility", &["visibility"]));
    let variations = find("variants", &["configurable_variations"]);
    let (categories, additional) =
        (find("category", &["categories"]), find("attributes", &["additional_attributes"]));
    let view = find("store view", &["store_view_code"]);
    let further = columns.attributes();

    let mut read = Read { rows: rows.len(), ..Read::default() };
    let mut seen = HashSet::new();
    let mut products: Vec<(FeedProduct, bool, bool)> = Vec::new();
    let mut parents: HashMap<String, String> = HashMap::new();
    for row in &rows {
        let sku = get(row, &id);
        // A row of another store view says the same in another language.
        if !get(row, &view).is_empty() && seen.contains(sku) {
            continue;
        }
        let Some(mut product) = read.product(sku) else { continue };
        seen.insert(sku.to_owned());
        product.title = text(row, &title);
        product.url = match (get(row, &url), get(row, &key)) {
            ("", "") => None,
            // Magento's default ending; shops can have another.
            ("", key) => Some(format!("/{key}.html")),
            (url, _) => Some(url.to_owned()),
        };
        product.add_photo(picture(get(row, &image)));
        get(row, &more).split(',').for_each(|photo| product.add_photo(picture(photo)));
        product.offer(match get(row, &special) {
            "" => get(row, &price),
            special => special,
        });
        product.avail(match (get(row, &is_in_stock), get(row, &quantity).parse::<f64>()) {
            ("", Ok(quantity)) => in_stock(quantity > 0.0),
            (word, _) => availability(word),
        });
        for path in get(row, &categories).split(',') {
            product.add("category", path.trim().strip_prefix("Default Category/").unwrap_or(path));
        }
        for (name, value) in pairs(get(row, &additional), ',') {
            product.add(&name, &value);
        }
        for variation in get(row, &variations).split('|') {
            let pairs = pairs(variation, ',');
            if let Some((_, child)) = pairs.iter().find(|(name, _)| name == "sku") {
                parents.insert(child.clone(), product.id.clone());
            }
            pairs.iter().filter(|(name, _)| name != "sku").for_each(|(name, value)| product.add(name, value));
        }
        table_row(&mut product, row, &further);
        let hidden = matches!(get(row, &online), "2" | "0");
        let alone = !get(row, &visibility).eq_ignore_ascii_case("Not Visible Individually");
        products.push((product, hidden, alone));
    }
    let mut children: HashMap<String, Vec<FeedProduct>> = HashMap::new();
    let known: HashSet<String> = products.iter().map(|(product, ..)| product.id.clone()).collect();
    let mut kept = Vec::new();
    for (mut product, hidden, alone) in products {
        match parents.get(&product.id).filter(|parent| known.contains(*parent)) {
            _ if hidden => read.hidden += 1,
            Some(parent) if !alone => children.entry(parent.clone()).or_default().push(product),
            Some(parent) => {
                product.group = Some(parent.clone());
                kept.push(product);
            }
            None if !alone => read.hidden += 1,
            None => kept.push(product),
        }
    }
    for product in &mut kept {
        for child in children.remove(&product.id).unwrap_or_default() {
            product.join(child);
        }
    }
    // A parent of variants that stand by themselves is of their group.
    let groups: HashSet<String> = kept.iter().filter_map(|product| product.group.clone()).collect();
    for product in &mut kept {
        if product.group.is_none() && groups.contains(&product.id) {
            product.group = Some(product.id.clone());
        }
    }
    read.products = kept;
    read
}

/// Magento's word for no picture is none.
fn picture(text: &str) -> &str {
    if text.trim() == "no_selection" { "" } else { text }
}

/// `sku=X,size=M`: names and values; a comma that no name and `=` follow is part of a value.
fn pairs(text: &str, separator: char) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in text.split(separator) {
        let named = part.split_once('=').filter(|(name, _)| {
            let name = name.trim();
            !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
        });
        match (named, pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
            (None, Some((_, value))) => *value = format!("{value}{separator}{part}"),
            (None, None) => {}
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_commas_of_their_own() {
        let read = pairs("color=Red, dark,size=M,note=a=b", ',');
        let read: Vec<(&str, &str)> =
            read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("color", "Red, dark"), ("size", "M"), ("note", "a=b")]);
    }
}
