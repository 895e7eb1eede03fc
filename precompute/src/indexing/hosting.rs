//! How many files the folder has and which is the largest, since hosts have limits of both.

use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::folder::PRODUCTS_PER_SHARD;
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

/// Products in a shard, most of one: a page reads some of them whole.
const MOST_PER_SHARD: u32 = 1024;
/// Files that are written after the shards: the manifest, the list of files with its digests, and a host's file of headers.
const LAST_FILES: usize = 3;

/// How many products a shard of neighbours or of cards holds, so that a folder of `items` products has at most `most` files, of
/// which `others` are no shards: as few as that allows, and [`PRODUCTS_PER_SHARD`] at least.
///
/// # Errors
/// If shards of any size are too many files.
pub fn products_per_shard(items: usize, most: usize, others: usize) -> anyhow::Result<u32> {
    let left = most.saturating_sub(others + LAST_FILES) / 2;
    let wanted = items.div_ceil(left.max(1));
    let per_shard = u32::try_from(wanted).context("a catalogue of so many products")?.max(PRODUCTS_PER_SHARD);
    let fewest = others + LAST_FILES + 2 * items.div_ceil(MOST_PER_SHARD as usize);
    ensure!(
        left > 0 && per_shard <= MOST_PER_SHARD,
        "--max-files {most}: the folder has {fewest} files at least, {others} of them thumbnails, fragments, the network, the widget \
         and what ranks; --no-thumbnails with --images leaves out one a product"
    );
    Ok(per_shard)
}

/// What to tell the user of a folder that some hosts do not take.
pub fn notes(files: usize, largest: &LargestFile) -> Vec<String> {
    let mut notes = Vec::new();
    if files > MOST_FILES {
        notes.push(format!(
            "{files} files are more than some hosts take ({MOST_FILES} on Cloudflare's free plan): --no-thumbnails with --images \
             leaves out one a product, and --max-files makes larger files of the rest"
        ));
    }
    if largest.bytes > MOST_BYTES {
        notes.push(format!(
            "{} is larger than some hosts take (25 MiB on Cloudflare): --partitions cuts the codes into smaller files",
            largest.path
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_as_large_as_the_limit_wants() -> anyhow::Result<()> {
        assert_eq!(products_per_shard(1000, 20_000, 1100)?, PRODUCTS_PER_SHARD, "no need");
        for (items, most, others) in [(1000, 1150, 1100), (11_000, 12_000, 11_060), (100, 163, 158)] {
            let each = products_per_shard(items, most, others)? as usize;
            assert!(
                others + LAST_FILES + 2 * items.div_ceil(each) <= most,
                "{items} products, {each} in a shard"
            );
            let one_less = others + LAST_FILES + 2 * items.div_ceil(each - 1);
            assert!(
                each == PRODUCTS_PER_SHARD as usize || one_less > most,
                "{items} products, {each} in a shard"
            );
        }
        let error = products_per_shard(1000, 1100, 1100).expect_err("no room").to_string();
        assert!(error.contains("1105 files at least"), "{error}");
        Ok(())
    }

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
