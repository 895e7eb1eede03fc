//! A row's path through the trellis: the search for the best, what it goes by, and what is learnt from the paths taken.
//!
//! A path costs its squared error, in half steps, and a price a bit (rate-distortion optimised quantisation, as video
//! encoders do it).

use super::model::{Before, CONTEXTS, ESCAPE, MOST, NEXT, STATES, SYMBOLS, point, quantiser_of};
use crate::rans::TOTAL;

/// Squared half steps that a bit is worth.
const PRICE: f32 = 0.25;
/// Buckets: four to each doubling of the spread; this one is of axes whose spread is a whole step.
pub const BUCKETS: usize = 48;
pub const SPREAD_OF_ONE_STEP: f32 = 14.0;

/// Prices and offsets for a search, by bucket.
#[derive(Clone, Default)]
pub struct Tables {
    /// `[bucket][context][quantiser][symbol]`, in bits, the sign with them.
    pub bits: Vec<[[[f32; SYMBOLS]; 2]; CONTEXTS]>,
    /// `[bucket][quantiser][number - 1]`, in half steps.
    pub offsets: Vec<[[f32; 3]; 2]>,
    /// `[bucket]`.
    pub expected: Vec<f32>,
}

impl Tables {
    /// Before anything is known: Laplace's distribution.
    pub fn laplace() -> Tables {
        let mut tables =
            Tables { bits: Vec::new(), offsets: vec![[[0.0; 3]; 2]; BUCKETS], expected: Vec::new() };
        for bucket in 0..BUCKETS {
            let steps = ((bucket as f32 - SPREAD_OF_ONE_STEP) / 4.0).exp2();
            let decay = (-std::f32::consts::SQRT_2 / steps).exp();
            let zero = 1.0 - decay.powf(0.6);
            let mut shares: [f32; SYMBOLS] = std::array::from_fn(|number| decay.powi(number as i32));
            let others: f32 = shares[1..].iter().sum::<f32>().max(1e-9);
            shares[1..].iter_mut().for_each(|share| *share *= (1.0 - zero) / others);
            shares[0] = zero;
            tables.expected.push((0..SYMBOLS).map(|number| shares[number] * number as f32).sum());
            let bits = std::array::from_fn(|number| {
                -shares[number].max(1e-4).log2() + f32::from(u8::from(number > 0))
            });
            tables.bits.push([[bits; 2]; CONTEXTS]);
        }
        tables
    }
}

/// What the paths of a pass took.
#[derive(Clone)]
pub struct Counts {
    /// `[bucket][context][quantiser][symbol]`.
    pub symbols: Vec<[[[u32; SYMBOLS]; 2]; CONTEXTS]>,
    /// Bits of numbers beyond the symbols.
    pub more: u64,
    /// `[bucket]`: sum of the numbers.
    sums: Vec<u64>,
    /// `[bucket][quantiser][number - 1]`: sum of point - value and how many.
    offsets: Vec<[[(f64, u32); 3]; 2]>,
}

impl Counts {
    /// Of no path.
    pub fn none() -> Counts {
        Counts {
            symbols: vec![[[[0; SYMBOLS]; 2]; CONTEXTS]; BUCKETS],
            more: 0,
            sums: vec![0; BUCKETS],
            offsets: vec![[[(0.0, 0); 3]; 2]; BUCKETS],
        }
    }

    /// And those of other rows.
    pub fn add(&mut self, other: &Counts) {
        let of = |counts: &Counts| counts.symbols.as_flattened().as_flattened().as_flattened().to_vec();
        let mine = self.symbols.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        mine.iter_mut().zip(of(other)).for_each(|(mine, other)| *mine += other);
        self.more += other.more;
        self.sums.iter_mut().zip(&other.sums).for_each(|(mine, other)| *mine += other);
        let mine = self.offsets.as_flattened_mut().as_flattened_mut();
        for (mine, other) in mine.iter_mut().zip(other.offsets.as_flattened().as_flattened()) {
            *mine = (mine.0 + other.0, mine.1 + other.1);
        }
    }

    /// Frequencies that sum to [`TOTAL`], none 0: each context's counts, with what all contexts have in common for where it has
    /// few.
    pub fn frequencies(&self, bucket: usize) -> [[[u16; SYMBOLS]; 2]; CONTEXTS] {
        let of = &self.symbols[bucket];
        let mut frequencies = [[[0; SYMBOLS]; 2]; CONTEXTS];
        for quantiser in 0..2 {
            let all = |symbol: usize| {
                0.02 + (0..CONTEXTS).map(|context| f64::from(of[context][quantiser][symbol])).sum::<f64>()
            };
            let total: f64 = (0..SYMBOLS).map(all).sum();
            for context in 0..CONTEXTS {
                let share =
                    |symbol: usize| f64::from(of[context][quantiser][symbol]) + 4.0 * all(symbol) / total;
                let sum: f64 = (0..SYMBOLS).map(share).sum();
                let spare = f64::from(TOTAL - SYMBOLS as u32);
                let row = &mut frequencies[context][quantiser];
                *row = std::array::from_fn(|symbol| 1 + (share(symbol) / sum * spare) as u16);
                let rest = TOTAL as u16 - row.iter().sum::<u16>();
                let largest = (0..SYMBOLS).max_by_key(|symbol| row[*symbol]).unwrap_or(0);
                row[largest] += rest;
            }
        }
        frequencies
    }

    /// The tables that these paths call for.
    pub fn tables(&self, before: &Tables) -> Tables {
        let mut tables = before.clone();
        for bucket in 0..BUCKETS {
            let frequencies = self.frequencies(bucket);
            tables.bits[bucket] = frequencies.map(|of| {
                of.map(|row| {
                    std::array::from_fn(|symbol| {
                        let share = f32::from(row[symbol]) / TOTAL as f32;
                        -share.log2() + f32::from(u8::from(symbol > 0))
                    })
                })
            });
            for (offset, (sum, count)) in
                tables.offsets[bucket].as_flattened_mut().iter_mut().zip(self.offsets[bucket].as_flattened())
            {
                *offset = (sum / f64::from(count + 20)) as f32;
            }
            let count: u64 = self.symbols[bucket]
                .as_flattened()
                .as_flattened()
                .iter()
                .map(|count| u64::from(*count))
                .sum();
            if count > 0 {
                tables.expected[bucket] = (self.sums[bucket] as f64 / count as f64) as f32;
            }
        }
        tables
    }
}

/// The best path of each row.
pub struct Search<'a> {
    tables: &'a Tables,
    bucket_of: &'a [u8],
    /// Of half steps.
    inverses: &'a [f32],
    /// `[rows, axes]`, of the rows so far.
    pub numbers: Vec<u16>,
    /// What their paths took.
    pub counts: Counts,
    /// `[axes][state]`: the state before, and the number.
    steps: Vec<[(u8, u16); STATES]>,
}

impl<'a> Search<'a> {
    /// By these tables; `bucket_of` and `inverses` are `[axes]`.
    pub fn new(tables: &'a Tables, bucket_of: &'a [u8], inverses: &'a [f32]) -> Search<'a> {
        let steps = vec![[(0, 0); STATES]; bucket_of.len()];
        Search { tables, bucket_of, inverses, numbers: Vec::new(), counts: Counts::none(), steps }
    }

    /// Finds the path of one more row, `[axes]`.
    pub fn row(&mut self, row: &[f32]) {
        let mut costs = [f32::INFINITY; STATES];
        costs[0] = 0.0;
        let mut before = [Before::default(); STATES];
        for (axis, value) in row.iter().enumerate() {
            let value = (value * self.inverses[axis]).abs();
            let bucket = usize::from(self.bucket_of[axis]);
            let mut next_costs = [f32::INFINITY; STATES];
            for state in (0..STATES).filter(|state| costs[*state].is_finite()) {
                let quantiser = quantiser_of(state);
                let bits = &self.tables.bits[bucket][before[state].context()][quantiser];
                let offsets = &self.tables.offsets[bucket][quantiser];
                let below = (((value + quantiser as f32) * 0.5) as usize).min(MOST - 1);
                let mut consider = |number: usize| {
                    let made = match number {
                        0 => 0.0,
                        _ => point(quantiser, number) as f32 - offsets[number.min(3) - 1],
                    };
                    let symbol = number.min(ESCAPE);
                    let price =
                        bits[symbol] + if symbol == ESCAPE { bits_of_more(number) as f32 } else { 0.0 };
                    let cost = costs[state] + (value - made) * (value - made) + PRICE * price;
                    let next = NEXT[state][number & 1];
                    if cost < next_costs[next] {
                        next_costs[next] = cost;
                        self.steps[axis][next] = (state as u8, number as u16);
                    }
                };
                consider(below);
                consider(below + 1);
                if below > 0 {
                    consider(0);
                }
            }
            let expected = self.tables.expected[bucket];
            let taken = |state: usize| {
                let (from, number) = self.steps[axis][state];
                before[usize::from(from)].after(usize::from(number), expected)
            };
            before = std::array::from_fn(taken);
            costs = next_costs;
        }
        let mut state = (0..STATES).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0);
        let start = self.numbers.len();
        self.numbers.resize(start + row.len(), 0);
        for axis in (0..row.len()).rev() {
            let (from, number) = self.steps[axis][state];
            self.numbers[start + axis] = number;
            state = usize::from(from);
        }
        self.count(row, start);
    }

    fn count(&mut self, row: &[f32], start: usize) {
        let (mut state, mut before) = (0, Before::default());
        for (axis, value) in row.iter().enumerate() {
            let number = usize::from(self.numbers[start + axis]);
            let bucket = usize::from(self.bucket_of[axis]);
            let quantiser = quantiser_of(state);
            let symbol = number.min(ESCAPE);
            self.counts.symbols[bucket][before.context()][quantiser][symbol] += 1;
            self.counts.sums[bucket] += number as u64;
            if symbol == ESCAPE {
                self.counts.more += u64::from(bits_of_more(number));
            }
            if number > 0 {
                let (sum, count) = &mut self.counts.offsets[bucket][quantiser][number.min(3) - 1];
                *sum += f64::from(point(quantiser, number) as f32 - (value * self.inverses[axis]).abs());
                *count += 1;
            }
            state = NEXT[state][number & 1];
            before = before.after(number, self.tables.expected[bucket]);
        }
    }
}

/// Bits that [`super::model::Model::encode`] writes after the last symbol.
fn bits_of_more(number: usize) -> u32 {
    3 + (number - ESCAPE + 1).ilog2()
}
