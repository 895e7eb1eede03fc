//! Whose export a table is, by its columns: required ones are half of a score, supporting ones the other half, and columns
//! that the vendor's exports do not have are taken off.

use std::fmt;
use std::sync::Arc;

use crate::catalogue::same_name;

/// A format of feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Shopify's export of products, old and new headings.
    ShopifyCsv,
    /// A Shopify shop's `products.json`.
    ShopifyJson,
    /// WooCommerce's export of products.
    WooCommerceCsv,
    /// WooCommerce's Store API.
    WooCommerceApi,
    /// Magento's or Adobe Commerce's export of products.
    MagentoCsv,
    /// BigCommerce's export of products.
    BigCommerceCsv,
    /// Google Merchant's or Meta's catalogue as a table.
    MerchantTable,
    /// The same as RSS or Atom.
    MerchantXml,
    /// schema.org's products on pages.
    JsonLd,
    /// A sitemap with pictures.
    Sitemap,
    /// A table of another system, by the columns that the user names.
    Other,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Format::ShopifyCsv => "Shopify product export",
            Format::ShopifyJson => "Shopify products.json",
            Format::WooCommerceCsv => "WooCommerce product export",
            Format::WooCommerceApi => "WooCommerce Store API",
            Format::MagentoCsv => "Magento / Adobe Commerce product export",
            Format::BigCommerceCsv => "BigCommerce product export",
            Format::MerchantTable => "Google Merchant / Meta catalogue (table)",
            Format::MerchantXml => "Google Merchant / Meta catalogue (RSS or Atom)",
            Format::JsonLd => "schema.org JSON-LD of pages",
            Format::Sitemap => "image sitemap",
            Format::Other => "table of another system",
        })
    }
}

/// Columns that tell a vendor's tables from others'. A column has one of several names.
struct Marks {
    format: Format,
    required: &'static [&'static [&'static str]],
    supporting: &'static [&'static [&'static str]],
    excluding: &'static [&'static str],
}

const TABLES: [Marks; 5] = [
    Marks {
        format: Format::ShopifyCsv,
        required: &[&["Handle", "URL handle", "id"], &["Title"], &["Image Src", "Product image URL"]],
        supporting: &[
            &["Variant SKU", "SKU"],
            &["Variant Price", "Price"],
            &["Option1 Name"],
            &["Option1 Value"],
            &["Vendor"],
            &["Image Position"],
        ],
        excluding: &["Parent", "image_link", "base_image", "Item Type"],
    },
    Marks {
        format: Format::WooCommerceCsv,
        required: &[&["ID"], &["Type"], &["SKU"], &["Name"], &["Images"]],
        supporting: &[
            &["Regular price"],
            &["Parent"],
            &["Published"],
            &["In stock?", "Stock"],
            &["Categories"],
        ],
        excluding: &["Handle", "image_link", "base_image", "Option1 Name"],
    },
    Marks {
        format: Format::MagentoCsv,
        required: &[&["sku"], &["name"], &["base_image"]],
        supporting: &[
            &["url_key"],
            &["attribute_set_code", "_attribute_set"],
            &["product_type", "_type"],
            &["additional_attributes"],
            &["product_online"],
        ],
        excluding: &["Handle", "image_link", "Item Type", "Images"],
    },
    Marks {
        format: Format::BigCommerceCsv,
        required: &[&["Item Type"], &["Product Name"], &["Product Image File - 1", "Product Image URL - 1"]],
        supporting: &[
            &["Product ID"],
            &["Product Code/SKU"],
            &["Product Visible?"],
            &["Product URL"],
            &["Current Stock Level"],
            &["Price"],
        ],
        excluding: &["Handle", "image_link", "base_image"],
    },
    Marks {
        format: Format::MerchantTable,
        required: &[&["id"], &["title"], &["image_link", "image[0].url"]],
        supporting: &[&["link"], &["price"], &["availability"], &["condition"], &["description"], &["brand"]],
        excluding: &["Handle", "base_image", "Item Type", "Images"],
    },
];

/// How likely a table is of a format, and why.
#[derive(Clone, Debug)]
pub struct Likeness {
    /// The format.
    pub format: Format,
    /// From 0 to 1.
    pub score: f64,
    /// Required columns that are missing.
    pub missing: Vec<String>,
    /// Supporting columns that are there.
    pub supporting: Vec<String>,
    /// Columns that speak against it.
    pub excluding: Vec<String>,
}

/// A table is taken for a vendor's from this score on.
pub const THRESHOLD: f64 = 0.7;
/// And if the next is so far behind.
const MARGIN: f64 = 0.15;

/// How like each vendor's tables a table with these columns is, the likest first.
pub fn likenesses(columns: &[Arc<str>]) -> Vec<Likeness> {
    let has = |name: &&str| columns.iter().any(|column| same_name(column, name));
    let likeness = |marks: &Marks| {
        let missing: Vec<String> = marks
            .required
            .iter()
            .filter(|names| !names.iter().any(&has))
            .map(|names| names.join(" or "))
            .collect();
        let supporting: Vec<String> = marks
            .supporting
            .iter()
            .filter_map(|names| names.iter().find(|name| has(name)))
            .map(|name| (*name).to_owned())
            .collect();
        let excluding: Vec<String> =
            marks.excluding.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect();
        let required = 1.0 - missing.len() as f64 / marks.required.len() as f64;
        let support = (supporting.len() as f64 / 3.0).min(1.0);
        let score = 0.5 * required + 0.5 * support - 0.35 * excluding.len() as f64;
        // Without what is required it is none, however much else is there.
        let score = if missing.is_empty() { score } else { score.min(THRESHOLD - 0.01) };
        Likeness { format: marks.format, score: score.clamp(0.0, 1.0), missing, supporting, excluding }
    };
    let mut all: Vec<Likeness> = TABLES.iter().map(likeness).collect();
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    all
}

/// The vendor whose table it is, if that is clear.
pub fn recognise(columns: &[Arc<str>]) -> Option<Format> {
    let all = likenesses(columns);
    let (first, second) = (all.first()?, all.get(1)?);
    (first.score >= THRESHOLD && first.score - second.score >= MARGIN).then_some(first.format)
}
