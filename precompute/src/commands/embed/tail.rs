//! A reader that remembers the last bytes it gave and counts them: formats that are read to their end say by their last bytes
//! that it is the end, and a pipe whose writer died says nothing.

use std::io::{self, Read};

/// A reader and the last bytes read from it.
pub struct Tail<R> {
    reader: R,
    keep: usize,
    last: Vec<u8>,
    left: u64,
}

impl<R: Read> Tail<R> {
    /// Reads from `reader` and remembers the last `keep` bytes.
    pub fn new(reader: R, keep: usize) -> Tail<R> {
        Tail { reader, keep, last: Vec::new(), left: u64::MAX }
    }

    /// The last bytes that were read.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// Lets at most `bytes` more be read, until it is said anew.
    pub fn allow(&mut self, bytes: u64) {
        self.left = bytes;
    }
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "a batch of it is too large: send smaller ones",
            ));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.reader.read(&mut buffer[..most])?;
        self.left -= count as u64;
        let read = &buffer[count.saturating_sub(self.keep)..count];
        let over = (self.last.len() + read.len()).saturating_sub(self.keep);
        self.last.drain(..over);
        self.last.extend(read);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_remembered_however_they_are_read() -> io::Result<()> {
        let bytes: Vec<u8> = (0..100).collect();
        for piece in [1, 3, 8, 50, 200] {
            let mut tail = Tail::new(bytes.as_slice(), 8);
            let mut buffer = vec![0; piece];
            while tail.read(&mut buffer)? > 0 {}
            assert_eq!(tail.last(), &bytes[92..], "by {piece}");
        }
        let mut tail = Tail::new(bytes.as_slice(), 8);
        tail.allow(10);
        assert_eq!(tail.read(&mut [0; 50])?, 10);
        assert!(tail.read(&mut [0; 50]).is_err());
        tail.allow(1);
        assert_eq!(tail.read(&mut [0; 50])?, 1);
        Ok(())
    }
}
