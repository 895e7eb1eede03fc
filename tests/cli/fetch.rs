//! Photos of a feed are fetched politely: from a server that misbehaves, again, and after a kill.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike_tests::{fail, precompute, program, succeed_json};
use serde_json::{Value, json};

use crate::photo_server::PhotoServer;
use crate::shop::Shop;

/// `build --feed` with what `more` says.
fn arguments(shop: &Shop, feed: &str, more: &[&str]) -> Vec<OsString> {
    let mut all = lookalike_tests::arguments![
        "build",
        "--feed",
        feed,
        "--out",
        shop.out(),
        "--model",
        shop.0.join("network"),
        "--json",
        "--fetch-timeout",
        "1"
    ]
    .to_vec();
    all.extend(more.iter().map(OsString::from));
    all
}

/// Builds from the machine itself; gives the report and what was said on standard error.
fn told(shop: &Shop, feed: &str) -> anyhow::Result<(Value, String)> {
    let output = precompute(arguments(shop, feed, &["--allow-private"]))?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{errors}");
    Ok((serde_json::from_slice(&output.stdout)?, errors))
}

/// A feed of the photos at those paths, with the paths' file names as ids.
fn feed(shop: &Shop, server: &PhotoServer, paths: &[String]) -> anyhow::Result<String> {
    let rows = paths.iter().map(|path| {
        let id = path.trim_start_matches('/').replace('/', "-");
        format!("{id}\tTee {id}\t{}{path}\t19.90 EUR\tin_stock\thttps://shop.example/{id}\n", server.base)
    });
    let file = shop.0.join("feed.tsv");
    fs::write(
        &file,
        format!("id\ttitle\timage_link\tprice\tavailability\tlink\n{}", rows.collect::<String>()),
    )?;
    Ok(file.display().to_string())
}

#[test]
fn servers_that_misbehave_cost_only_what_they_do_not_give() -> anyhow::Result<()> {
    let (shop, server) = (Shop::new("misbehaving")?, PhotoServer::start()?);
    let good = ["ok", "slow", "break", "busy", "wrong-type", "moved"];
    let bad = [
        ("gone", "answers 404"),
        ("html", "a web page"),
        ("loop", "redirected more than"),
        ("elsewhere", "no address of the web"),
        ("endless", "over 100 MB"),
        ("silent", "4 attempts"),
    ];
    let paths = good.iter().copied().chain(bad.iter().map(|(kind, _)| *kind));
    let paths: Vec<String> = (0..).zip(paths).map(|(seed, kind)| format!("/{kind}/p{seed}.png")).collect();
    let (report, errors) = told(&shop, &feed(&shop, &server, &paths)?)?;
    ensure!(report["items"] == good.len(), "{report}");
    let skipped = report["skipped"].as_array().context("a list")?;
    ensure!(skipped.len() == bad.len(), "{report}");
    for (kind, word) in bad {
        let of = |photo: &&Value| {
            photo["file"].as_str().is_some_and(|file| file.starts_with(&format!("{}/{kind}/", server.base)))
        };
        let photo = skipped.iter().find(of).with_context(|| format!("{kind} is not listed: {report}"))?;
        ensure!(
            photo["reason"].as_str().is_some_and(|reason| reason.contains(word)),
            "{kind}, {word}: {photo}"
        );
    }
    ensure!(
        report["fetched"]["fetched"] == good.len() && report["fetched"]["failed"] == bad.len(),
        "{report}"
    );
    ensure!(errors.contains("fetching: 6 photos fetched"), "{errors}");
    let busy = server.take_asked().into_iter().filter(|asked| asked.path.starts_with("/busy")).count();
    ensure!(busy == 2, "429 is asked again once, not {busy} times in all");
    Ok(())
}

#[test]
fn a_second_run_transfers_what_changed_and_nothing_else() -> anyhow::Result<()> {
    let (shop, server) = (Shop::new("again-fetched")?, PhotoServer::start()?);
    let paths: Vec<String> = (0..9).map(|seed| format!("/ok/p{seed}.png")).collect();
    let feed = feed(&shop, &server, &paths)?;
    told(&shop, &feed)?;
    ensure!(server.take_asked().len() == 9);
    let (report, _) = told(&shop, &feed)?;
    let asked = server.take_asked();
    ensure!(
        asked.len() == 9 && asked.iter().all(|asked| asked.conditional && asked.status == 304),
        "{asked:?}"
    );
    ensure!(report["fetched"] == json!({"fetched": 0, "unchanged": 9, "failed": 0, "bytes": 0}), "{report}");
    ensure!(report["embedded"] == 0, "{report}");
    server.change("/ok/p4.png");
    let (report, _) = told(&shop, &feed)?;
    ensure!(report["fetched"]["fetched"] == 1 && report["embedded"] == 1, "{report}");
    server.take_asked();
    let report = succeed_json(arguments(&shop, &feed, &["--offline"]))?;
    ensure!(report["items"] == 9 && server.take_asked().is_empty(), "offline asks nobody: {report}");
    Ok(())
}

#[test]
fn fetching_goes_on_where_it_was_killed() -> anyhow::Result<()> {
    const PHOTOS: usize = 60;
    let (shop, server) = (Shop::new("killed-fetching")?, PhotoServer::start()?);
    let paths: Vec<String> = (0..PHOTOS).map(|seed| format!("/slow/p{seed}.png")).collect();
    let feed = feed(&shop, &server, &paths)?;
    let cache = shop.0.join("out.cache").join("photos");
    let kept = || {
        walk(&cache)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .count()
    };
    for wanted in [6, 15, 30] {
        let mut build = Command::new(program()?);
        let mut child = build
            .args(arguments(&shop, &feed, &["--allow-private"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let started = Instant::now();
        while kept() < wanted && child.try_wait()?.is_none() {
            ensure!(started.elapsed() < Duration::from_secs(120), "it did not get to {wanted} photos");
            std::thread::sleep(Duration::from_millis(5));
        }
        ensure!(child.try_wait()?.is_none(), "it was over before it could be killed");
        child.kill()?;
        child.wait()?;
        ensure!(!shop.out().exists(), "a build that did not end leaves no folder");
    }
    let (report, _) = told(&shop, &feed)?;
    ensure!(report["items"] == PHOTOS && report["skipped"] == json!([]), "{report}");
    ensure!(report["fetched"]["unchanged"].as_u64().is_some_and(|kept| kept >= 30), "{report}");
    // Each kill may cost the few that were on their way.
    let whole = server.take_asked().iter().filter(|asked| asked.status == 200).count();
    ensure!(whole <= PHOTOS + 3 * 6, "{whole} photos were transferred for {PHOTOS}");
    Ok(())
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn machines_of_private_networks_are_not_asked() -> anyhow::Result<()> {
    let (shop, server) = (Shop::new("private")?, PhotoServer::start()?);
    let port = server.base.rsplit(':').next().context("a port")?.to_owned();
    let named = feed(&shop, &server, &["/ok/p0.png".to_owned()])?;
    let text = fs::read_to_string(&named)?;
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"] {
        let address = format!("http://{host}:{port}");
        fs::write(&named, text.replace(&server.base, &address))?;
        let errors = fail(1, arguments(&shop, &named, &[]))?;
        ensure!(errors.contains("private address") && errors.contains("--allow-private"), "{host}: {errors}");
        let errors = fail(1, lookalike_tests::arguments!["feed", "inspect", format!("{address}/feed.xml")])?;
        ensure!(errors.contains("private address"), "{host}: {errors}");
    }
    ensure!(server.take_asked().is_empty(), "nothing was asked");
    Ok(())
}
