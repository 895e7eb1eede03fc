//! WooCommerce's Store API, `/wp-json/wc/store/v1/products`: what the shop shows, without a key, 100 products a page.
//! <https://developer.woocommerce.com/docs/apis/store-api/resources-endpoints/products/>

use serde_json::Value;

use super::Read;
use super::json::{list, text};
use super::product::in_stock;

/// Whether an object is one of its products.
pub fn is_product(object: &Value) -> bool {
    object.get("permalink").is_some() && object.get("prices").is_some_and(Value::is_object)
}

/// Reads products; `id` is the member with their ids, if it is not `id`.
pub fn read(objects: &[Value], id: Option<&str>) -> Read {
    let mut read = Read { rows: objects.len(), ..Read::default() };
    for object in objects {
        let Some(mut product) = read.product(&text(object, id.unwrap_or("id"))) else { continue };
        product.title = Some(unescaped(&text(object, "name"))).filter(|title| !title.is_empty());
        product.url = Some(text(object, "permalink")).filter(|url| !url.is_empty());
        list(object, "images").for_each(|image| product.add_photo(&text(image, "src")));
        if let Some(prices) = object.get("prices") {
            product.offer(&price(prices).unwrap_or_default());
        }
        if let Some(available) = object.get("is_in_stock").and_then(Value::as_bool) {
            product.avail(in_stock(available));
        }
        let parent = text(object, "parent");
        product.group = Some(parent).filter(|parent| !parent.is_empty() && parent != "0");
        for (member, name) in [("categories", "category"), ("tags", "tags"), ("brands", "brand")] {
            list(object, member).for_each(|entry| product.add(name, &unescaped(&text(entry, "name"))));
        }
        for attribute in list(object, "attributes") {
            let name = unescaped(&text(attribute, "name"));
            list(attribute, "terms").for_each(|term| product.add(&name, &unescaped(&text(term, "name"))));
        }
        read.products.push(product);
    }
    read
}

/// A price in minor units, such as 1990 of 2 digits, as 19.90 with its currency.
fn price(prices: &Value) -> Option<String> {
    let (minor, currency) = (text(prices, "price"), text(prices, "currency_code"));
    let digits = prices.get("currency_minor_unit").and_then(Value::as_u64).unwrap_or(2).min(6) as usize;
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{minor:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    let number = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Some(if currency.is_empty() { number } else { format!("{number} {currency}") })
}

/// Names are HTML text: `&amp;` is `&`.
fn unescaped(text: &str) -> String {
    super::html::unescape(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_in_minor_units() {
        for (prices, want) in [
            (r#"{"price":"1990","currency_minor_unit":2,"currency_code":"EUR"}"#, Some("19.90 EUR")),
            (r#"{"price":"5","currency_minor_unit":2}"#, Some("0.05")),
            (r#"{"price":"1990","currency_minor_unit":0,"currency_code":"JPY"}"#, Some("1990 JPY")),
            (r#"{"price":""}"#, None),
        ] {
            let prices: Value = serde_json::from_str(prices).expect("JSON");
            assert_eq!(price(&prices).as_deref(), want);
        }
    }
}
