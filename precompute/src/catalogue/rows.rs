//! The rows of a table: CSV with any separator, or JSON as an array, as an object that holds one, or as objects a line.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a text, from 1.
    Line(u64),
    /// An entry of an array, from 1.
    Entry(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Entry(entry) => write!(f, "entry {entry}"),
        }
    }
}

/// A row: its columns and what they say, empty ones left out, in the file's order.
pub type Row = Vec<(Arc<str>, String)>;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// Separated by this character.
    Separated(char),
    /// JSON.
    Json,
}

impl fmt::Display for Notation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Notation::Separated(',') => write!(f, "separated by commas"),
            Notation::Separated(';') => write!(f, "separated by semicolons"),
            Notation::Separated('\t') => write!(f, "separated by tabs"),
            Notation::Separated(other) => write!(f, "separated by {other:?}"),
            Notation::Json => write!(f, "JSON"),
        }
    }
}

/// A table, opened: its columns are known, its rows are yet to be read.
pub struct Table<'a> {
    /// How it is written.
    pub notation: Notation,
    /// Names of the columns, trimmed, in the file's order; of JSON those of the first rows.
    pub columns: Vec<Arc<str>>,
    /// What to tell the user.
    pub notes: Vec<String>,
    content: Content<'a>,
}

enum Content<'a> {
    /// The text after a `sep=` line, how many lines were before it, and of each cell of a row its column, if it has one.
    Separated {
        text: &'a str,
        before: u64,
        header: Vec<Option<Arc<str>>>,
    },
    Json(Vec<(Place, Map<String, Value>)>),
}

/// A name or an id as it counts: without white space around it, in Unicode's composed form, in which what looks the same
/// is the same (NFC, Unicode Standard Annex 15).
pub fn normal(text: &str) -> String {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}').nfc().collect()
}

impl<'a> Table<'a> {
    /// Opens the table that `text` is.
    ///
    /// # Errors
    /// When the text has no header or is not JSON though it begins like it.
    pub fn open(text: &'a str) -> anyhow::Result<Table<'a>> {
        match text.trim_start().as_bytes().first() {
            None => bail!("the file is empty"),
            Some(b'{' | b'[') => json(text),
            Some(b'<') => bail!("this is XML or a web page and no table; feeds in XML are read by --feed"),
            Some(_) => separated(text),
        }
    }

    /// Has `take` read every row that is not empty.
    ///
    /// # Errors
    /// When a row is broken, or `take` fails.
    pub fn each_row(self, mut take: impl FnMut(Place, Row) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match self.content {
            Content::Separated { text, before, header } => {
                let Notation::Separated(separator) = self.notation else { bail!("a separator is missing") };
                each_record(text, separator, |line, cells| {
                    let place = Place::Line(line + before);
                    let row = row_of(&header, cells).with_context(|| place.to_string())?;
                    if row.is_empty() { Ok(()) } else { take(place, row) }
                })
            }
            Content::Json(objects) => {
                let mut names: HashMap<String, Arc<str>> = HashMap::new();
                for (place, object) in objects {
                    let row = json_row(object, &mut names);
                    if !row.is_empty() {
                        take(place, row)?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Separators that are looked for.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

fn separated(text: &str) -> anyhow::Result<Table<'_>> {
    let (named, text) = match sep_line(text) {
        Some((separator, rest)) => (Some(separator), rest),
        None => (None, text),
    };
    let before = u64::from(named.is_some());
    let separator = match named {
        Some(separator) => separator,
        None => likely_separator(text)?,
    };
    let names = first_records(text, separator, 1)?.into_iter().next().context("the file is empty")?;
    let (mut columns, mut header, mut notes): (Vec<Arc<str>>, Vec<Option<Arc<str>>>, _) =
        (vec![], vec![], vec![]);
    for name in names {
        let name: Arc<str> = name.into();
        let twice = columns.contains(&name);
        if twice && !name.is_empty() {
            notes.push(format!("there are two columns called {name}: the first counts"));
        }
        let counts = !twice && !name.is_empty();
        header.push(counts.then(|| Arc::clone(&name)));
        if counts {
            columns.push(name);
        }
    }
    let content = Content::Separated { text, before, header };
    Ok(Table { notation: Notation::Separated(separator), columns, notes, content })
}

/// The first records, each cell as it counts.
fn first_records(text: &str, separator: char, count: usize) -> anyhow::Result<Vec<Vec<String>>> {
    let records = reader(text, separator).into_records().take(count);
    records.map(|record| Ok(record?.iter().map(normal).collect())).collect()
}

/// The separator that gives the header most columns, and the first row as many; of equals, one that gives a column `id`.
fn likely_separator(text: &str) -> anyhow::Result<char> {
    let mut best = (',', (false, 0, false));
    for separator in SEPARATORS {
        let records = first_records(text, separator, 2)?;
        let header = records.first().context("the file is empty")?;
        let agrees = header.len() > 1 && records.get(1).is_none_or(|row| row.len() == header.len());
        let score = (agrees, header.len(), header.iter().any(|name| name.eq_ignore_ascii_case("id")));
        if score > best.1 {
            best = (separator, score);
        }
    }
    Ok(best.0)
}

/// Excel's first line `sep=;`, which says how the rest is separated.
fn sep_line(text: &str) -> Option<(char, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let separator = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and(line.get(4..))?;
    let mut letters = separator.chars();
    let separator = letters.next()?;
    (letters.next().is_none() && separator.is_ascii()).then_some((separator, rest))
}

fn reader(text: &str, separator: char) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Every record after the header, with its line.
fn each_record(
    text: &str,
    separator: char,
    mut take: impl FnMut(u64, &csv::StringRecord) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut reader = reader(text, separator);
    let (mut record, mut first) = (csv::StringRecord::new(), true);
    // The reader's own count of lines is off where lines end as on Windows.
    let (mut line, mut counted) = (1, 0);
    while reader.read_record(&mut record)? {
        let rest = |from: usize| text.get(from..).unwrap_or_default();
        let start = record.position().map_or(0, |at| at.byte() as usize);
        let start = text.len() - rest(start).trim_start_matches(['\r', '\n']).len();
        line += text.get(counted..start).map_or(0, |passed| passed.matches('\n').count() as u64);
        counted = start;
        let to_the_end = reader.position().byte() as usize >= text.len();
        let several_lines = || record.iter().any(|cell| cell.contains('\n'));
        if to_the_end && several_lines() && rest(start).matches('"').count() % 2 == 1 {
            bail!("line {line}: a quotation mark begins a cell there and none ends it");
        }
        if !std::mem::take(&mut first) {
            take(line, &record)?;
        }
    }
    Ok(())
}

fn row_of(header: &[Option<Arc<str>>], cells: &csv::StringRecord) -> anyhow::Result<Row> {
    let filled = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.trim().is_empty())
        .last()
        .map_or(0, |(last, _)| last + 1);
    if filled > header.len() || (cells.len() < header.len() && filled > 0) {
        bail!(
            "it has {} cells, and the header has {}: is a quotation mark missing around a cell with a separator or a line \
             end in it?",
            cells.len(),
            header.len()
        );
    }
    let cells = header.iter().zip(cells).filter_map(|(name, cell)| Some((name.as_ref()?, cell.trim())));
    Ok(cells
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| (Arc::clone(name), cell.to_owned()))
        .collect())
}

/// How many JSON rows are looked at for the names of columns.
const LOOKED_AT: usize = 100;

fn json(text: &str) -> anyhow::Result<Table<'_>> {
    let objects = json_objects(text)?;
    let mut columns: Vec<Arc<str>> = Vec::new();
    for (_, object) in objects.iter().take(LOOKED_AT) {
        for name in object.keys().map(|name| normal(name)) {
            if !columns.iter().any(|other| **other == *name) {
                columns.push(name.into());
            }
        }
    }
    Ok(Table { notation: Notation::Json, columns, notes: Vec::new(), content: Content::Json(objects) })
}

/// Names under which an object holds an array of products.
const ARRAYS: [&str; 5] = ["products", "items", "data", "entries", "rows"];

fn json_objects(text: &str) -> anyhow::Result<Vec<(Place, Map<String, Value>)>> {
    if text.trim_start().starts_with('[') {
        let values: Vec<Value> = serde_json::from_str(text).context("not a JSON array")?;
        return entries(values);
    }
    // One object over several lines, or objects a line.
    if let Ok(Value::Object(mut object)) = serde_json::from_str(text) {
        for name in ARRAYS {
            if object.get(name).is_some_and(Value::is_array)
                && let Some(Value::Array(values)) = object.remove(name)
            {
                return entries(values);
            }
        }
        return Ok(vec![(Place::Line(1), object)]);
    }
    let lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(line, text)| {
            let object =
                serde_json::from_str(text).with_context(|| format!("line {line} is not a JSON object"))?;
            Ok((Place::Line(line), object))
        })
        .collect()
}

fn entries(values: Vec<Value>) -> anyhow::Result<Vec<(Place, Map<String, Value>)>> {
    let entry = |(entry, value)| match value {
        Value::Object(object) => Ok((Place::Entry(entry), object)),
        _ => bail!("entry {entry} of the JSON array is not an object"),
    };
    (1u64..).zip(values).map(entry).collect()
}

fn json_row(object: Map<String, Value>, names: &mut HashMap<String, Arc<str>>) -> Row {
    let mut row = Row::new();
    for (key, value) in object {
        let name = match names.get(&key) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = normal(&key).into();
                names.insert(key, Arc::clone(&name));
                name
            }
        };
        let text = plain(value);
        if !text.trim().is_empty() {
            row.push((name, text.trim().to_owned()));
        }
    }
    row
}

/// A JSON value as a cell: text as it is, a list of plain values joined by the `|` that separates a field's values.
pub fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        Value::Array(values) if values.iter().all(|value| !value.is_array() && !value.is_object()) => {
            values.into_iter().map(plain).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<(Notation, Vec<(Place, Row)>)> {
        let table = Table::open(text)?;
        let notation = table.notation;
        let mut rows = Vec::new();
        table.each_row(|place, row| {
            rows.push((place, row));
            Ok(())
        })?;
        Ok((notation, rows))
    }

    fn cells(row: &Row) -> Vec<(&str, &str)> {
        row.iter().map(|(name, text)| (&**name, text.as_str())).collect()
    }

    #[test]
    fn separators_are_found_in_the_header() -> anyhow::Result<()> {
        for (text, separator, line) in [
            ("id,title\np00,\"a, b\"\n", ',', 2),
            ("id;title, short\np00;a, b\n", ';', 2),
            ("id\ttitle\r\np00\ta, b\r\n", '\t', 2),
            ("sep=;\nid;title\np00;a, b\n", ';', 3),
            ("\"sep=,\"\r\nid,title\np00,\"a, b\"\n", ',', 3),
            ("id|title\np00|a, b\n", '|', 2),
        ] {
            let (notation, rows) = read(text)?;
            assert_eq!(notation, Notation::Separated(separator), "{text}");
            let [(place, row)] = rows.as_slice() else { panic!("one row of {text}") };
            assert_eq!(*place, Place::Line(line), "{text}");
            assert_eq!(cells(row).iter().map(|(_, cell)| *cell).collect::<Vec<_>>(), ["p00", "a, b"]);
        }
        Ok(())
    }

    #[test]
    fn headers_and_cells_are_trimmed_and_composed() -> anyhow::Result<()> {
        let (_, rows) = read(" ID , Gro\u{308}ße ,,ID\n  p00 , M ,,again\n , , ,\n")?;
        assert_eq!(rows.len(), 1, "a row of blanks is none");
        assert_eq!(cells(&rows[0].1), [("ID", "p00"), ("Größe", "M")]);
        Ok(())
    }

    #[test]
    fn a_row_of_another_length_or_without_an_end_is_refused() {
        for text in ["id,title\np00,x,y\n", "id,title\np00\n", "id,title\np00,\"x\np01,y\n"] {
            let told = read(text).map(|(_, rows)| rows.len()).map_err(|error| format!("{error:#}"));
            assert!(told.as_ref().is_err_and(|text| text.contains("line 2")), "{told:?}");
        }
        assert!(read("id,title\np00,x,,\n").is_ok(), "empty cells at the end are no harm");
    }

    #[test]
    fn json_is_read_in_its_shapes() -> anyhow::Result<()> {
        let objects = r#"{"id":"p00","n":7.5,"colours":["red","blue"],"none":null}"#;
        for text in [
            format!("[{objects}]"),
            format!("{objects}\n\n"),
            format!("{{\"products\": [\n{objects}\n]}}"),
            "{\n \"id\": \"p00\", \"n\": 7.5,\n \"colours\": [\"red\", \"blue\"]}".to_owned(),
        ] {
            let (_, rows) = read(&text)?;
            let mut row = cells(&rows[0].1);
            row.sort();
            assert_eq!(row, [("colours", "red|blue"), ("id", "p00"), ("n", "7.5")], "{text}");
        }
        for (text, word) in
            [("[1]", "entry 1"), ("{\"id\":1}\n{\"id\":\n", "line 2"), ("[{]", "JSON"), ("", "empty")]
        {
            let error = format!("{:#}", read(text).map(|(_, rows)| rows.len()).expect_err("no table"));
            assert!(error.contains(word), "{text}: {error}");
        }
        Ok(())
    }
}
