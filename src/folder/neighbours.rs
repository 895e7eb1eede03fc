//! `neighbours-<hash>/<shard>.bin`: the exact neighbours of each product, found by the product's id alone.

use crate::digest::fnv1a32;
use crate::format::{FormatError, Reader};
use crate::rank::Neighbour;

const MAGIC: &[u8; 4] = b"LKNB";
const VERSION: u16 = 1;

/// Number of shards for `items` products, `per_shard` in each on average; at least 1.
pub fn shard_count(items: u32, per_shard: u32) -> u32 {
    items.div_ceil(per_shard).max(1)
}

/// The shard that holds the product `id`.
pub fn shard_of(id: &str, shards: u32) -> u32 {
    fnv1a32(id.as_bytes()) % shards
}

/// One product of a shard.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The product's item number.
    pub item: u32,
    /// The product's id, at most 65,535 bytes.
    pub id: String,
    /// By each metric, nearest first; all of one length.
    pub neighbours: Vec<Vec<Neighbour>>,
}

/// A shard, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighbourShard {
    /// Its products.
    pub rows: Vec<Row>,
}

impl NeighbourShard {
    /// The row of the product `id`.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }
}

/// The bytes of a shard.
///
/// # Panics
/// If a row has not `metrics` lists of `each` neighbours, or an id is over 65,535 bytes.
pub fn write_neighbour_shard(rows: &[Row], metrics: usize, each: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((metrics as u16).to_le_bytes());
    bytes.extend((rows.len() as u32).to_le_bytes());
    bytes.extend((each as u32).to_le_bytes());
    for row in rows {
        assert!(row.neighbours.len() == metrics && row.neighbours.iter().all(|list| list.len() == each));
        let length = u16::try_from(row.id.len()).expect("the catalogue refuses longer ids");
        bytes.extend(row.item.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(row.id.as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let all = || rows.iter().flat_map(|row| row.neighbours.iter().flatten());
    bytes.extend(all().flat_map(|neighbour| neighbour.item.to_le_bytes()));
    bytes.extend(all().flat_map(|neighbour| (neighbour.distance as f32).to_le_bytes()));
    bytes.extend(fnv1a32(&bytes).to_le_bytes());
    bytes
}

/// Reads a shard of a folder of `items` products.
///
/// # Errors
/// [`FormatError`] when the file is not what `FORMAT.md` says.
pub fn read_neighbour_shard(bytes: &[u8], items: u32) -> Result<NeighbourShard, FormatError> {
    let mut reader = Reader::open(bytes, MAGIC, "a neighbours file", VERSION)?;
    let metrics = usize::from(reader.u16()?);
    let (count, each) = (reader.u32()? as usize, reader.u32()? as usize);
    let mut ids = Vec::new();
    for _ in 0..count {
        let item = reader.u32()?;
        let length = reader.u16()?;
        let id = std::str::from_utf8(reader.take(length.into())?)
            .map_err(|_| FormatError::Value("holds an id that is not UTF-8".to_owned()))?;
        ids.push((item, id.to_owned()));
    }
    reader.take(reader.position().next_multiple_of(4) - reader.position())?;
    let total = count
        .checked_mul(metrics)
        .and_then(|lists| lists.checked_mul(each))
        .ok_or(FormatError::Length { expected: u64::MAX, found: bytes.len() as u64 })?;
    let numbers = reader.u32s(total)?;
    let distances = reader.f32s(total)?;
    let checked = reader.position();
    let checksum = reader.u32()?;
    reader.finish()?;
    if fnv1a32(&bytes[..checked]) != checksum {
        return Err(FormatError::Digest);
    }
    if numbers.iter().chain(ids.iter().map(|(item, _)| item)).any(|item| *item >= items) {
        return Err(FormatError::Value("holds an item number that the manifest does not have".to_owned()));
    }
    let mut flat = numbers
        .into_iter()
        .zip(distances)
        .map(|(item, distance)| Neighbour { item, distance: distance.into() });
    let rows = ids
        .into_iter()
        .map(|(item, id)| {
            let neighbours = (0..metrics).map(|_| flat.by_ref().take(each).collect()).collect();
            Row { item, id, neighbours }
        })
        .collect();
    Ok(NeighbourShard { rows })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> Vec<Row> {
        let list = |distances: [f64; 2], items: [u32; 2]| {
            items.into_iter().zip(distances).map(|(item, distance)| Neighbour { item, distance }).collect()
        };
        vec![
            Row {
                item: 4,
                id: "875317".to_owned(),
                neighbours: vec![list([0.125, 0.5], [2, 0]), list([3.0, 7.5], [0, 2])],
            },
            Row {
                item: 2,
                id: "été".to_owned(),
                neighbours: vec![list([0.0, 1.0], [4, 1]), list([0.0, 9.0], [4, 3])],
            },
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = write_neighbour_shard(&rows(), 2, 2);
        let shard = read_neighbour_shard(&bytes, 5).expect("just written");
        assert_eq!(shard.rows, rows());
        assert_eq!(shard.row("été").map(|row| row.item), Some(2));
        assert_eq!(shard.row("missing"), None);
    }

    #[test]
    fn an_item_number_out_of_range_is_refused() {
        let bytes = write_neighbour_shard(&rows(), 2, 2);
        assert!(matches!(read_neighbour_shard(&bytes, 4), Err(FormatError::Value(_))));
    }

    proptest! {
        #[test]
        fn no_damaged_shard_is_read(at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut bytes = write_neighbour_shard(&rows(), 2, 2);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(read_neighbour_shard(&bytes, 5).is_err());
            prop_assert!(read_neighbour_shard(&bytes[..at], 5).is_err());
        }
    }
}
