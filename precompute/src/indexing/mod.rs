//! `precompute build`: photos in, one static folder out. One file a stage:
//! catalogue -> [`embed`] or [`import`] (through the [`cache`]) -> [`vectors`] (through [`adaptation`]) -> [`partitions`] (of a large one) -> [`neighbours`] ->
//! [`folder`] -> `publish`.

pub mod adaptation;
mod blank;
mod bytes;
pub mod cache;
pub mod describe;
mod duplicates;
mod embed;
pub mod embeddings;
mod fingerprint;
mod folder;
pub mod fragments;
mod hosting;
mod import;
pub mod means;
pub mod neighbours;
pub mod partitions;
mod products;
mod ranking;
pub mod read_photo;
pub mod record_log;
pub mod space;
pub mod thumbnail;
mod vectors;

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::args::BuildArguments;
use crate::catalogue::{self, Described, ProductFields, ProductPhoto, Skipped, Unmatched};
use crate::fetch::Counts;
use crate::networks::{Networks, Opened, PhotoNetwork};
use crate::progress::Progress;
use crate::publish::Target;
use crate::workers::processors;
use crate::{interrupt, lock, widget};
use adaptation::Adapting;
use bytes::Bytes;
use cache::EmbeddingCache;
use embed::{Item, Outcome};
use fingerprint::Fingerprint;
use folder::ToCode;
use hosting::LargestFile;
use lookalike::attributes::{Attributes, Groups, MAX_ITEMS, write_attributes};
use lookalike::colour::Weight;
use lookalike::embedding::Metric;
use neighbours::{Neighbours, Wanted};
use partitions::{PartitionContents, Partitions};
use products::Products;
use record_log::Access;
use thumbnail::Thumbnails;
use vectors::{Source, Vectors};

/// Products whose neighbours are found exactly, at most; of more through the partitions.
const MOST_EXACT: usize = 200_000;

/// What `build --json` prints.
#[derive(Serialize)]
pub struct Report {
    /// Products.
    items: usize,
    /// Photos of products that are embedded.
    photos: usize,
    /// Photos beyond as many as are taken of each product.
    #[serde(skip_serializing_if = "is_zero")]
    further_photos: usize,
    /// Groups of variants; none where products are not grouped.
    groups: usize,
    /// What was fetched, if there is a feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<Counts>,
    /// Rows of the table and photos that have no counterpart.
    unmatched: Unmatched,
    /// Columns of the table that are on the cards and in the filters, where everybody can read them.
    published_columns: Vec<String>,
    skipped: Vec<Skipped>,
    embedded: usize,
    reused: usize,
    seconds: f64,
    images_per_second: f64,
    #[serde(flatten)]
    made: Made,
    /// Largest resident memory so far; only where the system tells (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_bytes: Option<u64>,
}

/// What is known of a folder once it is made.
#[derive(Clone, Serialize, Deserialize)]
pub struct Made {
    /// What was done about adaptation to the catalogue.
    adaptation: Adapting,
    /// The same of the network of the stored neighbours, if it is one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    neighbours_adaptation: Option<Adapting>,
    /// Ids of products whose photos look the same, together.
    duplicates: Vec<Vec<String>>,
    /// Partitions that the codes are cut into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partitions: Option<usize>,
    /// The share of the exact neighbours that the stored ones are, measured on some products; none where they are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    neighbours_recall: Option<f64>,
    bytes: Bytes,
    /// Files of the folder.
    files: usize,
    /// The largest of them.
    largest_file: LargestFile,
}

/// Runs `build`.
///
/// # Errors
/// When there is nothing to build from, the network cannot be had, or the folder cannot be written; a photo that
/// cannot be read is an error only with `--strict`.
pub fn run(arguments: &BuildArguments) -> anyhow::Result<()> {
    interrupt::install()?;
    let cache_folder = EmbeddingCache::folder_of(&arguments.out);
    let result = build(arguments, &cache_folder);
    result.map_err(|error| match disk_is_full(&error) {
        true => error.context(format!(
            "the disk is full: make room and run the same command again; the folder is as it was, and the embeddings \
             found so far are kept in {}",
            cache_folder.display()
        )),
        false => error,
    })
}

/// Whether an error comes from a disk without space, or from a quota.
fn disk_is_full(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

/// Bytes that a folder of `products` products has at least: network, widget, and of each product its neighbours, its code and
/// its refinement.
fn least_bytes(arguments: &BuildArguments, opened: &Opened, products: usize) -> u64 {
    let network = opened.network.description().parts.iter().map(|part| part.bytes).sum::<u64>();
    let widget = widget::files().iter().map(|file| file.content.len() as u64).sum::<u64>();
    let neighbours = u64::from(arguments.neighbours).min(products.saturating_sub(1) as u64);
    let each = neighbours * Metric::ALL.len() as u64 * 8 + 24;
    network + widget + products as u64 * each
}

fn build(arguments: &BuildArguments, cache_folder: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let target = Target::new(&arguments.out)?;
    let _lock = lock::write(cache_folder)?;
    target.recover()?;
    target.preflight()?;
    embeddings::remove_strays(cache_folder);
    let own: [&Path; 2] = [&arguments.out, cache_folder];
    let mut catalogue = catalogue::gather(&arguments.catalogue, &own, &cache_folder.join("photos"))?;
    let group = arguments.group.clone().or(catalogue.group.map(str::to_owned));
    let from_table = !arguments.catalogue.embeddings.is_empty();
    if from_table && !arguments.no_thumbnails {
        eprintln!(
            "note: embeddings come without photos, so there are no thumbnails; cards show --images or an image column"
        );
    }
    let no_thumbnails = arguments.no_thumbnails || from_table;
    let arguments = &BuildArguments { group, no_thumbnails, ..arguments.clone() };
    let networks = Networks::open(&arguments.networks, cache_folder)?;
    let opened = &networks.photo;
    if !opened.network.description().trained {
        eprintln!(
            "note: {} has random weights, not yet trained ones: neighbours show shape and colour rather than meaning",
            opened.network.description().name
        );
    }
    let photos = std::mem::take(&mut catalogue.photos);
    let count = photos.len();
    target.check_space(least_bytes(arguments, opened, count))?;
    let jobs = jobs(arguments);
    let mut thumbnails = match arguments.no_thumbnails {
        true => None,
        false => Some(Thumbnails::open(cache_folder)?),
    };
    let embedding = Instant::now();
    let open = |network: &PhotoNetwork| {
        let identity = network.identity();
        let mut cache = EmbeddingCache::open(cache_folder, identity, network.dims(), Access::Write)?;
        let own = fs::canonicalize(cache_folder).ok();
        let others = arguments.caches.iter().filter(|folder| fs::canonicalize(folder).ok() != own);
        others.into_iter().try_for_each(|folder| cache.merge(folder, identity))?;
        anyhow::Ok(cache)
    };
    let embed = |network: PhotoNetwork, products: Vec<ProductPhoto>, thumbnails: Option<&mut Thumbnails>| {
        let mut cache = open(&network)?;
        let progress = Progress::new("embedding", products.len() as u64);
        let (photos, limit) = (catalogue.folder.clone(), arguments.photo_timeout);
        let work = embed::Work { photos, products, contents: Vec::new(), network, jobs, limit };
        let outcome = embed::embed(work, &mut cache, thumbnails, &progress)?;
        progress.finish();
        anyhow::Ok((outcome, cache))
    };
    let (mut outcome, cache, own) = if from_table {
        let mut cache = open(&networks.of_photos())?;
        let mut own = networks.own().map(|network| open(&network)).transpose()?;
        let (outcome, own_outcome) =
            import::import(&arguments.catalogue, &networks, &mut cache, own.as_mut())?;
        target.check_space(least_bytes(arguments, opened, outcome.items.len()))?;
        let own = own.zip(own_outcome).map(|(cache, outcome)| OwnEmbeddings { outcome, cache });
        (outcome, cache, own)
    } else {
        let (outcome, cache) = embed(networks.of_photos(), photos, thumbnails.as_mut())?;
        (outcome, cache, None)
    };
    let own = match networks.own() {
        Some(network) if !from_table => {
            let photo = |item: &Item| {
                let Item { id, number, path, address, .. } = item.clone();
                ProductPhoto { id, number, path, address }
            };
            let (mut own, cache) = embed(network, outcome.items.iter().map(photo).collect(), None)?;
            outcome.keep_those_of(&mut own);
            Some(OwnEmbeddings { outcome: own, cache })
        }
        _ => own,
    };
    let embedding_seconds = embedding.elapsed().as_secs_f64();
    if !from_table
        && !outcome.skipped.is_empty()
        && let Err(error) = fs::read_dir(&catalogue.folder)
    {
        bail!(
            "{} can no longer be read ({error}), so {} photos are missing; the folder is as it was: run the same \
             command again once it can",
            catalogue.folder.display(),
            outcome.skipped.len()
        );
    }
    if outcome.items.is_empty() {
        let photos = if from_table { outcome.skipped.len() } else { count };
        bail!("none of the {photos} photos could be read; the first: {}", outcome.first_reason());
    }
    outcome.skipped.splice(0..0, std::mem::take(&mut catalogue.skipped));
    if arguments.strict && !outcome.skipped.is_empty() {
        list(&outcome.skipped);
        bail!(
            "{} photos could not be read, and --strict was given; the folder is as it was",
            outcome.skipped.len()
        );
    }

    let (fetched, further_photos) = (catalogue.fetched, catalogue.further_photos);
    let products = Products::of(&outcome.items);
    let ids: Vec<&str> = products.firsts().map(|item| outcome.items[item].id.as_str()).collect();
    let Described { fields, unmatched, published } =
        catalogue.describe(&ids, &arguments.catalogue, arguments.group.as_deref())?;
    let fields = products.spread(fields);
    let groups = groups(&fields, arguments.group.as_deref());
    let inputs_digest = fingerprint::inputs_digest(arguments, networks.identity(), &outcome.items, &fields)?;
    let made = match Fingerprint::of_same(inputs_digest, target.out(), cache_folder) {
        Some(fingerprint) => fingerprint.made,
        None => {
            let described = (&products, &fields[..]);
            let made = index(arguments, &target, &outcome, described, &cache, own.as_ref(), &networks)?;
            Fingerprint::write(inputs_digest, &made, target.out(), cache_folder)?;
            if let Some(thumbnails) = &thumbnails {
                thumbnails.remove_strays();
            }
            made
        }
    };

    let report = Report {
        items: products.count(),
        photos: outcome.items.len(),
        further_photos,
        groups,
        fetched,
        unmatched,
        published_columns: published,
        embedded: outcome.embedded,
        reused: outcome.items.len() - outcome.embedded,
        skipped: outcome.skipped,
        seconds: started.elapsed().as_secs_f64(),
        images_per_second: outcome.embedded as f64 / embedding_seconds.max(1e-9),
        made,
        peak_memory_bytes: peak_memory(),
    };
    list(&report.skipped);
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        report.print(&arguments.out);
    }
    Ok(())
}

/// What the network of the stored neighbours makes of the products, if it is one of its own.
struct OwnEmbeddings {
    outcome: Outcome,
    cache: EmbeddingCache,
}

/// Number of threads.
fn jobs(arguments: &BuildArguments) -> usize {
    arguments.jobs.map_or_else(processors, usize::from)
}

/// From embeddings to the folder.
fn index(
    arguments: &BuildArguments,
    target: &Target,
    outcome: &Outcome,
    (products, fields): (&Products, &[ProductFields]),
    cache: &EmbeddingCache,
    own: Option<&OwnEmbeddings>,
    networks: &Networks,
) -> anyhow::Result<Made> {
    let jobs = jobs(arguments);
    interrupt::check()?;
    let cache_folder = EmbeddingCache::folder_of(&arguments.out);
    let vectors = |cache, items, network: &PhotoNetwork, previous| {
        let source = Source { cache, items, network, previous, cache_folder: &cache_folder };
        Vectors::new(source, arguments.adapt, jobs)
    };
    let network = networks.of_photos();
    let previous = adaptation::of_folder(&arguments.out, network.identity());
    // What codes are of, and distances of shoppers' photos.
    let photos = vectors(cache, &outcome.items, &network, previous)?;
    let own = match (own, networks.own()) {
        (Some(OwnEmbeddings { outcome, cache }), Some(network)) => {
            let previous = adaptation::of_cache(&cache_folder, &network.identity().hex());
            Some(vectors(cache, &outcome.items, &network, previous)?)
        }
        _ => None,
    };
    interrupt::check()?;
    // What the stored neighbours are nearest by.
    let Vectors { embeddings, records, means, .. } = own.as_ref().unwrap_or(&photos);
    let weight = Weight::new(arguments.colour).context("--colour is from 0 (the network alone) to 1")?;
    let blends = Metric::ALL.map(|metric| means.blend(weight, metric));
    let code_bytes = f64::from(arguments.code_bytes);
    let in_partitions = match arguments.partitions.of(records.len()) {
        Some(count) => {
            let (space, lengths) = space::space(&photos.embeddings, &photos.records)?;
            let partitions =
                Partitions::cut(&photos.embeddings, &photos.records, &space, count, code_bytes, jobs)?;
            Some((partitions, space, lengths))
        }
        None => None,
    };
    let own_partitions = match (&own, &in_partitions) {
        (Some(own), Some((partitions, ..))) if own.records.len() > MOST_EXACT => {
            let (space, _) = space::space(&own.embeddings, &own.records)?;
            Some(Partitions::cut(
                &own.embeddings,
                &own.records,
                &space,
                partitions.members.len(),
                code_bytes,
                jobs,
            )?)
        }
        _ => None,
    };
    let through = own_partitions.as_ref().or(in_partitions.as_ref().map(|(partitions, ..)| partitions));
    let through = through.filter(|_| records.len() > MOST_EXACT);
    let nearest = |groups: Option<&Groups>| -> anyhow::Result<(Neighbours, Option<f64>)> {
        let progress = Progress::new("neighbours", outcome.items.len() as u64);
        let wanted = Wanted {
            each: arguments.neighbours as usize,
            may: &|_item, _neighbour| true,
            blends: (arguments.colour > 0.0).then_some(blends),
            groups,
        };
        let found = match through {
            Some(partitions) => {
                neighbours::find_in_partitions(embeddings, records, partitions, &wanted, jobs, &progress)?
            }
            None => neighbours::find(embeddings, records, &wanted, jobs, &progress)?,
        };
        progress.finish();
        interrupt::check()?;
        let recall = through.map(|_| neighbours::recall(embeddings, records, &found, &wanted, jobs));
        Ok((found, recall.transpose()?))
    };
    let variants = arguments.group.as_deref().map(|column| variants(fields, column)).transpose()?;
    let variants = products.grouped(variants);
    let (mut neighbours, mut neighbours_recall) = nearest(variants.as_ref())?;
    let duplicates =
        duplicates::find(embeddings, &outcome.items, records, &neighbours, means, arguments.colour > 0.0)?;
    if arguments.fold_duplicates && !duplicates.is_empty() {
        let groups = duplicates::folded(variants.as_ref(), &duplicates, outcome.items.len());
        (neighbours, neighbours_recall) = nearest(Some(&groups))?;
    }
    let thumbnails = cache_folder.join("thumbnails");
    let bytes = folder::write(&folder::Contents {
        out: &arguments.out,
        target,
        publish: &arguments.publish,
        items: &outcome.items,
        products,
        fields,
        neighbours: &neighbours,
        neighbours_recall,
        neighbours_network: own.as_ref().and_then(|own| networks.own_entry(own.adaptation.is_some())),
        adaptation: photos.adaptation.as_ref(),
        codes: match &in_partitions {
            Some((partitions, space, lengths)) => {
                let (embeddings, items) = (&photos.embeddings, &photos.records);
                ToCode::Partitions(
                    partitions,
                    PartitionContents { embeddings, items, space, lengths, code_bytes, jobs },
                )
            }
            None => ToCode::Whole(space::coordinates(&photos.embeddings, &photos.records)?),
        },
        code_bytes,
        max_files: arguments.max_files,
        jobs,
        means: &photos.means,
        colour: arguments.colour,
        network: &networks.photo,
        thumbnails: (!arguments.no_thumbnails).then_some(thumbnails),
        images: arguments.images.as_deref(),
        fragments: arguments.fragments.as_deref(),
        group: arguments.group.as_deref(),
    })
    .with_context(|| format!("writing {}", arguments.out.display()))?;
    if let (Some(Vectors { adaptation: Some(adaptation), .. }), Some(network)) = (&own, networks.own()) {
        let path = adaptation::kept_path(&cache_folder, &network.identity().hex());
        fs::write(&path, adaptation.write()).with_context(|| format!("writing {}", path.display()))?;
    }
    let (files, largest_file) = hosting::files(&arguments.out)?;
    // Photos of one product may look the same.
    let ids = |set: Vec<usize>| {
        let mut ids: Vec<String> = set.into_iter().map(|item| outcome.items[item].id.clone()).collect();
        ids.dedup();
        Some(ids).filter(|ids| ids.len() > 1)
    };
    Ok(Made {
        adaptation: photos.adapting,
        neighbours_adaptation: own.map(|own| own.adapting),
        duplicates: duplicates.into_iter().filter_map(ids).collect(),
        partitions: in_partitions.map(|(partitions, ..)| partitions.members.len()),
        neighbours_recall,
        bytes,
        files,
        largest_file,
    })
}

/// How many groups of variants there are by `column`.
fn groups(fields: &[ProductFields], column: Option<&str>) -> usize {
    let of = |fields| ProductFields::column(fields, column?);
    fields.iter().filter_map(of).collect::<HashSet<&str>>().len()
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Which products are variants of one by `column`, as `query --group` has it.
fn variants(fields: &[ProductFields], column: &str) -> anyhow::Result<Groups> {
    ensure!(fields.len() <= MAX_ITEMS as usize, "--group is for at most {MAX_ITEMS} products");
    let rows = fields.iter().map(|fields| fields.column(column).map(|text| (column, text)));
    let written = write_attributes(rows, &[column]);
    if let Some(left_out) = written.left_out.first() {
        bail!("--group: {left_out}");
    }
    ensure!(written.columns > 0, "--group: no product has a value in a column {column} of --items");
    let read = Attributes::read(&written.bytes, fields.len() as u32).context("--group")?;
    Ok(read.column(column).context("--group")?.groups())
}

/// The high-water mark of resident memory (proc(5), VmHWM).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kilobytes.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn list(skipped: &[Skipped]) {
    for photo in skipped {
        eprintln!("skipped {}: {}", photo.file, photo.reason);
    }
}

impl Report {
    fn print(&self, out: &Path) {
        let Report { items, photos, skipped, embedded, reused, seconds, images_per_second, made, .. } = self;
        let published = &self.published_columns;
        let Made {
            adaptation, neighbours_adaptation, duplicates, partitions, neighbours_recall, bytes, ..
        } = made;
        let several = if photos > items { format!(", {photos} photos,") } else { String::new() };
        println!("{}: {items} products{several} in {seconds:.1} s", out.display());
        if self.groups > 0 {
            println!("  {} groups of variants", self.groups);
        }
        if *embedded > 0 {
            println!(
                "  {embedded} embedded ({images_per_second:.1} a second), {reused} reused, {} skipped",
                skipped.len()
            );
        } else {
            println!("  nothing new to embed, {reused} reused, {} skipped", skipped.len());
        }
        println!("  {}", adaptation.line());
        if let Some(adaptation) = neighbours_adaptation {
            println!("  the network of the stored neighbours: {}", adaptation.line());
        }
        if !published.is_empty() {
            println!("  published columns: {}", published.join(", "));
        }
        let copies: usize = duplicates.iter().map(|set| set.len() - 1).sum();
        if copies > 0 {
            println!(
                "  {copies} look the same as another (--json lists them, --fold-duplicates shows each once)"
            );
        }
        if let Some(partitions) = partitions {
            println!("  codes in {partitions} partitions");
        }
        if let Some(recall) = neighbours_recall {
            println!(
                "  neighbours found through the partitions: {recall:.4} of the exact ones, measured on some products"
            );
        }
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "  {:.2} MB: neighbours {:.2}, adaptation {:.2}, codec {:.2}, codes {:.2}, refinement {:.2}, colours {:.2}, attributes {:.2}, cards {:.2}, thumbnails {:.2}, network {:.2}, widget {:.2}",
            megabytes(bytes.total),
            megabytes(bytes.neighbours),
            megabytes(bytes.adaptation),
            megabytes(bytes.codec),
            megabytes(bytes.codes),
            megabytes(bytes.refinement),
            megabytes(bytes.colours),
            megabytes(bytes.attributes),
            megabytes(bytes.items),
            megabytes(bytes.thumbnails),
            megabytes(bytes.model),
            megabytes(bytes.runtime),
        );
        println!(
            "  {} files, the largest of {:.2} MB ({})",
            made.files,
            megabytes(made.largest_file.bytes),
            made.largest_file.path
        );
        for note in hosting::notes(made.files, &made.largest_file) {
            println!("  note: {note}");
        }
    }
}
