//! The shop's table of products: `items.csv` with a header, or JSON objects a line.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::{Serialize, Serializer};

/// What the table says of one product. Empty fields are left out.
///
/// A million of them are in memory for as long as a build takes: names of columns are shared, and nothing has room to grow.
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
    /// Every further column and what it says, in byte order of their names.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(Arc<str>, Box<str>)>,
}

fn as_map<S: Serializer>(attributes: &[(Arc<str>, Box<str>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(attributes.iter().map(|(name, text)| (&**name, &**text)))
}

impl ProductFields {
    /// What column `name` says, `None` where it is empty or not there.
    pub fn column(&self, name: &str) -> Option<&str> {
        let field = match name {
            "title" => &self.title,
            "url" => &self.url,
            "price" => &self.price,
            "image" => &self.image,
            _ => return self.place(name).ok().map(|place| &*self.attributes[place].1),
        };
        field.as_deref()
    }

    /// Of a further column; where it would be, if it is not there.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.attributes.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

/// The table in `path` by product id.
///
/// # Errors
/// When the file cannot be read, has no id column, or names a product twice; the message has the line.
pub fn read_table(path: &Path) -> anyhow::Result<HashMap<String, ProductFields>> {
    let mut table = HashMap::new();
    let take = |line: u64, row: Row| {
        let (id, fields) = product(row).with_context(|| format!("{}, line {line}", path.display()))?;
        if table.contains_key(&id) {
            bail!("{}, line {line}: product {id} is there twice", path.display());
        }
        table.insert(id, fields);
        Ok(())
    };
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("jsonl" | "ndjson") => read_json_lines(path, take)?,
        _ => read_csv(path, take)?,
    }
    Ok(table)
}

/// The byte order mark, which spreadsheets put before everything else.
const MARK: &str = "\u{feff}";

/// Columns and what they say.
type Row = Vec<(Arc<str>, String)>;

fn read_csv(path: &Path, mut take: impl FnMut(u64, Row) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let reading = || format!("reading {}", path.display());
    let text = fs::read(path).with_context(reading)?;
    let mut reader = csv::Reader::from_reader(text.strip_prefix(MARK.as_bytes()).unwrap_or(&text));
    let header: Vec<Arc<str>> = reader.headers().with_context(reading)?.iter().map(Arc::from).collect();
    if !header.iter().any(|column| **column == *"id") {
        bail!("{}: there is no column called id (there are {})", reading(), header.join(", "));
    }
    for record in reader.records() {
        let record = record.with_context(reading)?;
        let line = record.position().map_or(0, csv::Position::line);
        take(line, header.iter().cloned().zip(record.iter().map(str::to_owned)).collect())?;
    }
    Ok(())
}

fn read_json_lines(path: &Path, mut take: impl FnMut(u64, Row) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let reading = || format!("reading {}", path.display());
    let text = fs::read_to_string(path).with_context(reading)?;
    let text = text.strip_prefix(MARK).unwrap_or(&text);
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    for (line, text) in (1u64..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .with_context(|| format!("line {line} is not a JSON object"))
            .with_context(reading)?;
        let plain = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        let mut name = |key: String| match names.get(&*key) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = key.into();
                names.insert(Arc::clone(&name));
                name
            }
        };
        take(line, object.into_iter().map(|(key, value)| (name(key), plain(value))).collect())?;
    }
    Ok(())
}

fn product(row: Row) -> anyhow::Result<(String, ProductFields)> {
    let (mut id, mut fields) = (None, ProductFields::default());
    for (column, value) in row.into_iter().filter(|(_, value)| !value.is_empty()) {
        match &*column {
            "id" => id = Some(value),
            "title" => fields.title = Some(value),
            "url" => fields.url = Some(value),
            "price" => fields.price = Some(value),
            "image" => fields.image = Some(value),
            _ => match fields.place(&column) {
                Ok(place) => fields.attributes[place].1 = value.into(),
                Err(place) => fields.attributes.insert(place, (column, value.into())),
            },
        }
    }
    fields.attributes.shrink_to_fit();
    Ok((id.context("the product has no id")?, fields))
}
