//! The full-precision embeddings of a finished folder: the network's and, if it has an adaptation, those that distances are
//! measured on. They are not in the folder but in `build`'s cache beside it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::digest::Digest;
use lookalike::embedding::{Adaptation, Component};

use crate::folder_reader::Folder;
use crate::indexing::adaptation::{kept_path, of_cache};
use crate::indexing::cache::{EmbeddingCache, Record, read_catalogue};
use crate::indexing::embeddings::Embeddings;
use crate::indexing::record_log::Access;
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
    pub components: Vec<Component>,
    /// Ids in item order.
    pub ids: Vec<String>,
    /// Whether the vectors that distances are measured on differ from the network's.
    pub adapted: bool,
    photos: Vec<Digest>,
    cache_folder: PathBuf,
    _lock: Option<File>,
}

/// The network that embeddings are of, and what adapts them.
struct Role {
    network: Digest,
    dims: usize,
    components: Vec<Component>,
    adaptation: Option<Adaptation>,
}

impl Role {
    fn of_photos(folder: &Folder) -> anyhow::Result<Role> {
        let network = folder.network()?.network;
        let (identity, dims) = (network.identity(), network.dims());
        let adaptation = folder.adaptation()?;
        Ok(Role {
            network: identity,
            dims,
            components: Component::of_network(network.description()),
            adaptation,
        })
    }

    fn of_neighbours(folder: &Folder, cache_folder: &Path) -> anyhow::Result<Role> {
        let Some(own) = &folder.manifest.neighbours.network else { return Role::of_photos(folder) };
        let network = Digest::from_hex(&own.sha256).context("the network of the neighbours has no digest")?;
        let kept = || {
            of_cache(cache_folder, &own.sha256).with_context(|| {
                let name = kept_path(cache_folder, &own.sha256);
                format!("{} is not there or damaged; run `build` again", name.display())
            })
        };
        let adaptation = own.adapted.then(kept).transpose()?;
        Ok(Role { network, dims: own.dims, components: own.components.clone(), adaptation })
    }
}

impl StoredEmbeddings {
    /// Those that the stored neighbours of `folder`, which lies at `place`, are nearest by.
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
        let manifest = Digest::of(&folder.read("manifest.json")?);
        let photos = read_catalogue(&cache_folder, manifest)?
            .with_context(|| format!("{name} was made for another state of the folder; run `build` again"))?;
        let (ids, photos) = photos.into_iter().unzip();
        let role = Role::of_neighbours(folder, &cache_folder)?;
        StoredEmbeddings::of(role, ids, photos, cache_folder, lock)
    }

    /// Those of the network that embeds shoppers' photos, which codes are of; `None` if they are the same.
    ///
    /// # Errors
    /// When the folder cannot be read or the cache does not have them.
    pub fn of_photos(&self, folder: &Folder) -> anyhow::Result<Option<StoredEmbeddings>> {
        if folder.manifest.neighbours.network.is_none() {
            return Ok(None);
        }
        let (ids, photos) = (self.ids.clone(), self.photos.clone());
        StoredEmbeddings::of(Role::of_photos(folder)?, ids, photos, self.cache_folder.clone(), None).map(Some)
    }

    fn of(
        role: Role,
        ids: Vec<String>,
        photos: Vec<Digest>,
        cache_folder: PathBuf,
        lock: Option<File>,
    ) -> anyhow::Result<StoredEmbeddings> {
        let cache = EmbeddingCache::open(&cache_folder, role.network, role.dims, Access::Read);
        let cache = cache.with_context(|| {
            format!(
                "{} has no embeddings of this version of the program and this network; run `build` again",
                cache_folder.display()
            )
        })?;
        let record = |(id, photo): (&String, &Digest)| {
            cache.get(photo).with_context(|| {
                format!("{} has no embedding of product {id}; run `build` again", cache_folder.display())
            })
        };
        let records: Vec<Record> = ids.iter().zip(&photos).map(record).collect::<anyhow::Result<_>>()?;
        let mut stored = StoredEmbeddings {
            embeddings: cache.embeddings(),
            network_records: records.clone(),
            records,
            network: cache.embeddings(),
            components: role.components,
            ids,
            adapted: role.adaptation.is_some(),
            photos,
            cache_folder,
            _lock: lock,
        };
        if let Some(adaptation) = role.adaptation {
            (stored.embeddings, stored.records) = stored.adapt(&adaptation)?;
        }
        Ok(stored)
    }

    /// The network's embeddings adapted by `adaptation`.
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
