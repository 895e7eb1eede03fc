//! A build killed at any moment leaves the old folder or the new, and one started again goes on where it was.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, picture, program, succeed, succeed_json, tree};

use crate::shop::Shop;

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

/// How many embeddings of `dims` numbers are whole in the cache beside `out` (precompute/src/indexing/cache.rs).
pub fn cached(out: &Path, dims: u64) -> u64 {
    const HEADER: u64 = 44;
    let record = 32 + 8 + 24 + 4 * dims + 8;
    let Ok(entries) = fs::read_dir(PathBuf::from(format!("{}.cache", out.display()))) else { return 0 };
    let embeddings = entries
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("embeddings-"))
        .and_then(|entry| entry.metadata().ok());
    embeddings.map_or(0, |file| file.len().saturating_sub(HEADER) / record)
}

#[test]
fn a_build_killed_while_embedding_goes_on_where_it_was() -> anyhow::Result<()> {
    // With the default network, which takes a few seconds: there is time to kill it.
    const PHOTOS: u32 = 64;
    let shop = Shop::with("killed", PHOTOS)?;
    let (photos, out, undisturbed) = (shop.photos(), shop.out(), shop.0.join("undisturbed"));
    succeed(arguments!["build", &photos, "--out", &undisturbed])?;

    let mut build = Command::new(program()?);
    build.args(arguments!["build", &photos, "--out", &out]);
    let killed = kill_when(build, || cached(&out, 640) >= 8)?;
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

/// Numbers from 0 to 1, by Knuth's MMIX generator.
fn random(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn a_build_killed_at_random_and_started_again_is_as_if_it_had_not_been() -> anyhow::Result<()> {
    const PHOTOS: u32 = 40;
    const KILLS: u32 = 60;
    /// Of the small network's embeddings.
    const DIMS: u64 = 24;
    let shop = Shop::new("killed-at-random")?;
    for seed in 0..PHOTOS {
        picture(seed, 300, 200).save(shop.photos().join(format!("p{seed:02}.bmp")))?;
    }
    // The second of two, as later ones have the photos and the program in memory too.
    let mut whole = Duration::ZERO;
    for name in ["warm", "undisturbed"] {
        let started = Instant::now();
        succeed(build_arguments(&shop, &shop.0.join(name)))?;
        whole = started.elapsed();
    }
    let undisturbed = tree(&shop.0.join("undisturbed"))?;

    let mut random = random(5);
    let mut while_embedding = 0;
    let mut kills = 0;
    for _ in 0..5 * KILLS {
        let out = shop.0.join(&format!("out-{kills}"));
        // One in each of as many equal parts of the time.
        let moment = whole.mul_f64((f64::from(kills) + random()) / f64::from(KILLS));
        let mut build = Command::new(program()?);
        build.args(build_arguments(&shop, &out));
        let started = Instant::now();
        let killed = kill_when(build, || started.elapsed() >= moment)?;
        let done = cached(&out, DIMS);
        let report = succeed_json(build_arguments(&shop, &out))?;
        ensure!(
            report["embedded"] == u64::from(PHOTOS) - done && report["reused"] == done,
            "killed after {moment:?} with {done} done: {report}"
        );
        ensure!(tree(&out)? == undisturbed, "killed after {moment:?} with {done} done");
        fs::remove_dir_all(&out)?;
        fs::remove_dir_all(out.with_extension("cache"))?;
        while_embedding += u32::from(killed && done > 0 && done < u64::from(PHOTOS));
        kills += u32::from(killed);
        if kills == KILLS {
            break;
        }
        if !killed {
            // It was over before: the machine has less to do than when the time was taken.
            whole = whole.min(moment);
        }
    }
    ensure!(kills == KILLS, "only {kills} builds were killed before they were over");
    ensure!(while_embedding > 0, "no build was killed with some photos done");
    Ok(())
}

fn build_arguments(shop: &Shop, out: &Path) -> [OsString; 9] {
    // One thread: a build takes longer then and is killed with more of it done.
    let network = shop.0.join("network");
    arguments!["build", shop.photos(), "--out", out, "--model", network, "--jobs", "1", "--json"]
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
