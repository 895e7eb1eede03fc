//! Publishing: a finished folder takes the place of the one before, so that at no moment half a folder is there to be read.
//!
//! ```text
//! Target::new(out)      follow a link; refuse what was not made here
//! target.recover()      first of all: finish or undo what a killed run began
//! target.preflight()    before any work: try whether the folder can be replaced, by creating, renaming, removing
//! target.publish(write):
//!     staging = <cache>/unfinished; write(staging); list digests in staging/files.sha256
//!     keep    = hashed files of the generations before, and files that are not of this program's making
//!     sync staging
//!     swap:        link `keep` into staging, exchange staging and out; where there is no exchange, move out away and
//!                  staging in, and back if that fails
//!     or, where a folder cannot be renamed (a mount point, another file system, the current folder):
//!     one by one:  note that it has begun; copy hashed files into out, then the files that have no hash in their name,
//!                  manifest.json last; then remove what no generation needs
//! ```
//!
//! Readers hold on to a manifest and fetch files whose names carry hashes of their content. So a folder is whole for a reader
//! if all files of its manifest are there, and a file may come earlier and go later than the manifest that names it.
//!
//! | file | holds |
//! |---|---|
//! | `target` | where `--out` leads, and whether it can be published to |
//! | `generations` | the list of files with their digests; which files of earlier generations stay |
//! | `swap` | replacing the folder as a whole |
//! | `one_by_one` | replacing it file by file |

mod generations;
mod one_by_one;
mod swap;
mod target;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::Context;

pub use generations::{LIST, Listed, is_hashed, read_list};
pub use one_by_one::publish_to;
pub use target::Target;

/// Has the system put all files below `folder` on the disk, and the folder itself.
///
/// # Errors
/// If it cannot, because the disk is full, say.
fn sync_tree(folder: &Path) -> anyhow::Result<()> {
    sync_files(folder).with_context(|| format!("writing {} to the disk", folder.display()))
}

/// All at once: one file after the other takes minutes of a large folder.
#[cfg(target_os = "linux")]
fn sync_files(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(folder).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_file() {
            fs::OpenOptions::new().write(true).open(entry.path())?.sync_all()?;
        } else if entry.file_type().is_dir() {
            sync_folder(entry.path())?;
        }
    }
    Ok(())
}

/// Has the system put the names in `folder` on the disk: after a rename, say.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes a folder, if it is there.
fn remove_tree(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Makes `to` the same file as `from`: a link to it, or a copy where the file system has no links.
fn link_or_copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}
