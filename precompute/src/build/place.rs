//! The place of the static folder: it is written whole beside it, then renamed into it, so that nobody sees half a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use lookalike::folder::Manifest;
use lookalike::format::FormatError;

use super::cache::EmbeddingCache;

/// Refuses a place that holds something else than a folder made here, before any work is done.
///
/// # Errors
/// When it does.
pub fn check_target(out: &Path) -> anyhow::Result<()> {
    let Ok(mut entries) = fs::read_dir(out) else {
        if out.exists() {
            bail!("{} is there and is not a folder", out.display());
        }
        return Ok(());
    };
    if entries.next().is_some() && !out.join("manifest.json").exists() {
        bail!(
            "{} holds files but no manifest.json, so it was not made by `precompute build`; it would be replaced as a \
             whole: give another --out",
            out.display()
        );
    }
    // Web apps have a file of that name too.
    let manifest = fs::read(out.join("manifest.json")).unwrap_or_default();
    if let Err(error @ FormatError::Magic { .. }) = Manifest::read(&manifest)
        && out.join("manifest.json").exists()
    {
        bail!(
            "{}/manifest.json {error}, so the folder was not made by `precompute build`; it would be replaced as a \
             whole: give another --out",
            out.display()
        );
    }
    Ok(())
}

/// Puts the folder `out` back where a build was killed between moving the old one away and the new one in.
///
/// # Errors
/// When it cannot be moved.
pub fn restore(out: &Path) -> anyhow::Result<()> {
    let old = EmbeddingCache::folder_of(out).join(OLD);
    if old.exists() && !out.exists() {
        fs::rename(&old, out).with_context(|| format!("moving {} back", old.display()))?;
    }
    Ok(())
}

/// Where a folder is written before it is moved into its place, and where the one it replaces goes meanwhile: in the
/// cache, so that what a killed build leaves is found and removed by the next.
const UNFINISHED: &str = "unfinished";
const OLD: &str = "old";

/// Has `write` make a folder and puts it in the place `out`; what was there before is replaced at once or not at all.
///
/// # Errors
/// When that fails, or something cannot be moved or removed.
pub fn fill<T>(out: &Path, write: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let cache_folder = EmbeddingCache::folder_of(out);
    let (unfinished, old) = (cache_folder.join(UNFINISHED), cache_folder.join(OLD));
    for left in [&unfinished, &old] {
        if left.exists() {
            fs::remove_dir_all(left)?;
        }
    }
    fs::create_dir_all(&unfinished)?;
    let written = write(&unfinished)?;
    if out.exists() {
        fs::rename(out, &old)?;
    }
    fs::rename(&unfinished, out)?;
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_other_files_is_not_replaced() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-target-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        assert!(check_target(&folder).is_ok());
        fs::write(folder.join("thesis.doc"), "years of work")?;
        let error = check_target(&folder).expect_err("it holds something else");
        assert!(error.to_string().contains("manifest.json"), "{error}");
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
