//! Folders of photos as they are: what is no photo of a product is passed over with a note, and a bad entry costs itself only.

use std::fs;

use anyhow::ensure;
use lookalike_tests::{fail, precompute, tree};

use crate::shop::Shop;

/// Builds; gives the report and what was said on standard error.
fn told(shop: &Shop, more: &[&str]) -> anyhow::Result<(serde_json::Value, String)> {
    let output = precompute(shop.build_arguments(more))?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{errors}");
    Ok((serde_json::from_slice(&output.stdout)?, errors))
}

#[test]
fn hidden_and_system_folders_are_passed_over() -> anyhow::Result<()> {
    let shop = Shop::with("system-folders", 3)?;
    for folder in [".trash", ".git/objects", "@eaDir/p00.png", "__MACOSX", "#recycle", "deep/@eaDir/x"] {
        shop.photo(&format!("{folder}/p01.png"), 8)?;
        shop.photo(&format!("{folder}/other.png"), 9)?;
    }
    shop.photo("deep/p03.png", 3)?;
    let (_, errors) = told(&shop, &[])?;
    ensure!(shop.ids()? == ["p00", "p01", "p02", "p03"], "{:?}", shop.ids()?);
    ensure!(errors.contains(".trash") && errors.contains("@eaDir"), "{errors}");
    Ok(())
}

#[test]
fn what_the_program_writes_is_not_read_again() -> anyhow::Result<()> {
    let shop = Shop::with("own-output", 3)?;
    let out = shop.photos().join("site").join("lookalike");
    fs::create_dir(shop.photos().join("site"))?;
    let network = shop.0.join("network");
    let build = || {
        let arguments =
            lookalike_tests::arguments!["build", shop.photos(), "--out", &out, "--model", &network, "--json"];
        lookalike_tests::succeed_json(arguments)
    };
    build()?;
    let before = tree(&out)?;
    ensure!(build()?["items"] == 3, "the second run finds the same photos");
    ensure!(tree(&out)? == before, "and makes the same folder");
    Ok(())
}

#[test]
fn copies_in_other_formats_and_sizes_are_passed_over() -> anyhow::Result<()> {
    let shop = Shop::with("copies", 3)?;
    shop.photo("p00.webp", 0)?;
    shop.photo("p01-150x150.png", 1)?;
    shop.photo("p02-2x2.png", 2)?;
    shop.photo("tee-30x40.png", 4)?;
    shop.photo("cache/1a2b/p00.png", 5)?;
    shop.photo("cache/1a2b/p01.png", 6)?;
    let (_, errors) = told(&shop, &[])?;
    ensure!(shop.ids()? == ["p00", "p01", "p02", "tee-30x40"], "{:?}", shop.ids()?);
    for word in ["1 photos that are there in another format", "2 resized copies", "cache"] {
        ensure!(errors.contains(word), "{word}: {errors}");
    }
    Ok(())
}

#[test]
fn photos_of_one_name_in_two_folders_are_of_one_product_and_can_be_left_out() -> anyhow::Result<()> {
    let shop = Shop::with("two-folders", 3)?;
    (0..3).try_for_each(|seed| shop.photo(&format!("old/p0{seed}.png"), 20 + seed))?;
    let (report, errors) = told(&shop, &[])?;
    ensure!(report["items"] == 3 && report["photos"] == 6, "{report}");
    ensure!(
        errors.contains("3 products have several photos, such as p00 (p00.png, old/p00.png)"),
        "{errors}"
    );
    for glob in ["old", "old/**", "old/p0*.png", "ol[d]/"] {
        ensure!(told(&shop, &["--exclude", glob])?.0["photos"] == 3, "{glob}");
    }
    ensure!(fail(1, shop.build_arguments(&["--exclude", "[a"]))?.contains("--exclude [a"));
    Ok(())
}

#[test]
fn pictures_that_are_not_read_are_counted() -> anyhow::Result<()> {
    let shop = Shop::with("unread", 2)?;
    for name in ["a.heic", "b.HEIC", "c.avif", "notes.txt"] {
        fs::write(shop.photos().join(name), b"....")?;
    }
    fs::copy(shop.photos().join("p00.png"), shop.photos().join("noending"))?;
    let picture = lookalike_tests::picture(7, 40, 40);
    for ending in ["jfif", "jpe", "mpo"] {
        picture
            .save_with_format(shop.photos().join(format!("{ending}.{ending}")), image::ImageFormat::Jpeg)?;
    }
    let (report, errors) = told(&shop, &[])?;
    ensure!(report["items"] == 5, "JPEGs are read under their other endings: {report}");
    ensure!(
        errors.contains("4 files look like pictures but are not read: 1 .avif, 2 .heic, 1 without an ending"),
        "{errors}"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_bad_entry_costs_only_itself() -> anyhow::Result<()> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let shop = Shop::with("bad-entries", 3)?;
    symlink("nowhere.jpg", shop.photos().join("dangling.jpg"))?;
    symlink("nowhere.txt", shop.photos().join("notes.txt"))?;
    symlink("..", shop.photos().join("loop"))?;
    symlink(".", shop.photos().join("here"))?;
    let latin = shop.photos().join(OsStr::from_bytes(b"caf\xe9.png"));
    // Not every file system takes such names.
    let has_latin = fs::copy(shop.photos().join("p00.png"), latin).is_ok();
    let (report, errors) = told(&shop, &["--exclude", "out", "--exclude", "network", "--exclude", "photos"])?;
    ensure!(report["items"] == 3, "{report}");
    let skipped = report["skipped"].to_string();
    ensure!(skipped.contains("dangling.jpg") && skipped.contains("here"), "{skipped}");
    ensure!(skipped.contains("not Unicode") == has_latin, "{skipped}");
    ensure!(!skipped.contains("notes.txt"), "{skipped}");
    ensure!(errors.contains("skipped dangling.jpg"), "{errors}");
    Ok(())
}
