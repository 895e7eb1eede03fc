//! EXIF orientation: all ways of storing a picture give one upright picture, one embedding and one card.

use anyhow::{Context, ensure};
use lookalike::embedding::{Metric, distance};
use lookalike::photo::{Limits, Photo, decode, resize};
use lookalike_tests::{arguments, shared, succeed};

use crate::shop::Shop;

/// Each set, and the size of its pictures upright; 0 is not a valid orientation and means "as stored".
const SETS: [(&str, u32, u32); 2] = [("Landscape", 1800, 1200), ("Portrait", 1200, 1800)];
const STORED_WAYS: u32 = 9;

/// What the pictures of a set may differ in outside of the number drawn in the middle, in levels: each was compressed
/// on its own.
const MEAN_DIFFERENCE: f64 = 2.0;

/// Mean absolute difference of two pictures of one size, leaving out the middle third of both sides.
fn difference(a: &Photo, b: &Photo) -> f64 {
    let (width, height) = (a.width() as usize, a.height() as usize);
    let (mut sum, mut count) = (0.0, 0);
    for (pixel, (a, b)) in a.rgb().chunks(3).zip(b.rgb().chunks(3)).enumerate() {
        let (x, y) = (pixel % width, pixel / width);
        let in_middle =
            (width / 3..width - width / 3).contains(&x) && (height / 3..height - height / 3).contains(&y);
        if !in_middle {
            sum += a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
            count += 3;
        }
    }
    sum / f64::from(count)
}

#[test]
fn all_rotations_give_one_picture() -> anyhow::Result<()> {
    let Some(folder) = shared("images/orientation") else { return Ok(()) };
    let (mut seen, mut largest) = (0, 0f64);
    for (set, width, height) in SETS {
        let mut upright: Option<Photo> = None;
        for number in 0..STORED_WAYS {
            let name = format!("{set}_{number}.jpg");
            let photo =
                decode(&std::fs::read(folder.join(&name))?, &Limits::default()).context(name.clone())?;
            ensure!((photo.width(), photo.height()) == (width, height), "{name}: {photo:?}");
            let small = resize(&photo, width / 10, height / 10);
            let first = upright.get_or_insert_with(|| small.clone());
            let off = difference(first, &small);
            largest = largest.max(off);
            ensure!(off <= MEAN_DIFFERENCE, "{name} is not upright: {off} levels from the first");
            seen += 1;
        }
        // The measure tells a wrong turn from a right one.
        let small = upright.context("a picture")?;
        let turned: Vec<u8> = small.rgb().chunks(3).rev().flatten().copied().collect();
        let turned = Photo::new(small.width(), small.height(), turned).context("as many pixels")?;
        ensure!(difference(&small, &turned) > 10.0 * MEAN_DIFFERENCE, "a half turn would go unnoticed");
    }
    ensure!(seen == 18, "{seen} pictures");
    println!("rotations differ by at most {largest:.3} levels on average");
    Ok(())
}

#[test]
fn all_rotations_give_one_embedding_and_one_card() -> anyhow::Result<()> {
    let Some(folder) = shared("images/orientation") else { return Ok(()) };
    let shop = Shop::new("orientation")?;
    succeed(arguments!["build", folder, "--out", shop.out()])?;
    let products = shop.export()?;
    ensure!(products.len() == 18, "{} products", products.len());
    let (mut within, mut between) = (0f64, f64::INFINITY);
    for (id, embedding) in &products {
        for (other, values) in &products {
            let apart = distance(Metric::Cosine, embedding, values);
            let one_set = id.split('_').next() == other.split('_').next();
            if one_set { within = within.max(apart) } else { between = between.min(apart) }
        }
    }
    println!("cosine distance within a set at most {within:.5}, between the sets at least {between:.5}");
    // The photos of a set differ by a number drawn in the middle.
    ensure!(within < 0.02 && within < between / 20.0, "within {within}, between {between}");
    for card in shop.cards()? {
        let want = if card.id.starts_with("Landscape") { (320, 213) } else { (213, 320) };
        ensure!((card.width, card.height) == want, "{card:?}");
        let thumbnail = std::fs::read(shop.out().join(card.thumbnail.context("a thumbnail")?))?;
        let photo = decode(&thumbnail, &Limits::default())?;
        ensure!((photo.width(), photo.height()) == want, "{}: the thumbnail is {photo:?}", card.id);
    }
    Ok(())
}
