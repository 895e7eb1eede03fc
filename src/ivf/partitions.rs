//! The partitions of a catalogue: their centroids, which items are in which, and what of them is loaded.

use super::table::DigestTable;
use super::{
    ASSIGNMENTS_MAGIC, CENTROID_AXES, File, FileKind, ITEMS_PER_ASSIGNMENTS, Layer, PARTITION_BYTES,
    PARTITION_ITEMS, PARTITION_MAGIC, VERSION, wrong,
};
use crate::digest::{Digest, KEPT};
use crate::format::{FormatError, Reader};

/// Row of an item that is not loaded.
const NOT_LOADED: u32 = u32::MAX;
/// Number of kinds that partitions have a file of.
const LAYERS: usize = 4;

/// What is known of all partitions, and which are loaded.
pub struct Partitions {
    /// Coordinate = `unit` * number.
    unit: f32,
    axes: usize,
    /// `[partitions, axes]`.
    centroids: Vec<i8>,
    partitions: Vec<Partition>,
    /// Digests of a layer's files by [`FileKind`]; empty for a layer that is not in partitions or not opened yet.
    layers: [DigestTable; LAYERS],
    /// Digests of the files of assignments.
    assignments: DigestTable,
    /// The file of assignments that was loaded last: the number of its first item, and the partition of each item.
    assigned: (usize, Vec<u32>),
    /// Row of each item, `[items]`.
    rows: Vec<u32>,
    /// Item of each row, `[rows]`.
    items: Vec<u32>,
    /// Bytes of memory that the loaded partitions take in all layers.
    memory: usize,
}

struct Partition {
    items: usize,
    /// Lengths of its codes and of its refinement.
    bytes: [u32; 2],
    /// First of its rows.
    first: usize,
    /// By [`FileKind`], whether its file is loaded.
    loaded: [bool; LAYERS],
}

impl Partitions {
    /// Reads the end of a codes file, which is of `items` items and `most_axes` axes.
    ///
    /// # Errors
    /// [`FormatError`] if it is not what `FORMAT.md` says.
    pub fn read(reader: &mut Reader, items: usize, most_axes: usize) -> Result<Partitions, FormatError> {
        let (count, axes) = (reader.u32()? as usize, reader.u32()? as usize);
        let unit = reader.f32s(1)?[0];
        let mut fits = axes <= most_axes.min(CENTROID_AXES) && unit.is_finite() && unit > 0.0;
        let (mut partitions, mut sum) = (Vec::new(), 0);
        let mut layers: [DigestTable; LAYERS] = Default::default();
        for _ in 0..count {
            let (items, bytes) = (reader.u32()? as usize, [reader.u32()?, reader.u32()?]);
            for layer in &mut layers[..2] {
                layer.0.push(reader.kept_digest()?);
            }
            // No more items than there are bytes for: memory for them is bounded by the length of files.
            fits &= items > 0 && items <= PARTITION_ITEMS && bytes[0] as usize <= PARTITION_BYTES;
            sum += items.min(PARTITION_ITEMS);
            partitions.push(Partition { items, bytes, first: 0, loaded: [false; LAYERS] });
        }
        if !fits || sum != items {
            return Err(wrong("has a partition that is empty or too large, or partitions of other products"));
        }
        let assignments = DigestTable::read_of(reader, items.div_ceil(ITEMS_PER_ASSIGNMENTS))?;
        let centroids = reader.take(count * axes)?.iter().map(|byte| *byte as i8).collect();
        Ok(Partitions {
            unit,
            axes,
            centroids,
            partitions,
            layers,
            assignments,
            assigned: (0, Vec::new()),
            rows: vec![NOT_LOADED; items],
            items: Vec::new(),
            memory: 0,
        })
    }

    /// Takes in the digests of the files of a layer, colours or attributes; none of them is loaded yet.
    ///
    /// # Errors
    /// [`FormatError`] if they are of another number of partitions.
    pub fn open_layer(&mut self, kind: FileKind, digests: DigestTable) -> Result<(), FormatError> {
        if digests.len() != self.partitions.len() {
            return Err(wrong("is of another catalogue"));
        }
        self.partitions.iter_mut().for_each(|partition| partition.loaded[kind as usize] = false);
        self.layers[kind as usize] = digests;
        Ok(())
    }

    /// Number of partitions.
    pub fn count(&self) -> u32 {
        self.partitions.len() as u32
    }

    /// Lengths of the codes and of the refinement of a partition, in bytes.
    ///
    /// # Panics
    /// If there is no such partition.
    pub fn bytes(&self, partition: u32) -> [u32; 2] {
        self.partitions[partition as usize].bytes
    }

    /// The partitions nearest to `point`, coordinates along the centroids' axes, by distance of their centroids, until their
    /// codes exceed `bytes`; at least one.
    pub fn nearest(&self, point: &[f32], bytes: u32) -> Vec<u32> {
        let point: Vec<i16> =
            point.iter().take(self.axes).map(|value| (value / self.unit).round() as i16).collect();
        self.nearest_to(&point, None, bytes)
    }

    /// The same by the centroid of `partition`, which is the first of them.
    ///
    /// # Panics
    /// If there is no such partition.
    pub fn nearest_to_centroid(&self, partition: u32, bytes: u32) -> Vec<u32> {
        let centroid: Vec<i16> =
            self.centroid(partition as usize).iter().map(|number| i16::from(*number)).collect();
        self.nearest_to(&centroid, Some(partition), bytes)
    }

    fn centroid(&self, partition: usize) -> &[i8] {
        &self.centroids[partition * self.axes..][..self.axes]
    }

    fn nearest_to(&self, point: &[i16], first: Option<u32>, bytes: u32) -> Vec<u32> {
        // |centroid - point|^2 without |point|^2.
        let distance = |partition: usize| {
            let (mut square, mut product) = (0, 0);
            for (number, own) in self.centroid(partition).iter().zip(point) {
                let number = i32::from(*number);
                square += number * number;
                product += number * i32::from(*own);
            }
            i64::from(square) - 2 * i64::from(product)
        };
        let mut distances: Vec<i64> = (0..self.partitions.len()).map(distance).collect();
        if let Some(first) = first {
            // Another may have the same centroid.
            distances[first as usize] = i64::MIN;
        }
        let (mut nearest, mut left) = (Vec::new(), bytes);
        // A few dozen of thousands: to sort all would take longer.
        while let Some((at, distance)) =
            distances.iter_mut().enumerate().min_by_key(|(_, distance)| **distance)
            && *distance < i64::MAX
        {
            let size = self.partitions[at].bytes[0];
            if size > left && !nearest.is_empty() {
                break;
            }
            left = left.saturating_sub(size);
            *distance = i64::MAX;
            nearest.push(at as u32);
        }
        nearest
    }

    /// The file of assignments that says which partition `item` is in; `None` if there is no such item.
    pub fn assignments_file(&self, item: u32) -> Option<File> {
        let number = item / ITEMS_PER_ASSIGNMENTS as u32;
        ((item as usize) < self.rows.len()).then_some(File { kind: FileKind::Assignments, number, bytes: 0 })
    }

    /// The partition of `item`, if the file of assignments that was loaded last has it.
    pub fn partition_of(&self, item: u32) -> Option<u32> {
        let (first, assigned) = &self.assigned;
        assigned.get((item as usize).checked_sub(*first)?).copied()
    }

    fn loaded_partition_of(&self, item: u32) -> Option<u32> {
        let row = self.row(item)?;
        let has = |partition: &Partition| {
            partition.loaded[FileKind::Codes as usize]
                && (partition.first..partition.first + partition.items).contains(&row)
        };
        self.partitions.iter().position(has).map(|at| at as u32)
    }

    /// Row of each item, `[items]`; `u32::MAX` for those that are not loaded.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Row of `item`, if it is loaded.
    pub fn row(&self, item: u32) -> Option<usize> {
        let row = *self.rows.get(item as usize)?;
        (row != NOT_LOADED).then_some(row as usize)
    }

    /// Bytes of memory that the loaded partitions take in all layers.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Bytes of memory with `partitions` loaded too, by what a loaded item takes so far in all layers; 0 if none is loaded.
    pub fn memory_with(&self, partitions: &[u32]) -> usize {
        let missing = self.missing(FileKind::Codes, partitions);
        let more: usize = missing.iter().map(|file| self.partitions[file.number as usize].items).sum();
        let loaded = self.items.len();
        self.memory.checked_div(loaded).unwrap_or(0) * (loaded + more)
    }

    /// The items of those of `partitions` that are loaded.
    pub fn items_of(&self, partitions: &[u32]) -> Vec<u32> {
        let mut items = Vec::new();
        for partition in partitions {
            let partition = self.partitions.get(*partition as usize);
            if let Some(Partition { loaded: [true, ..], first, items: count, .. }) = partition {
                items.extend(&self.items[*first..first + count]);
            }
        }
        items
    }

    /// The files of a layer, of `partitions`, that are not loaded; none for a layer that is not in partitions.
    pub fn missing(&self, kind: FileKind, partitions: &[u32]) -> Vec<File> {
        let mut files = Vec::new();
        if self.layers[kind as usize].is_empty() {
            return files;
        }
        for number in partitions {
            match self.partitions.get(*number as usize) {
                Some(Partition { loaded, bytes, .. }) if !loaded[kind as usize] => {
                    let bytes = bytes.get(kind as usize).copied().unwrap_or(0);
                    files.push(File { kind, number: *number, bytes });
                }
                _ => {}
            }
        }
        files
    }

    /// The partitions of `items`, which are loaded, in this order, until their refinement exceeds `bytes`; at least one.
    pub fn partitions_to_rescore(&self, items: &[u32], bytes: u32) -> Vec<u32> {
        let (mut partitions, mut left) = (Vec::new(), bytes);
        for item in items {
            let Some(partition) = self.loaded_partition_of(*item) else { continue };
            if !partitions.contains(&partition) {
                let [_, size] = self.bytes(partition);
                if size > left && !partitions.is_empty() {
                    break;
                }
                left = left.saturating_sub(size);
                partitions.push(partition);
            }
        }
        partitions
    }

    /// Loads the file of assignments with this number.
    ///
    /// # Errors
    /// [`FormatError`] if it is not the file that was written.
    pub fn load_assignments(&mut self, number: u32, bytes: &[u8]) -> Result<(), FormatError> {
        let digest = self.assignments.0.get(number as usize);
        let mut reader = open(bytes, ASSIGNMENTS_MAGIC, 0, digest)?;
        let first = number as usize * ITEMS_PER_ASSIGNMENTS;
        let count = (self.rows.len() - first).min(ITEMS_PER_ASSIGNMENTS);
        let assigned = reader.u32s(count)?;
        if assigned.iter().any(|partition| *partition >= self.count()) {
            return Err(wrong("is of another catalogue"));
        }
        self.assigned = (first, assigned);
        reader.finish()
    }

    /// Loads the file of a partition of the layer `layer`, which is of this kind; the codes of a partition come before its other
    /// files.
    ///
    /// # Errors
    /// [`FormatError`] if it is not the file that was written; the caller evicts all layers then.
    pub fn load(
        &mut self,
        kind: FileKind,
        number: u32,
        bytes: &[u8],
        layer: &mut dyn Layer,
    ) -> Result<(), FormatError> {
        let (at, layer_at) = (number as usize, kind as usize);
        let digest = self.layers[layer_at].0.get(at);
        let mut from = 0;
        if let FileKind::Codes | FileKind::Refinement = kind {
            let mut reader = open(bytes, PARTITION_MAGIC, layer_at as u16, digest)?;
            let partition = &mut self.partitions[at];
            if kind == FileKind::Codes && !partition.loaded[0] {
                partition.first = self.items.len();
                for item in reader.u32s(partition.items)? {
                    let row = self.rows.get_mut(item as usize);
                    *row.ok_or_else(|| wrong("is of another catalogue"))? = self.items.len() as u32;
                    self.items.push(item);
                }
            }
            from = reader.position();
        } else {
            check(bytes, digest)?;
        }
        let Partition { loaded, first, items, .. } = &mut self.partitions[at];
        if loaded[layer_at] || (kind != FileKind::Codes && !loaded[0]) {
            return Err(wrong("is loaded already, or before the codes of its partition"));
        }
        loaded[layer_at] = true;
        self.memory += layer.load(*first, &self.items[*first..*first + *items], &bytes[from..])?;
        Ok(())
    }

    /// Forgets which partitions are loaded; the caller evicts the layers.
    pub fn evict(&mut self) {
        self.rows.fill(NOT_LOADED);
        self.items.clear();
        self.memory = 0;
        self.partitions.iter_mut().for_each(|partition| partition.loaded = [false; LAYERS]);
    }
}

/// Refuses a file with another digest.
fn check(bytes: &[u8], digest: Option<&[u8; KEPT]>) -> Result<(), FormatError> {
    match digest {
        Some(digest) if Digest::of(bytes).kept() == *digest => Ok(()),
        Some(_) => Err(FormatError::Digest),
        None => Err(wrong("is of another catalogue")),
    }
}

/// Starts after the head of a file with this digest.
fn open<'a>(
    bytes: &'a [u8],
    magic: &[u8; 4],
    kind: u16,
    digest: Option<&[u8; KEPT]>,
) -> Result<Reader<'a>, FormatError> {
    check(bytes, digest)?;
    let mut reader = Reader::open(bytes, magic, "a partition's file", VERSION)?;
    match reader.u16()? == kind {
        true => Ok(reader),
        false => Err(wrong("is of another kind")),
    }
}
