//! One column in memory: a dictionary of its values and a code for each item, or one number for each item.

use std::cmp::Ordering;

/// One attribute of all items.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    pub(super) cells: Cells,
}

/// What each item has. A code is 0 for no value, else the place in the dictionary, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cells {
    /// At most one value each.
    One(Dictionary, Codes),
    /// Any number of values each: how many, and the codes of all items one after the other, ascending within an item.
    Lists(Dictionary, Vec<u8>, Codes),
    /// A number each, hardly one twice; not a number where there is none.
    Numbers(Vec<f64>),
}

/// The distinct values of a column, strictly ascending (text by bytes).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Dictionary {
    Text(Vec<String>),
    Numbers(Vec<f64>),
}

/// Codes in the fewest bytes that the dictionary allows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Codes {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        match self {
            Dictionary::Text(values) => values.len(),
            Dictionary::Numbers(values) => values.len(),
        }
    }
}

impl Codes {
    pub(super) fn to_u32(&self) -> Vec<u32> {
        match self {
            Codes::One(codes) => codes.iter().map(|code| u32::from(*code)).collect(),
            Codes::Two(codes) => codes.iter().map(|code| u32::from(*code)).collect(),
            Codes::Four(codes) => codes.clone(),
        }
    }
}

/// Bytes of a code of a dictionary of `values`: 1, 2 or 4.
pub(super) fn code_width(values: usize) -> usize {
    match values {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

impl Column {
    pub(super) fn new(name: String, cells: Cells) -> Column {
        Column { name, cells }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether every value is a number, so that it can be compared with `<` and the like.
    pub fn is_numeric(&self) -> bool {
        match &self.cells {
            Cells::One(dictionary, _) | Cells::Lists(dictionary, ..) => {
                matches!(dictionary, Dictionary::Numbers(_))
            }
            Cells::Numbers(_) => true,
        }
    }

    /// The values of a text column, strictly ascending by bytes, each with the number of items that have it; none of a numeric
    /// column.
    pub fn text_values(&self) -> Vec<(&str, u32)> {
        let (Cells::One(Dictionary::Text(texts), codes) | Cells::Lists(Dictionary::Text(texts), _, codes)) =
            &self.cells
        else {
            return Vec::new();
        };
        let mut counts = vec![0; texts.len() + 1];
        codes.to_u32().into_iter().for_each(|code| counts[code as usize] += 1);
        texts.iter().map(String::as_str).zip(counts.into_iter().skip(1)).collect()
    }

    /// The numbers of a numeric column, ascending, one for each value of each item; none of a text column.
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers: Vec<f64> = match &self.cells {
            Cells::One(Dictionary::Numbers(values), codes)
            | Cells::Lists(Dictionary::Numbers(values), _, codes) => codes
                .to_u32()
                .into_iter()
                .filter_map(|code| values.get((code as usize).checked_sub(1)?).copied())
                .collect(),
            Cells::Numbers(numbers) => numbers.iter().copied().filter(|number| !number.is_nan()).collect(),
            _ => Vec::new(),
        };
        numbers.sort_unstable_by(f64::total_cmp);
        numbers
    }

    /// The items by what they have here: two are in one group if they have the same value, or exactly the same values.
    pub fn groups(&self) -> Groups {
        let of = match &self.cells {
            Cells::One(_, codes) => codes.to_u32(),
            Cells::Lists(_, counts, codes) => {
                let codes = codes.to_u32();
                let mut rest = &codes[..];
                let lists = counts.iter().map(|count| {
                    let (list, after) = rest.split_at(usize::from(*count));
                    rest = after;
                    (!list.is_empty()).then_some(list)
                });
                numbered(lists)
            }
            Cells::Numbers(numbers) => {
                numbered(numbers.iter().map(|number| (!number.is_nan()).then(|| number.to_bits())))
            }
        };
        Groups { of }
    }

    /// What each item has here, in bytes that are the same for the same values of any two columns of one kind; `None` where it
    /// has nothing.
    #[cfg(feature = "ivf")]
    pub(super) fn keys(&self) -> Vec<Option<Vec<u8>>> {
        let value = |dictionary: &Dictionary, code: u32| match (dictionary, code as usize - 1) {
            // No value has this sign in it.
            (Dictionary::Text(texts), place) => [texts[place].as_bytes(), b"|"].concat(),
            (Dictionary::Numbers(numbers), place) => numbers[place].to_bits().to_be_bytes().to_vec(),
        };
        match &self.cells {
            Cells::One(dictionary, codes) => {
                codes.to_u32().into_iter().map(|code| (code > 0).then(|| value(dictionary, code))).collect()
            }
            Cells::Lists(dictionary, counts, codes) => {
                let mut codes = codes.to_u32().into_iter();
                let keys = counts.iter().map(|count| {
                    let key =
                        codes.by_ref().take(usize::from(*count)).flat_map(|code| value(dictionary, code));
                    Some(key.collect()).filter(|key: &Vec<u8>| !key.is_empty())
                });
                keys.collect()
            }
            Cells::Numbers(numbers) => {
                let key = |number: &f64| (!number.is_nan()).then(|| number.to_bits().to_be_bytes().to_vec());
                numbers.iter().map(key).collect()
            }
        }
    }
}

/// Numbers different keys from 1 as they come; 0 for none.
pub(super) fn numbered<Key: Ord>(keys: impl Iterator<Item = Option<Key>>) -> Vec<u32> {
    let keys: Vec<Option<Key>> = keys.collect();
    numbered_by(keys.iter().map(Option::is_some).collect(), &|a, b| keys.get(a).cmp(&keys.get(b)))
}

/// The same of those items that have a key. (Once in the module that ranks, whatever the keys.)
fn numbered_by(have: Vec<bool>, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<u32> {
    let mut order: Vec<usize> = (0..have.len()).filter(|at| have[*at]).collect();
    order.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    // Of each item the first with its key.
    let mut first: Vec<usize> = (0..have.len()).collect();
    for pair in order.windows(2) {
        if let [a, b] = *pair
            && compare(a, b).is_eq()
        {
            first[b] = first[a];
        }
    }
    let (mut numbers, mut last) = (vec![0; have.len()], 0);
    for (at, (has, first)) in have.into_iter().zip(first).enumerate() {
        if has {
            last += u32::from(first == at);
            numbers[at] = if first == at { last } else { numbers[first] };
        }
    }
    numbers
}

/// Which items are variants of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Of each item, 0 where it stands alone.
    of: Vec<u32>,
}

impl Groups {
    /// From the group of each item, by any number; `None` where it stands alone.
    pub fn new(groups: impl IntoIterator<Item = Option<u32>>) -> Groups {
        Groups { of: numbered(groups.into_iter()) }
    }

    /// From the group of each item, as numbers from 1; 0 where it stands alone.
    #[cfg(feature = "ivf")]
    pub(super) fn numbered(of: Vec<u32>) -> Groups {
        Groups { of }
    }

    /// These, and for items that stand alone their groups of `others`.
    pub(super) fn or(mut self, others: &Groups) -> Groups {
        for (own, other) in self.of.iter_mut().zip(&others.of) {
            if *own == 0 && *other > 0 {
                // Far above the numbers that these have.
                *own = !other;
            }
        }
        self
    }

    /// The group of `item`, as a number; `None` if it stands alone.
    pub fn of(&self, item: u32) -> Option<u32> {
        self.of.get(item as usize).and_then(|group| group.checked_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Attributes, PRODUCT, write_attributes};

    #[test]
    fn items_with_the_same_values_are_one_group_and_those_without_stand_alone() {
        let rows = [("a|b", "1"), ("b|a", "01.0"), ("a", ""), ("", ""), ("a", "2"), ("", "1")];
        let written = write_attributes(rows.map(|(text, number)| [("text", text), ("number", number)]), &[]);
        let attributes = Attributes::read(&written.bytes, 6).expect("just written");
        let groups = |name: &str| {
            let groups = attributes.column(name).expect("just written").groups();
            (0..6).map(|item| groups.of(item)).collect::<Vec<_>>()
        };
        let text = groups("text");
        assert_eq!((text[0], text[2], text[3], text[5]), (text[1], text[4], None, None));
        assert_ne!(text[0], text[2]);
        assert_eq!(groups("number"), [Some(0), Some(0), None, None, Some(1), Some(0)]);
    }

    #[test]
    fn photos_of_one_product_are_one_group_whatever_the_column() -> Result<(), Box<dyn std::error::Error>> {
        let rows = [("a", "0"), ("a", "0"), ("a", "2"), ("", "3"), ("", "3"), ("", "5")];
        let written =
            write_attributes(rows.map(|(style, product)| [("style", style), (PRODUCT, product)]), &[]);
        let attributes = Attributes::read(&written.bytes, 6)?;
        let groups = attributes.groups("style")?;
        let of: Vec<_> = (0..6).map(|item| groups.of(item)).collect();
        assert!(of[0] == of[1] && of[1] == of[2] && of[3] == of[4], "{of:?}");
        assert!(of[0] != of[3] && of[3] != of[5] && of.iter().all(Option::is_some), "{of:?}");
        Ok(())
    }
}
