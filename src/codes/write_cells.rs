//! Writes the codes of a catalogue that is cut into cells: what they have in common is learnt from a sample, then each cell is
//! written for itself, so that memory does not grow with the catalogue.

use super::cells::{CELL_MAGIC, CELLS_VERSION, PLACES_MAGIC};
use super::layer;
use super::model::Model;
use super::train::{Coded, Coder};
use super::write::{Lengths, Trained, codebook, first_axes, header, lost, refinement_head};
use super::{CODES_MAGIC, CODES_VERSION_CELLS, REFINEMENT_VERSION_CELLS, Space};
use crate::digest::Digest;

/// Writes cells.
pub struct CellWriter {
    base: (Model, Coder),
    refined: (Model, Coder),
    /// Axes of coefficients.
    all: usize,
    lengths: Lengths,
    /// The codebook's file.
    pub codebook: Vec<u8>,
    /// The refinement's file, which holds no products.
    pub refinement: Vec<u8>,
}

/// The two files of a cell.
pub struct CellFiles {
    /// Its codes.
    pub codes: Vec<u8>,
    /// What settles a ranking by them.
    pub refinement: Vec<u8>,
}

/// What the codes file says of a cell.
pub struct WrittenCell {
    /// Products in it.
    pub items: u32,
    /// Lengths of its two files.
    pub bytes: [u32; 2],
    /// And their digests.
    pub digests: [Digest; 2],
    /// `[axes]`: where it is.
    pub centroid: Vec<i8>,
}

impl CellWriter {
    /// Learns from `sample`, coefficients as [`super::write()`] takes them, how to code products with these `lengths`,
    /// `[items]`, in `bytes` each.
    pub fn new(space: &Space, sample: &[f32], lengths: &[f64], bytes: f64, threads: usize) -> CellWriter {
        let Trained { base, refined } = Trained::of(space, sample, lengths.len(), bytes, threads);
        let lengths = Lengths::of(lengths);
        let codebook = codebook(space, &base.model, &lengths);
        let mut refinement = refinement_head(space, &refined.model, &lengths, REFINEMENT_VERSION_CELLS);
        refinement.extend((lengths.codes.len() as u32).to_le_bytes());
        let [base, refined] = [base, refined].map(|Coded { model, coder, .. }| (model, coder));
        CellWriter { base, refined, all: space.rotation.axes(), lengths, codebook, refinement }
    }

    /// The files of the cell of `items`, ascending, with `coefficients`, `[items, axes]`.
    pub fn cell(&self, items: &[u32], coefficients: &[f32]) -> CellFiles {
        let [(base, coder), (refined, refined_coder)] = [&self.base, &self.refined];
        let numbers = coder.code(&first_axes(coefficients, self.all, base.axes()));
        let refined_numbers = refined_coder.code(&lost(base, &numbers, coefficients, self.all));
        let of_items = |all: &[u8]| items.iter().map(|item| all[*item as usize]).collect::<Vec<u8>>();

        let mut codes = cell_header(CELL_MAGIC, 0);
        codes.extend(items.iter().flat_map(|item| item.to_le_bytes()));
        layer::write(base, &numbers, &of_items(&self.lengths.codes), &mut codes);
        let mut refinement = cell_header(CELL_MAGIC, 1);
        layer::write(refined, &refined_numbers, &of_items(&self.lengths.refined), &mut refinement);
        CellFiles { codes, refinement }
    }

    /// The codes file: of all cells, and the digests of the files of places. A cell's coordinate is `unit` times a number
    /// of its centroid.
    pub fn codes(&self, cells: &[WrittenCell], unit: f32, places: &[Digest]) -> Vec<u8> {
        let mut codes = header(CODES_MAGIC, CODES_VERSION_CELLS);
        codes.extend((self.lengths.codes.len() as u32).to_le_bytes());
        codes.extend((cells.len() as u32).to_le_bytes());
        let axes = cells.first().map_or(0, |cell| cell.centroid.len());
        codes.extend((axes as u32).to_le_bytes());
        codes.extend(unit.to_le_bytes());
        for cell in cells {
            let numbers = [cell.items, cell.bytes[0], cell.bytes[1]];
            codes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            codes.extend(cell.digests.iter().flat_map(Digest::kept));
        }
        codes.extend(places.iter().flat_map(Digest::kept));
        codes.extend(cells.iter().flat_map(|cell| &cell.centroid).map(|number| *number as u8));
        codes
    }
}

/// A file of places: the cells of consecutive products.
pub fn write_places(cells: &[u32]) -> Vec<u8> {
    let mut bytes = cell_header(PLACES_MAGIC, 0);
    bytes.extend(cells.iter().flat_map(|cell| cell.to_le_bytes()));
    bytes
}

fn cell_header(magic: &[u8; 4], kind: u16) -> Vec<u8> {
    let mut bytes = header(magic, CELLS_VERSION);
    bytes.extend(kind.to_le_bytes());
    bytes
}
