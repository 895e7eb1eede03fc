//! Products with several photos: each is as near as its nearest photo, and is shown once, by its primary one.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, ensure};
use lookalike::embedding::{Metric, distance};
use lookalike_tests::{arguments, fail, precompute, succeed, succeed_json, tree};

use crate::query::METRICS;
use crate::shop::Shop;

/// Thirty products with up to four photos, in folders of their names; of the last few the photo alone.
fn shop(name: &str) -> anyhow::Result<Shop> {
    let shop = Shop::new(name)?;
    for product in 0..30u32 {
        for number in 0..if product < 25 { 1 + product % 4 } else { 0 } {
            shop.photo(&format!("p{product:02}/{number}.png"), 100 * product + number)?;
        }
        if product >= 25 {
            shop.photo(&format!("p{product:02}.png"), 100 * product)?;
        }
    }
    let rows =
        (0..30).map(|product| format!("p{product:02},{},{product}\n", ["red", "blue", ""][product % 3]));
    fs::write(shop.0.join("items.csv"), format!("id,style,stock\n{}", rows.collect::<String>()))?;
    Ok(shop)
}

/// Nearest first, each product by its nearest photo, from the first of `items` of the id `of`.
fn expected(items: &[(String, Vec<f32>)], of: &str, metric: Metric) -> anyhow::Result<Vec<(String, f64)>> {
    let own = items.iter().find(|(id, _)| id == of).context("a product of the shop")?;
    let mut nearest: BTreeMap<&str, f64> = BTreeMap::new();
    for (id, embedding) in items.iter().filter(|(id, _)| id != of) {
        let far = distance(metric, &own.1, embedding);
        let least = nearest.entry(id).or_insert(far);
        *least = least.min(far);
    }
    let mut list: Vec<(String, f64)> = nearest.into_iter().map(|(id, far)| (id.to_owned(), far)).collect();
    list.sort_by(|one, other| one.1.total_cmp(&other.1));
    Ok(list)
}

#[test]
fn a_product_is_as_near_as_its_nearest_photo_and_there_once() -> anyhow::Result<()> {
    let shop = shop("several-photos")?;
    let items = shop.0.join("items.csv").display().to_string();
    let report = shop.build(&["--items", &items])?;
    ensure!((report["items"].as_u64(), report["photos"].as_u64()) == (Some(30), Some(66)), "{report}");
    let all = shop.export()?;
    ensure!(all.len() == 66, "{} photos", all.len());
    for (metric, name) in Metric::ALL.into_iter().zip(METRICS) {
        for of in ["p03", "p08", "p29"] {
            let got = shop.query(&["--item", of, "--metric", name, "-k", "20"])?;
            let want = &expected(&all, of, metric)?[..20];
            let same = |(got, want): (&(String, f64), &(String, f64))| {
                got.0 == want.0 && (got.1 - want.1).abs() <= 1e-5 * want.1.max(1.0)
            };
            ensure!(got.iter().zip(want).all(same), "{of} by {name}: {got:?}, not {want:?}");
        }
    }
    let cards = shop.cards()?;
    let of_product: Vec<_> = cards.iter().filter(|card| card.id == "p07").collect();
    let photos: Vec<Option<&str>> = of_product.iter().map(|card| card.photo.as_deref()).collect();
    ensure!(photos == [None, Some("p07/1.png"), Some("p07/2.png"), Some("p07/3.png")], "{photos:?}");
    ensure!(
        of_product
            .iter()
            .all(|card| card.thumbnail == of_product[0].thumbnail && card.attributes["stock"] == "7")
    );
    let columns: Vec<_> = fs::read_dir(shop.out())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().contains("columns-"))
        .collect();
    let columns = fs::read_to_string(columns.first().context("a file of columns")?)?;
    ensure!(columns.contains(r#"["blue",10],["red",10]"#) && !columns.contains("#product"), "{columns}");
    succeed(arguments!["verify", shop.out()])?;
    // A photo of the product itself is the nearest of all, and none of its own is among its neighbours.
    let photo = shop.photos().join("p07/2.png").display().to_string();
    let answer = succeed_json(arguments!["query", shop.out(), "--photo", &photo, "--json"])?;
    ensure!(
        answer["neighbours"][0]["id"] == "p07" && answer["neighbours"][0]["photo"] == "p07/2.png",
        "{answer}"
    );
    let eval = succeed_json(arguments!["eval", shop.out(), "--json"])?;
    ensure!(eval["groups"]["queries"] == 6 * (2 + 3 + 4), "{eval}");
    Ok(())
}

#[test]
fn rules_count_a_product_once_and_leave_it_out_with_all_its_photos() -> anyhow::Result<()> {
    let shop = shop("several-photos-rules")?;
    let items = shop.0.join("items.csv").display().to_string();
    for more in [&[][..], &["--partitions", "5"]] {
        shop.build(&[&["--items", items.as_str(), "--publish", "style,stock"], more].concat())?;
        let photo = shop.photos().join("p07/2.png").display().to_string();
        let ids = |more: &[&str]| -> anyhow::Result<Vec<String>> {
            let found = shop.query(&[&["--photo", &photo, "-k", "30"], more].concat())?;
            Ok(found.into_iter().map(|(id, _)| id).collect())
        };
        let all = ids(&[])?;
        let mut sorted = all.clone();
        sorted.sort();
        sorted.dedup();
        ensure!(all.len() == 30 && sorted.len() == 30 && all[0] == "p07", "{all:?}");
        let without = ids(&["--exclude", "p07", "--exclude", "p11"])?;
        let want: Vec<String> =
            all.iter().filter(|id| !["p07", "p11"].contains(&id.as_str())).cloned().collect();
        ensure!(without == want, "{without:?}");
        // Ten of either style, and those without, whose photos are still of one product.
        ensure!(ids(&["--group", "style"])?.len() == 12);
        ensure!(ids(&["--filter", "stock>19"])?.len() == 10);
        let like = shop.query(&["--item", "p07", "-k", "30", "--filter", "stock<20"])?;
        ensure!(like.len() == 19 && like.iter().all(|(id, _)| id != "p07"), "{like:?}");
        succeed(arguments!["verify", shop.out()])?;
    }
    Ok(())
}

#[test]
fn a_damaged_primary_photo_gives_its_place_to_the_next() -> anyhow::Result<()> {
    let shop = shop("several-photos-damaged")?;
    fs::write(shop.photos().join("p03/0.png"), b"no picture")?;
    let report = shop.build(&[])?;
    ensure!(report["skipped"].as_array().is_some_and(|skipped| skipped.len() == 1), "{report}");
    ensure!((report["items"].as_u64(), report["photos"].as_u64()) == (Some(30), Some(65)), "{report}");
    let cards = shop.cards()?;
    let photos: Vec<Option<&str>> =
        cards.iter().filter(|card| card.id == "p03").map(|card| card.photo.as_deref()).collect();
    ensure!(photos == [None, Some("p03/2.png"), Some("p03/3.png")], "{photos:?}");
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn embeddings_of_several_photos_make_the_folder_that_the_photos_make() -> anyhow::Result<()> {
    let shop = shop("several-photos-table")?;
    shop.build(&["--no-thumbnails"])?;
    let other = shop.0.join("other");
    let mut all = arguments!["build", "--out", &other, "--model", shop.0.join("network"), "--json"].to_vec();
    all.push("--embeddings".into());
    for part in ["1/2", "0/2"] {
        let table = shop.0.join(&format!("{}.parquet", part.replace('/', "-")));
        succeed(arguments![
            "embed",
            shop.photos(),
            "--model",
            shop.0.join("network"),
            "--part",
            part,
            "--out",
            &table
        ])?;
        all.push(table.into());
    }
    let report = succeed_json(all)?;
    ensure!((report["items"].as_u64(), report["photos"].as_u64()) == (Some(30), Some(66)), "{report}");
    ensure!(tree(&shop.out())? == tree(&other)?);
    Ok(())
}

#[test]
fn how_many_photos_count_and_how_they_are_called_can_be_said() -> anyhow::Result<()> {
    let shop = shop("several-photos-names")?;
    let counts = |more: &[&str]| -> anyhow::Result<(u64, u64)> {
        let report = shop.build(more)?;
        Ok((report["items"].as_u64().context("items")?, report["photos"].as_u64().context("photos")?))
    };
    ensure!(counts(&["--photos-per-product", "1"])? == (30, 30));
    ensure!(counts(&["--photos-per-product", "2"])? == (30, 48));
    ensure!(shop.cards()?.len() == 48);
    // Without the folders the names are those of views: four, and five products of their own.
    ensure!(counts(&["--photo-names", "{id}", "--photos-per-product", "32"])? == (9, 66));
    let wrong = fail(2, shop.build_arguments(&["--photo-names", "*"]))?;
    ensure!(wrong.contains("{id}"), "{wrong}");
    // In a table's company names are compared with its ids.
    fs::rename(shop.photos().join("p07/2.png"), shop.photos().join("p26_back.png"))?;
    ensure!(counts(&[])? == (31, 66));
    let items = shop.0.join("items.csv").display().to_string();
    ensure!(counts(&["--items", &items])? == (30, 66));
    Ok(())
}

#[test]
fn a_column_called_like_the_products_own_cannot_be_filtered_by() -> anyhow::Result<()> {
    let shop = Shop::with("several-photos-column", 4)?;
    let items = shop.0.join("taken.csv");
    fs::write(&items, "id,#product,style\np00,1,a\np01,1,a\np02,1,b\np03,1,b\n")?;
    let run = precompute(shop.build_arguments(&["--items", &items.display().to_string()]))?;
    let told = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success() && told.contains("#product") && told.contains("rename"), "{told}");
    ensure!(
        shop.query(&["--item", "p00", "-k", "9", "--exclude", "p01", "--filter", "style=a|b"])?.len() == 2
    );
    let errors = fail(1, arguments!["query", shop.out(), "--item", "p00", "--filter", "#product=1"])?;
    ensure!(errors.contains("#product"), "{errors}");
    Ok(())
}
