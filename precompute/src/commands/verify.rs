//! `precompute verify`: every file of a folder against the manifest and each other.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use lookalike::digest::Digest;
use lookalike::folder::{Manifest, shard_of};
use lookalike::ivf::{FileKind, ITEMS_PER_ASSIGNMENTS, Partitions, write_assignments};
use lookalike::search::Catalogue;

use crate::args::VerifyArguments;
use crate::folder_reader::Folder;
use crate::indexing::fragments;
use crate::networks::Opened;
use crate::publish::{Listed, read_list};
use crate::widget;

/// Checks the folder whole.
///
/// # Errors
/// If a file is missing, damaged or contradicts another; the message has its name.
pub fn run(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let manifest = &folder.manifest;
    check_digests(&arguments.dir)?;
    let cards = check_cards(&folder)?;
    check_neighbours(&folder, &cards)?;
    check_fragments(&folder)?;
    let mut catalogue = folder.catalogue(true)?;
    folder.give_colours(&mut catalogue)?;
    folder.give_attributes(&mut catalogue)?;
    check_partitions(&folder, &mut catalogue)?;
    let opened = folder.network()?;
    let dims = match (folder.adaptation()?, &manifest.adaptation) {
        (Some(adaptation), Some(entry)) => {
            adaptation.of_network(opened.network.dims()).with_context(|| entry.path.clone())?.axes()
        }
        _ => opened.network.dims(),
    };
    let codes = catalogue.codes();
    ensure!(
        codes.dims() == dims,
        "{} has {} dimensions, the embeddings that it is made of {dims}",
        manifest.codec.path,
        codes.dims(),
    );
    let files = [&manifest.codec, &manifest.codes, &manifest.refinement, &manifest.colours];
    for entry in files.into_iter().chain(&manifest.attributes).chain(&manifest.adaptation) {
        let bytes = folder.read(&entry.path)?.len() as u64;
        ensure!(entry.bytes == bytes, "manifest.json: {} has another length", entry.path);
    }
    check_network(&folder, &opened)?;
    if let Some(widget) = &manifest.widget {
        let mut files = Vec::new();
        list(&folder.path(&widget.path), "", &mut files)?;
        files.sort();
        check_set(&folder, &widget.path, &files)?;
        for (name, entry) in widget::entries(&widget.path) {
            ensure!(folder.read(name)? == entry.as_bytes(), "{name} has changed");
        }
    }
    let products = manifest.product_count();
    println!("{}: {products} products, every file is as it was written", arguments.dir.display());
    Ok(())
}

/// Names of damaged files that an error tells.
const MOST_TOLD: usize = 20;

/// Compares every file with the digest that was written down when the folder was made. A folder made before there was such a
/// list is checked by what follows alone.
fn check_digests(folder: &Path) -> anyhow::Result<()> {
    let Some(list) = read_list(folder)? else { return Ok(()) };
    let mut wrong = Vec::new();
    for Listed { path, digest } in &list {
        match fs::read(folder.join(path)) {
            Ok(content) if Digest::of(&content) == *digest => {}
            Ok(_) => wrong.push(format!("{path} is damaged")),
            Err(error) => wrong.push(format!("{path} cannot be read: {error}")),
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let more = wrong.len().saturating_sub(MOST_TOLD);
    wrong.truncate(MOST_TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    bail!("{}{more}; upload the folder again, or build it again", wrong.join("; "))
}

/// Checks what the manifest repeats of the network, so that a page can say it before the network is loaded.
fn check_network(folder: &Folder, opened: &Opened) -> anyhow::Result<()> {
    let (entry, description) = (&folder.manifest.network, opened.network.description());
    let bytes = opened.text.len() as u64 + description.parts.iter().map(|part| part.bytes).sum::<u64>();
    let repeated =
        (entry.bytes, &entry.name, entry.trained) == (bytes, &description.name, description.trained);
    ensure!(repeated, "manifest.json: says of {} what its network.json does not", entry.path);
    Ok(())
}

/// Every product is in one partition, the one that its file of assignments says.
fn check_partitions(folder: &Folder, catalogue: &mut Catalogue) -> anyhow::Result<()> {
    const LAYERS: [FileKind; 4] =
        [FileKind::Codes, FileKind::Refinement, FileKind::Colours, FileKind::Attributes];
    let count = catalogue.partitions().map_or(0, Partitions::count);
    let Some(entry) = &folder.manifest.partitions else {
        ensure!(count == 0, "manifest.json: names no partitions, but the codes are in some");
        return Ok(());
    };
    ensure!(
        entry.count == count,
        "manifest.json: {} holds {count} partitions, not {}",
        entry.path,
        entry.count
    );
    let mut partition_of = vec![None; catalogue.items()];
    for partition in 0..count {
        catalogue.evict();
        folder.load_partition(catalogue, partition, &LAYERS)?;
        let items = catalogue.partitions().map_or(Vec::new(), |partitions| partitions.items_of(&[partition]));
        for item in items {
            let before = partition_of[item as usize].replace(partition);
            let name = FileKind::Codes.file_name(partition);
            ensure!(before.is_none(), "{}/{name}: has item {item} too", entry.path);
        }
    }
    catalogue.evict();
    let files = partition_of.len().div_ceil(ITEMS_PER_ASSIGNMENTS) as u32;
    let names: Vec<String> = (0..count)
        .flat_map(|partition| [FileKind::Codes, FileKind::Refinement].map(|kind| kind.file_name(partition)))
        .chain((0..files).map(|number| FileKind::Assignments.file_name(number)))
        .collect();
    check_set(folder, &entry.path, &names)?;
    for (number, partitions) in (0..).zip(partition_of.chunks(ITEMS_PER_ASSIGNMENTS)) {
        let file = format!("{}/{}", entry.path, FileKind::Assignments.file_name(number));
        let partitions: Vec<u32> = partitions.iter().map(|partition| partition.unwrap_or(u32::MAX)).collect();
        ensure!(
            folder.read(&file)? == write_assignments(&partitions),
            "{file}: says otherwise than the partitions"
        );
    }
    Ok(())
}

/// Ids in item order.
fn check_cards(folder: &Folder) -> anyhow::Result<Vec<String>> {
    let entry = &folder.manifest.cards;
    let names: Vec<String> = (0..entry.shards).map(|shard| format!("{shard}.json")).collect();
    check_set(folder, &entry.path, &names)?;
    let mut ids = Vec::new();
    for shard in 0..entry.shards {
        let cards = folder.cards(shard)?;
        let full = cards.len() == entry.per_shard as usize;
        let last = shard + 1 == entry.shards && cards.len() < entry.per_shard as usize;
        ensure!(full || last, "{}/{shard}.json holds {} cards", entry.path, cards.len());
        for card in cards {
            if let Some(thumbnail) = &card.thumbnail {
                let bytes = folder.read(thumbnail)?;
                let whole = bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]);
                ensure!(whole, "{thumbnail} is no whole JPEG");
            }
            ids.push(card.id);
        }
    }
    ensure!(ids.len() == folder.manifest.items as usize, "{} holds {} cards", entry.path, ids.len());
    ensure!(ids.is_sorted(), "{} is not in order of ids", entry.path);
    let products = ids.chunk_by(|one, other| one == other).count();
    ensure!(
        products == folder.manifest.product_count() as usize,
        "{} has cards of {products} products, manifest.json says {}",
        entry.path,
        folder.manifest.product_count()
    );
    Ok(ids)
}

fn check_neighbours(folder: &Folder, ids: &[String]) -> anyhow::Result<()> {
    let entry = &folder.manifest.neighbours;
    let names: Vec<String> = (0..entry.shards).map(|shard| format!("{shard}.bin")).collect();
    check_set(folder, &entry.path, &names)?;
    let mut products = 0;
    for shard in 0..entry.shards {
        for row in folder.neighbours(shard)?.rows {
            let place = format!("{}/{shard}.bin, product {}", entry.path, row.id);
            let item = row.item as usize;
            let is_first = ids.get(item) == Some(&row.id) && (item == 0 || ids[item - 1] != row.id);
            ensure!(is_first, "{place}: the cards call item {item} otherwise");
            ensure!(shard_of(&row.id, entry.shards) == shard, "{place}: belongs in another shard");
            ensure!(row.neighbours.len() == folder.manifest.metrics.len(), "{place}: has other metrics");
            for list in &row.neighbours {
                ensure!(list.len() == entry.each as usize, "{place}: has {} neighbours", list.len());
                let nearest_first = list.is_sorted_by(|a, b| a.distance <= b.distance);
                ensure!(nearest_first, "{place}: neighbours are out of order");
                ensure!(list.iter().all(|near| near.item != row.item), "{place}: is its own neighbour");
            }
            products += 1;
        }
    }
    let all = folder.manifest.product_count();
    ensure!(products == all, "{} holds {products} of {all} products", entry.path);
    Ok(())
}

/// Checks, where there are fragments, that each is what the cards and the neighbours make of it. Where pages see the folder
/// stands in the fragments alone, so it is read off the first and is to be the same in all.
fn check_fragments(folder: &Folder) -> anyhow::Result<()> {
    let place = folder.path(fragments::FOLDER);
    if !place.exists() {
        return Ok(());
    }
    let Manifest { cards, neighbours, .. } = &folder.manifest;
    let shards = (0..cards.shards).map(|shard| folder.cards(shard));
    let cards = shards.collect::<anyhow::Result<Vec<_>>>()?.concat();
    let mut base = None;
    for shard in 0..neighbours.shards {
        for row in folder.neighbours(shard)?.rows {
            let path = format!("{}/{}", fragments::FOLDER, fragments::name(&row.id));
            let text = folder.read(&path)?;
            let base = base.get_or_insert_with(|| fragments::base_of(&String::from_utf8_lossy(&text)));
            let nearest = row.neighbours.first().into_iter().flatten();
            let nearest = nearest.filter_map(|near| cards.get(near.item as usize).cloned());
            let want = fragments::fragment(nearest, base.as_deref().unwrap_or_default());
            ensure!(
                text == want.as_bytes(),
                "{path} has changed since it was written; build or upload it again"
            );
        }
    }
    let mut names = Vec::new();
    list(&place, "", &mut names)?;
    ensure!(
        names.len() == folder.manifest.product_count() as usize,
        "{} holds {} files",
        place.display(),
        names.len()
    );
    Ok(())
}

/// Checks a set's name against the digests of its files.
fn check_set(folder: &Folder, path: &str, names: &[String]) -> anyhow::Result<()> {
    let digests = names.iter().map(|name| Ok(Digest::of(&folder.read(&format!("{path}/{name}"))?)));
    let digest = Digest::of_set(digests.collect::<anyhow::Result<Vec<_>>>()?).short();
    if !path.ends_with(&format!("-{digest}")) {
        bail!("{path}: a file in it has changed since it was written; build or upload it again");
    }
    Ok(())
}

fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}
