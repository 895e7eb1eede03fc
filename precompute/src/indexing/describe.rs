//! Photos to embeddings a batch at a time, for `precompute embed`: the workers, limits and cache of `build`, without its folder.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use lookalike::digest::Digest;

use super::cache::{Described, EmbeddingCache, Record};
use super::embed::{Done, Kept, Work, run};
use super::embeddings::EmbeddingReader;
use crate::catalogue::ProductPhoto;
use crate::interrupt;
use crate::networks::PhotoNetwork;

/// Photos that are embedded together.
#[derive(Default)]
pub struct Batch {
    /// The folder that the products' paths are below, if `contents` is empty.
    pub folder: PathBuf,
    /// The photos.
    pub products: Vec<ProductPhoto>,
    /// The contents of their files, if they are in memory.
    pub contents: Vec<Vec<u8>>,
}

/// Digest of a photo's file and what is known of the photo, or why there is nothing.
pub type Description = Result<(Digest, Described), String>;

/// Describes photos by one network.
pub struct Describer {
    network: PhotoNetwork,
    jobs: usize,
    limit: Duration,
    kept: Option<(EmbeddingCache, EmbeddingReader)>,
    known: Arc<HashMap<Digest, Record>>,
}

impl Describer {
    /// A describer on `jobs` threads, each photo of which may take as long as `limit`. What `cache` holds is taken from there, and what
    /// is new is added.
    ///
    /// # Errors
    /// If the cache cannot be read.
    pub fn new(
        network: PhotoNetwork,
        jobs: usize,
        limit: Duration,
        cache: Option<EmbeddingCache>,
    ) -> anyhow::Result<Describer> {
        let known = Arc::new(cache.as_ref().map(EmbeddingCache::snapshot).unwrap_or_default());
        let kept = match cache {
            Some(cache) => {
                let reader = cache.embeddings().reader()?;
                Some((cache, reader))
            }
            None => None,
        };
        Ok(Describer { network, jobs, limit, kept, known })
    }

    /// The description of each photo of `batch`, in its order.
    ///
    /// # Errors
    /// If the cache cannot be read or written, or a signal asked to stop; not if a photo cannot be read.
    pub fn describe(&mut self, batch: Batch) -> anyhow::Result<Vec<Description>> {
        let Batch { folder: photos, products, contents } = batch;
        let (network, dims) = (self.network.clone(), self.network.dims());
        let mut found: Vec<Option<Description>> = Vec::new();
        found.resize_with(products.len(), || None);
        let work = Work { photos, products, contents, network, jobs: self.jobs, limit: self.limit };
        let kept = &mut self.kept;
        run(work, self.known.clone(), None, |index, _, done| {
            found[index] = Some(match (done, &mut *kept) {
                (Done::Skipped { reason }, _) => Err(reason),
                (Done::Reused(Kept { photo, record, .. }), Some((_, reader))) => {
                    let mut embedding = vec![0f32; dims];
                    reader.read(record, &mut embedding)?;
                    let size = [record.width, record.height];
                    Ok((photo, Described { size, colours: record.colours, embedding }))
                }
                (Done::Reused(_), None) => anyhow::bail!("a photo is known without a cache"),
                (Done::Embedded { photo, described, .. }, kept) => {
                    if let Some((cache, _)) = kept
                        && cache.get(&photo).is_none()
                    {
                        cache.insert(photo, &described)?;
                    }
                    Ok((photo, described))
                }
            });
            Ok(())
        })?;
        if let Some((cache, _)) = &self.kept {
            cache.sync()?;
        }
        let (all, done) = (found.len(), found.iter().flatten().count());
        if done < all {
            interrupt::check_output()?;
        }
        ensure!(done == all, "{} photos were not looked at: a thread ended early", all - done);
        Ok(found.into_iter().flatten().collect())
    }
}
