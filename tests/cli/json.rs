//! The JSON that other programs read, field by field as the design gives it; more fields may come.

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, succeed_json};
use serde_json::Value;

use crate::shop::Shop;

/// The name of a field, and whether a value is of its kind.
type Field<'a> = (&'a str, fn(&Value) -> bool);

fn check(object: &Value, fields: &[Field]) -> anyhow::Result<()> {
    for (name, is_right) in fields {
        let value = object.get(name).with_context(|| format!("{name} is missing: {object}"))?;
        ensure!(is_right(value), "{name} is {value}");
    }
    Ok(())
}

#[test]
fn build_prints_the_documented_object() -> anyhow::Result<()> {
    let shop = Shop::with("build-json", 5)?;
    std::fs::write(shop.photos().join("bad.jpg"), "no picture")?;
    let report = shop.build(&[])?;
    check(
        &report,
        &[
            ("items", Value::is_u64),
            ("skipped", Value::is_array),
            ("embedded", Value::is_u64),
            ("reused", Value::is_u64),
            ("seconds", |value| value.as_f64().is_some_and(|seconds| seconds > 0.0)),
            ("images_per_second", |value| value.as_f64().is_some_and(|rate| rate > 0.0)),
            ("bytes", Value::is_object),
        ],
    )?;
    check(&report["skipped"][0], &[("file", Value::is_string), ("reason", Value::is_string)])?;
    let sizes = [
        "codec",
        "codes",
        "refinement",
        "colours",
        "attributes",
        "neighbours",
        "items",
        "model",
        "runtime",
        "total",
    ];
    check(&report["bytes"], &sizes.map(|name| (name, Value::is_u64 as fn(&Value) -> bool)))?;
    ensure!(report["items"] == 5 && report["embedded"] == 5 && report["reused"] == 0, "{report}");

    // The sizes are those of the files, and nothing is left out of the total.
    let files = lookalike_tests::tree(&shop.out())?;
    let size = |kind: &str| -> u64 {
        files.iter().filter(|(name, _)| name.starts_with(kind)).map(|(_, bytes)| bytes.len() as u64).sum()
    };
    for (name, kind) in [
        ("codec", "codec-"),
        ("codes", "codes-"),
        ("refinement", "refinement-"),
        ("colours", "colours-"),
        ("neighbours", "neighbours-"),
        ("items", "cards-"),
        ("model", "network-"),
    ] {
        ensure!(report["bytes"][name] == size(kind) && size(kind) > 0, "{name}: {report}");
    }
    ensure!(
        report["bytes"]["runtime"] == size("widget-") + size("more-like-this.js") + size("lookalike.js"),
        "{report}"
    );
    // All but the list, which is made of what there is.
    ensure!(report["bytes"]["total"] == size("") - size("files.sha256"), "{report}");
    Ok(())
}

#[test]
fn query_prints_the_documented_object() -> anyhow::Result<()> {
    let shop = Shop::with("query-json", 7)?;
    shop.build(&[])?;
    for metric in ["cosine", "euclidean", "manhattan"] {
        let answer = succeed_json(arguments![
            "query",
            shop.out(),
            "--item",
            "p03",
            "--metric",
            metric,
            "-k",
            "4",
            "--json"
        ])?;
        ensure!(answer["metric"] == metric, "{answer}");
        let neighbours = answer["neighbours"].as_array().context("a list")?;
        ensure!(neighbours.len() == 4, "{answer}");
        for neighbour in neighbours {
            check(neighbour, &[("id", Value::is_string), ("distance", Value::is_f64)])?;
        }
    }
    let answer = succeed_json(arguments!["query", shop.out(), "--item", "p03", "--json"])?;
    ensure!(answer["metric"] == "cosine", "cosine unless told otherwise: {answer}");
    ensure!(answer["neighbours"].as_array().map(Vec::len) == Some(5), "5 unless told otherwise: {answer}");
    Ok(())
}

#[test]
fn without_json_the_results_are_for_people() -> anyhow::Result<()> {
    let shop = Shop::with("plain-output", 3)?;
    let arguments = shop.build_arguments(&[]);
    let plain: Vec<_> = arguments.into_iter().filter(|argument| argument != "--json").collect();
    let text = lookalike_tests::succeed(plain)?;
    ensure!(text.contains("3 products") && text.contains("3 embedded"), "{text}");
    let text = lookalike_tests::succeed(arguments!["query", shop.out(), "--item", "p00", "-k", "2"])?;
    ensure!(text.lines().count() == 2 && text.contains("p01") && text.contains("p02"), "{text}");
    Ok(())
}
