//! A photo's bytes, from a folder that may change while it is read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// Bytes of a photo's file at most: no picture of 100 million pixels has more.
pub const MOST_BYTES: u64 = 1 << 30;
/// How often a file is read that changes meanwhile.
const TRIES: usize = 3;

/// Why a photo's bytes cannot be had.
#[derive(Debug)]
pub enum Unreadable {
    /// The system does not give them: the file is gone, say, or may not be read.
    System(io::Error),
    /// It was another file each time when it had been read.
    Changing,
    /// It has so many bytes.
    TooLarge(u64),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::System(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "it is no longer there: {error}")
            }
            Unreadable::System(error) => error.fmt(f),
            Unreadable::Changing => {
                write!(f, "it changed while it was read, {TRIES} times; build again when it is written")
            }
            Unreadable::TooLarge(bytes) => {
                write!(f, "{bytes} bytes is over the limit of {MOST_BYTES}; make the picture smaller")
            }
        }
    }
}

/// The bytes of the file at `path`, all of one state of it.
///
/// # Errors
/// If the system does not give them, the file does not stop changing, or is too large.
pub fn read_photo(path: &Path) -> Result<Vec<u8>, Unreadable> {
    for _ in 0..TRIES {
        let mut file = File::open(path).map_err(Unreadable::System)?;
        let before = state(&file.metadata().map_err(Unreadable::System)?);
        if before.0 > MOST_BYTES {
            return Err(Unreadable::TooLarge(before.0));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Unreadable::System)?;
        crate::fault::point("photo/read").map_err(Unreadable::System)?;
        // By its name: it may have been replaced by another.
        let after = state(&fs::metadata(path).map_err(Unreadable::System)?);
        if before == after && bytes.len() as u64 == after.0 {
            return Ok(bytes);
        }
    }
    Err(Unreadable::Changing)
}

/// Length and time of the last change.
fn state(data: &fs::Metadata) -> (u64, Option<SystemTime>) {
    (data.len(), data.modified().ok())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_is_read_is_one_state_of_the_file() -> anyhow::Result<()> {
        let path = std::env::temp_dir().join(format!("lookalike-changing-{}", std::process::id()));
        fs::write(&path, vec![0; 100_000])?;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let writer = scope.spawn(|| {
                let mut seed = 0u8;
                while !stop.load(Ordering::Relaxed) {
                    seed = seed.wrapping_add(1);
                    // Cut to nothing first, then written: in between a reader sees a part.
                    fs::write(&path, vec![seed; 100_000 + usize::from(seed)])?;
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
                io::Result::Ok(())
            });
            let (mut whole, mut changing) = (0, 0);
            for _ in 0..300 {
                match read_photo(&path) {
                    Ok(bytes) => {
                        let one = bytes.iter().all(|byte| Some(byte) == bytes.first());
                        assert!(one, "bytes of two states");
                        whole += usize::from(!bytes.is_empty());
                    }
                    Err(Unreadable::Changing) => changing += 1,
                    Err(error) => anyhow::bail!("{error}"),
                }
            }
            stop.store(true, Ordering::Relaxed);
            writer.join().expect("it does not panic")?;
            assert!(whole > 0, "{changing} of 300 were changing");
            Ok(())
        })?;
        fs::remove_file(&path)?;
        assert!(read_photo(&path).is_err_and(|error| error.to_string().contains("no longer there")));
        Ok(())
    }
}
