//! `precompute build`: photos in, one static folder out. One file a stage:
//! catalogue -> [`embed`] (through the [`cache`]) -> [`adaptation`] -> [`cells`] (of a large one) -> [`neighbours`] ->
//! [`folder`].

pub mod adaptation;
mod bytes;
pub mod cache;
pub mod cells;
mod duplicates;
mod embed;
pub mod embeddings;
mod folder;
pub mod fragments;
mod hosting;
pub mod means;
pub mod neighbours;
mod place;
mod ranking;
pub mod space;
mod stamp;
pub mod thumbnail;

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::args::BuildArguments;
use crate::catalogue::{self, Described, ProductFields, Skipped, Unmatched};
use crate::fetch::Counts;
use crate::networks::{self, Opened};
use crate::progress::Progress;
use crate::workers::processors;
use adaptation::Adapting;
use bytes::Bytes;
use cache::EmbeddingCache;
use cells::{CellContents, Cells};
use embed::Outcome;
use embeddings::Embeddings;
use folder::ToCode;
use hosting::LargestFile;
use lookalike::attributes::{Attributes, Groups, MAX_ITEMS, write_attributes};
use lookalike::colour::Weight;
use lookalike::embedding::Metric;
use neighbours::{Neighbours, Wanted};
use stamp::Stamp;

/// Products whose neighbours are found exactly, at most; of more through the cells.
const MOST_EXACT: usize = 200_000;

/// What `build --json` prints.
#[derive(Serialize)]
pub struct Report {
    items: usize,
    /// Photos that are embedded, one a product.
    photos: usize,
    /// Photos of products beside those, which the feed names and which are not embedded.
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
    /// Files of the folder.
    files: usize,
    /// The largest of them.
    largest_file: LargestFile,
    /// Largest resident memory so far; only where the system tells (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_bytes: Option<u64>,
}

/// What is known of a folder once it is made.
#[derive(Clone, Serialize, Deserialize)]
pub struct Made {
    /// What was done about adaptation to the catalogue.
    adaptation: Adapting,
    /// Ids of products whose photos look the same, together.
    duplicates: Vec<Vec<String>>,
    /// Cells that the codes are cut into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cells: Option<usize>,
    /// The share of the exact neighbours that the stored ones are, measured on some products; none where they are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    neighbours_recall: Option<f64>,
    bytes: Bytes,
}

/// Runs `build`.
///
/// # Errors
/// When there is nothing to build from, the network cannot be had, or the folder cannot be written; a photo that
/// cannot be read is an error only with `--strict`.
pub fn run(arguments: &BuildArguments) -> anyhow::Result<()> {
    let started = Instant::now();
    place::check_target(&arguments.out)?;
    let cache_folder = EmbeddingCache::folder_of(&arguments.out);
    let own: [&Path; 2] = [&arguments.out, &cache_folder];
    let mut catalogue = catalogue::gather(&arguments.catalogue, &own, &cache_folder.join("photos"))?;
    let group = arguments.group.clone().or(catalogue.group.map(str::to_owned));
    let arguments = &BuildArguments { group, ..arguments.clone() };
    let _lock = cache::lock(&cache_folder)?;
    place::restore(&arguments.out)?;
    let opened = networks::open(&arguments.model, &cache_folder)?;
    if !opened.network.description().trained {
        eprintln!(
            "note: {} has random weights, not yet trained ones: neighbours show shape and colour rather than meaning",
            opened.network.description().name
        );
    }
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let mut cache = EmbeddingCache::open(&cache_folder, opened.network.identity(), opened.network.dims())?;

    let progress = Progress::new("embedding", catalogue.products.len() as u64);
    let embedding = Instant::now();
    let mut outcome = embed::embed(
        &embed::Work {
            photos: &catalogue.folder,
            products: &catalogue.products,
            network: &opened.network,
            thumbnails: (!arguments.no_thumbnails).then(|| cache_folder.join("thumbnails")),
            jobs,
        },
        &mut cache,
        &progress,
    )?;
    progress.finish();
    let embedding_seconds = embedding.elapsed().as_secs_f64();
    if outcome.items.is_empty() {
        bail!(
            "none of the {} photos could be read; the first: {}",
            catalogue.products.len(),
            outcome.first_reason()
        );
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
    let ids: Vec<&str> = outcome.items.iter().map(|item| item.id.as_str()).collect();
    let Described { fields, unmatched, published } =
        catalogue.describe(&ids, &arguments.catalogue, arguments.group.as_deref())?;
    let groups = groups(&fields, arguments.group.as_deref());
    let made_of = stamp::made_of(arguments, opened.network.identity(), &outcome.items, &fields)?;
    let made = match Stamp::of_same(made_of, &arguments.out, &cache_folder) {
        Some(stamp) => stamp.made,
        None => {
            let made = index(arguments, &outcome, &fields, &cache, &opened, jobs)?;
            Stamp::write(made_of, &made, &arguments.out, &cache_folder)?;
            made
        }
    };

    let (files, largest_file) = hosting::files(&arguments.out)?;
    let report = Report {
        items: outcome.items.len(),
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
        files,
        largest_file,
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

/// From embeddings to the folder.
fn index(
    arguments: &BuildArguments,
    outcome: &Outcome,
    fields: &[ProductFields],
    cache: &EmbeddingCache,
    opened: &Opened,
    jobs: usize,
) -> anyhow::Result<Made> {
    let network = outcome.items.iter().map(|item| item.record).collect::<Vec<_>>();
    let (adaptation, adapting) =
        adaptation::choose(arguments.adapt, &arguments.out, &opened.network, cache, &outcome.items, jobs)?;
    // From here on distances are between these.
    let (embeddings, records) = match &adaptation {
        Some(adaptation) => {
            let folder = EmbeddingCache::folder_of(&arguments.out);
            Embeddings::adapted(&folder, &cache.embeddings(), &network, adaptation, jobs)?
        }
        None => (cache.embeddings(), network),
    };
    let embeddings = &embeddings;
    let means = means::means(embeddings, &records)?;
    let weight = Weight::new(arguments.colour).context("--colour is from 0 (the network alone) to 1")?;
    let blends = Metric::ALL.map(|metric| means.blend(weight, metric));
    let code_bytes = f64::from(arguments.code_bytes);
    let in_cells = match arguments.cells.of(records.len()) {
        Some(count) => {
            let (space, lengths) = space::space(embeddings, &records)?;
            let cells = Cells::cut(embeddings, &records, &space, count, code_bytes, jobs)?;
            Some((cells, space, lengths))
        }
        None => None,
    };
    let through = in_cells.as_ref().map(|(cells, ..)| cells).filter(|_| records.len() > MOST_EXACT);
    let nearest = |groups: Option<&Groups>| -> anyhow::Result<(Neighbours, Option<f64>)> {
        let progress = Progress::new("neighbours", outcome.items.len() as u64);
        let wanted = Wanted {
            each: arguments.neighbours as usize,
            may: &|_item, _neighbour| true,
            blends: (arguments.colour > 0.0).then_some(blends),
            groups,
        };
        let found = match through {
            Some(cells) => neighbours::find_in_cells(embeddings, &records, cells, &wanted, jobs, &progress)?,
            None => neighbours::find(embeddings, &records, &wanted, jobs, &progress)?,
        };
        progress.finish();
        let recall = through.map(|_| neighbours::recall(embeddings, &records, &found, &wanted, jobs));
        Ok((found, recall.transpose()?))
    };
    let variants = arguments.group.as_deref().map(|column| variants(fields, column)).transpose()?;
    let (mut neighbours, mut neighbours_recall) = nearest(variants.as_ref())?;
    let duplicates =
        duplicates::find(embeddings, &outcome.items, &records, &neighbours, &means, arguments.colour > 0.0)?;
    if arguments.fold_duplicates && !duplicates.is_empty() {
        let groups = duplicates::folded(variants.as_ref(), &duplicates, outcome.items.len());
        (neighbours, neighbours_recall) = nearest(Some(&groups))?;
    }
    let thumbnails = EmbeddingCache::folder_of(&arguments.out).join("thumbnails");
    let bytes = folder::write(&folder::Contents {
        out: &arguments.out,
        items: &outcome.items,
        fields,
        neighbours: &neighbours,
        neighbours_recall,
        adaptation: adaptation.as_ref(),
        codes: match &in_cells {
            Some((cells, space, lengths)) => {
                let items = &records;
                ToCode::Cells(cells, CellContents { embeddings, items, space, lengths, code_bytes, jobs })
            }
            None => ToCode::Whole(space::coordinates(embeddings, &records)?),
        },
        code_bytes,
        jobs,
        means: &means,
        colour: arguments.colour,
        network: opened,
        thumbnails: (!arguments.no_thumbnails).then_some(thumbnails),
        images: arguments.images.as_deref(),
        fragments: arguments.fragments.as_deref(),
        group: arguments.group.as_deref(),
    })
    .with_context(|| format!("writing {}", arguments.out.display()))?;
    let ids = |set: Vec<usize>| set.into_iter().map(|item| outcome.items[item].id.clone()).collect();
    Ok(Made {
        adaptation: adapting,
        duplicates: duplicates.into_iter().map(ids).collect(),
        cells: in_cells.map(|(cells, ..)| cells.members.len()),
        neighbours_recall,
        bytes,
    })
}

/// How many groups of variants there are by `column`.
fn groups(fields: &[ProductFields], column: Option<&str>) -> usize {
    let of = |fields| Some(ProductFields::column(fields, column?)?);
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
        let Report { items, skipped, embedded, reused, seconds, images_per_second, made, .. } = self;
        let published = &self.published_columns;
        let Made { adaptation, duplicates, cells, neighbours_recall, bytes } = made;
        println!("{}: {items} products in {seconds:.1} s", out.display());
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
        if !published.is_empty() {
            println!("  published columns: {}", published.join(", "));
        }
        let copies: usize = duplicates.iter().map(|set| set.len() - 1).sum();
        if copies > 0 {
            println!(
                "  {copies} look the same as another (--json lists them, --fold-duplicates shows each once)"
            );
        }
        if let Some(cells) = cells {
            println!("  codes in {cells} cells");
        }
        if let Some(recall) = neighbours_recall {
            println!(
                "  neighbours found through the cells: {recall:.4} of the exact ones, measured on some products"
            );
        }
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "  {:.2} MB: neighbours {:.2}, adaptation {:.2}, codebook {:.2}, codes {:.2}, refinement {:.2}, colours {:.2}, attributes {:.2}, cards {:.2}, thumbnails {:.2}, network {:.2}, widget {:.2}",
            megabytes(bytes.total),
            megabytes(bytes.neighbours),
            megabytes(bytes.adaptation),
            megabytes(bytes.codebook),
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
            self.files,
            megabytes(self.largest_file.bytes),
            self.largest_file.path
        );
        for note in hosting::notes(self.files, &self.largest_file) {
            println!("  note: {note}");
        }
    }
}
