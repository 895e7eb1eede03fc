//! A second run costs only what changed, and the same photos give the same bytes.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, program, succeed, tree};

use crate::killed::cached;
use crate::shop::Shop;

#[test]
fn a_second_run_reuses_everything_and_writes_the_same_bytes() -> anyhow::Result<()> {
    let shop = Shop::with("second-run", 20)?;
    let first = shop.build(&[])?;
    ensure!(first["embedded"] == 20 && first["reused"] == 0, "{first}");
    let before = tree(&shop.out())?;
    let second = shop.build(&[])?;
    ensure!(second["embedded"] == 0 && second["reused"] == 20, "{second}");
    ensure!(tree(&shop.out())? == before, "the same photos, the same bytes");
    Ok(())
}

#[test]
fn a_folder_that_would_be_the_same_is_left_alone_but_a_damaged_one_is_not() -> anyhow::Result<()> {
    let shop = Shop::with("left-alone", 6)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    let manifest = shop.out().join("manifest.json");
    let written = fs::metadata(&manifest)?.modified()?;
    let report = shop.build(&[])?;
    ensure!(report["bytes"]["total"].as_u64().is_some_and(|bytes| bytes > 0), "{report}");
    ensure!(fs::metadata(&manifest)?.modified()? == written, "nothing was written");

    let (card, _) = before.iter().find(|(name, _)| name.starts_with("cards-")).context("cards")?;
    for damage in ["removed", "cut short", "of another manifest"] {
        match damage {
            "removed" => fs::remove_file(shop.out().join(card))?,
            "cut short" => fs::write(shop.out().join(card), "")?,
            _ => fs::write(&manifest, fs::read_to_string(&manifest)?.replace("cosine", "COSINE"))?,
        }
        shop.build(&[])?;
        ensure!(tree(&shop.out())? == before, "a folder with a file {damage} is made again");
    }
    // Other options make another folder.
    shop.build(&["--neighbours", "2"])?;
    ensure!(tree(&shop.out())? != before);
    Ok(())
}

#[test]
fn two_folders_and_any_number_of_threads_give_the_same_bytes() -> anyhow::Result<()> {
    let shop = Shop::with("same-bytes", 30)?;
    shop.build(&["--jobs", "1"])?;
    let before = tree(&shop.out())?;
    let (photos, network) = (shop.photos(), shop.0.join("network"));
    for jobs in ["2", "5"] {
        let other = shop.0.join(&format!("other-{jobs}"));
        succeed(arguments!["build", &photos, "--out", &other, "--model", &network, "--jobs", jobs])?;
        ensure!(tree(&other)? == before, "--jobs {jobs}");
    }
    Ok(())
}

#[test]
fn only_a_changed_photo_is_embedded_again() -> anyhow::Result<()> {
    let shop = Shop::with("changed", 8)?;
    shop.build(&[])?;
    let before = shop.export()?;
    shop.photo("p03.png", 500)?;
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 1 && report["reused"] == 7, "{report}");
    for ((id, old), (_, new)) in before.iter().zip(&shop.export()?) {
        ensure!((old != new) == (id == "p03"), "{id}");
    }
    // A new name or a new time of the file is no change; the old content again costs nothing.
    fs::rename(shop.photos().join("p04.png"), shop.photos().join("renamed.png"))?;
    shop.photo("p03.png", 3)?;
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 0 && report["reused"] == 8, "{report}");
    ensure!(shop.ids()?.contains(&"renamed".to_owned()));
    Ok(())
}

#[test]
fn a_removed_product_disappears_everywhere() -> anyhow::Result<()> {
    let shop = Shop::with("removed", 6)?;
    shop.build(&[])?;
    fs::remove_file(shop.photos().join("p02.png"))?;
    let report = shop.build(&[])?;
    ensure!(report["items"] == 5 && report["embedded"] == 0, "{report}");
    ensure!(shop.ids()? == ["p00", "p01", "p03", "p04", "p05"], "{:?}", shop.ids()?);
    for id in shop.ids()? {
        let found = shop.query(&["--item", &id, "-k", "4"])?;
        ensure!(found.len() == 4 && found.iter().all(|(near, _)| near != "p02"), "{id}: {found:?}");
    }
    let thumbnails = tree(&shop.out())?.keys().filter(|name| name.starts_with("thumbnails/")).count();
    ensure!(thumbnails == 5, "{thumbnails} thumbnails");
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn another_network_embeds_everything_again() -> anyhow::Result<()> {
    let shop = Shop::with("other-network", 4)?;
    shop.build(&[])?;
    let text = fs::read_to_string(shop.0.join("network/network.json"))?;
    let renamed = text.replace("\"name\":\"small\"", "\"name\":\"other\"");
    ensure!(renamed != text, "the network has a name");
    fs::write(shop.0.join("network/network.json"), renamed)?;
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 4 && report["reused"] == 0, "{report}");
    succeed(arguments!["verify", shop.out()])?;
    Ok(())
}

#[test]
fn two_builds_of_one_folder_do_not_run_at_once() -> anyhow::Result<()> {
    let shop = Shop::with("at-once", 40)?;
    let (photos, out) = (shop.photos(), shop.out());
    let mut first = Command::new(program()?)
        .args(arguments!["build", &photos, "--out", &out])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let started = Instant::now();
    while cached(&out, 640) == 0 && started.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(2));
    }
    let second = fail(1, arguments!["build", &photos, "--out", &out]);
    ensure!(first.wait()?.success(), "the first build is not disturbed");
    let errors = second?;
    ensure!(errors.contains("out.cache") && errors.contains("another precompute"), "{errors}");
    let holder = format!("process {}", first.id());
    ensure!(errors.contains(&holder) && errors.contains("since"), "who holds the lock: {errors}");
    succeed(arguments!["verify", &out])?;
    Ok(())
}

#[test]
fn times_of_files_and_of_the_clock_decide_nothing() -> anyhow::Result<()> {
    let shop = Shop::with("clock", 6)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    // Everything is from the future, as after a clock was set back; then from long ago.
    let year = Duration::from_secs(365 * 24 * 3600);
    let now = std::time::SystemTime::now();
    for (at, time) in [now + 10 * year, now - 30 * year].into_iter().enumerate() {
        for folder in [shop.photos(), shop.out(), shop.0.join("out.cache")] {
            for name in tree(&folder)?.keys() {
                fs::File::options().append(true).open(folder.join(name))?.set_modified(time)?;
            }
        }
        let report = shop.build(&[])?;
        ensure!(report["embedded"] == 0 && tree(&shop.out())? == before, "{report}");
        // A new content with an old time is seen all the same.
        let seed = 700 + at as u32;
        shop.photo("p03.png", seed)?;
        fs::File::options().append(true).open(shop.photos().join("p03.png"))?.set_modified(time)?;
        let report = shop.build(&[])?;
        ensure!(report["embedded"] == 1 && tree(&shop.out())? != before, "{report}");
        shop.photo("p03.png", 3)?;
        let report = shop.build(&[])?;
        ensure!(report["embedded"] == 0 && tree(&shop.out())? == before, "{report}");
    }
    Ok(())
}
