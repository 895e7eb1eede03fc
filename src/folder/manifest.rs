//! `manifest.json`: the one file of a folder that changes in place; it names all others.

use serde::{Deserialize, Serialize};

use crate::embedding::Metric;
use crate::format::FormatError;

const FORMAT: &str = "lookalike";
const VERSION: u32 = 1;

/// What `manifest.json` holds. Paths are relative to the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    /// Number of products.
    pub items: u32,
    /// The metrics neighbours were found by, in the order of the shards.
    pub metrics: Vec<Metric>,
    /// Exact neighbours.
    pub neighbours: NeighboursEntry,
    /// What is shown of each product.
    pub cards: CardsEntry,
    /// Quantised embeddings.
    pub codes: CodesEntry,
    /// The network that made the embeddings.
    pub network: NetworkEntry,
    /// The element and its worker; `None` in a folder built without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget: Option<WidgetEntry>,
}

/// Where the neighbours are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighboursEntry {
    /// The set's folder.
    pub path: String,
    /// Number of shards.
    pub shards: u32,
    /// Neighbours a product has by each metric.
    pub each: u32,
}

/// Where the cards are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardsEntry {
    /// The set's folder.
    pub path: String,
    /// Number of shards.
    pub shards: u32,
    /// Consecutive item numbers in a shard.
    pub per_shard: u32,
}

/// Where the codes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodesEntry {
    /// The file.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// Where the network is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkEntry {
    /// Its folder, which holds `network.json` and the parts.
    pub path: String,
    /// SHA-256 of `network.json`, 64 hexadecimal digits; it also is the network's identity.
    pub sha256: String,
    /// A name for people.
    pub name: String,
    /// False while the weights are random numbers.
    pub trained: bool,
    /// Length of `network.json` and all parts.
    pub bytes: u64,
}

/// Where the widget is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WidgetEntry {
    /// Its folder.
    pub path: String,
}

impl Manifest {
    /// A manifest of the present version.
    pub fn new(
        items: u32,
        neighbours: NeighboursEntry,
        cards: CardsEntry,
        codes: CodesEntry,
        network: NetworkEntry,
        widget: Option<WidgetEntry>,
    ) -> Manifest {
        let metrics = Metric::ALL.to_vec();
        let format = FORMAT.to_owned();
        Manifest { format, version: VERSION, items, metrics, neighbours, cards, codes, network, widget }
    }

    /// The text of `manifest.json`.
    pub fn write(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("a manifest has only strings and numbers");
        text.push(b'\n');
        text
    }

    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// [`FormatError`] when it is no manifest, of a newer version, or names a place outside the folder.
    pub fn read(text: &[u8]) -> Result<Manifest, FormatError> {
        #[derive(Deserialize)]
        struct Version {
            format: String,
            version: u32,
        }
        let not_a_manifest = FormatError::Magic { expected: "a Lookalike manifest" };
        let version: Version = serde_json::from_slice(text).map_err(|_| not_a_manifest.clone())?;
        if version.format != FORMAT {
            return Err(not_a_manifest);
        }
        if version.version > VERSION {
            return Err(FormatError::NewerVersion { found: version.version, known: VERSION });
        }
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| FormatError::Value(format!("is damaged: {error}")))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), FormatError> {
        let paths = [&self.neighbours.path, &self.cards.path, &self.codes.path, &self.network.path];
        for path in paths.into_iter().chain(self.widget.as_ref().map(|widget| &widget.path)) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if path.is_empty() || path.starts_with('.') || !path.bytes().all(plain) {
                return Err(FormatError::Value(format!("names a place outside the folder ({path:?})")));
            }
        }
        let shards_hold_all =
            u64::from(self.cards.shards) * u64::from(self.cards.per_shard) >= self.items.into();
        let twice = (1..self.metrics.len()).any(|at| self.metrics[..at].contains(&self.metrics[at]));
        if self.metrics.is_empty()
            || twice
            || self.neighbours.shards == 0
            || self.cards.per_shard == 0
            || !shards_hold_all
        {
            return Err(FormatError::Value("has counts that contradict each other".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::new(
            3,
            NeighboursEntry { path: "neighbours-00".to_owned(), shards: 1, each: 2 },
            CardsEntry { path: "cards-00".to_owned(), shards: 1, per_shard: 16 },
            CodesEntry { path: "codes-00.bin".to_owned(), bytes: 9, sha256: "0".repeat(64) },
            NetworkEntry {
                path: "network-00".to_owned(),
                sha256: "0".repeat(64),
                name: "vgg16-slim".to_owned(),
                trained: false,
                bytes: 1,
            },
            None,
        )
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Manifest::read(&manifest().write()), Ok(manifest()));
    }

    #[test]
    fn a_newer_version_is_refused_even_where_its_fields_differ() {
        let text = br#"{"format":"lookalike","version":2,"surprise":true}"#;
        assert_eq!(Manifest::read(text), Err(FormatError::NewerVersion { found: 2, known: 1 }));
    }

    #[test]
    fn places_outside_the_folder_are_refused() {
        for path in ["../secrets", "/etc/passwd", "a/b", "", "https://example.org/x"] {
            let mut hostile = manifest();
            hostile.codes.path = path.to_owned();
            assert!(matches!(Manifest::read(&hostile.write()), Err(FormatError::Value(_))), "{path}");
        }
    }

    #[test]
    fn other_json_is_no_manifest() {
        for text in [&b"{}"[..], b"[1,2]", b"", br#"{"format":"other","version":1}"#] {
            assert!(matches!(Manifest::read(text), Err(FormatError::Magic { .. })));
        }
    }
}
