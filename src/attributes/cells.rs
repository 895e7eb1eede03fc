//! The attributes of a catalogue in cells: a file for each cell, an attributes file of its products alone with the columns of all.
//! Fetched where something is filtered, grouped or weighted; specified in `folder/FORMAT.md`.

use super::column::numbered;
use super::read::VERSION_CELLS;
use super::write::file;
use super::{Attributes, Filter, FilterError, Groups, Selection};
use crate::digest::Digest;
use crate::format::{CellTable, FormatError, Reader};

/// What is known of all cells, and those that are here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells {
    /// Columns of each.
    columns: usize,
    table: CellTable,
    here: Vec<Cell>,
}

/// Products by item number, and what is known of them in the same order.
#[derive(Clone, Debug, PartialEq)]
struct Cell {
    items: Vec<u32>,
    attributes: Attributes,
}

impl Cells {
    pub(super) fn read(reader: &mut Reader, columns: usize) -> Result<Cells, FormatError> {
        Ok(Cells { columns, table: CellTable::read(reader)?, here: Vec::new() })
    }

    /// Of the products that are here, of a catalogue of `items`.
    pub(super) fn select(&self, items: u32, filter: &Filter) -> Result<Selection, FilterError> {
        let mut all = Selection::none(items);
        for cell in &self.here {
            for row in cell.attributes.select(filter)?.iter() {
                all.insert(cell.items[row as usize] as usize);
            }
        }
        Ok(all)
    }

    pub(super) fn groups(&self, items: u32, name: &str) -> Result<Groups, FilterError> {
        let mut keys = Vec::new();
        for cell in &self.here {
            keys.extend(cell.attributes.column(name)?.keys());
        }
        let mut of = vec![0; items as usize];
        let here = self.here.iter().flat_map(|cell| &cell.items);
        here.zip(numbered(keys.into_iter())).for_each(|(item, group)| of[*item as usize] = group);
        Ok(Groups::numbered(of))
    }
}

impl Attributes {
    /// The file of a catalogue of `items` products whose attributes, `columns` of them, are in cells, by the digests of the cells'
    /// files ([`super::write_attributes_of_cell`]).
    pub fn write_of_cells(items: u32, columns: usize, cells: &[Digest]) -> Vec<u8> {
        let mut table = Vec::new();
        CellTable::write(cells, &mut table);
        file(VERSION_CELLS, columns as u16, items, &table)
    }

    /// Number of cells that attributes are in; 0 where they are in this file.
    pub fn cells(&self) -> u32 {
        self.cells.as_ref().map_or(0, |own| own.table.count())
    }

    /// Those of `cells` whose attributes are not here.
    pub fn lacking_cells(&self, cells: &[u32]) -> Vec<u32> {
        self.cells.as_ref().map_or(Vec::new(), |own| own.table.lacking(cells))
    }

    /// Takes in the attributes of a cell of these `items`, in the order that its codes have them.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not the one that was written, or of other products.
    pub fn give_cell(&mut self, cell: u32, items: &[u32], bytes: &[u8]) -> Result<(), FormatError> {
        let other = || FormatError::Value("is of another catalogue".to_owned());
        let own = self.cells.as_mut().ok_or_else(other)?;
        own.table.check(cell, bytes)?;
        let attributes = Attributes::read(bytes, items.len() as u32)?;
        let fits = attributes.cells.is_none() && attributes.columns.len() == own.columns;
        if !fits || items.iter().any(|item| *item >= self.items) {
            return Err(other());
        }
        own.table.mark(cell);
        own.here.push(Cell { items: items.to_vec(), attributes });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{write_attributes, write_attributes_of_cell};
    use super::*;

    /// Size is text for the sake of one product, waist and price are numbers.
    const ROWS: [[(&str, &str); 4]; 7] = [
        [("size", "38"), ("waist", "30|32"), ("price", "19.90"), ("style", "a")],
        [("size", "M"), ("waist", "30"), ("price", ""), ("style", "b")],
        [("size", "38|40"), ("waist", ""), ("price", "7"), ("style", "")],
        [("size", ""), ("waist", "32|30.0"), ("price", "7.0"), ("style", "a")],
        [("size", "40|38"), ("waist", "34"), ("price", "1e1"), ("style", "c")],
        [("size", "40"), ("waist", "30"), ("price", "12.345"), ("style", "b")],
        [("size", ""), ("waist", ""), ("price", ""), ("style", "")],
    ];
    const FILTERS: [&str; 8] = [
        "size=38",
        "size=M|40",
        "!size=38 price<20",
        "waist=30",
        "waist>=32 or style=b",
        "price=10",
        "price>7 price<=19.9",
        "style!=a",
    ];

    /// Whole, and in cells by the cell of each product.
    fn both(cell_of: &[usize; 7]) -> (Attributes, Attributes) {
        let whole = Attributes::read(&write_attributes(ROWS, &[]).bytes, 7).expect("just written");
        let members =
            |cell: usize| (0..7).filter(|item| cell_of[*item as usize] == cell).collect::<Vec<u32>>();
        let files: Vec<(Vec<u32>, Vec<u8>)> = (0..3)
            .map(|cell| {
                let rows = members(cell).into_iter().map(|item| ROWS[item as usize]);
                (members(cell), write_attributes_of_cell(rows, whole.columns()))
            })
            .collect();
        let digests: Vec<Digest> = files.iter().map(|(_, bytes)| Digest::of(bytes)).collect();
        let all = Attributes::write_of_cells(7, whole.columns().len(), &digests);
        let mut in_cells = Attributes::read(&all, 7).expect("just written");
        assert_eq!((in_cells.cells(), in_cells.lacking_cells(&[2, 0, 3])), (3, vec![2, 0]));
        for cell in [2, 0, 1] {
            let (items, bytes) = &files[cell];
            in_cells.give_cell(cell as u32, items, bytes).expect("just written");
        }
        assert_eq!(in_cells.lacking_cells(&[0, 1, 2]), Vec::<u32>::new());
        (whole, in_cells)
    }

    proptest! {
        #[test]
        fn all_cells_together_are_the_whole(cell_of in prop::array::uniform7(0usize..3)) {
            let (whole, in_cells) = both(&cell_of);
            for filter in FILTERS {
                let parsed: Filter = filter.parse().expect(filter);
                prop_assert_eq!(in_cells.select(&parsed), whole.select(&parsed), "{}", filter);
            }
            for column in ["size", "waist", "price", "style"] {
                let [whole, in_cells] = [&whole, &in_cells].map(|one| one.groups(column).expect(column));
                for a in 0..7 {
                    prop_assert_eq!(in_cells.of(a).is_some(), whole.of(a).is_some(), "{} {}", column, a);
                    for b in 0..7 {
                        let together = |groups: &Groups| groups.of(a).is_some() && groups.of(a) == groups.of(b);
                        prop_assert_eq!(together(&in_cells), together(&whole), "{} {} {}", column, a, b);
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_columns_and_text_as_numbers_are_errors_as_ever() {
        let (whole, in_cells) = both(&[0, 1, 2, 0, 1, 2, 0]);
        for filter in ["sise=38", "style<2"] {
            let filter: Filter = filter.parse().expect(filter);
            let [error, same] =
                [&whole, &in_cells].map(|one| one.select(&filter).expect_err("refused").code());
            assert_eq!(error, same);
        }
        assert!(in_cells.groups("stile").is_err());
    }

    #[test]
    fn what_is_no_cell_of_these_is_refused() {
        let file = write_attributes([[("a", "x")]], &[]).bytes;
        let other = write_attributes([[("a", "x"), ("b", "y")]], &[]).bytes;
        let all = Attributes::write_of_cells(2, 1, &[&file, &other].map(|bytes| Digest::of(bytes)));
        let mut attributes = Attributes::read(&all, 2).expect("just written");
        assert_eq!(attributes.give_cell(1, &[0], &file), Err(FormatError::Digest));
        assert!(matches!(attributes.give_cell(1, &[0], &other), Err(FormatError::Value(_))), "two columns");
        assert!(matches!(attributes.give_cell(2, &[0], &file), Err(FormatError::Value(_))), "no such cell");
        assert!(matches!(attributes.give_cell(0, &[0, 1], &file), Err(FormatError::Value(_))), "one product");
        assert!(
            matches!(attributes.give_cell(0, &[2], &file), Err(FormatError::Value(_))),
            "no such product"
        );
        assert_eq!(attributes.lacking_cells(&[0, 1]), [0, 1]);
        assert!(Attributes::read(&file, 1).expect("just written").give_cell(0, &[0], &file).is_err());
        for cut in 0..all.len() {
            assert!(Attributes::read(&all[..cut], 2).is_err(), "{cut}");
        }
        // A table of cells in the place of a cell.
        let within = Attributes::write_of_cells(1, 1, &[]);
        let all = Attributes::write_of_cells(1, 1, &[Digest::of(&within)]);
        let mut attributes = Attributes::read(&all, 1).expect("just written");
        assert!(matches!(attributes.give_cell(0, &[0], &within), Err(FormatError::Value(_))));
    }
}
