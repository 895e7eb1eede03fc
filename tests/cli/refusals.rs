//! What `build` refuses, what it passes over, and that a failure leaves everything as it was.

use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{fail, precompute, tree};
use serde_json::json;

use crate::shop::Shop;

#[test]
fn a_folder_without_photos_or_none_at_all_is_a_clear_error() -> anyhow::Result<()> {
    let shop = Shop::new("no-photos")?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains("no photo below") && errors.contains("jpg"), "{errors}");
    fs::write(shop.photos().join("readme.txt"), "nothing here")?;
    ensure!(fail(1, shop.build_arguments(&[]))?.contains("no photo below"));
    fs::remove_dir_all(shop.photos())?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains(&shop.photos().display().to_string()), "{errors}");
    ensure!(errors.contains("No such file") || errors.contains("cannot find"), "{errors}");
    ensure!(!shop.out().exists(), "nothing is written");
    Ok(())
}

/// Three sound photos and four that are none, with a word of the reason of each, in item order.
fn with_broken_photos(name: &str) -> anyhow::Result<(Shop, [(&'static str, &'static str); 4])> {
    let shop = Shop::with(name, 3)?;
    let png = fs::read(shop.photos().join("p00.png"))?;
    fs::write(shop.photos().join("bad-empty.jpg"), b"")?;
    fs::write(shop.photos().join("bad-html.jpg"), "<!doctype html><html>404</html>")?;
    fs::write(shop.photos().join("bad-text.png"), "coming soon")?;
    fs::create_dir(shop.photos().join("deep"))?;
    fs::write(shop.photos().join("deep/bad-torn.png"), &png[..png.len() / 2])?;
    let reasons = [
        ("bad-empty.jpg", "empty"),
        ("bad-html.jpg", "a web page"),
        ("bad-text.png", "text"),
        ("deep/bad-torn.png", "damaged"),
    ];
    Ok((shop, reasons))
}

#[test]
fn broken_photos_are_skipped_and_listed_with_the_reason() -> anyhow::Result<()> {
    let (shop, reasons) = with_broken_photos("skipped")?;
    let output = precompute(shop.build_arguments(&[]))?;
    ensure!(output.status.success(), "a broken photo does not stop the run");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["items"] == 3 && report["embedded"] == 3, "{report}");
    let skipped = report["skipped"].as_array().map_or(&[][..], Vec::as_slice);
    ensure!(skipped.len() == reasons.len(), "{report}");
    let errors = String::from_utf8(output.stderr)?;
    for (entry, (file, word)) in skipped.iter().zip(reasons) {
        let reason = entry["reason"].as_str().unwrap_or_default();
        ensure!(entry["file"] == file && reason.contains(word), "{file}, {word}: {entry}");
        ensure!(errors.contains(&format!("skipped {file}: {reason}")), "standard error: {errors}");
    }
    ensure!(shop.ids()? == ["p00", "p01", "p02"], "only what was read is in the folder");
    Ok(())
}

#[test]
fn a_picture_of_one_colour_is_listed_and_nobodys_neighbour() -> anyhow::Result<()> {
    let shop = Shop::with("blank", 4)?;
    for (id, colour) in [("white", [255; 3]), ("grey", [128, 128, 130])] {
        image::RgbImage::from_pixel(90, 120, image::Rgb(colour))
            .save(shop.photos().join(format!("{id}.png")))?;
    }
    let report = shop.build(&[])?;
    ensure!(shop.ids()? == ["p00", "p01", "p02", "p03"], "{report}");
    let skipped = report["skipped"].as_array().context("a list")?;
    ensure!(skipped.len() == 2, "{report}");
    for photo in skipped {
        ensure!(photo["reason"].as_str().is_some_and(|reason| reason.contains("blank")), "{report}");
    }
    Ok(())
}

#[test]
fn strict_fails_and_leaves_the_old_folder_untouched() -> anyhow::Result<()> {
    let shop = Shop::with("strict", 3)?;
    shop.build(&["--strict"])?;
    let before = tree(&shop.out())?;
    fs::write(shop.photos().join("bad.jpg"), "no picture")?;
    shop.photo("p03.png", 77)?;
    let errors = fail(1, shop.build_arguments(&["--strict"]))?;
    ensure!(errors.contains("skipped bad.jpg") && errors.contains("--strict"), "{errors}");
    ensure!(tree(&shop.out())? == before, "the old folder is as it was");
    let report = shop.build(&[])?;
    ensure!(report["items"] == 4 && report["skipped"][0]["file"] == json!("bad.jpg"), "{report}");
    Ok(())
}

#[test]
fn a_catalogue_of_broken_photos_alone_is_an_error() -> anyhow::Result<()> {
    let shop = Shop::new("all-broken")?;
    fs::write(shop.photos().join("a.jpg"), "no picture")?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains("a.jpg") && errors.contains("not a picture"), "{errors}");
    ensure!(!shop.out().exists(), "nothing is written");
    Ok(())
}

#[test]
fn a_folder_of_other_files_is_not_replaced() -> anyhow::Result<()> {
    let shop = Shop::with("other-files", 2)?;
    fs::create_dir(shop.out())?;
    fs::write(shop.out().join("thesis.doc"), "years of work")?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains("manifest.json") && errors.contains("--out"), "{errors}");
    ensure!(tree(&shop.out())?.len() == 1, "the folder is as it was");
    // Somebody else's manifest.json (a web app has one) does not make it a folder made here.
    fs::write(shop.out().join("manifest.json"), r#"{"name":"My app","start_url":"."}"#)?;
    fail(1, shop.build_arguments(&[]))?;
    ensure!(tree(&shop.out())?.len() == 2, "the folder is as it was");
    fs::remove_dir_all(shop.out())?;
    fs::write(shop.out(), "a file")?;
    ensure!(fail(1, shop.build_arguments(&[]))?.contains("not a folder"));
    fs::remove_file(shop.out())?;
    fs::create_dir(shop.out())?;
    ensure!(shop.build(&[])?["items"] == 2, "an empty folder may be used");
    Ok(())
}
