//! The object on a photo: cells, each with the weight it has as part of the object, and the box around it.
//!
//! What is in the middle and not along the border is the object; a colour as frequent along the border as in the
//! middle counts little. Nothing is cut out: white on white keeps its colour.

use super::oklab::{Lab, oklab};
use crate::photo::{Crop, Photo, Region};

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

/// A photo cell by cell.
struct Cells {
    colours: Vec<Lab>,
    /// The box of the colour space that each cell is in.
    boxes: Vec<usize>,
    /// `[ALL_BOXES]`: how much more frequent in the middle than along the border, [`FLOOR`] to 256; 0 if not there.
    weights: Vec<u64>,
}

impl Cells {
    fn of(region: &Region) -> Cells {
        let colours = colours(region);
        let boxes: Vec<usize> = colours.iter().map(box_of).collect();
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
        let mut weights = vec![0u64; ALL_BOXES];
        for place in 0..ALL_BOXES {
            if middle[place] > 0 {
                let inside = smoothed(&middle, place) * all_border;
                let outside = smoothed(&border, place) * all_middle;
                weights[place] = FLOOR + (256 - FLOOR) * inside / (inside + outside);
            }
        }
        Cells { colours, boxes, weights }
    }
}

/// The object's colours: at least one patch, each of another box of the colour space, in the boxes' order.
pub fn patches(region: &Region) -> Vec<Patch> {
    let Cells { colours, boxes, weights } = Cells::of(region);
    let mut found = vec![Patch::default(); ALL_BOXES];
    for (cell, (colour, place)) in colours.iter().zip(&boxes).enumerate() {
        found[*place].add(&Patch::new(*colour, (prior(cell) * weights[*place]) as i64));
    }
    found.retain(|patch| patch.weight > 0);
    found
}

/// The box around the object on `photo`, with some air; the whole where nothing stands out from the border, or what does
/// fills the photo anyway. The same on every machine.
///
/// Of all boxes of cells it is the one with the greatest sum of weights over `EVEN` (efficient subwindow search is for
/// larger grids: Lampert, Blaschko and Hofmann, CVPR 2008; at this size all are tried).
pub fn object(photo: &Photo) -> Crop {
    let Cells { boxes, weights, .. } = Cells::of(&photo.into());
    let score = |row: usize, column: usize| weights[boxes[row * SIDE + column]] as i64 - EVEN;
    let (mut best, mut found) = (0, None);
    for top in 0..SIDE {
        let mut columns = [0i64; SIDE];
        for bottom in top..SIDE {
            // Of each band of rows the best run of columns (Kadane's algorithm).
            let (mut sum, mut left) = (0, 0);
            for (column, total) in columns.iter_mut().enumerate() {
                *total += score(bottom, column);
                if sum <= 0 {
                    (sum, left) = (0, column);
                }
                sum += *total;
                if sum > best {
                    (best, found) = (sum, Some((left, top, column + 1, bottom + 1)));
                }
            }
        }
    }
    let Some((left, top, right, bottom)) = found else { return Crop::WHOLE };
    let area = (right - left) * (bottom - top);
    let (left, top) = (left.saturating_sub(AIR), top.saturating_sub(AIR));
    let (right, bottom) = ((right + AIR).min(SIDE), (bottom + AIR).min(SIDE));
    let (width, height) = (right - left, bottom - top);
    if area < SMALLEST || width * height > LARGEST {
        return Crop::WHOLE;
    }
    let sides = [left, top, width, height].map(|cells| cells as f64 / SIDE as f64);
    Crop::new(sides).expect("cells lie within the photo")
}

/// The weight of a colour as frequent in the middle as along the border. On 200 drawings on photographs of shelves and on
/// plain grounds, boxes from here cover 0.93 of the drawing (0.97 from a ratio of 0.45, 0.89 from 0.55) and overlap by 0.64.
const EVEN: i64 = (FLOOR + (256 - FLOOR) / 2) as i64;
/// Cells added on each side.
const AIR: usize = 1;
/// In cells: less is a speck, more might as well be all.
const SMALLEST: usize = 16;
const LARGEST: usize = SIDE * SIDE * 85 / 100;

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

/// The mean colour of each cell, `[SIDE, SIDE]`, row-major. Of few pixels some are in several cells.
fn colours(region: &Region) -> Vec<Lab> {
    let span = |cell: usize, size: u32| {
        // Sides are under 2^32 and SIDE is small: the product fits also where usize has 32 bits, via u64.
        let at = |cell: usize| (cell as u64 * u64::from(size) / SIDE as u64) as usize;
        let (start, end) = (at(cell), at(cell + 1).max(at(cell) + 1));
        (start..end).step_by((end - start).div_ceil(SAMPLES))
    };
    let mut colours = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (mut sum, mut count) = ([0u32; 3], 0);
            for y in span(row, region.height()) {
                let pixels = region.row(y);
                for x in span(column, region.width()) {
                    for (sum, value) in sum.iter_mut().zip(&pixels[x * 3..x * 3 + 3]) {
                        *sum += u32::from(*value);
                    }
                    count += 1;
                }
            }
            colours.push(oklab(sum.map(|sum| ((sum + count / 2) / count) as u8)));
        }
    }
    colours
}
