//! The full-precision embeddings of a finished folder. They are not in the folder but in `build`'s cache beside it.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use lookalike::digest::Digest;

use crate::build::cache::{EmbeddingCache, Record, lock, read_catalogue};
use crate::folder_reader::Folder;

/// The embeddings of a folder's products.
pub struct StoredEmbeddings {
    /// Where they are.
    pub cache: EmbeddingCache,
    /// Ids in item order.
    pub ids: Vec<String>,
    /// By item.
    pub records: Vec<Record>,
    _lock: File,
}

impl StoredEmbeddings {
    /// Those of `folder`, which lies at `place`.
    ///
    /// # Errors
    /// When the cache is not there, is in use, or is of another state of the folder.
    pub fn open(folder: &Folder, place: &Path) -> anyhow::Result<StoredEmbeddings> {
        let cache_folder = EmbeddingCache::folder_of(place);
        let name = cache_folder.display();
        if !cache_folder.is_dir() {
            bail!("{name} is not there; it holds the full-precision embeddings, and `build` makes it");
        }
        let lock = lock(&cache_folder)?;
        let opened = folder.network()?;
        let cache = EmbeddingCache::open(&cache_folder, opened.network.identity(), opened.network.dims())?;
        let manifest = Digest::of(&folder.read("manifest.json")?);
        let photos = read_catalogue(&cache_folder, manifest)?
            .with_context(|| format!("{name} was made for another state of the folder; run `build` again"))?;
        let (mut ids, mut records) = (Vec::new(), Vec::new());
        for (id, photo) in photos {
            let record = cache.get(&photo);
            records
                .push(record.with_context(|| {
                    format!("{name} has no embedding of product {id}; run `build` again")
                })?);
            ids.push(id);
        }
        Ok(StoredEmbeddings { cache, ids, records, _lock: lock })
    }
}
