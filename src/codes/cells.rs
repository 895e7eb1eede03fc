//! A catalogue cut into cells: a question fetches the codes of the nearest only. What is known of all cells from the start,
//! which are near, and which are here (J. Sivic and A. Zisserman's inverted file, ICCV 2003, over k-means' cells).
//!
//! Everything that decides is in whole numbers, so that every machine takes the same cells.

use super::kernel::{LANES, dot};
use super::scan::Scan;
use super::{Codes, Search, value};
use crate::digest::{Digest, KEPT};
use crate::format::{FormatError, Reader};

/// Of a cell and its refinement.
pub const CELL_MAGIC: &[u8; 4] = b"LKCE";
/// Of the files that say which cell a product is in.
pub const PLACES_MAGIC: &[u8; 4] = b"LKPL";
/// Of both.
pub const CELLS_VERSION: u16 = 1;
/// Bytes of a cell's codes, at most.
pub const CELL_BYTES: usize = 65_535;
/// Axes that cells are told apart by, at most: sums stay within 32 bits.
pub const CELL_AXES: usize = 256;
/// Consecutive products of a file of places: 64 KB.
pub const PLACES: usize = 1 << 14;
/// Rounds in which a question may take twice the cells of the round before, the first aside.
const MORE_ROUNDS: u32 = 2;
/// Bytes of codes that a question takes first, and of the refinement at most: with the rest of both under 2 MB.
const FIRST_BYTES: u32 = 1_200_000;
const REFINED_BYTES: u32 = 750_000;
/// Products that stay here for the next question, 2 KB each.
const MOST_HELD: usize = 1 << 15;
/// Of a cell's file before its products, and of each product at least.
const HEAD: usize = 8;
const LEAST: usize = 5;

/// All cells.
pub struct Cells {
    unit: f32,
    /// Axes up to whole vectors.
    stride: usize,
    /// `[cells, stride]`: coordinate = `unit` * number.
    centroids: Vec<i16>,
    cells: Vec<Cell>,
    places: Vec<[u8; KEPT]>,
    /// `[items]`: where a product's codes are, if they are here.
    rows: Vec<u32>,
    /// `[rows]`: whose.
    numbers: Vec<u32>,
}

struct Cell {
    items: usize,
    /// Of the codes, of the refinement.
    bytes: [u32; 2],
    digests: [[u8; KEPT]; 2],
    /// Of its rows, if they are here.
    first: Option<usize>,
    refined: bool,
}

impl Cells {
    /// Reads what follows the number of products.
    pub(super) fn read(reader: &mut Reader, items: usize, most_axes: usize) -> Result<Cells, FormatError> {
        let wrong = || value("holds cells that no writer makes");
        let (count, axes) = (reader.u32()? as usize, reader.u32()? as usize);
        let unit = reader.f32s(1)?[0];
        let (mut cells, mut sum) = (Vec::new(), 0);
        for _ in 0..count {
            let [own, codes, refinement] = reader.u32s(3)?[..] else { return Err(wrong()) };
            let cell = Cell {
                items: own as usize,
                bytes: [codes, refinement],
                digests: [reader.kept_digest()?, reader.kept_digest()?],
                first: None,
                refined: false,
            };
            // No more products than there are bytes for: memory for them is as long as files are.
            if own == 0 || codes as usize > CELL_BYTES || cell.items > (CELL_BYTES - HEAD) / LEAST {
                return Err(wrong());
            }
            sum += cell.items;
            cells.push(cell);
        }
        if sum != items || axes > most_axes.min(CELL_AXES) || !(unit.is_finite() && unit > 0.0) {
            return Err(wrong());
        }
        let places = (0..items.div_ceil(PLACES)).map(|_| reader.kept_digest()).collect::<Result<_, _>>()?;
        let stride = axes.next_multiple_of(LANES);
        let mut centroids = vec![0; count * stride];
        for row in centroids.chunks_exact_mut(stride.max(1)) {
            row.iter_mut().zip(reader.take(axes)?).for_each(|(to, byte)| *to = i16::from(*byte as i8));
        }
        let rows = vec![u32::MAX; items];
        Ok(Cells { unit, stride, centroids, cells, places, rows, numbers: Vec::new() })
    }

    /// Cells nearest to a point, `[axes]`, nearest first: as many as have `bytes` of codes at most, but one.
    fn near(&self, point: impl Iterator<Item = f32>, bytes: u32) -> Vec<u32> {
        let mut own: Vec<i16> = point.map(|value| (value / self.unit).round() as i16).collect();
        own.resize(self.stride, 0);
        let far = |row: &[i16]| i64::from(dot(row, row)) - 2 * i64::from(dot(row, &own));
        let mut distances: Vec<i64> = self.centroids.chunks_exact(self.stride.max(1)).map(far).collect();
        let (mut near, mut left) = (Vec::new(), bytes);
        // A few dozen of thousands: no order of all is needed.
        while let Some((cell, distance)) = distances.iter_mut().enumerate().min_by_key(|(_, far)| **far)
            && *distance < i64::MAX
        {
            let size = self.cells[cell].bytes[0];
            if size > left && !near.is_empty() {
                break;
            }
            left = left.saturating_sub(size);
            *distance = i64::MAX;
            near.push(cell as u32);
        }
        near
    }

    /// The row of `item`; of one that is not here none there is.
    pub(super) fn row(&self, item: usize) -> usize {
        self.rows[item] as usize
    }
}

/// Starts after the header of a file with this digest.
fn open<'a>(
    bytes: &'a [u8],
    magic: &[u8; 4],
    kind: usize,
    digest: &[u8; KEPT],
) -> Result<Reader<'a>, FormatError> {
    if Digest::of(bytes).kept() != *digest {
        return Err(FormatError::Digest);
    }
    let mut reader = Reader::open(bytes, magic, "a cell's file", CELLS_VERSION)?;
    match usize::from(reader.u16()?) == kind {
        true => Ok(reader),
        false => Err(value("is of another kind")),
    }
}

impl Codes {
    /// Number of cells; 0 of a catalogue that is not cut into any.
    pub fn cells(&self) -> u32 {
        self.cells.as_ref().map_or(0, |cells| cells.cells.len() as u32)
    }

    /// Bytes of a cell's codes and of its refinement.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn cell_bytes(&self, cell: u32) -> [u32; 2] {
        self.cells.as_ref().map_or([0; 2], |cells| cells.cells[cell as usize].bytes)
    }

    /// Number of products of a cell, whether they are here or not; 0 where there is no such cell.
    pub fn items_in_cell(&self, cell: u32) -> usize {
        let cells = self.cells.as_ref().map_or(&[][..], |cells| &cells.cells);
        cells.get(cell as usize).map_or(0, |cell| cell.items)
    }

    /// Takes in a cell's codes, or its refinement once the cell and [`Codes::refine`]'s part are here.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not the one that was written; no cell is here any more then.
    pub fn give_cell(&mut self, cell: u32, refinement: bool, bytes: &[u8]) -> Result<(), FormatError> {
        let taken = self.take_cell(cell as usize, refinement, bytes);
        if taken.is_err() {
            self.forget_cells();
        }
        taken
    }

    fn take_cell(&mut self, cell: usize, refinement: bool, bytes: &[u8]) -> Result<(), FormatError> {
        let none = || value("is of no cell that is here");
        let cells = self.cells.as_mut().ok_or_else(none)?;
        let (numbers, rows) = (&mut cells.numbers, &mut cells.rows);
        let cell = cells.cells.get_mut(cell).ok_or_else(none)?;
        let layer = usize::from(refinement);
        let mut reader = open(bytes, CELL_MAGIC, layer, &cell.digests[layer])?;
        let first = match (refinement, cell.first) {
            (false, None) => {
                let first = numbers.len();
                for number in reader.u32s(cell.items)? {
                    *rows.get_mut(number as usize).ok_or_else(none)? = numbers.len() as u32;
                    numbers.push(number);
                }
                self.base.read(first, cell.items, &mut reader)?;
                self.scan.take(&self.base, first);
                cell.first = Some(first);
                first
            }
            (true, Some(first)) => {
                let layer = &mut self.refinement.as_mut().ok_or_else(none)?.layer;
                layer.read(first, cell.items, &mut reader)?;
                cell.refined = true;
                first
            }
            _ => return Err(none()),
        };
        let end = first + cell.items;
        reader.finish()?;
        self.work_out(first..end, refinement);
        Ok(())
    }

    /// Those of `cells` whose codes are not here. Where that are too many, none is from now on.
    pub fn lacking_cells(&mut self, cells: &[u32]) -> Vec<u32> {
        let Some(own) = &self.cells else { return Vec::new() };
        let lacks = |cell: &u32| own.cells.get(*cell as usize).is_some_and(|cell| cell.first.is_none());
        let lacking: Vec<u32> = cells.iter().copied().filter(lacks).collect();
        let more: usize = lacking.iter().map(|cell| own.cells[*cell as usize].items).sum();
        if !own.numbers.is_empty() && own.numbers.len() + more > MOST_HELD {
            self.forget_cells();
            return cells.to_vec();
        }
        lacking
    }

    /// The cells of `items`, which are here, nearest first, as far as their refinement is worth fetching; without those
    /// whose refinement is here.
    pub fn unrefined_cells(&self, items: &[u32]) -> Vec<u32> {
        let Some(own) = &self.cells else { return Vec::new() };
        let (mut seen, mut left) = (Vec::new(), REFINED_BYTES);
        for item in items {
            let row = own.row(*item as usize);
            let holds =
                |cell: &Cell| cell.first.is_some_and(|first| (first..first + cell.items).contains(&row));
            let Some(cell) = own.cells.iter().position(holds) else { continue };
            if !seen.contains(&(cell as u32)) {
                let size = own.cells[cell].bytes[1];
                if size > left && !seen.is_empty() {
                    break;
                }
                left = left.saturating_sub(size);
                seen.push(cell as u32);
            }
        }
        seen.retain(|cell| !own.cells[*cell as usize].refined);
        seen
    }

    /// The products of those of `cells` that are here.
    pub fn items_of_cells(&self, cells: &[u32]) -> Vec<u32> {
        let Some(own) = &self.cells else { return Vec::new() };
        let mut items = Vec::new();
        for cell in cells {
            if let Some(Cell { first: Some(first), items: count, .. }) = own.cells.get(*cell as usize) {
                items.extend(&own.numbers[*first..first + count]);
            }
        }
        items
    }

    /// The cell that `item` is in, by the file of places that has it: file `item / PLACES`.
    ///
    /// # Errors
    /// [`FormatError`] when it is not the file that was written.
    pub fn cell_of(&self, item: u32, places: &[u8]) -> Result<u32, FormatError> {
        let none = || value("holds no place of that product");
        let cells = self.cells.as_ref().ok_or_else(none)?;
        let digest = cells.places.get(item as usize / PLACES).ok_or_else(none)?;
        let mut reader = open(places, PLACES_MAGIC, 0, digest)?;
        reader.take(item as usize % PLACES * 4)?;
        reader.u32()
    }

    /// Forgets the codes of all cells.
    pub fn forget_cells(&mut self) {
        let Some(cells) = &mut self.cells else { return };
        cells.rows.fill(u32::MAX);
        cells.numbers.clear();
        for cell in &mut cells.cells {
            (cell.first, cell.refined) = (None, false);
        }
        self.base.clear();
        if let Some(refinement) = &mut self.refinement {
            refinement.layer.clear();
        }
        self.items.clear();
        self.scan = Scan::default();
    }
}

impl Search<'_> {
    /// The cells to look into in this round, 0 being the first, nearest first: in the end as many as in the round before. None
    /// where there are none.
    pub fn cells(&self, round: u32) -> Vec<u32> {
        self.cells_of(FIRST_BYTES << round.min(MORE_ROUNDS))
    }

    /// The nearest cells that have so many bytes of codes at most, but one.
    pub fn cells_of(&self, bytes: u32) -> Vec<u32> {
        let (codes, own) = (self.codes, &self.coefficients);
        let Some(cells) = &codes.cells else { return Vec::new() };
        let mean = codes.rotations[0].project(&codes.mean);
        cells.near(own.iter().zip(mean).map(|(own, mean)| own - mean).take(cells.stride), bytes)
    }
}
