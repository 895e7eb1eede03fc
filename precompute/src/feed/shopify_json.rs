//! A Shopify shop's `products.json`: what its storefront shows, without a key, 250 products a page.

use serde_json::Value;

use super::json::{list, text};
use super::product::in_stock;
use super::{Read, Shop};

/// Whether an object is one of its products.
pub fn is_product(object: &Value) -> bool {
    object.get("handle").is_some()
        && object.get("variants").is_some_and(Value::is_array)
        && object.get("images").is_some()
}

/// Reads products; `shop` is where the feed came from.
pub fn read(objects: &[Value], shop: &Shop) -> Read {
    let mut read = Read { rows: objects.len(), ..Read::default() };
    for object in objects {
        // As in the shop's export, and in the addresses of its pages; the number is an attribute.
        let id = match shop.id.as_deref() {
            Some(member) => text(object, member),
            None => text(object, "handle"),
        };
        let Some(mut product) = read.product(&id) else { continue };
        product.title = Some(text(object, "title")).filter(|title| !title.is_empty());
        product.url = Some(shop.page(&format!("/products/{}", text(object, "handle"))));
        let mut images: Vec<&Value> = list(object, "images").collect();
        images.sort_by_key(|image| image.get("position").and_then(Value::as_u64).unwrap_or(u64::MAX));
        images.iter().for_each(|image| product.add_photo(&text(image, "src")));
        product.add("vendor", &text(object, "vendor"));
        product.add("type", &text(object, "product_type"));
        match object.get("tags") {
            Some(Value::String(tags)) => tags.split(',').for_each(|tag| product.add("tags", tag)),
            _ => list(object, "tags").filter_map(Value::as_str).for_each(|tag| product.add("tags", tag)),
        }
        let options: Vec<String> = list(object, "options").map(|option| text(option, "name")).collect();
        for variant in list(object, "variants") {
            product.offer(&text(variant, "price"));
            product.add("compare_at_price", &text(variant, "compare_at_price"));
            if let Some(available) = variant.get("available").and_then(Value::as_bool) {
                product.avail(in_stock(available));
            }
            for (number, name) in (1..).zip(&options) {
                let value = text(variant, &format!("option{number}"));
                if value != "Default Title" {
                    product.add(name, &value);
                }
            }
            let image = variant.get("featured_image").map(|image| text(image, "src"));
            image.iter().for_each(|image| product.add_photo(image));
        }
        read.products.push(product);
    }
    read
}
