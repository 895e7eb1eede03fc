//! From coefficients to numbers and the model they are written by: a Viterbi search of each row's path through the trellis,
//! and tables learnt from the paths, in turns until the size is as asked.
//!
//! A path costs its squared error, in half steps, and a price a bit (rate-distortion optimised quantisation, as video
//! encoders do it). Everything is summed in an order that does not depend on the number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::model::{
    Before, Bucket, CONTEXTS, ESCAPE, MOST, Model, NEXT, STATES, SYMBOLS, point, quantiser_of,
};
use super::rans::TOTAL;

/// Squared half steps that a bit is worth.
const PRICE: f32 = 0.25;
/// Buckets: four to each doubling of the spread; this one is of axes whose spread is a whole step.
const BUCKETS: usize = 48;
const SPREAD_OF_ONE_STEP: f32 = 14.0;
/// Rows of a piece of work.
const PIECE: usize = 256;
/// About so many rows tell the size of the steps before all rows are looked at.
const SAMPLE: usize = 512;
/// Bits of each row's size that may be left unused.
const SLACK: f64 = 4.0;
/// Passes over all rows at most.
const PASSES: usize = 9;

/// What is to be coded.
pub struct Coefficients<'a> {
    /// `[rows, axes]`.
    pub values: &'a [f32],
    /// `[axes]`: standard deviations.
    pub spreads: &'a [f32],
    /// `[axes]`: how large steps are beside each other.
    pub weights: &'a [f32],
}

impl Coefficients<'_> {
    /// The logarithm of the step by which no number is over [`MOST`].
    fn least_step(&self) -> f64 {
        let mut most = vec![1e-9f32; self.weights.len()];
        for row in self.values.chunks_exact(most.len()) {
            most.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(value.abs()));
        }
        let steps = most.iter().zip(self.weights).map(|(most, weight)| most / weight / (MOST - 1) as f32);
        f64::from(steps.fold(f32::MIN_POSITIVE, f32::max)).ln()
    }
}

/// Coded coefficients.
pub struct Coded {
    /// What they are written by.
    pub model: Model,
    /// Their numbers.
    pub numbers: Numbers,
    /// By which others are coded too.
    pub coder: Coder,
}

/// What coefficients were quantised to.
#[derive(Default)]
pub struct Numbers {
    /// `[rows, axes]`.
    pub numbers: Vec<u16>,
    /// `[rows, axes]`.
    pub negative: Vec<bool>,
}

/// Codes more coefficients by a model that was learnt from others.
#[derive(Default)]
pub struct Coder {
    tables: Tables,
    bucket_of: Vec<u8>,
    /// Of half steps.
    inverses: Vec<f32>,
}

impl Coder {
    /// The numbers of `values`, `[rows, axes]`.
    pub fn code(&self, values: &[f32]) -> Numbers {
        let mut search = Search::new(&self.tables, &self.bucket_of, &self.inverses);
        values.chunks_exact(self.bucket_of.len().max(1)).for_each(|row| search.row(row));
        Numbers { numbers: search.numbers, negative: signs(values) }
    }
}

fn signs(values: &[f32]) -> Vec<bool> {
    values.iter().map(|value| *value < 0.0).collect()
}

/// Codes `coefficients` in at most `bits` a row in the mean, on `threads` threads.
pub fn code(coefficients: &Coefficients, bits: f64, threads: usize) -> Coded {
    let axes = coefficients.spreads.len();
    let rows = coefficients.values.len() / axes.max(1);
    if rows == 0 {
        return Coded { model: Model::default(), numbers: Numbers::default(), coder: Coder::default() };
    }
    let every = rows.div_ceil(SAMPLE);
    let sample: Vec<f32> = coefficients.values.chunks_exact(axes).step_by(every).flatten().copied().collect();
    let sample = Coefficients { values: &sample, ..*coefficients };
    let largest = coefficients.spreads.iter().fold(f32::MIN_POSITIVE, |most, spread| most.max(*spread));
    let least = coefficients.least_step();
    let mut size = Size {
        log_step: f64::from(largest * 0.2).ln().max(least),
        least,
        bits_per_log_step: -0.6 * axes as f64,
        last: None,
    };
    for _ in 0..6 {
        let mut pass = Pass::first(&sample, size.step(), threads);
        pass = pass.again(&sample, size.step(), threads);
        if !size.next(pass.bits_per_row(), bits) {
            break;
        }
    }
    let mut pass = Pass::first(coefficients, size.step(), threads);
    size.last = None;
    for number in 0.. {
        pass = pass.again(coefficients, size.step(), threads);
        let took = pass.bits_per_row();
        // After many passes any size that is not too large will do.
        let enough = if number < PASSES { bits - SLACK } else { 0.0 };
        if number > 0 && took <= bits && took >= enough {
            break;
        }
        size.next(took, if number < PASSES { bits - SLACK / 2.0 } else { bits - SLACK * number as f64 });
    }
    let numbers =
        Numbers { numbers: std::mem::take(&mut pass.numbers), negative: std::mem::take(&mut pass.negative) };
    let coder = pass.coder(size.step(), coefficients.weights);
    Coded { model: pass.model(size.step(), coefficients.weights), numbers, coder }
}

/// The search for the step that gives the size: by secants over the step's logarithm.
struct Size {
    log_step: f64,
    /// Not below this.
    least: f64,
    bits_per_log_step: f64,
    last: Option<(f64, f64)>,
}

impl Size {
    fn step(&self) -> f32 {
        self.log_step.exp() as f32
    }

    /// Takes in that the present step took `took` bits a row where `wanted` are; whether that is far off.
    fn next(&mut self, took: f64, wanted: f64) -> bool {
        if let Some((log_step, bits)) = self.last
            && (self.log_step - log_step).abs() > 1e-5
        {
            let slope = (took - bits) / (self.log_step - log_step);
            if slope < -1.0 {
                self.bits_per_log_step = slope;
            }
        }
        self.last = Some((self.log_step, took));
        self.log_step += ((wanted - took) / self.bits_per_log_step).clamp(-1.0, 1.0);
        self.log_step = self.log_step.max(self.least);
        (wanted - took).abs() > 8.0
    }
}

/// Prices and offsets for a search, by bucket.
#[derive(Clone, Default)]
struct Tables {
    /// `[bucket][context][quantiser][symbol]`, in bits, the sign with them.
    bits: Vec<[[[f32; SYMBOLS]; 2]; CONTEXTS]>,
    /// `[bucket][quantiser][number - 1]`, in half steps.
    offsets: Vec<[[f32; 3]; 2]>,
    /// `[bucket]`.
    expected: Vec<f32>,
}

impl Tables {
    /// Before anything is known: Laplace's distribution.
    fn laplace() -> Tables {
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

/// All rows coded once.
struct Pass {
    used: Tables,
    numbers: Vec<u16>,
    negative: Vec<bool>,
    counts: Counts,
    bucket_of: Vec<u8>,
    rows: usize,
}

/// What the paths of a pass took.
#[derive(Clone)]
struct Counts {
    /// `[bucket][context][quantiser][symbol]`.
    symbols: Vec<[[[u32; SYMBOLS]; 2]; CONTEXTS]>,
    /// Bits of numbers beyond the symbols.
    more: u64,
    /// `[bucket]`: sum of the numbers.
    sums: Vec<u64>,
    /// `[bucket][quantiser][number - 1]`: sum of point - value and how many.
    offsets: Vec<[[(f64, u32); 3]; 2]>,
}

impl Counts {
    fn none() -> Counts {
        Counts {
            symbols: vec![[[[0; SYMBOLS]; 2]; CONTEXTS]; BUCKETS],
            more: 0,
            sums: vec![0; BUCKETS],
            offsets: vec![[[(0.0, 0); 3]; 2]; BUCKETS],
        }
    }

    fn add(&mut self, other: &Counts) {
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
    fn frequencies(&self, bucket: usize) -> [[[u16; SYMBOLS]; 2]; CONTEXTS] {
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
    fn tables(&self, before: &Tables) -> Tables {
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

impl Pass {
    fn first(coefficients: &Coefficients, step: f32, threads: usize) -> Pass {
        Pass::with(Tables::laplace(), coefficients, step, threads)
    }

    fn again(&self, coefficients: &Coefficients, step: f32, threads: usize) -> Pass {
        Pass::with(self.counts.tables(&self.used), coefficients, step, threads)
    }

    fn with(used: Tables, coefficients: &Coefficients, step: f32, threads: usize) -> Pass {
        let axes = coefficients.spreads.len();
        let halves = halves(step, coefficients.weights);
        let bucket_of: Vec<u8> = coefficients
            .spreads
            .iter()
            .zip(&halves)
            .map(|(spread, half)| {
                let steps = (spread / (2.0 * half)).max(f32::MIN_POSITIVE);
                (4.0 * steps.log2() + SPREAD_OF_ONE_STEP).round().clamp(0.0, BUCKETS as f32 - 1.0) as u8
            })
            .collect();
        let inverses: Vec<f32> = halves.iter().map(|half| 1.0 / half).collect();
        let pieces: Vec<&[f32]> = coefficients.values.chunks(PIECE * axes).collect();
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut done = Vec::new();
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                let Some(values) = pieces.get(piece) else { return done };
                let mut search = Search::new(&used, &bucket_of, &inverses);
                values.chunks_exact(axes).for_each(|row| search.row(row));
                done.push((piece, search.numbers, search.counts));
            }
        };
        let mut done: Vec<_> = match threads {
            // Where there are no threads, in a browser, there is still one.
            0 | 1 => worker(),
            _ => thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
                let joined =
                    workers.into_iter().map(|worker| worker.join().expect("a worker's panic is a bug"));
                joined.flatten().collect()
            }),
        };
        done.sort_by_key(|(piece, ..)| *piece);
        let (mut numbers, mut counts) = (Vec::with_capacity(coefficients.values.len()), Counts::none());
        for (_, piece, of_piece) in done {
            numbers.extend(piece);
            counts.add(&of_piece);
        }
        let negative = signs(coefficients.values);
        Pass { used, numbers, negative, counts, bucket_of, rows: coefficients.values.len() / axes }
    }

    /// What writing takes by the tables that these paths call for.
    fn bits_per_row(&self) -> f64 {
        let tables = self.counts.tables(&self.used);
        let symbols = self.counts.symbols.as_flattened().as_flattened().as_flattened();
        let bits = tables.bits.as_flattened().as_flattened().as_flattened();
        let sum: f64 =
            symbols.iter().zip(bits).map(|(count, bits)| f64::from(*count) * f64::from(*bits)).sum();
        (sum + self.counts.more as f64) / self.rows as f64
    }

    /// What codes more rows by [`Pass::model`]: as in it, what was expected stays.
    fn coder(&self, step: f32, weights: &[f32]) -> Coder {
        let tables = Tables { expected: self.used.expected.clone(), ..self.counts.tables(&self.used) };
        let inverses = halves(step, weights).iter().map(|half| 1.0 / half).collect();
        Coder { tables, bucket_of: self.bucket_of.clone(), inverses }
    }

    /// The model to write by. What was expected stays what it was in the search: contexts go by it.
    fn model(&self, step: f32, weights: &[f32]) -> Model {
        let tables = self.counts.tables(&self.used);
        let mut used: Vec<u8> = self.bucket_of.clone();
        used.sort_unstable();
        used.dedup();
        let buckets = used.iter().map(|bucket| {
            let bucket = usize::from(*bucket);
            let frequencies = self.counts.frequencies(bucket);
            let firsts = frequencies.map(|of| {
                of.map(|frequencies| {
                    let mut firsts = [0; SYMBOLS + 1];
                    for (symbol, frequency) in frequencies.into_iter().enumerate() {
                        firsts[symbol + 1] = firsts[symbol] + frequency;
                    }
                    firsts
                })
            });
            let offsets = tables.offsets[bucket].map(|of| {
                of.map(|offset| (offset * super::model::FINE as f32).round().clamp(-63.0, 63.0) as i8)
            });
            Bucket { expected: self.used.expected[bucket], offsets, firsts }
        });
        let place = |bucket: &u8| used.binary_search(bucket).expect("all are there") as u8;
        Model {
            steps: weights.iter().map(|weight| step * weight / (2 * super::model::FINE) as f32).collect(),
            bucket_of: self.bucket_of.iter().map(place).collect(),
            buckets: buckets.collect(),
        }
    }
}

fn halves(step: f32, weights: &[f32]) -> Vec<f32> {
    weights.iter().map(|weight| step * weight / 2.0).collect()
}

/// The best path of each row.
struct Search<'a> {
    tables: &'a Tables,
    bucket_of: &'a [u8],
    /// Of half steps.
    inverses: &'a [f32],
    numbers: Vec<u16>,
    counts: Counts,
    /// `[axes][state]`: the state before, and the number.
    steps: Vec<[(u8, u16); STATES]>,
}

impl<'a> Search<'a> {
    fn new(tables: &'a Tables, bucket_of: &'a [u8], inverses: &'a [f32]) -> Search<'a> {
        let steps = vec![[(0, 0); STATES]; bucket_of.len()];
        Search { tables, bucket_of, inverses, numbers: Vec::new(), counts: Counts::none(), steps }
    }

    fn row(&mut self, row: &[f32]) {
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

/// Bits that [`Model::encode`] writes after the last symbol.
fn bits_of_more(number: usize) -> u32 {
    3 + (number - ESCAPE + 1).ilog2()
}
