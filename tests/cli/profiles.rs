//! Photos in other colour spaces than sRGB (`tests/profiles`, made by `tests/profiles/make.py` with littlecms).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::digest::Digest;
use lookalike::photo::{Limits, Photo, decode};
use lookalike_tests::{arguments, succeed_json};

use crate::shop::Shop;

const SPACES: [&str; 3] = ["adobe-rgb", "display-p3", "prophoto"];

/// Levels that a patch may be off: both the file and what is made of it are rounded to 8 bits, and ProPhoto's steps are wide. So are
/// those that a JPEG is off before its profile is applied.
const LEVELS: [(&str, u8); 2] = [("png", 4), ("jpg", 10)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles")
}

fn photo(name: &str) -> anyhow::Result<Photo> {
    let bytes = fs::read(folder().join(name)).with_context(|| name.to_owned())?;
    decode(&bytes, &Limits::default()).with_context(|| name.to_owned())
}

/// The largest difference of any value.
fn difference(a: &[u8], b: &[u8]) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(u8::MAX)
}

#[test]
fn one_picture_in_four_spaces_is_one_picture() -> anyhow::Result<()> {
    let wanted = photo("srgb.png")?;
    for space in SPACES {
        for (ending, levels) in LEVELS {
            let name = format!("{space}.{ending}");
            let found = photo(&name)?;
            let off = difference(found.rgb(), wanted.rgb());
            ensure!(off <= levels, "{name}: {off} levels");
            // That the file alone, without its profile, is another picture.
            let stored = image::open(folder().join(&name))?.into_rgb8();
            ensure!(difference(&stored, wanted.rgb()) > 20, "{name} is no test of its profile");
        }
    }
    Ok(())
}

#[test]
fn photos_of_one_red_are_alike_by_colour_and_their_thumbnails_are_srgb() -> anyhow::Result<()> {
    let shop = Shop::new("profiles")?;
    for name in ["srgb", "adobe-rgb", "display-p3", "prophoto"] {
        fs::copy(folder().join(format!("{name}.png")), shop.photos().join(format!("{name}.png")))?;
    }
    shop.build(&[])?;
    let all = arguments!["query", shop.out(), "--item", "srgb", "--colour", "1", "-k", "3", "--json"];
    let found = succeed_json(all)?;
    let neighbours = found["neighbours"].as_array().context("neighbours")?;
    ensure!(neighbours.len() == 3, "{found}");
    for neighbour in neighbours {
        ensure!(neighbour["distance"].as_f64().is_some_and(|distance| distance < 0.02), "{found}");
    }
    let thumbnail = |id: &str| -> anyhow::Result<Vec<u8>> {
        let picture = shop.card(id)?.thumbnail.context("a thumbnail")?;
        let bytes = fs::read(shop.out().join(&picture))?;
        ensure!(!bytes.windows(11).any(|word| word == b"ICC_PROFILE"), "{picture} carries a profile");
        Ok(decode(&bytes, &Limits::default())?.rgb().to_vec())
    };
    let wanted = thumbnail("srgb")?;
    for space in SPACES {
        let off = difference(&thumbnail(space)?, &wanted);
        ensure!(off <= 6, "{space}: {off} levels");
    }
    Ok(())
}

/// `tests/wasm` expects the same.
#[test]
fn a_profile_is_applied_to_the_bit() -> anyhow::Result<()> {
    let digest = Digest::of(photo("adobe-rgb.jpg")?.rgb()).short();
    ensure!(digest == "3fe17ab5da665345", "{digest}");
    Ok(())
}

#[test]
fn a_broken_profile_costs_nothing() -> anyhow::Result<()> {
    let bytes = fs::read(folder().join("adobe-rgb.jpg"))?;
    let at = bytes.windows(4).position(|word| word == b"acsp").context("a profile")?;
    let mut broken = bytes.clone();
    broken[at..at + 4].copy_from_slice(b"nope");
    let found = decode(&broken, &Limits::default())?;
    let stored = image::load_from_memory(&bytes)?.into_rgb8();
    ensure!(found.rgb() == stored.as_raw().as_slice(), "its colours are taken for sRGB");
    Ok(())
}
