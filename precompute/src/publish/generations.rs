//! A generation: the files of one published folder, with their digests, in `files.sha256`, which `sha256sum --check` reads
//! too; its last line, a comment to that program, is its own digest. And which files of the generations before stay: those whose names carry a hash, so that a page that was opened
//! before a deploy, and an entry script that a browser has cached, find what they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::digest::Digest;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

/// Name of the list.
pub const LIST: &str = "files.sha256";
/// What the list's last line begins with; its digest of the lines above follows.
const OWN: &str = "# SHA-256 of the lines above: ";

/// What the names of folders begin with that a publication makes for itself within the target.
pub const TEMPORARY: &str = ".lookalike-";

/// A file of a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path in the folder, with forward slashes.
    pub path: String,
    /// Digest of its content.
    pub digest: Digest,
}

/// Files of this program's making that have no hash in their name.
const UNHASHED: [&str; 4] = ["manifest.json", "more-like-this.js", "lookalike.js", LIST];

/// Whether a file at `path` always has the same content, since its name or its folder's carries a hash of it.
pub fn is_hashed(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or(path);
    let (stem, ending) = first.split_once('.').unwrap_or((first, ""));
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    let named = hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    named && !ending.contains('.') || path.starts_with("thumbnails/")
}

/// Whether a file at `path` is of this program's making, as far as its name tells.
fn is_own(path: &str) -> bool {
    is_hashed(path) || UNHASHED.contains(&path) || path.starts_with("fragments/")
}

/// Lists all files of `folder` in it.
///
/// # Errors
/// If one cannot be read, or the list not be written.
pub fn write_list(folder: &Path) -> anyhow::Result<Vec<Listed>> {
    let mut files = Vec::new();
    for path in paths(folder)? {
        let content = fs::read(folder.join(&path)).with_context(|| format!("reading {path}"))?;
        files.push(Listed { digest: Digest::of(&content), path });
    }
    // As sha256sum has it: digest, two spaces, path.
    let lines = files.iter().map(|file| format!("{}  {}\n", file.digest.hex(), file.path));
    let list = folder.join(LIST);
    let mut text = lines.collect::<String>();
    text.push_str(&format!("{OWN}{}\n", Digest::of(text.as_bytes()).hex()));
    fs::write(&list, text).with_context(|| format!("writing {}", list.display()))?;
    Ok(files)
}

/// The files of the generation that `folder` holds, `None` if it has no list.
///
/// # Errors
/// If the list cannot be read or is damaged.
pub fn read_list(folder: &Path) -> anyhow::Result<Option<Vec<Listed>>> {
    let path = folder.join(LIST);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let (text, own) = text.split_once(OWN).unwrap_or((&text, ""));
    ensure!(
        own.strip_suffix('\n') == Some(&Digest::of(text.as_bytes()).hex()),
        "{LIST} is damaged; upload it again or build the folder again"
    );
    let listed = |line: &str| {
        let (digest, path) = line.split_once("  ")?;
        Some(Listed { path: path.to_owned(), digest: Digest::from_hex(digest)? })
    };
    let list: Option<Vec<_>> = text.lines().map(listed).collect();
    list.map(Some).with_context(|| format!("{LIST} has a line that no version of this program writes"))
}

/// The paths of all files below `folder`, sorted, with forward slashes.
pub fn paths(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        if !entry.file_type().is_dir() {
            let path = entry.path().strip_prefix(folder)?;
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            paths.insert(parts.join("/"));
        }
    }
    Ok(paths)
}

/// The paths of each generation, the newest first.
#[derive(Default, Serialize, Deserialize)]
pub struct Generations(Vec<BTreeSet<String>>);

impl Generations {
    /// That of the folder `out`, and those before it that `note`, a file of the cache, has. A folder that holds the list of
    /// `new` already, since a run was killed while it published that, counts as the one before.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn of(out: &Path, note: Option<&Path>, new: &BTreeSet<String>) -> anyhow::Result<Generations> {
        let before = note.and_then(|note| serde_json::from_slice(&fs::read(note).ok()?).ok());
        let Generations(mut all) = before.unwrap_or_default();
        let own = || -> anyhow::Result<BTreeSet<String>> {
            Ok(paths(out)?.into_iter().filter(|path| is_own(path)).collect())
        };
        let current: BTreeSet<String> = match read_list(out) {
            Ok(Some(list)) => list.into_iter().map(|file| file.path).collect(),
            // Made by an earlier version, or damaged: all that looks like it.
            _ => own()?,
        };
        let is_new = current.iter().eq(new.iter().filter(|path| *path != LIST));
        if !is_new && all.first() != Some(&current) {
            all.insert(0, current);
        } else if is_new && note.is_none() {
            all.push(own()?);
        }
        Ok(Generations(all))
    }

    /// Files of `out` that stay beside a new generation of the files `new`: hashed ones of the last `keep` generations,
    /// and what is not of this program's making.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn kept(&self, out: &Path, keep: usize, new: &BTreeSet<String>) -> anyhow::Result<BTreeSet<String>> {
        let Generations(all) = self;
        let listed = |path: &String| all.iter().any(|generation| generation.contains(path));
        let wanted = |path: &String| {
            let in_time = all.iter().take(keep).any(|generation| generation.contains(path));
            let foreign = !listed(path) && !is_own(path) && !path.starts_with(TEMPORARY);
            (in_time && is_hashed(path)) || foreign
        };
        let there = paths(out)?.into_iter();
        Ok(there.filter(|path| !new.contains(path) && wanted(path)).collect())
    }

    /// Notes the last `keep` in the file `note` for the next run.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, keep: usize, note: &Path) -> anyhow::Result<()> {
        let last = Generations(self.0.iter().take(keep).cloned().collect());
        fs::write(note, serde_json::to_vec(&last)?).with_context(|| format!("writing {}", note.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_carry_a_hash_are_told_from_others() {
        for path in [
            "codes-0123456789abcdef.bin",
            "widget-0123456789abcdef/page/more-like-this.js",
            "thumbnails/ab/abcdef0123456789.jpg",
        ] {
            assert!(is_hashed(path), "{path}");
        }
        for path in [
            "manifest.json",
            "more-like-this.js",
            "files.sha256",
            "fragments/a-0123456789abcdef.html",
            "codes-0123.bin",
            "_headers",
            ".htaccess",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }

    #[test]
    fn the_last_generations_and_other_peoples_files_stay() -> anyhow::Result<()> {
        let out = std::env::temp_dir().join(format!("lookalike-generations-{}", std::process::id()));
        let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<String>>();
        let [first, second, third] = ["1", "2", "3"].map(|digit| format!("codes-{}.bin", digit.repeat(16)));
        fs::create_dir_all(out.join("fragments"))?;
        for path in [&second, "manifest.json", "fragments/a.html", "_headers"] {
            fs::write(out.join(path), "x")?;
        }
        write_list(&out)?;
        fs::write(out.join(&first), "of the generation before")?;
        fs::write(out.join("CNAME"), "shop.example")?;
        let note = out.with_extension("json");
        Generations(vec![set(&[&first, "manifest.json"])]).write(9, &note)?;

        let new = set(&[&third, "manifest.json", LIST]);
        let generations = Generations::of(&out, Some(&note), &new)?;
        assert_eq!(generations.kept(&out, 0, &new)?, set(&["CNAME"]));
        assert_eq!(generations.kept(&out, 1, &new)?, set(&["CNAME", &second]));
        assert_eq!(generations.kept(&out, 2, &new)?, set(&["CNAME", &first, &second]));
        // Without a list all that looks like a generation's is of the last.
        fs::remove_file(out.join(LIST))?;
        let generations = Generations::of(&out, None, &new)?;
        assert_eq!(generations.kept(&out, 1, &new)?, set(&["CNAME", "_headers", &first, &second]));
        fs::remove_file(note)?;
        Ok(fs::remove_dir_all(&out)?)
    }
}
