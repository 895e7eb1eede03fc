//! `build --headers HOST`: what each host makes of the file is imitated, and every file of the folder gets what it needs.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use lookalike_tests::{fail, succeed, tree};
use serde_json::Value;

use crate::shop::Shop;

const HOSTS: [(&str, &str); 6] = [
    ("netlify", "_headers"),
    ("cloudflare", "_headers"),
    ("vercel", "vercel.json"),
    ("apache", ".htaccess"),
    ("nginx", "nginx.conf"),
    ("s3", "s3.sh"),
];

/// A path, and the headers that are set for it.
type Rules = Vec<(String, Vec<(String, String)>)>;

/// Rules of `_headers`.
fn rules(text: &str) -> anyhow::Result<Rules> {
    let mut rules = Rules::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        ensure!(line.len() <= 2000, "Cloudflare takes lines of 2,000 characters");
        match line.strip_prefix("  ") {
            None => rules.push((line.to_owned(), Vec::new())),
            Some(header) => {
                let (name, value) = header.split_once(": ").with_context(|| header.to_owned())?;
                let (_, headers) = rules.last_mut().context("a path before its headers")?;
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
        }
    }
    ensure!(rules.len() <= 100, "Cloudflare takes 100 rules, not {}", rules.len());
    Ok(rules)
}

/// Whether `pattern`, with `*` in the end for anything, is of `path`.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => pattern == path,
    }
}

/// What a host sends with `path`, by its rules; a header that two rules set is an error, as hosts differ in what they make of it.
fn sent(rules: &Rules, path: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut sent = BTreeMap::new();
    for (name, value) in rules.iter().filter(|(pattern, _)| matches(pattern, path)).flat_map(|(_, set)| set) {
        if let Some(other) = sent.insert(name.clone(), value.clone()) {
            bail!("{path}: {name} is {other} and {value}");
        }
    }
    Ok(sent)
}

/// Files of the folder that have no hash in their name.
fn is_unhashed(name: &str) -> bool {
    ["manifest.json", "more-like-this.js", "lookalike.js", "files.sha256"].contains(&name)
}

fn check(name: &str, sent: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let get = |header: &str| sent.get(header).map(String::as_str);
    ensure!(get("access-control-allow-origin") == Some("*"), "{name}: {sent:?}");
    ensure!(get("x-content-type-options") == Some("nosniff"), "{name}: {sent:?}");
    ensure!(get("cross-origin-resource-policy") == Some("cross-origin"), "{name}: {sent:?}");
    let want = if is_unhashed(name) { "no-cache" } else { "public, max-age=31536000, immutable" };
    ensure!(get("cache-control") == Some(want), "{name}: {sent:?}");
    Ok(())
}

#[test]
fn every_file_gets_its_headers_where_rules_are_of_paths() -> anyhow::Result<()> {
    for (at, prefix) in [("/", "/"), ("/lookalike/", "/lookalike/"), ("/a/b", "/a/b/")] {
        for host in ["netlify", "cloudflare", "vercel"] {
            let shop = Shop::with(&format!("headers-{host}-{}", at.len()), 3)?;
            shop.build(&["--headers", host, "--headers-at", at])?;
            let files = tree(&shop.out())?;
            let name = HOSTS.iter().find(|(known, _)| *known == host).map_or("", |(_, name)| name);
            let text = String::from_utf8(files[name].clone())?;
            let rules = if host == "vercel" { vercel_rules(&text)? } else { rules(&text)? };
            let mut seen = 0;
            for file in files.keys().filter(|file| *file != name) {
                check(file, &sent(&rules, &format!("{prefix}{file}"))?).with_context(|| host.to_owned())?;
                seen += 1;
            }
            ensure!(seen >= 10, "{seen} files");
            let elsewhere = sent(&rules, "/elsewhere/page.html")?;
            ensure!(
                at == "/" || elsewhere.is_empty(),
                "rules of other pages are the shop's own: {elsewhere:?}"
            );
            succeed(lookalike_tests::arguments!["verify", shop.out()])?;
        }
    }
    Ok(())
}

/// As Vercel reads them, which knows `(.*)` in the end for anything.
fn vercel_rules(text: &str) -> anyhow::Result<Rules> {
    let value: Value = serde_json::from_str(text)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    let rule = |rule: &Value| {
        let headers = rule["headers"].as_array().context("headers")?.iter();
        let headers = headers.map(|one| Ok((text(&one["key"])?.to_ascii_lowercase(), text(&one["value"])?)));
        Ok((text(&rule["source"])?.replace("(.*)", "*"), headers.collect::<anyhow::Result<Vec<_>>>()?))
    };
    value["headers"].as_array().context("rules")?.iter().map(rule).collect()
}

/// The regular expression between `before` and `after` in `text`, as `grep -E` reads it.
fn expression(text: &str, before: &str, after: &str) -> anyhow::Result<String> {
    let (_, rest) = text.split_once(before).context("an expression")?;
    let (expression, _) = rest.split_once(after).context("its end")?;
    Ok(expression.replace("(?:", "("))
}

/// Lines that `grep -E` finds.
fn grep(expression: &str, lines: &str) -> anyhow::Result<Vec<String>> {
    use std::io::Write as _;
    let mut child = Command::new("grep")
        .args(["-E", "--", expression])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    child.stdin.take().context("its input")?.write_all(lines.as_bytes())?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?.lines().map(str::to_owned).collect())
}

#[test]
#[cfg(unix)]
fn expressions_for_apache_and_nginx_tell_hashed_names_from_others() -> anyhow::Result<()> {
    for host in ["apache", "nginx"] {
        let shop = Shop::with(&format!("headers-{host}"), 3)?;
        shop.build(&["--headers", host, "--headers-at", "/lookalike/", "--fragments", "/lookalike/"])?;
        let files = tree(&shop.out())?;
        let name = HOSTS.iter().find(|(known, _)| *known == host).map_or("", |(_, name)| name);
        let text = String::from_utf8(files[name].clone())?;
        let found = match host {
            "apache" => expression(&text, "=~ m#", "#\"")?,
            _ => expression(&text, "$uri ~ \"", "\")")?,
        };
        let lines: String = files.keys().map(|file| format!("/lookalike/{file}\n")).collect();
        let cached = grep(&found, &lines)?;
        for file in files.keys() {
            let other = is_unhashed(file) || file == name || file.starts_with("fragments/");
            let is_cached = cached.contains(&format!("/lookalike/{file}"));
            ensure!(is_cached != other, "{host}: {file} is {is_cached}");
        }
        for line in [
            "Access-Control-Allow-Origin",
            "X-Content-Type-Options",
            "text/javascript",
            "application/wasm",
            "immutable",
            "no-cache",
        ] {
            ensure!(text.contains(line), "{host}: {line}");
        }
    }
    Ok(())
}

/// An `aws` that copies files and writes down what it was told of each.
const AWS: &str = r#"#!/usr/bin/env python3
import fnmatch, os, shutil, sys, json
arguments = sys.argv[3:]
command, source, target = sys.argv[2], arguments[0], arguments[1].replace("s3://", os.environ["BUCKETS"] + "/")
rules, told, delete = [], {}, False
size_only = "--size-only" in arguments
at = 2
while at < len(arguments):
    option = arguments[at]
    if option in ("--exclude", "--include"):
        rules.append((option, arguments[at + 1])); at += 1
    elif option in ("--content-type", "--cache-control"):
        told[option] = arguments[at + 1]; at += 1
    elif option == "--delete":
        delete = True
    at += 1
def wanted(path):
    result = True
    for option, pattern in rules:
        if fnmatch.fnmatch(path, pattern):
            result = option == "--include"
    return result
def files(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            yield os.path.relpath(os.path.join(place, name), folder)
def put(one, other, key):
    os.makedirs(os.path.dirname(other), exist_ok=True)
    shutil.copyfile(one, other)
    with open(os.environ["BUCKETS"] + "/log", "a") as log:
        log.write(json.dumps(["put", key, told.get("--content-type"), told.get("--cache-control")]) + "\n")
if command == "cp":
    put(source, target, os.path.basename(target))
else:
    for path in sorted(files(source)):
        there = os.path.join(target, path)
        here = os.path.join(source, path)
        same = os.path.exists(there) and os.path.getsize(there) == os.path.getsize(here)
        same = same and (size_only or os.path.getmtime(here) <= os.path.getmtime(there))
        if wanted(path) and not same:
            put(os.path.join(source, path), there, os.path.relpath(there, os.environ["ROOT"]))
    if delete:
        for path in sorted(files(target)):
            if wanted(path) and not os.path.exists(os.path.join(source, path)):
                os.remove(os.path.join(target, path))
                with open(os.environ["BUCKETS"] + "/log", "a") as log:
                    log.write(json.dumps(["delete", path, None, None]) + "\n")
"#;

#[test]
#[cfg(unix)]
fn the_script_for_s3_uploads_everything_with_its_headers_and_the_manifest_last() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: this test imitates aws in Python");
        return Ok(());
    }
    let shop = Shop::with("headers-s3", 3)?;
    let (tools, buckets) = (shop.0.join("tools"), shop.0.join("buckets"));
    fs::create_dir_all(&tools)?;
    fs::create_dir_all(&buckets)?;
    fs::write(tools.join("aws"), AWS)?;
    fs::set_permissions(tools.join("aws"), fs::Permissions::from_mode(0o755))?;
    let upload = || -> anyhow::Result<Vec<[Option<String>; 4]>> {
        let path = format!("{}:{}", tools.display(), std::env::var("PATH")?);
        let mut command = Command::new("sh");
        command.arg(shop.out().join("s3.sh")).arg("s3://bucket/lookalike").env("PATH", path);
        command.env("BUCKETS", &buckets).env("ROOT", buckets.join("bucket/lookalike"));
        fs::write(buckets.join("log"), "")?;
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(buckets.join("log"))?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let build = ["--headers", "s3", "--keep-generations", "1", "--fragments", "/lookalike/"];
    shop.build(&build)?;
    for step in ["first", "second", "third"] {
        let done = upload()?;
        let mut there = tree(&buckets.join("bucket/lookalike"))?;
        let mut here = tree(&shop.out())?;
        for own in ["s3.sh", "s3-cors.json"] {
            here.remove(own);
            there.remove(own);
        }
        ensure!(there == here, "{step}: the bucket holds the folder");
        let put: Vec<_> = done.iter().filter(|entry| entry[0].as_deref() == Some("put")).collect();
        ensure!(
            put.last().and_then(|entry| entry[1].as_deref()) == Some("manifest.json"),
            "{step}: {done:?}"
        );
        let deletes =
            done.iter().skip_while(|entry| entry[1].as_deref() != Some("manifest.json")).count() - 1;
        ensure!(
            done.iter().filter(|entry| entry[0].as_deref() == Some("delete")).count() == deletes,
            "{step}: {done:?}"
        );
        ensure!((deletes > 0) == (step == "third"), "{step}: {deletes} deleted");
        for [_, name, kind, cache] in put {
            let name = name.as_deref().unwrap_or_default();
            let ending = name.rsplit('.').next().unwrap_or_default();
            let want = match ending {
                "js" => "text/javascript; charset=utf-8",
                "json" => "application/json",
                "wasm" => "application/wasm",
                "jpg" => "image/jpeg",
                "html" => "text/html; charset=utf-8",
                "sha256" => "text/plain; charset=utf-8",
                _ => "application/octet-stream",
            };
            ensure!(kind.as_deref() == Some(want), "{name}: {kind:?}");
            let unhashed = is_unhashed(name) || name.starts_with("fragments/");
            let want = if unhashed { "no-cache" } else { "public, max-age=31536000, immutable" };
            ensure!(cache.as_deref() == Some(want), "{name}: {cache:?}");
        }
        shop.photo("p01.png", if step == "first" { 900 } else { 901 })?;
        shop.build(&build)?;
    }
    let cors: Value = serde_json::from_slice(&fs::read(shop.out().join("s3-cors.json"))?)?;
    ensure!(cors["CORSRules"][0]["AllowedOrigins"][0] == "*", "{cors}");
    Ok(())
}

#[test]
fn a_path_that_is_none_is_refused_and_a_file_that_is_no_longer_wanted_goes() -> anyhow::Result<()> {
    let shop = Shop::with("headers-path", 2)?;
    for bad in ["lookalike", "/a b", "/a\n/b", "/../x", "https://shop.example/"] {
        let errors = fail(2, shop.build_arguments(&["--headers", "netlify", "--headers-at", bad]))?;
        ensure!(errors.contains("--headers-at"), "{bad}: {errors}");
    }
    for (host, file) in HOSTS {
        shop.build(&["--headers", host, "--keep-generations", "1"])?;
        ensure!(shop.out().join(file).is_file(), "{host}: {file}");
        let others = HOSTS.iter().filter(|(_, other)| *other != file);
        for (_, other) in others {
            ensure!(!shop.out().join(other).exists(), "{other} is left beside {file}");
        }
    }
    Ok(())
}
