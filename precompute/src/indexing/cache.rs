//! The cache in `<out>.cache` beside the folder (it is not to be uploaded): the embeddings found so far, by the photo's
//! content. They are what makes a second run cost only what changed, and a killed run go on where it was.
//!
//! One file for each network and each version of the pipeline, a [`RecordLog`]:
//!
//! ```text
//! offset  size  field
//! 0       4     magic "LKEC"
//! 4       4     version of the pipeline, u32, little-endian as all that follows
//! 8       4     dimensions d, u32
//! 12      32    identity of the network
//! 44      ...   records of 32 + 8 + 24 + 4d bytes and 8 of their digest:
//!               SHA-256 of the photo's file, width u32, height u32, colours, embedding f32 * d
//! ```

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::colour::{self, Colours};
use lookalike::digest::Digest;

use super::embeddings::Embeddings;
use super::record_log::{Access, RecordLog};
use crate::lock;

const MAGIC: &[u8; 4] = b"LKEC";

/// Version of all that makes an embedding, its colours or a thumbnail of a photo: decoding, turning, resizing, colours,
/// preprocessing, kernels, JPEG encoding. Raise it whenever one of them gives other numbers for any photo, so that what an
/// earlier program made is not mixed with what this one makes. A test in `thumbnail.rs` compares a digest of most of them.
pub const PIPELINE: u32 = 2;

/// Where the embedding is in a record.
const EMBEDDING: u64 = 32 + 8 + colour::BYTES as u64;

/// One embedded photo: where its record is, its upright size in pixels, and its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    index: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Of what is on it.
    pub colours: Colours,
}

impl Record {
    /// The place of its embedding in the file.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    /// The same photo, its embedding in another file at place `index`.
    pub(super) fn at(self, index: u64) -> Record {
        Record { index, ..self }
    }
}

/// What is known of a photo once it is embedded.
pub struct Described {
    /// Upright, in pixels.
    pub size: [u32; 2],
    /// Of what is on it.
    pub colours: Colours,
    /// `[dims]`.
    pub embedding: Vec<f32>,
}

/// The embeddings of one network that are known.
pub struct EmbeddingCache {
    log: RecordLog,
    dims: usize,
    records: HashMap<Digest, Record>,
}

impl EmbeddingCache {
    /// Where the cache of the folder `out` is: beside it, by its name.
    pub fn folder_of(out: &Path) -> PathBuf {
        // `.` and the like have no name of their own.
        let named = match out.file_name() {
            Some(_) => out.to_path_buf(),
            None => out.canonicalize().unwrap_or_else(|_| out.to_path_buf()),
        };
        let mut name = named.file_name().unwrap_or(named.as_os_str()).to_os_string();
        name.push(".cache");
        named.with_file_name(name)
    }

    /// Opens the cache in `folder` for one network; to be written, it is made if there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(
        folder: &Path,
        network: Digest,
        dims: usize,
        access: Access,
    ) -> anyhow::Result<EmbeddingCache> {
        let mut header = Vec::new();
        header.extend(MAGIC);
        header.extend(PIPELINE.to_le_bytes());
        header.extend(u32::try_from(dims)?.to_le_bytes());
        header.extend(network.0);
        if access == Access::Write {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let path = EmbeddingCache::file_in(folder, network);
        let mut records = HashMap::new();
        let log = RecordLog::open(&path, header, EMBEDDING as usize + 4 * dims, access, |index, content| {
            let Some((photo, [width, height], colours)) = parse(content) else { return false };
            records.insert(photo, Record { index, width, height, colours });
            true
        })?;
        if let (damaged @ 1.., places) = log.damaged()
            && access == Access::Write
        {
            eprintln!(
                "note: {damaged} of {places} embeddings in {} are damaged; their photos are embedded again",
                path.display()
            );
        }
        Ok(EmbeddingCache { log, dims, records })
    }

    /// The file for one network in the cache `folder`.
    fn file_in(folder: &Path, network: Digest) -> PathBuf {
        folder.join(format!("embeddings-{}-{PIPELINE}.bin", network.short()))
    }

    /// Adds what the cache in `folder`, which another run or machine made, has of the same network and this one has not.
    ///
    /// # Errors
    /// If there is no such folder, a run writes to it, or a file cannot be read or written.
    pub fn merge(&mut self, folder: &Path, network: Digest) -> anyhow::Result<()> {
        let name = folder.display();
        ensure!(folder.is_dir(), "--cache {name}: there is no such folder");
        let _lock = lock::read(folder)?;
        if !EmbeddingCache::file_in(folder, network).is_file() {
            eprintln!(
                "note: --cache {name} has no embeddings of this network and this version of the program"
            );
            return Ok(());
        }
        let other = EmbeddingCache::open(folder, network, self.dims, Access::Read)?;
        if let (damaged @ 1.., places) = other.log.damaged() {
            eprintln!("note: {damaged} of {places} embeddings in {name} are damaged and not taken");
        }
        let mut new: Vec<(&Digest, &Record)> =
            other.records.iter().filter(|(photo, _)| !self.records.contains_key(photo)).collect();
        new.sort_by_key(|(_, record)| record.index);
        let mut reader = other.embeddings().reader()?;
        for (photo, record) in new {
            let mut embedding = vec![0f32; self.dims];
            reader.read(*record, &mut embedding)?;
            let size = [record.width, record.height];
            self.insert(*photo, &Described { size, colours: record.colours, embedding })?;
        }
        self.sync()
    }

    /// The record of the photo with that content.
    pub fn get(&self, photo: &Digest) -> Option<Record> {
        self.records.get(photo).copied()
    }

    /// All records there are now, for threads that look while new ones are added.
    pub fn snapshot(&self) -> HashMap<Digest, Record> {
        self.records.clone()
    }

    /// Adds what is known of a photo.
    ///
    /// # Errors
    /// If it cannot be written, or is not of finite numbers.
    pub fn insert(&mut self, photo: Digest, described: &Described) -> anyhow::Result<Record> {
        let Described { size: [width, height], colours, embedding } = described;
        assert_eq!(embedding.len(), self.dims, "the network makes embeddings of one length");
        ensure!(
            embedding.iter().all(|value| value.is_finite()),
            "an embedding has a number that is not finite"
        );
        let mut content = Vec::new();
        content.extend(photo.0);
        content.extend(width.to_le_bytes());
        content.extend(height.to_le_bytes());
        content.extend(colours.as_bytes());
        content.extend(embedding.iter().flat_map(|value| value.to_le_bytes()));
        let index = self.log.add(&content)?;
        let record = Record { index, width: *width, height: *height, colours: *colours };
        self.records.insert(photo, record);
        Ok(record)
    }

    /// Has the system put what was added on the disk.
    ///
    /// # Errors
    /// If it cannot.
    pub fn sync(&self) -> anyhow::Result<()> {
        self.log.sync()
    }

    /// The embeddings of its records, as the network gave them.
    pub fn embeddings(&self) -> Embeddings {
        let first = self.log.offset(0) + EMBEDDING;
        Embeddings::in_file(self.log.path().to_path_buf(), self.dims, first, self.log.stride())
    }
}

/// Name of the note of which photos a folder was made of, by the digest of its manifest.
fn catalogue_name(manifest: Digest) -> String {
    format!("catalogue-{}.txt", manifest.short())
}

/// Notes which photos the folder with that manifest was made of: ids and digests in item order. It is written before that
/// folder is published; the note of the one before stays until [`remove_other_catalogues`].
///
/// # Errors
/// If the file cannot be written.
pub fn write_catalogue<'a>(
    folder: &Path,
    manifest: Digest,
    photos: impl Iterator<Item = (&'a str, Digest)>,
) -> anyhow::Result<()> {
    let lines = photos.map(|(id, photo)| format!("{} {}\n", photo.hex(), serde_json::json!(id)));
    let text = format!("{}\n{}", manifest.hex(), lines.collect::<String>());
    let path = folder.join(catalogue_name(manifest));
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// Removes the notes of [`write_catalogue`] about all folders but that with this manifest.
pub fn remove_other_catalogues(folder: &Path, manifest: Digest) {
    let own = catalogue_name(manifest);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("catalogue") && name.ends_with(".txt") && *name != own {
            // That it stays is no harm.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// What [`write_catalogue`] noted, `None` if there is no note about that manifest.
///
/// # Errors
/// If the file cannot be read.
pub fn read_catalogue(folder: &Path, manifest: Digest) -> anyhow::Result<Option<Vec<(String, Digest)>>> {
    let path = folder.join(catalogue_name(manifest));
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut lines = text.lines();
    if lines.next() != Some(&manifest.hex()) {
        return Ok(None);
    }
    let photo = |line: &str| {
        let (digest, id) = line.split_once(' ')?;
        Some((serde_json::from_str(id).ok()?, Digest::from_hex(digest)?))
    };
    let photos: Option<Vec<_>> = lines.map(photo).collect();
    photos.map(Some).with_context(|| format!("{} is damaged; run `build` again", path.display()))
}

/// The content of a record but the embedding; `None` if there cannot be such a record.
fn parse(content: &[u8]) -> Option<(Digest, [u32; 2], Colours)> {
    let (digest, rest) = content.split_first_chunk::<32>()?;
    let (width, rest) = rest.split_first_chunk::<4>()?;
    let (height, rest) = rest.split_first_chunk::<4>()?;
    let (colours, embedding) = rest.split_first_chunk()?;
    let finite = |word: &[u8; 4]| f32::from_le_bytes(*word).is_finite();
    if !embedding.as_chunks::<4>().0.iter().all(finite) {
        return None;
    }
    Some((Digest(*digest), [*width, *height].map(u32::from_le_bytes), Colours::from_bytes(*colours)?))
}

#[cfg(test)]
mod tests {
    use lookalike::photo::Photo;

    use super::*;

    fn described([width, height]: [u32; 2], embedding: [f32; 3]) -> Described {
        let grey = Photo::new(1, 1, vec![width as u8; 3]).expect("one pixel");
        Described { size: [width, height], colours: Colours::of(&grey), embedding: embedding.to_vec() }
    }

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("lookalike-cache-{name}-{}", std::process::id()))
    }

    #[test]
    fn what_is_kept_is_found_by_content_and_network() -> anyhow::Result<()> {
        let folder = scratch("kept");
        let [network, other] = [Digest::of(b"network"), Digest::of(b"other")];
        let photo = |name: &str| Digest::of(name.as_bytes());
        let mut cache = EmbeddingCache::open(&folder, network, 3, Access::Write)?;
        cache.insert(photo("a"), &described([10, 20], [1.0, 2.0, 3.0]))?;
        cache.insert(photo("b"), &described([30, 40], [4.0, 5.0, 6.0]))?;
        drop(cache);
        for access in [Access::Read, Access::Write] {
            let cache = EmbeddingCache::open(&folder, network, 3, access)?;
            let record = cache.get(&photo("b")).context("it was kept")?;
            assert_eq!((record.width, record.height), (30, 40));
            let mut embedding = [0.0; 3];
            cache.embeddings().reader()?.read(record, &mut embedding)?;
            assert_eq!(embedding, [4.0, 5.0, 6.0]);
        }
        assert!(EmbeddingCache::open(&folder, other, 3, Access::Write)?.get(&photo("a")).is_none());
        Ok(fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn what_is_not_finite_is_neither_kept_nor_read() -> anyhow::Result<()> {
        let folder = scratch("finite");
        let mut cache = EmbeddingCache::open(&folder, Digest::of(b"network"), 3, Access::Write)?;
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(cache.insert(Digest::of(b"a"), &described([1, 1], [1.0, bad, 0.0])).is_err());
        }
        assert!(cache.get(&Digest::of(b"a")).is_none());
        let mut content = vec![0; EMBEDDING as usize];
        content.extend([1.0, f32::NAN, 0.0].iter().flat_map(|value: &f32| value.to_le_bytes()));
        assert_eq!(parse(&content), None);
        Ok(fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn the_cache_lies_beside_the_folder_whatever_it_is_called() -> anyhow::Result<()> {
        assert_eq!(EmbeddingCache::folder_of(Path::new("site/lookalike")), Path::new("site/lookalike.cache"));
        assert_eq!(
            EmbeddingCache::folder_of(Path::new("site/lookalike/.")),
            Path::new("site/lookalike.cache")
        );
        let here = std::env::current_dir()?.canonicalize()?;
        let name = here.file_name().context("a name")?.to_string_lossy();
        assert_eq!(EmbeddingCache::folder_of(Path::new(".")), here.with_file_name(format!("{name}.cache")));
        Ok(())
    }
}
