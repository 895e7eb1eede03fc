//! The colours of a catalogue in partitions: a file for each partition, needed if colours count. The codes of a partition say
//! which items it has. Specified in `folder/FORMAT.md`.

use super::file::{Rows, check_size};
use super::{BYTES, ColourCodes, Colours};
use crate::format::{FormatError, Reader};
use crate::ivf::{DigestTable, Layer};

const MAGIC: &[u8; 4] = b"LKCC";
const VERSION: u16 = 1;

impl ColourCodes {
    /// The file of a partition with these `colours` of its items, in their order.
    pub fn write_partition(colours: &[Colours]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((BYTES as u16).to_le_bytes());
        bytes.extend(colours.iter().flat_map(Colours::as_bytes));
        bytes
    }

    /// The digests of the partitions' files, if the colours are in partitions.
    pub fn digests(&self) -> Option<&DigestTable> {
        self.digests.as_ref()
    }
}

impl Layer for ColourCodes {
    fn load(&mut self, first: usize, items: &[u32], bytes: &[u8]) -> Result<usize, FormatError> {
        let mut reader = Reader::open(bytes, MAGIC, "a partition's colours", VERSION)?;
        check_size(&mut reader)?;
        self.rows.read(first, items.len(), reader)?;
        Ok(items.len() * (BYTES + size_of::<u32>()))
    }

    fn evict(&mut self) {
        if self.digests.is_some() {
            self.rows = Rows::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{Means, Query};
    use crate::digest::Digest;

    const MEMBERS: [&[u32]; 2] = [&[0, 2, 5], &[1, 3, 4]];

    fn colours_of(item: u32) -> Colours {
        let mut bytes = [0; BYTES];
        bytes[..3].copy_from_slice(&[item as u8, 40, 255]);
        Colours::from_bytes(bytes).expect("one colour")
    }

    /// Six items in two partitions: what all share, and each partition's file.
    fn written() -> (Vec<u8>, [Vec<u8>; 2]) {
        let colours = |members: &[u32]| members.iter().map(|item| colours_of(*item)).collect::<Vec<_>>();
        let files = MEMBERS.map(|members| ColourCodes::write_partition(&colours(members)));
        let digests = [0, 1].map(|at: usize| Digest::of(&files[at]));
        (ColourCodes::write_head(6, &digests, &Means::default(), 0.5), files)
    }

    #[test]
    fn partitions_come_in_any_order_and_go() {
        let (head, files) = written();
        let mut codes = ColourCodes::read(&head).expect("just written");
        assert_eq!((codes.items(), codes.digests().map(DigestTable::len), codes.weight()), (6, Some(2), 0.5));
        // The second partition has the last rows.
        for (first, at) in [(3, 1), (0, 0)] {
            assert_eq!(codes.load(first, MEMBERS[at], &files[at]), Ok(3 * 28));
            for (row, item) in (first..).zip(MEMBERS[at]) {
                assert_eq!(*codes.get(row), colours_of(*item));
                assert_eq!(codes.distance(&Query::new(&colours_of(*item)), row), 0.0);
            }
        }
        codes.evict();
        assert_eq!(codes.rows.len(), 0);
    }

    #[test]
    fn other_files_are_refused() {
        let (head, files) = written();
        let mut codes = ColourCodes::read(&head).expect("just written");
        assert!(matches!(codes.load(0, &[0, 2], &files[0]), Err(FormatError::Length { .. })));
        assert!(matches!(codes.load(0, MEMBERS[0], &files[0][1..]), Err(FormatError::Magic { .. })));
        assert!(matches!(codes.load(0, MEMBERS[0], &head), Err(FormatError::Magic { .. })));
        for cut in 0..head.len() {
            assert!(ColourCodes::read(&head[..cut]).is_err(), "{cut}");
        }
        assert!(ColourCodes::read(&[head, vec![0]].concat()).is_err());
    }
}
