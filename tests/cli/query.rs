//! `query`: neighbours against the definition of the distances, photos against their own catalogue.

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, save_picture, succeed};

use crate::shop::Shop;

pub const METRICS: [&str; 3] = ["cosine", "euclidean", "manhattan"];

/// The distance by the definition that scikit-learn documents, in f64.
pub fn distance(metric: &str, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(x, y)| (f64::from(*x), f64::from(*y)));
    let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    match metric {
        "cosine" => 1.0 - pairs().map(|(x, y)| x * y).sum::<f64>() / (norm(a) * norm(b)),
        "euclidean" => pairs().map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt(),
        _ => pairs().map(|(x, y)| (x - y).abs()).sum(),
    }
}

#[test]
fn neighbours_of_every_product_are_those_of_brute_force() -> anyhow::Result<()> {
    let shop = Shop::with("brute-force", 24)?;
    shop.build(&["--neighbours", "23"])?;
    let products = shop.export()?;
    ensure!(products.len() == 24, "{} embeddings", products.len());
    // Sums are of f32 in short runs: a part in a million of the distance, of 1 for the cosine. Closer ones are ties.
    let slack = |metric: &str, distance: f64| if metric == "cosine" { 1e-6 } else { 1e-6 * distance };
    let (mut seen, mut swapped) = (0, 0);
    for metric in METRICS {
        for (id, embedding) in &products {
            let mut want: Vec<(f64, &str)> = products
                .iter()
                .filter(|(other, _)| other != id)
                .map(|(other, values)| (distance(metric, embedding, values), other.as_str()))
                .collect();
            want.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
            let found = shop.query(&["--item", id, "--metric", metric, "-k", "23"])?;
            ensure!(found.len() == 23, "{metric} {id}: {} neighbours", found.len());
            for ((got, got_distance), (want_distance, want)) in found.iter().zip(want) {
                let slack = slack(metric, want_distance);
                let off = (got_distance - want_distance).abs();
                ensure!(off <= slack, "{metric} {id} to {got}: {got_distance}, not {want_distance} ({want})");
                let (_, values) = products.iter().find(|(other, _)| other == got).context("a product")?;
                let off = (distance(metric, embedding, values) - want_distance).abs();
                ensure!(off <= slack, "{metric} {id}: {got} where {want} belongs");
                swapped += usize::from(got != want);
                seen += 1;
            }
        }
    }
    ensure!(seen == 3 * 24 * 23, "{seen} neighbours were compared");
    ensure!(swapped < seen / 100, "{swapped} of {seen} places are swapped: too many to be ties");
    Ok(())
}

#[test]
fn a_part_of_a_photo_is_searched_as_a_photo_of_its_own() -> anyhow::Result<()> {
    let shop = Shop::with("part-of-photo", 12)?;
    shop.build(&[])?;
    let photo = image::open(shop.photos().join("p03.png"))?.into_rgb8();
    let (whole, part) = (shop.0.join("whole.png"), shop.0.join("part.png"));
    photo.save(&whole)?;
    image::imageops::crop_imm(&photo, 12, 10, 24, 20).to_image().save(&part)?;
    let (whole, part) = (whole.display().to_string(), part.display().to_string());
    let asked = |photo: &str, how: &[&str]| {
        shop.query(&[&["--photo", photo, "--colour", "0.4", "-k", "12"], how].concat())
    };
    let cut = asked(&part, &[])?;
    ensure!(asked(&whole, &["--crop", "0.25,0.25,0.5,0.5"])? == cut, "48x40 pixels, the middle of them");
    ensure!(asked(&whole, &[])? != cut, "the whole is another picture");
    for crop in ["0,0,2,1", "-0.1,0,0.5,0.5", "0,0,1", "a,b,c,d", "0,0,0,1"] {
        let error = fail(2, arguments!["query", shop.out(), "--photo", &whole, "--crop", crop])?;
        ensure!(error.contains("--crop"), "{crop}: {error}");
    }
    Ok(())
}

#[test]
fn a_photo_of_the_catalogue_finds_itself_first() -> anyhow::Result<()> {
    let shop = Shop::with("finds-itself", 12)?;
    shop.build(&[])?;
    for product in 0..12 {
        let id = format!("p{product:02}");
        let photo = shop.photos().join(format!("{id}.png")).display().to_string();
        for metric in METRICS {
            let found = shop.query(&["--photo", &photo, "--metric", metric, "-k", "3"])?;
            ensure!(found.len() == 3 && found[0].0 == id, "{metric}: {id} found {found:?}");
            ensure!(found[0].1 < found[1].1 / 2.0, "{metric}: {id} is far nearer than any other: {found:?}");
        }
    }
    Ok(())
}

#[test]
fn the_default_network_finds_a_catalogue_photo_first() -> anyhow::Result<()> {
    let shop = Shop::with("default-network", 6)?;
    succeed(arguments!["build", shop.photos(), "--out", shop.out()])?;
    for product in [0, 5] {
        let id = format!("p{product:02}");
        let photo = shop.photos().join(format!("{id}.png")).display().to_string();
        let found = shop.query(&["--photo", &photo])?;
        ensure!(found[0].0 == id && found[0].1 < 1e-3, "{id} found {found:?}");
    }
    ensure!(shop.export()?[0].1.len() == 640, "the default network's embedding has 640 numbers");
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn what_cannot_be_answered_is_a_clear_error() -> anyhow::Result<()> {
    let shop = Shop::with("query-errors", 5)?;
    shop.build(&["--neighbours", "2"])?;
    let out = shop.out();
    std::fs::write(shop.0.join("bad.jpg"), "no picture")?;
    let cases = [
        (arguments!["--item", "p99"].to_vec(), "p99"),
        (arguments!["--item", "p00", "-k", "3"].to_vec(), "--neighbours 3"),
        (arguments!["--photo", shop.0.join("absent.jpg")].to_vec(), "absent.jpg"),
        (arguments!["--photo", shop.0.join("bad.jpg")].to_vec(), "bad.jpg"),
    ];
    for (more, word) in cases {
        let mut all = arguments!["query", &out].to_vec();
        all.extend(more);
        let errors = fail(1, &all)?;
        ensure!(errors.contains(word), "{all:?} should name {word}: {errors}");
    }
    // With every other product stored, there are no more to ask for.
    shop.build(&[])?;
    ensure!(shop.query(&["--item", "p00", "-k", "9"])?.len() == 4);
    let errors = fail(1, arguments!["query", shop.0.join("nowhere"), "--item", "p00"])?;
    ensure!(errors.contains("manifest.json") && errors.contains("precompute build"), "{errors}");
    Ok(())
}

#[test]
fn a_sheet_is_a_png_of_the_neighbours() -> anyhow::Result<()> {
    let shop = Shop::with("sheet", 5)?;
    shop.build(&[])?;
    let sheet = shop.0.join("sheet.png");
    succeed(arguments!["query", shop.out(), "--item", "p01", "-k", "3", "--sheet", &sheet])?;
    let bytes = std::fs::read(&sheet)?;
    ensure!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "a PNG");
    let picture = image::load_from_memory(&bytes)?.into_rgb8();
    // Three thumbnails of 48x40 at a height of 240, white between and around.
    ensure!(picture.dimensions() == (3 * 288 + 4 * 8, 240 + 2 * 8), "{:?}", picture.dimensions());
    let shown = picture.pixels().filter(|pixel| pixel.0 != [255; 3]).count();
    ensure!(shown > 3 * 288 * 240 * 9 / 10, "the thumbnails are drawn: {shown} pixels");
    Ok(())
}

#[test]
fn a_photo_that_is_not_in_the_catalogue_is_ranked_too() -> anyhow::Result<()> {
    let shop = Shop::with("upload", 5)?;
    shop.build(&[])?;
    let upload = shop.0.join("upload.webp");
    save_picture(1000, &upload)?;
    for metric in METRICS {
        let found =
            shop.query(&["--photo", &upload.display().to_string(), "--metric", metric, "-k", "99"])?;
        ensure!(found.len() == 5, "all there are: {found:?}");
        ensure!(found.is_sorted_by(|a, b| a.1 <= b.1), "nearest first: {found:?}");
    }
    Ok(())
}
