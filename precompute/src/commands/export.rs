//! `precompute export`: the full-precision embeddings for other tools.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::digest::Digest;

use crate::args::ExportArguments;
use crate::build::cache::{EmbeddingCache, lock, read_catalogue};
use crate::folder_reader::Folder;

/// Writes `OUT.npy` and `OUT.ids.txt`.
///
/// # Errors
/// When the folder or its cache cannot be read, or a file cannot be written.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let opened = folder.network()?;
    let cache_folder = EmbeddingCache::folder_of(&arguments.dir);
    if !cache_folder.is_dir() {
        bail!(
            "{} is not there; it holds the full-precision embeddings, and `build` makes it",
            cache_folder.display()
        );
    }
    let _lock = lock(&cache_folder)?;
    let cache = EmbeddingCache::open(&cache_folder, opened.network.identity(), opened.network.dims())?;
    let photos = catalogue_of(&cache_folder, &folder)?;

    let file =
        File::create(&arguments.npy).with_context(|| format!("writing {}", arguments.npy.display()))?;
    let mut npy = BufWriter::new(file);
    npy.write_all(&npy_header(photos.len(), cache.dims()))?;
    let ids_path = ids_path(&arguments.npy);
    let file = File::create(&ids_path).with_context(|| format!("writing {}", ids_path.display()))?;
    let mut ids = BufWriter::new(file);
    let mut reader = cache.reader()?;
    let mut embedding = vec![0f32; cache.dims()];
    for (id, photo) in photos {
        let Some(record) = cache.get(&photo) else {
            bail!("{} has no embedding of product {id}; run `build` again", cache_folder.display());
        };
        reader.read(record, &mut embedding)?;
        for value in &embedding {
            npy.write_all(&value.to_le_bytes())?;
        }
        writeln!(ids, "{id}")?;
    }
    npy.flush()?;
    ids.flush()?;
    Ok(())
}

/// The products of `folder` and the digests of their photos, in item order.
fn catalogue_of(cache_folder: &Path, folder: &Folder) -> anyhow::Result<Vec<(String, Digest)>> {
    let manifest = Digest::of(&folder.read("manifest.json")?);
    read_catalogue(cache_folder, manifest)?.with_context(|| {
        format!("{} was made for another state of the folder; run `build` again", cache_folder.display())
    })
}

fn ids_path(npy: &Path) -> PathBuf {
    npy.with_extension("ids.txt")
}

/// The header of a NumPy file, format version 1.0, of f32 `[rows, columns]`
/// (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
fn npy_header(rows: usize, columns: usize) -> Vec<u8> {
    let mut dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length take 10 bytes; the data begins at a multiple of 64, after a line break.
    let padding = (64 - (10 + dictionary.len() + 1) % 64) % 64;
    dictionary.push_str(&" ".repeat(padding));
    dictionary.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((dictionary.len() as u16).to_le_bytes());
    header.extend(dictionary.as_bytes());
    header
}
