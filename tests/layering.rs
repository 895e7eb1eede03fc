//! Data flows one way: a room of the crate names only rooms above it in the table of `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// In the order of the table.
const ROOMS: [&str; 15] = [
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

/// Only this room may name what is JavaScript's; only these crates' names count.
const JAVASCRIPT: [&str; 4] = ["wasm_bindgen", "js_sys", "web_sys", "serde_wasm_bindgen"];

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

fn room(root: &Path, name: &str) -> PathBuf {
    let file = root.join(format!("{name}.rs"));
    if file.is_file() { file } else { root.join(name) }
}

#[test]
fn rooms_know_only_those_before_them() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut seen = 0;
    for (place, name) in ROOMS.iter().enumerate() {
        for file in sources(&room(&root, name)).with_context(|| format!("the room {name}"))? {
            let text = fs::read_to_string(&file)?;
            seen += 1;
            for later in &ROOMS[place + 1..] {
                let names_it = text.contains(&format!("crate::{later}"));
                ensure!(!names_it, "{} names the room {later}, which comes after {name}", file.display());
            }
            for javascript in JAVASCRIPT.iter().filter(|_| *name != "browser") {
                ensure!(!text.contains(javascript), "{} names {javascript}", file.display());
            }
        }
    }
    ensure!(seen >= 20, "only {seen} files were looked at");
    Ok(())
}
