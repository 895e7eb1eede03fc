//! Checked reading of the folder's files, and why one is refused. `folder/FORMAT.md` has the order of the checks.

use crate::digest::{Digest, KEPT};

/// Why a file of the folder is refused. The file's name is added by the caller, who knows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The first bytes are not those of this kind of file.
    #[error("is not {expected}")]
    Magic {
        /// What the file should be.
        expected: &'static str,
    },
    /// Written by a later version of the program.
    #[error(
        "has format version {found}, this reader knows up to {known}: update the widget or build the folder again"
    )]
    NewerVersion {
        /// The version in the file.
        found: u32,
        /// The greatest this reader knows.
        known: u32,
    },
    /// The file is shorter or longer than its own counts say.
    #[error(
        "should be {expected} bytes long but is {found}: it was cut short or changed; build or upload it again"
    )]
    Length {
        /// Bytes that the counts in its header promise.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The content is not what its name or the manifest says.
    #[error("has changed since it was written (its digest does not match); build or upload it again")]
    Digest,
    /// A value that no writer puts there.
    #[error("{0}; build or upload it again")]
    Value(String),
}

impl FormatError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            FormatError::NewerVersion { .. } => "folder/newer-version",
            _ => "folder/corrupt",
        }
    }
}

/// Refuses `content` unless its SHA-256 is `sha256` (64 hexadecimal digits).
pub fn verify(content: &[u8], sha256: &str) -> Result<(), FormatError> {
    if Digest::of(content).hex() == sha256 { Ok(()) } else { Err(FormatError::Digest) }
}

/// A cursor over a file's bytes; every read is checked against what is left.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    version: u16,
}

impl<'a> Reader<'a> {
    /// Starts after the 4-byte `magic` and the u16 version, which must be at most `version`.
    pub fn open(
        bytes: &'a [u8],
        magic: &[u8; 4],
        expected: &'static str,
        version: u16,
    ) -> Result<Reader<'a>, FormatError> {
        if bytes.get(..4) != Some(magic) {
            return Err(FormatError::Magic { expected });
        }
        let mut reader = Reader { bytes, at: 4, version: 0 };
        let found = reader.u16()?;
        if found > version {
            return Err(FormatError::NewerVersion { found: found.into(), known: version.into() });
        }
        Ok(Reader { version: found, ..reader })
    }

    /// The version of the file that it was opened on, 0 within one.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Starts at the first byte: of something within a file.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, version: 0 }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(FormatError::Length {
            expected: self.at as u64 + count as u64,
            found: self.bytes.len() as u64,
        })?;
        self.at += count;
        Ok(taken)
    }

    /// The next digest of a table of files.
    pub fn kept_digest(&mut self) -> Result<[u8; KEPT], FormatError> {
        Ok(self.take(KEPT)?.first_chunk().copied().unwrap_or_default())
    }

    /// The next little-endian u16.
    pub fn u16(&mut self) -> Result<u16, FormatError> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// The next little-endian u32.
    pub fn u32(&mut self) -> Result<u32, FormatError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The next `count` little-endian u32.
    pub fn u32s(&mut self, count: usize) -> Result<Vec<u32>, FormatError> {
        Ok(self.words(count)?.map(u32::from_le_bytes).collect())
    }

    /// The next `count` little-endian f32.
    pub fn f32s(&mut self, count: usize) -> Result<Vec<f32>, FormatError> {
        Ok(self.words(count)?.map(f32::from_le_bytes).collect())
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Refuses a file that goes on.
    pub fn finish(self) -> Result<(), FormatError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(FormatError::Length { expected: self.at as u64, found: self.bytes.len() as u64 })
        }
    }

    fn words(&mut self, count: usize) -> Result<impl Iterator<Item = [u8; 4]> + 'a, FormatError> {
        let size = count
            .checked_mul(4)
            .ok_or(FormatError::Length { expected: u64::MAX, found: self.bytes.len() as u64 })?;
        Ok(self.take(size)?.as_chunks::<4>().0.iter().copied())
    }
}
