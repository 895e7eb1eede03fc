//! Google Merchant's and Meta's catalogue as RSS 2.0 or Atom 1.0, to the rows that [`super::merchant`] reads.
//!
//! Elements count by their local names, since feeds put `g:` before some and not before others.

use std::sync::Arc;

use anyhow::bail;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::catalogue::Row;

/// What joins several values of an element: no text has it.
pub const SEPARATOR: char = '\u{1f}';

/// Deepest elements that are read: channel, item, its members, theirs.
const DEEPEST: usize = 64;

/// The items of the feed and the names of their members, in the order in which they occur.
///
/// # Errors
/// When the text is not XML, with the line.
pub fn rows(text: &str) -> anyhow::Result<(Vec<Arc<str>>, Vec<Row>)> {
    let mut reader = Reader::from_str(text);
    let (mut names, mut rows): (Vec<Arc<str>>, Vec<Row>) = (Vec::new(), Vec::new());
    let mut open: Vec<String> = Vec::new();
    // The item that is being read, the depth of its element, and the text of the member.
    let mut item: Option<(Row, usize)> = None;
    let mut content = String::new();
    loop {
        let line = |reader: &Reader<&[u8]>| {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
            1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
        };
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => bail!("line {}: {error}", line(&reader)),
        };
        match event {
            Event::Start(element) => {
                let name = local(&element);
                if matches!(name.as_str(), "item" | "entry") && item.is_none() {
                    item = Some((Row::new(), open.len()));
                } else if let Some((row, depth)) = &mut item
                    && open.len() == *depth + 1
                {
                    content.clear();
                    link(&name, &element, row, &mut names)?;
                }
                open.push(name);
                if open.len() > DEEPEST {
                    bail!("line {}: elements are {DEEPEST} deep", line(&reader));
                }
            }
            Event::Empty(element) => {
                let name = local(&element);
                if let Some((row, depth)) = &mut item
                    && open.len() == *depth + 1
                {
                    link(&name, &element, row, &mut names)?;
                }
            }
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::CData(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => content.push_str(&entity(&reference)),
            Event::End(_) => {
                let Some(name) = open.pop() else {
                    bail!("line {}: an element ends that has not begun", line(&reader))
                };
                match &mut item {
                    Some((_, depth)) if open.len() == *depth => {
                        if let Some((row, _)) = item.take() {
                            rows.push(row);
                        }
                    }
                    Some((row, depth)) if open.len() == *depth + 1 => {
                        add(row, &mut names, &name, content.trim());
                        content.clear();
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() {
        bail!("it ends within <{}>: the file is not whole", open.join("><"));
    }
    Ok((names, rows))
}

fn local(element: &BytesStart) -> String {
    element.local_name().as_ref().to_owned()
}

/// Atom's `<link href="...">`, of which the one to the page counts.
fn link(name: &str, element: &BytesStart, row: &mut Row, names: &mut Vec<Arc<str>>) -> anyhow::Result<()> {
    if name != "link" {
        return Ok(());
    }
    let value = |name: &str| -> anyhow::Result<Option<String>> {
        let attribute = element.try_get_attribute(name)?;
        Ok(attribute
            .map(|found| found.normalized_value(XmlVersion::Implicit1_0))
            .transpose()?
            .map(std::borrow::Cow::into_owned))
    };
    if value("rel")?.is_none_or(|rel| rel == "alternate")
        && let Some(address) = value("href")?
    {
        add(row, names, "link", &address);
    }
    Ok(())
}

fn add(row: &mut Row, names: &mut Vec<Arc<str>>, name: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some((_, known)) = row.iter_mut().find(|(other, _)| **other == *name) {
        known.push(SEPARATOR);
        known.push_str(text);
        return;
    }
    let shared = match names.iter().find(|other| ***other == *name) {
        Some(shared) => Arc::clone(shared),
        None => {
            let shared: Arc<str> = name.into();
            names.push(Arc::clone(&shared));
            shared
        }
    };
    row.push((shared, text.to_owned()));
}

/// The text of `&amp;`, `&#38;` and HTML's named ones, which feeds use without declaring them.
pub fn entity(reference: &str) -> String {
    super::html::unescape(&format!("&{reference};"))
}
