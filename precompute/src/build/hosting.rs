//! How many files the folder has and which is the largest, since hosts have limits of both.

use std::path::Path;

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

/// Files of a site and bytes of a file on Cloudflare's free plan, the lowest limits that are usual.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 25 << 20;

/// The largest file of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargestFile {
    /// Below the folder, with forward slashes.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// The number of files in `folder`, and the largest.
///
/// # Errors
/// When it cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<(usize, LargestFile)> {
    let (mut count, mut largest) = (0, LargestFile::default());
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        count += 1;
        let bytes = entry.metadata()?.len();
        if bytes > largest.bytes {
            let parts = entry.path().strip_prefix(folder)?.components();
            let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
            largest = LargestFile { path: parts.join("/"), bytes };
        }
    }
    Ok((count, largest))
}

/// What to tell the user of a folder that some hosts do not take.
pub fn notes(files: usize, largest: &LargestFile) -> Vec<String> {
    let mut notes = Vec::new();
    if files > MOST_FILES {
        notes.push(format!(
            "{files} files are more than some hosts take ({MOST_FILES} on Cloudflare's free plan): --no-thumbnails with --images \
             leaves out one a product"
        ));
    }
    if largest.bytes > MOST_BYTES {
        notes.push(format!(
            "{} is larger than some hosts take (25 MiB on Cloudflare): --cells cuts the codes into smaller files",
            largest.path
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_and_limits_told() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-hosting-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a"))?;
        std::fs::write(folder.join("a").join("b.bin"), [0; 7])?;
        std::fs::write(folder.join("c.bin"), [0; 3])?;
        assert_eq!(files(&folder)?, (2, LargestFile { path: "a/b.bin".into(), bytes: 7 }));
        std::fs::remove_dir_all(&folder)?;
        assert!(notes(MOST_FILES, &LargestFile::default()).is_empty());
        let large = LargestFile { path: "codes.bin".into(), bytes: MOST_BYTES + 1 };
        assert_eq!(notes(MOST_FILES + 1, &large).len(), 2);
        Ok(())
    }
}
