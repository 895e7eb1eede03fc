//! `precompute export`: the full-precision embeddings for other tools.

mod npy;
mod parquet;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context;

use crate::args::ExportArguments;
use crate::folder_reader::Folder;
use crate::stored_embeddings::StoredEmbeddings;

/// Writes the files that are asked for.
///
/// # Errors
/// When the folder or its cache cannot be read, or a file cannot be written.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let stored = StoredEmbeddings::open(&folder, &arguments.dir)?;
    let of_photos = if arguments.of_photos { stored.of_photos(&folder)? } else { None };
    let stored = of_photos.unwrap_or(stored);
    let stored = if arguments.raw { stored.raw() } else { stored };
    if let Some(path) = &arguments.npy {
        npy::write(&stored, path)?;
    }
    if let Some(path) = &arguments.parquet {
        parquet::write(&stored, create(path)?).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(BufWriter::new(file))
}
