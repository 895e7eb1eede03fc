//! `verify`: a good folder passes; with any one file damaged or gone it fails and names the file.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, succeed, tree};
use serde_json::{Value, json};

use crate::shop::Shop;

/// Fails unless `verify` refuses the folder and names `file`.
fn refused(out: &Path, file: &str, what: &str) -> anyhow::Result<()> {
    let errors = fail(1, arguments!["verify", out]).with_context(|| format!("{file} {what}"))?;
    ensure!(errors.contains(file), "{file} {what}, but the error is: {errors}");
    Ok(())
}

#[test]
fn a_good_folder_passes() -> anyhow::Result<()> {
    for (name, products) in [("verify-1", 1), ("verify-2", 2), ("verify-40", 40)] {
        let shop = Shop::with(name, products)?;
        shop.build(&[])?;
        let text = succeed(arguments!["verify", shop.out()])?;
        ensure!(text.contains(&format!("{products} products")), "{text}");
    }
    Ok(())
}

#[test]
fn any_file_damaged_or_missing_is_named() -> anyhow::Result<()> {
    let shop = Shop::with("verify-damage", 20)?;
    shop.build(&["--fragments", "/lookalike/"])?;
    let files = tree(&shop.out())?;
    let mut kinds = std::collections::BTreeSet::new();
    for (name, content) in &files {
        let path = shop.out().join(name);
        let kind = name.split(['-', '/']).next().unwrap_or(name);
        kinds.insert(kind.to_owned());
        for at in [0, content.len() / 2, content.len() - 1] {
            let mut damaged = content.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged)?;
            refused(&shop.out(), name, &format!("with a flipped bit in byte {at}"))?;
        }
        let mut longer = content.clone();
        longer.push(b'x');
        fs::write(&path, &longer)?;
        refused(&shop.out(), name, "with a byte more")?;
        // Cut by a few bytes, to a half and to nothing, as an upload that broke off leaves it.
        for length in [content.len() - 2, content.len() / 2, 0] {
            fs::write(&path, &content[..length])?;
            refused(&shop.out(), name, &format!("cut to {length} bytes"))?;
        }
        fs::remove_file(&path)?;
        // Without its list a folder is checked by what else there is to compare, as those made before there was one.
        if kind != "files.sha256" {
            refused(&shop.out(), name, "removed")?;
        }
        fs::write(&path, content)?;
    }
    // All that are damaged are told.
    let cards: Vec<&String> = files.keys().filter(|name| name.starts_with("cards-")).collect();
    cards.iter().try_for_each(|name| fs::write(shop.out().join(name), "[]"))?;
    let errors = fail(1, arguments!["verify", shop.out()])?;
    ensure!(cards.len() > 1 && cards.iter().all(|name| errors.contains(*name)), "{errors}");
    cards.iter().try_for_each(|name| fs::write(shop.out().join(name), &files[*name]))?;
    succeed(arguments!["verify", shop.out()])?;
    let mut want = vec![
        "cards",
        "codec",
        "codes",
        "colours",
        "files.sha256",
        "fragments",
        "manifest.json",
        "neighbours",
        "network",
        "refinement",
        "thumbnails",
    ];
    if kinds.contains("widget") {
        want.extend(["lookalike.js", "more", "widget"]);
        want.sort_unstable();
    }
    ensure!(kinds.iter().map(String::as_str).eq(want.clone()), "{kinds:?}, not {want:?}");
    Ok(())
}

/// The place of every number, text and truth value in `value`.
fn leaves(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{place}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{place}/{at}"), found));
        }
        _ => found.push(place.to_owned()),
    }
}

#[test]
fn no_value_of_the_manifest_can_be_another() -> anyhow::Result<()> {
    let shop = Shop::with("verify-manifest", 20)?;
    shop.build(&[])?;
    let path = shop.out().join("manifest.json");
    let manifest: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let mut places = Vec::new();
    leaves(&manifest, "", &mut places);
    ensure!(places.len() >= 19, "{places:?}");
    let (mut seen, mut unnoticed) = (0, Vec::new());
    for place in places {
        let value = manifest.pointer(&place).context("a place of the manifest")?;
        let others = match value {
            Value::Number(number) => {
                let number = number.as_u64().context("a whole number")?;
                let smaller = [number.saturating_sub(1), 0].map(|number| json!(number));
                smaller.into_iter().chain([json!(number + 1), json!(-1), json!("many")]).collect()
            }
            Value::Bool(truth) => vec![json!(!truth), json!(null)],
            _ => vec![
                json!("euclidean"),
                json!("../elsewhere"),
                json!("0".repeat(64)),
                json!("other"),
                json!(7),
            ],
        };
        for other in others.into_iter().filter(|other| other != value) {
            let mut changed = manifest.clone();
            *changed.pointer_mut(&place).context("a place of the manifest")? = other.clone();
            fs::write(&path, serde_json::to_vec(&changed)?)?;
            if fail(1, arguments!["verify", shop.out()]).is_err() {
                unnoticed.push(format!("{place} {other} for {value}"));
            }
            seen += 1;
        }
    }
    ensure!(unnoticed.is_empty(), "{} of {seen} changes go unnoticed: {unnoticed:#?}", unnoticed.len());
    Ok(())
}

#[test]
fn a_folder_of_a_later_version_is_refused_with_what_to_do() -> anyhow::Result<()> {
    let shop = Shop::with("verify-newer", 2)?;
    shop.build(&[])?;
    fs::write(shop.out().join("manifest.json"), r#"{"format":"lookalike","version":6}"#)?;
    let errors = fail(1, arguments!["verify", shop.out()])?;
    ensure!(errors.contains("version 6") && errors.contains("update"), "{errors}");
    Ok(())
}
