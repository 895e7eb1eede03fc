//! The full-precision embeddings of a finished folder: the network's and, if it has an adaptation, those that distances are
//! measured on. They are not in the folder but in `build`'s cache beside it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::digest::Digest;
use lookalike::embedding::Adaptation;

use crate::build::cache::{EmbeddingCache, Record, read_catalogue};
use crate::build::embeddings::Embeddings;
use crate::build::record_log::Access;
use crate::folder_reader::Folder;
use crate::lock;
use crate::workers::processors;

/// The embeddings of a folder's products.
pub struct StoredEmbeddings {
    /// Those that distances are measured on.
    pub embeddings: Embeddings,
    /// Of these, by item.
    pub records: Vec<Record>,
    /// Those that the network gave.
    pub network: Embeddings,
    /// Of these, by item.
    pub network_records: Vec<Record>,
    /// Dimensions and weight of each component of these.
    pub components: Vec<(usize, f32)>,
    /// Ids in item order.
    pub ids: Vec<String>,
    /// Whether the vectors that distances are measured on differ from the network's.
    pub adapted: bool,
    cache_folder: PathBuf,
    _lock: Option<File>,
}

impl StoredEmbeddings {
    /// Those of `folder`, which lies at `place`.
    ///
    /// # Errors
    /// When the cache is not there, is in use, or is of another state of the folder.
    pub fn open(folder: &Folder, place: &Path) -> anyhow::Result<StoredEmbeddings> {
        let cache_folder = EmbeddingCache::folder_of(place);
        let name = cache_folder.display().to_string();
        if !cache_folder.is_dir() {
            bail!("{name} is not there; it holds the full-precision embeddings, and `build` makes it");
        }
        let lock = lock::read(&cache_folder)?;
        let opened = folder.network()?;
        let (identity, dims) = (opened.network.identity(), opened.network.dims());
        let cache = EmbeddingCache::open(&cache_folder, identity, dims, Access::Read).with_context(|| {
            format!(
                "{name} has no embeddings of this version of the program and this network; run `build` again"
            )
        })?;
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
        let adaptation = folder.adaptation()?;
        let mut stored = StoredEmbeddings {
            embeddings: cache.embeddings(),
            network_records: records.clone(),
            records,
            network: cache.embeddings(),
            components: opened.network.components(),
            ids,
            adapted: adaptation.is_some(),
            cache_folder,
            _lock: lock,
        };
        if let Some(adaptation) = adaptation {
            (stored.embeddings, stored.records) = stored.adapt(&adaptation)?;
        }
        Ok(stored)
    }

    /// The network's embeddings adapted by `adaptation`. The file is the same each time: one result at a time.
    ///
    /// # Errors
    /// When an embedding cannot be read or the file cannot be written.
    pub fn adapt(&self, adaptation: &Adaptation) -> anyhow::Result<(Embeddings, Vec<Record>)> {
        let (network, records) = (&self.network, &self.network_records);
        Embeddings::adapted(&self.cache_folder, network, records, adaptation, processors())
    }

    /// The network's own in the place of adapted ones.
    pub fn raw(mut self) -> StoredEmbeddings {
        std::mem::swap(&mut self.embeddings, &mut self.network);
        std::mem::swap(&mut self.records, &mut self.network_records);
        self
    }
}
