//! How large steps are beside each other.
//!
//! What is near a query is ranked by the product of the query's difference from it and the error of its code. So an
//! error along an axis counts by how much near products differ there, and of all steps that take as many bits those
//! rank best that go by the root of that, inverted: axes on which even near products differ much have small ones. (The
//! squared error alone would have all steps alike: 1 to 2 in 100 of the nearest more are missed then, for three networks
//! on 4,090 photos.)

use crate::embedding::sums;

/// Products whose neighbours are looked at, at most, and among how many; evenly spaced.
const ASKED: usize = 512;
const OTHERS: usize = 16_384;
/// Neighbours of each.
const NEAREST: usize = 10;
/// Axes by which they are near.
const COMPARED: usize = 128;
/// Axes along which near products differ less than this part of the most have its steps.
const LEAST: f32 = 1e-6;

/// Of `rows`, `[products, axes]`, how large steps along each axis are.
pub fn weights(rows: &[f32], axes: usize) -> Vec<f32> {
    let differences = differences(rows, axes);
    let largest = differences.iter().fold(0f32, |most, difference| most.max(*difference));
    let weight = |difference: f32| (largest / difference.max(LEAST * largest)).sqrt();
    differences.into_iter().map(|difference| if largest > 0.0 { weight(difference) } else { 1.0 }).collect()
}

/// The mean squared difference of near products along each axis.
fn differences(rows: &[f32], axes: usize) -> Vec<f32> {
    let row = |item: usize| &rows[item * axes..(item + 1) * axes];
    let items = rows.len() / axes.max(1);
    let spaced = |count: usize| (0..items).step_by(items.div_ceil(count).max(1));
    let compared = axes.min(COMPARED);
    let (mut differences, mut pairs) = (vec![0f64; axes], 0);
    for asked in spaced(ASKED) {
        let own = row(asked);
        let mut others: Vec<(f64, usize)> = spaced(OTHERS)
            .filter(|other| *other != asked)
            .map(|other| (sums(&own[..compared], &row(other)[..compared]).squared, other))
            .collect();
        if others.len() > NEAREST {
            others.select_nth_unstable_by(NEAREST, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            others.truncate(NEAREST);
        }
        pairs += others.len();
        for (_, other) in others {
            for (difference, (a, b)) in differences.iter_mut().zip(own.iter().zip(row(other))) {
                *difference += f64::from((a - b) * (a - b));
            }
        }
    }
    differences.into_iter().map(|difference| (difference / pairs.max(1) as f64) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_rng::numbers;

    #[test]
    fn steps_are_small_where_near_products_differ() {
        // Twenty kinds of products, far apart along the first axis; within a kind they differ along the second, and along
        // the third a quarter as much.
        let noise = numbers(2 * 400, 5);
        let rows: Vec<f32> = (0..400)
            .flat_map(|item| [(item % 20) as f32 * 50.0, noise[2 * item] * 4.0, noise[2 * item + 1], 0.0])
            .collect();
        let weights = weights(&rows, 4);
        assert_eq!(weights[1], 1.0);
        assert!((1.5..4.0).contains(&weights[2]), "{weights:?}");
        assert!((weights[0] - 1000.0).abs() < 1.0 && weights[0] == weights[3], "{weights:?}");
    }

    #[test]
    fn where_nothing_differs_steps_are_alike() {
        assert_eq!(weights(&[3.0; 12], 4), [1.0; 4]);
        assert_eq!(weights(&[3.0; 4], 4), [1.0; 4]);
        assert_eq!(weights(&[], 3), [1.0; 3]);
        assert!(weights(&[], 0).is_empty());
    }
}
