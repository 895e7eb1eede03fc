//! The shop's table of products: `items.csv` with a header, or JSON objects a line.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Serialize;

/// What the table says of one product. Empty fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProductFields {
    /// Its name.
    pub title: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Its price.
    pub price: Option<String>,
    /// Its own picture.
    pub image: Option<String>,
    /// Every further column.
    pub attributes: BTreeMap<String, String>,
}

impl ProductFields {
    /// What column `name` says, `None` where it is empty or not there.
    pub fn column(&self, name: &str) -> Option<&str> {
        let field = match name {
            "title" => &self.title,
            "url" => &self.url,
            "price" => &self.price,
            "image" => &self.image,
            _ => return self.attributes.get(name).map(String::as_str),
        };
        field.as_deref()
    }
}

/// The table in `path` by product id.
///
/// # Errors
/// When the file cannot be read, has no id column, or names a product twice; the message has the line.
pub fn read_table(path: &Path) -> anyhow::Result<HashMap<String, ProductFields>> {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let rows = match ending.as_deref() {
        Some("jsonl" | "ndjson") => read_json_lines(path),
        _ => read_csv(path),
    };
    let mut table = HashMap::new();
    for (line, row) in rows.with_context(|| format!("reading {}", path.display()))? {
        let (id, fields) = product(row).with_context(|| format!("{}, line {line}", path.display()))?;
        if table.insert(id.clone(), fields).is_some() {
            bail!("{}, line {line}: product {id} is there twice", path.display());
        }
    }
    Ok(table)
}

/// The byte order mark, which spreadsheets put before everything else.
const MARK: &str = "\u{feff}";

type Rows = Vec<(u64, Vec<(String, String)>)>;

fn read_csv(path: &Path) -> anyhow::Result<Rows> {
    let text = fs::read(path)?;
    let mut reader = csv::Reader::from_reader(text.strip_prefix(MARK.as_bytes()).unwrap_or(&text));
    let header = reader.headers()?.clone();
    if !header.iter().any(|column| column == "id") {
        bail!("there is no column called id (there are {})", header.iter().collect::<Vec<_>>().join(", "));
    }
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields = header.iter().zip(&record).map(|(column, value)| (column.to_owned(), value.to_owned()));
        rows.push((line, fields.collect()));
    }
    Ok(rows)
}

fn read_json_lines(path: &Path) -> anyhow::Result<Rows> {
    let text = fs::read_to_string(path)?;
    let mut rows = Rows::new();
    let text = text.strip_prefix(MARK).unwrap_or(&text);
    for (line, text) in (1u64..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).with_context(|| format!("line {line} is not a JSON object"))?;
        let plain = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        rows.push((line, object.into_iter().map(|(key, value)| (key, plain(value))).collect()));
    }
    Ok(rows)
}

fn product(row: Vec<(String, String)>) -> anyhow::Result<(String, ProductFields)> {
    let (mut id, mut fields) = (None, ProductFields::default());
    for (column, value) in row.into_iter().filter(|(_, value)| !value.is_empty()) {
        match column.as_str() {
            "id" => id = Some(value),
            "title" => fields.title = Some(value),
            "url" => fields.url = Some(value),
            "price" => fields.price = Some(value),
            "image" => fields.image = Some(value),
            _ => {
                fields.attributes.insert(column, value);
            }
        }
    }
    Ok((id.context("the product has no id")?, fields))
}
