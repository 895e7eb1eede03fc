//! The colours of the object on a photo: cells, each with the weight it has as part of the object.
//!
//! What is in the middle and not along the border is the object; a colour as frequent along the border as in the
//! middle counts little. Nothing is cut out: white on white keeps its colour.

use super::oklab::{Lab, oklab};
use crate::photo::Photo;

/// Cells across and down; the photo is squashed to a square of them.
const SIDE: usize = 32;
/// Of each cell at most this many pixels across and down are read, evenly spaced.
const SAMPLES: usize = 4;
/// Width of the border, in cells.
const BORDER: usize = 2;
/// `round(256 * exp(-x^2 / (2 * 0.4^2)))` for the centres x of the cells from the edge (-1) to the middle (0).
const MIDDLE: [u64; SIDE / 2] = [14, 20, 28, 38, 51, 67, 85, 106, 129, 153, 177, 200, 220, 237, 249, 255];

/// Colours that lie together and their weight: the sums over cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Sum of the cells' weights, over 0.
    pub weight: i64,
    /// Sum of weight times colour.
    sum: [i64; 3],
}

impl Patch {
    /// One colour of that weight.
    pub fn new(colour: Lab, weight: i64) -> Patch {
        Patch { weight, sum: colour.map(|value| i64::from(value) * weight) }
    }

    /// Takes the other's cells in.
    pub fn add(&mut self, other: &Patch) {
        self.weight += other.weight;
        for (sum, other) in self.sum.iter_mut().zip(other.sum) {
            *sum += other;
        }
    }

    /// The mean colour, rounded down; black if there is no cell.
    pub fn colour(&self) -> Lab {
        self.sum.map(|sum| if self.weight > 0 { sum.div_euclid(self.weight) as i32 } else { 0 })
    }
}

/// The boxes of the colour space that patches are gathered in: number, least value and width along each axis.
const BOXES: [usize; 3] = [11, 15, 15];
const LEAST: [i32; 3] = [0, -1147, -1311];
const WIDTH: [i32; 3] = [410, 164, 164];
const ALL_BOXES: usize = BOXES[0] * BOXES[1] * BOXES[2];
/// From a box to its next along each axis.
const STRIDE: [usize; 3] = [BOXES[1] * BOXES[2], BOXES[2], 1];

/// The object's colours on `photo`: at least one patch, each of another box of the colour space, in the boxes' order.
pub fn patches(photo: &Photo) -> Vec<Patch> {
    let cells = cells(photo);
    let boxes: Vec<usize> = cells.iter().map(box_of).collect();
    let (mut middle, mut border) = (vec![0u64; ALL_BOXES], vec![0u64; ALL_BOXES]);
    let (mut all_middle, mut all_border) = (0, 0);
    for (cell, place) in boxes.iter().enumerate() {
        let weight = prior(cell);
        middle[*place] += weight;
        all_middle += weight;
        if is_border(cell) {
            border[*place] += 1;
            all_border += 1;
        }
    }
    let mut found = vec![Patch::default(); ALL_BOXES];
    let mut weights = vec![0u64; ALL_BOXES];
    for place in 0..ALL_BOXES {
        if middle[place] > 0 {
            // How much more frequent in the middle than along the border, from 0 to 256.
            let inside = smoothed(&middle, place) * all_border;
            let outside = smoothed(&border, place) * all_middle;
            weights[place] = FLOOR + (256 - FLOOR) * inside / (inside + outside);
        }
    }
    for (cell, (colour, place)) in cells.iter().zip(&boxes).enumerate() {
        found[*place].add(&Patch::new(*colour, (prior(cell) * weights[*place]) as i64));
    }
    found.retain(|patch| patch.weight > 0);
    found
}

/// What is left of the weight of a colour of the border, of 256.
const FLOOR: u64 = 51;

/// The weight of a cell's place: 1 or more.
fn prior(cell: usize) -> u64 {
    let fold = |at: usize| MIDDLE[at.min(SIDE - 1 - at)];
    fold(cell / SIDE) * fold(cell % SIDE)
}

fn is_border(cell: usize) -> bool {
    let near = |at: usize| at.min(SIDE - 1 - at) < BORDER;
    near(cell / SIDE) || near(cell % SIDE)
}

fn box_of(colour: &Lab) -> usize {
    (0..3)
        .map(|axis| {
            let at = (colour[axis] - LEAST[axis]).div_euclid(WIDTH[axis]).clamp(0, BOXES[axis] as i32 - 1);
            at as usize * STRIDE[axis]
        })
        .sum()
}

/// Twice the value of a box and once that of each of its six neighbours.
fn smoothed(values: &[u64], place: usize) -> u64 {
    let mut sum = 2 * values[place];
    for axis in 0..3 {
        let at = place / STRIDE[axis] % BOXES[axis];
        if at > 0 {
            sum += values[place - STRIDE[axis]];
        }
        if at + 1 < BOXES[axis] {
            sum += values[place + STRIDE[axis]];
        }
    }
    sum
}

/// The mean colour of each cell, `[SIDE, SIDE]`, row-major. Of a photo with fewer pixels some are in several cells.
fn cells(photo: &Photo) -> Vec<Lab> {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let span = |cell: usize, size: usize| {
        // Sides are under 2^32 and SIDE is small: the product fits also where usize has 32 bits, via u64.
        let at = |cell: usize| (cell as u64 * size as u64 / SIDE as u64) as usize;
        let (start, end) = (at(cell), at(cell + 1).max(at(cell) + 1));
        (start..end).step_by((end - start).div_ceil(SAMPLES))
    };
    let mut cells = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (mut sum, mut count) = ([0u32; 3], 0);
            for y in span(row, height) {
                for x in span(column, width) {
                    let pixel = (y * width + x) * 3;
                    for (sum, value) in sum.iter_mut().zip(&photo.rgb()[pixel..pixel + 3]) {
                        *sum += u32::from(*value);
                    }
                    count += 1;
                }
            }
            cells.push(oklab(sum.map(|sum| ((sum + count / 2) / count) as u8)));
        }
    }
    cells
}
