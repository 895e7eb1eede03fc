//! How large the folder's parts are, as `build --json` reports it.

use serde::{Deserialize, Serialize};

/// Bytes of the folder's parts, uncompressed.
#[derive(Clone, Serialize, Deserialize, Default)]
pub struct Bytes {
    /// What embeddings are adapted to the catalogue by.
    #[serde(default)]
    pub adaptation: u64,
    /// What codes are read by.
    pub codec: u64,
    /// Quantised embeddings.
    pub codes: u64,
    /// What is loaded after them.
    pub refinement: u64,
    /// The products' colours.
    pub colours: u64,
    /// What can be filtered by.
    pub attributes: u64,
    /// All shards.
    pub neighbours: u64,
    /// All cards.
    pub items: u64,
    /// All thumbnails.
    pub thumbnails: u64,
    /// All fragments.
    pub fragments: u64,
    /// The network.
    pub model: u64,
    /// The element, its worker and wasm.
    pub runtime: u64,
    /// Everything but the list of files.
    pub total: u64,
}

impl Bytes {
    /// The sum of all but the manifest.
    pub fn parts(&self) -> u64 {
        let Bytes { adaptation, codec, codes, refinement, colours, attributes, .. } = self;
        let Bytes { neighbours, items, thumbnails, fragments, model, runtime, .. } = self;
        let ranking = adaptation + codec + codes + refinement + colours + attributes;
        ranking + neighbours + items + thumbnails + fragments + model + runtime
    }
}
