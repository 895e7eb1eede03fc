//! A finished folder, opened for reading: every file is checked on the way in, and an error names it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use lookalike::codes::Codes;
use lookalike::folder::{
    Card, Manifest, NeighbourShard, card_shard_name, read_card_shard, read_neighbour_shard, shard_of,
};
use lookalike::format::verify;

use crate::networks::{self, Opened};

/// A folder made by `build`.
pub struct Folder {
    root: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Folder {
    /// Reads the manifest of the folder `root`.
    ///
    /// # Errors
    /// When there is none or it is refused.
    pub fn open(root: &Path) -> anyhow::Result<Folder> {
        let path = root.join("manifest.json");
        let text = fs::read(&path)
            .with_context(|| format!("reading {}; `precompute build` makes such a folder", path.display()))?;
        let manifest = Manifest::read(&text).with_context(|| path.display().to_string())?;
        Ok(Folder { root: root.to_path_buf(), manifest })
    }

    /// A file of the folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.path(path);
        fs::read(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// The place of a file of the folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Shard `shard` of the neighbours.
    ///
    /// # Errors
    /// When it cannot be read or is refused.
    pub fn neighbours(&self, shard: u32) -> anyhow::Result<NeighbourShard> {
        let path = format!("{}/{shard}.bin", self.manifest.neighbours.path);
        read_neighbour_shard(&self.read(&path)?, self.manifest.items).context(path)
    }

    /// The shard of the neighbours of product `id`.
    ///
    /// # Errors
    /// When it cannot be read or is refused.
    pub fn neighbours_of(&self, id: &str) -> anyhow::Result<NeighbourShard> {
        self.neighbours(shard_of(id, self.manifest.neighbours.shards))
    }

    /// Shard `shard` of the cards.
    ///
    /// # Errors
    /// When it cannot be read or is refused.
    pub fn cards(&self, shard: u32) -> anyhow::Result<Vec<Card>> {
        let path = format!("{}/{}", self.manifest.cards.path, card_shard_name(shard));
        read_card_shard(&self.read(&path)?).context(path)
    }

    /// The card of item number `item`.
    ///
    /// # Errors
    /// When its shard cannot be read, is refused or is too short.
    pub fn card(&self, item: u32) -> anyhow::Result<Card> {
        let per_shard = self.manifest.cards.per_shard;
        let shard = item / per_shard;
        let card = self.cards(shard)?.into_iter().nth((item % per_shard) as usize);
        card.with_context(|| format!("{}/{} lacks a card", self.manifest.cards.path, card_shard_name(shard)))
    }

    /// The codes.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn codes(&self) -> anyhow::Result<Codes> {
        let entry = &self.manifest.codes;
        let bytes = self.read(&entry.path)?;
        let codes = verify(&bytes, &entry.sha256).and_then(|()| Codes::read(&bytes));
        let codes = codes.with_context(|| entry.path.clone())?;
        ensure!(codes.items() == self.manifest.items as usize, "{} is of another catalogue", entry.path);
        Ok(codes)
    }

    /// The network.
    ///
    /// # Errors
    /// When a file of it cannot be read or is refused.
    pub fn network(&self) -> anyhow::Result<Opened> {
        let entry = &self.manifest.network;
        let opened = networks::open_folder(&self.path(&entry.path))?;
        if opened.network.identity().hex() != entry.sha256 {
            bail!("{}/network.json is not the one the manifest names; build the folder again", entry.path);
        }
        Ok(opened)
    }
}
