//! Help texts and wrong usage.

use anyhow::ensure;
use lookalike_tests::{arguments, fail, program, succeed};

/// Each subcommand and a word that its help must have.
const SUBCOMMANDS: [(&[&str], &str); 10] = [
    (&["build"], "--neighbours"),
    (&["query"], "--metric"),
    (&["eval"], "--labels"),
    (&["export"], "--parquet"),
    (&["verify"], "DIR"),
    (&["serve"], "--port"),
    (&["model"], "compile"),
    (&["model", "compile"], "--output"),
    (&["sample"], "--seed"),
    (&[], "sample"),
];

#[test]
fn every_subcommand_explains_itself() -> anyhow::Result<()> {
    for (command, word) in SUBCOMMANDS {
        for flag in ["--help", "-h"] {
            let help = succeed(command.iter().chain([&flag]))?;
            ensure!(help.contains("Usage: precompute"), "{command:?} {flag}: {help}");
            ensure!(help.contains(word), "{command:?} {flag} lacks {word}: {help}");
        }
    }
    ensure!(succeed(["--version"])?.starts_with("precompute "));
    Ok(())
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() -> anyhow::Result<()> {
    let cases: [(&[&str], &str); 15] = [
        (&[], "Usage"),
        (&["paint"], "paint"),
        (&["eval", "out", "--labels", "items.csv"], "items.csv:category"),
        (&["build"], "--out"),
        (&["build", "photos"], "--out"),
        (&["build", "photos", "--out", "out", "--neighbours", "0"], "--neighbours"),
        (&["build", "photos", "--out", "out", "--neighbours", "many"], "many"),
        (&["build", "photos", "--out", "out", "--jobs", "0"], "--jobs"),
        (&["build", "photos", "--out", "out", "--colour-blind"], "--colour-blind"),
        (&["query", "out"], "--item"),
        (&["query", "out", "--item", "a", "--photo", "b.jpg"], "--photo"),
        (&["query", "out", "--item", "a", "--metric", "chebyshev"], "chebyshev"),
        (&["export", "out"], "--npy"),
        (&["serve", "out", "--port", "65536"], "65536"),
        (&["model", "compile", "x.onnx"], "--out"),
    ];
    for (command, word) in cases {
        let errors = fail(2, command)?;
        ensure!(errors.contains(word), "{command:?} should name {word}: {errors}");
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn a_reader_that_closes_the_pipe_sees_no_panic() -> anyhow::Result<()> {
    use std::process::{Command, Stdio};
    let mut child = Command::new(program()?)
        .args(["build", "--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    let shop = crate::shop::Shop::with("closed-pipe", 3)?;
    shop.build(&[])?;
    let query = arguments!["query", shop.out(), "--item", "p00"];
    let mut command = Command::new(program()?);
    let mut closed = command.args(query).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(closed.stdout.take());
    for child in [child, closed] {
        let output = child.wait_with_output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(!errors.contains("panicked"), "{errors}");
    }
    Ok(())
}

#[test]
fn a_network_that_is_not_there_is_named() -> anyhow::Result<()> {
    let shop = crate::shop::Shop::with("unknown-network", 2)?;
    let (photos, out) = (shop.photos(), shop.out());
    let errors = fail(1, arguments!["build", photos, "--out", &out, "--model", "vgg19"])?;
    ensure!(errors.contains("vgg19") && errors.contains("slim"), "{errors}");
    ensure!(!out.exists());
    Ok(())
}
