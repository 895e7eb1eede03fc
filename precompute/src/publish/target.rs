//! The folder that is published to: where `--out` leads, whether it may be replaced, and by which of the two ways.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookalike::folder::Manifest;
use lookalike::format::FormatError;

use super::generations::{self, Generations};
use super::{link_or_copy, one_by_one, remove_tree, swap, sync_folder, sync_tree};
use crate::fault;
use crate::indexing::cache::EmbeddingCache;

/// Where a folder is made before it is published, and where the one it replaces goes meanwhile: in the cache, so that what a
/// killed run leaves is found by the next.
const STAGING: &str = "unfinished";
const OLD: &str = "old";
/// Its presence says that the folder in [`STAGING`] is whole and is being put into its place file by file.
const BEGUN: &str = "publishing";
/// Notes which files earlier generations had.
const GENERATIONS: &str = "generations.json";

/// Where a build publishes to.
pub struct Target {
    /// The folder itself, links followed.
    out: PathBuf,
    /// The cache of the build.
    cache: PathBuf,
    /// Why the folder cannot be replaced as a whole, if it cannot.
    one_by_one: RefCell<Option<String>>,
}

impl Target {
    /// That of `--out`.
    ///
    /// # Errors
    /// If there is something that `build` did not make.
    pub fn new(out: &Path) -> anyhow::Result<Target> {
        let cache = EmbeddingCache::folder_of(out);
        let out = resolve(out)?;
        check(&out)?;
        Ok(Target { out, cache, one_by_one: RefCell::new(None) })
    }

    /// Finishes or undoes what a killed run began: puts the folder back if it was moved away, and goes on where files were being
    /// replaced one by one. The cache is to be locked.
    ///
    /// # Errors
    /// If that fails.
    pub fn recover(&self) -> anyhow::Result<()> {
        let (old, staging) = (self.cache.join(OLD), self.cache.join(STAGING));
        if old.exists() && !self.out.exists() {
            fs::rename(&old, &self.out).with_context(|| {
                format!(
                    "putting {} back, which an earlier run moved to {}",
                    self.out.display(),
                    old.display()
                )
            })?;
            eprintln!("note: {} is put back, which a killed run had moved away", self.out.display());
        }
        let begun = self.cache.join(BEGUN);
        if let Ok(keep) = fs::read_to_string(&begun) {
            if staging.join("manifest.json").exists() {
                eprintln!("note: finishing what a killed run began to publish to {}", self.out.display());
                self.replace_one_by_one(keep.trim().parse().unwrap_or(1))?;
            }
            remove_file(&begun)?;
        }
        for left in [&staging, &old] {
            remove_tree(left)?;
        }
        Ok(())
    }

    /// Tries, before any work is done, whether a folder can be made and published: creates, renames and removes another.
    ///
    /// # Errors
    /// If it cannot; the message says why.
    pub fn preflight(&self) -> anyhow::Result<()> {
        let probe = self.cache.join("probe");
        try_out(&probe, None).with_context(|| {
            format!(
                "embeddings and the unfinished folder are kept in {}, which cannot be used",
                self.cache.display()
            )
        })?;
        *self.one_by_one.borrow_mut() = self.why_one_by_one();
        if let Some(reason) = &*self.one_by_one.borrow() {
            // Made where it is only named so far.
            let made = fs::create_dir_all(&self.out);
            let tried = made.and_then(|()| try_out(&self.out.join(".lookalike-probe"), None));
            tried.with_context(|| format!("{} cannot be written", self.out.display()))?;
            eprintln!(
                "note: {} cannot be replaced as a whole ({reason}); its files will be replaced one by one, \
                 manifest.json last",
                self.out.display()
            );
        }
        Ok(())
    }

    /// Refuses to begin what cannot be finished: a folder of at least `bytes` bytes.
    ///
    /// # Errors
    /// If there is too little free space.
    pub fn check_space(&self, bytes: u64) -> anyhow::Result<()> {
        if self.one_by_one.borrow().is_some() {
            check_space(&self.out, bytes)?;
        }
        check_space(&self.cache, bytes)
    }

    /// Why the folder cannot be replaced by renaming, as far as can be known beforehand.
    fn why_one_by_one(&self) -> Option<String> {
        let Some(parent) = self.out.parent() else { return Some("it is a root".to_owned()) };
        if self.out.exists() {
            if is_mount_point(&self.out) {
                return Some("it is a mount point".to_owned());
            }
            let here = std::env::current_dir().and_then(|here| here.canonicalize());
            if here.is_ok_and(|here| here.starts_with(&self.out)) {
                return Some("the current folder is in it".to_owned());
            }
        }
        let name = self.out.file_name().unwrap_or_default().to_string_lossy();
        let beside = parent.join(format!(".{name}.probe"));
        match try_out(&self.cache.join("probe"), Some(&beside)) {
            Ok(()) => None,
            Err(error) => Some(format!("a folder cannot be moved into {}: {error}", parent.display())),
        }
    }

    /// Has `write` make a folder and publishes it; hashed files of the last `keep` generations stay.
    ///
    /// # Errors
    /// If that fails; the folder is then as it was, or the next run finishes.
    pub fn publish<T>(
        &self,
        keep: usize,
        write: impl FnOnce(&Path) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let staging = self.cache.join(STAGING);
        remove_tree(&staging)?;
        fs::create_dir_all(&staging).with_context(|| format!("making {}", staging.display()))?;
        let written = write(&staging)?;
        generations::write_list(&staging)?;
        fault::point("publish/staged")?;
        crate::interrupt::check()?;
        if self.one_by_one.borrow().is_none() {
            match self.replace_as_a_whole(keep) {
                Ok(()) => return Ok(written),
                Err(error)
                    if self.out.exists() && !self.cache.join(OLD).exists() && can_be_done_singly(&error) =>
                {
                    eprintln!(
                        "note: {} cannot be replaced as a whole ({error:#}); its files are replaced one by one",
                        self.out.display()
                    );
                }
                Err(error) => return Err(error),
            }
        }
        let begun = self.cache.join(BEGUN);
        sync_tree(&staging)?;
        fs::write(&begun, keep.to_string()).with_context(|| format!("writing {}", begun.display()))?;
        sync_folder(&self.cache)?;
        fault::point("publish/begun")?;
        self.replace_one_by_one(keep)?;
        remove_file(&begun)?;
        remove_tree(&staging)?;
        Ok(written)
    }

    fn replace_as_a_whole(&self, keep: usize) -> anyhow::Result<()> {
        let (staging, old) = (self.cache.join(STAGING), self.cache.join(OLD));
        remove_tree(&old)?;
        if self.out.exists() {
            let note = self.cache.join(GENERATIONS);
            let new = generations::paths(&staging)?;
            let generations = Generations::of(&self.out, Some(&note), &new)?;
            for path in generations.kept(&self.out, keep, &new)? {
                link_or_copy(&self.out.join(&path), &staging.join(&path))?;
            }
            generations.write(keep, &note)?;
        }
        sync_tree(&staging)?;
        fault::point("publish/synced")?;
        swap::swap(&staging, &self.out, &old)
            .with_context(|| format!("moving {} to {}", staging.display(), self.out.display()))?;
        fault::point("publish/swapped")?;
        for left in [&staging, &old] {
            remove_tree(left)?;
        }
        fault::point("publish/cleaned")?;
        Ok(())
    }

    /// Brings the files of the staging folder into the target.
    fn replace_one_by_one(&self, keep: usize) -> anyhow::Result<()> {
        let staging = self.cache.join(STAGING);
        fs::create_dir_all(&self.out).with_context(|| format!("making {}", self.out.display()))?;
        let note = self.cache.join(GENERATIONS);
        let new = generations::paths(&staging)?;
        let generations = Generations::of(&self.out, Some(&note), &new)?;
        let kept = generations.kept(&self.out, keep, &new)?;
        generations.write(keep, &note)?;
        one_by_one::replace(&staging, &new, &self.out, &kept)
    }

    /// The folder itself, links followed.
    pub fn out(&self) -> &Path {
        &self.out
    }
}

/// Whether a failure to move the folder says nothing of single files: another file system, a mount point, a folder that may
/// not be renamed. A full disk would fail them as well.
fn can_be_done_singly(error: &anyhow::Error) -> bool {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    !matches!(kind, None | Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

/// The folder that `out` names, links followed, also if it is not there yet.
fn resolve(out: &Path) -> anyhow::Result<PathBuf> {
    if let Ok(path) = out.canonicalize() {
        return Ok(path);
    }
    // A link that leads nowhere yet.
    if let Ok(to) = fs::read_link(out) {
        let to = out.parent().unwrap_or(Path::new("")).join(to);
        bail!("{} is a link to {}, which is not there; make that folder first", out.display(), to.display());
    }
    let name = out.file_name().with_context(|| format!("{} is no name of a folder", out.display()))?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    let parent = parent.canonicalize().with_context(|| format!("reading {}", parent.display()))?;
    Ok(parent.join(name))
}

/// Refuses a place that holds something else than a folder made here.
///
/// # Errors
/// If it does.
pub fn check(out: &Path) -> anyhow::Result<()> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) if !out.is_dir() => bail!("{} is there and is not a folder", out.display()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", out.display())),
    };
    let manifest = out.join("manifest.json");
    // What a file system puts into a new volume, and what a killed run leaves where it published file by file.
    let foreign = entries.any(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name != "lost+found"
                && !name.starts_with(generations::TEMPORARY)
                && !generations::is_hashed(&name)
        })
    });
    if foreign && !manifest.exists() {
        bail!(
            "{} holds files but no manifest.json, so it was not made by `precompute build`; it would be replaced as a \
             whole: give another --out",
            out.display()
        );
    }
    // Web apps have a file of that name too.
    if let Ok(text) = fs::read(&manifest)
        && let Err(error @ FormatError::Magic { .. }) = Manifest::read(&text)
    {
        bail!(
            "{}/manifest.json {error}, so the folder was not made by `precompute build`; it would be replaced as a \
             whole: give another --out",
            out.display()
        );
    }
    Ok(())
}

/// Makes a folder with a file at `probe`, renames it to `moved` and back, and removes it.
fn try_out(probe: &Path, moved: Option<&Path>) -> io::Result<()> {
    for left in [Some(probe), moved].into_iter().flatten() {
        if left.exists() {
            fs::remove_dir_all(left)?;
        }
    }
    fs::create_dir_all(probe)?;
    let tried = fs::write(probe.join("file"), "probe")
        .and_then(|()| fs::rename(probe.join("file"), probe.join("renamed")))
        .and_then(|()| match moved {
            Some(moved) => fs::rename(probe, moved).and_then(|()| fs::rename(moved, probe)),
            None => Ok(()),
        });
    tried.and(fs::remove_dir_all(probe))
}

fn remove_file(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", file.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn check_space(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    // Where the system does not tell, writing will.
    let Ok(space) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    // Some file systems over a network say 0 of both.
    if space.f_blocks > 0 && free < bytes {
        bail!(
            "{} has {:.1} MB of free space, and the new folder takes at least {:.1} MB beside the old one; make room \
             first",
            folder.display(),
            free as f64 / 1e6,
            bytes as f64 / 1e6
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_space(_folder: &Path, _bytes: u64) -> anyhow::Result<()> {
    Ok(())
}

/// Whether something is mounted at the folder `path`; a folder of the same file system that is mounted a second time (a bind
/// mount) is told from others on Linux alone.
#[cfg(unix)]
fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| fs::metadata(path).map(|data| data.dev());
    let other_device = match (path.parent(), device(path)) {
        (Some(parent), Ok(own)) => device(parent).is_ok_and(|above| above != own),
        _ => true,
    };
    other_device || is_mount_root(path)
}

#[cfg(not(unix))]
fn is_mount_point(_path: &Path) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn is_mount_root(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS)
        .is_ok_and(|data| data.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_mount_root(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_other_files_is_not_replaced() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-target-{}", std::process::id()));
        fs::create_dir_all(folder.join("lost+found"))?;
        assert!(check(&folder).is_ok());
        fs::write(folder.join("thesis.doc"), "years of work")?;
        let error = check(&folder).expect_err("it holds something else");
        assert!(error.to_string().contains("manifest.json"), "{error}");
        Ok(fs::remove_dir_all(&folder)?)
    }
}
