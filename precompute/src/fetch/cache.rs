//! Photos that were fetched, each in a file named by its address's SHA-256, with a note of what the server said:
//!
//! ```text
//! <folder>/ab/abcdef....photo   the bytes
//! <folder>/ab/abcdef....json    { "address", "bytes", "etag", "last_modified" }
//! ```
//!
//! A file is written beside its place and renamed into it, the note last: what a killed run leaves is whole or is not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::client::Validators;

/// The photos in a folder.
pub struct PhotoCache {
    folder: PathBuf,
}

/// What is known of a photo.
#[derive(Serialize, Deserialize)]
struct Note {
    address: String,
    bytes: u64,
    #[serde(flatten)]
    validators: Validators,
}

impl PhotoCache {
    /// Those in `folder`.
    pub fn new(folder: &Path) -> PhotoCache {
        PhotoCache { folder: folder.to_path_buf() }
    }

    /// Where the photo at `address` is, below the folder.
    pub fn path(&self, address: &str) -> PathBuf {
        let digest: String = Sha256::digest(address).iter().map(|byte| format!("{byte:02x}")).collect();
        Path::new(&digest[..2]).join(format!("{digest}.photo"))
    }

    /// What the server said of the photo at `address`, if it is there.
    pub fn get(&self, address: &str) -> Option<Validators> {
        let file = self.folder.join(self.path(address));
        let note: Note = serde_json::from_slice(&fs::read(file.with_extension("json")).ok()?).ok()?;
        let whole = fs::metadata(&file).is_ok_and(|found| found.len() == note.bytes);
        (whole && note.address == address).then_some(note.validators)
    }

    /// Keeps a photo.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, address: &str, bytes: &[u8], validators: Validators) -> io::Result<()> {
        let file = self.folder.join(self.path(address));
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        let note = Note { address: address.to_owned(), bytes: bytes.len() as u64, validators };
        // Of an older photo of the same length the note would say something wrong.
        self.remove(address);
        write(&file, bytes)?;
        write(&file.with_extension("json"), &serde_json::to_vec(&note)?)
    }

    /// Forgets a photo.
    pub fn remove(&self, address: &str) {
        let file = self.folder.join(self.path(address));
        // That it is not there is what is wanted.
        fs::remove_file(file.with_extension("json")).ok();
        fs::remove_file(file).ok();
    }
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = file.with_extension("unfinished");
    fs::write(&beside, bytes)?;
    fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_there_whole_or_not_at_all() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("lookalike-photos-{}", std::process::id()));
        let (cache, address) = (PhotoCache::new(&folder), "https://shop.example/a b.jpg");
        assert!(cache.get(address).is_none());
        let validators = Validators { etag: Some("\"1\"".into()), last_modified: None };
        cache.put(address, b"photo", validators.clone())?;
        assert_eq!(cache.get(address), Some(validators));
        fs::write(folder.join(cache.path(address)), b"pho")?;
        assert!(cache.get(address).is_none(), "it was cut short");
        cache.put(address, b"again", Validators::default())?;
        assert_eq!(cache.get(address), Some(Validators::default()));
        cache.remove(address);
        assert!(cache.get(address).is_none() && !folder.join(cache.path(address)).exists());
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
