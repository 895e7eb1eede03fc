//! `eval`: its figures against the definitions, worked out here from what `export` writes.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, ensure};
use lookalike::codes::Codes;
use lookalike_tests::{arguments, codes, fail, refined_codes, succeed, succeed_json, tree};
use serde_json::Value;

use crate::query::{METRICS, distance};
use crate::shop::Shop;

const PRODUCTS: u32 = 30;

/// A shop whose products have one of three labels, the last none, and one of five groups.
fn labelled(name: &str) -> anyhow::Result<Shop> {
    let shop = Shop::with(name, PRODUCTS)?;
    let mut table = "id,label,group\n".to_owned();
    for product in 0..PRODUCTS {
        let label =
            if product + 1 == PRODUCTS { "" } else { ["tee", "hat", "bag"][product as usize * 7 % 10 % 3] };
        table += &format!("p{product:02},{label},{}\n", product % 5);
    }
    fs::write(shop.0.join("items.csv"), table)?;
    shop.build(&[])?;
    Ok(shop)
}

/// Each product's label and group.
fn table(shop: &Shop) -> anyhow::Result<Vec<(String, String)>> {
    let text = fs::read_to_string(shop.0.join("items.csv"))?;
    let row = |line: &str| {
        let mut fields = line.split(',').skip(1).map(str::to_owned);
        Some((fields.next()?, fields.next()?))
    };
    text.lines().skip(1).map(|line| row(line).with_context(|| format!("row {line}"))).collect()
}

/// The others in order of their distance from `item`, whose embedding is `query`.
fn nearest(metric: &str, item: usize, query: &[f32], embeddings: &[Vec<f32>]) -> Vec<usize> {
    let mut others: Vec<usize> = (0..embeddings.len()).filter(|other| *other != item).collect();
    others.sort_by(|a, b| {
        distance(metric, query, &embeddings[*a]).total_cmp(&distance(metric, query, &embeddings[*b]))
    });
    others
}

fn eval(shop: &Shop, more: &[&str]) -> anyhow::Result<Value> {
    let labels = format!("{}:label", shop.0.join("items.csv").display());
    let mut all = arguments!["eval", shop.out(), "--labels", labels, "--json"].to_vec();
    all.extend(more.iter().map(std::ffi::OsString::from));
    succeed_json(all)
}

#[test]
fn precision_is_by_its_definition_with_and_without_groups() -> anyhow::Result<()> {
    let shop = labelled("eval-precision")?;
    let table = table(&shop)?;
    let embeddings: Vec<Vec<f32>> = shop.export()?.into_iter().map(|(_, values)| values).collect();
    for by_group in [false, true] {
        let report = eval(&shop, if by_group { &["--group", "group"] } else { &[] })?;
        ensure!(report["items"] == PRODUCTS, "{report}");
        for metric in METRICS {
            // The catalogue is too small to be adapted to: the first line of the groups is the folder's own way.
            let of_groups = &report["groups"]["lines"][0]["precision_at_5"][metric];
            ensure!(!by_group || *of_groups == report["precision"][metric]["5"], "{report}");
            for depth in [1, 5, 10] {
                let mut by_label: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
                for (item, (label, group)) in
                    table.iter().enumerate().filter(|(_, (label, _))| !label.is_empty())
                {
                    let ranked = nearest(metric, item, &embeddings[item], &embeddings);
                    let kept = ranked.into_iter().filter(|other| !by_group || table[*other].1 != *group);
                    let alike = kept.take(depth).filter(|other| table[*other].0 == *label).count();
                    by_label.entry(label).or_default().push(alike as f64 / depth as f64);
                }
                let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
                let want = by_label.values().map(mean).sum::<f64>() / by_label.len() as f64;
                let got = report["precision"][metric][depth.to_string()].as_f64().context("a share")?;
                ensure!((got - want).abs() < 1e-9, "{metric}@{depth}: {got}, by the definition {want}");
            }
        }
    }
    Ok(())
}

#[test]
fn recall_is_what_the_codes_find_of_the_exact_neighbours() -> anyhow::Result<()> {
    let shop = labelled("eval-recall")?;
    let embeddings: Vec<Vec<f32>> = shop.export()?.into_iter().map(|(_, values)| values).collect();
    let decoded = |codes: &Codes| -> Vec<Vec<f32>> {
        (0..codes.items())
            .map(|item| {
                let mut values = vec![0.0; codes.dims()];
                codes.decode(item, &mut values);
                values
            })
            .collect()
    };
    let layers = [
        ("recall_at_10", 0.9, decoded(&codes(&shop.out())?)),
        ("refined_recall_at_10", 0.97, decoded(&refined_codes(&shop.out())?)),
    ];
    let report = eval(&shop, &[])?;
    for (figure, least, decoded) in layers {
        for metric in METRICS {
            let mut found = 0;
            for (item, embedding) in embeddings.iter().enumerate() {
                let exact = nearest(metric, item, embedding, &embeddings);
                let by_codes = nearest(metric, item, embedding, &decoded);
                found += by_codes[..10].iter().filter(|other| exact[..10].contains(other)).count();
            }
            let want = found as f64 / (10 * embeddings.len()) as f64;
            let got = report[figure][metric].as_f64().context("a share")?;
            // Axes are rounded and so not quite orthogonal, which decoding sees and ranking does not.
            ensure!((got - want).abs() < 0.02, "{figure} by {metric}: {got}, of decoded embeddings {want}");
            ensure!(got >= least, "{figure} by {metric}: {got}");
        }
    }
    let size = |kind: &str| -> anyhow::Result<f64> {
        let files = tree(&shop.out())?;
        let (_, file) = files.iter().find(|(name, _)| name.starts_with(kind)).context(kind.to_owned())?;
        Ok(file.len() as f64)
    };
    for (figure, kind) in [("bytes_per_item", "codes-"), ("refinement_bytes_per_item", "refinement-")] {
        let got = report[figure].as_f64().context("a number")?;
        ensure!((got - size(kind)? / embeddings.len() as f64).abs() < 1e-9, "{report}");
    }
    ensure!(report["bytes_per_item"].as_f64().is_some_and(|bytes| bytes <= 128.0), "{report}");
    ensure!(report["codec_bytes"].as_f64() == Some(size("codec-")?), "{report}");
    Ok(())
}

#[test]
fn every_code_on_offer_is_measured_as_a_folder_of_it_would_be() -> anyhow::Result<()> {
    let shop = labelled("eval-codes")?;
    for more in [&["--codes", "64,24"][..], &["--codes", "64,24", "--group", "group"]] {
        let report = eval(&shop, more)?;
        let lines = report["codes"].as_array().context("a list")?;
        let layers: Vec<&str> = lines.iter().filter_map(|line| line["layer"].as_str()).collect();
        ensure!(
            layers == ["codes", "refined", "codes", "refined", "codes", "refined", "full precision"],
            "{layers:?}"
        );
        let number = |value: &Value| value.as_f64().context("a number");
        for metric in METRICS {
            for (line, figure) in [(0, "recall_at_10"), (1, "refined_recall_at_10")] {
                ensure!(lines[line]["recall_at_10"][metric] == report[figure][metric], "{report}");
            }
            ensure!(lines[6]["recall_at_10"][metric] == 1.0, "{report}");
            ensure!(lines[6]["precision_at_5"][metric] == report["precision"][metric]["5"], "{report}");
            for coarse in [lines[4]["recall_at_10"][metric].clone(), lines[2]["recall_at_10"][metric].clone()]
            {
                ensure!(number(&coarse)? <= number(&lines[1]["recall_at_10"][metric])?, "{report}");
            }
        }
        ensure!(number(&lines[2]["bytes"])? <= 64.0 && number(&lines[4]["bytes"])? <= 24.0, "{report}");
    }
    let offered = eval(&shop, &["--codes", "24"])?["codes"][2].clone();
    shop.build(&["--code-bytes", "24"])?;
    let built = eval(&shop, &[])?;
    ensure!(built["codes"][0] == offered, "offered {offered}, built {built}");
    ensure!(built["bytes_per_item"] == offered["bytes"], "{built}");
    Ok(())
}

#[test]
fn a_table_for_people_and_clear_refusals() -> anyhow::Result<()> {
    let shop = labelled("eval-words")?;
    let items = shop.0.join("items.csv");
    let text = succeed(arguments!["eval", shop.out(), "--labels", format!("{}:label", items.display())])?;
    for word in
        ["precision@1", "precision@10", "recall@10", "cosine", "manhattan", "30 products", "full precision"]
    {
        ensure!(text.contains(word), "{word} is missing: {text}");
    }
    let errors = fail(1, arguments!["eval", shop.out(), "--labels", format!("{}:kind", items.display())])?;
    ensure!(errors.contains("kind") && errors.contains("items.csv"), "{errors}");
    let labels = format!("{}:label", items.display());
    let errors = fail(1, arguments!["eval", shop.out(), "--labels", labels, "--group", "maker"])?;
    ensure!(errors.contains("maker"), "{errors}");
    fs::remove_dir_all(shop.0.join("out.cache"))?;
    let labels = format!("{}:label", items.display());
    let errors = fail(1, arguments!["eval", shop.out(), "--labels", labels])?;
    ensure!(errors.contains("out.cache"), "{errors}");
    Ok(())
}
