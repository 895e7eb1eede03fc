//! Writes the codes of a catalogue that is cut into partitions: what they share is learnt from a sample, then each partition is
//! written by itself, so that memory does not grow with the catalogue.

use super::layer;
use super::model::Model;
use super::train::{Coded, Coder};
use super::write::{Lengths, Trained, codec, first_axes, header, lost, refinement_head};
use super::{CODES_MAGIC, CODES_VERSION_IVF, REFINEMENT_VERSION_IVF, Space};
use crate::digest::Digest;
use crate::ivf::{FileKind, WrittenPartition, write_partition_head, write_table};

/// Writes the codes of partitions.
pub struct PartitionWriter {
    base: (Model, Coder),
    refined: (Model, Coder),
    /// Number of axes of coefficients.
    all: usize,
    lengths: Lengths,
    /// The codec's file.
    pub codec: Vec<u8>,
    /// The refinement's file, which holds no items.
    pub refinement: Vec<u8>,
}

/// The two files of a partition.
pub struct PartitionFiles {
    /// Its codes.
    pub codes: Vec<u8>,
    /// Its refinement.
    pub refinement: Vec<u8>,
}

impl PartitionWriter {
    /// Learns from `sample`, coefficients as [`super::write()`] takes them, how to code products with these `lengths`,
    /// `[items]`, in `bytes` each.
    pub fn new(
        space: &Space,
        sample: &[f32],
        lengths: &[f64],
        bytes: f64,
        threads: usize,
    ) -> PartitionWriter {
        let Trained { base, refined } = Trained::of(space, sample, lengths.len(), bytes, threads);
        let lengths = Lengths::of(lengths);
        let codec = codec(space, &base.model, &lengths);
        let mut refinement = refinement_head(space, &refined.model, &lengths, REFINEMENT_VERSION_IVF);
        refinement.extend((lengths.codes.len() as u32).to_le_bytes());
        let [base, refined] = [base, refined].map(|Coded { model, coder, .. }| (model, coder));
        PartitionWriter { base, refined, all: space.rotation.axes(), lengths, codec, refinement }
    }

    /// The files of the partition of `items`, ascending, with `coefficients`, `[items, axes]`.
    pub fn partition(&self, items: &[u32], coefficients: &[f32]) -> PartitionFiles {
        let [(base, coder), (refined, refined_coder)] = [&self.base, &self.refined];
        let numbers = coder.code(&first_axes(coefficients, self.all, base.axes()));
        let refined_numbers = refined_coder.code(&lost(base, &numbers, coefficients, self.all));
        let of_items = |all: &[u8]| items.iter().map(|item| all[*item as usize]).collect::<Vec<u8>>();

        let mut codes = write_partition_head(FileKind::Codes);
        codes.extend(items.iter().flat_map(|item| item.to_le_bytes()));
        layer::write(base, &numbers, &of_items(&self.lengths.codes), &mut codes);
        let mut refinement = write_partition_head(FileKind::Refinement);
        layer::write(refined, &refined_numbers, &of_items(&self.lengths.refined), &mut refinement);
        PartitionFiles { codes, refinement }
    }

    /// The codes file, which holds the table of all partitions ([`write_table`]).
    pub fn codes(&self, partitions: &[WrittenPartition], unit: f32, assignments: &[Digest]) -> Vec<u8> {
        let mut codes = header(CODES_MAGIC, CODES_VERSION_IVF);
        codes.extend((self.lengths.codes.len() as u32).to_le_bytes());
        write_table(partitions, unit, assignments, &mut codes);
        codes
    }
}
