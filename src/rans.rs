//! Entropy coding by range asymmetric numeral systems (J. Duda, arXiv 1311.2540): a state of 32 bits, words of 16, frequencies
//! that sum to 4096. Integers throughout: what one machine writes every other reads.

use crate::format::{FormatError, Reader};

/// Frequencies of an alphabet sum to this.
pub const TOTAL: u32 = 1 << BITS;
const BITS: u32 = 12;
/// The state is this at the beginning and never below between symbols.
const LOWEST: u32 = 1 << 16;

/// The symbols of an alphabet by their places in [`TOTAL`]: finds a symbol in one step, so making it pays for streams of many
/// symbols.
pub struct Table {
    /// `[TOTAL]`.
    symbols: Box<[u8; TOTAL as usize]>,
    /// Where each symbol begins, and from the last one on [`TOTAL`].
    firsts: [u16; 257],
}

impl Table {
    /// The table of an alphabet whose symbols have `frequencies`; a symbol with frequency 0 cannot be coded.
    ///
    /// `None` unless there are at most 256 of them that sum to [`TOTAL`].
    pub fn new(frequencies: &[u16]) -> Option<Table> {
        let mut table = Table { symbols: Box::new([0; TOTAL as usize]), firsts: [TOTAL as u16; 257] };
        let mut first = 0;
        for (symbol, frequency) in frequencies.iter().enumerate() {
            *table.firsts.get_mut(symbol)? = first as u16;
            let end = first + usize::from(*frequency);
            table.symbols.get_mut(first..end)?.fill(u8::try_from(symbol).ok()?);
            first = end;
        }
        (first == TOTAL as usize).then_some(table)
    }

    /// (first, frequency) of `symbol`.
    pub fn span(&self, symbol: u8) -> (u16, u16) {
        let first = self.firsts[usize::from(symbol)];
        (first, self.firsts[usize::from(symbol) + 1] - first)
    }
}

/// What is to be written, in the order it will be read.
#[derive(Default)]
pub struct Encoder {
    /// (first, frequency) of each symbol.
    symbols: Vec<(u16, u16)>,
}

impl Encoder {
    /// A symbol that takes `frequency` of [`TOTAL`] from `first` on.
    pub fn symbol(&mut self, first: u16, frequency: u16) {
        debug_assert!(frequency > 0 && u32::from(first) + u32::from(frequency) <= TOTAL);
        self.symbols.push((first, frequency));
    }

    /// The lowest `count` bits (at most 12) of `value`, each as likely 0 as 1.
    pub fn bits(&mut self, value: u16, count: u32) {
        self.symbol(value << (BITS - count), 1 << (BITS - count));
    }

    /// Number of words u32, state u32, words u16.
    pub fn finish(self) -> Vec<u8> {
        let (mut state, mut words) = (LOWEST, Vec::new());
        // The decoder goes the other way.
        for (first, frequency) in self.symbols.into_iter().rev() {
            let (first, frequency) = (u32::from(first), u32::from(frequency));
            if u64::from(state) >= u64::from(frequency) << 20 {
                words.push(state as u16);
                state >>= 16;
            }
            state = ((state / frequency) << BITS) + state % frequency + first;
        }
        let mut bytes = Vec::with_capacity(8 + 2 * words.len());
        bytes.extend((words.len() as u32).to_le_bytes());
        bytes.extend(state.to_le_bytes());
        bytes.extend(words.into_iter().rev().flat_map(u16::to_le_bytes));
        bytes
    }
}

/// Reads what an [`Encoder`] wrote.
pub struct Decoder<'a> {
    state: u32,
    words: std::slice::Iter<'a, [u8; 2]>,
    /// Whether a word was missing.
    short: bool,
}

impl<'a> Decoder<'a> {
    /// Begins with what `reader` is at.
    ///
    /// # Errors
    /// [`FormatError`] when it is cut short.
    pub fn open(reader: &mut Reader<'a>) -> Result<Decoder<'a>, FormatError> {
        let (words, state) = (reader.u32()? as usize, reader.u32()?);
        let size = words.checked_mul(2).ok_or(FormatError::Value("holds an impossible count".to_owned()))?;
        let words = reader.take(size)?.as_chunks::<2>().0.iter();
        Ok(Decoder { state, words, short: false })
    }

    /// The number of the symbol whose first numbers `firsts` holds, ending with [`TOTAL`].
    pub fn symbol(&mut self, firsts: &[u16]) -> usize {
        let place = (self.state & (TOTAL - 1)) as u16;
        // Small numbers are frequent, so they are tried first.
        let symbol = (1..firsts.len() - 1).find(|next| place < firsts[*next]).unwrap_or(firsts.len() - 1) - 1;
        self.advance(firsts[symbol], firsts[symbol + 1] - firsts[symbol]);
        symbol
    }

    /// The next symbol of the alphabet of `table`.
    pub fn lookup(&mut self, table: &Table) -> u8 {
        let symbol = table.symbols[(self.state & (TOTAL - 1)) as usize];
        let (first, frequency) = table.span(symbol);
        self.advance(first, frequency);
        symbol
    }

    /// `count` bits, at most 12.
    pub fn bits(&mut self, count: u32) -> u16 {
        let value = ((self.state & (TOTAL - 1)) >> (BITS - count)) as u16;
        self.advance(value << (BITS - count), 1 << (BITS - count));
        value
    }

    #[inline]
    fn advance(&mut self, first: u16, frequency: u16) {
        let place = self.state & (TOTAL - 1);
        self.state = u32::from(frequency) * (self.state >> BITS) + place - u32::from(first);
        if self.state < LOWEST {
            match self.words.next() {
                Some(word) => self.state = (self.state << 16) | u32::from(u16::from_le_bytes(*word)),
                // Anything may come of it; it is refused at the end.
                None => (self.state, self.short) = (LOWEST, true),
            }
        }
    }

    /// Checks that everything was read and nothing missing.
    ///
    /// # Errors
    /// [`FormatError::Value`] when the words are not what an encoder wrote.
    pub fn finish(mut self) -> Result<(), FormatError> {
        if self.short || self.state != LOWEST || self.words.next().is_some() {
            return Err(FormatError::Value("holds codes that end at the wrong place".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            frequencies in prop::collection::vec(1u16..200, 1..17),
            symbols in prop::collection::vec((any::<prop::sample::Index>(), 0u16..4096, 0u32..13), 0..400),
        ) {
            let mut firsts = vec![0u16];
            frequencies.iter().for_each(|frequency| firsts.push(firsts[firsts.len() - 1] + frequency));
            *firsts.last_mut().expect("one at least") = TOTAL as u16;
            let mut encoder = Encoder::default();
            for (symbol, value, bits) in &symbols {
                let symbol = symbol.index(frequencies.len());
                encoder.symbol(firsts[symbol], firsts[symbol + 1] - firsts[symbol]);
                encoder.bits(value & ((1 << bits) - 1), *bits);
            }
            let bytes = encoder.finish();
            let mut reader = Reader::new(&bytes);
            let mut decoder = Decoder::open(&mut reader).expect("whole");
            for (symbol, value, bits) in &symbols {
                prop_assert_eq!(decoder.symbol(&firsts), symbol.index(frequencies.len()));
                prop_assert_eq!(decoder.bits(*bits), value & ((1 << bits) - 1));
            }
            prop_assert!(decoder.finish().is_ok());
        }

        #[test]
        fn damage_is_read_to_the_end_or_refused(bytes in prop::collection::vec(any::<u8>(), 8..60), count in 0usize..200) {
            let mut bytes = bytes;
            let words = (bytes.len() as u32 - 8) / 2;
            bytes[..4].copy_from_slice(&words.to_le_bytes());
            let mut reader = Reader::new(&bytes);
            let mut decoder = Decoder::open(&mut reader).expect("long enough");
            for _ in 0..count {
                prop_assert!(decoder.symbol(&[0, 100, 4000, 4096]) < 3);
                prop_assert!(decoder.bits(3) < 8);
            }
            drop(decoder.finish());
        }
    }
}
