//! The random numbers of the sample catalogue: small, seedable and the same on every machine.
//!
//! The generator is xoshiro256** 1.0, seeded through splitmix64; both are by David Blackman and
//! Sebastiano Vigna, in the public domain (<https://prng.di.unimi.it/>). A crate would do as well,
//! but crates change their streams between versions, and then every demo photo would change.

use std::ops::Range;

/// One step of splitmix64: turns any number, however regular, into a well mixed one.
pub fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A xoshiro256** stream.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream that belongs to `index` under `seed`; streams of neighbouring indices are
    /// unrelated.
    pub fn for_item(seed: u64, index: u64) -> Self {
        Self::new(splitmix64(seed) ^ splitmix64(index.wrapping_mul(0xd134_2543_de82_ef95)))
    }

    /// A stream from a single number.
    pub fn new(seed: u64) -> Self {
        let mut state = [0; 4];
        let mut mixed = seed;
        for word in &mut state {
            mixed = splitmix64(mixed);
            *word = mixed;
        }
        Self { state }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn unit(&mut self) -> f32 {
        // 24 bits are what an f32 holds exactly, so 1.0 can never come out by rounding.
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// A number within `range`.
    pub fn within(&mut self, range: Range<f32>) -> f32 {
        range.start + (range.end - range.start) * self.unit()
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A whole number from 0 (included) to `end` (excluded); `end` must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        // The high half of the product: unbiased enough for ends far below 2^32.
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// One of `choices`, each as likely as its weight says; weights must not all be 0.
    pub fn weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let total: u32 = choices.iter().map(|&(_, weight)| weight).sum();
        let mut left = self.below(total as usize) as u32;
        for &(choice, weight) in choices {
            if left < weight {
                return choice;
            }
            left -= weight;
        }
        unreachable!("the draw is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_algorithm() {
        // First outputs of xoshiro256** from the state 1, 2, 3, 4, as other implementations give
        // them.
        let mut random = Random { state: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| random.bits()).collect();
        assert_eq!(first, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn stays_within_its_ranges() {
        let mut random = Random::for_item(7, 0);
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&random.unit()));
            assert!(random.below(3) < 3);
            assert!((-2.0..5.0).contains(&random.within(-2.0..5.0)));
        }
    }

    #[test]
    fn weights_of_zero_never_come_up() {
        let mut random = Random::new(1);
        assert!((0..200).all(|_| random.weighted(&[('a', 0), ('b', 3), ('c', 0)]) == 'b'));
    }
}
