//! Publishing: at no moment is half a folder there, wherever a run is ended and whichever way the folder is replaced.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, program, succeed, tree};

use crate::shop::Shop;

type Tree = BTreeMap<String, Vec<u8>>;

/// Whether a file's name, or its folder's, says that its content never changes.
fn is_hashed(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or(name);
    let hash = first.split('.').next().and_then(|stem| stem.rsplit_once('-')).map_or("", |(_, hash)| hash);
    name.starts_with("thumbnails/") || (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Fails unless a reader of `out` finds one of `states` whole: its manifest and all hashed files of it.
fn is_whole(out: &Path, states: &[&Tree]) -> anyhow::Result<()> {
    let found = tree(out)?;
    let manifest = found.get("manifest.json").context("there is a manifest")?;
    let state = states.iter().find(|state| state.get("manifest.json") == Some(manifest));
    let state = state.context("the manifest is the old or the new one")?;
    for (name, content) in state.iter().filter(|(name, _)| is_hashed(name)) {
        ensure!(found.get(name) == Some(content), "{name} is missing or half there");
    }
    Ok(())
}

/// Runs a build with fault points, from the folder `from`.
fn faulty(arguments: Vec<OsString>, faults: &str, from: &Path) -> anyhow::Result<Output> {
    let mut build = Command::new(program()?);
    build.args(arguments).current_dir(from).env("LOOKALIKE_FAULT", faults);
    build.output().context("starting precompute")
}

/// A shop whose folder is to go from one state to another without a photo to embed.
struct Change {
    shop: Shop,
    old: Tree,
    new: Tree,
}

const OLD: [&str; 4] = ["--neighbours", "2", "--fragments", "/old/"];
const NEW: [&str; 4] = ["--neighbours", "3", "--fragments", "/new/"];

impl Change {
    fn new(name: &str) -> anyhow::Result<Change> {
        let shop = Shop::with(name, 5)?;
        shop.build(&NEW)?;
        let new = tree(&shop.out())?;
        shop.build(&OLD)?;
        let old = tree(&shop.out())?;
        ensure!(old != new && old["manifest.json"] != new["manifest.json"], "the two differ");
        Ok(Change { shop, old, new })
    }

    /// Ends a build with `faults`, looks at what is left, and builds again. Gives whether the build was killed.
    fn killed(&self, faults: &str, from: &Path) -> anyhow::Result<bool> {
        self.shop.build(&OLD)?;
        ensure!(tree(&self.shop.out())? == self.old, "the old folder is back");
        let output = faulty(self.shop.build_arguments(&NEW), faults, from)?;
        let out = self.shop.out();
        if out.exists() {
            is_whole(&out, &[&self.old, &self.new])?;
        } else {
            // Without an exchange it is away between two renames, whole.
            let aside = tree(&self.shop.0.join("out.cache/old"))?;
            ensure!(aside == self.old, "moved aside, it is as it was");
        }
        // A run that fails before it has read the photos puts right what there is to put right too.
        fail(1, arguments!["build", self.shop.0.join("none"), "--out", &out])?;
        is_whole(&out, &[&self.old, &self.new])?;
        let report = self.shop.build(&NEW)?;
        ensure!(report["embedded"] == 0, "{report}");
        ensure!(tree(&out)? == self.new, "as if it had not been ended");
        for left in ["unfinished", "old", "publishing"] {
            ensure!(!self.shop.0.join("out.cache").join(left).exists(), "{left} is left");
        }
        Ok(output.status.code().is_none())
    }
}

#[test]
fn a_build_killed_between_any_two_steps_of_publishing_leaves_a_whole_folder() -> anyhow::Result<()> {
    let change = Change::new("publish-kills")?;
    let elsewhere = change.shop.photos();
    let mut kills = 0;
    let mut try_kills = |before: &str, points: &[&str], from: &Path| -> anyhow::Result<()> {
        for point in points {
            let faults = format!("{before}kill@{point}");
            let killed = change.killed(&faults, from).with_context(|| faults.clone())?;
            ensure!(killed, "{faults}: the build was not killed");
            kills += 1;
        }
        Ok(())
    };
    try_kills(
        "",
        &["publish/staged", "publish/synced", "publish/exchange", "publish/swapped", "publish/cleaned"],
        &elsewhere,
    )?;
    // Where there is no exchange.
    try_kills(
        "denied@publish/exchange,",
        &["publish/away", "publish/between", "publish/swapped"],
        &elsewhere,
    )?;
    // The current folder is not taken from under a shell, so files are replaced one by one.
    let points = [
        "publish/begun",
        "publish/copy:1",
        "publish/copy:2",
        "publish/copy:4",
        "publish/file:1",
        "publish/file:3",
        "publish/file:9",
        "publish/files",
        "publish/unhashed:1",
        "publish/unhashed:2",
        "publish/unhashed:6",
        "publish/unhashed:7",
        "publish/manifest",
        "publish/removed:1",
    ];
    try_kills("", &points, &change.shop.out())?;
    ensure!(kills >= 20, "{kills} kills");
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_moved_is_put_back_or_replaced_one_by_one() -> anyhow::Result<()> {
    let change = Change::new("publish-refused")?;
    let (photos, out) = (change.shop.photos(), change.shop.out());
    // A full disk would fail the single files as well: the old folder is put back.
    let faults = "denied@publish/exchange,full@publish/between";
    let output = faulty(change.shop.build_arguments(&NEW), faults, &photos)?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && errors.contains("disk is full"), "{errors}");
    ensure!(tree(&out)? == change.old, "put back");
    // Without permission to rename, the files go in one by one.
    for faults in
        ["denied@publish/exchange,denied@publish/away", "denied@publish/exchange,denied@publish/between"]
    {
        change.shop.build(&OLD)?;
        let output = faulty(change.shop.build_arguments(&NEW), faults, &photos)?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success() && errors.contains("one by one"), "{faults}: {errors}");
        ensure!(tree(&out)? == change.new, "{faults}");
    }
    Ok(())
}

#[test]
fn files_of_the_generation_before_stay_for_one_publish() -> anyhow::Result<()> {
    let shop = Shop::with("generations", 6)?;
    let keep = ["--keep-generations", "1"];
    let build = |more: &[&str]| shop.build(&[&keep[..], more].concat());
    build(&[])?;
    let first = tree(&shop.out())?;
    fs::write(shop.out().join("CNAME"), "shop.example")?;
    shop.photo("p02.png", 900)?;
    build(&[])?;
    let second = tree(&shop.out())?;
    is_whole(&shop.out(), &[&second])?;
    for (name, content) in first.iter().filter(|(name, _)| is_hashed(name)) {
        ensure!(second.get(name) == Some(content), "{name} stays for pages that are open");
    }
    ensure!(second.len() > first.len() + 1, "there is more than before");
    ensure!(second.contains_key("CNAME"), "what was not made here stays");
    succeed(arguments!["verify", shop.out()])?;
    // The same inputs publish nothing, and take nothing away.
    build(&[])?;
    ensure!(tree(&shop.out())? == second, "left alone");

    shop.photo("p02.png", 901)?;
    build(&[])?;
    let third = tree(&shop.out())?;
    let old_only = first.keys().filter(|name| !second_generation(&second, &first, name));
    for name in old_only {
        ensure!(!third.contains_key(name), "{name} is of the generation before the last");
    }
    for (name, content) in second.iter().filter(|(name, _)| is_hashed(name) && !first.contains_key(*name)) {
        ensure!(third.get(name) == Some(content), "{name} is of the last");
    }
    ensure!(third.contains_key("CNAME"), "what was not made here stays");

    shop.build(&[])?;
    let alone = tree(&shop.out())?;
    ensure!(alone.len() == first.len() + 1, "without generations nothing else stays: {:?}", alone.keys());
    Ok(())
}

/// Whether `name` is a file of the second generation, not one that stayed of the first.
fn second_generation(second: &Tree, first: &Tree, name: &str) -> bool {
    let list = String::from_utf8_lossy(&second["files.sha256"]).into_owned();
    !first.contains_key(name)
        || list.lines().any(|line| line.ends_with(&format!("  {name}")))
        || !is_hashed(name)
}

#[test]
fn the_list_is_what_sha256sum_reads() -> anyhow::Result<()> {
    let shop = Shop::with("list", 3)?;
    shop.build(&["--fragments", "/lookalike/"])?;
    let Ok(output) =
        Command::new("sha256sum").args(["--check", "files.sha256"]).current_dir(shop.out()).output()
    else {
        eprintln!("SKIPPED: this test needs sha256sum");
        return Ok(());
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{text}");
    ensure!(text.lines().count() + 1 == tree(&shop.out())?.len(), "all files but the list itself: {text}");
    Ok(())
}

#[test]
#[cfg(unix)]
fn a_link_is_followed() -> anyhow::Result<()> {
    let shop = Shop::with("link", 4)?;
    let real = shop.0.join("real");
    fs::create_dir(&real)?;
    std::os::unix::fs::symlink("real", shop.out())?;
    for neighbours in ["2", "3"] {
        shop.build(&["--neighbours", neighbours])?;
        ensure!(shop.out().is_symlink() && !real.is_symlink(), "the link is a link");
        succeed(arguments!["verify", &real])?;
        shop.export()?;
    }
    ensure!(!shop.0.join("real.cache").exists(), "the cache is beside the link");
    // A link to nothing is told rather than replaced.
    fs::remove_dir_all(&real)?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains("is a link to") && shop.out().is_symlink(), "{errors}");
    Ok(())
}

#[test]
fn the_current_folder_is_published_to_without_being_replaced() -> anyhow::Result<()> {
    let shop = Shop::with("dot", 4)?;
    fs::create_dir(shop.out())?;
    let network = shop.0.join("network");
    let id = |path: &Path| identity(path);
    let before = id(&shop.out())?;
    for neighbours in ["2", "3"] {
        let all = arguments![
            "build",
            shop.photos(),
            "--out",
            ".",
            "--model",
            &network,
            "--neighbours",
            neighbours,
            "--keep-generations",
            "0"
        ];
        let output = faulty(all.to_vec(), "", &shop.out())?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        succeed(arguments!["verify", shop.out()])?;
    }
    ensure!(id(&shop.out())? == before, "it is the same folder");
    ensure!(shop.0.join("out.cache").is_dir(), "the cache is beside it, under its name");
    ensure!(!tree(&shop.out())?.keys().any(|name| name.contains("cache")), "and not in it");
    // As any other way of naming it would have it.
    let report = shop.build(&["--neighbours", "3"])?;
    ensure!(report["embedded"] == 0, "{report}");
    Ok(())
}

#[cfg(unix)]
fn identity(path: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata(path)?.ino())
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> anyhow::Result<u64> {
    Ok(0)
}

#[test]
fn a_finished_folder_is_published_to_another_place() -> anyhow::Result<()> {
    let change = Change::new("publish-to")?;
    let (out, to) = (change.shop.out(), change.shop.0.join("web/lookalike"));
    let publish = |keep: &str| arguments!["publish", &out, "--to", &to, "--keep-generations", keep].to_vec();
    succeed(publish("1"))?;
    ensure!(tree(&to)? == change.old, "a copy");
    fs::write(to.join("robots.txt"), "")?;

    change.shop.build(&NEW)?;
    // Killed anywhere, it serves the old or the new, and can be run again.
    for point in [
        "publish/copy:1",
        "publish/file:2",
        "publish/files",
        "publish/unhashed:3",
        "publish/unhashed:7",
        "publish/manifest",
    ] {
        let output = faulty(publish("1"), &format!("kill@{point}"), out.parent().context("a folder")?)?;
        ensure!(output.status.code().is_none(), "{point}: {output:?}");
        is_whole(&to, &[&change.old, &change.new]).with_context(|| point.to_owned())?;
    }
    succeed(publish("1"))?;
    is_whole(&to, &[&change.new])?;
    let found = tree(&to)?;
    ensure!(
        change
            .old
            .iter()
            .filter(|(name, _)| is_hashed(name))
            .all(|(name, content)| found.get(name) == Some(content)),
        "the generation before stays"
    );
    succeed(publish("0"))?;
    let mut found = tree(&to)?;
    ensure!(found.remove("robots.txt").is_some() && found == change.new, "and nothing else");

    // What is damaged is not published, and what was not made here not replaced.
    let thumbnail = change.new.keys().find(|name| name.starts_with("thumbnails/")).context("a thumbnail")?;
    fs::write(out.join(thumbnail), "x")?;
    let errors = fail(1, publish("1"))?;
    ensure!(errors.contains(thumbnail) && errors.contains("damaged"), "{errors}");
    fs::write(out.join(thumbnail), &change.new[thumbnail])?;
    let other = change.shop.0.join("other");
    fs::create_dir(&other)?;
    fs::write(other.join("thesis.doc"), "years of work")?;
    let errors = fail(1, arguments!["publish", &out, "--to", &other])?;
    ensure!(errors.contains("no manifest.json") && tree(&other)?.len() == 1, "{errors}");
    Ok(())
}
