//! Large catalogues cut into cells, so that a question needs the codes of a few: k-means over the first principal components
//! ([`means`]), cells in an order in which near ones are side by side, and their files.

mod means;

use std::fs;
use std::path::Path;

use anyhow::Context;
use lookalike::codes::{
    CELL_AXES, CELL_BYTES, CellFiles, CellWriter, LANES, PLACES, Space, Written, WrittenCell, dot,
    write_places,
};
use lookalike::digest::Digest;
use lookalike::folder::{cell_codes_name, cell_refinement_name, places_name};
use serde::Serialize;

use super::cache::Record;
use super::embeddings::Embeddings;
use super::space;
use crate::progress::Progress;
use crate::workers::try_in_order;
use means::{Points, assign, centroids, halves, squared};

/// Products of a cell, about: codes of 33 KB and a refinement of 65.
const ITEMS: usize = 256;
/// Axes that cells are told apart by: of most variance.
const AXES: usize = 64;
/// Products that unit and codes are learnt from, at most; and for each cell, where cells are.
const SAMPLE: usize = 16_384;
const SAMPLE_OF_CELL: usize = 40;
/// Room that a cell has beyond its share of [`CELL_BYTES`], since some products take more bytes than others.
const ROOM: f64 = 0.85;
/// Cells coded before they are written.
const BATCH: usize = 128;

/// Into how many cells codes are cut.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum CellCount {
    /// By the number of products.
    Auto,
    /// Into none.
    Never,
    /// About so many.
    Some(u32),
}

/// Products of a catalogue whose codes are one file, at most: some 6 MB.
const MOST_IN_ONE: usize = 50_000;

impl CellCount {
    /// The number for a catalogue of `items`, if it is to be cut.
    pub fn of(self, items: usize) -> Option<usize> {
        match self {
            CellCount::Auto => (items > MOST_IN_ONE).then(|| items.div_ceil(ITEMS)),
            CellCount::Never => None,
            CellCount::Some(count) => Some(count as usize),
        }
    }

    /// What the command line says.
    ///
    /// # Errors
    /// What it may say.
    pub fn parse(text: &str) -> Result<CellCount, String> {
        match text {
            "auto" => Ok(CellCount::Auto),
            "never" => Ok(CellCount::Never),
            _ => match text.parse() {
                Ok(count @ 1..=65_536) => Ok(CellCount::Some(count)),
                _ => Err("give auto, never, or a number from 1 to 65536".to_owned()),
            },
        }
    }
}

/// What files of cells are made of.
pub struct CellContents<'a> {
    /// Has the embeddings.
    pub embeddings: &'a Embeddings,
    /// In item order.
    pub items: &'a [Record],
    /// Where codes are made.
    pub space: &'a Space,
    /// L2 norms of embeddings, in item order.
    pub lengths: &'a [f64],
    /// Of a product in the codes.
    pub code_bytes: f64,
    /// Number of threads.
    pub jobs: usize,
}

/// A catalogue's cells, near ones side by side.
pub struct Cells {
    /// Each cell's products, ascending.
    pub members: Vec<Vec<u32>>,
    /// Where they are.
    centroids: Points,
    points: Points,
    /// Squared, of each point.
    norms: Vec<i32>,
    /// What a number of points and centroids is worth.
    unit: f32,
    axes: usize,
}

impl Cells {
    /// Cuts `items` into about `count` cells of `code_bytes` a product.
    ///
    /// # Errors
    /// When an embedding cannot be read.
    pub fn cut(
        embeddings: &Embeddings,
        items: &[Record],
        space: &Space,
        count: usize,
        code_bytes: f64,
        jobs: usize,
    ) -> anyhow::Result<Cells> {
        let [rotation, _] = space.rotation.split_at(AXES.min(CELL_AXES));
        let axes = rotation.axes();
        let first = Space { mean: space.mean.clone(), rotation, positive: space.positive };
        let coordinates = |some: &[Record]| space::coefficients(embeddings, some.iter(), &first);
        let largest =
            coordinates(&evenly(items, SAMPLE))?.into_iter().fold(0f32, |most, value| most.max(value.abs()));
        let unit = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let stride = axes.next_multiple_of(LANES).max(LANES);
        let pieces: Vec<&[Record]> = items.chunks(SAMPLE).collect();
        let numbers = try_in_order(
            pieces.len(),
            jobs,
            || Ok(()),
            |(), piece| {
                let coordinates = coordinates(pieces[piece])?;
                let mut numbers = vec![0; pieces[piece].len() * stride];
                for (row, own) in numbers.chunks_exact_mut(stride).zip(coordinates.chunks_exact(axes.max(1)))
                {
                    row.iter_mut().zip(own).for_each(|(number, own)| *number = (own / unit).round() as i16);
                }
                Ok(numbers)
            },
        )?;
        let points = Points { stride, numbers: numbers.concat() };

        let every = (items.len() / (count * SAMPLE_OF_CELL)).max(1);
        let centroids = centroids(&points.some((0..items.len() as u32).step_by(every)), count, jobs);
        let mut members = vec![Vec::new(); centroids.len()];
        for (item, cell) in (0..).zip(assign(&points, &centroids, jobs)) {
            members[cell as usize].push(item);
        }
        // A cell of its own size in the mean would fill its file.
        let most = (CELL_BYTES as f64 * ROOM / (code_bytes + 4.0)) as usize;
        let order = side_by_side(&centroids, (0..centroids.len() as u32).collect());
        let norms = points.numbers.chunks_exact(stride).map(|point| dot(point, point)).collect();
        let mut cells = Cells {
            members: Vec::new(),
            centroids: Points { stride, numbers: Vec::new() },
            points,
            norms,
            unit,
            axes,
        };
        for cell in order {
            let members = std::mem::take(&mut members[cell as usize]);
            if members.len() > most {
                for part in split(&cells.points, members, |part| part.len() <= most) {
                    cells.push(cells.points.mean(&part), part);
                }
            } else if !members.is_empty() {
                cells.push(centroids.get(cell).to_vec(), members);
            }
        }
        Ok(cells)
    }

    fn push(&mut self, centroid: Vec<i16>, members: Vec<u32>) {
        self.centroids.numbers.extend(centroid);
        self.members.push(members);
    }

    /// The products of the cells nearest to `cell`, itself among them, ascending: `count` at least if there are so many.
    pub fn around(&self, cell: usize, count: usize) -> Vec<u32> {
        let own = self.centroids.get(cell as u32);
        let far = |other: u32| (squared(self.centroids.get(other), own), other);
        let mut near: Vec<_> = (0..self.members.len() as u32).map(far).collect();
        near.sort_unstable();
        let mut items = Vec::new();
        for (_, cell) in near {
            if items.len() >= count {
                break;
            }
            items.extend(&self.members[cell as usize]);
        }
        items.sort_unstable();
        items
    }

    /// Which of `items` are the `count` nearest to `item`, as far as the coordinates of cells tell.
    pub fn nearest(&self, item: u32, items: &[u32], count: usize) -> Vec<bool> {
        let own = self.points.get(item);
        // Place and distance in one number, half of the memory and time; what both distances have in common is left out.
        let far = |(at, other): (usize, &u32)| {
            let far =
                i64::from(self.norms[*other as usize]) - 2 * i64::from(dot(self.points.get(*other), own));
            far << 24 | at as i64
        };
        let mut by_distance: Vec<i64> = items.iter().enumerate().map(far).collect();
        if count < items.len() {
            by_distance.select_nth_unstable(count);
        }
        let mut nearest = vec![false; items.len()];
        by_distance.iter().take(count).for_each(|far| nearest[(far & 0xff_ffff) as usize] = true);
        nearest
    }

    /// Writes the files of all cells to `folder`; gives the three files that are beside it, codebook, codes and refinement, and
    /// the digests and lengths of those in it, in order of their names' numbers.
    ///
    /// # Errors
    /// When an embedding cannot be read or a file not be written.
    pub fn write(&self, folder: &Path, contents: &CellContents) -> anyhow::Result<WrittenCells> {
        let CellContents { embeddings, items, space, lengths, code_bytes, jobs } = *contents;
        let write = |name: String, content: &[u8]| {
            fs::write(folder.join(&name), content).with_context(|| format!("writing {name}"))
        };
        let sample = space::coefficients(embeddings, evenly(items, SAMPLE).iter(), space)?;
        let writer = CellWriter::new(space, &sample, lengths, code_bytes, jobs);
        let progress = Progress::new("cells", items.len() as u64);
        let (mut written, mut members_of) = (Vec::new(), Vec::new());
        let mut place_of = vec![0u32; items.len()];
        for batch in (0..self.members.len()).step_by(BATCH) {
            let count = BATCH.min(self.members.len() - batch);
            let code = |(): &mut (), at| self.code(&writer, batch + at, embeddings, items, space);
            let coded = try_in_order(count, jobs, || Ok(()), code)?;
            for cell in coded {
                for (members, centroid, files) in cell {
                    let number = written.len() as u32;
                    members.iter().for_each(|item| place_of[*item as usize] = number);
                    let contents = [&files.codes, &files.refinement];
                    write(cell_codes_name(number), &files.codes)?;
                    write(cell_refinement_name(number), &files.refinement)?;
                    written.push(WrittenCell {
                        items: members.len() as u32,
                        bytes: contents.map(|content| content.len() as u32),
                        digests: contents.map(|content| Digest::of(content)),
                        centroid: centroid[..self.axes].iter().map(|number| *number as i8).collect(),
                    });
                    members.iter().for_each(|_| progress.advance());
                    members_of.push(members);
                }
            }
        }
        progress.finish();
        let (mut places, mut places_bytes) = (Vec::new(), 0);
        for (number, cells) in (0..).zip(place_of.chunks(PLACES)) {
            let content = write_places(cells);
            places_bytes += content.len() as u64;
            places.push(Digest::of(&content));
            fs::write(folder.join(places_name(number)), content)?;
        }
        Ok(WrittenCells {
            files: Written {
                codes: writer.codes(&written, self.unit, &places),
                codebook: writer.codebook,
                refinement: writer.refinement,
            },
            cells: written,
            places,
            places_bytes,
            members: members_of,
        })
    }

    /// The files of a cell; of several, if its codes are too long for one.
    fn code(
        &self,
        writer: &CellWriter,
        cell: usize,
        embeddings: &Embeddings,
        items: &[Record],
        space: &Space,
    ) -> anyhow::Result<Vec<Coded>> {
        let files = |members: &[u32]| -> anyhow::Result<CellFiles> {
            let records = members.iter().map(|item| &items[*item as usize]);
            Ok(writer.cell(members, &space::coefficients(embeddings, records, space)?))
        };
        let whole = files(&self.members[cell])?;
        if whole.codes.len() <= CELL_BYTES {
            let centroid = self.centroids.get(cell as u32).to_vec();
            return Ok(vec![(self.members[cell].clone(), centroid, whole)]);
        }
        let parts = halves(&self.points, &self.members[cell]);
        let part = |part: Vec<u32>| Ok((self.points.mean(&part), files(&part)?, part));
        let parts = parts.map(part).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        Ok(parts.into_iter().map(|(centroid, files, part)| (part, centroid, files)).collect())
    }
}

/// The products of a cell, its centroid, its files.
type Coded = (Vec<u32>, Vec<i16>, CellFiles);

/// What [`Cells::write`] wrote.
pub struct WrittenCells {
    /// Those beside the cells.
    pub files: Written,
    /// Of each cell.
    pub cells: Vec<WrittenCell>,
    /// Of the files of places.
    pub places: Vec<Digest>,
    /// Their length altogether.
    pub places_bytes: u64,
    /// The products of each cell, ascending.
    pub members: Vec<Vec<u32>>,
}

/// At most about `count` of `items`, evenly spaced.
fn evenly(items: &[Record], count: usize) -> Vec<Record> {
    items.iter().step_by(items.len().div_ceil(count).max(1)).copied().collect()
}

/// `members` in parts that are small enough.
fn split(points: &Points, members: Vec<u32>, small: impl Fn(&[u32]) -> bool + Copy) -> Vec<Vec<u32>> {
    if members.len() < 2 || small(&members) {
        return vec![members];
    }
    halves(points, &members).into_iter().flat_map(|half| split(points, half, small)).collect()
}

/// `members` of `points` so that near ones are side by side.
fn side_by_side(points: &Points, members: Vec<u32>) -> Vec<u32> {
    if members.len() <= 2 {
        return members;
    }
    halves(points, &members).into_iter().flat_map(|half| side_by_side(points, half)).collect()
}
