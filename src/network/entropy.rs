//! Weights in 8 bits, entropy-coded ([`Encoding::Rans8`](super::Encoding::Rans8)): what a browser downloads of a network.
//!
//! Quantisation with steps of one size and an entropy coder of ideal length is within 0.25 bits a weight of the best any code
//! does at the same error (H. Gish and J. Pierce, IEEE Trans. Inf. Theory 14, 1968). So a step is a share of the row's
//! root mean square, not of its largest weight, and a few large weights cost bits of their own instead of everyone's.

use super::weights::{INT8_LARGEST, Weights, round_kernels, rows};
use crate::format::{FormatError, Reader};
use crate::rans::{Decoder, Encoder, TOTAL, Table};

/// Bits of a number after an escape.
const ESCAPED_BITS: u32 = 8;
/// The greatest reach: every number has a symbol of its own.
const MOST_REACH: u8 = 127;

/// The stored bytes of `values`, a tensor of shape `shape`, as [`Encoding::Rans8`](super::Encoding::Rans8).
///
/// The steps are those of [`rans8_scales`]. The errors of each kernel add up to under half a step, as those of
/// [`balanced`](super::balanced).
pub fn encode_rans8(values: &[f32], shape: &[usize], step: f32) -> Vec<u8> {
    let scales = rans8_scales(values, shape, step);
    let mut numbers = Vec::with_capacity(values.len());
    for (row, scale) in rows(values, shape).zip(&scales) {
        let mut rounded = row.to_vec();
        if *scale > 0.0 {
            round_kernels(&mut rounded, shape, *scale);
        }
        let number = |value: f32| (value / scale).round().clamp(-INT8_LARGEST, INT8_LARGEST) as i8;
        numbers.extend(rounded.into_iter().map(|value| if *scale > 0.0 { number(value) } else { 0 }));
    }
    encode_rans8_numbers(&scales, &numbers)
}

/// The quantiser's step of each row (an index of the first side) of `values`, a tensor of shape `shape`: `step` times the row's
/// root mean square, or more where its largest weight would be over 127 steps; 0 if all its weights are 0.
///
/// With `step` 0.2 a normal distribution takes 4.4 bits a weight.
pub fn rans8_scales(values: &[f32], shape: &[usize], step: f32) -> Vec<f32> {
    rows(values, shape).map(|row| scale(row, step)).collect()
}

/// The stored bytes of weights that are `scales`, `[rows]`, times `numbers`, `[rows, elements of a row]`, from -127 to 127.
pub fn encode_rans8_numbers(scales: &[f32], numbers: &[i8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
    let (reach, frequencies) = best_alphabet(numbers);
    bytes.push(reach);
    bytes.extend(frequencies.iter().flat_map(|frequency| frequency.to_le_bytes()));
    let table = Table::new(&frequencies).expect("frequencies that sum to TOTAL");
    let mut encoder = Encoder::default();
    for number in numbers {
        let symbol = symbol(*number, reach);
        let (first, frequency) = table.span(symbol);
        encoder.symbol(first, frequency);
        if symbol == escape(reach) {
            encoder.bits(u16::from(*number as u8), ESCAPED_BITS);
        }
    }
    bytes.extend(encoder.finish());
    bytes
}

/// The quantiser's step of `row`; 0 if all its weights are 0.
fn scale(row: &[f32], step: f32) -> f32 {
    let squares: f64 = row.iter().map(|value| f64::from(*value).powi(2)).sum();
    let spread = (squares / row.len().max(1) as f64).sqrt() as f32;
    let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    (spread * step).max(largest / INT8_LARGEST)
}

/// The symbol of numbers beyond `reach`.
fn escape(reach: u8) -> u8 {
    2 * reach + 1
}

fn symbol(number: i8, reach: u8) -> u8 {
    if number.unsigned_abs() > reach { escape(reach) } else { (i16::from(number) + i16::from(reach)) as u8 }
}

/// The reach and the frequencies, `[2 * reach + 2]`, that code `numbers` in the fewest bits.
fn best_alphabet(numbers: &[i8]) -> (u8, Vec<u16>) {
    let mut counts = [0u64; 256];
    numbers.iter().for_each(|number| counts[usize::from(*number as u8)] += 1);
    let alphabet = |reach: u8| {
        let mut of_symbols = vec![0u64; usize::from(escape(reach)) + 1];
        for number in -127..=127i8 {
            of_symbols[usize::from(symbol(number, reach))] += counts[usize::from(number as u8)];
        }
        let frequencies = frequencies(&of_symbols);
        let bits = |(count, frequency): (&u64, &u16)| {
            if *count == 0 { 0.0 } else { *count as f64 * (f64::from(TOTAL) / f64::from(*frequency)).log2() }
        };
        let coded: f64 = of_symbols.iter().zip(&frequencies).map(bits).sum();
        let escaped = of_symbols[usize::from(escape(reach))] * u64::from(ESCAPED_BITS);
        (coded + escaped as f64 + 16.0 * frequencies.len() as f64, frequencies)
    };
    let mut best = (0, alphabet(0));
    for reach in 1..=MOST_REACH {
        let other = alphabet(reach);
        if other.0 < best.1.0 {
            best = (reach, other);
        }
    }
    (best.0, best.1.1)
}

/// Frequencies of symbols that occur `counts` times: they sum to [`TOTAL`], and only what never occurs has 0.
fn frequencies(counts: &[u64]) -> Vec<u16> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        let mut frequencies = vec![0; counts.len()];
        frequencies[0] = TOTAL as u16;
        return frequencies;
    }
    let share = |count: &u64| ((count * u64::from(TOTAL) / all) as u16).max(u16::from(*count > 0));
    let mut frequencies: Vec<u16> = counts.iter().map(share).collect();
    // What the symbol's occurrences cost more, in units that do not matter, from one frequency to another.
    let change =
        |symbol: usize, from: u16, to: u16| counts[symbol] as f64 * (f64::from(from) / f64::from(to)).ln();
    loop {
        let sum: u32 = frequencies.iter().map(|frequency| u32::from(*frequency)).sum();
        let to = |frequency: u16| if sum < TOTAL { frequency + 1 } else { frequency - 1 };
        if sum == TOTAL {
            return frequencies;
        }
        let can_change = |symbol: &usize| frequencies[*symbol] > u16::from(sum > TOTAL);
        let cost = |symbol: usize| change(symbol, frequencies[symbol], to(frequencies[symbol]));
        let cheapest = (0..counts.len()).filter(can_change).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let Some(symbol) = cheapest else { unreachable!("256 symbols share {TOTAL}") };
        frequencies[symbol] = to(frequencies[symbol]);
    }
}

/// The weights that `bytes` hold, a tensor of shape `shape`, whose number of elements the caller has bounded.
///
/// # Errors
/// [`FormatError`] when they are not what [`encode_rans8`] writes.
pub(super) fn decode(bytes: &[u8], shape: &[usize]) -> Result<Weights, FormatError> {
    let damaged = || FormatError::Value("has entropy-coded weights that are damaged".to_owned());
    let mut reader = Reader::new(bytes);
    let scales = reader.f32s(shape.first().copied().unwrap_or(1))?;
    let reach = reader.take(1)?[0];
    if reach > MOST_REACH || !scales.iter().all(|scale| scale.is_finite()) {
        return Err(damaged());
    }
    let frequencies: Vec<u16> =
        (0..=escape(reach)).map(|_| reader.u16()).collect::<Result<_, FormatError>>()?;
    let table = Table::new(&frequencies).ok_or_else(damaged)?;
    let mut decoder = Decoder::open(&mut reader)?;
    reader.finish()?;
    let mut numbers = vec![0i8; shape.iter().product()];
    for number in &mut numbers {
        let symbol = decoder.lookup(&table);
        *number = if symbol == escape(reach) {
            decoder.bits(ESCAPED_BITS) as u8 as i8
        } else {
            (i16::from(symbol) - i16::from(reach)) as i8
        };
    }
    decoder.finish()?;
    Ok(Weights::Int8 { scales, numbers })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::description::{Encoding, TensorEntry};
    use super::super::weights;
    use super::*;
    use crate::test_rng::numbers;

    /// Nearly normal numbers of deviation 1: the sum of twelve even ones.
    fn normal(count: usize, seed: u64) -> Vec<f32> {
        numbers(count * 12, seed).chunks(12).map(|terms| terms.iter().sum::<f32>() / 2.0).collect()
    }

    fn read(bytes: Vec<u8>, shape: &[usize]) -> Result<Weights, FormatError> {
        let encoding = Encoding::Rans8 { bytes: bytes.len() };
        weights::decode(bytes, &TensorEntry { shape: shape.to_vec(), encoding })
    }

    proptest! {
        #[test]
        fn weights_are_within_a_step_and_kernels_keep_their_sums(
            rows in 1usize..5,
            kernels in 1usize..6,
            step in 0.05f32..1.5,
            spread in 1i32..6,
            seed in any::<u64>(),
        ) {
            let shape = [rows, kernels, 3, 3];
            // Odd powers: from even to heavy tails, whose largest are beyond the reach or beyond 127 steps.
            let values: Vec<f32> = numbers(rows * kernels * 9, seed)
                .into_iter()
                .map(|value| value.powi(2 * spread - 1))
                .collect();
            let weights = read(encode_rans8(&values, &shape, step), &shape).expect("just encoded");
            let Weights::Int8 { scales, .. } = &weights else { panic!("8 bits") };
            let scales = scales.clone();
            let got = weights.into_f32();
            for ((row, got), scale) in values.chunks(kernels * 9).zip(got.chunks(kernels * 9)).zip(scales) {
                let rms = (row.iter().map(|value| value * value).sum::<f32>() / row.len() as f32).sqrt();
                let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                prop_assert!(scale >= step * rms * 0.999 && scale <= (step * rms).max(largest / 127.0) * 1.001);
                for (kernel, got) in row.chunks(9).zip(got.chunks(9)) {
                    let lost: f32 = kernel.iter().zip(got).map(|(value, got)| value - got).sum();
                    prop_assert!(lost.abs() <= scale * 0.51);
                    for (value, got) in kernel.iter().zip(got) {
                        prop_assert!((value - got).abs() <= scale * 1.001);
                    }
                }
            }
        }

        #[test]
        fn damage_is_refused_or_read(
            seed in any::<u64>(),
            cut in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let shape = [4, 60];
            let bytes = encode_rans8(&numbers(240, seed), &shape, 0.3);
            prop_assert!(read(bytes[..cut.index(bytes.len())].to_vec(), &shape).is_err());
            let mut damaged = bytes;
            for (place, byte) in changes {
                let place = place.index(damaged.len());
                damaged[place] = byte;
            }
            drop(read(damaged, &shape));
        }

        #[test]
        fn noise_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(read(bytes, &[3, 5]));
        }
    }

    #[test]
    fn normal_weights_take_the_bits_of_theory() {
        // Half the logarithm of 2 pi e, less that of the step: 4.37 bits at 0.2.
        let values = normal(40_000, 5);
        for (step, most) in [(0.1, 5.45), (0.2, 4.45), (0.4, 3.45)] {
            let bytes = encode_rans8(&values, &[10, 4000], step);
            let bits = bytes.len() as f32 * 8.0 / 40_000.0;
            assert!(bits < most, "{bits} bits at {step}");
        }
    }

    #[test]
    fn few_and_equal_weights_are_kept() {
        for (values, shape) in [
            (vec![0.0; 6], vec![2, 3]),
            (vec![2.0; 6], vec![2, 3]),
            (vec![0.0, 0.0, 0.0, -1.0, 1.0, -1.0], vec![2, 3]),
            (vec![3.0], vec![1, 1]),
            (vec![], vec![0, 3]),
        ] {
            let got = read(encode_rans8(&values, &shape, 0.5), &shape).expect("just encoded").into_f32();
            assert_eq!(got.len(), values.len());
            assert!(got.iter().zip(&values).all(|(got, value)| (got - value).abs() < 0.26), "{got:?}");
        }
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        let bytes = encode_rans8(&[0.0; 64], &[1, 64], 0.2);
        let shape = vec![1, bytes.len() * 64 + 64];
        let entry = TensorEntry { shape, encoding: Encoding::Rans8 { bytes: bytes.len() } };
        assert_eq!(entry.bytes(), None);
        assert!(weights::decode(bytes, &entry).is_err());
    }
}
