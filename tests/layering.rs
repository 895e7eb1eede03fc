//! Data flows one way: a module of the crate names only modules above it in the table of `src/lib.rs`.
//!
//! Paths are read from Rust's tokens, so that grouped `use`, `super::super` and white space within a path hide nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// In the order of the table.
const MODULES: [&str; 15] = [
    "digest",
    "format",
    "ivf",
    "rans",
    "photo",
    "network",
    "embedding",
    "colour",
    "codes",
    "attributes",
    "rank",
    "rules",
    "folder",
    "search",
    "browser",
];

/// Only the last module may name what is JavaScript's; only these crates' names count.
const JAVASCRIPT: [&str; 4] = ["wasm_bindgen", "js_sys", "web_sys", "serde_wasm_bindgen"];

/// Stands for the crate's root under another name, or all of it, by which a path could name any module.
const ROOT: &str = "crate";

fn sources(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        files.extend(sources(&entry?.path())?);
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
    Ok(files)
}

fn source_of(root: &Path, name: &str) -> PathBuf {
    let file = root.join(format!("{name}.rs"));
    if file.is_file() { file } else { root.join(name) }
}

/// The length of a string literal, raw or not, at the start of the text, if one is there.
fn string_length(text: &[char]) -> Option<usize> {
    let prefix = text.iter().take_while(|sign| matches!(sign, 'r' | 'b' | 'c')).count();
    let raw = prefix <= 2 && text[..prefix].contains(&'r');
    let hashes = if raw { text[prefix..].iter().take_while(|sign| **sign == '#').count() } else { 0 };
    let open = prefix + hashes;
    if prefix > 2 || text.get(open) != Some(&'"') {
        return None;
    }
    let mut at = open + 1;
    while at < text.len() {
        if text[at] == '\\' && !raw {
            at += 2;
        } else if text[at] == '"' && text[at + 1..].iter().take_while(|sign| **sign == '#').count() >= hashes
        {
            return Some(at + 1 + hashes);
        } else {
            at += 1;
        }
    }
    Some(text.len())
}

/// The identifiers and signs of Rust source, without comments, strings and characters; `::` is one token.
fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(&['/', '/']) {
            at += rest.iter().take_while(|sign| **sign != '\n').count();
        } else if rest.starts_with(&['/', '*']) {
            let (mut depth, mut length) = (1, 2);
            while depth > 0 && length < rest.len() {
                match rest[length..] {
                    ['/', '*', ..] => (depth, length) = (depth + 1, length + 2),
                    ['*', '/', ..] => (depth, length) = (depth - 1, length + 2),
                    _ => length += 1,
                }
            }
            at += length;
        } else if let Some(length) = string_length(rest) {
            at += length.min(rest.len());
        } else if rest.starts_with(&['\'', '\\']) {
            at += 3 + rest.iter().skip(3).take_while(|sign| **sign != '\'').count() + 1;
        } else if rest[0] == '\'' && rest.get(2) == Some(&'\'') {
            at += 3;
        } else if rest[0].is_alphanumeric() || rest[0] == '_' {
            let length = rest.iter().take_while(|sign| sign.is_alphanumeric() || **sign == '_').count();
            let word: String = rest[..length].iter().collect();
            // A raw identifier names the same as the plain one.
            if rest.starts_with(&['r', '#']) && rest.get(2).is_some_and(|sign| sign.is_alphabetic()) {
                at += 2;
                continue;
            }
            tokens.push(word);
            at += length;
        } else if rest.starts_with(&[':', ':']) {
            tokens.push("::".into());
            at += 2;
        } else {
            if !rest[0].is_whitespace() {
                tokens.push(rest[0].to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The first names after the crate's root in a path or a group at `at`, whose names so far lead to the root.
fn after_root(tokens: &[String], at: usize, found: &mut Vec<String>) {
    match tokens.get(at).map(String::as_str) {
        Some("{") => {
            let (mut depth, mut next) = (0, at);
            while let Some(token) = tokens.get(next) {
                match token.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return;
                }
                if depth == 1 && (token == "{" || token == ",") {
                    after_root(tokens, next + 1, found);
                }
                next += 1;
            }
        }
        Some("self" | "super") if tokens.get(at + 1).is_some_and(|token| token == "::") => {
            after_root(tokens, at + 2, found);
        }
        Some(name) => found.push(name.to_string()),
        None => {}
    }
}

/// The names that stand directly after `crate::`, or after `super::` of any depth, grouped or not. A `super::` that does not
/// reach the root counts too: no file may call a module of its own like one of the crate.
fn named(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(String::as_str);
        let mut names = Vec::new();
        if next == Some("::") && (token == "crate" || token == "super") {
            after_root(&tokens, at + 2, &mut names);
        }
        let renamed = next == Some("as") || names.iter().any(|name| name == "self" || name == "*");
        if token == "crate" && renamed {
            found.push(ROOT.to_string());
        }
        found.append(&mut names);
    }
    found
}

#[test]
fn modules_know_only_those_before_them() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut seen = 0;
    for (position, name) in MODULES.iter().enumerate() {
        for file in sources(&source_of(&root, name)).with_context(|| format!("the module {name}"))? {
            let text = fs::read_to_string(&file)?;
            seen += 1;
            let named = named(&text);
            let hides = named.iter().any(|name| name == ROOT);
            ensure!(!hides, "{} takes the crate's root whole or renames it: name modules", file.display());
            for later in &MODULES[position + 1..] {
                let names_it = named.iter().any(|named| named == later);
                ensure!(!names_it, "{} names the module {later}, which comes after {name}", file.display());
            }
            for javascript in JAVASCRIPT.iter().filter(|_| *name != "browser") {
                ensure!(!text.contains(javascript), "{} names {javascript}", file.display());
            }
        }
    }
    ensure!(seen >= 20, "only {seen} files were looked at");
    Ok(())
}

#[test]
fn no_way_of_writing_a_path_hides_it() {
    for source in [
        "use crate::rank;",
        "use crate::{digest, rank};",
        "use crate::{digest::{self, Digest}, rank::{TopK}};",
        "use crate :: /* here */ rank;",
        "use super::super::rank::TopK;",
        "use super::{super::rank, own};",
        "use crate::{digest, r#rank};",
        "fn f() { let quote = '\"'; crate::rank::f(); }",
        "fn f<'a>(x: &'a str) { super::super::super::rank::f(x) }",
    ] {
        assert!(named(source).iter().any(|name| name == "rank"), "not seen: {source}");
    }
    for source in
        ["use crate::*;", "use crate::{self as root};", "use crate as root;", "use crate::{digest, *};"]
    {
        assert!(named(source).iter().any(|name| name == ROOT), "not seen: {source}");
    }
    for source in [
        "// crate::rank",
        "/* /* */ crate::rank */",
        "const T: &str = \"crate::rank\";",
        "const T: &str = r#\"\" crate::rank\"#;",
        "use crate::codes::rank;",
        "use crate::{codes::{rank}};",
    ] {
        assert!(!named(source).iter().any(|name| name == "rank"), "seen in error: {source}");
    }
}
