//! Replaces a folder as a whole, by renaming.

use std::fs;
use std::io;
use std::path::Path;

use super::sync_folder;
use crate::fault;

/// Puts `staging` in the place `out`. What was there is at `old` or at `staging` afterwards.
///
/// # Errors
/// If the system refuses. `out` is then as it was, unless putting it back was refused too: then it is at `old`, and the
/// next run puts it back.
pub fn swap(staging: &Path, out: &Path, old: &Path) -> io::Result<()> {
    if out.exists() {
        // The new folder is as open as the old one.
        fs::set_permissions(staging, fs::metadata(out)?.permissions())?;
        if exchange(staging, out).is_err() {
            fault::point("publish/away")?;
            fs::rename(out, old)?;
            let moved = fault::point("publish/between").and_then(|()| fs::rename(staging, out));
            if let Err(error) = moved {
                fs::rename(old, out)?;
                return Err(error);
            }
        }
    } else {
        fs::rename(staging, out)?;
    }
    // The names are on the disk before anything of the old folder is removed.
    for folder in [out.parent(), staging.parent()].into_iter().flatten() {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Exchanges two folders in one step (Linux: `renameat2` with `RENAME_EXCHANGE`; macOS: `renamex_np` with `RENAME_SWAP`).
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    fault::point("publish/exchange")?;
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
