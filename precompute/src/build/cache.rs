//! The embeddings found so far, by the photo's content: what makes a second run cost only what changed, and a killed
//! run go on where it was.
//!
//! One append-only file for each network, in `<out>.cache` beside the folder (it is not to be uploaded):
//!
//! ```text
//! offset  size  field
//! 0       4     magic "LKED"
//! 4       4     dimensions d, u32, little-endian as all that follows
//! 8       32    identity of the network
//! 40      ...   records of 32 + 8 + 24 + 4d + 4 bytes:
//!               SHA-256 of the photo's file, width u32, height u32, colours, embedding f32 * d, fnv1a32 of the record so
//!               far
//! ```
//!
//! A record cut short or damaged by a crash ends the file: what follows is cut off and made again.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::colour::{self, Colours};
use lookalike::digest::{Digest, fnv1a32};

use super::embeddings::Embeddings;

const MAGIC: &[u8; 4] = b"LKED";
const HEADER: u64 = 40;
/// Where the embedding is in a record.
const EMBEDDING: u64 = 32 + 8 + colour::BYTES as u64;
const CATALOGUE: &str = "catalogue.txt";

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

/// The cache, open for appending.
pub struct EmbeddingCache {
    path: PathBuf,
    file: File,
    dims: usize,
    records: HashMap<Digest, Record>,
    count: u64,
}

impl EmbeddingCache {
    /// Where the cache of the folder `out` is.
    pub fn folder_of(out: &Path) -> PathBuf {
        let mut name = out.file_name().unwrap_or(out.as_os_str()).to_os_string();
        name.push(".cache");
        out.with_file_name(name)
    }

    /// Opens or makes the cache in `folder` for one network.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(folder: &Path, network: Digest, dims: usize) -> anyhow::Result<EmbeddingCache> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let path = folder.join(format!("embeddings-{}.bin", network.short()));
        Self::open_file(path.clone(), network, dims).with_context(|| format!("opening {}", path.display()))
    }

    fn open_file(path: PathBuf, network: Digest, dims: usize) -> anyhow::Result<EmbeddingCache> {
        let mut header = Vec::new();
        header.extend(MAGIC);
        header.extend(u32::try_from(dims)?.to_le_bytes());
        header.extend(network.0);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut found = Vec::new();
        (&file).take(HEADER).read_to_end(&mut found)?;
        if found != header {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&header)?;
        }
        let mut cache = EmbeddingCache { path, file, dims, records: HashMap::new(), count: 0 };
        cache.scan()?;
        Ok(cache)
    }

    /// Reads the records there are and cuts off a damaged end.
    fn scan(&mut self) -> anyhow::Result<()> {
        self.file.seek(SeekFrom::Start(HEADER))?;
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let mut record = vec![0; self.record_bytes()];
        while reader.read_exact(&mut record).is_ok() {
            let Some((digest, [width, height], colours)) = checked(&record) else { break };
            self.records.insert(digest, Record { index: self.count, width, height, colours });
            self.count += 1;
        }
        let end = HEADER + self.count * record.len() as u64;
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end))?;
        Ok(())
    }

    /// The record of the photo with that content.
    pub fn get(&self, photo: &Digest) -> Option<Record> {
        self.records.get(photo).copied()
    }

    /// All records there are now, for threads that look while new ones are appended.
    pub fn snapshot(&self) -> HashMap<Digest, Record> {
        self.records.clone()
    }

    /// Appends what is known of a photo.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn insert(&mut self, photo: Digest, described: &Described) -> anyhow::Result<Record> {
        let Described { size: [width, height], colours, embedding } = described;
        assert_eq!(embedding.len(), self.dims, "the network makes embeddings of one length");
        let mut bytes = Vec::new();
        bytes.extend(photo.0);
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend(colours.as_bytes());
        bytes.extend(embedding.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(fnv1a32(&bytes).to_le_bytes());
        self.file.write_all(&bytes).with_context(|| format!("writing {}", self.path.display()))?;
        let record = Record { index: self.count, width: *width, height: *height, colours: *colours };
        self.records.insert(photo, record);
        self.count += 1;
        Ok(record)
    }

    /// The embeddings of its records, as the network gave them.
    pub fn embeddings(&self) -> Embeddings {
        Embeddings::in_file(self.path.clone(), self.dims, HEADER + EMBEDDING, self.record_bytes() as u64)
    }

    fn record_bytes(&self) -> usize {
        EMBEDDING as usize + 4 * self.dims + 4
    }
}

/// Keeps other runs of the program off the cache in `folder` for as long as the result lives.
///
/// # Errors
/// When another run has it, or the folder cannot be made.
pub fn lock(folder: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("{} is in use by another precompute; wait for it", folder.display())
        }
        // Not every file system has locks.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Notes which photos the folder with that manifest was made of: ids and digests in item order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_catalogue<'a>(
    folder: &Path,
    manifest: Digest,
    photos: impl Iterator<Item = (&'a str, Digest)>,
) -> anyhow::Result<()> {
    let lines = photos.map(|(id, photo)| format!("{} {}\n", photo.hex(), serde_json::json!(id)));
    let text = format!("{}\n{}", manifest.hex(), lines.collect::<String>());
    let path = folder.join(CATALOGUE);
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// What [`write_catalogue`] noted, `None` if it was for another manifest.
///
/// # Errors
/// When the file cannot be read.
pub fn read_catalogue(folder: &Path, manifest: Digest) -> anyhow::Result<Option<Vec<(String, Digest)>>> {
    let path = folder.join(CATALOGUE);
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

fn checked(record: &[u8]) -> Option<(Digest, [u32; 2], Colours)> {
    let (content, checksum) = record.split_last_chunk::<4>()?;
    if fnv1a32(content) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (digest, rest) = content.split_first_chunk::<32>()?;
    let (width, rest) = rest.split_first_chunk::<4>()?;
    let (height, rest) = rest.split_first_chunk::<4>()?;
    let colours = Colours::from_bytes(*rest.first_chunk()?)?;
    Some((Digest(*digest), [*width, *height].map(u32::from_le_bytes), colours))
}

#[cfg(test)]
mod tests {
    use lookalike::photo::Photo;

    use super::*;

    fn described([width, height]: [u32; 2], embedding: [f32; 3]) -> Described {
        let grey = Photo::new(1, 1, vec![width as u8; 3]).expect("one pixel");
        Described { size: [width, height], colours: Colours::of(&grey), embedding: embedding.to_vec() }
    }

    #[test]
    fn a_torn_end_is_cut_off_and_the_rest_kept() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-cache-{}", std::process::id()));
        let network = Digest::of(b"network");
        let photo = |name: &str| Digest::of(name.as_bytes());
        let mut cache = EmbeddingCache::open(&folder, network, 3)?;
        cache.insert(photo("a"), &described([10, 20], [1.0, 2.0, 3.0]))?;
        cache.insert(photo("b"), &described([30, 40], [4.0, 5.0, 6.0]))?;
        let path = cache.path.clone();
        drop(cache);

        let whole = fs::read(&path)?;
        for cut in [1, 7, 55] {
            fs::write(&path, &whole[..whole.len() - cut])?;
            let mut cache = EmbeddingCache::open(&folder, network, 3)?;
            assert_eq!((cache.get(&photo("a")).is_some(), cache.get(&photo("b")).is_some()), (true, false));
            let record = cache.insert(photo("b"), &described([30, 40], [4.0, 5.0, 6.0]))?;
            let mut embedding = [0.0; 3];
            cache.embeddings().reader()?.read(record, &mut embedding)?;
            assert_eq!(embedding, [4.0, 5.0, 6.0]);
            drop(cache);
            assert_eq!(fs::read(&path)?, whole);
        }
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
