//! `precompute embed`: photos in, a table of embeddings out, a batch at a time, so that memory is that of a batch. One file a step:
//! a [`folder`], an [`archive`] or a [`table`] of photos -> [`photos`] in batches -> the workers of `build` -> [`output`].

mod archive;
mod folder;
mod output;
mod photos;
mod table;
mod tail;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use anyhow::Context;

use crate::args::EmbedArguments;
use crate::catalogue::ProductPhoto;
use crate::embedding_table::{self, Row};
use crate::indexing::cache::EmbeddingCache;
use crate::indexing::describe::{Batch, Describer, Description};
use crate::indexing::record_log::Access;
use crate::networks::{Networks, PhotoNetwork};
use crate::workers::processors;
use crate::{interrupt, lock};
use output::Output;
use photos::{Content, Filler, Photo};

/// Embeds the photos.
///
/// # Errors
/// If the photos' place or the network cannot be read, or the table cannot be written; not if a photo cannot be embedded.
pub fn run(arguments: &EmbedArguments) -> anyhow::Result<()> {
    interrupt::install()?;
    let _lock = arguments.cache.as_deref().map(lock::write).transpose()?;
    let network = network(arguments)?;
    let (identity, dims) = (network.identity(), network.dims());
    let cache = arguments.cache.as_deref();
    let cache =
        cache.map(|folder| EmbeddingCache::open(folder, identity, dims, Access::Write)).transpose()?;
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let mut describer = Describer::new(network, jobs, arguments.photo_timeout, cache)?;
    let name = embedding_table::network_name(identity);
    let schema = embedding_table::schema(dims)?;
    let mut output = Output::open(&arguments.out, &schema)?;
    let (mut embedded, mut refused) = (0u64, 0u64);
    let mut each = |photos: Vec<Photo>| {
        interrupt::check_output()?;
        let rows = rows(&mut describer, photos)?;
        for row in &rows {
            match &row.description {
                Ok(_) => embedded += 1,
                Err(reason) => {
                    refused += 1;
                    eprintln!("no embedding of {}: {reason}", row.file.as_ref().unwrap_or(&row.id));
                }
            }
        }
        output.write(&embedding_table::batch(&schema, dims, &name, &rows)?)
    };
    let mut filler = Filler::new(&mut each);
    match arguments.photos.as_path() {
        path if path == Path::new("-") => {
            table::read_stream(arguments, &mut filler).context("standard input")
        }
        path if path.is_dir() => folder::read(path, arguments, &mut filler),
        path => match path.extension().and_then(|ending| ending.to_str()) {
            Some("tar") => archive::read(path, arguments, &mut filler),
            Some("parquet") => table::read_parquet(path, arguments, &mut filler),
            _ => {
                Err(anyhow::anyhow!("give a folder, a .tar, a .parquet, or - for a stream on standard input"))
            }
        }
        .with_context(|| path.display().to_string()),
    }?;
    output.finish()?;
    eprintln!("embed: {embedded} photos embedded, {refused} without an embedding");
    Ok(())
}

/// The network that `build` would find the stored neighbours with.
fn network(arguments: &EmbedArguments) -> anyhow::Result<PhotoNetwork> {
    /// A folder that is there until the network is in memory.
    struct Passing(PathBuf);
    impl Drop for Passing {
        fn drop(&mut self) {
            // That it stays is no harm.
            fs::remove_dir_all(&self.0).ok();
        }
    }
    let passing = Passing(env::temp_dir().join(format!("lookalike-embed-{}", process::id())));
    let folder = arguments.cache.as_deref().unwrap_or(&passing.0);
    let networks = Networks::open(&arguments.networks(), folder)?;
    Ok(networks.own().unwrap_or_else(|| networks.of_photos()))
}

/// A row for each photo, in order.
fn rows(describer: &mut Describer, photos: Vec<Photo>) -> anyhow::Result<Vec<Row>> {
    let mut batch = Batch::default();
    let mut rows = Vec::new();
    for Photo { id, file, content } in photos {
        let path = file.clone().map_or_else(|| PathBuf::from(&id), PathBuf::from);
        let description: Option<Description> = match content {
            Content::Refused(reason) => Some(Err(reason)),
            Content::File(folder) => {
                batch.folder = folder;
                None
            }
            Content::Bytes(bytes) => {
                batch.contents.push(bytes);
                None
            }
        };
        if description.is_none() {
            batch.products.push(ProductPhoto { id: id.clone(), number: 0, path, address: None });
        }
        rows.push((id, file, description));
    }
    let mut described =
        if batch.products.is_empty() { Vec::new() } else { describer.describe(batch)? }.into_iter();
    rows.into_iter()
        .map(|(id, file, description)| {
            let description =
                description.or_else(|| described.next()).context("each photo has a description")?;
            Ok(Row { id, file, description })
        })
        .collect()
}
