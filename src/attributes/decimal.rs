//! From decimal text to the nearest f64, as `str::parse` does it, without the 10 KB of powers that the standard library
//! keeps for it: they would be a sixth of the module that ranks in the browser.
//!
//! The quotient of two whole numbers of any length, bit by bit, rounded to even (Knuth, TAOCP 2, 4.4). Short numbers, which
//! is nearly all, are one exact division or product (Clinger, "How to read floating point numbers accurately", 1990).

/// More digits than these only say whether the number is above what the others say: no double, nor the middle between
/// two, has as many.
const MOST_DIGITS: usize = 800;
/// Powers of ten that are exact in f64.
const EXACT: i32 = 22;

/// The number that `text` stands for, rounded to the nearest, ties to even; `None` if it is none or not finite.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (negative, digits, exponent) = split(text)?;
    let magnitude = match digits
        .iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(*digit)))
    {
        Some(number) if number <= 1 << 53 && exponent.abs() <= EXACT => {
            let power = (0..exponent.abs()).fold(1.0, |power, _| power * 10.0);
            if exponent < 0 { number as f64 / power } else { number as f64 * power }
        }
        _ => quotient(&digits, exponent)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Sign, digits without leading zeros, and the power of ten that they are to be multiplied by.
fn split(text: &str) -> Option<(bool, Vec<u8>, i32)> {
    let text = text.as_bytes();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let mut exponent = match text.get(end + 1..) {
        Some(written) => whole(written)?,
        None => 0,
    };
    let (mut digits, mut seen, mut point, mut more) = (Vec::new(), false, false, false);
    for byte in &text[..end] {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                exponent -= i32::from(point);
                if digits.len() < MOST_DIGITS {
                    if *byte != b'0' || !digits.is_empty() {
                        digits.push(byte - b'0');
                    }
                } else {
                    more |= *byte != b'0';
                    exponent += 1;
                }
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    if more {
        digits.push(1);
        exponent -= 1;
    }
    seen.then_some((negative, digits, exponent))
}

/// A whole number with its sign; of more than matters, a million.
fn whole(text: &[u8]) -> Option<i32> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if text.is_empty() {
        return None;
    }
    let mut sum = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        sum = (sum * 10 + i32::from(byte - b'0')).min(1_000_000);
    }
    Some(if negative { -sum } else { sum })
}

/// `digits` times 10^`exponent`; `None` if that is not finite.
fn quotient(digits: &[u8], exponent: i32) -> Option<f64> {
    let magnitude = digits.len() as i32 + exponent;
    if digits.is_empty() || magnitude < -330 {
        return Some(0.0);
    }
    if magnitude > 310 {
        return None;
    }
    // digits * 10^exponent = above / below * 2^exponent, the fives on either side.
    let (mut above, mut below) = (Whole(Vec::new()), Whole(vec![1]));
    digits.iter().for_each(|digit| above.multiply(10, u32::from(*digit)));
    let fives = if exponent < 0 { &mut below } else { &mut above };
    (0..exponent.abs()).for_each(|_| fives.multiply(5, 0));
    let mut power = exponent;
    // Until 1 <= above / below < 2.
    while above.less(&below) {
        above.multiply(2, 0);
        power -= 1;
    }
    loop {
        let mut doubled = Whole(below.0.clone());
        doubled.multiply(2, 0);
        if above.less(&doubled) {
            break;
        }
        below = doubled;
        power += 1;
    }
    // 53 bits, or fewer below 2^-1022; then what is left decides.
    let bits = (power + 1075).min(53);
    let mut mantissa = 0u64;
    for _ in 0..bits.max(0) {
        mantissa <<= 1;
        if !above.less(&below) {
            above.subtract(&below);
            mantissa |= 1;
        }
        above.multiply(2, 0);
    }
    if bits < 0 {
        return Some(0.0);
    }
    // Half of the last bit is `below` now.
    let over = below.less(&above);
    let tie = !over && !above.less(&below);
    mantissa += u64::from(over || tie && mantissa & 1 == 1);
    let value = power_of_two(mantissa as f64, power - bits + 1);
    value.is_finite().then_some(value)
}

/// `value` times 2^`power`; exact wherever the result is a double of as many bits.
fn power_of_two(mut value: f64, power: i32) -> f64 {
    for _ in 0..power.abs() {
        value *= if power < 0 { 0.5 } else { 2.0 };
    }
    value
}

/// A whole number of any length, least word first, without zeros at its end.
struct Whole(Vec<u32>);

impl Whole {
    fn multiply(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn less(&self, other: &Whole) -> bool {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_lt()
    }

    /// `other` is not greater.
    fn subtract(&mut self, other: &Whole) {
        let mut borrow = 0;
        for (at, word) in self.0.iter_mut().enumerate() {
            let taken = i64::from(*word) - other.0.get(at).map_or(0, |word| i64::from(*word)) - borrow;
            borrow = i64::from(taken < 0);
            *word = taken as u32;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the standard library says, but for its words for what is not finite.
    fn std(text: &str) -> Option<u64> {
        text.parse::<f64>().ok().filter(|number| number.is_finite()).map(f64::to_bits)
    }

    fn ours(text: &str) -> Option<u64> {
        parse(text).map(f64::to_bits)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_double_is_read_back(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            for text in [format!("{number}"), format!("{number:e}"), format!("{number:.17e}")] {
                prop_assert_eq!(ours(&text), std(&text), "{}", text);
            }
        }

        #[test]
        fn any_digits_are_read_as_the_standard_library_does(text in "[+-]?[0-9]{0,25}(\\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?") {
            prop_assert_eq!(ours(&text), std(&text), "{}", text);
        }

        #[test]
        fn any_text_is_taken_or_refused_alike(text in "[-+0-9.eE ]{0,8}") {
            prop_assert_eq!(ours(&text), std(&text), "{}", text);
        }

        #[test]
        fn the_middle_between_two_doubles_goes_to_the_even_one(bits in 0u64..0x7fef_ffff_ffff_ffff, off in 0usize..3) {
            // 768 digits write every middle out.
            let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
            let middle = format!("{:.800e}", low / 2.0 + high / 2.0);
            let middle = if low / 2.0 + high / 2.0 > low { middle } else { format!("{low:.800e}") };
            let (mantissa, exponent) = middle.split_once('e').expect("written with an exponent");
            let text = format!("{mantissa}{}e{exponent}", ["", "1", "000000000000000000001"][off]);
            prop_assert_eq!(ours(&text), std(&text), "{}", text);
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        for text in [
            "0",
            "-0",
            "0e999999999999",
            "5e-324",
            "2.4703282292062327208e-324",
            "2.4703282292062328e-324",
            "1e-400",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1e309",
            "1e999999999999",
            "9007199254740993",
            "9007199254740991e22",
            "1e23",
            "8.5e22",
            "123456789012345678901e-40",
            "0.1",
            ".5",
            "5.",
            ".",
            "",
            "-",
            "e5",
            "1e",
            "1e+",
            "1_0",
            " 1",
            "inf",
            "nan",
            "0x1",
            "1.5.2",
        ] {
            let std = if ["inf", "nan"].contains(&text) { None } else { std(text) };
            assert_eq!(ours(text), std, "{text}");
        }
        let long = format!("0.{}1", "0".repeat(5000));
        assert_eq!(ours(&long), std(&long));
        let long = format!("{}.{}", "9".repeat(300), "9".repeat(5000));
        assert_eq!(ours(&long), std(&long));
        let above = format!("9007199254740993{}1", ".0".to_owned() + &"0".repeat(2000));
        assert_eq!(ours(&above), std(&above), "a digit far behind breaks the tie");
    }
}
