//! `precompute export`: the full-precision embeddings for other tools.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::args::ExportArguments;
use crate::folder_reader::Folder;
use crate::stored_embeddings::StoredEmbeddings;

/// Writes `OUT.npy` and `OUT.ids.txt`.
///
/// # Errors
/// When the folder or its cache cannot be read, or a file cannot be written.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let stored = StoredEmbeddings::open(&folder, &arguments.dir)?;

    let file =
        File::create(&arguments.npy).with_context(|| format!("writing {}", arguments.npy.display()))?;
    let mut npy = BufWriter::new(file);
    npy.write_all(&npy_header(stored.ids.len(), stored.cache.dims()))?;
    let ids_path = ids_path(&arguments.npy);
    let file = File::create(&ids_path).with_context(|| format!("writing {}", ids_path.display()))?;
    let mut ids = BufWriter::new(file);
    let mut reader = stored.cache.reader()?;
    let mut embedding = vec![0f32; stored.cache.dims()];
    for (id, record) in stored.ids.iter().zip(&stored.records) {
        reader.read(*record, &mut embedding)?;
        for value in &embedding {
            npy.write_all(&value.to_le_bytes())?;
        }
        writeln!(ids, "{id}")?;
    }
    npy.flush()?;
    ids.flush()?;
    Ok(())
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
