//! schema.org's products as pages carry them for search engines, in scripts of type `application/ld+json`.
//! <https://developers.google.com/search/docs/appearance/structured-data/product-variants>

use anyhow::Context;
use serde_json::Value;

use super::html::data_scripts;
use super::json::{list, text};
use super::product::{FeedProduct, availability};

/// Deepest lists and graphs that are looked into.
const DEEPEST: usize = 8;

/// The products of a page; `page` is its address, if it is known.
///
/// # Errors
/// When a script is not JSON.
pub fn products(html: &str, page: Option<&str>) -> anyhow::Result<Vec<FeedProduct>> {
    let mut products = Vec::new();
    for script in data_scripts(html) {
        // Some systems wrap it for old browsers.
        let script = script.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
        let script = script.trim_start_matches("//<![CDATA[").trim_end_matches("//]]>").trim();
        let value: Value =
            serde_json::from_str(script).context("a script of type application/ld+json is not JSON")?;
        collect(&value, None, page, DEEPEST, &mut products);
    }
    Ok(products)
}

fn is_a(object: &Value, kind: &str) -> bool {
    list(object, "@type").filter_map(Value::as_str).any(|word| word.rsplit(['/', ':']).next() == Some(kind))
}

fn collect(
    value: &Value,
    group: Option<&FeedProduct>,
    page: Option<&str>,
    depth: usize,
    products: &mut Vec<FeedProduct>,
) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(values) => {
            values.iter().for_each(|value| collect(value, group, page, depth - 1, products))
        }
        Value::Object(_) if is_a(value, "ProductGroup") => {
            let mut common = product(value, page);
            let id = text(value, "productGroupID");
            common.group =
                Some(if id.is_empty() { common.id.clone() } else { id }).filter(|id| !id.is_empty());
            let before = products.len();
            for variant in list(value, "hasVariant") {
                collect(variant, Some(&common), page, depth - 1, products);
            }
            // A group without variants on the page is a product.
            if products.len() == before && !common.id.is_empty() {
                products.push(common);
            }
        }
        Value::Object(_) if is_a(value, "Product") => {
            let mut found = product(value, page);
            if let Some(common) = group {
                found.title = found.title.or(common.title.clone());
                found.url = found.url.or(common.url.clone());
                found.group = found.group.or(common.group.clone());
                if found.photos.is_empty() {
                    common.photos.iter().for_each(|photo| found.add_photo(photo));
                }
                if found.attribute("brand").is_none() {
                    found.add("brand", common.attribute("brand").unwrap_or_default());
                }
            }
            if !found.id.is_empty() {
                products.push(found);
            }
        }
        Value::Object(object) => {
            for member in ["@graph", "mainEntity", "itemListElement", "item"] {
                if let Some(value) = object.get(member) {
                    collect(value, group, page, depth - 1, products);
                }
            }
        }
        _ => {}
    }
}

fn product(object: &Value, page: Option<&str>) -> FeedProduct {
    let url = Some(text(object, "url")).filter(|url| !url.is_empty()).or(page.map(str::to_owned));
    let ids = ["sku", "productID", "mpn", "productGroupID", "@id"].map(|name| text(object, name));
    let id =
        ids.into_iter().find(|id| !id.is_empty()).or(url.as_deref().map(last_segment)).unwrap_or_default();
    let mut product = FeedProduct::default();
    (product.id, product.url) = (id, url);
    product.title = Some(super::html::unescape(&text(object, "name"))).filter(|title| !title.is_empty());
    for image in list(object, "image") {
        let address = match image {
            Value::String(address) => address.clone(),
            object => {
                Some(text(object, "contentUrl")).filter(|url| !url.is_empty()).unwrap_or(text(object, "url"))
            }
        };
        product.add_photo(&address);
    }
    let group = text(object, "inProductGroupWithID");
    product.group = Some(group).filter(|group| !group.is_empty());
    for offer in list(object, "offers") {
        let inner: Vec<&Value> = list(offer, "offers").collect();
        for offer in if inner.is_empty() { vec![offer] } else { inner } {
            let specification = list(offer, "priceSpecification").next();
            let of = |name: &str| {
                let own = text(offer, name);
                if own.is_empty() {
                    specification.map(|other| text(other, name)).unwrap_or_default()
                } else {
                    own
                }
            };
            let price =
                Some(of("price")).filter(|price| !price.is_empty()).unwrap_or(text(offer, "lowPrice"));
            let price = if price.is_empty() { price } else { format!("{price} {}", of("priceCurrency")) };
            product.offer(&price);
            product.avail(availability(&text(offer, "availability")));
        }
    }
    for name in ["color", "size", "material", "pattern", "category"] {
        list(object, name).filter_map(Value::as_str).for_each(|value| product.add(name, value));
    }
    for brand in list(object, "brand") {
        match brand.as_str() {
            Some(name) => product.add("brand", name),
            None => product.add("brand", &text(brand, "name")),
        }
    }
    product
}

/// The last part of an address's path, without an ending such as `.html`.
pub fn last_segment(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let path =
        path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = [".html", ".htm", ".php", ".aspx"]
        .iter()
        .find_map(|ending| last.strip_suffix(ending))
        .unwrap_or(last);
    last.to_owned()
}
