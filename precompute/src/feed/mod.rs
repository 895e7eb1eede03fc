//! What a shop's system exports: products with the addresses of their photos, one file a format.
//!
//! | format | file |
//! |---|---|
//! | Shopify's export, and a shop's `products.json` | [`shopify_csv`], [`shopify_json`] |
//! | WooCommerce's export, and its Store API | [`woocommerce_csv`], [`woocommerce_api`] |
//! | Magento's export | [`magento_csv`] |
//! | BigCommerce's export | [`bigcommerce_csv`] |
//! | Google Merchant and Meta: a table, RSS or Atom | [`merchant`], [`merchant_xml`] |
//! | schema.org's products on pages | [`json_ld`] |
//! | sitemaps with pictures | [`sitemap`] |
//! | any other table | [`other`], by the columns that the user names |
//!
//! [`source`] gets the text, [`recognise`] says whose a table is, [`columns`] which column is which; all make [`product`]s.

mod bigcommerce_csv;
mod columns;
mod html;
pub mod inspect;
mod json;
mod json_ld;
mod magento_csv;
mod merchant;
mod merchant_xml;
mod other;
mod photos;
mod product;
mod recognise;
mod shopify_csv;
mod shopify_json;
mod sitemap;
mod source;
mod woocommerce_api;
mod woocommerce_csv;

use std::collections::{HashMap, HashSet};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use url::Url;

use crate::catalogue::{ColumnNames, Row, Table};
use crate::fetch::Client;
use columns::{Column, Columns, get};
pub use photos::{Bases, address_of};
pub use product::{FeedProduct, GROUP};
pub use recognise::Format;
use source::Source;

/// A feed that was read.
#[derive(Debug)]
pub struct Feed {
    /// What it was taken for.
    pub format: Format,
    /// Why, in words.
    pub why: String,
    /// In the feed's order, each id once.
    pub products: Vec<FeedProduct>,
    /// Rows, items or pages that they were made of.
    pub rows: usize,
    /// Which column or member became what.
    pub columns: Vec<(String, String)>,
    /// What to tell the user.
    pub notes: Vec<String>,
    /// The address that addresses in it are relative to, if it came from one.
    pub base: Option<Url>,
}

impl Feed {
    /// Leaves the first product of each id, and notes the ids of the others.
    fn leave_each_id_once(&mut self) {
        let (mut seen, mut twice) = (HashSet::new(), Vec::new());
        self.products.retain(|product| {
            let new = seen.insert(product.id.clone());
            if !new {
                twice.push(product.id.clone());
            }
            new
        });
        if !twice.is_empty() {
            let named = twice[..twice.len().min(5)].join(", ");
            self.notes
                .push(format!("{} ids are there more than once; the first counts: {named}", twice.len()));
        }
    }
}

/// What one of the formats makes of its rows.
#[derive(Debug, Default)]
pub struct Read {
    /// In the feed's order.
    products: Vec<FeedProduct>,
    /// How many rows there were.
    rows: usize,
    /// Rows without an id.
    nameless: usize,
    /// Products that the shop does not show: drafts, archived ones and the like.
    hidden: usize,
}

impl Read {
    /// A product with this id; without one it is counted, and there is none.
    fn product(&mut self, id: &str) -> Option<FeedProduct> {
        let product = FeedProduct::new(id);
        self.nameless += usize::from(product.is_none());
        product
    }
}

/// Where a feed of a shop's own storefront came from.
pub struct Shop {
    base: Option<Url>,
    /// The member with the ids, if the user names one.
    id: Option<String>,
}

impl Shop {
    /// A page of the shop by its path.
    fn page(&self, path: &str) -> String {
        let page = self.base.as_ref().and_then(|base| base.join(path).ok());
        page.map_or_else(|| path.to_owned(), |page| page.to_string())
    }
}

/// Adds the attributes that the user names.
fn table_row(product: &mut FeedProduct, row: &Row, further: &[(String, Column)]) {
    for (name, column) in further {
        product.add(name, get(row, column));
    }
}

/// Reads the feed at `place`, a file or an address; `client` fetches what is not a file.
///
/// # Errors
/// When it cannot be got or read, or is of no format that is known.
pub fn read(place: &str, names: &ColumnNames, client: &Client) -> anyhow::Result<Feed> {
    let source = Source::get(place, client).with_context(|| format!("reading {place}"))?;
    let mut feed = parse(source, names, client).with_context(|| format!("reading {place}"))?;
    let rows = feed.rows;
    if feed.products.is_empty() {
        bail!("{place}: there is no product in it ({}, {rows} rows){}", feed.format, told(&feed.notes));
    }
    feed.leave_each_id_once();
    Ok(feed)
}

/// The table at `path`, if it is the export of a system that is known; another table is not read.
///
/// # Errors
/// When it cannot be read, or is an export that cannot.
pub fn export(path: &std::path::Path, names: &ColumnNames) -> anyhow::Result<Option<Feed>> {
    let Source { text, notes, .. } = Source::file(path)?;
    let start = text.trim_start();
    if start.is_empty() || start.starts_with(['{', '[', '<']) {
        return Ok(None);
    }
    let columns = Table::open(&text)?.columns;
    if recognise::recognise(&columns).is_none() {
        return Ok(None);
    }
    let mut feed = table(&text, None, names)?;
    feed.leave_each_id_once();
    feed.notes.splice(0..0, notes);
    Ok(Some(feed))
}

fn told(notes: &[String]) -> String {
    notes.iter().map(|note| format!("; {note}")).collect()
}

fn parse(source: Source, names: &ColumnNames, client: &Client) -> anyhow::Result<Feed> {
    let Source { text, base, mut notes } = source;
    let start = text.trim_start();
    let mut feed = if start.starts_with('<') {
        xml_or_page(&text, base, names, client)?
    } else if let Some(pages) = page_list(start) {
        pages_with_products(&pages, client)?
    } else {
        table_or_json(&text, base, names, client)?
    };
    notes.append(&mut feed.notes);
    feed.notes = notes;
    Ok(feed)
}

fn made(format: Format, why: String, read: Read, columns: Vec<(String, String)>, base: Option<Url>) -> Feed {
    let mut notes = Vec::new();
    if read.hidden > 0 {
        notes.push(format!(
            "{} products are not shown in the shop (drafts, archived, hidden): left out",
            read.hidden
        ));
    }
    if read.nameless > 0 {
        notes.push(format!("{} rows have no id: left out", read.nameless));
    }
    Feed { format, why, products: read.products, rows: read.rows, columns, notes, base }
}

fn xml_or_page(text: &str, base: Option<Url>, names: &ColumnNames, client: &Client) -> anyhow::Result<Feed> {
    let start: String = text.trim_start().chars().take(4000).collect::<String>().to_ascii_lowercase();
    let has = |tag: &str| start.contains(tag);
    if has("<urlset") || has("<sitemapindex") || has(":urlset") {
        return sitemaps(text, base, client);
    }
    if has("<rss") || has("<feed") || has("<channel") || has(":feed") {
        let (columns, rows) = merchant_xml::rows(text)?;
        let columns = Columns::new(&columns, names)?;
        let read = merchant::read(&columns, rows, merchant_xml::SEPARATOR);
        let why = "it is RSS or Atom".to_owned();
        return Ok(made(Format::MerchantXml, why, read, columns.found(), base));
    }
    ensure!(
        has("<html") || has("<!doctype html") || has("<script"),
        "this is XML of a kind that is not known: RSS, Atom and sitemaps are"
    );
    let products = json_ld::products(text, base.as_ref().map(Url::as_str))?;
    ensure!(
        !products.is_empty(),
        "this is a web page, and no product of schema.org (application/ld+json) is on it; is it the address of the feed?"
    );
    let read = Read { rows: products.len(), products, ..Read::default() };
    Ok(made(
        Format::JsonLd,
        "it is a web page with products of schema.org".to_owned(),
        read,
        Vec::new(),
        base,
    ))
}

/// Most sitemaps of an index that are read.
const SITEMAPS: usize = 1000;

fn sitemaps(text: &str, base: Option<Url>, client: &Client) -> anyhow::Result<Feed> {
    let mut all = sitemap::read(text)?;
    let (mut waiting, mut count) = (std::mem::take(&mut all.further), 1);
    while let Some(address) = waiting.pop() {
        ensure!(count <= SITEMAPS, "the index leads to more than {SITEMAPS} sitemaps");
        count += 1;
        let text = Source::get(&address, client).with_context(|| format!("reading {address}"))?.text;
        let further = sitemap::read(&text).with_context(|| format!("reading {address}"))?;
        all.read.rows += further.read.rows;
        all.read.nameless += further.read.nameless;
        all.bare += further.bare;
        all.read.products.extend(further.read.products);
        waiting.extend(further.further);
    }
    ensure!(
        !all.read.products.is_empty(),
        "the sitemap names {} pages and no picture; give --feed a text file with the products' pages, an address a line, and \
         what they say to search engines is read",
        all.bare
    );
    let bare = all.bare;
    let mut feed = made(Format::Sitemap, "it is a sitemap".to_owned(), all.read, Vec::new(), base);
    if bare > 0 {
        feed.notes.push(format!("{bare} pages of the sitemap have no picture: left out"));
    }
    Ok(feed)
}

/// The addresses of a text that is nothing but addresses, one a line.
fn page_list(text: &str) -> Option<Vec<&str>> {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let is_address = |line: &&str| {
        (line.starts_with("http://") || line.starts_with("https://")) && !line.contains([' ', '\t', ',', ';'])
    };
    (!lines.is_empty() && lines.iter().all(is_address)).then_some(lines)
}

fn pages_with_products(pages: &[&str], client: &Client) -> anyhow::Result<Feed> {
    let (mut read, mut failed) = (Read { rows: pages.len(), ..Read::default() }, Vec::new());
    for page in pages {
        let products = Source::get(page, client).and_then(|source| {
            let base = source.base.as_ref().map_or(*page, Url::as_str);
            let products = json_ld::products(&source.text, Some(base))?;
            ensure!(!products.is_empty(), "no product of schema.org (application/ld+json) is on it");
            Ok(products)
        });
        match products {
            Ok(products) => read.products.extend(products),
            Err(error) => failed.push(format!("{page}: {error:#}")),
        }
    }
    ensure!(
        !read.products.is_empty(),
        "none of {} pages has a product; the first: {}",
        pages.len(),
        failed.first().map_or("", |line| line)
    );
    let mut feed = made(Format::JsonLd, "it is a list of pages".to_owned(), read, Vec::new(), None);
    if !failed.is_empty() {
        let named: Vec<&str> = failed.iter().take(5).map(String::as_str).collect();
        feed.notes.push(format!("{} pages gave no product: {}", failed.len(), named.join("; ")));
    }
    Ok(feed)
}

fn table_or_json(
    text: &str,
    base: Option<Url>,
    names: &ColumnNames,
    client: &Client,
) -> anyhow::Result<Feed> {
    if text.trim_start().starts_with(['{', '['])
        && let Some(feed) = storefront(text, base.clone(), names, client)?
    {
        return Ok(feed);
    }
    table(text, base, names)
}

fn table(text: &str, base: Option<Url>, names: &ColumnNames) -> anyhow::Result<Feed> {
    let table = Table::open(text)?;
    let (columns, notation) = (table.columns.clone(), table.notation);
    let mut notes = table.notes.clone();
    let mut rows = Vec::new();
    table.each_row(|_, row| {
        rows.push(row);
        Ok(())
    })?;
    let format = recognise::recognise(&columns);
    if format.is_none() && names.0.is_empty() && woocommerce_csv::is_translated(&columns, &rows) {
        bail!(
            "this is a WooCommerce export with headings in another language ({}, ...): export it in English (set your \
             profile's language to English first), or name the columns with --columns id=...,title=...,image=...,price=...",
            columns.iter().take(5).map(|name| &**name).collect::<Vec<_>>().join(", ")
        );
    }
    let all = recognise::likenesses(&columns);
    let why = match (format, all.first()) {
        (Some(_), Some(first)) => format!(
            "score {:.2}: it has all required columns, and {}",
            first.score,
            first.supporting.join(", ")
        ),
        (_, Some(first)) => {
            let against: String = first.excluding.iter().map(|name| format!(", and has {name}")).collect();
            format!(
                "no vendor's columns; the likest, {}, lacks {}{against}",
                first.format,
                first.missing.join(", ")
            )
        }
        _ => String::new(),
    };
    let found = Columns::new(&columns, names)?;
    let read = match format {
        Some(Format::ShopifyCsv) => shopify_csv::read(&found, rows),
        Some(Format::WooCommerceCsv) => woocommerce_csv::read(&found, rows),
        Some(Format::MagentoCsv) => magento_csv::read(&found, rows),
        Some(Format::BigCommerceCsv) => bigcommerce_csv::read(&found, rows),
        Some(Format::MerchantTable) => merchant::read(&found, rows, ','),
        _ => other::read(&found, rows)?,
    };
    let mut feed =
        made(format.unwrap_or(Format::Other), format!("{why} ({notation})"), read, found.found(), base);
    notes.append(&mut feed.notes);
    feed.notes = notes;
    Ok(feed)
}

/// What a shop's storefront says in JSON, all pages of it; `None` if the JSON is another table.
fn storefront(
    text: &str,
    base: Option<Url>,
    names: &ColumnNames,
    client: &Client,
) -> anyhow::Result<Option<Feed>> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    let mut objects = products_of(value);
    let Some(first) = objects.first() else { return Ok(None) };
    let id = names.0.iter().find(|(ours, _)| ours == "id").map(|(_, theirs)| theirs.clone());
    let (format, each, why) = if shopify_json::is_product(first) {
        (
            Format::ShopifyJson,
            source::Paging { size: ("limit", 250), key: "id" },
            "its products have a handle, variants and images",
        )
    } else if woocommerce_api::is_product(first) {
        (
            Format::WooCommerceApi,
            source::Paging { size: ("per_page", 100), key: "id" },
            "its products have a permalink and prices",
        )
    } else {
        return Ok(None);
    };
    let mut notes = Vec::new();
    if let Some(base) = &base {
        let (all, stopped) = each.all(base, client, |text| Ok(products_of(serde_json::from_str(text)?)))?;
        objects = if all.is_empty() { objects } else { all };
        notes.extend(stopped);
    }
    let read = match format {
        Format::ShopifyJson => shopify_json::read(&objects, &Shop { base: base.clone(), id }),
        _ => woocommerce_api::read(&objects, id.as_deref()),
    };
    let mut feed = made(format, why.to_owned(), read, Vec::new(), base);
    feed.notes.append(&mut notes);
    Ok(Some(feed))
}

/// The entries of an array, or of the array `products` of an object.
fn products_of(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        Value::Object(mut object) => match object.remove("products") {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What is said of products by id, as a table has it.
pub fn fields(products: &[FeedProduct]) -> HashMap<String, crate::catalogue::ProductFields> {
    products.iter().map(|product| (product.id.clone(), product.fields())).collect()
}
