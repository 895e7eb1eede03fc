//! The vectors that distances are measured on: a network's embeddings of the catalogue, adapted to it or not.

use std::path::Path;

use lookalike::colour::Means;
use lookalike::embedding::Adaptation;

use super::adaptation::{self, Adapting};
use super::cache::{EmbeddingCache, Record};
use super::embed::Item;
use super::embeddings::Embeddings;
use super::means;
use crate::args::AdaptName;
use crate::networks::PhotoNetwork;

/// The vectors of all products.
pub struct Vectors {
    /// The vectors themselves.
    pub embeddings: Embeddings,
    /// Where each product's is, by item.
    pub records: Vec<Record>,
    /// What they were adapted to the catalogue by, if they were.
    pub adaptation: Option<Adaptation>,
    /// What was done about adaptation.
    pub adapting: Adapting,
    /// Mean distances between products.
    pub means: Means,
}

/// What vectors are made of.
pub struct Source<'a> {
    /// The network's embeddings.
    pub cache: &'a EmbeddingCache,
    /// The products, each with its record in `cache`.
    pub items: &'a [Item],
    /// The network.
    pub network: &'a PhotoNetwork,
    /// The adaptation of the build before, if it is of this network.
    pub previous: Option<Adaptation>,
    /// The cache, which holds the adapted vectors while the build lasts.
    pub cache_folder: &'a Path,
}

impl Vectors {
    /// Adapts the embeddings to the catalogue, unless `adapt` or the catalogue is against it.
    ///
    /// # Errors
    /// When an embedding cannot be read or is not of finite numbers, or the file cannot be written.
    pub fn new(source: Source, adapt: AdaptName, jobs: usize) -> anyhow::Result<Vectors> {
        let Source { cache, items, network, previous, cache_folder } = source;
        let (embeddings, components) = (cache.embeddings(), network.components());
        let records = items.iter().map(|item| item.record).collect::<Vec<_>>();
        let (adaptation, adapting) =
            adaptation::choose(adapt, previous, &components, &embeddings, items, jobs)?;
        let (embeddings, records) = match &adaptation {
            Some(adaptation) => Embeddings::adapted(cache_folder, &embeddings, &records, adaptation, jobs)?,
            None => (embeddings, records),
        };
        let means = means::means(&embeddings, &records)?;
        Ok(Vectors { embeddings, records, adaptation, adapting, means })
    }
}
