//! A folder whose codes are in partitions: read as any other, ranked as one in a file is, and no file of a partition can be another.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, save_picture, succeed, succeed_json, tree};
use serde_json::Value;

use crate::query::METRICS;
use crate::shop::Shop;

/// A shop of 40 products, of which a table has size, price and style.
fn with_table(name: &str) -> anyhow::Result<Shop> {
    let shop = Shop::with(name, 40)?;
    let size = |item: u32| ["S", "M|L", "", "38"][item as usize % 4];
    let row = |item: u32| format!("p{item:02},{},{}.5,style {}\n", size(item), item % 7, item / 2);
    let table: String = (0..40).map(row).collect();
    fs::write(shop.0.join("items.csv"), format!("id,size,price,style\n{table}"))?;
    Ok(shop)
}

fn build(shop: &Shop, more: &[&str]) -> anyhow::Result<Value> {
    let items = shop.0.join("items.csv").display().to_string();
    shop.build(&[&["--items", &items], more].concat())
}

/// The same in about 4 partitions.
fn in_partitions(name: &str) -> anyhow::Result<Shop> {
    let shop = with_table(name)?;
    let report = build(&shop, &["--partitions", "4"])?;
    let partitions = report["partitions"].as_u64().context("partitions")?;
    ensure!((2..=4).contains(&partitions), "{report}");
    Ok(shop)
}

#[test]
fn a_folder_in_partitions_is_good_and_says_so() -> anyhow::Result<()> {
    let shop = in_partitions("partitions-good")?;
    let text = succeed(arguments!["verify", shop.out()])?;
    ensure!(text.contains("40 products"), "{text}");
    let text = fs::read(shop.out().join("manifest.json"))?;
    let manifest: Value = serde_json::from_slice(&text)?;
    ensure!(manifest["version"] == 3 && text.len() <= 2000, "{manifest}");
    let path = manifest["partitions"]["path"].as_str().context("partitions")?;
    let files = tree(&shop.out().join(path))?;
    let count = manifest["partitions"]["count"].as_u64().context("count")? as usize;
    ensure!(files.len() == 2 * count + 1, "{:?}", files.keys());
    ensure!(files.iter().all(|(_, content)| content.len() < 65_536));
    for layer in ["colours", "attributes"] {
        let path = manifest[layer]["path"].as_str().context(layer)?;
        let files = tree(&shop.out().join(path.trim_end_matches(".bin")))?;
        ensure!(files.len() == count, "{:?}", files.keys());
    }
    Ok(())
}

#[test]
fn partitions_give_what_one_file_of_codes_gives() -> anyhow::Result<()> {
    let (shop, whole) = (in_partitions("partitions-ranked")?, with_table("partitions-whole")?);
    build(&whole, &[])?;
    let upload = shop.0.join("upload.png");
    save_picture(1000, &upload)?;
    let upload = upload.display().to_string();
    for metric in METRICS {
        let own = ["--item", "p07", "--exclude", "p08"];
        let coloured = ["--item", "p07", "--colour", "0.4"];
        let filtered = ["--item", "p07", "--filter", "size=L|38 price<4", "--boost", "0.5:size=38"];
        let grouped = ["--photo", &upload, "--group", "style", "--colour", "0.5"];
        for of in [&["--photo", &upload][..], &own, &coloured, &filtered, &grouped] {
            let query = [of, &["--metric", metric, "-k", "60"][..]].concat();
            let (found, expected) = (shop.query(&query)?, whole.query(&query)?);
            ensure!(found.len() == expected.len(), "{found:?}");
            // Both code the same embeddings, but not to the same numbers.
            for (id, distance) in &expected {
                let near = found.iter().find(|(other, _)| other == id).context("every product is ranked")?;
                let scale = expected[expected.len() - 1].1;
                ensure!((near.1 - distance).abs() < 0.01 * scale, "{metric} {id}: {near:?}, not {distance}");
            }
        }
    }
    // Stored neighbours are exact in both.
    ensure!(shop.query(&["--item", "p07"])? == whole.query(&["--item", "p07"])?);
    Ok(())
}

fn of_a_partition(file: &str) -> bool {
    ["partitions-", "colours-", "attributes-"].iter().any(|kind| file.starts_with(kind)) && file.contains('/')
}

#[test]
fn any_file_of_a_partition_damaged_or_missing_is_named() -> anyhow::Result<()> {
    let shop = in_partitions("partitions-damage")?;
    let mut seen = 0;
    for (name, content) in tree(&shop.out())?.into_iter().filter(|(name, _)| of_a_partition(name)) {
        let path = shop.out().join(&name);
        let mut damaged = content.clone();
        damaged[content.len() / 2] ^= 1;
        for damage in [Some(&damaged[..]), Some(&content[..content.len() - 1]), Some(&[][..]), None] {
            match damage {
                Some(damage) => fs::write(&path, damage)?,
                None => fs::remove_file(&path)?,
            }
            let errors = fail(1, arguments!["verify", shop.out()])?;
            let set = name.split('/').next().unwrap_or(&name);
            ensure!(errors.contains(&name) || errors.contains(set), "{name}: {errors}");
            // A query that needs it is refused too, by its name.
            if !name.contains("/assignments-") && !name.contains("/refinement-") {
                let query = ["--item", "p07", "--colour", "0.5", "--filter", "size=M"].map(OsString::from);
                let errors = fail(1, arguments!["query", shop.out()].into_iter().chain(query))?;
                ensure!(errors.contains(&name), "{name}: {errors}");
            }
        }
        fs::write(&path, content)?;
        seen += 1;
    }
    ensure!(seen >= 9, "{seen} files");
    succeed(arguments!["verify", shop.out()])?;
    // The manifest counts them.
    let path = shop.out().join("manifest.json");
    let text = fs::read_to_string(&path)?;
    let manifest: Value = serde_json::from_str(&text)?;
    let count = manifest["partitions"]["count"].as_u64().context("count")?;
    fs::write(&path, text.replace(&format!("\"count\":{count}"), &format!("\"count\":{}", count + 1)))?;
    ensure!(fail(1, arguments!["verify", shop.out()])?.contains("manifest.json"));
    Ok(())
}

#[test]
fn a_build_anew_is_the_same_and_one_without_change_is_none() -> anyhow::Result<()> {
    let shop = in_partitions("partitions-again")?;
    let first = tree(&shop.out())?;
    let manifest = shop.out().join("manifest.json");
    let written = fs::metadata(&manifest)?.modified()?;
    build(&shop, &["--partitions", "4"])?;
    ensure!(fs::metadata(&manifest)?.modified()? == written, "nothing was to be done");
    fs::remove_dir_all(shop.out())?;
    build(&shop, &["--partitions", "4", "--jobs", "3"])?;
    ensure!(tree(&shop.out())? == first, "on another number of threads");
    // Another price is another file of attributes, and browsers keep all others.
    let items = shop.0.join("items.csv");
    fs::write(&items, fs::read_to_string(&items)?.replace("p07,38,0.5", "p07,38,1.5"))?;
    build(&shop, &["--partitions", "4"])?;
    let after = tree(&shop.out())?;
    let gone: Vec<&String> =
        first.keys().filter(|name| of_a_partition(name) && !after.contains_key(*name)).collect();
    ensure!(!gone.is_empty() && gone.iter().all(|name| name.starts_with("attributes-")), "{gone:?}");
    // And back to one file.
    build(&shop, &["--partitions", "never"])?;
    ensure!(!tree(&shop.out())?.keys().any(|name| of_a_partition(name)));
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn a_sample_tells_recall_and_what_a_question_reads() -> anyhow::Result<()> {
    let shop = in_partitions("partitions-eval")?;
    let report = succeed_json(arguments!["eval", shop.out(), "--sample", "8", "--json"])?;
    ensure!(report["sample"] == 8 && report["items"] == 40, "{report}");
    for metric in METRICS {
        let recall = |figure: &str| report[figure][metric].as_f64().unwrap_or_default();
        ensure!(recall("recall_at_10") > 0.8 && recall("refined_recall_at_10") > 0.95, "{report}");
    }
    let partitions: u64 = tree(&shop.out())?
        .iter()
        .filter(|(name, _)| name.contains("/codes-") || name.contains("/refinement-"))
        .map(|(_, content)| content.len() as u64)
        .sum();
    ensure!(report["query"]["most_bytes"].as_u64().is_some_and(|most| most <= partitions), "{report}");
    let text = succeed(arguments!["eval", shop.out(), "--sample", "8"])?;
    ensure!(text.contains("a query reads"), "{text}");
    // Without partitions there is nothing to read for each query.
    build(&shop, &["--partitions", "never"])?;
    let report = succeed_json(arguments!["eval", shop.out(), "--sample", "8", "--json"])?;
    ensure!(report.get("query").is_none(), "{report}");
    ensure!(fail(1, arguments!["eval", shop.out()])?.contains("--labels"));
    Ok(())
}

#[test]
fn a_number_of_partitions_that_is_none_is_refused() -> anyhow::Result<()> {
    for count in ["0", "-1", "many", "65537"] {
        let errors = fail(2, arguments!["build", "photos", "--out", "out", format!("--partitions={count}")])?;
        ensure!(errors.contains("auto, never"), "{errors}");
    }
    Ok(())
}
