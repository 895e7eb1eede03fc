//! A second run costs only what changed, a killed one goes on where it was, and the same photos give the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, picture, program, succeed, succeed_json, tree};

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

/// Kills with SIGKILL, which no program can catch.
fn kill_when(mut command: Command, ready: impl Fn() -> bool) -> anyhow::Result<bool> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let started = Instant::now();
    while !ready() && child.try_wait()?.is_none() {
        ensure!(started.elapsed() < Duration::from_secs(120), "the build neither ended nor got so far");
        sleep(Duration::from_millis(2));
    }
    let was_running = child.try_wait()?.is_none();
    child.kill().ok();
    child.wait()?;
    Ok(was_running)
}

/// Length of the file of embeddings in the cache beside `out`.
fn cached_bytes(out: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(PathBuf::from(format!("{}.cache", out.display()))) else { return 0 };
    let embeddings = entries
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("embeddings-"))
        .and_then(|entry| entry.metadata().ok());
    embeddings.map_or(0, |file| file.len())
}

#[test]
fn a_build_killed_while_embedding_goes_on_where_it_was() -> anyhow::Result<()> {
    // With the default network, which takes a few seconds: there is time to kill it.
    const PHOTOS: u32 = 64;
    let shop = Shop::with("killed", PHOTOS)?;
    let (photos, out, undisturbed) = (shop.photos(), shop.out(), shop.0.join("undisturbed"));
    succeed(arguments!["build", &photos, "--out", &undisturbed])?;

    let record = 32 + 8 + 4 * 512 + 4;
    let mut build = Command::new(program()?);
    build.args(arguments!["build", &photos, "--out", &out]);
    let killed = kill_when(build, || cached_bytes(&out) >= 40 + 8 * record)?;
    ensure!(killed, "the build was over before it could be killed");
    ensure!(!out.exists(), "a build that did not end leaves no folder");

    let report = succeed_json(arguments!["build", &photos, "--out", &out, "--json"])?;
    let embedded = report["embedded"].as_u64().context("a number")?;
    let reused = report["reused"].as_u64().context("a number")?;
    ensure!(embedded < u64::from(PHOTOS) && reused >= 8, "what was done is not done again: {report}");
    ensure!(embedded + reused == u64::from(PHOTOS), "{report}");
    ensure!(tree(&out)? == tree(&undisturbed)?, "as if it had never been killed");
    Ok(())
}

#[test]
fn a_build_killed_at_any_moment_leaves_the_old_folder_or_the_new() -> anyhow::Result<()> {
    let shop = Shop::new("killed-anywhere")?;
    let wide = |seed: u32| -> anyhow::Result<()> {
        Ok(picture(seed, 300, 200).save(shop.photos().join(format!("p{seed:02}.bmp")))?)
    };
    (0..40).try_for_each(wide)?;
    shop.build(&[])?;
    let old = tree(&shop.out())?;
    (40..80).try_for_each(wide)?;
    let (photos, network) = (shop.photos(), shop.0.join("network"));
    let undisturbed = shop.0.join("undisturbed");
    let started = Instant::now();
    succeed(arguments!["build", &photos, "--out", &undisturbed, "--model", &network])?;
    let (new, whole) = (tree(&undisturbed)?, started.elapsed());

    let mut killed = 0;
    for step in 1..=12 {
        let mut build = Command::new(program()?);
        build.args(shop.build_arguments(&[]));
        let started = Instant::now();
        let was_running = kill_when(build, || started.elapsed() >= whole * step / 12)?;
        killed += usize::from(was_running);
        // Between two renames the folder is away; the next run puts it back.
        let aside = shop.0.join("out.cache/old");
        let found = tree(if shop.out().exists() { shop.out() } else { aside }.as_path())?;
        ensure!(
            found == old || found == new,
            "killed at {step}/12 of the time: neither the old folder nor the new"
        );
    }
    ensure!(killed > 0, "no build was killed");
    shop.build(&[])?;
    ensure!(tree(&shop.out())? == new, "as if it had never been killed");
    // What killed builds left beside the folder is not left for ever.
    ensure!(!shop.0.join("out.cache/unfinished").exists() && !shop.0.join("out.cache/old").exists());
    let beside: Vec<String> = fs::read_dir(shop.0.path())?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("out."))
        .collect();
    ensure!(beside == ["out.cache"], "beside the folder: {beside:?}");
    Ok(())
}

#[test]
fn a_folder_that_a_killed_build_moved_aside_is_put_back() -> anyhow::Result<()> {
    let shop = Shop::with("moved-aside", 3)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    fs::rename(shop.out(), shop.0.join("out.cache/old"))?;
    fs::write(shop.photos().join("bad.jpg"), "no picture")?;
    fail(1, shop.build_arguments(&["--strict"]))?;
    ensure!(tree(&shop.out())? == before, "even by a run that fails");
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
    while cached_bytes(&out) == 0 && started.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(2));
    }
    let second = fail(1, arguments!["build", &photos, "--out", &out]);
    ensure!(first.wait()?.success(), "the first build is not disturbed");
    let errors = second?;
    ensure!(errors.contains("out.cache") && errors.contains("another precompute"), "{errors}");
    succeed(arguments!["verify", &out])?;
    Ok(())
}
