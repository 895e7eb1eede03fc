//! Files of records of one length, each with a digest of its own, for a cache that is appended to and may be damaged
//! anywhere.
//!
//! ```text
//! offset  size      field
//! 0       h         header: says what the records are of
//! h       l + 8     a record: its content, then the first 8 bytes of the SHA-256 of header and content
//! ...
//! ```
//!
//! A record is found by its place, and is read only if its digest holds, which is over the header too: a record of another
//! header is never taken for one of this. A damaged record costs itself alone; its place is written anew by the next
//! record. Only the end of the file ends it: an error of the disk is an error, and nothing is ever cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use lookalike::digest::{Digest, KEPT};
use sha2::{Digest as _, Sha256};

/// What a log is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing is written; the file may lie where nothing can be.
    Read,
    /// Records are added; the file is made if there is none.
    Write,
}

/// An open log.
pub struct RecordLog {
    path: PathBuf,
    file: File,
    header: Vec<u8>,
    /// Bytes of a record's content.
    length: usize,
    /// Number of places that are taken, by sound and by damaged records.
    places: u64,
    /// Places of damaged records.
    damaged: Vec<u64>,
}

impl RecordLog {
    /// Opens the log at `path` whose file begins with `header` and whose records have `length` bytes, and has `each` look at
    /// every sound record and its place; what `each` refuses counts as damaged.
    ///
    /// # Errors
    /// If the file cannot be opened or read.
    pub fn open(
        path: &Path,
        header: Vec<u8>,
        length: usize,
        access: Access,
        each: impl FnMut(u64, &[u8]) -> bool,
    ) -> anyhow::Result<RecordLog> {
        let writes = access == Access::Write;
        let file = OpenOptions::new().read(true).write(writes).create(writes).truncate(false).open(path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let mut log =
            RecordLog { path: path.to_path_buf(), file, header, length, places: 0, damaged: Vec::new() };
        log.scan(each).with_context(|| format!("reading {}", path.display()))?;
        if writes {
            log.write_header().with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(log)
    }

    fn scan(&mut self, mut each: impl FnMut(u64, &[u8]) -> bool) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let mut header = vec![0; self.header.len()];
        read_up_to(&mut reader, &mut header)?;
        let mut record = vec![0; self.length + KEPT];
        while read_up_to(&mut reader, &mut record)? == record.len() {
            let (content, kept) = record.split_at(self.length);
            if digest(&self.header, content) != kept || !each(self.places, content) {
                self.damaged.push(self.places);
            }
            self.places += 1;
        }
        Ok(())
    }

    fn write_header(&mut self) -> io::Result<()> {
        let mut found = vec![0; self.header.len()];
        self.file.rewind()?;
        if read_up_to(&mut self.file, &mut found)? != found.len() || found != self.header {
            self.file.rewind()?;
            self.file.write_all(&self.header)?;
        }
        Ok(())
    }

    /// Writes a record to a free place; gives the place.
    ///
    /// # Errors
    /// If it cannot be written. All other records are as they were, and the place is free.
    pub fn add(&mut self, content: &[u8]) -> anyhow::Result<u64> {
        let place = self.damaged.last().copied().unwrap_or(self.places);
        let mut record = content.to_vec();
        record.extend(digest(&self.header, content));
        let offset = self.offset(place);
        let written = crate::fault::point("cache/record")
            .and_then(|()| self.file.seek(SeekFrom::Start(offset)))
            .and_then(|_| self.file.write_all(&record));
        written.with_context(|| format!("writing {}", self.path.display()))?;
        if self.damaged.pop().is_none() {
            self.places += 1;
        }
        Ok(place)
    }

    /// Has the system put what was written on the disk.
    ///
    /// # Errors
    /// If it cannot.
    pub fn sync(&self) -> anyhow::Result<()> {
        self.file.sync_data().with_context(|| format!("writing {}", self.path.display()))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the content of the record at `place` begins in the file.
    pub fn offset(&self, place: u64) -> u64 {
        self.header.len() as u64 + place * self.stride()
    }

    /// Bytes from one record to the next.
    pub fn stride(&self) -> u64 {
        (self.length + KEPT) as u64
    }

    /// Number of damaged records, and of all.
    pub fn damaged(&self) -> (u64, u64) {
        (self.damaged.len() as u64, self.places)
    }
}

fn digest(header: &[u8], content: &[u8]) -> [u8; KEPT] {
    Digest(Sha256::new_with_prefix(header).chain_update(content).finalize().into()).kept()
}

/// Fills `buffer` as far as the file goes; gives how far that was.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEADER: &[u8] = b"TEST";

    type Records = Vec<(u64, Vec<u8>)>;

    /// The sound records by their places, and the number of damaged ones.
    fn read(path: &Path) -> anyhow::Result<(Records, u64)> {
        let mut found = Vec::new();
        let log = RecordLog::open(path, HEADER.to_vec(), 3, Access::Read, |place, content| {
            found.push((place, content.to_vec()));
            true
        })?;
        let (damaged, places) = log.damaged();
        assert_eq!(found.len() as u64 + damaged, places);
        Ok((found, damaged))
    }

    fn scratch(name: &str) -> anyhow::Result<PathBuf> {
        let folder = std::env::temp_dir().join(format!("lookalike-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    #[test]
    fn a_damaged_byte_costs_its_own_record_and_its_place_is_written_anew() -> anyhow::Result<()> {
        let folder = scratch("damage")?;
        let path = folder.join("log");
        let records = [b"aaa", b"bbb", b"ccc", b"ddd"];
        let mut log = RecordLog::open(&path, HEADER.to_vec(), 3, Access::Write, |_, _| true)?;
        for record in records {
            log.add(record)?;
        }
        drop(log);
        let whole = fs::read(&path)?;
        assert_eq!(whole.len(), 4 + 4 * (3 + KEPT));
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes)?;
            let (found, damaged) = read(&path)?;
            let lost = at.checked_sub(4).map(|at| at / (3 + KEPT));
            let want: Vec<_> =
                (0..4).filter(|place| Some(*place) != lost).map(|place| place as u64).collect();
            assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), want, "byte {at}");
            assert_eq!(damaged, u64::from(lost.is_some()));
            assert_eq!(fs::read(&path)?, bytes, "a reader changes nothing");
            let mut log = RecordLog::open(&path, HEADER.to_vec(), 3, Access::Write, |_, _| true)?;
            if let Some(lost) = lost {
                assert_eq!(log.add(records[lost])?, lost as u64);
            }
            drop(log);
            assert_eq!(fs::read(&path)?, whole, "byte {at} is mended");
        }
        Ok(fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn a_file_cut_short_anywhere_keeps_its_whole_records() -> anyhow::Result<()> {
        let folder = scratch("cut")?;
        let path = folder.join("log");
        let mut log = RecordLog::open(&path, HEADER.to_vec(), 3, Access::Write, |_, _| true)?;
        for record in [b"aaa", b"bbb", b"ccc"] {
            log.add(record)?;
        }
        drop(log);
        let whole = fs::read(&path)?;
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length])?;
            let kept = length.saturating_sub(4) / (3 + KEPT);
            assert_eq!(read(&path)?.0.len(), kept, "cut to {length}");
            let mut log = RecordLog::open(&path, HEADER.to_vec(), 3, Access::Write, |_, _| true)?;
            for record in [b"aaa", b"bbb", b"ccc"].iter().skip(kept) {
                log.add(*record)?;
            }
            drop(log);
            assert_eq!(fs::read(&path)?, whole, "cut to {length}");
        }
        Ok(fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn records_of_another_header_are_not_taken() -> anyhow::Result<()> {
        let folder = scratch("header")?;
        let path = folder.join("log");
        RecordLog::open(&path, b"ELSE".to_vec(), 3, Access::Write, |_, _| true)?.add(b"aaa")?;
        assert_eq!(read(&path)?, (Vec::new(), 1));
        assert!(
            RecordLog::open(&folder.join("none"), HEADER.to_vec(), 3, Access::Read, |_, _| true).is_err()
        );
        Ok(fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn an_error_of_the_disk_is_no_end_of_the_file() {
        struct Failing(u32);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    2 => {
                        buffer[0] = 1;
                        Ok(1)
                    }
                    _ => Err(io::Error::other("input/output error")),
                }
            }
        }
        assert!(read_up_to(&mut Failing(0), &mut [0; 4]).is_err());
        assert_eq!(read_up_to(&mut Failing(0), &mut [0; 1]).ok(), Some(1));
    }
}
