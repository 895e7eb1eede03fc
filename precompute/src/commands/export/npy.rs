//! `OUT.npy`, f32 `[items, dims]`, and `OUT.ids.txt`, an id a line.

use std::io::Write;
use std::path::Path;

use super::create;
use crate::stored_embeddings::StoredEmbeddings;

/// Writes both.
///
/// # Errors
/// When the cache cannot be read, or a file cannot be written.
pub fn write(stored: &StoredEmbeddings, path: &Path) -> anyhow::Result<()> {
    let mut npy = create(path)?;
    npy.write_all(&header(stored.ids.len(), stored.embeddings.dims()))?;
    let mut ids = create(&path.with_extension("ids.txt"))?;
    let mut reader = stored.embeddings.reader()?;
    let mut embedding = vec![0f32; stored.embeddings.dims()];
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

/// The header of a NumPy file, format version 1.0, of f32 `[rows, columns]`
/// (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
fn header(rows: usize, columns: usize) -> Vec<u8> {
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
