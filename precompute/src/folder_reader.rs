//! A finished folder, opened for reading: every file is checked on the way in, and an error names it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use lookalike::attributes::Attributes;
use lookalike::codes::{Codes, CodesError};
use lookalike::colour::ColourCodes;
use lookalike::folder::{
    Card, FileEntry, Manifest, NeighbourShard, card_shard_name, read_card_shard, read_neighbour_shard,
    shard_of,
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

    /// The codes, without the refinement.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn codes(&self) -> anyhow::Result<Codes> {
        let Manifest { codebook, codes, items, .. } = &self.manifest;
        let (codebook_bytes, codes_bytes) = (self.checked(codebook)?, self.checked(codes)?);
        Codes::read(&codebook_bytes, &codes_bytes, *items).map_err(|error| match error {
            CodesError::Codebook(error) => anyhow::Error::new(error).context(codebook.path.clone()),
            CodesError::Codes(error) => anyhow::Error::new(error).context(codes.path.clone()),
        })
    }

    /// The codes with the refinement.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn refined_codes(&self) -> anyhow::Result<Codes> {
        let mut codes = self.codes()?;
        let entry = &self.manifest.refinement;
        codes.refine(&self.checked(entry)?).with_context(|| entry.path.clone())?;
        Ok(codes)
    }

    /// The products' colours.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn colours(&self) -> anyhow::Result<ColourCodes> {
        let entry = &self.manifest.colours;
        let colours = ColourCodes::read(&self.checked(entry)?).with_context(|| entry.path.clone())?;
        ensure!(colours.items() == self.manifest.items as usize, "{} is of another catalogue", entry.path);
        Ok(colours)
    }

    /// What products are filtered by; none where the folder has none.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn attributes(&self) -> anyhow::Result<Attributes> {
        let items = self.manifest.items;
        let Some(entry) = &self.manifest.attributes else { return Ok(Attributes::none(items)) };
        Attributes::read(&self.checked(entry)?, items).with_context(|| entry.path.clone())
    }

    fn checked(&self, entry: &FileEntry) -> anyhow::Result<Vec<u8>> {
        let bytes = self.read(&entry.path)?;
        verify(&bytes, &entry.sha256).with_context(|| entry.path.clone())?;
        Ok(bytes)
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
