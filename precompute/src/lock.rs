//! Keeps two runs of the program off one cache, and says who has it. A writer locks it alone, readers together.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, bail};

const FILE: &str = "lock";

/// Keeps all other runs off the cache in `folder`, which is made, for as long as the result lives.
///
/// # Errors
/// If another run has it, or the folder cannot be made.
pub fn write(folder: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(FILE);
    // Not truncated: until it is locked, what it says is of another run.
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            // What it says is for people; the lock holds without it, on a full disk too.
            if file.set_len(0).is_ok() && file.rewind().is_ok() {
                write!(file, "{}", holder()).ok();
            }
        }
        Err(TryLockError::WouldBlock) => refuse(folder, &mut file)?,
        // Not every file system has locks.
        Err(TryLockError::Error(error)) => {
            eprintln!(
                "note: {} cannot be locked ({error}); let no other precompute use it now",
                folder.display()
            );
        }
    }
    Ok(file)
}

/// Keeps writers off the cache in `folder` for as long as the result lives; needs no permission to write. `None` if the
/// file system has no locks.
///
/// # Errors
/// If a writer has it.
pub fn read(folder: &Path) -> anyhow::Result<Option<File>> {
    let Ok(mut file) = File::open(folder.join(FILE)) else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => refuse(folder, &mut file).map(|()| None),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn refuse(folder: &Path, file: &mut File) -> anyhow::Result<()> {
    let mut holder = String::new();
    // A reader that has it says nothing of itself, and on some systems a locked file cannot be read.
    file.rewind().and_then(|()| file.read_to_string(&mut holder)).ok();
    let holder = if holder.trim().is_empty() { String::new() } else { format!(" ({})", holder.trim()) };
    bail!("{} is in use by another precompute{holder}; wait for it to end", folder.display())
}

/// Who this process is, for whoever finds the lock taken.
fn holder() -> String {
    let process = std::process::id();
    let since = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "process {process}{}, since {since}",
        host().map_or_else(String::new, |host| format!(" on {host}"))
    )
}

#[cfg(unix)]
fn host() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}
