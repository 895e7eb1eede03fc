//! `build --embeddings` and `build --cache`: what several machines embedded makes the folder that one machine makes of the photos.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use lookalike_tests::{arguments, fail, succeed, succeed_json, tree};
use serde_json::Value;

use crate::shop::Shop;

/// Embeds share `part` of the shop's photos with the network `model`.
fn share(shop: &Shop, model: &Path, part: &str, to: &Path) -> anyhow::Result<()> {
    let all = ["--model-preprocessing", "symmetric"];
    let more: &[&str] = if model.extension().is_some() { &all } else { &[] };
    let mut arguments =
        arguments!["embed", shop.photos(), "--model", model, "--part", part, "--out", to].to_vec();
    arguments.extend(more.iter().map(OsString::from));
    succeed(arguments).map(drop)
}

fn build(shop: &Shop, out: &Path, more: &[OsString]) -> anyhow::Result<Value> {
    let network = shop.0.join("network");
    let mut all = arguments!["build", "--out", out, "--model", network, "--json"].to_vec();
    all.extend(more.iter().cloned());
    succeed_json(all)
}

/// A shop of products with rows in a table, too few photos for which are variants of others.
fn described(name: &str, products: u32) -> anyhow::Result<Shop> {
    let shop = Shop::with(name, products)?;
    let rows =
        (0..products).map(|item| format!("p{item:02},Product {item},{}.5,style {}\n", item % 9, item / 3));
    fs::write(shop.0.join("items.csv"), format!("id,title,price,style\n{}", rows.collect::<String>()))?;
    Ok(shop)
}

#[test]
fn a_folder_of_embeddings_is_that_of_the_photos_byte_for_byte() -> anyhow::Result<()> {
    // Enough for adaptation.
    let shop = described("from-embeddings", 120)?;
    fs::write(shop.photos().join("broken.png"), "no picture")?;
    fs::copy(shop.photos().join("p07.png"), shop.photos().join("twin.png"))?;
    let (items, table) = (shop.0.join("items.csv"), shop.0.join("table"));
    fs::create_dir(&table)?;
    for part in 0..3 {
        share(
            &shop,
            &shop.0.join("network"),
            &format!("{part}/3"),
            &table.join(format!("part-{part}.parquet")),
        )?;
    }
    for (name, options) in [
        ("plain", &["--images", "/photos/"][..]),
        (
            "partitions",
            &["--images", "/photos/", "--partitions", "4", "--colour", "0.2", "--fold-duplicates"],
        ),
        ("groups", &["--group", "style", "--fragments", "/lookalike/", "--neighbours", "7"]),
    ] {
        let (of_photos, of_table) =
            (shop.0.join(&format!("{name}-photos")), shop.0.join(&format!("{name}-table")));
        let with = |first: &[OsString]| -> Vec<OsString> {
            let options = options.iter().map(OsString::from);
            first.iter().cloned().chain(arguments!["--items", &items]).chain(options).collect()
        };
        let photos = build(&shop, &of_photos, &with(&arguments![shop.photos(), "--no-thumbnails"]))?;
        let report = build(&shop, &of_table, &with(&arguments!["--embeddings", &table]))?;
        ensure!(tree(&of_table)? == tree(&of_photos)?, "{name}: another folder");
        ensure!(
            report["items"] == 121 && report["embedded"] == 0 && photos["embedded"].as_u64() >= Some(120),
            "{report}"
        );
        ensure!(
            report["skipped"] == photos["skipped"] && report["skipped"][0]["file"] == "broken.png",
            "{report}"
        );
        ensure!(report["adaptation"]["state"] == "fitted", "{report}");
        succeed(arguments!["verify", &of_table])?;
    }
    // Each of the three needs a part only once, in whatever order, and a part that was embedded twice is there once.
    let again = shop.0.join("again");
    let files = [2, 0, 0, 1].map(|part| table.join(format!("part-{part}.parquet")).into_os_string());
    let mut first = arguments!["--items", &items, "--images", "/photos/", "--embeddings"].to_vec();
    first.extend(files);
    build(&shop, &again, &first)?;
    ensure!(tree(&again)? == tree(&shop.0.join("plain-photos"))?, "order or repetition matters");
    // Without one of them its products are missing, and nothing else is.
    let less = shop.0.join("less");
    let report = build(
        &shop,
        &less,
        &arguments!["--embeddings", table.join("part-0.parquet"), table.join("part-2.parquet")],
    )?;
    ensure!(report["items"].as_u64().is_some_and(|items| (60..110).contains(&items)), "{report}");
    Ok(())
}

#[test]
fn embeddings_of_two_networks_make_the_folder_of_both() -> anyhow::Result<()> {
    let shop = Shop::with("from-two", 20)?;
    let transformer = Path::new(env!("CARGO_MANIFEST_DIR")).join("cli/transformer/transformer.onnx");
    let (network, own, of_photos) =
        (shop.0.join("network"), shop.0.join("own.parquet"), shop.0.join("photos.parquet"));
    share(&shop, &transformer, "0/1", &own)?;
    share(&shop, &network, "0/1", &of_photos)?;
    let build = |out: &Path, first: &[OsString]| {
        let mut all = arguments!["build", "--out", out, "--json", "--model", &transformer].to_vec();
        all.extend(arguments!["--model-preprocessing", "symmetric", "--photo-model", &network]);
        all.extend(first.iter().cloned());
        succeed_json(all)
    };
    let (one, other) = (shop.0.join("one"), shop.0.join("other"));
    build(&one, &arguments![shop.photos(), "--no-thumbnails"])?;
    let report = build(&other, &arguments!["--embeddings", &own, &of_photos])?;
    ensure!(report["items"] == 20 && tree(&one)? == tree(&other)?, "{report}");
    // Products of one of them only are listed.
    share(&shop, &network, "0/2", &of_photos)?;
    let report = build(&other, &arguments!["--embeddings", &own, &of_photos])?;
    let (items, skipped) =
        (report["items"].as_u64().unwrap_or(0), report["skipped"].as_array().map_or(0, Vec::len));
    ensure!(items as usize + skipped == 20 && skipped > 3, "{report}");
    ensure!(
        report["skipped"][0]["reason"].as_str().is_some_and(|text| text.contains("one of the two")),
        "{report}"
    );
    Ok(())
}

#[test]
fn embeddings_that_do_not_go_together_are_refused() -> anyhow::Result<()> {
    let shop = Shop::with("from-refused", 4)?;
    let (network, table, other) =
        (shop.0.join("network"), shop.0.join("a.parquet"), shop.0.join("b.parquet"));
    share(&shop, &network, "0/1", &table)?;
    let refuse = |tables: &[&PathBuf], more: &[&str]| {
        let mut all = arguments!["build", "--out", shop.out(), "--embeddings"].to_vec();
        all.extend(tables.iter().map(|table| table.as_os_str().to_owned()));
        all.extend(more.iter().map(OsString::from));
        fail(1, all)
    };
    // Of another network than that of the build.
    let errors = refuse(&[&table], &[])?;
    ensure!(
        errors.contains("a.parquet") && errors.contains("is of network") && errors.contains("--model"),
        "{errors}"
    );
    let own = network.to_string_lossy().into_owned();
    // What is no such table.
    fs::write(&other, "text")?;
    ensure!(refuse(&[&other], &["--model", &own])?.contains("b.parquet"));
    ensure!(refuse(&[&shop.photos()], &["--model", &own])?.contains(".parquet"));
    shop.build(&["--no-thumbnails"])?;
    succeed(arguments!["export", shop.out(), "--parquet", &other])?;
    let errors = refuse(&[&other], &["--model", &own])?;
    ensure!(errors.contains("no column photo"), "{errors}");
    Ok(())
}

#[test]
fn caches_of_several_machines_make_one() -> anyhow::Result<()> {
    let shop = Shop::with("merge-caches", 24)?;
    // Two machines that built a half each, one that embedded a few, and the cache of another network.
    let mut caches = Vec::new();
    for (machine, products) in [("a", 0..12), ("b", 10..20)] {
        let photos = shop.0.join(machine);
        fs::create_dir(&photos)?;
        for item in products {
            let name = format!("p{item:02}.png");
            fs::copy(shop.photos().join(&name), photos.join(&name))?;
        }
        build(&shop, &shop.0.join(&format!("{machine}-out")), &arguments![photos])?;
        caches.push(shop.0.join(&format!("{machine}-out.cache")));
    }
    let kept = shop.0.join("kept");
    let (network, table) = (shop.0.join("network"), shop.0.join("x.parquet"));
    succeed(arguments![
        "embed",
        shop.photos(),
        "--model",
        network,
        "--part",
        "0/3",
        "--cache",
        &kept,
        "--out",
        &table
    ])?;
    caches.push(kept);
    caches.push(shop.0.join("photos"));
    let mut all = arguments![shop.photos()].to_vec();
    all.extend(caches.iter().flat_map(|cache| arguments!["--cache", cache]));
    let report = build(&shop, &shop.out(), &all)?;
    let embedded = report["embedded"].as_u64().unwrap_or(99);
    ensure!(report["items"] == 24 && embedded <= 4, "{report}");
    let alone = shop.0.join("alone");
    build(&shop, &alone, &arguments![shop.photos()])?;
    ensure!(tree(&shop.out())? == tree(&alone)?, "another folder");
    // Its own cache may be named too; one that is not there may not.
    build(&shop, &shop.out(), &arguments![shop.photos(), "--cache", shop.0.join("out.cache")])?;
    let errors =
        fail(1, arguments!["build", shop.photos(), "--out", shop.out(), "--cache", shop.0.join("absent")])?;
    ensure!(errors.contains("absent") && errors.contains("no such folder"), "{errors}");
    Ok(())
}
