//! What is in the static folder. `FORMAT.md` of the crate says it byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::attributes::PRODUCT;
use lookalike::colour::Means;
use lookalike::digest::Digest;
use lookalike::embedding::{Adaptation, Metric};
use lookalike::folder::{
    Card, CardsEntry, FileEntry, Header, Manifest, NeighboursEntry, NeighboursNetwork, NetworkEntry,
    PRODUCTS_PER_SHARD, ProductsEntry, Row, WidgetEntry, card_shard_name, shard_count, shard_of,
    write_card_shard, write_neighbour_shard,
};

use super::bytes::Bytes;
use super::cache::{EmbeddingCache, remove_other_catalogues, write_catalogue};
use super::embed::Item;
use super::fragments;
use super::hosting;
use super::neighbours::Neighbours;
use super::partitions::{PartitionContents, Partitions};
use super::products::Products;
use super::ranking::{self, RankingFiles};
use super::space::Coordinates;
use super::thumbnail;
use crate::args::PublishOptions;
use crate::catalogue::ProductFields;
use crate::headers;
use crate::networks::Opened;
use crate::publish::Target;
use crate::widget;

/// Everything the folder is made of.
pub struct Contents<'a> {
    /// What `--out` says, beside which the cache is.
    pub out: &'a Path,
    /// Where it is published to.
    pub target: &'a Target,
    /// How.
    pub publish: &'a PublishOptions,
    /// In item order, as the next three.
    pub items: &'a [Item],
    /// Which of them are photos of one product.
    pub products: &'a Products,
    /// What the shop's table says of each.
    pub fields: &'a [ProductFields],
    /// Of each.
    pub neighbours: &'a Neighbours,
    /// The share of the exact ones that they are, where they may not all be.
    pub neighbours_recall: Option<f64>,
    /// The network that they were found by, if it is not `network`.
    pub neighbours_network: Option<NeighboursNetwork>,
    /// What embeddings were adapted to the catalogue by, if they were.
    pub adaptation: Option<&'a Adaptation>,
    /// What codes are made of.
    pub codes: ToCode<'a>,
    /// Of a product in the codes file.
    pub code_bytes: f64,
    /// Most files that the folder may have, if there is a limit.
    pub max_files: Option<usize>,
    /// Number of threads.
    pub jobs: usize,
    /// Between products.
    pub means: &'a Means,
    /// How much colour counts in the neighbours.
    pub colour: f64,
    /// Made the embeddings.
    pub network: &'a Opened,
    /// Has the thumbnail of each, if they are wanted.
    pub thumbnails: Option<PathBuf>,
    /// The originals' folder as pages see it.
    pub images: Option<&'a str>,
    /// This folder as pages see it, if fragments are wanted.
    pub fragments: Option<&'a str>,
    /// The column that says which products are variants of one: pages may group by it too.
    pub group: Option<&'a str>,
}

/// What codes are made of.
pub enum ToCode<'a> {
    /// All in memory, for one file.
    Whole(Coordinates),
    /// In partitions.
    Partitions(&'a Partitions, PartitionContents<'a>),
}

/// Writes the folder and publishes it; what was there before is replaced at once or not at all.
///
/// # Errors
/// If a file cannot be written, or the folder cannot be replaced.
pub fn write(contents: &Contents) -> anyhow::Result<Bytes> {
    let cache = EmbeddingCache::folder_of(contents.out);
    let keep = usize::from(contents.publish.keep_generations);
    let (bytes, manifest) = contents.target.publish(keep, |folder| {
        let bytes = write_into(folder, contents)?;
        let manifest = Digest::of(&fs::read(folder.join("manifest.json"))?);
        let photos = contents.items.iter().map(|item| (item.id.as_str(), item.photo));
        write_catalogue(&cache, manifest, photos)?;
        Ok((bytes, manifest))
    })?;
    remove_other_catalogues(&cache, manifest);
    Ok(bytes)
}

fn write_into(folder: &Path, contents: &Contents) -> anyhow::Result<Bytes> {
    let thumbnails = write_thumbnails(folder, contents)?;
    let fragments = write_fragments(folder, contents)?;
    let widget = write_widget(folder)?;
    let RankingFiles { codec, codes, refinement, colours, attributes, columns, partitions, in_partitions } =
        ranking::write(folder, contents)?;
    let adaptation =
        contents.adaptation.map(|adaptation| write_file(folder, "adaptation", &adaptation.write()));
    let adaptation = adaptation.transpose()?;
    let network = write_network(folder, contents.network)?;
    // Shards come last: how many there may be depends on how many files there are without them.
    let per_shard = match contents.max_files {
        Some(most) => hosting::products_per_shard(contents.items.len(), most, hosting::files(folder)?.0)?,
        None => PRODUCTS_PER_SHARD,
    };
    let products = match contents.products.have_several_photos() {
        true => {
            let count = u32::try_from(contents.products.count())?;
            Some(ProductsEntry { count, column: PRODUCT.to_owned() })
        }
        false => None,
    };
    let (neighbours, neighbours_bytes) = write_neighbours(folder, contents, per_shard)?;
    let (cards, cards_bytes) = write_cards(folder, contents, per_shard)?;
    let manifest = Manifest {
        header: match (&products, &adaptation, &partitions) {
            (Some(_), ..) => Header::of_photos(),
            (_, Some(_), _) => Header::adapted(),
            (.., Some(_)) => Header::with_partitions(),
            _ => Header::default(),
        },
        items: u32::try_from(contents.items.len())?,
        products,
        metrics: Metric::ALL.to_vec(),
        neighbours,
        cards,
        adaptation,
        codec,
        codes,
        refinement,
        partitions,
        colours,
        attributes,
        columns,
        network,
        widget: widget.as_ref().map(|(entry, _)| entry.clone()),
    };
    let mut bytes = Bytes {
        adaptation: manifest.adaptation.as_ref().map_or(0, |file| file.bytes),
        codec: manifest.codec.bytes,
        codes: manifest.codes.bytes + in_partitions.codes,
        refinement: manifest.refinement.bytes + in_partitions.refinement,
        colours: manifest.colours.bytes + in_partitions.colours,
        attributes: manifest.attributes.iter().chain(&manifest.columns).map(|file| file.bytes).sum::<u64>()
            + in_partitions.attributes,
        neighbours: neighbours_bytes,
        items: cards_bytes,
        thumbnails,
        fragments,
        model: manifest.network.bytes,
        runtime: widget.map_or(0, |(_, bytes)| bytes),
        total: 0,
    };
    let manifest = manifest.write();
    fs::write(folder.join("manifest.json"), &manifest)?;
    if let Some(host) = contents.publish.headers {
        headers::write(folder, host, &contents.publish.headers_at)?;
    }
    bytes.total = bytes.parts() + manifest.len() as u64;
    Ok(bytes)
}

fn write_neighbours(
    folder: &Path,
    contents: &Contents,
    per_shard: u32,
) -> anyhow::Result<(NeighboursEntry, u64)> {
    let shards = shard_count(u32::try_from(contents.products.count())?, per_shard);
    let mut members = vec![Vec::new(); shards as usize];
    // What is like a product is like its primary photo.
    for index in contents.products.firsts() {
        members[shard_of(&contents.items[index].id, shards) as usize].push(index);
    }
    let each = contents.neighbours.first().and_then(|lists| lists.first()).map_or(0, Vec::len);
    let files = members.into_iter().zip(0u32..).map(|(members, shard)| {
        let rows: Vec<Row> = members
            .into_iter()
            .map(|index| Row {
                item: index as u32,
                id: contents.items[index].id.clone(),
                neighbours: contents.neighbours[index].clone(),
            })
            .collect();
        (format!("{shard}.bin"), write_neighbour_shard(&rows, Metric::ALL.len(), each))
    });
    let (path, bytes) = write_set(folder, "neighbours", files)?;
    let recall = contents.neighbours_recall;
    let network = contents.neighbours_network.clone();
    Ok((NeighboursEntry { path, shards, each: u32::try_from(each)?, recall, network }, bytes))
}

fn write_cards(folder: &Path, contents: &Contents, per_shard: u32) -> anyhow::Result<(CardsEntry, u64)> {
    let each = per_shard as usize;
    let all: Vec<usize> = (0..contents.items.len()).collect();
    let files = all.chunks(each).zip(0u32..).map(|(items, shard)| {
        let cards: Vec<Card> = items.iter().map(|item| card(*item, contents)).collect();
        (card_shard_name(shard), write_card_shard(&cards))
    });
    let (path, bytes) = write_set(folder, "cards", files)?;
    let shards = u32::try_from(contents.items.len().div_ceil(each))?;
    Ok((CardsEntry { path, shards, per_shard }, bytes))
}

/// The card of item number `item`: that of its product, with the photo that the item is.
fn card(item: usize, contents: &Contents) -> Card {
    let original = |item: &Item| match (contents.images, &item.address) {
        (Some(base), None) => Some(format!("{}/{}", base.trim_end_matches('/'), url(&item.path))),
        (_, address) => address.clone(),
    };
    let (own, first) = (&contents.items[item], contents.products.first(item));
    let photo = (first < item).then(|| original(own).unwrap_or_else(|| own.path.display().to_string()));
    let (item, fields) = (&contents.items[first], &contents.fields[first]);
    let (width, height) = thumbnail::size(item.record.width, item.record.height);
    let thumbnail = item.thumbnail.map(|digest| url(&Path::new("thumbnails").join(thumbnail::path(&digest))));
    Card {
        id: item.id.clone(),
        title: fields.title.clone(),
        url: fields.url.clone(),
        price: fields.price.clone(),
        thumbnail,
        width,
        height,
        image: fields.image.clone().or_else(|| original(item)),
        photo,
        attributes: fields
            .attributes
            .iter()
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect(),
    }
}

fn write_fragments(folder: &Path, contents: &Contents) -> anyhow::Result<u64> {
    let Some(base) = contents.fragments else { return Ok(0) };
    let nearest = |item: usize| match contents.neighbours[item].first() {
        Some(list) => list.iter().map(|neighbour| neighbour.item as usize).collect(),
        None => Vec::new(),
    };
    let products = contents.products.firsts().map(|item| (item, contents.items[item].id.as_str()));
    fragments::write(folder, base, products, nearest, |item| card(item, contents))
}

/// A relative path as the path of a URL: forward slashes, and what has a meaning there percent-encoded (RFC 3986).
fn url(path: &Path) -> String {
    let parts = path.components().map(|part| {
        let text = part.as_os_str().to_string_lossy();
        text.bytes().fold(String::new(), |mut encoded, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    encoded.push(byte as char)
                }
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
            encoded
        })
    });
    parts.collect::<Vec<_>>().join("/")
}

fn write_thumbnails(folder: &Path, contents: &Contents) -> anyhow::Result<u64> {
    let Some(thumbnails) = &contents.thumbnails else { return Ok(0) };
    let mut written = BTreeMap::new();
    // Cards show primary photos.
    for digest in contents.products.firsts().filter_map(|item| contents.items[item].thumbnail) {
        let path = thumbnail::path(&digest);
        if written.contains_key(&path) {
            continue;
        }
        let (from, to) = (thumbnails.join(&path), folder.join("thumbnails").join(&path));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        // A copy, not a link: what optimises the pictures of a site in their place is not to reach the cache.
        let content = fs::read(&from).with_context(|| format!("reading {}", from.display()))?;
        ensure!(
            Digest::of(&content) == digest,
            "{} changed since it was made; run `build` again",
            from.display()
        );
        fs::write(&to, &content).with_context(|| format!("writing {}", to.display()))?;
        written.insert(path, content.len() as u64);
    }
    Ok(written.values().sum())
}

/// Writes a binary file named after its digest.
pub(super) fn write_file(folder: &Path, kind: &str, content: &[u8]) -> anyhow::Result<FileEntry> {
    write_named(folder, kind, "bin", content)
}

/// Writes a file named after its digest, with this ending.
pub(super) fn write_named(
    folder: &Path,
    kind: &str,
    ending: &str,
    content: &[u8],
) -> anyhow::Result<FileEntry> {
    let digest = Digest::of(content);
    let path = format!("{kind}-{}.{ending}", digest.short());
    fs::write(folder.join(&path), content).with_context(|| format!("writing {path}"))?;
    Ok(FileEntry { path, bytes: content.len() as u64, sha256: digest.hex() })
}

fn write_network(folder: &Path, opened: &Opened) -> anyhow::Result<NetworkEntry> {
    let description = opened.network.description();
    let identity = opened.network.identity();
    let path = format!("network-{}", identity.short());
    let to = folder.join(&path);
    fs::create_dir_all(&to)?;
    for part in &description.parts {
        let from = opened.folder.join(&part.path);
        fs::copy(&from, to.join(&part.path)).with_context(|| format!("copying {}", from.display()))?;
    }
    fs::write(to.join("network.json"), &opened.text)?;
    let bytes = opened.text.len() as u64 + description.parts.iter().map(|part| part.bytes).sum::<u64>();
    let (name, trained) = (description.name.clone(), description.trained);
    Ok(NetworkEntry { path, sha256: identity.hex(), name, trained, bytes })
}

fn write_widget(folder: &Path) -> anyhow::Result<Option<(WidgetEntry, u64)>> {
    let files = widget::files();
    if files.is_empty() {
        eprintln!(
            "note: this precompute was built without the widget (`make` builds it); the folder has none"
        );
        return Ok(None);
    }
    let files = files.iter().map(|file| (file.path.to_owned(), file.content.to_vec()));
    let (path, mut bytes) = write_set(folder, "widget", files)?;
    for (name, entry) in widget::entries(&path) {
        fs::write(folder.join(name), &entry)?;
        bytes += entry.len() as u64;
    }
    Ok(Some((WidgetEntry { path }, bytes)))
}

/// Writes a set of files, given in order of their names' numbers or paths, to a folder named after their digests;
/// returns its name and the bytes of all.
fn write_set(
    folder: &Path,
    kind: &str,
    files: impl Iterator<Item = (String, Vec<u8>)>,
) -> anyhow::Result<(String, u64)> {
    let unnamed = folder.join(format!("{kind}.unfinished"));
    fs::create_dir_all(&unnamed)?;
    let (mut digests, mut bytes) = (Vec::new(), 0);
    for (name, content) in files {
        let path = unnamed.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        digests.push(Digest::of(&content));
        bytes += content.len() as u64;
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    let name = format!("{kind}-{}", Digest::of_set(digests).short());
    fs::rename(&unnamed, folder.join(&name))?;
    Ok((name, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_urls() {
        assert_eq!(url(Path::new("a b/ü#1.jpg")), "a%20b/%C3%BC%231.jpg");
    }
}
