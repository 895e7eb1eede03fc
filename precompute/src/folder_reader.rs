//! A finished folder, opened for reading: every file is checked on the way in, and an error names it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use lookalike::attributes::Attributes;
use lookalike::codes::{Codes, CodesError, PLACES};
use lookalike::colour::ColourCodes;
use lookalike::embedding::Adaptation;
use lookalike::folder::{
    Card, FileEntry, Manifest, NeighbourShard, card_shard_name, cell_codes_name, cell_name,
    cell_refinement_name, layer_folder, places_name, read_card_shard, read_neighbour_shard, shard_of,
};
use lookalike::format::{FormatError, verify};
use lookalike::photo::Region;

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

    /// The codes, without the refinement; those in cells are to be taken in ([`Folder::give_cells`]).
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

    /// The codes, with the refinement if it is `refined`, and all that is in cells.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn all_codes(&self, refined: bool) -> anyhow::Result<Codes> {
        let mut codes = if refined { self.refined_codes()? } else { self.codes()? };
        for cell in 0..codes.cells() {
            self.give_cells(&mut codes, &[cell], false)?;
            if refined {
                self.give_cells(&mut codes, &[cell], true)?;
            }
        }
        Ok(codes)
    }

    /// Bytes of the codes and of the refinement, with what is in cells.
    pub fn codes_bytes(&self, codes: &Codes) -> [u64; 2] {
        let mut bytes = [self.manifest.codes.bytes, self.manifest.refinement.bytes];
        for cell in 0..codes.cells() {
            bytes.iter_mut().zip(codes.cell_bytes(cell)).for_each(|(sum, own)| *sum += u64::from(own));
        }
        bytes
    }

    /// Takes in those of `cells` that are not in `codes` yet, or their refinements; gives how many files and bytes that were.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn give_cells(&self, codes: &mut Codes, cells: &[u32], refinement: bool) -> anyhow::Result<Read> {
        let path = &self.manifest.cells.as_ref().context("the folder has no cells")?.path;
        let mut read = Read::default();
        for cell in cells {
            let name = if refinement { cell_refinement_name(*cell) } else { cell_codes_name(*cell) };
            let file = format!("{path}/{name}");
            let bytes = self.read(&file)?;
            codes.give_cell(*cell, refinement, &bytes).with_context(|| file.clone())?;
            read.add(Read { files: 1, bytes: bytes.len() as u64 });
        }
        Ok(read)
    }

    /// The cell of item number `item`.
    ///
    /// # Errors
    /// When the file that says it cannot be read or is refused.
    pub fn cell_of(&self, codes: &Codes, item: u32) -> anyhow::Result<u32> {
        let path = &self.manifest.cells.as_ref().context("the folder has no cells")?.path;
        let file = format!("{path}/{}", places_name(item / PLACES as u32));
        codes.cell_of(item, &self.read(&file)?).with_context(|| file.clone())
    }

    /// The products' colours; those in cells are to be taken in ([`Folder::give_colours`]).
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn colours(&self) -> anyhow::Result<ColourCodes> {
        let entry = &self.manifest.colours;
        let colours = ColourCodes::read(&self.checked(entry)?).with_context(|| entry.path.clone())?;
        let same =
            colours.items() == self.manifest.items as usize && [0, self.cells()].contains(&colours.cells());
        ensure!(same, "{} is of another catalogue", entry.path);
        Ok(colours)
    }

    /// Takes in the colours of those of `cells` that are not in `colours` yet, whose codes are in `codes`; gives how many files and
    /// bytes that were. None where colours are not in cells.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn give_colours(
        &self,
        codes: &Codes,
        colours: &mut ColourCodes,
        cells: &[u32],
    ) -> anyhow::Result<Read> {
        let path = &self.manifest.colours.path;
        self.give(codes, &colours.lacking_cells(cells), path, |cell, items, bytes| {
            colours.give_cell(cell, items, bytes)
        })
    }

    /// The same of attributes.
    ///
    /// # Errors
    /// When a file cannot be read or is refused.
    pub fn give_attributes(
        &self,
        codes: &Codes,
        attributes: &mut Attributes,
        cells: &[u32],
    ) -> anyhow::Result<Read> {
        let path = self.manifest.attributes.as_ref().map_or("", |entry| &entry.path);
        self.give(codes, &attributes.lacking_cells(cells), path, |cell, items, bytes| {
            attributes.give_cell(cell, items, bytes)
        })
    }

    /// From the layer beside the file `path`.
    fn give(
        &self,
        codes: &Codes,
        cells: &[u32],
        path: &str,
        mut take: impl FnMut(u32, &[u32], &[u8]) -> Result<(), FormatError>,
    ) -> anyhow::Result<Read> {
        let mut read = Read::default();
        for cell in cells {
            let file = format!("{}/{}", layer_folder(path), cell_name(*cell));
            let bytes = self.read(&file)?;
            take(*cell, &codes.items_of_cells(&[*cell]), &bytes).with_context(|| file)?;
            read.add(Read { files: 1, bytes: bytes.len() as u64 });
        }
        Ok(read)
    }

    /// How many cells there are; 0 where there are none.
    fn cells(&self) -> u32 {
        self.manifest.cells.as_ref().map_or(0, |cells| cells.count)
    }

    /// What products are filtered by; none where the folder has none. What is in cells is to be taken in
    /// ([`Folder::give_attributes`]).
    ///
    /// # Errors
    /// When the file cannot be read or is refused.
    pub fn attributes(&self) -> anyhow::Result<Attributes> {
        let items = self.manifest.items;
        let Some(entry) = &self.manifest.attributes else { return Ok(Attributes::none(items)) };
        let attributes =
            Attributes::read(&self.checked(entry)?, items).with_context(|| entry.path.clone())?;
        let same = [0, self.cells()].contains(&attributes.cells());
        ensure!(same, "{} is of another catalogue", entry.path);
        Ok(attributes)
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
