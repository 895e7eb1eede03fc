//! Replaces the files of a folder one by one, where the folder itself cannot be renamed, and publishes a finished folder to
//! another place.
//!
//! Each file appears whole under its name or not at all. Hashed files first: nobody reads them before a manifest names them.
//! Then those without a hash, written under other names, synced, and renamed one after the other, `manifest.json` last.
//! What no generation needs is removed in the end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::digest::Digest;

use super::generations::{self, Generations, LIST, is_hashed};
use super::{remove_tree, sync_folder, sync_tree, target};
use crate::fault;

/// Folder within the target where a file is written before it takes its name.
const INCOMING: &str = ".lookalike-incoming";

/// Brings the folder `out` to hold the files `new` of `from`, and of what it held `kept`.
///
/// # Errors
/// If a file cannot be read or written. Until the manifest is replaced, `out` serves what it served before.
pub fn replace(
    from: &Path,
    new: &BTreeSet<String>,
    out: &Path,
    kept: &BTreeSet<String>,
) -> anyhow::Result<()> {
    let incoming = out.join(INCOMING);
    remove_tree(&incoming)?;
    fs::create_dir_all(&incoming).with_context(|| format!("making {}", incoming.display()))?;
    let (hashed, mut unhashed): (Vec<_>, Vec<_>) = new.iter().partition(|path| is_hashed(path));
    for path in hashed {
        let (from, to) = (from.join(path), out.join(path));
        if !same_content(&from, &to) {
            let written = incoming.join("file");
            copy(&from, &written)?;
            rename(&written, &to)?;
        }
        fault::point("publish/file")?;
    }
    sync_tree(out)?;
    fault::point("publish/files")?;
    // The list says what the manifest is, so the two stand next to each other, and the manifest is last.
    unhashed.sort_by_key(|path| match path.as_str() {
        "manifest.json" => 2,
        LIST => 1,
        _ => 0,
    });
    let waiting: Vec<(PathBuf, PathBuf)> = unhashed
        .iter()
        .enumerate()
        .map(|(at, path)| (incoming.join(at.to_string()), out.join(path)))
        .collect();
    for (path, (written, _)) in unhashed.iter().zip(&waiting) {
        copy(&from.join(path), written)?;
    }
    sync_tree(out)?;
    for (written, to) in &waiting {
        fault::point("publish/unhashed")?;
        rename(written, to)?;
    }
    fault::point("publish/manifest")?;
    sync_tree(out)?;
    remove_tree(&incoming)?;
    remove_others(out, new, kept)
}

/// Removes files of `out` that are neither in `new` nor in `kept`, and folders that are then empty.
fn remove_others(out: &Path, new: &BTreeSet<String>, kept: &BTreeSet<String>) -> anyhow::Result<()> {
    for path in generations::paths(out)? {
        if !new.contains(&path) && !kept.contains(&path) {
            let file = out.join(&path);
            fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
            fault::point("publish/removed")?;
            let above = Path::new(&path).ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
            for folder in above {
                // Only one that is empty is removed.
                if fs::remove_dir(out.join(folder)).is_err() {
                    break;
                }
            }
        }
    }
    sync_folder(out)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = fault::point("publish/copy").and_then(|()| fs::copy(from, to));
    copied.with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::rename(from, to).with_context(|| format!("writing {}", to.display()))
}

/// Whether both files can be read and hold the same.
fn same_content(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).ok().map(|data| data.len());
    if length(other).is_none() || length(one) != length(other) {
        return false;
    }
    let (Ok(mut one), Ok(mut other)) = (File::open(one), File::open(other)) else { return false };
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let Ok(count) = one.read(&mut left) else { return false };
        if count == 0 {
            return true;
        }
        if other.read_exact(&mut right[..count]).is_err() || left[..count] != right[..count] {
            return false;
        }
    }
}

/// Publishes the finished folder `from` to the folder `to`, a mounted web root, say, where up to one generation before
/// stays. Ended at any moment, it can be run again.
///
/// # Errors
/// If `from` is not whole, or `to` cannot be written.
pub fn publish_to(from: &Path, to: &Path, keep: usize) -> anyhow::Result<()> {
    let list = generations::read_list(from)?
        .with_context(|| format!("{} has no {LIST}; build it again with this version", from.display()))?;
    // What another generation left, and what is not of this program's making, stays where it is.
    for file in &list {
        let path = from.join(&file.path);
        let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(Digest::of(&content) == file.digest, "{} is damaged; build it again", path.display());
    }
    let listed: BTreeSet<String> = list.into_iter().map(|file| file.path).chain([LIST.to_owned()]).collect();
    if to.exists() {
        target::check(to)?;
    }
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    let kept = Generations::of(to, None, &listed)?.kept(to, keep, &listed)?;
    replace(from, &listed, to, &kept)
}
