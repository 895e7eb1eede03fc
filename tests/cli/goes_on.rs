//! The build goes on: what happens to one photo costs that photo, by its name; what ends the run loses nothing.

use std::ffi::OsString;
use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, program, succeed, tree};
use serde_json::Value;

use crate::killed::cached;
use crate::shop::Shop;

/// Of the small network's embeddings.
const DIMS: u64 = 24;

fn start(arguments: Vec<OsString>, faults: &str) -> anyhow::Result<Child> {
    let mut build = Command::new(program()?);
    build.args(arguments).env("LOOKALIKE_FAULT", faults).stdout(Stdio::piped()).stderr(Stdio::piped());
    build.spawn().context("starting precompute")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Builds with fault points; the one photo `id` is to be skipped for a reason with `word` in it, and all others not.
fn costs_one(shop: &Shop, faults: &str, more: &[&str], id: &str, word: &str) -> anyhow::Result<()> {
    let output = start(shop.build_arguments(more), faults)?.wait_with_output()?;
    ensure!(output.status.success(), "{faults}: {}", errors(&output));
    ensure!(!errors(&output).contains("panicked"), "{faults}: {}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let skipped = report["skipped"].as_array().context("a list")?;
    ensure!(skipped.len() == 1, "{faults}: {report}");
    ensure!(skipped[0]["file"] == format!("{id}.png"), "{faults}: {report}");
    ensure!(skipped[0]["reason"].as_str().is_some_and(|reason| reason.contains(word)), "{faults}: {report}");
    let want: Vec<String> = (0..20).map(|at| format!("p{at:02}")).filter(|other| other != id).collect();
    ensure!(shop.ids()? == want, "{faults}: {:?}", shop.ids()?);
    succeed(arguments!["verify", shop.out()])?;
    fs::remove_dir_all(shop.0.join("out.cache"))?;
    fs::remove_dir_all(shop.out())?;
    Ok(())
}

#[test]
fn what_happens_to_one_photo_costs_that_photo() -> anyhow::Result<()> {
    let shop = Shop::with("costs-one", 20)?;
    costs_one(&shop, "panic@photo/p03", &[], "p03", "failed on it")?;
    costs_one(&shop, "hang@photo/p11", &["--photo-timeout", "0.6"], "p11", "longer than 0.6 seconds")?;
    costs_one(&shop, "hang@photo/p00", &["--photo-timeout", "0.6", "--jobs", "1"], "p00", "longer than")?;
    // The third photo that is read, by one thread, is p02.
    costs_one(&shop, "denied@photo/read:3", &["--jobs", "1"], "p02", "permission denied")?;
    // A batch of eight fails, and then one by one the second of them.
    costs_one(&shop, "panic@network:1,panic@network:3", &["--jobs", "1"], "p01", "network failed on it")?;
    Ok(())
}

#[test]
fn a_network_that_fails_on_a_batch_alone_costs_nothing() -> anyhow::Result<()> {
    let shop = Shop::with("batch", 20)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    fs::remove_dir_all(shop.0.join("out.cache"))?;
    let output = start(shop.build_arguments(&["--jobs", "1"]), "panic@network:1,full@network:10")?
        .wait_with_output()?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| errors(&output))?;
    ensure!(report["embedded"] == 20 && report["skipped"].as_array().is_some_and(Vec::is_empty), "{report}");
    ensure!(tree(&shop.out())? == before, "the same as all together");
    Ok(())
}

#[test]
fn photos_that_disappear_while_others_are_read_are_skipped_but_not_all_of_them() -> anyhow::Result<()> {
    let shop = Shop::with("disappear", 12)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    let waiting = || -> anyhow::Result<Child> {
        let child = start(
            shop.build_arguments(&["--jobs", "1", "--photo-timeout", "2", "--neighbours", "2"]),
            "hang@photo/p04",
        )?;
        sleep(Duration::from_millis(700));
        Ok(child)
    };
    // One goes while the build waits for another.
    let child = waiting()?;
    fs::remove_file(shop.photos().join("p09.png"))?;
    let output = child.wait_with_output()?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| errors(&output))?;
    ensure!(report["items"] == 10, "{report}");
    let reason = report["skipped"][1]["reason"].as_str().context("a reason")?;
    ensure!(report["skipped"][1]["file"] == "p09.png" && reason.contains("no longer there"), "{report}");
    shop.photo("p09.png", 9)?;
    shop.build(&[])?;
    ensure!(tree(&shop.out())? == before, "back again");

    // The whole folder goes, as a share of another machine does: nothing is published without its photos.
    let child = waiting()?;
    let aside = shop.0.join("aside");
    fs::rename(shop.photos(), &aside)?;
    let output = child.wait_with_output()?;
    ensure!(output.status.code() == Some(1), "{}", errors(&output));
    ensure!(errors(&output).contains("can no longer be read"), "{}", errors(&output));
    ensure!(tree(&shop.out())? == before, "the folder is as it was");
    fs::rename(&aside, shop.photos())?;
    ensure!(shop.build(&[])?["items"] == 12);
    Ok(())
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_done() -> anyhow::Result<()> {
    let shop = Shop::with("full", 12)?;
    shop.build(&["--neighbours", "2"])?;
    let old = tree(&shop.out())?;
    for seed in 12..24 {
        shop.photo(&format!("p{seed}.png"), seed)?;
    }
    let other = shop.0.join("undisturbed");
    let network = shop.0.join("network");
    succeed(arguments!["build", shop.photos(), "--out", &other, "--model", &network])?;
    let new = tree(&other)?;
    for faults in
        ["full@cache/record:9", "full@cache/thumbnail:1", "full@publish/staged", "full@publish/synced"]
    {
        let output = start(shop.build_arguments(&["--jobs", "1"]), faults)?.wait_with_output()?;
        ensure!(output.status.code() == Some(1), "{faults}: {}", errors(&output));
        let told = errors(&output);
        ensure!(
            told.contains("the disk is full") && told.contains("run the same command again"),
            "{faults}: {told}"
        );
        ensure!(tree(&shop.out())? == old, "{faults}: the folder is as it was");
    }
    let done = cached(&shop.out(), DIMS);
    ensure!(done == 24, "{done} are kept");
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 0 && tree(&shop.out())? == new, "{report}");
    Ok(())
}

#[test]
#[cfg(unix)]
fn ctrl_c_keeps_what_is_done_and_says_how_to_go_on() -> anyhow::Result<()> {
    const PHOTOS: u32 = 400;
    // With the default network by one thread, which takes several seconds.
    let shop = Shop::with("interrupt", PHOTOS)?;
    let (photos, out) = (shop.photos(), shop.out());
    let build = arguments!["build", &photos, "--out", &out, "--jobs", "1", "--json"].to_vec();
    for signal in ["INT", "TERM"] {
        let child = start(build.clone(), "")?;
        let started = Instant::now();
        let before = cached(&out, 640);
        while cached(&out, 640) < before + 8 && started.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(2));
        }
        let kill = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status()?;
        ensure!(kill.success(), "the build runs");
        let output = child.wait_with_output()?;
        let told = errors(&output);
        ensure!(output.status.code() == Some(130) && output.stdout.is_empty(), "{signal}: {told}");
        ensure!(
            told.contains("interrupted") && told.contains("run the same command again"),
            "{signal}: {told}"
        );
        let said = told
            .split(" of ")
            .next()
            .and_then(|text| text.rsplit(' ').next())
            .and_then(|text| text.parse().ok());
        ensure!(said == Some(cached(&out, 640)), "{signal}: {told}, with {}", cached(&out, 640));
        ensure!(!out.exists(), "{signal}: nothing half done");
    }
    let done = cached(&out, 640);
    ensure!(done < u64::from(PHOTOS), "it was interrupted before its end");
    let report: Value = serde_json::from_str(&succeed(build)?)?;
    ensure!(report["reused"] == done && report["embedded"] == u64::from(PHOTOS) - done, "{report}");
    Ok(())
}
