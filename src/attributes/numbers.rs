//! Numbers as text, and packed: decimals as whole numbers of 1, 2, 4 or 8 bytes, which compress far better than doubles.

use super::decimal;
use crate::format::{FormatError, Reader};

/// Whole numbers are exact in f64 up to here. A longer row of digits is an identifier, and stays text.
const LARGEST: i64 = 1 << 53;
/// Most decimal places packed; 10^15 is exact in f64, so the quotient is the very number that the decimals stand for.
const MAX_SCALE: u8 = 15;
/// Marks numbers kept as f64.
const DOUBLES: u8 = 0xff;
/// No number among doubles; any other that is not finite is refused.
const MISSING: u64 = 0x7ff8_0000_0000_0000;

/// The number that `text` (decimal, perhaps with an exponent) stands for, if it is finite; -0 is 0.
pub(super) fn parse_finite(text: &str) -> Option<f64> {
    decimal::parse(text).map(|number| number + 0.0)
}

/// The number that a cell with `text` holds: finite, and not over 2^53 in magnitude.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    parse_finite(text).filter(|number| number.abs() <= LARGEST as f64)
}

/// Numbers ready to be written; `None` stands for a missing one.
pub(super) enum Packed {
    Decimals { scale: u8, minimum: i64, width: usize, codes: Vec<u64> },
    Doubles(Vec<u64>),
}

impl Packed {
    /// In the fewest decimal places that keep every number exactly.
    pub(super) fn new(numbers: &[Option<f64>]) -> Packed {
        let scaled = (0..=MAX_SCALE).find_map(|scale| {
            let factor = 10f64.powi(scale.into());
            let whole = numbers.iter().map(|number| match number {
                None => Some(None),
                Some(number) => {
                    let whole = (number * factor).round();
                    (whole.abs() <= LARGEST as f64 && whole / factor == *number).then_some(Some(whole as i64))
                }
            });
            whole.collect::<Option<Vec<Option<i64>>>>().map(|whole| (scale, whole))
        });
        let Some((scale, whole)) = scaled else {
            return Packed::Doubles(
                numbers.iter().map(|number| number.map_or(MISSING, f64::to_bits)).collect(),
            );
        };
        let minimum = whole.iter().flatten().min().copied().unwrap_or(0);
        let codes: Vec<u64> =
            whole.iter().map(|whole| whole.map_or(0, |whole| (whole - minimum) as u64 + 1)).collect();
        let width = match codes.iter().max().copied().unwrap_or(0) {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        Packed::Decimals { scale, minimum, width, codes }
    }

    /// Bytes that [`Packed::write`] appends.
    pub(super) fn size(&self) -> usize {
        match self {
            Packed::Decimals { width, codes, .. } => 10 + width * codes.len(),
            Packed::Doubles(bits) => 1 + 8 * bits.len(),
        }
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Packed::Decimals { scale, minimum, width, codes } => {
                bytes.push(*scale);
                bytes.extend(minimum.to_le_bytes());
                bytes.push(*width as u8);
                write_planes(bytes, *width, codes.iter().copied());
            }
            Packed::Doubles(bits) => {
                bytes.push(DOUBLES);
                write_planes(bytes, 8, bits.iter().copied());
            }
        }
    }
}

/// Reads `count` packed numbers; not a number where one is missing.
pub(super) fn read_numbers(reader: &mut Reader, count: usize) -> Result<Vec<f64>, FormatError> {
    let scale = read_u8(reader)?;
    if scale == DOUBLES {
        let number = |bits: u64| match f64::from_bits(bits) {
            number if number.abs() <= LARGEST as f64 => Ok(number),
            number if bits == MISSING => Ok(number),
            _ => Err(FormatError::Value("holds a number out of range".to_owned())),
        };
        return read_planes(reader, 8, count)?.map(number).collect();
    }
    let low = u64::from(reader.u32()?);
    let minimum = (u64::from(reader.u32()?) << 32 | low) as i64;
    let width = usize::from(read_u8(reader)?);
    if scale > MAX_SCALE || minimum.unsigned_abs() > LARGEST as u64 || !matches!(width, 1 | 2 | 4 | 8) {
        return Err(FormatError::Value("holds numbers in a way no writer puts them".to_owned()));
    }
    let factor = 10f64.powi(scale.into());
    let number = |code: u64| {
        let Some(above) = code.checked_sub(1) else { return Ok(f64::NAN) };
        let whole = i64::try_from(above).ok().and_then(|above| minimum.checked_add(above));
        match whole {
            Some(whole) if whole <= LARGEST => Ok(whole as f64 / factor),
            _ => Err(FormatError::Value("holds a number out of range".to_owned())),
        }
    };
    read_planes(reader, width, count)?.map(number).collect()
}

/// The next byte.
pub(super) fn read_u8(reader: &mut Reader) -> Result<u8, FormatError> {
    Ok(reader.take(1)?[0])
}

/// Appends the lowest byte of all codes, then the next of all, up to `width`: like stands beside like, for brotli.
pub(super) fn write_planes(bytes: &mut Vec<u8>, width: usize, codes: impl Iterator<Item = u64> + Clone) {
    for plane in 0..width {
        bytes.extend(codes.clone().map(|code| (code >> (8 * plane)) as u8));
    }
}

/// Reads what [`write_planes`] wrote of `count` codes.
pub(super) fn read_planes<'a>(
    reader: &mut Reader<'a>,
    width: usize,
    count: usize,
) -> Result<impl Iterator<Item = u64> + use<'a>, FormatError> {
    let size = count.checked_mul(width);
    let size = size.ok_or(FormatError::Length { expected: u64::MAX, found: reader.position() as u64 })?;
    let planes = reader.take(size)?;
    Ok((0..count).map(move |at| {
        (0..width).fold(0, |code, plane| code | u64::from(planes[plane * count + at]) << (8 * plane))
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(numbers: &[Option<f64>]) -> Vec<Option<f64>> {
        let packed = Packed::new(numbers);
        let mut bytes = b"TEST\x01\x00".to_vec();
        packed.write(&mut bytes);
        assert_eq!(bytes.len(), 6 + packed.size());
        let mut reader = Reader::open(&bytes, b"TEST", "a test", 1).expect("just written");
        let read = read_numbers(&mut reader, numbers.len()).expect("just written");
        reader.finish().expect("just written");
        read.into_iter().map(|number| (!number.is_nan()).then_some(number)).collect()
    }

    #[test]
    fn what_is_a_number() {
        for (text, number) in [("19.90", 19.9), ("-3", -3.0), ("+.5", 0.5), ("1e3", 1000.0), ("-0", 0.0)] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        for text in ["", "nan", "inf", "1e999", "12345678901234567890", "1,5", "5 EUR", "0x10", "٣"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn prices_take_two_bytes() {
        let packed = Packed::new(&[Some(19.99), None, Some(650.0)]);
        assert!(matches!(packed, Packed::Decimals { scale: 2, width: 2, .. }));
    }

    proptest! {
        #[test]
        fn decimals_come_back_exactly(
            numbers in prop::collection::vec(prop::option::of((-9_999_999i64..9_999_999, 0i32..7)), 0..40)
        ) {
            let numbers: Vec<Option<f64>> = numbers
                .into_iter()
                .map(|number| number.map(|(whole, scale)| whole as f64 / 10f64.powi(scale)))
                .collect();
            prop_assert_eq!(round_trip(&numbers), numbers);
        }

        #[test]
        fn any_number_comes_back_exactly(
            numbers in prop::collection::vec(prop::option::of(-9.0e15..9.0e15f64), 0..20),
            small in -1.0..1.0f64,
        ) {
            let mut numbers = numbers;
            numbers.push(Some(small * small * small * small));
            prop_assert_eq!(round_trip(&numbers), numbers);
        }
    }
}
