//! The colours of a catalogue in cells: a file for each cell, fetched where colours count. Which products are in a cell, its
//! codes say; specified in `folder/FORMAT.md`.

use super::file::check_size;
use super::{BYTES, ColourCodes, Colours};
use crate::format::{CellTable, FormatError, Reader};

const MAGIC: &[u8; 4] = b"LKCC";
const VERSION: u16 = 1;
/// Of a cell's file before its products.
const HEAD: u32 = 8;

/// What is known of all cells, and whose colours are here.
pub(super) struct Cells {
    table: CellTable,
    /// By item, up to the last that is here: the row of its colours.
    rows: Vec<u32>,
}

impl Cells {
    pub(super) fn read(reader: &mut Reader) -> Result<Cells, FormatError> {
        Ok(Cells { table: CellTable::read(reader)?, rows: Vec::new() })
    }

    /// The row of `item`; of one that is not here none there is.
    pub(super) fn row(&self, item: usize) -> usize {
        self.rows.get(item).map_or(usize::MAX, |row| *row as usize)
    }
}

impl ColourCodes {
    /// The file of the colours of a cell's products, in their order.
    pub fn write_cell(colours: &[Colours]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((BYTES as u16).to_le_bytes());
        bytes.extend(colours.iter().flat_map(Colours::as_bytes));
        bytes
    }

    /// Number of cells that colours are in; 0 where they are in this file.
    pub fn cells(&self) -> u32 {
        self.cells.as_ref().map_or(0, |own| own.table.count())
    }

    /// Those of `cells` whose colours are not here.
    pub fn lacking_cells(&self, cells: &[u32]) -> Vec<u32> {
        self.cells.as_ref().map_or(Vec::new(), |own| own.table.lacking(cells))
    }

    /// Length of the file of a cell of so many products.
    pub fn cell_bytes(items: usize) -> u32 {
        HEAD + (items * BYTES) as u32
    }

    /// Takes in the colours of a cell of these `items`, in the order that its codes have them.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not the one that was written, or of other products.
    pub fn give_cell(&mut self, cell: u32, items: &[u32], bytes: &[u8]) -> Result<(), FormatError> {
        let none = || FormatError::Value("is of a catalogue without such cells".to_owned());
        let own = self.cells.as_mut().ok_or_else(none)?;
        own.table.check(cell, bytes)?;
        let mut reader = Reader::open(bytes, MAGIC, "a cell's colours", VERSION)?;
        check_size(&mut reader)?;
        let first = self.rows.len();
        self.rows.take(items.len(), reader)?;
        for (row, item) in (first..).zip(items) {
            let item = *item as usize;
            own.rows.resize(own.rows.len().max(item + 1), u32::MAX);
            own.rows[item] = row as u32;
        }
        own.table.mark(cell);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{Means, Query};
    use crate::digest::Digest;

    const MEMBERS: [&[u32]; 2] = [&[0, 2, 5], &[1, 3, 4]];

    fn colours_of(item: u32) -> Colours {
        let mut bytes = [0; BYTES];
        bytes[..3].copy_from_slice(&[item as u8, 40, 255]);
        Colours::from_bytes(bytes).expect("one colour")
    }

    /// Six products in two cells: what is known of all, and each cell's file.
    fn written() -> (Vec<u8>, [Vec<u8>; 2]) {
        let colours = |members: &[u32]| members.iter().map(|item| colours_of(*item)).collect::<Vec<_>>();
        let cells = MEMBERS.map(|members| ColourCodes::write_cell(&colours(members)));
        let digests = [0, 1].map(|cell: usize| Digest::of(&cells[cell]));
        (ColourCodes::write_of_cells(6, &digests, &Means::default(), 0.5), cells)
    }

    #[test]
    fn cells_come_in_any_order() {
        let (all, cells) = written();
        let mut codes = ColourCodes::read(&all).expect("just written");
        assert_eq!((codes.items(), codes.cells(), codes.weight()), (6, 2, 0.5));
        assert_eq!(codes.lacking_cells(&[1, 0, 2]), [1, 0], "there is no cell 2");
        for cell in [1, 0] {
            let (members, bytes) = (MEMBERS[cell], &cells[cell]);
            assert_eq!(ColourCodes::cell_bytes(members.len()) as usize, bytes.len());
            codes.give_cell(cell as u32, members, bytes).expect("just written");
            for item in members {
                assert_eq!(*codes.get(*item as usize), colours_of(*item));
                assert_eq!(codes.distance(&Query::new(&colours_of(*item)), *item as usize), 0.0);
            }
        }
        assert_eq!(codes.lacking_cells(&[0, 1]), Vec::<u32>::new());
    }

    #[test]
    fn what_is_no_cell_of_these_is_refused() {
        let (all, cells) = written();
        let mut codes = ColourCodes::read(&all).expect("just written");
        assert_eq!(codes.give_cell(0, MEMBERS[0], &cells[1]), Err(FormatError::Digest));
        assert_eq!(codes.give_cell(0, MEMBERS[0], &cells[0][1..]), Err(FormatError::Digest));
        assert!(matches!(codes.give_cell(2, MEMBERS[0], &cells[0]), Err(FormatError::Value(_))));
        assert!(matches!(codes.give_cell(0, &[0, 2], &cells[0]), Err(FormatError::Length { .. })));
        assert_eq!(codes.lacking_cells(&[0]), [0]);
        let mut whole =
            ColourCodes::read(&ColourCodes::write(&[], &Means::default(), 0.0)).expect("just written");
        assert!(matches!(whole.give_cell(0, &[], &cells[0]), Err(FormatError::Value(_))));
        for cut in 0..all.len() {
            assert!(ColourCodes::read(&all[..cut]).is_err(), "{cut}");
        }
        assert!(ColourCodes::read(&[all, vec![0]].concat()).is_err());
    }
}
