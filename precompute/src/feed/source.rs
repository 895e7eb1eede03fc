//! The text of a feed: a file, or an address with all its pages.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;
use url::Url;

use super::json::text;
use crate::catalogue::decode_text;
use crate::fetch::Client;

/// A feed's text.
pub struct Source {
    /// Decoded.
    pub text: String,
    /// Where it came from, if not from a file.
    pub base: Option<Url>,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// Largest feed, in bytes.
const LARGEST: u64 = 1 << 30;

/// Whether a place is an address of the web.
pub fn is_address(place: &str) -> bool {
    let start = place.get(..8).unwrap_or(place).to_ascii_lowercase();
    start.starts_with("http://") || start.starts_with("https://")
}

impl Source {
    /// What is at `place`.
    ///
    /// # Errors
    /// When there is nothing, or it is not text.
    pub fn get(place: &str, client: &Client) -> anyhow::Result<Source> {
        if !is_address(place) {
            return Source::file(Path::new(place));
        }
        let address: Url = place.parse().context("it is no address")?;
        let (bytes, address) = client.page(&address, LARGEST)?;
        Source::decoded(bytes, Some(address))
    }

    /// What is in a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    pub fn file(path: &Path) -> anyhow::Result<Source> {
        Source::decoded(fs::read(path)?, None)
    }

    fn decoded(bytes: Vec<u8>, base: Option<Url>) -> anyhow::Result<Source> {
        if bytes.starts_with(b"\x1f\x8b") {
            bail!("it is compressed (gzip): uncompress it first");
        }
        // XML names its encoding itself, nearly always UTF-8.
        let decoded = decode_text(bytes)?;
        Ok(Source { text: decoded.text, base, notes: decoded.note.into_iter().collect() })
    }
}

/// How a storefront cuts its products into pages.
pub struct Paging {
    /// The parameter that says how many products a page has, and how many are asked for.
    pub size: (&'static str, usize),
    /// The member that tells products apart.
    pub key: &'static str,
}

/// Most pages.
const PAGES: usize = 4000;

impl Paging {
    /// The products of all pages, and a note if there were more than are read.
    ///
    /// # Errors
    /// When a page cannot be got.
    pub fn all(
        &self,
        first: &Url,
        client: &Client,
        products: impl Fn(&str) -> anyhow::Result<Vec<Value>>,
    ) -> anyhow::Result<(Vec<Value>, Option<String>)> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for page in 1..=PAGES {
            let address = self.page(first, page);
            let text_of =
                Source::get(address.as_str(), client).with_context(|| format!("reading {address}"))?.text;
            let found = products(&text_of).with_context(|| format!("reading {address}"))?;
            // Some shops give the same page again for ever.
            let new: Vec<Value> =
                found.into_iter().filter(|object| seen.insert(text(object, self.key))).collect();
            if new.is_empty() {
                return Ok((all, None));
            }
            all.extend(new);
        }
        Ok((all, Some(format!("only the first {PAGES} pages were read"))))
    }

    fn page(&self, first: &Url, page: usize) -> Url {
        let mut address = first.clone();
        let kept: Vec<(String, String)> = first
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| name != "page" && name != self.size.0)
            .collect();
        address.query_pairs_mut().clear().extend_pairs(kept);
        address
            .query_pairs_mut()
            .append_pair(self.size.0, &self.size.1.to_string())
            .append_pair("page", &page.to_string());
        address
    }
}
