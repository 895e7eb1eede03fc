//! `sample` and `model compile`.

use std::fs;

use anyhow::ensure;
use lookalike_tests::{Scratch, arguments, fail, succeed, tree};

#[test]
fn a_sample_of_one_seed_is_the_same_bytes() -> anyhow::Result<()> {
    let scratch = Scratch::new("sample")?;
    let draw = |name: &str, count: &str, seed: &str| -> anyhow::Result<_> {
        succeed(arguments!["sample", "--out", scratch.join(name), "--count", count, "--seed", seed])?;
        tree(&scratch.join(name))
    };
    let first = draw("first", "12", "7")?;
    ensure!(first.len() == 13, "12 photos and the table: {:?}", first.keys());
    ensure!(draw("again", "12", "7")? == first, "the same seed, the same bytes");
    let other = draw("other", "12", "8")?;
    ensure!(other["items.csv"] != first["items.csv"], "another seed, another shop");

    let table = String::from_utf8(first["items.csv"].clone())?;
    let mut lines = table.lines();
    ensure!(
        lines.next() == Some("id,title,url,price,category,colour,pattern,print,in_stock"),
        "the table's columns: {table}"
    );
    ensure!(lines.clone().count() == 12, "a line a product: {table}");
    for line in lines {
        let id = line.split(',').next().unwrap_or_default();
        let photo = &first[&format!("photos/{id}.jpg")];
        ensure!(image::load_from_memory(photo)?.width() >= 200, "{id} is a picture");
    }
    Ok(())
}

#[test]
fn what_is_not_an_onnx_network_is_a_clear_error() -> anyhow::Result<()> {
    let scratch = Scratch::new("not-onnx")?;
    let out = scratch.join("compiled");
    let contents: [(&str, &[u8]); 4] = [
        ("text.onnx", b"this is no network"),
        ("empty.onnx", b""),
        ("zeros.onnx", &[0; 64]),
        ("pickle.onnx", b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01."),
    ];
    for (name, content) in contents {
        fs::write(scratch.join(name), content)?;
        let errors = fail(1, arguments!["model", "compile", scratch.join(name), "-o", &out])?;
        ensure!(errors.contains(name), "the file is named: {errors}");
        ensure!(!out.join("network.json").exists(), "nothing is written");
    }
    let errors = fail(1, arguments!["model", "compile", scratch.join("absent.onnx"), "-o", &out])?;
    ensure!(errors.contains("absent.onnx"), "{errors}");
    Ok(())
}

#[test]
fn an_output_that_is_not_there_is_named_beside_those_that_are() -> anyhow::Result<()> {
    let Some(network) = lookalike_tests::shared("models/squeezenet1.1.onnx") else { return Ok(()) };
    let scratch = Scratch::new("no-such-output")?;
    let out = scratch.join("compiled");
    let errors = fail(1, arguments!["model", "compile", network, "--output", "fc9", "-o", &out])?;
    ensure!(errors.contains("fc9") && errors.contains("features") && errors.contains("logits"), "{errors}");
    ensure!(!out.exists(), "nothing is written");
    Ok(())
}
