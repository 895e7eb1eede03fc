//! From coefficients to numbers and the model they are written by: a Viterbi search of each row's path through the trellis,
//! and tables learnt from the paths, in turns until the size is as asked ([`super::trellis`]).
//!
//! Everything is summed in an order that does not depend on the number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::model::{Bucket, MOST, Model, SYMBOLS};
use super::trellis::{BUCKETS, Counts, SPREAD_OF_ONE_STEP, Search, Tables};

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

/// All rows coded once.
struct Pass {
    used: Tables,
    numbers: Vec<u16>,
    negative: Vec<bool>,
    counts: Counts,
    bucket_of: Vec<u8>,
    rows: usize,
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
