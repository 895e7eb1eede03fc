//! Variants of one product and photos that look the same: among stored neighbours each counts once.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, ensure};
use image::Rgb;
use lookalike_tests::{arguments, fail, picture, succeed};
use serde_json::json;

use crate::query::METRICS;
use crate::shop::Shop;

/// Twelve products, every two of them variants of one; the last two stand alone.
fn shop(name: &str) -> anyhow::Result<(Shop, String)> {
    let shop = Shop::with(name, 12)?;
    let mut table = "id,style\n".to_owned();
    (0..12).for_each(|product| {
        let style = if product < 10 { format!("style-{}", product / 2) } else { String::new() };
        table += &format!("p{product:02},{style}\n");
    });
    let items = shop.0.join("items.csv");
    fs::write(&items, table)?;
    Ok((shop, items.display().to_string()))
}

fn style(id: &str) -> anyhow::Result<u32> {
    let product: u32 = id.strip_prefix('p').context("an id of the shop")?.parse()?;
    Ok(if product < 10 { product / 2 } else { product })
}

#[test]
fn of_variants_only_the_nearest_is_a_stored_neighbour() -> anyhow::Result<()> {
    let (shop, items) = shop("variants")?;
    let all = |metric: &str, each: &str| -> anyhow::Result<Vec<_>> {
        let of = |product| shop.query(&["--item", &format!("p{product:02}"), "-k", each, "--metric", metric]);
        (0..12).map(of).collect()
    };
    shop.build(&["--items", &items])?;
    let plain = METRICS.map(|metric| all(metric, "11")).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    shop.build(&["--items", &items, "--group", "style"])?;
    for (metric, plain) in METRICS.into_iter().zip(plain) {
        for (product, (plain, grouped)) in plain.into_iter().zip(all(metric, "6")?).enumerate() {
            let mut seen = BTreeSet::from([style(&format!("p{product:02}"))?]);
            let mut want = Vec::new();
            for neighbour in plain {
                if seen.insert(style(&neighbour.0)?) {
                    want.push(neighbour);
                }
            }
            ensure!(want.len() == 6 && grouped == want, "p{product:02} by {metric}: {grouped:?}, {want:?}");
        }
    }
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn a_column_that_is_not_there_is_a_clear_error() -> anyhow::Result<()> {
    let (shop, items) = shop("no-such-variants")?;
    let errors = fail(1, shop.build_arguments(&["--items", &items, "--group", "maker"]))?;
    ensure!(errors.contains("--group") && errors.contains("maker"), "{errors}");
    ensure!(!shop.out().exists(), "nothing is written");
    let errors = fail(2, shop.build_arguments(&["--group", "style"]))?;
    ensure!(errors.contains("--items"), "{errors}");
    Ok(())
}

#[test]
fn photos_that_look_the_same_are_listed_and_folded_if_asked() -> anyhow::Result<()> {
    let shop = Shop::with("look-alike", 6)?;
    // The same file, the same pixels in another file, and all but the same pixels.
    fs::copy(shop.photos().join("p01.png"), shop.photos().join("aa.png"))?;
    picture(2, 48, 40).save(shop.photos().join("zy.bmp"))?;
    let mut touched = picture(2, 48, 40);
    let Rgb([red, ..]) = touched.get_pixel_mut(20, 20);
    *red ^= 1;
    touched.save(shop.photos().join("zz.png"))?;

    let same = json!([["aa", "p01"], ["p02", "zy", "zz"]]);
    for run in ["first", "second"] {
        let report = shop.build(&[])?;
        ensure!(report["duplicates"] == same, "{run}: {report}");
    }
    let nearest = |id: &str, each: &str| -> anyhow::Result<Vec<String>> {
        Ok(shop.query(&["--item", id, "-k", each])?.into_iter().map(|(id, _)| id).collect())
    };
    ensure!(nearest("p01", "8")?[0] == "aa", "{:?}", nearest("p01", "8")?);

    let report = shop.build(&["--fold-duplicates"])?;
    ensure!(report["duplicates"] == same && report["items"] == 9, "{report}");
    let sets = [&["aa", "p01"][..], &["p02", "zy", "zz"], &["p00"], &["p03"], &["p04"], &["p05"]];
    for own in sets {
        for id in own {
            let found = nearest(id, "5")?;
            for set in sets {
                let of_set = found.iter().filter(|id| set.contains(&id.as_str())).count();
                ensure!(of_set == usize::from(set != own), "{id}: {found:?}");
            }
        }
    }
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}
