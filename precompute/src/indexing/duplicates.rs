//! Photos that look the same: one file twice, or one photo saved again.

use std::collections::{BTreeMap, HashMap};

use lookalike::attributes::Groups;
use lookalike::colour::Means;
use lookalike::embedding::{Metric, distance};

use super::cache::Record;
use super::embed::Item;
use super::embeddings::Embeddings;
use super::neighbours::Neighbours;

/// Photos look the same whose cosine distance is below this part of the mean between products. Measured with vgg16-slim on
/// 4,090 photos, where the mean is 0.43: a photo saved again as JPEG of quality 85 is at 0.0006 of it at most, of quality 50
/// below this in 19 of 20 cases; the nearest two photos taken of one thing are at 0.017.
const PART_OF_MEAN: f64 = 1.0 / 80.0;
/// The same between embeddings adapted to the catalogue, which sees small differences better. Measured on 600 of those photos,
/// where the mean is 1.00: saved again at quality 85 a photo is at 0.0125 of it at most, at quality 50 below this in 93 of
/// 100 cases; the nearest two photos taken of one thing are at 0.109.
const PART_OF_MEAN_ADAPTED: f64 = 1.0 / 40.0;
/// And whose colours are nearer than this, since networks hardly see them and variants of a product differ in little else.
const COLOURS: f64 = 0.02;

/// The products whose photos look the same as another's, together, by item number; those and each of them ascending.
///
/// Looks at `neighbours`, of which a photo's likes are the nearest, and at the digests of files. `coloured` says whether the
/// neighbours' distances have colours in them. `records` are the embeddings that distances are measured on.
///
/// # Errors
/// When an embedding cannot be read.
pub fn find(
    embeddings: &Embeddings,
    items: &[Item],
    records: &[Record],
    neighbours: &Neighbours,
    means: &Means,
    coloured: bool,
) -> anyhow::Result<Vec<Vec<usize>>> {
    let mut sets = Sets::new(items.len());
    let mut first_of = HashMap::new();
    for (number, item) in items.iter().enumerate() {
        sets.join(number, *first_of.entry(item.photo).or_insert(number));
    }
    let mut reader = embeddings.reader()?;
    let (mut own, mut other_own) = (vec![0f32; embeddings.dims()], vec![0f32; embeddings.dims()]);
    let [mean, ..] = means.network;
    let nearer = mean * if embeddings.are_adapted() { PART_OF_MEAN_ADAPTED } else { PART_OF_MEAN };
    for (number, (record, by_metric)) in records.iter().zip(neighbours).enumerate() {
        reader.read(*record, &mut own)?;
        for neighbour in &by_metric[0] {
            if !coloured && neighbour.distance >= nearer {
                break;
            }
            let other = &records[neighbour.item as usize];
            if record.colours.distance(&other.colours) >= COLOURS {
                continue;
            }
            // Where colours count, the neighbour's own distance has them in it.
            reader.read(*other, &mut other_own)?;
            if distance(Metric::Cosine, &own, &other_own) < nearer {
                sets.join(number, neighbour.item as usize);
            }
        }
    }
    Ok(sets.of_several())
}

/// `variants`, and all of each of `duplicates` too, as one group.
pub fn folded(variants: Option<&Groups>, duplicates: &[Vec<usize>], items: usize) -> Groups {
    let mut sets = Sets::new(items);
    let mut first_of = HashMap::new();
    for item in 0..items {
        if let Some(group) = variants.and_then(|variants| variants.of(item as u32)) {
            sets.join(item, *first_of.entry(group).or_insert(item));
        }
    }
    duplicates.iter().for_each(|set| set.iter().for_each(|item| sets.join(set[0], *item)));
    Groups::new((0..items).map(|item| Some(sets.root(item) as u32)))
}

/// Disjoint sets of items.
struct Sets {
    /// Of each item another of its set, the root's is itself and the lowest.
    parents: Vec<usize>,
}

impl Sets {
    fn new(items: usize) -> Sets {
        Sets { parents: (0..items).collect() }
    }

    fn root(&mut self, item: usize) -> usize {
        let mut at = item;
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    fn of_several(&mut self) -> Vec<Vec<usize>> {
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for item in 0..self.parents.len() {
            sets.entry(self.root(item)).or_default().push(item);
        }
        sets.into_values().filter(|set| set.len() > 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_one_set_whatever_the_order() {
        let mut sets = Sets::new(7);
        [(5, 3), (1, 4), (3, 1), (6, 6)].into_iter().for_each(|(a, b)| sets.join(a, b));
        assert_eq!(sets.of_several(), [vec![1, 3, 4, 5]]);
    }

    #[test]
    fn variants_and_duplicates_are_one_group() {
        let variants = Groups::new([Some(1), Some(1), Some(2), None, None, Some(2)]);
        let groups = folded(Some(&variants), &[vec![1, 3]], 6);
        let of: Vec<_> = (0..6).map(|item| groups.of(item)).collect();
        assert!(of[0] == of[1] && of[1] == of[3] && of[2] == of[5], "{of:?}");
        assert!(of[0] != of[2] && of[4] != of[0] && of[4] != of[2], "{of:?}");
    }
}
