//! What a browser ranks by: codes, colours and attributes, in a file each or in cells.

use std::fs;
use std::path::Path;

use anyhow::Context;
use lookalike::attributes::{self, Attributes, MAX_ITEMS, write_attributes_of_cell};
use lookalike::codes;
use lookalike::colour::{ColourCodes, Colours};
use lookalike::digest::Digest;
use lookalike::folder::{CellsEntry, FileEntry, cell_name, layer_folder};

use super::cells::{CellContents, Cells, WrittenCells};
use super::folder::{Contents, ToCode, write_file};
use super::space::Coordinates;
use crate::catalogue::ProductFields;

/// What was written.
pub struct RankingFiles {
    /// What codes are read by.
    pub codebook: FileEntry,
    /// Quantised embeddings.
    pub codes: FileEntry,
    /// What settles a ranking by them.
    pub refinement: FileEntry,
    /// The products' colours.
    pub colours: FileEntry,
    /// What they are filtered by, if there is anything.
    pub attributes: Option<FileEntry>,
    /// Where the cells are, if there are any.
    pub cells: Option<CellsEntry>,
    /// Lengths of what is in cells.
    pub in_cells: InCells,
}

/// Bytes of all cells' files.
#[derive(Default)]
pub struct InCells {
    /// With the files of places.
    pub codes: u64,
    /// Of refinements.
    pub refinement: u64,
    /// Of colours.
    pub colours: u64,
    /// Of attributes.
    pub attributes: u64,
}

/// Writes it to `folder`; says which columns cannot be filtered by.
///
/// # Errors
/// When an embedding cannot be read or a file not be written.
pub fn write(folder: &Path, contents: &Contents) -> anyhow::Result<RankingFiles> {
    let attributes = attributes(contents);
    match &contents.codes {
        ToCode::Whole(coordinates) => write_whole(folder, contents, coordinates, attributes),
        ToCode::Cells(cells, of_cells) => write_in_cells(folder, contents, (cells, of_cells), attributes),
    }
}

fn write_whole(
    folder: &Path,
    contents: &Contents,
    coordinates: &Coordinates,
    attributes: Option<Vec<u8>>,
) -> anyhow::Result<RankingFiles> {
    let Coordinates { space, coefficients, lengths } = coordinates;
    let written = codes::write(space, coefficients, lengths, contents.code_bytes, contents.jobs);
    let colours: Vec<Colours> = contents.items.iter().map(|item| item.record.colours).collect();
    let colours = ColourCodes::write(&colours, contents.means, contents.colour);
    Ok(RankingFiles {
        codebook: write_file(folder, "codebook", &written.codebook)?,
        codes: write_file(folder, "codes", &written.codes)?,
        refinement: write_file(folder, "refinement", &written.refinement)?,
        colours: write_file(folder, "colours", &colours)?,
        attributes: attributes.map(|bytes| write_file(folder, "attributes", &bytes)).transpose()?,
        cells: None,
        in_cells: InCells::default(),
    })
}

fn write_in_cells(
    folder: &Path,
    contents: &Contents,
    (cells, of_cells): (&Cells, &CellContents),
    attributes: Option<Vec<u8>>,
) -> anyhow::Result<RankingFiles> {
    let unnamed = folder.join("cells.unfinished");
    fs::create_dir_all(&unnamed)?;
    let WrittenCells { files, cells, places, places_bytes, members } = cells.write(&unnamed, of_cells)?;
    let digests = cells.iter().flat_map(|cell| cell.digests).chain(places);
    let path = format!("cells-{}", Digest::of_set(digests).short());
    fs::rename(&unnamed, folder.join(&path))?;
    let bytes_of = |layer: usize| cells.iter().map(|cell| u64::from(cell.bytes[layer])).sum::<u64>();
    let mut in_cells =
        InCells { codes: places_bytes + bytes_of(0), refinement: bytes_of(1), ..InCells::default() };

    let colours_of = |members: &[u32]| {
        let colours: Vec<Colours> =
            members.iter().map(|item| of_cells.items[*item as usize].colours).collect();
        ColourCodes::write_cell(&colours)
    };
    let head = |cells: &[Digest]| {
        ColourCodes::write_of_cells(of_cells.items.len(), cells, contents.means, contents.colour)
    };
    let (colours, bytes) = write_layer(folder, "colours", &members, colours_of, head)?;
    in_cells.colours = bytes;

    let mut entry = None;
    if let Some(bytes) = attributes {
        // Read back for what its columns are; a cell's file has the same.
        let items = u32::try_from(of_cells.items.len())?;
        let whole = Attributes::read(&bytes, items)?;
        let attributes_of = |members: &[u32]| {
            let rows = members.iter().map(|item| contents.fields[*item as usize].comparable());
            write_attributes_of_cell(rows, whole.columns())
        };
        let head = |cells: &[Digest]| Attributes::write_of_cells(items, whole.columns().len(), cells);
        let (attributes, bytes) = write_layer(folder, "attributes", &members, attributes_of, head)?;
        in_cells.attributes = bytes;
        entry = Some(attributes);
    }
    Ok(RankingFiles {
        codebook: write_file(folder, "codebook", &files.codebook)?,
        codes: write_file(folder, "codes", &files.codes)?,
        refinement: write_file(folder, "refinement", &files.refinement)?,
        colours,
        attributes: entry,
        cells: Some(CellsEntry { path, count: u32::try_from(cells.len())? }),
        in_cells,
    })
}

/// Writes a file for the `members` of each cell, and the one that has their digests, after which their folder is named: what changes
/// in one layer leaves browsers the others. Gives the latter and the bytes of the former.
fn write_layer(
    folder: &Path,
    kind: &str,
    members: &[Vec<u32>],
    file_of: impl Fn(&[u32]) -> Vec<u8>,
    head: impl Fn(&[Digest]) -> Vec<u8>,
) -> anyhow::Result<(FileEntry, u64)> {
    let unnamed = folder.join(format!("{kind}.unfinished"));
    fs::create_dir_all(&unnamed)?;
    let (mut digests, mut bytes) = (Vec::new(), 0);
    for (cell, members) in (0..).zip(members) {
        let content = file_of(members);
        let name = cell_name(cell);
        fs::write(unnamed.join(&name), &content).with_context(|| format!("writing {kind}, {name}"))?;
        digests.push(Digest::of(&content));
        bytes += content.len() as u64;
    }
    let entry = write_file(folder, kind, &head(&digests))?;
    fs::rename(&unnamed, folder.join(layer_folder(&entry.path)))?;
    Ok((entry, bytes))
}

/// The attributes file of all products; `None` where there is nothing to filter by.
fn attributes(contents: &Contents) -> Option<Vec<u8>> {
    if contents.items.len() > MAX_ITEMS as usize {
        eprintln!("note: products cannot be filtered: there are more than {MAX_ITEMS}");
        return None;
    }
    let written = attributes::write_attributes(
        contents.fields.iter().map(ProductFields::comparable),
        contents.group.as_slice(),
    );
    for left_out in &written.left_out {
        eprintln!("note: {left_out}");
    }
    (written.columns > 0).then_some(written.bytes)
}
