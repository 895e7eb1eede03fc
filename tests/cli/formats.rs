//! Photos of every format, wherever they lie and whatever they are called.

use anyhow::ensure;
use lookalike::photo::{Limits, decode};
use lookalike_tests::{picture, save_picture};

use crate::shop::Shop;

/// Where the photos lie below the folder, and the product's id.
const PHOTOS: [(&str, &str); 9] = [
    ("b.jpg", "b"),
    ("spring/sale/été 2024.PNG", "été 2024"),
    ("spring/sale/deep/deeper/deepest/鞋-42.webp", "鞋-42"),
    ("a.b.c.gif", "a.b.c"),
    ("Ärmel/👗.bmp", "👗"),
    ("x/#1 50% & more.tiff", "#1 50% & more"),
    ("x/tif.tif", "tif"),
    ("x/jpeg.JPEG", "jpeg"),
    ("quote\"d.jpg", "quote\"d"),
];

#[test]
fn all_six_formats_in_deep_folders_with_unicode_names() -> anyhow::Result<()> {
    let shop = Shop::new("formats")?;
    for (seed, (path, _)) in PHOTOS.iter().enumerate() {
        shop.photo(path, seed as u32)?;
    }
    // What shops keep beside their photos is passed over in silence.
    for other in ["notes.txt", "x/Thumbs.db", ".hidden.jpg", "x/._b.jpg"] {
        std::fs::write(shop.photos().join(other), "no photo")?;
    }
    let report = shop.build(&["--images", "/images/"])?;
    ensure!(report["items"] == PHOTOS.len() && report["skipped"] == serde_json::json!([]), "{report}");

    let mut ids: Vec<&str> = PHOTOS.iter().map(|(_, id)| *id).collect();
    ids.sort_unstable();
    ensure!(shop.ids()? == ids, "ids are in byte order: {:?}", shop.ids()?);
    for (_, id) in PHOTOS {
        let card = shop.card(id)?;
        ensure!((card.width, card.height) == (48, 40), "{card:?}");
        ensure!(shop.query(&["--item", id, "-k", "8"])?.len() == 8, "{id} has neighbours");
    }
    let image = shop.card("#1 50% & more")?.image;
    ensure!(image.as_deref() == Some("/images/x/%231%2050%25%20%26%20more.tiff"), "{image:?}");
    Ok(())
}

#[test]
fn lossless_formats_are_read_to_the_pixels_that_were_written() -> anyhow::Result<()> {
    let shop = Shop::new("lossless")?;
    for ending in ["png", "webp", "bmp", "tiff"] {
        let path = shop.0.join(&format!("photo.{ending}"));
        save_picture(3, &path)?;
        let photo = decode(&std::fs::read(&path)?, &Limits::default())?;
        ensure!(photo.rgb() == picture(3, 48, 40).as_raw().as_slice(), "{ending}");
    }
    Ok(())
}

#[test]
fn the_format_is_found_in_the_content_not_the_name() -> anyhow::Result<()> {
    let shop = Shop::new("misnamed")?;
    save_picture(1, &shop.0.join("real.png"))?;
    std::fs::copy(shop.0.join("real.png"), shop.photos().join("misnamed.jpg"))?;
    let report = shop.build(&[])?;
    ensure!(report["items"] == 1 && report["skipped"] == serde_json::json!([]), "{report}");
    Ok(())
}

#[test]
fn a_catalogue_of_one_product_has_no_neighbours() -> anyhow::Result<()> {
    let shop = Shop::with("single", 1)?;
    let report = shop.build(&[])?;
    ensure!(report["items"] == 1, "{report}");
    for metric in ["cosine", "euclidean", "manhattan"] {
        ensure!(shop.query(&["--item", "p00", "-k", "0", "--metric", metric])?.is_empty());
    }
    let photo = shop.photos().join("p00.png").display().to_string();
    let found = shop.query(&["--photo", &photo])?;
    ensure!(found.len() == 1 && found[0].0 == "p00", "{found:?}");
    lookalike_tests::succeed(lookalike_tests::arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn identical_photos_are_at_distance_0_and_ties_go_by_id() -> anyhow::Result<()> {
    let shop = Shop::with("identical", 3)?;
    for copy in ["zz", "aa", "mm"] {
        std::fs::copy(shop.photos().join("p01.png"), shop.photos().join(format!("{copy}.png")))?;
    }
    let report = shop.build(&[])?;
    ensure!(report["items"] == 6 && report["embedded"] == 3 && report["reused"] == 3, "{report}");
    for metric in ["cosine", "euclidean", "manhattan"] {
        for (item, others) in
            [("p01", ["aa", "mm", "zz"]), ("aa", ["mm", "p01", "zz"]), ("zz", ["aa", "mm", "p01"])]
        {
            let found = shop.query(&["--item", item, "--metric", metric])?;
            let nearest: Vec<&str> = found.iter().take(3).map(|(id, _)| id.as_str()).collect();
            ensure!(nearest == others, "{metric} {item}: {found:?}");
            ensure!(found[..3].iter().all(|(_, distance)| *distance < 1e-7), "{metric} {item}: {found:?}");
            ensure!(found[3].1 > 1e-6, "{metric} {item}: another picture is not identical: {found:?}");
        }
    }
    Ok(())
}
