//! A catalogue in cells answers as one in a file does once all cells are there; the nearest are taken; damage is refused.

use proptest::prelude::*;

use super::cells::Cells;
use super::*;
use crate::digest::Digest;
use crate::disorder::numbers;
use crate::embedding::{Metric, norm};

const DIMS: usize = 24;

struct Catalogue {
    embeddings: Vec<Vec<f32>>,
    codebook: Vec<u8>,
    codes: Vec<u8>,
    refinement: Vec<u8>,
    cells: Vec<CellFiles>,
    members: Vec<Vec<u32>>,
    places: Vec<u8>,
}

/// Embeddings around as many axes as there are cells, each cell's in turn.
fn catalogue(items: usize, cells: usize) -> Catalogue {
    let embeddings: Vec<Vec<f32>> = (0..items)
        .map(|item| {
            let mut embedding: Vec<f32> =
                numbers(DIMS, item as u64).iter().map(|value| value.abs()).collect();
            embedding[item % cells] += 8.0;
            embedding
        })
        .collect();
    let lengths: Vec<f64> = embeddings.iter().map(|embedding| norm(embedding)).collect();
    let mut axes = vec![0f32; DIMS * DIMS];
    (0..DIMS).for_each(|dim| axes[dim * DIMS + dim] = 1.0);
    let space = Space { mean: vec![0.1; DIMS], rotation: Rotation::new(&axes, DIMS), positive: true };
    let coefficients: Vec<f32> = embeddings
        .iter()
        .zip(&lengths)
        .flat_map(|(row, length)| {
            let centred: Vec<f32> = row.iter().map(|value| value / *length as f32 - 0.1).collect();
            space.rotation.project(&centred)
        })
        .collect();
    let writer = CellWriter::new(&space, &coefficients, &lengths, BYTES, 2);
    let unit = 1.0 / 127.0;
    let (mut written, mut files, mut all_members) = (Vec::new(), Vec::new(), Vec::new());
    let mut place_of = vec![0; items];
    for cell in 0..cells {
        let members: Vec<u32> = (0..items as u32).filter(|item| *item as usize % cells == cell).collect();
        members.iter().for_each(|item| place_of[*item as usize] = cell as u32);
        let rows = members.iter().map(|item| &coefficients[*item as usize * DIMS..][..DIMS]);
        let rows: Vec<&[f32]> = rows.collect();
        let mean = |axis: usize| rows.iter().map(|row| row[axis]).sum::<f32>() / rows.len() as f32;
        let centroid = (0..DIMS).map(|axis| (mean(axis) / unit).round() as i8).collect();
        let made = writer.cell(&members, &rows.concat());
        written.push(WrittenCell {
            items: members.len() as u32,
            bytes: [made.codes.len() as u32, made.refinement.len() as u32],
            digests: [Digest::of(&made.codes), Digest::of(&made.refinement)],
            centroid,
        });
        files.push(made);
        all_members.push(members);
    }
    let places = write_places(&place_of);
    Catalogue {
        codes: writer.codes(&written, unit, &[Digest::of(&places)]),
        codebook: writer.codebook,
        refinement: writer.refinement,
        embeddings,
        cells: files,
        members: all_members,
        places,
    }
}

impl Catalogue {
    fn read(&self) -> Codes {
        let items = self.embeddings.len() as u32;
        let mut codes = Codes::read(&self.codebook, &self.codes, items).expect("just written");
        codes.refine(&self.refinement).expect("just written");
        codes
    }

    fn give(&self, codes: &mut Codes, cell: u32, refinement: bool) -> Result<(), FormatError> {
        let files = &self.cells[cell as usize];
        codes.give_cell(cell, refinement, if refinement { &files.refinement } else { &files.codes })
    }
}

#[test]
fn all_cells_together_are_near_what_was_given() {
    let made = catalogue(120, 5);
    let mut codes = made.read();
    assert_eq!((codes.cells(), codes.items(), codes.has(3)), (5, 120, false));
    let errors = |codes: &Codes| {
        let mut decoded = vec![0f32; DIMS];
        let error = |(item, embedding): (usize, &Vec<f32>)| {
            codes.decode(item, &mut decoded);
            let squares = embedding.iter().zip(&decoded).map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>().sqrt() / norm(embedding)
        };
        made.embeddings.iter().enumerate().map(error).sum::<f64>() / 120.0
    };
    // In any order, and the refinement of some while others are not there yet.
    for cell in [3, 0] {
        made.give(&mut codes, cell, false).expect("just written");
    }
    made.give(&mut codes, 0, true).expect("just written");
    for cell in [4, 2, 1] {
        made.give(&mut codes, cell, false).expect("just written");
    }
    let some = errors(&codes);
    for cell in 1..5 {
        made.give(&mut codes, cell, true).expect("just written");
    }
    let all = errors(&codes);
    assert!(all < 0.02 && all < some && some < 0.1, "{some}, then {all}");
    for (cell, members) in made.members.iter().enumerate() {
        assert_eq!(codes.items_of_cells(&[cell as u32]), *members);
        assert_eq!(codes.cell_of(members[1], &made.places), Ok(cell as u32));
    }
}

#[test]
fn the_nearest_cells_are_taken_and_what_lacks_is_told() {
    let made = catalogue(120, 5);
    let mut codes = made.read();
    let size = codes.cell_bytes(2)[0];
    for item in [2u32, 7, 63] {
        let own = item % 5;
        let search = codes.search(&made.embeddings[item as usize], Metric::Euclidean).expect("one network");
        assert_eq!(search.cells_of(0), [own], "one at least");
        assert_eq!(search.cells_of(size * 5 / 2).len(), 2);
        assert_eq!(search.cells(0).len(), 5, "all are within what a first round takes");
    }
    assert_eq!(codes.lacking_cells(&[1, 2]), [1, 2]);
    made.give(&mut codes, 2, false).expect("just written");
    assert_eq!(codes.lacking_cells(&[1, 2, 9]), [1], "there is no cell 9");
    assert_eq!(codes.unrefined_cells(&[7, 2, 1]), [2], "1 is not here");
    made.give(&mut codes, 2, true).expect("just written");
    assert_eq!(codes.unrefined_cells(&[7, 2]), Vec::<u32>::new());
    codes.forget_cells();
    assert_eq!((codes.lacking_cells(&[2]), codes.has(2)), (vec![2], false));
    assert!(made.give(&mut codes, 2, true).is_err(), "a refinement of what is not here");
}

#[test]
fn what_is_damaged_or_elsewhere_is_refused() {
    let made = catalogue(60, 3);
    let mut codes = made.read();
    made.give(&mut codes, 0, false).expect("just written");
    for at in [0, 9, made.cells[1].codes.len() - 1] {
        let mut damaged = made.cells[1].codes.clone();
        damaged[at] ^= 1;
        assert_eq!(codes.give_cell(1, false, &damaged), Err(FormatError::Digest));
        assert!(!codes.has(0), "nothing is here after what was refused");
    }
    assert_eq!(codes.give_cell(1, false, &made.cells[0].codes), Err(FormatError::Digest));
    assert!(matches!(codes.give_cell(3, false, &made.cells[0].codes), Err(FormatError::Value(_))));
    assert_eq!(codes.cell_of(3, &made.places[1..]), Err(FormatError::Digest));
    assert!(matches!(codes.cell_of(60 + 16_384, &made.places), Err(FormatError::Value(_))));
}

proptest! {
    #[test]
    fn a_damaged_codes_file_is_refused_or_read_to_the_end(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let made = catalogue(20, 2);
        let mut damaged = made.codes.clone();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        if let Ok(mut codes) = Codes::read(&made.codebook, &damaged, 20) {
            for cell in 0..2 {
                drop(codes.give_cell(cell, false, &made.cells[cell as usize].codes));
            }
            if let Ok(search) = codes.search(&made.embeddings[0], Metric::Cosine) {
                search.cells(0);
            }
        }
        prop_assert!(Codes::read(&made.codebook, &damaged[..at], 20).is_err());
    }

    #[test]
    fn any_bytes_are_no_cells(bytes in prop::collection::vec(any::<u8>(), 0..200), items in 0usize..9) {
        drop(Cells::read(&mut Reader::new(&bytes), items, 16));
    }
}
