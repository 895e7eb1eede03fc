//! A product as a feed has it, whatever the feed's format.

use std::sync::Arc;

use crate::catalogue::{ProductFields, amount};

/// Column that says whether a product can be bought.
pub const AVAILABILITY: &str = "availability";
/// Column that says which products are variants of one.
pub const GROUP: &str = "item_group_id";

/// A product with its photos.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedProduct {
    /// As the shop's pages know it.
    pub id: String,
    /// Its name.
    pub title: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// What it costs; of variants the cheapest.
    pub price: Option<String>,
    /// Addresses of its photos, or paths below the base of pictures, the primary one first.
    pub photos: Vec<String>,
    /// The same for all variants of a product that stand in the feed as products.
    pub group: Option<String>,
    /// `in_stock`, `out_of_stock`, `preorder` or `backorder`; of variants the best.
    pub availability: Option<&'static str>,
    /// Names and values, several values of a name one after the other.
    attributes: Vec<(Arc<str>, Vec<String>)>,
}

/// What is said of availability, the best first.
const AVAILABILITIES: [&str; 4] = ["in_stock", "preorder", "backorder", "out_of_stock"];

/// The availability that a feed's word stands for: `in stock`, `https://schema.org/InStock`, `available for order` ...
pub fn availability(text: &str) -> Option<&'static str> {
    let word = text.rsplit('/').next().unwrap_or(text);
    let word: String =
        word.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    match word.as_str() {
        "instock"
        | "limitedavailability"
        | "onlineonly"
        | "instoreonly"
        | "available"
        | "true"
        | "yes"
        | "1" => Some("in_stock"),
        "preorder" | "presale" => Some("preorder"),
        "backorder" | "availablefororder" | "madetoorder" => Some("backorder"),
        "outofstock" | "soldout" | "discontinued" | "unavailable" | "false" | "no" | "0" => {
            Some("out_of_stock")
        }
        _ => None,
    }
}

/// Whether stock of that many is there.
pub fn in_stock(is: bool) -> Option<&'static str> {
    Some(if is { "in_stock" } else { "out_of_stock" })
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

impl FeedProduct {
    /// A product of that id, if there is one.
    pub fn new(id: &str) -> Option<FeedProduct> {
        Some(FeedProduct { id: filled(id)?, ..FeedProduct::default() })
    }

    /// Adds a photo, once.
    pub fn add_photo(&mut self, address: &str) {
        if let Some(address) = filled(address)
            && !self.photos.contains(&address)
        {
            self.photos.push(address);
        }
    }

    /// Adds a value of an attribute, once.
    pub fn add(&mut self, name: &str, value: &str) {
        // `|` separates values where they are read.
        let Some(value) = filled(&value.replace('|', "/")) else { return };
        match self.attributes.iter_mut().find(|(other, _)| **other == *name) {
            None => self.attributes.push((name.into(), vec![value])),
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
        }
    }

    /// The first value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(other, _)| **other == *name);
        found.and_then(|(_, values)| values.first()).map(String::as_str)
    }

    /// Takes a variant's price if it is the lowest so far.
    pub fn offer(&mut self, price: &str) {
        let Some(price) = filled(price) else { return };
        let number = |text: &str| amount(text, false)?.number.parse::<f64>().ok();
        let lower = match (&self.price, number(&price)) {
            (None, _) => true,
            (Some(known), Some(price)) => number(known).is_some_and(|known| price < known),
            (Some(_), None) => false,
        };
        if lower {
            self.price = Some(price);
        }
    }

    /// Takes a variant's availability if it is the best so far.
    pub fn avail(&mut self, availability: Option<&'static str>) {
        let rank = |word: &str| AVAILABILITIES.iter().position(|other| *other == word);
        self.availability =
            [self.availability, availability].into_iter().flatten().min_by_key(|word| rank(word));
    }

    /// Joins a variant: its photos come after, its attributes' values are added.
    pub fn join(&mut self, variant: FeedProduct) {
        variant.photos.iter().for_each(|photo| self.add_photo(photo));
        for (name, values) in &variant.attributes {
            values.iter().for_each(|value| self.add(name, value));
        }
        if let Some(price) = &variant.price {
            self.offer(price);
        }
        self.avail(variant.availability);
        self.title = self.title.take().or(variant.title);
        self.url = self.url.take().or(variant.url);
    }

    /// As the table of products has it.
    pub fn fields(&self) -> ProductFields {
        let mut fields = ProductFields::default();
        let known = [
            ("title", &self.title),
            ("url", &self.url),
            ("price", &self.price),
            ("image", &self.photos.first().cloned()),
            (GROUP, &self.group),
            (AVAILABILITY, &self.availability.map(str::to_owned)),
        ]
        .map(|(name, text)| (Arc::from(name), text.clone()));
        for (name, text) in known {
            if let Some(text) = text {
                fields.set(&name, text);
            }
        }
        for (name, values) in &self.attributes {
            if fields.column(name).is_none() {
                fields.set(name, values.join("|"));
            }
        }
        fields.shrink();
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_joined() {
        let variant = |price: &str, size: &str, stock| {
            let mut variant = FeedProduct::new("tee").expect("an id");
            variant.offer(price);
            variant.add("Size", size);
            variant.add_photo(&format!("{size}.jpg"));
            variant.avail(stock);
            variant
        };
        let mut tee = variant("21,00", "M", in_stock(false));
        tee.join(variant("19,90", "S", in_stock(true)));
        tee.join(variant("on request", "S", None));
        let fields = tee.fields();
        assert_eq!((fields.price.as_deref(), fields.column("Size")), (Some("19,90"), Some("M|S")));
        assert_eq!((fields.column(AVAILABILITY), fields.image.as_deref()), (Some("in_stock"), Some("M.jpg")));
        assert_eq!(tee.photos, ["M.jpg", "S.jpg"]);
    }

    #[test]
    fn words_of_availability_are_known() {
        for (text, want) in [
            ("in stock", Some("in_stock")),
            ("in_stock", Some("in_stock")),
            ("https://schema.org/InStock", Some("in_stock")),
            ("http://schema.org/OutOfStock", Some("out_of_stock")),
            ("available for order", Some("backorder")),
            ("preorder", Some("preorder")),
            ("perhaps", None),
        ] {
            assert_eq!(availability(text), want, "{text}");
        }
    }
}
