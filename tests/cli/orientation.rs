//! EXIF orientation: all ways of storing a picture give one upright picture, one embedding and one card.

use std::fs;

use anyhow::{Context, ensure};
use image::RgbImage;
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
    fs::create_dir_all(shop.photos())?;
    // Beside each photo its upright pixels, in a file without orientation: a network may see the number in the middle, in which
    // the photos of a set differ, but these two hold the same.
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        let upright = decode(&bytes, &Limits::default()).with_context(|| path.display().to_string())?;
        let name = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        fs::write(shop.photos().join(format!("{name}.jpg")), bytes)?;
        let pixels = RgbImage::from_raw(upright.width(), upright.height(), upright.rgb().to_vec());
        pixels.context("three bytes a pixel")?.save(shop.photos().join(format!("{name}-upright.png")))?;
    }
    succeed(arguments!["build", shop.photos(), "--out", shop.out()])?;
    let products = shop.export()?;
    ensure!(products.len() == 36, "{} products", products.len());
    let (mut same, mut between) = (0f64, f64::INFINITY);
    for (id, embedding) in &products {
        for (other, values) in &products {
            let apart = distance(Metric::Cosine, embedding, values);
            if other.strip_suffix("-upright") == Some(id) {
                same = same.max(apart);
            } else if id.split('_').next() != other.split('_').next() {
                between = between.min(apart);
            }
        }
    }
    println!(
        "cosine distance to the upright pixels at most {same:.7}, between the sets at least {between:.5}"
    );
    ensure!(same < 1e-6 && between > 0.1, "to the upright pixels {same}, between the sets {between}");
    for card in shop.cards()? {
        let want = if card.id.starts_with("Landscape") { (320, 213) } else { (213, 320) };
        ensure!((card.width, card.height) == want, "{card:?}");
        let thumbnail = std::fs::read(shop.out().join(card.thumbnail.context("a thumbnail")?))?;
        let photo = decode(&thumbnail, &Limits::default())?;
        ensure!((photo.width(), photo.height()) == want, "{}: the thumbnail is {photo:?}", card.id);
    }
    Ok(())
}
