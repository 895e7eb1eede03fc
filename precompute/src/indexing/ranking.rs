//! What a browser ranks by: codes, colours and attributes, in a file each or in partitions.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::attributes::{self, Attributes, MAX_ITEMS, PRODUCT, write_attributes_of_partition};
use lookalike::codes;
use lookalike::colour::{ColourCodes, Colours};
use lookalike::digest::Digest;
use lookalike::folder::{Columns, FileEntry, PartitionsEntry};
use lookalike::ivf::{FileKind, folder_of_layer};

use super::folder::{Contents, ToCode, write_file, write_named};
use super::partitions::{PartitionContents, Partitions, WrittenPartitions};
use super::space::Coordinates;

/// What was written.
pub struct RankingFiles {
    /// What codes are read by.
    pub codec: FileEntry,
    /// Quantised embeddings.
    pub codes: FileEntry,
    /// What rescoring reads.
    pub refinement: FileEntry,
    /// The products' colours.
    pub colours: FileEntry,
    /// What they are filtered by, if there is anything.
    pub attributes: Option<FileEntry>,
    /// What there is to filter by, if there is anything.
    pub columns: Option<FileEntry>,
    /// Where the partitions are, if there are any.
    pub partitions: Option<PartitionsEntry>,
    /// Lengths of what is in partitions.
    pub in_partitions: InPartitions,
}

/// Bytes of all partitions' files.
#[derive(Default)]
pub struct InPartitions {
    /// Codes, with the files of assignments.
    pub codes: u64,
    /// Refinement.
    pub refinement: u64,
    /// Colours.
    pub colours: u64,
    /// Attributes.
    pub attributes: u64,
}

/// Writes it to `folder`; says which columns cannot be filtered by.
///
/// # Errors
/// When an embedding cannot be read or a file not be written.
pub fn write(folder: &Path, contents: &Contents) -> anyhow::Result<RankingFiles> {
    let attributes = attributes(contents)?;
    let columns = columns(contents, attributes.as_deref())?;
    let columns =
        columns.map(|columns| write_named(folder, "columns", "json", &columns.write())).transpose()?;
    let files = match &contents.codes {
        ToCode::Whole(coordinates) => write_whole(folder, contents, coordinates, attributes)?,
        ToCode::Partitions(partitions, of_partitions) => {
            write_in_partitions(folder, contents, (partitions, of_partitions), attributes)?
        }
    };
    Ok(RankingFiles { columns, ..files })
}

fn write_whole(
    folder: &Path,
    contents: &Contents,
    coordinates: &Coordinates,
    attributes: Option<Vec<u8>>,
) -> anyhow::Result<RankingFiles> {
    let Coordinates { space, coefficients, lengths } = coordinates;
    let written = codes::write(space, coefficients, lengths, contents.code_bytes, contents.jobs);
    let colours: Vec<Colours> = contents.items.iter().map(|item| item.record.colours).collect();
    let colours = ColourCodes::write(&colours, contents.means, contents.colour);
    Ok(RankingFiles {
        codec: write_file(folder, "codec", &written.codec)?,
        codes: write_file(folder, "codes", &written.codes)?,
        refinement: write_file(folder, "refinement", &written.refinement)?,
        colours: write_file(folder, "colours", &colours)?,
        attributes: attributes.map(|bytes| write_file(folder, "attributes", &bytes)).transpose()?,
        columns: None,
        partitions: None,
        in_partitions: InPartitions::default(),
    })
}

fn write_in_partitions(
    folder: &Path,
    contents: &Contents,
    (partitions, of_partitions): (&Partitions, &PartitionContents),
    attributes: Option<Vec<u8>>,
) -> anyhow::Result<RankingFiles> {
    let unnamed = folder.join("partitions.unfinished");
    fs::create_dir_all(&unnamed)?;
    let WrittenPartitions { files, partitions, assignments, assignments_bytes, members } =
        partitions.write(&unnamed, of_partitions)?;
    let digests = partitions.iter().flat_map(|partition| partition.digests).chain(assignments);
    let path = format!("partitions-{}", Digest::of_set(digests).short());
    fs::rename(&unnamed, folder.join(&path))?;
    let bytes_of =
        |layer: usize| partitions.iter().map(|partition| u64::from(partition.bytes[layer])).sum::<u64>();
    let mut in_partitions = InPartitions {
        codes: assignments_bytes + bytes_of(0),
        refinement: bytes_of(1),
        ..InPartitions::default()
    };

    let colours_of = |members: &[u32]| {
        let colours: Vec<Colours> =
            members.iter().map(|item| of_partitions.items[*item as usize].colours).collect();
        ColourCodes::write_partition(&colours)
    };
    let head = |digests: &[Digest]| {
        ColourCodes::write_head(of_partitions.items.len(), digests, contents.means, contents.colour)
    };
    let (colours, bytes) = write_layer(folder, FileKind::Colours, &members, colours_of, head)?;
    in_partitions.colours = bytes;

    let mut entry = None;
    if let Some(bytes) = attributes {
        // Read back for what its columns are; a partition's file has the same.
        let items = u32::try_from(of_partitions.items.len())?;
        let whole = Attributes::read(&bytes, items)?;
        let products = product_numbers(contents);
        let attributes_of = |members: &[u32]| {
            let rows = members.iter().map(|item| row(contents, &products, *item as usize));
            write_attributes_of_partition(rows, whole.columns())
        };
        let head = |digests: &[Digest]| Attributes::write_head(items, whole.columns().len(), digests);
        let (attributes, bytes) = write_layer(folder, FileKind::Attributes, &members, attributes_of, head)?;
        in_partitions.attributes = bytes;
        entry = Some(attributes);
    }
    Ok(RankingFiles {
        codec: write_file(folder, "codec", &files.codec)?,
        codes: write_file(folder, "codes", &files.codes)?,
        refinement: write_file(folder, "refinement", &files.refinement)?,
        colours,
        attributes: entry,
        columns: None,
        partitions: Some(PartitionsEntry { path, count: u32::try_from(partitions.len())? }),
        in_partitions,
    })
}

/// Writes a file for the `members` of each partition, and the one that has their digests, after which their folder is named: what changes
/// in one layer leaves browsers the others. Gives the latter and the bytes of the former.
fn write_layer(
    folder: &Path,
    kind: FileKind,
    members: &[Vec<u32>],
    file_of: impl Fn(&[u32]) -> Vec<u8>,
    head: impl Fn(&[Digest]) -> Vec<u8>,
) -> anyhow::Result<(FileEntry, u64)> {
    let layer = if kind == FileKind::Colours { "colours" } else { "attributes" };
    let unnamed = folder.join(format!("{layer}.unfinished"));
    fs::create_dir_all(&unnamed)?;
    let (mut digests, mut bytes) = (Vec::new(), 0);
    for (partition, members) in (0..).zip(members) {
        let content = file_of(members);
        let name = kind.file_name(partition);
        fs::write(unnamed.join(&name), &content).with_context(|| format!("writing {layer}, {name}"))?;
        digests.push(Digest::of(&content));
        bytes += content.len() as u64;
    }
    let entry = write_file(folder, layer, &head(&digests))?;
    fs::rename(&unnamed, folder.join(folder_of_layer(&entry.path)))?;
    Ok((entry, bytes))
}

/// What products are filtered by, as a page's controls show it; `None` if there is nothing. `attributes` are those of all items.
fn columns(contents: &Contents, attributes: Option<&[u8]>) -> anyhow::Result<Option<Columns>> {
    let Some(attributes) = attributes else { return Ok(None) };
    if !contents.products.have_several_photos() {
        // Read back for what its columns are.
        return Ok(Some(Columns::of(&Attributes::read(attributes, u32::try_from(contents.items.len())?)?)));
    }
    // A product counts once, however many photos it has.
    let rows = contents.products.firsts().map(|item| row(contents, &[], item));
    let written = attributes::write_attributes(rows, contents.group.as_slice());
    let of_products = Attributes::read(&written.bytes, u32::try_from(contents.products.count())?)?;
    Ok((written.columns > 0).then(|| Columns::of(&of_products)))
}

/// Of each item the number of its product's first as text, if products have several photos.
fn product_numbers(contents: &Contents) -> Vec<String> {
    match contents.products.have_several_photos() {
        true => (0..contents.items.len()).map(|item| contents.products.first(item).to_string()).collect(),
        false => Vec::new(),
    }
}

/// What item number `item` is filtered and grouped by; `products` are [`product_numbers`].
fn row<'a>(
    contents: &'a Contents,
    products: &'a [String],
    item: usize,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let product = products.get(item).map(|number| (PRODUCT, number.as_str()));
    // The name is taken, whether products have several photos or not.
    contents.fields[item].comparable().filter(|(name, _)| *name != PRODUCT).chain(product)
}

/// The attributes file of all items; `None` where there is nothing to filter or group by.
///
/// # Errors
/// When products have more photos than can be grouped.
fn attributes(contents: &Contents) -> anyhow::Result<Option<Vec<u8>>> {
    if contents.items.len() > MAX_ITEMS as usize {
        ensure!(
            !contents.products.have_several_photos(),
            "there are {} photos of {} products, and {MAX_ITEMS} is the most: give a smaller --photos-per-product",
            contents.items.len(),
            contents.products.count()
        );
        eprintln!("note: products cannot be filtered: there are more than {MAX_ITEMS}");
        return Ok(None);
    }
    let products = product_numbers(contents);
    let rows = (0..contents.items.len()).map(|item| row(contents, &products, item));
    let written = attributes::write_attributes(rows, contents.group.as_slice());
    if contents.fields.iter().any(|fields| fields.column(PRODUCT).is_some()) {
        eprintln!("note: column {PRODUCT:?} cannot be filtered by: the name is taken; rename it");
    }
    for left_out in &written.left_out {
        eprintln!("note: {left_out}");
    }
    Ok((written.columns > 0).then_some(written.bytes))
}
