//! Large catalogues cut into partitions, so that a query needs the codes of a few: k-means over the first principal components
//! ([`means`]), partitions in an order in which near ones are side by side, and their files.

mod means;

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::codes::{LANES, PartitionFiles, PartitionWriter, Space, Written, dot};
use lookalike::digest::Digest;
use lookalike::ivf::{
    CENTROID_AXES, FileKind, ITEMS_PER_ASSIGNMENTS, PARTITION_BYTES, PARTITION_ITEMS, WrittenPartition,
    write_assignments,
};
use serde::Serialize;

use super::cache::Record;
use super::embeddings::Embeddings;
use super::space;
use crate::progress::Progress;
use crate::workers::try_in_order;
use means::{Points, assign, centroids, halves, squared};

/// Products of a partition, about: codes of 33 KB and a refinement of 65.
const ITEMS: usize = 256;
/// Axes that partitions are told apart by: of most variance.
const AXES: usize = 64;
/// Products that unit and codes are learnt from, at most; and for each partition, where partitions are.
const SAMPLE: usize = 16_384;
const SAMPLE_OF_PARTITION: usize = 40;
/// Room that a partition has beyond its share of [`PARTITION_BYTES`], since some products take more bytes than others.
const ROOM: f64 = 0.85;
/// Partitions coded before they are written.
const BATCH: usize = 128;

/// Into how many partitions codes are cut.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum PartitionCount {
    /// By the number of products.
    Auto,
    /// Into none.
    Never,
    /// About so many.
    Some(u32),
}

/// Products of a catalogue whose codes are one file, at most: some 6 MB.
const MOST_IN_ONE: usize = 50_000;

impl PartitionCount {
    /// The number for a catalogue of `items`, if it is to be cut.
    pub fn of(self, items: usize) -> Option<usize> {
        match self {
            PartitionCount::Auto => (items > MOST_IN_ONE).then(|| items.div_ceil(ITEMS)),
            PartitionCount::Never => None,
            PartitionCount::Some(count) => Some(count as usize),
        }
    }

    /// What the command line says.
    ///
    /// # Errors
    /// What it may say.
    pub fn parse(text: &str) -> Result<PartitionCount, String> {
        match text {
            "auto" => Ok(PartitionCount::Auto),
            "never" => Ok(PartitionCount::Never),
            _ => match text.parse() {
                Ok(count @ 1..=65_536) => Ok(PartitionCount::Some(count)),
                _ => Err("give auto, never, or a number from 1 to 65536".to_owned()),
            },
        }
    }
}

/// What files of partitions are made of.
pub struct PartitionContents<'a> {
    /// Has the embeddings.
    pub embeddings: &'a Embeddings,
    /// In item order.
    pub items: &'a [Record],
    /// Where codes are made.
    pub space: &'a Space,
    /// L2 norms of embeddings, in item order.
    pub lengths: &'a [f64],
    /// Of a product in the codes.
    pub code_bytes: f64,
    /// Number of threads.
    pub jobs: usize,
}

/// A catalogue's partitions, near ones side by side.
pub struct Partitions {
    /// Each partition's products, ascending.
    pub members: Vec<Vec<u32>>,
    /// Where they are.
    centroids: Points,
    points: Points,
    /// Squared, of each point.
    norms: Vec<i32>,
    /// What a number of points and centroids is worth.
    unit: f32,
    axes: usize,
    /// Most bytes of the codes of a partition.
    most_bytes: usize,
}

impl Partitions {
    /// Cuts `items` into about `count` partitions of `code_bytes` a product.
    ///
    /// # Errors
    /// When an embedding cannot be read.
    pub fn cut(
        embeddings: &Embeddings,
        items: &[Record],
        space: &Space,
        count: usize,
        code_bytes: f64,
        jobs: usize,
    ) -> anyhow::Result<Partitions> {
        let [rotation, _] = space.rotation.split_at(AXES.min(CENTROID_AXES));
        let axes = rotation.axes();
        let first = Space { mean: space.mean.clone(), rotation, positive: space.positive };
        let coordinates = |some: &[Record]| space::coefficients(embeddings, some.iter(), &first);
        let largest =
            coordinates(&evenly(items, SAMPLE))?.into_iter().fold(0f32, |most, value| most.max(value.abs()));
        let unit = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let stride = axes.next_multiple_of(LANES).max(LANES);
        let pieces: Vec<&[Record]> = items.chunks(SAMPLE).collect();
        let numbers = try_in_order(
            pieces.len(),
            jobs,
            || Ok(()),
            |(), piece| {
                let coordinates = coordinates(pieces[piece])?;
                let mut numbers = vec![0; pieces[piece].len() * stride];
                for (row, own) in numbers.chunks_exact_mut(stride).zip(coordinates.chunks_exact(axes.max(1)))
                {
                    row.iter_mut().zip(own).for_each(|(number, own)| *number = (own / unit).round() as i16);
                }
                Ok(numbers)
            },
        )?;
        let points = Points { stride, numbers: numbers.concat() };

        let every = (items.len() / (count * SAMPLE_OF_PARTITION)).max(1);
        let centroids = centroids(&points.some((0..items.len() as u32).step_by(every)), count, jobs);
        let mut members = vec![Vec::new(); centroids.len()];
        for (item, partition) in (0..).zip(assign(&points, &centroids, jobs)) {
            members[partition as usize].push(item);
        }
        // A partition of its own size in the mean would fill its file.
        let most = (PARTITION_BYTES as f64 * ROOM / (code_bytes + 4.0)) as usize;
        let order = side_by_side(&centroids, (0..centroids.len() as u32).collect());
        let norms = points.numbers.chunks_exact(stride).map(|point| dot(point, point)).collect();
        let mut partitions = Partitions {
            members: Vec::new(),
            centroids: Points { stride, numbers: Vec::new() },
            points,
            norms,
            unit,
            axes,
            most_bytes: PARTITION_BYTES,
        };
        for partition in order {
            let members = std::mem::take(&mut members[partition as usize]);
            if members.len() > most {
                for part in split(&partitions.points, members, |part| part.len() <= most) {
                    partitions.push(partitions.points.mean(&part), part);
                }
            } else if !members.is_empty() {
                partitions.push(centroids.get(partition).to_vec(), members);
            }
        }
        Ok(partitions)
    }

    fn push(&mut self, centroid: Vec<i16>, members: Vec<u32>) {
        self.centroids.numbers.extend(centroid);
        self.members.push(members);
    }

    /// The products of the partitions nearest to `partition`, itself among them, ascending: `count` at least if there are so many.
    pub fn around(&self, partition: usize, count: usize) -> Vec<u32> {
        let own = self.centroids.get(partition as u32);
        let far = |other: u32| (squared(self.centroids.get(other), own), other);
        let mut near: Vec<_> = (0..self.members.len() as u32).map(far).collect();
        near.sort_unstable();
        let mut items = Vec::new();
        for (_, partition) in near {
            if items.len() >= count {
                break;
            }
            items.extend(&self.members[partition as usize]);
        }
        items.sort_unstable();
        items
    }

    /// Which of `items` are the `count` nearest to `item`, as far as the coordinates of partitions tell.
    pub fn nearest(&self, item: u32, items: &[u32], count: usize) -> Vec<bool> {
        let own = self.points.get(item);
        // Place and distance in one number, half of the memory and time; what both distances have in common is left out.
        let far = |(at, other): (usize, &u32)| {
            let far =
                i64::from(self.norms[*other as usize]) - 2 * i64::from(dot(self.points.get(*other), own));
            far << 24 | at as i64
        };
        let mut by_distance: Vec<i64> = items.iter().enumerate().map(far).collect();
        if count < items.len() {
            by_distance.select_nth_unstable(count);
        }
        let mut nearest = vec![false; items.len()];
        by_distance.iter().take(count).for_each(|far| nearest[(far & 0xff_ffff) as usize] = true);
        nearest
    }

    /// Writes the files of all partitions to `folder`; gives the three files that are beside it, codec, codes and refinement,
    /// and the digests and lengths of those in it, in order of their names' numbers. A partition whose codes are too long for a
    /// file is split until they fit.
    ///
    /// # Errors
    /// When an embedding cannot be read, a file not be written, or one product's codes do not fit a file.
    pub fn write(&self, folder: &Path, contents: &PartitionContents) -> anyhow::Result<WrittenPartitions> {
        let PartitionContents { embeddings, items, space, lengths, code_bytes, jobs } = *contents;
        let write = |name: String, content: &[u8]| {
            fs::write(folder.join(&name), content).with_context(|| format!("writing {name}"))
        };
        let sample = space::coefficients(embeddings, evenly(items, SAMPLE).iter(), space)?;
        let writer = PartitionWriter::new(space, &sample, lengths, code_bytes, jobs);
        let coding = Coding { writer: &writer, embeddings, items, space };
        let progress = Progress::new("partitions", items.len() as u64);
        let (mut written, mut members_of) = (Vec::new(), Vec::new());
        let mut partition_of = vec![0u32; items.len()];
        for batch in (0..self.members.len()).step_by(BATCH) {
            let count = BATCH.min(self.members.len() - batch);
            let code = |(): &mut (), at: usize| {
                let centroid = self.centroids.get((batch + at) as u32).to_vec();
                self.code(&coding, self.members[batch + at].clone(), centroid)
            };
            for coded in try_in_order(count, jobs, || Ok(()), code)?.into_iter().flatten() {
                let Coded { members, centroid, files } = coded;
                let number = u32::try_from(written.len())?;
                members.iter().for_each(|item| partition_of[*item as usize] = number);
                let contents = [&files.codes, &files.refinement];
                write(FileKind::Codes.file_name(number), &files.codes)?;
                write(FileKind::Refinement.file_name(number), &files.refinement)?;
                written.push(WrittenPartition {
                    items: u32::try_from(members.len())?,
                    bytes: [u32::try_from(files.codes.len())?, u32::try_from(files.refinement.len())?],
                    digests: contents.map(|content| Digest::of(content)),
                    centroid: centroid[..self.axes].iter().map(|number| *number as i8).collect(),
                });
                members.iter().for_each(|_| progress.advance());
                members_of.push(members);
            }
        }
        progress.finish();
        let (mut assignments, mut assignments_bytes) = (Vec::new(), 0);
        for (number, partitions) in (0..).zip(partition_of.chunks(ITEMS_PER_ASSIGNMENTS)) {
            let content = write_assignments(partitions);
            assignments_bytes += content.len() as u64;
            assignments.push(Digest::of(&content));
            write(FileKind::Assignments.file_name(number), &content)?;
        }
        Ok(WrittenPartitions {
            files: Written {
                codes: writer.codes(&written, self.unit, &assignments),
                codec: writer.codec,
                refinement: writer.refinement,
            },
            partitions: written,
            assignments,
            assignments_bytes,
            members: members_of,
        })
    }

    /// The files of the partition of `members`; of its parts, if its codes are longer than a reader takes.
    fn code(&self, coding: &Coding, members: Vec<u32>, centroid: Vec<i16>) -> anyhow::Result<Vec<Coded>> {
        let records = members.iter().map(|item| &coding.items[*item as usize]);
        let coefficients = space::coefficients(coding.embeddings, records, coding.space)?;
        let files = coding.writer.partition(&members, &coefficients);
        if files.codes.len() <= self.most_bytes && members.len() <= PARTITION_ITEMS {
            return Ok(vec![Coded { members, centroid, files }]);
        }
        ensure!(
            members.len() > 1,
            "the codes of one product take {} bytes, and a partition at most {}: build with fewer --code-bytes",
            files.codes.len(),
            self.most_bytes
        );
        let mut parts = Vec::new();
        for half in halves(&self.points, &members) {
            let centroid = self.points.mean(&half);
            parts.extend(self.code(coding, half, centroid)?);
        }
        Ok(parts)
    }
}

/// What the codes of partitions are made of.
struct Coding<'a> {
    writer: &'a PartitionWriter,
    embeddings: &'a Embeddings,
    items: &'a [Record],
    space: &'a Space,
}

/// A partition that is coded.
struct Coded {
    /// Its items, ascending.
    members: Vec<u32>,
    centroid: Vec<i16>,
    files: PartitionFiles,
}

/// What [`Partitions::write`] wrote.
pub struct WrittenPartitions {
    /// The files beside the partitions.
    pub files: Written,
    /// What the codes file says of each partition.
    pub partitions: Vec<WrittenPartition>,
    /// Digests of the files of assignments.
    pub assignments: Vec<Digest>,
    /// Length of all files of assignments together.
    pub assignments_bytes: u64,
    /// Items of each partition, ascending.
    pub members: Vec<Vec<u32>>,
}

/// At most about `count` of `items`, evenly spaced.
fn evenly(items: &[Record], count: usize) -> Vec<Record> {
    items.iter().step_by(items.len().div_ceil(count).max(1)).copied().collect()
}

/// `members` in parts that are small enough.
fn split(points: &Points, members: Vec<u32>, small: impl Fn(&[u32]) -> bool + Copy) -> Vec<Vec<u32>> {
    if members.len() < 2 || small(&members) {
        return vec![members];
    }
    halves(points, &members).into_iter().flat_map(|half| split(points, half, small)).collect()
}

/// `members` of `points` so that near ones are side by side.
fn side_by_side(points: &Points, members: Vec<u32>) -> Vec<u32> {
    if members.len() <= 2 {
        return members;
    }
    halves(points, &members).into_iter().flat_map(|half| side_by_side(points, half)).collect()
}

#[cfg(test)]
mod tests {
    use lookalike::codes::Codes;
    use lookalike::colour::Colours;
    use lookalike::photo::Photo;
    use lookalike::search::Catalogue;

    use super::super::cache::{Described, EmbeddingCache};
    use super::super::record_log::Access;
    use super::*;

    #[test]
    fn a_partition_is_split_until_its_codes_fit_and_one_product_that_does_not_is_told() -> anyhow::Result<()>
    {
        let folder = std::env::temp_dir().join(format!("lookalike-split-{}", std::process::id()));
        let (items, dims) = (300, 20);
        let mut cache = EmbeddingCache::open(&folder, Digest::of(b"network"), dims, Access::Write)?;
        let colours = Colours::of(&Photo::new(1, 1, vec![9; 3]).context("one pixel")?);
        let mut records = Vec::new();
        for item in 0..items {
            let embedding = (0..dims).map(|axis| ((item * 7 + axis * item) % 31) as f32).collect();
            let described = Described { size: [1, 1], colours, embedding };
            records.push(cache.insert(Digest::of(&item.to_le_bytes()), &described)?);
        }
        let embeddings = cache.embeddings();
        let (space, lengths) = space::space(&embeddings, &records)?;
        // One partition, whose codes are several times as long as is allowed, so that halves are too long as well.
        let mut partitions = Partitions::cut(&embeddings, &records, &space, 1, 128.0, 2)?;
        assert_eq!(partitions.members.len(), 1);
        let contents = PartitionContents {
            embeddings: &embeddings,
            items: &records,
            space: &space,
            lengths: &lengths,
            code_bytes: 128.0,
            jobs: 2,
        };
        let written = folder.join("written");
        fs::create_dir_all(&written)?;
        let whole = partitions.write(&written, &contents)?;
        assert_eq!(whole.partitions.len(), 1);
        partitions.most_bytes = whole.partitions[0].bytes[0] as usize / 6;
        let split = partitions.write(&written, &contents)?;
        assert!(split.partitions.len() >= 7, "{}", split.partitions.len());
        assert!(
            split.partitions.iter().all(|partition| partition.bytes[0] as usize <= partitions.most_bytes)
        );
        let mut members = split.members.concat();
        members.sort_unstable();
        assert_eq!(members, (0..items as u32).collect::<Vec<_>>());
        // A reader takes it.
        let codes = Codes::read(&split.files.codec, &split.files.codes, items as u32)?;
        let count = Catalogue::new(codes).partitions().map(|partitions| partitions.count());
        assert_eq!(count, Some(split.partitions.len() as u32));
        partitions.most_bytes = 9;
        let error = partitions.write(&written, &contents).err().context("too small for one product")?;
        assert!(error.to_string().contains("--code-bytes"), "{error}");
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
