//! The vectors that distances are measured on, read one at a time: the cache's own, or adapted ones in a file beside it that
//! lasts as long as the run.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use lookalike::embedding::Adaptation;

use super::cache::Record;
use crate::workers::try_in_order;

/// Adapted embeddings that a thread makes before they are written, and how many of these pieces are in memory at once.
const PIECE: usize = 1024;
const PIECES: usize = 64;

/// A file of embeddings.
pub struct Embeddings {
    path: PathBuf,
    dims: usize,
    /// Offset of the first embedding, and from one to the next, in bytes.
    first: u64,
    stride: u64,
    /// Adapted: the file is removed in the end.
    adapted: bool,
    /// Adapted as a whole, not component by component.
    along_axes: bool,
}

impl Embeddings {
    /// Those in a file at `path`, the first at byte `first` and each `stride` bytes after the one before.
    pub(super) fn in_file(path: PathBuf, dims: usize, first: u64, stride: u64) -> Embeddings {
        Embeddings { path, dims, first, stride, adapted: false, along_axes: false }
    }

    /// Adapts those of `records`, which are of `network`, into a file in the cache's `folder` that is removed when the result is dropped.
    /// Gives the records of the adapted embeddings too, in the same order.
    ///
    /// # Errors
    /// When an embedding cannot be read or is not of finite numbers, or the file cannot be written.
    pub fn adapted(
        folder: &Path,
        network: &Embeddings,
        records: &[Record],
        adaptation: &Adaptation,
        jobs: usize,
    ) -> anyhow::Result<(Embeddings, Vec<Record>)> {
        let dims = adaptation.axes();
        let (path, file) = adapted_file(folder)?;
        let along_axes = adaptation.components().len() == 1;
        let stride = 4 * dims as u64;
        let embeddings = Embeddings { path, dims, first: 0, stride, adapted: true, along_axes };
        let writing = || format!("writing {}", embeddings.path.display());
        let mut file = BufWriter::new(file);
        for records in records.chunks(PIECE * PIECES) {
            let pieces: Vec<&[Record]> = records.chunks(PIECE).collect();
            let adapt = |reader: &mut EmbeddingReader, piece: usize| {
                let (mut own, mut bytes) = (vec![0f32; network.dims()], Vec::new());
                for record in pieces[piece] {
                    reader.read(*record, &mut own)?;
                    bytes.extend(adaptation.apply(&own)?.into_iter().flat_map(f32::to_le_bytes));
                }
                Ok(bytes)
            };
            for bytes in try_in_order(pieces.len(), jobs, || network.reader(), adapt)? {
                file.write_all(&bytes).with_context(writing)?;
            }
        }
        file.flush().with_context(writing)?;
        let records = records.iter().zip(0..).map(|(record, index)| record.at(index)).collect();
        Ok((embeddings, records))
    }

    /// Length of an embedding.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Whether they are adapted to the catalogue.
    pub fn are_adapted(&self) -> bool {
        self.adapted
    }

    /// Whether each number is along a principal axis of the catalogue, that of most variance first: adapted embeddings of one
    /// component are.
    pub fn are_along_axes(&self) -> bool {
        self.along_axes
    }

    /// A reader with its own place in the file, one a thread.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn reader(&self) -> anyhow::Result<EmbeddingReader> {
        let file = File::open(&self.path).with_context(|| format!("opening {}", self.path.display()))?;
        Ok(EmbeddingReader { file, bytes: vec![0; self.dims * 4], first: self.first, stride: self.stride })
    }

    /// The embeddings of `records`, `[records, dims]`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_all(&self, records: &[Record]) -> anyhow::Result<Vec<f32>> {
        let mut reader = self.reader()?;
        let mut rows = vec![0f32; records.len() * self.dims];
        for (row, record) in rows.chunks_exact_mut(self.dims.max(1)).zip(records) {
            reader.read(*record, row)?;
        }
        Ok(rows)
    }
}

/// What the names of files of adapted embeddings begin with.
const ADAPTED: &str = "adapted-";

/// A new file for adapted embeddings in `folder` or, if nothing can be written there, among the system's temporary files.
fn adapted_file(folder: &Path) -> anyhow::Result<(PathBuf, File)> {
    static FILES: AtomicU64 = AtomicU64::new(0);
    let name = format!("{ADAPTED}{}-{}.bin", std::process::id(), FILES.fetch_add(1, Ordering::Relaxed));
    let path = folder.join(&name);
    if let Ok(file) = File::create(&path) {
        return Ok((path, file));
    }
    let elsewhere = std::env::temp_dir().join(format!("lookalike-{name}"));
    match File::create(&elsewhere) {
        Ok(file) => Ok((elsewhere, file)),
        Err(error) => {
            Err(error).with_context(|| format!("making {} or {}", path.display(), elsewhere.display()))
        }
    }
}

/// Removes files of adapted embeddings that killed runs left in the cache `folder`, which no other run uses now.
pub fn remove_strays(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(ADAPTED) && name.ends_with(".bin") {
            // That it stays is no harm.
            fs::remove_file(entry.path()).ok();
        }
    }
}

impl Drop for Embeddings {
    fn drop(&mut self) {
        if self.adapted {
            // The next build removes it; that it is left is no harm.
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Reads embeddings one at a time, so that memory stays flat in their number.
pub struct EmbeddingReader {
    file: File,
    bytes: Vec<u8>,
    first: u64,
    stride: u64,
}

impl EmbeddingReader {
    /// Reads the embedding of `record` into `embedding`, `[dims]`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, record: Record, embedding: &mut [f32]) -> anyhow::Result<()> {
        self.file.seek(SeekFrom::Start(self.first + record.index() * self.stride))?;
        self.file.read_exact(&mut self.bytes)?;
        for (value, word) in embedding.iter_mut().zip(self.bytes.as_chunks::<4>().0) {
            *value = f32::from_le_bytes(*word);
        }
        Ok(())
    }
}
