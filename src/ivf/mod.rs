//! IVF partitions: a large catalogue is cut into inverted lists, each with its centroid, and a query reads a few of them.
//!
//! The inverted file of J. Sivic and A. Zisserman (Video Google, ICCV 2003) over k-means' partitions, as FAISS and Lance have it:
//!
//! ```text
//! build:  centroids  = k-means over the first principal coefficients of the catalogue's items
//!         partitions = each item with its nearest centroid, in pieces that fit a file
//!         for each partition and each layer (codes, refinement, colours, attributes): one file
//! query:  probe = the partitions nearest to the query, until their codes exceed a number of bytes
//!         if these and what is loaded exceed the memory budget: evict all partitions, of every layer
//!         load what is missing of each layer that the query needs
//!         rank the items of the probed partitions (module `search`)
//! ```
//!
//! Everything that decides is in whole numbers, so that every machine probes the same partitions. Loaded items have consecutive
//! *rows*, and an item has the same row in every layer. The files are specified in `folder/FORMAT.md`.

mod files;
mod partitions;
mod table;

pub use files::{File, FileKind, Folders, folder_of_layer};
pub use partitions::Partitions;
pub use table::{DigestTable, WrittenPartition, write_assignments, write_partition_head, write_table};

use crate::format::FormatError;

/// Magic of a partition's codes and of its refinement.
pub(crate) const PARTITION_MAGIC: &[u8; 4] = b"LKCE";
/// Magic of the files that say which partition an item is in.
pub(crate) const ASSIGNMENTS_MAGIC: &[u8; 4] = b"LKPL";
/// Version of both.
pub(crate) const VERSION: u16 = 1;
/// Most bytes of the codes of a partition.
pub const PARTITION_BYTES: usize = 65_535;
/// Most axes of centroids: sums of products stay within 32 bits.
pub const CENTROID_AXES: usize = 256;
/// Consecutive items of a file of assignments, which is 64 KB then.
pub const ITEMS_PER_ASSIGNMENTS: usize = 1 << 14;
/// Bytes of a partition's codes before its items, and the least bytes of each item: its number and its length.
const HEAD_BYTES: usize = 8;
const LEAST_ITEM_BYTES: usize = 5;
/// Most items of a partition.
pub const PARTITION_ITEMS: usize = (PARTITION_BYTES - HEAD_BYTES) / LEAST_ITEM_BYTES;

/// What partitions have a file of each, and what is in memory of the loaded ones by row.
pub trait Layer {
    /// Loads what a partition's file says of `items`, which have the rows from `first` on; gives the bytes of memory that they
    /// take. `bytes` are the whole file, of codes and refinement what follows the head that [`Partitions::load`] reads.
    ///
    /// # Errors
    /// [`FormatError`] if the file is not what `FORMAT.md` says; the rows hold anything then, and the caller evicts all.
    fn load(&mut self, first: usize, items: &[u32], bytes: &[u8]) -> Result<usize, FormatError>;

    /// Forgets the rows of all partitions.
    fn evict(&mut self);
}

fn wrong(what: &str) -> FormatError {
    FormatError::Value(what.to_owned())
}
