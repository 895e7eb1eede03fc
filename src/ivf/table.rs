//! What is known of all partitions before any is loaded: the end of the codes file, and the digests of each layer's files.

use super::{ASSIGNMENTS_MAGIC, FileKind, PARTITION_MAGIC, VERSION};
use crate::digest::{Digest, KEPT};
use crate::format::{FormatError, Reader};

/// What the codes file says of a partition.
pub struct WrittenPartition {
    /// Number of items, 1 to [`super::PARTITION_ITEMS`].
    pub items: u32,
    /// Lengths of its codes, at most [`super::PARTITION_BYTES`], and of its refinement, in bytes.
    pub bytes: [u32; 2],
    /// Digests of both files.
    pub digests: [Digest; 2],
    /// Its centroid, `[axes]`.
    pub centroid: Vec<i8>,
}

/// Appends the table of all partitions to the codes file, whose head has the number of items. A centroid's coordinate is `unit`
/// times its number; `assignments` are the digests of the files of assignments.
pub fn write_table(partitions: &[WrittenPartition], unit: f32, assignments: &[Digest], bytes: &mut Vec<u8>) {
    bytes.extend((partitions.len() as u32).to_le_bytes());
    let axes = partitions.first().map_or(0, |partition| partition.centroid.len());
    bytes.extend((axes as u32).to_le_bytes());
    bytes.extend(unit.to_le_bytes());
    for partition in partitions {
        let numbers = [partition.items, partition.bytes[0], partition.bytes[1]];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(partition.digests.iter().flat_map(Digest::kept));
    }
    bytes.extend(assignments.iter().flat_map(Digest::kept));
    bytes.extend(partitions.iter().flat_map(|partition| &partition.centroid).map(|number| *number as u8));
}

/// The head of a partition's codes or refinement.
pub fn write_partition_head(kind: FileKind) -> Vec<u8> {
    head(PARTITION_MAGIC, kind as u16)
}

/// A file of assignments: the partitions of consecutive items, [`super::ITEMS_PER_ASSIGNMENTS`] or, in the last file, those
/// that are left.
pub fn write_assignments(partitions: &[u32]) -> Vec<u8> {
    let mut bytes = head(ASSIGNMENTS_MAGIC, 0);
    bytes.extend(partitions.iter().flat_map(|partition| partition.to_le_bytes()));
    bytes
}

fn head(magic: &[u8; 4], kind: u16) -> Vec<u8> {
    [&magic[..], &VERSION.to_le_bytes(), &kind.to_le_bytes()].concat()
}

/// The first bytes of the digest of each partition's file of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestTable(pub(super) Vec<[u8; KEPT]>);

impl DigestTable {
    /// Appends the table of files with these digests, in order of their partitions.
    pub fn write(digests: &[Digest], bytes: &mut Vec<u8>) {
        bytes.extend((digests.len() as u32).to_le_bytes());
        bytes.extend(digests.iter().flat_map(Digest::kept));
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`FormatError`] if it is cut short.
    pub fn read(reader: &mut Reader) -> Result<DigestTable, FormatError> {
        let count = reader.u32()? as usize;
        DigestTable::read_of(reader, count)
    }

    /// Reads `count` digests.
    pub(super) fn read_of(reader: &mut Reader, count: usize) -> Result<DigestTable, FormatError> {
        let mut digests = Vec::new();
        for _ in 0..count {
            digests.push(reader.kept_digest()?);
        }
        Ok(DigestTable(digests))
    }

    /// Number of partitions.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no partition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
