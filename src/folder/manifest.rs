//! `manifest.json`: the one file of a folder that changes in place; it names all others.

use serde::{Deserialize, Serialize};

use crate::embedding::{Component, Metric};
use crate::format::FormatError;

const FORMAT: &str = "lookalike";
const VERSION: u32 = 2;
/// Version of a folder whose codes are in partitions.
const VERSION_PARTITIONS: u32 = 3;
/// Version of a folder whose distances are between adapted embeddings, with or without partitions.
const VERSION_ADAPTED: u32 = 4;
/// Version of a folder whose products have several photos, whatever else it has.
const VERSION_PHOTOS: u32 = 5;

/// What `manifest.json` holds. Paths are relative to the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What it is, and in which version.
    #[serde(flatten)]
    pub header: Header,
    /// Number of items: products, or their photos if a product has several.
    pub items: u32,
    /// The products that items are photos of; `None` where each item is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<ProductsEntry>,
    /// The metrics neighbours were found by, in the order of the shards.
    pub metrics: Vec<Metric>,
    /// Exact neighbours.
    pub neighbours: NeighboursEntry,
    /// What is shown of each product.
    pub cards: CardsEntry,
    /// What the network's embeddings are adapted to the catalogue by, before anything is compared; `None` where distances
    /// are between the network's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptation: Option<FileEntry>,
    /// What codes are read by.
    pub codec: FileEntry,
    /// Quantised embeddings.
    pub codes: FileEntry,
    /// What rescoring reads.
    pub refinement: FileEntry,
    /// The partitions that both are in; `None` if they are in those two files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<PartitionsEntry>,
    /// The products' colours.
    pub colours: FileEntry,
    /// What the shop's table says, by column; `None` where it says nothing that can be filtered by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<FileEntry>,
    /// What there is to filter by, for the controls of a page; `None` if there is nothing, or in a folder from before this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<FileEntry>,
    /// The network that made the embeddings.
    pub network: NetworkEntry,
    /// The element and its worker; `None` in a folder built without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget: Option<WidgetEntry>,
}

/// What a file is. The default is what this crate writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
}

impl Default for Header {
    fn default() -> Header {
        Header { format: FORMAT.to_owned(), version: VERSION }
    }
}

impl Header {
    /// Version of a folder whose codes are in partitions.
    pub fn with_partitions() -> Header {
        Header { version: VERSION_PARTITIONS, ..Header::default() }
    }

    /// Of a folder with an adaptation, which a reader that does not know of it must refuse.
    pub fn adapted() -> Header {
        Header { version: VERSION_ADAPTED, ..Header::default() }
    }

    /// Of a folder whose products have several photos, of which another reader would show some twice.
    pub fn of_photos() -> Header {
        Header { version: VERSION_PHOTOS, ..Header::default() }
    }
}

/// The products of a folder whose items are their photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductsEntry {
    /// How many there are.
    pub count: u32,
    /// The column of the attributes that says which product an item is a photo of.
    pub column: String,
}

/// Where the partitions are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartitionsEntry {
    /// The set's folder.
    pub path: String,
    /// How many there are.
    pub count: u32,
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
    /// The share of the exact neighbours that they are, measured on some products; `None` if they all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// The network whose embeddings they are nearest by, if it is not the one that embeds photos in the browser. It is not in
    /// the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NeighboursNetwork>,
}

/// A network that stored neighbours were found by and no browser runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighboursNetwork {
    /// A name for people.
    pub name: String,
    /// Its identity, 64 hexadecimal digits.
    pub sha256: String,
    /// Length of its embeddings.
    pub dims: usize,
    /// The components of its embeddings, in their order.
    pub components: Vec<Component>,
    /// Whether its embeddings were adapted to the catalogue before they were compared.
    pub adapted: bool,
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

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name.
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
        let not_a_manifest = FormatError::Magic { expected: "a Lookalike manifest" };
        let header: Header = serde_json::from_slice(text).map_err(|_| not_a_manifest.clone())?;
        if header.format != FORMAT {
            return Err(not_a_manifest);
        }
        if header.version > VERSION_PHOTOS {
            return Err(FormatError::NewerVersion { found: header.version, known: VERSION_PHOTOS });
        }
        if header.version < VERSION {
            return Err(FormatError::Value(format!(
                "is of version {}, which this program no longer reads; run `precompute build` again",
                header.version
            )));
        }
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| FormatError::Value(format!("is damaged: {error}")))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Number of products.
    pub fn product_count(&self) -> u32 {
        self.products.as_ref().map_or(self.items, |products| products.count)
    }

    fn check(&self) -> Result<(), FormatError> {
        let paths = [
            &self.neighbours.path,
            &self.cards.path,
            &self.codec.path,
            &self.codes.path,
            &self.refinement.path,
            &self.colours.path,
            &self.network.path,
        ];
        let more = self.widget.iter().map(|widget| &widget.path);
        let more = more.chain(self.attributes.iter().chain(&self.columns).map(|file| &file.path));
        let more = more.chain(self.partitions.iter().map(|partitions| &partitions.path));
        let more = more.chain(self.adaptation.iter().map(|adaptation| &adaptation.path));
        for path in paths.into_iter().chain(more) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if path.is_empty() || path.starts_with('.') || !path.bytes().all(plain) {
                return Err(FormatError::Value(format!("names a place outside the folder ({path:?})")));
            }
        }
        let shards_hold_all =
            u64::from(self.cards.shards) * u64::from(self.cards.per_shard) >= self.items.into();
        let twice = (1..self.metrics.len()).any(|at| self.metrics[..at].contains(&self.metrics[at]));
        let version = match (self.products.is_some(), self.adaptation.is_some(), self.partitions.is_some()) {
            (true, ..) => VERSION_PHOTOS,
            (_, true, _) => VERSION_ADAPTED,
            (_, _, true) => VERSION_PARTITIONS,
            _ => VERSION,
        };
        let products_fit = self.products.as_ref().is_none_or(|products| {
            (1..self.items).contains(&products.count)
                && self.attributes.is_some()
                && !products.column.is_empty()
        });
        if self.metrics.is_empty()
            || twice
            || self.header.version != version
            || self.neighbours.shards == 0
            || self.cards.per_shard == 0
            || !shards_hold_all
            || !products_fit
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
        let file =
            |kind: &str| FileEntry { path: format!("{kind}-00.bin"), bytes: 9, sha256: "0".repeat(64) };
        Manifest {
            header: Header::default(),
            items: 3,
            products: None,
            metrics: Metric::ALL.to_vec(),
            neighbours: NeighboursEntry {
                path: "neighbours-00".to_owned(),
                shards: 1,
                each: 2,
                recall: None,
                network: None,
            },
            cards: CardsEntry { path: "cards-00".to_owned(), shards: 1, per_shard: 16 },
            adaptation: None,
            codec: file("codec"),
            codes: file("codes"),
            refinement: file("refinement"),
            partitions: None,
            colours: file("colours"),
            attributes: Some(file("attributes")),
            columns: Some(file("columns")),
            network: NetworkEntry {
                path: "network-00".to_owned(),
                sha256: "0".repeat(64),
                name: "slim".to_owned(),
                trained: false,
                bytes: 1,
            },
            widget: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Manifest::read(&manifest().write()), Ok(manifest()));
        let mut in_partitions = Manifest { header: Header::with_partitions(), ..manifest() };
        assert!(
            matches!(Manifest::read(&in_partitions.write()), Err(FormatError::Value(_))),
            "without partitions"
        );
        in_partitions.partitions = Some(PartitionsEntry { path: "partitions-00".to_owned(), count: 2 });
        assert_eq!(Manifest::read(&in_partitions.write()), Ok(in_partitions.clone()));
        in_partitions.header = Header::default();
        assert!(matches!(Manifest::read(&in_partitions.write()), Err(FormatError::Value(_))), "of version 2");
    }

    #[test]
    fn an_adaptation_has_a_version_of_its_own_that_readers_from_before_refuse() {
        let mut adapted = Manifest { header: Header::adapted(), ..manifest() };
        assert!(matches!(Manifest::read(&adapted.write()), Err(FormatError::Value(_))), "without one");
        adapted.adaptation = Some(adapted.codes.clone());
        assert_eq!(Manifest::read(&adapted.write()), Ok(adapted.clone()));
        adapted.partitions = Some(PartitionsEntry { path: "partitions-00".to_owned(), count: 2 });
        assert_eq!(Manifest::read(&adapted.write()), Ok(adapted.clone()), "in partitions");
        for header in [Header::default(), Header::with_partitions()] {
            adapted.header = header;
            assert!(
                matches!(Manifest::read(&adapted.write()), Err(FormatError::Value(_))),
                "of no version before"
            );
        }
        adapted.header = Header::adapted();
        adapted.adaptation =
            adapted.adaptation.map(|file| FileEntry { path: "../secrets".to_owned(), ..file });
        assert!(matches!(Manifest::read(&adapted.write()), Err(FormatError::Value(_))), "outside the folder");
    }

    #[test]
    fn a_newer_version_is_refused_even_where_its_fields_differ() {
        let text = br#"{"format":"lookalike","version":6,"surprise":true}"#;
        assert_eq!(Manifest::read(text), Err(FormatError::NewerVersion { found: 6, known: 5 }));
    }

    #[test]
    fn an_older_version_says_what_to_do() {
        let text = br#"{"format":"lookalike","version":1,"items":3}"#;
        let error = Manifest::read(text).expect_err("it is of version 1").to_string();
        assert!(error.contains("version 1") && error.contains("build"), "{error}");
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
