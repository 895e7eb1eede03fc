//! Adaptation to the catalogue: on by itself from 100 different photos, the same everywhere, kept while it serves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::embedding::Adaptation;
use lookalike_tests::{Npy, Scratch, arguments, fail, succeed, succeed_json, tree};
use serde_json::Value;

use crate::query::{METRICS, distance};
use crate::shop::Shop;

const PRODUCTS: u32 = 120;

fn manifest(shop: &Shop) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(shop.out().join("manifest.json"))?)?)
}

fn file(shop: &Shop) -> anyhow::Result<String> {
    let manifest = manifest(shop)?;
    Ok(manifest["adaptation"]["path"].as_str().context("the manifest names an adaptation")?.to_owned())
}

fn adaptation(shop: &Shop) -> anyhow::Result<Adaptation> {
    Ok(Adaptation::read(&fs::read(shop.out().join(file(shop)?))?)?)
}

/// What `export --raw` writes: the network's own embeddings in item order.
fn raw(shop: &Shop) -> anyhow::Result<Vec<Vec<f32>>> {
    let npy: PathBuf = shop.0.join("raw.npy");
    succeed(arguments!["export", shop.out(), "--npy", &npy, "--raw"])?;
    let array = Npy::read(&npy)?;
    Ok(array.f32s()?.chunks(array.shape[1]).map(<[f32]>::to_vec).collect())
}

#[test]
fn distances_are_between_adapted_embeddings_unless_the_shop_says_otherwise() -> anyhow::Result<()> {
    let shop = Shop::with("adapted", PRODUCTS)?;
    for (mode, version) in [("auto", 4), ("off", 2)] {
        let report = shop.build(&["--adapt", mode])?;
        let network = raw(&shop)?;
        ensure!(network.len() == PRODUCTS as usize && network[0].len() == 24, "the network's own");
        let exported: Vec<Vec<f32>> = shop.export()?.into_iter().map(|(_, values)| values).collect();
        ensure!(manifest(&shop)?["version"] == version, "{}", manifest(&shop)?);
        if mode == "auto" {
            let adaptation = adaptation(&shop)?;
            ensure!(report["adaptation"]["state"] == "fitted", "{report}");
            ensure!(report["adaptation"]["axes"] == adaptation.axes(), "{report}");
            ensure!(report["bytes"]["adaptation"] == fs::metadata(shop.out().join(file(&shop)?))?.len());
            for (own, exported) in network.iter().zip(&exported) {
                ensure!(adaptation.apply(own)? == *exported, "export is what distances are measured on");
            }
        } else {
            ensure!(report["adaptation"]["state"] == "off" && report["bytes"]["adaptation"] == 0, "{report}");
            ensure!(manifest(&shop)?["adaptation"].is_null() && exported == network);
        }
        succeed(arguments!["verify", shop.out()])?;
        let ids = shop.ids()?;
        for metric in METRICS {
            let found = shop.query(&["--item", "p07", "--metric", metric, "-k", "20"])?;
            let mut want: Vec<f64> = exported
                .iter()
                .enumerate()
                .filter(|(item, _)| *item != 7)
                .map(|(_, other)| distance(metric, &exported[7], other))
                .collect();
            want.sort_by(f64::total_cmp);
            for ((id, near), want) in found.iter().zip(want) {
                let item = ids.iter().position(|other| other == id).context("a product")?;
                let own = distance(metric, &exported[7], &exported[item]);
                ensure!(
                    (near - want).abs() < 1e-6 * want.max(1.0) && (own - near).abs() < 1e-6 * want.max(1.0),
                    "{mode}, {metric}: {id} at {near}"
                );
            }
        }
        // A photo of the catalogue goes through network, adaptation and codes to itself.
        for id in ["p00", "p31", "p88", "p119"] {
            let photo = shop.photos().join(format!("{id}.png")).display().to_string();
            for metric in METRICS {
                let found = shop.query(&["--photo", &photo, "--metric", metric, "-k", "2"])?;
                ensure!(
                    found[0].0 == id && found[0].1 < found[1].1,
                    "{mode}, {metric}: {id} finds {found:?}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn too_few_different_photos_are_not_adapted_to() -> anyhow::Result<()> {
    let shop = Shop::with("adapt-few", 99)?;
    // The same photo again is no other photo.
    for copy in 0..5 {
        fs::copy(shop.photos().join("p03.png"), shop.photos().join(format!("copy{copy}.png")))?;
    }
    let report = shop.build(&[])?;
    ensure!(report["items"] == 104, "{report}");
    ensure!(report["adaptation"]["state"] == "too_few", "{report}");
    ensure!(report["adaptation"]["products"] == 99 && report["adaptation"]["least"] == 100, "{report}");
    ensure!(manifest(&shop)?["version"] == 2, "readers from before read it");
    shop.photo("p99.png", 99)?;
    ensure!(shop.build(&[])?["adaptation"]["state"] == "fitted", "now there are 100");
    Ok(())
}

#[test]
fn a_catalogue_that_hardly_changed_keeps_its_adaptation_and_any_number_of_threads_fits_the_same()
-> anyhow::Result<()> {
    let shop = Shop::with("adapt-kept", PRODUCTS)?;
    shop.build(&["--jobs", "1"])?;
    let (before, files) = (file(&shop)?, tree(&shop.out())?);
    let other = shop.0.join("other");
    succeed(arguments![
        "build",
        shop.photos(),
        "--out",
        &other,
        "--model",
        shop.0.join("network"),
        "--jobs",
        "3"
    ])?;
    ensure!(tree(&other)? == files, "--jobs 3");

    shop.photo("new.png", 4000)?;
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 1 && report["adaptation"]["state"] == "kept", "{report}");
    ensure!(report["adaptation"]["overlap"].as_f64().is_some_and(|overlap| overlap >= 0.97), "{report}");
    ensure!(file(&shop)? == before, "{} in the place of {before}", file(&shop)?);
    succeed(arguments!["verify", shop.out()])?;

    // Half as many more: fitted again, whatever the neighbours.
    for seed in 0..70 {
        shop.photo(&format!("q{seed}.png"), 5000 + seed)?;
    }
    let report = shop.build(&[])?;
    ensure!(report["adaptation"]["state"] == "fitted" && report["adaptation"]["products"] == 191, "{report}");
    ensure!(file(&shop)? != before);
    // Nothing of the run stays in the cache but the network's embeddings.
    let cache = tree(&shop.0.join("out.cache"))?;
    let left: Vec<_> = cache.keys().filter(|name| name.starts_with("adapted")).collect();
    ensure!(left.is_empty(), "adapted embeddings are left: {left:?}");
    Ok(())
}

#[test]
fn a_damaged_adaptation_is_refused_by_name() -> anyhow::Result<()> {
    let shop = Shop::with("adapt-damaged", PRODUCTS)?;
    shop.build(&[])?;
    let name = file(&shop)?;
    let (path, photo) = (shop.out().join(&name), shop.photos().join("p00.png"));
    let whole = fs::read(&path)?;
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged)?;
        for command in [
            arguments!["verify", shop.out()].to_vec(),
            arguments!["query", shop.out(), "--photo", &photo].to_vec(),
        ] {
            let errors = fail(1, command)?;
            ensure!(errors.contains(&name), "byte {at}: {errors}");
        }
    }
    fs::remove_file(&path)?;
    ensure!(fail(1, arguments!["verify", shop.out()])?.contains(&name));
    // The next build fits it again.
    shop.build(&[])?;
    ensure!(fs::read(&path)? == whole);
    Ok(())
}

#[test]
fn the_file_of_a_folder_in_partitions_is_the_same_and_serves_it() -> anyhow::Result<()> {
    let shop = Shop::with("adapt-partitions", PRODUCTS)?;
    shop.build(&[])?;
    let (whole, photo) = (file(&shop)?, shop.photos().join("p40.png").display().to_string());
    shop.build(&["--partitions", "4"])?;
    ensure!(
        file(&shop)? == whole
            && manifest(&shop)?["version"] == 4
            && manifest(&shop)?["partitions"].is_object()
    );
    succeed(arguments!["verify", shop.out()])?;
    for metric in METRICS {
        let found = shop.query(&["--photo", &photo, "--metric", metric, "-k", "1"])?;
        ensure!(found[0].0 == "p40", "{metric}: {found:?}");
    }
    Ok(())
}

/// Against the definition, worked out here from what `export` writes.
#[test]
fn eval_says_how_often_the_same_group_is_found() -> anyhow::Result<()> {
    let shop = Shop::with("eval-groups", PRODUCTS)?;
    // Pairs, and every tenth product alone.
    let row = |item: u32| {
        format!(
            "p{item:02},{}\n",
            if item % 10 == 9 { format!("own{item}") } else { format!("g{}", item % 54) }
        )
    };
    let table = shop.0.join("table.csv");
    fs::write(&table, format!("id,group\n{}", (0..PRODUCTS).map(row).collect::<String>()))?;
    shop.build(&[])?;
    let report = succeed_json(arguments![
        "eval",
        shop.out(),
        "--group",
        format!("{}:group", table.display()),
        "--colour",
        "0.5",
        "--json"
    ])?;
    ensure!(report["precision"].is_null(), "there are no labels: {report}");
    ensure!(report["recall_at_10"]["cosine"].is_f64(), "{report}");

    let ids = shop.ids()?;
    let groups: Vec<String> = ids
        .iter()
        .map(|id| row(id[1..].parse().unwrap_or(0)).split(',').nth(1).unwrap_or("").to_owned())
        .collect();
    let exported: Vec<Vec<f32>> = shop.export()?.into_iter().map(|(_, values)| values).collect();
    let lines = report["groups"]["lines"].as_array().context("lines")?;
    let kinds: Vec<(Option<bool>, Option<f64>)> =
        lines.iter().map(|line| (line["adapted"].as_bool(), line["colour"].as_f64())).collect();
    ensure!(
        kinds
            == [
                (Some(false), Some(0.0)),
                (Some(false), Some(0.5)),
                (Some(true), Some(0.0)),
                (Some(true), Some(0.5))
            ],
        "{kinds:?}"
    );
    for (line, embeddings) in [(0, raw(&shop)?), (2, exported)] {
        for metric in METRICS {
            for depth in [1, 5] {
                let (mut found, mut queries) = (0, 0);
                for item in 0..ids.len() {
                    if groups.iter().filter(|group| **group == groups[item]).count() < 2 {
                        continue;
                    }
                    let mut others: Vec<usize> = (0..ids.len()).filter(|other| *other != item).collect();
                    others.sort_by(|a, b| {
                        distance(metric, &embeddings[item], &embeddings[*a]).total_cmp(&distance(
                            metric,
                            &embeddings[item],
                            &embeddings[*b],
                        ))
                    });
                    queries += 1;
                    found += usize::from(others[..depth].iter().any(|other| groups[*other] == groups[item]));
                }
                ensure!(report["groups"]["queries"] == queries, "{queries} queries: {report}");
                let got = lines[line][format!("recall_at_{depth}")][metric].as_f64().context("a share")?;
                let want = found as f64 / queries as f64;
                ensure!(
                    (got - want).abs() < 1e-9,
                    "line {line}, {metric}@{depth}: {got}, by the definition {want}"
                );
            }
        }
    }
    let text = succeed(arguments!["eval", shop.out(), "--group", format!("{}:group", table.display())])?;
    ensure!(text.contains("not adapted, colour 0") && text.contains("recall@5"), "{text}");
    let errors = fail(1, arguments!["eval", shop.out(), "--group", "group"])?;
    ensure!(errors.contains("--group") && errors.contains("items.csv"), "{errors}");
    Ok(())
}

/// The files in `tests/golden/v4`, which differ from those in `v2`, were written by NumPy (`golden/README.md`).
#[test]
fn a_folder_of_version_4_is_read_to_its_values() -> anyhow::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let scratch = Scratch::new("golden-v4")?;
    let mut files = tree(&golden.join("v2"))?;
    files.extend(tree(&golden.join("v4"))?);
    for (name, content) in &files {
        let path = scratch.join(name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, content)?;
    }
    let (_, bytes) =
        files.iter().find(|(name, _)| name.starts_with("adaptation-")).context("an adaptation")?;
    let adaptation = Adaptation::read(bytes)?;
    ensure!((adaptation.dims(), adaptation.axes(), adaptation.products()) == (4, 4, 9));
    let want = [
        ([0.0, 1.5, 255.0, 7.0], [-0.130_430_3, 0.719_373_2, -0.070_575_57, -0.678_608_3]),
        ([2.0, 0.0, 0.0, 7.0], [-0.360_315_3, -0.308_815_16, -0.541_649_8, -0.693_845_5]),
    ];
    for (embedding, want) in want {
        let got = adaptation.apply(&embedding)?;
        let close = got.iter().zip(&want).all(|(got, want): (&f32, &f32)| (got - want).abs() < 1e-6);
        ensure!(got.len() == 4 && close, "{got:?} for {want:?}");
    }
    ensure!(adaptation.write() == *bytes, "the same bytes from the same values");
    succeed(arguments!["verify", scratch.path()])?;
    Ok(())
}

/// Those in `tests/golden/v5` too: two photos of one product and one of another, and a component by length.
#[test]
fn a_folder_of_version_5_is_read_to_its_values() -> anyhow::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let scratch = Scratch::new("golden-v5")?;
    let mut files = tree(&golden.join("v2"))?;
    let differ = ["cards-", "neighbours-", "attributes-"];
    files.retain(|name, _| !differ.iter().any(|kind| name.starts_with(kind)));
    files.extend(tree(&golden.join("v5"))?);
    for (name, content) in &files {
        let path = scratch.join(name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, content)?;
    }
    let (_, bytes) =
        files.iter().find(|(name, _)| name.starts_with("adaptation-")).context("an adaptation")?;
    let adaptation = Adaptation::read(bytes)?;
    let by_length: Vec<bool> = adaptation.components().iter().map(|component| component.by_length).collect();
    ensure!((adaptation.dims(), adaptation.axes(), by_length) == (4, 4, vec![false, true]));
    let got = adaptation.apply(&[3.0, 1.0, 1.0, 0.5])?;
    let want: [f32; 4] = [0.546_123_6, -0.382_352_56, 0.720_723_2, -0.190_035_78];
    ensure!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-6), "{got:?} for {want:?}");
    ensure!(adaptation.write() == *bytes, "the same bytes from the same values");
    succeed(arguments!["verify", scratch.path()])?;
    let text = succeed(arguments!["query", scratch.path(), "--item", "875317", "--metric", "manhattan"])?;
    ensure!(text == "129.250000 été 👗  <b>\n", "{text:?}");
    let text =
        succeed(arguments!["query", scratch.path(), "--item", "été 👗", "--filter", "colour=red", "--json"])?;
    ensure!(text.matches("875317").count() == 1, "{text:?}");
    Ok(())
}
