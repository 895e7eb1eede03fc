//! From a photo to its colours: the object's patches gathered to a few, each put in its place of the lattice.

use super::object::{Patch, patches};
use super::oklab::Lab;
use super::{BYTES, COLOURS, Colours};
use crate::photo::Region;

/// A step of the lattice along each axis of Oklab, in 1/4096.
const STEP: [i32; 3] = [132, 72, 72];
/// Steps below zero.
const BELOW: [i32; 3] = [0, 14, 18];
/// Along each axis.
const LEVELS: i32 = 32;

impl Colours {
    /// Of what is on a photo or a part of one, not of what is behind it. The same bytes on every machine.
    pub fn of<'a>(photo: impl Into<Region<'a>>) -> Colours {
        let patches = patches(&photo.into());
        let mut kept = gathered(&patches);
        kept.retain(|patch| patch.weight > 0);
        let all: i64 = kept.iter().map(|patch| patch.weight).sum();
        let mut entries: Vec<(u8, u16)> = kept
            .iter()
            .map(|patch| (root(patch.weight * 255 * 255 / all), place(patch.colour())))
            .filter(|(strength, _)| *strength > 0)
            .collect();
        entries.sort_by(|a, b| b.cmp(a));
        let mut bytes = [0; BYTES];
        for (into, (strength, place)) in bytes.chunks_exact_mut(3).zip(entries) {
            into.copy_from_slice(&[place.to_le_bytes()[0], place.to_le_bytes()[1], strength]);
        }
        Colours(bytes)
    }
}

/// The place of a colour in the lattice.
fn place(colour: Lab) -> u16 {
    (0..3).fold(0, |place, axis| {
        let level = (colour[axis] + STEP[axis] / 2).div_euclid(STEP[axis]) + BELOW[axis];
        (place << 5) | level.clamp(0, LEVELS - 1) as u16
    })
}

/// The greatest integer whose square is at most `value` (at most 255^2).
fn root(value: i64) -> u8 {
    (0..=255i64).rev().find(|root| root * root <= value).unwrap_or(0) as u8
}

/// At most [`COLOURS`] patches that stand for all: k-means, started from patches that are heavy and far from those
/// chosen before.
fn gathered(patches: &[Patch]) -> Vec<Patch> {
    let points: Vec<(Lab, &Patch)> = patches.iter().map(|patch| (patch.colour(), patch)).collect();
    let mut centres: Vec<Lab> = Vec::new();
    // The first is chosen by weight alone: all are as far from nothing.
    let mut apart = vec![FAR; points.len()];
    while centres.len() < COLOURS {
        let worth = |at: usize| points[at].1.weight * apart[at];
        let Some(best) = (0..points.len()).max_by_key(|at| (worth(*at), std::cmp::Reverse(*at))) else {
            break;
        };
        if worth(best) == 0 {
            break;
        }
        centres.push(points[best].0);
        for (apart, (colour, _)) in apart.iter_mut().zip(&points) {
            *apart = (*apart).min(squared(colour, &points[best].0));
        }
    }
    let mut kept = Vec::new();
    for _ in 0..ROUNDS {
        kept = vec![Patch::default(); centres.len()];
        for (colour, patch) in &points {
            let nearest = (0..centres.len()).min_by_key(|at| squared(colour, &centres[*at])).unwrap_or(0);
            kept[nearest].add(patch);
        }
        for (centre, patch) in centres.iter_mut().zip(&kept).filter(|(_, patch)| patch.weight > 0) {
            *centre = patch.colour();
        }
    }
    kept
}

/// Squared distance that counts as far: 0.061 of Oklab's unit.
const FAR: i64 = 250 * 250;
/// Rounds of k-means.
const ROUNDS: usize = 3;

fn squared(a: &Lab, b: &Lab) -> i64 {
    a.iter().zip(b).map(|(a, b)| i64::from(a - b) * i64::from(a - b)).sum()
}
