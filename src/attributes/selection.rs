//! A set of items, one bit each.

/// Which items may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    items: u32,
    /// Bit `item % 64` of word `item / 64`; bits past the last item are 0.
    words: Vec<u64>,
}

impl Selection {
    /// All of `items` items.
    pub fn all(items: u32) -> Selection {
        let mut all = Selection { items, words: vec![u64::MAX; items.div_ceil(64) as usize] };
        all.clear_past_the_end();
        all
    }

    /// None of `items` items.
    pub fn none(items: u32) -> Selection {
        Selection { items, words: vec![0; items.div_ceil(64) as usize] }
    }

    /// The items whose cell matches, of a column of one cell an item.
    pub(super) fn matching<Cell: Copy>(cells: &[Cell], matches: impl Fn(Cell) -> bool) -> Selection {
        let word =
            |cells: &[Cell]| cells.iter().rev().fold(0, |word, cell| word << 1 | u64::from(matches(*cell)));
        Selection { items: cells.len() as u32, words: cells.chunks(64).map(word).collect() }
    }

    /// Number of items in the catalogue.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// Whether `item` is in; no item past the last is.
    pub fn contains(&self, item: u32) -> bool {
        self.words.get((item / 64) as usize).is_some_and(|word| word >> (item % 64) & 1 == 1)
    }

    /// Number of items in it.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The items in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().zip(0u32..).flat_map(|(word, at)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let lowest = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(at * 64 + lowest)
            })
        })
    }

    /// Takes `excluded` out; numbers that no item has are passed over.
    pub fn exclude(&mut self, excluded: &[u32]) {
        for item in excluded {
            if let Some(word) = self.words.get_mut((item / 64) as usize) {
                *word &= !(1 << (item % 64));
            }
        }
    }

    /// Takes all of `others` out.
    pub fn exclude_all(&mut self, others: &Selection) {
        self.words.iter_mut().zip(&others.words).for_each(|(own, other)| *own &= !other);
    }

    pub(super) fn insert(&mut self, item: usize) {
        self.words[item / 64] |= 1 << (item % 64);
    }

    pub(super) fn and(&mut self, other: &Selection) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn or(&mut self, other: &Selection) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.clear_past_the_end();
    }

    fn clear_past_the_end(&mut self) {
        if let Some(last) = self.words.last_mut()
            && !self.items.is_multiple_of(64)
        {
            *last &= (1 << (self.items % 64)) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_set(bits in prop::collection::vec(any::<(bool, bool)>(), 0..200),
                            excluded in prop::collection::vec(0u32..300, 0..20)) {
            let items = bits.len() as u32;
            let set = |pick: fn(&(bool, bool)) -> bool| -> BTreeSet<u32> {
                (0..).zip(&bits).filter(|(_, bit)| pick(bit)).map(|(item, _)| item).collect()
            };
            let (left, right) = (set(|bit| bit.0), set(|bit| bit.1));
            let of = |pick: fn((bool, bool)) -> bool| Selection::matching(&bits, pick);
            let listed = |selection: &Selection| selection.iter().collect::<BTreeSet<_>>();
            let mut both = of(|bit| bit.0);
            both.and(&of(|bit| bit.1));
            prop_assert_eq!(listed(&both), &left & &right);
            let mut either = of(|bit| bit.0);
            either.or(&of(|bit| bit.1));
            prop_assert_eq!(listed(&either), &left | &right);
            let mut not = of(|bit| bit.0);
            not.invert();
            prop_assert_eq!(listed(&not), &(0..items).collect::<BTreeSet<_>>() - &left);
            prop_assert_eq!(not.count() as usize + left.len(), bits.len());
            prop_assert!((0..400).all(|item| not.contains(item) == (item < items && !left.contains(&item))));
            not.exclude(&excluded);
            prop_assert!(not.iter().all(|item| !excluded.contains(&item) && !left.contains(&item)));
            let mut all = Selection::none(items);
            all.invert();
            prop_assert_eq!(all, Selection::all(items));
        }
    }
}
