//! A finished folder, opened for reading: every file is checked on the way in, and an error names it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::codes::{Codes, CodesError};
use lookalike::colour::ColourCodes;
use lookalike::embedding::Adaptation;
use lookalike::folder::{
    Card, FileEntry, Manifest, NeighbourShard, card_shard_name, read_card_shard, read_neighbour_shard,
    shard_of,
};
use lookalike::format::verify;
use lookalike::ivf::{File, FileKind, Folders, folder_of_layer};
use lookalike::photo::Region;
use lookalike::rank::Neighbour;
use lookalike::search::{Catalogue, Search, SearchRequest, Step};

use crate::networks::{self, Opened};

/// What was read.
#[derive(Clone, Copy, Default)]
pub struct Read {
    /// How many.
    pub files: u64,
    /// Of all of them.
    pub bytes: u64,
}

impl Read {
    /// Adds `other`.
    pub fn add(&mut self, other: Read) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// What a search has found, and what was read for it.
pub struct Found {
    /// The items to show, nearest first; with diversity in the order of choice.
    pub neighbours: Vec<Neighbour>,
    /// Files of partitions that were not loaded.
    pub read: Read,
}

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

    /// The codes, without the refinement and without what is in partitions.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    fn codes(&self) -> anyhow::Result<Codes> {
        let Manifest { codec, codes, items, .. } = &self.manifest;
        let (codec_bytes, codes_bytes) = (self.checked(codec)?, self.checked(codes)?);
        Codes::read(&codec_bytes, &codes_bytes, *items).map_err(|error| match error {
            CodesError::Codec(error) => anyhow::Error::new(error).context(codec.path.clone()),
            CodesError::Codes(error) => anyhow::Error::new(error).context(codes.path.clone()),
        })
    }

    /// The catalogue, to search in: its codes, with the refinement if it is `refined`. Nothing that is in partitions is loaded.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn catalogue(&self, refined: bool) -> anyhow::Result<Catalogue> {
        let mut catalogue = Catalogue::new(self.codes()?);
        let Manifest { partitions, refinement, colours, attributes, .. } = &self.manifest;
        let layer = |entry: &FileEntry| folder_of_layer(&entry.path).to_owned();
        catalogue.set_folders(Folders {
            codes: partitions.as_ref().map_or_else(String::new, |entry| entry.path.clone()),
            colours: layer(colours),
            attributes: attributes.as_ref().map_or_else(String::new, layer),
        });
        if refined {
            catalogue.refine(&self.checked(refinement)?).with_context(|| refinement.path.clone())?;
        }
        Ok(catalogue)
    }

    /// The products' colours, without what is in partitions.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn colours(&self) -> anyhow::Result<ColourCodes> {
        let entry = &self.manifest.colours;
        ColourCodes::read(&self.checked(entry)?).with_context(|| entry.path.clone())
    }

    /// Takes the products' colours into `catalogue`.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn give_colours(&self, catalogue: &mut Catalogue) -> anyhow::Result<()> {
        let entry = &self.manifest.colours;
        catalogue.give_colours(&self.checked(entry)?).with_context(|| entry.path.clone())
    }

    /// Takes what products are filtered by into `catalogue`, if the folder has any.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn give_attributes(&self, catalogue: &mut Catalogue) -> anyhow::Result<()> {
        let Some(entry) = &self.manifest.attributes else { return Ok(()) };
        catalogue.give_attributes(&self.checked(entry)?).with_context(|| entry.path.clone())
    }

    /// The catalogue with the codes of all partitions, if it has some; with the refinement if it is `refined`.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn whole_catalogue(&self, refined: bool) -> anyhow::Result<Catalogue> {
        let mut catalogue = self.catalogue(refined)?;
        let count = catalogue.partitions().map_or(0, |partitions| partitions.count());
        let kinds = if refined { &[FileKind::Codes, FileKind::Refinement][..] } else { &[FileKind::Codes] };
        for partition in 0..count {
            self.load_partition(&mut catalogue, partition, kinds)?;
        }
        Ok(catalogue)
    }

    /// Bytes of the codes and of the refinement, with what is in partitions.
    pub fn codes_bytes(&self, catalogue: &Catalogue) -> [u64; 2] {
        let mut bytes = [self.manifest.codes.bytes, self.manifest.refinement.bytes];
        if let Some(partitions) = catalogue.partitions() {
            for partition in 0..partitions.count() {
                bytes
                    .iter_mut()
                    .zip(partitions.bytes(partition))
                    .for_each(|(sum, own)| *sum += u64::from(own));
            }
        }
        bytes
    }

    /// Searches `catalogue`, which is this folder's; loads what the search needs.
    ///
    /// # Errors
    /// When the search cannot be made, or a file cannot be read or is refused.
    pub fn search(&self, catalogue: &mut Catalogue, mut request: SearchRequest) -> anyhow::Result<Found> {
        if let Some(products) = &self.manifest.products {
            request.rules.group.get_or_insert_with(|| products.column.clone());
        }
        let mut search = Search::new(request);
        let mut read = Read::default();
        loop {
            match search.step(catalogue)? {
                Step::Results(neighbours) => return Ok(Found { neighbours, read }),
                Step::Need(files) => read.add(self.load(catalogue, &files)?),
            }
        }
    }

    /// Loads those files of a partition that are missing, of these kinds; codes come first.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn load_partition(
        &self,
        catalogue: &mut Catalogue,
        partition: u32,
        kinds: &[FileKind],
    ) -> anyhow::Result<Read> {
        let Some(partitions) = catalogue.partitions() else { return Ok(Read::default()) };
        let files: Vec<File> =
            kinds.iter().flat_map(|kind| partitions.missing(*kind, &[partition])).collect();
        self.load(catalogue, &files)
    }

    fn load(&self, catalogue: &mut Catalogue, files: &[File]) -> anyhow::Result<Read> {
        let mut read = Read::default();
        for file in files {
            let path = catalogue.path(*file);
            let bytes = self.read(&path)?;
            catalogue.load(*file, &bytes).context(path)?;
            read.add(Read { files: 1, bytes: bytes.len() as u64 });
        }
        Ok(read)
    }

    /// What embeddings are adapted to the catalogue by, if they are.
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn adaptation(&self) -> anyhow::Result<Option<Adaptation>> {
        let Some(entry) = &self.manifest.adaptation else { return Ok(None) };
        Ok(Some(Adaptation::read(&self.checked(entry)?).with_context(|| entry.path.clone())?))
    }

    /// The embedding of `photo` that is compared with those of the catalogue, `[dims of the codes]`.
    ///
    /// # Errors
    /// When the network or the adaptation cannot be read or is refused, or the network fails.
    pub fn embed<'a>(&self, photo: impl Into<Region<'a>>) -> anyhow::Result<Vec<f32>> {
        let network = self.network()?.network;
        let embedding = network.embed(photo)?;
        let Some(entry) = &self.manifest.adaptation else { return Ok(embedding) };
        let adaptation = self.adaptation()?.context("the manifest names an adaptation")?;
        let adaptation = adaptation.of_network(network.dims()).with_context(|| entry.path.clone())?;
        Ok(adaptation.apply(&embedding)?)
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
