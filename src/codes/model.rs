//! How the coefficients of one layer of codes are quantised and how likely each number is.
//!
//! Trellis-coded quantisation with four states: two quantisers take turns by the parity of what was chosen, so that their
//! joint lattice is twice as fine as either (M. Marcellin and T. Fischer, IEEE Trans. Comm. 38, 1990; the states are those of
//! VVC's dependent quantisation, ITU-T H.266). Probabilities depend on how large a coefficient is expected to be (its
//! axis' bucket) and on how large those before it turned out.

use crate::format::{FormatError, Reader};
#[cfg(feature = "encode")]
use crate::rans::Encoder;
use crate::rans::{Decoder, TOTAL};

/// States of the trellis; the first two quantise to even points, the others to odd ones and 0.
pub const STATES: usize = 4;
/// The next state by the parity of the number.
pub const NEXT: [[usize; 2]; STATES] = [[0, 2], [2, 0], [1, 3], [3, 1]];
/// Points of a level: what a half step is cut into.
pub const FINE: i32 = 64;
/// Numbers with a symbol of their own are below this; the last symbol says that more follows.
pub const ESCAPE: usize = 15;
/// Symbols of an alphabet.
pub const SYMBOLS: usize = ESCAPE + 1;
/// The greatest number there is: the largest level still fits 16 bits.
pub const MOST: usize = 240;
/// Contexts by the numbers before.
pub const CONTEXTS: usize = 5;
/// What is kept of the numbers before at each step.
const FADING: f32 = 0.9;

/// Which of two quantisers a state has.
pub fn quantiser_of(state: usize) -> usize {
    state / 2
}

/// The point that `number` stands for, in half steps.
pub fn point(quantiser: usize, number: usize) -> i32 {
    let number = number as i32;
    if number == 0 { 0 } else { 2 * number - quantiser as i32 }
}

/// How large the numbers before were, beside what was expected of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    /// Of the numbers themselves.
    pub sum: f32,
    /// Of what was expected.
    pub expected: f32,
}

impl Before {
    /// The context of the next number.
    pub fn context(&self) -> usize {
        if self.expected <= 0.0 {
            return 2;
        }
        let ratio = self.sum / self.expected;
        [0.55, 0.85, 1.15, 1.6].iter().filter(|bound| ratio >= **bound).count()
    }

    /// After `number`, of which `expected` was expected.
    pub fn after(self, number: usize, expected: f32) -> Before {
        Before { sum: self.sum * FADING + number as f32, expected: self.expected * FADING + expected }
    }
}

/// What axes of about the same spread have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The mean number.
    pub expected: f32,
    /// How much nearer to 0 than its point a number's mean is, in 1/64 of a half step: `[quantiser][number - 1]`, the last
    /// for all greater numbers.
    pub offsets: [[i8; 3]; 2],
    /// `[context][quantiser][symbol]`: where the symbol's share of [`TOTAL`] begins; ends with [`TOTAL`].
    pub firsts: [[[u16; SYMBOLS + 1]; 2]; CONTEXTS],
}

impl Bucket {
    /// The level of `number`, in 1/64 of a half step, without sign.
    pub fn level(&self, quantiser: usize, number: usize) -> i32 {
        match number {
            0 => 0,
            _ => FINE * point(quantiser, number) - i32::from(self.offsets[quantiser][number.min(3) - 1]),
        }
    }
}

/// One layer of codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// `[axes]`: what a level is worth.
    pub steps: Vec<f32>,
    /// `[axes]`.
    pub bucket_of: Vec<u8>,
    /// Those there are.
    pub buckets: Vec<Bucket>,
}

impl Model {
    /// Number of axes.
    pub fn axes(&self) -> usize {
        self.steps.len()
    }

    /// Appends the file's bytes (`FORMAT.md`).
    #[cfg(feature = "encode")]
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.axes() as u32).to_le_bytes());
        bytes.extend((self.buckets.len() as u32).to_le_bytes());
        bytes.extend(self.steps.iter().flat_map(|step| step.to_le_bytes()));
        bytes.extend(&self.bucket_of);
        for bucket in &self.buckets {
            bytes.extend(bucket.expected.to_le_bytes());
            bytes.extend(bucket.offsets.as_flattened().iter().map(|offset| *offset as u8));
            for firsts in bucket.firsts.as_flattened() {
                let frequencies = firsts.windows(2).map(|pair| pair[1] - pair[0]);
                bytes.extend(frequencies.flat_map(u16::to_le_bytes));
            }
        }
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`FormatError`] when a number is one that no writer puts there.
    pub fn read(reader: &mut Reader) -> Result<Model, FormatError> {
        let wrong = || FormatError::Value("holds a model that no writer makes".to_owned());
        let (axes, count) = (reader.u32()? as usize, reader.u32()? as usize);
        let steps = reader.f32s(axes)?;
        let bucket_of = reader.take(axes)?.to_vec();
        if steps.iter().any(|step| !(step.is_finite() && *step > 0.0))
            || bucket_of.iter().any(|bucket| usize::from(*bucket) >= count)
        {
            return Err(wrong());
        }
        let mut buckets = Vec::new();
        for _ in 0..count {
            let [expected] = reader.f32s(1)?[..] else { return Err(wrong()) };
            let mut bucket =
                Bucket { expected, offsets: [[0; 3]; 2], firsts: [[[0; SYMBOLS + 1]; 2]; CONTEXTS] };
            for (offset, byte) in bucket.offsets.as_flattened_mut().iter_mut().zip(reader.take(6)?) {
                *offset = *byte as i8;
            }
            if !(expected.is_finite() && expected >= 0.0) || bucket.offsets.as_flattened().contains(&i8::MIN)
            {
                return Err(wrong());
            }
            for firsts in bucket.firsts.as_flattened_mut() {
                let mut sum = 0u32;
                for first in &mut firsts[1..] {
                    let frequency = reader.u16()?;
                    sum += u32::from(frequency);
                    if frequency == 0 || sum > TOTAL {
                        return Err(wrong());
                    }
                    *first = sum as u16;
                }
                if sum != TOTAL {
                    return Err(wrong());
                }
            }
            buckets.push(bucket);
        }
        Ok(Model { steps, bucket_of, buckets })
    }

    /// Writes one product's `numbers`, `[axes]`, their signs in `negative`.
    #[cfg(feature = "encode")]
    pub fn encode(&self, numbers: &[u16], negative: &[bool], encoder: &mut Encoder) {
        let (mut state, mut before) = (0, Before::default());
        for ((bucket, number), negative) in self.bucket_of.iter().zip(numbers).zip(negative) {
            let bucket = &self.buckets[usize::from(*bucket)];
            let firsts = &bucket.firsts[before.context()][quantiser_of(state)];
            let number = usize::from(*number);
            let symbol = number.min(ESCAPE);
            encoder.symbol(firsts[symbol], firsts[symbol + 1] - firsts[symbol]);
            if symbol == ESCAPE {
                // Elias gamma: how many bits, then those below the highest.
                let more = number - ESCAPE + 1;
                encoder.bits(more.ilog2() as u16, 3);
                encoder.bits(more as u16 & ((1 << more.ilog2()) - 1), more.ilog2());
            }
            if number > 0 {
                encoder.bits(u16::from(*negative), 1);
            }
            state = NEXT[state][number & 1];
            before = before.after(number, bucket.expected);
        }
    }

    /// The values that one product's `numbers`, `[axes]`, stand for, their signs in `negative`.
    #[cfg(feature = "encode")]
    pub fn values(&self, numbers: &[u16], negative: &[bool]) -> Vec<f32> {
        let mut state = 0;
        let axes = self.steps.iter().zip(&self.bucket_of);
        axes.zip(numbers.iter().zip(negative))
            .map(|((step, bucket), (number, negative))| {
                let number = usize::from(*number);
                let level = self.buckets[usize::from(*bucket)].level(quantiser_of(state), number) as f32;
                state = NEXT[state][number & 1];
                if *negative { -step * level } else { step * level }
            })
            .collect()
    }

    /// Reads one product's levels, `[axes]`: value = step * level.
    pub fn decode(&self, decoder: &mut Decoder, levels: &mut [i16]) {
        let (mut state, mut before) = (0, Before::default());
        for (bucket, level) in self.bucket_of.iter().zip(levels) {
            let bucket = &self.buckets[usize::from(*bucket)];
            let quantiser = quantiser_of(state);
            let mut number = decoder.symbol(&bucket.firsts[before.context()][quantiser]);
            if number == ESCAPE {
                let bits = u32::from(decoder.bits(3));
                let more = (1 << bits) | usize::from(decoder.bits(bits));
                // Only damage makes it more.
                number = (ESCAPE + more - 1).min(MOST);
            }
            let size = bucket.level(quantiser, number) as i16;
            *level = if number > 0 && decoder.bits(1) == 1 { -size } else { size };
            state = NEXT[state][number & 1];
            before = before.after(number, bucket.expected);
        }
    }
}
