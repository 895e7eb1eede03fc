//! `precompute eval`: how good a folder's neighbours are, by labels that are known, and how much the codes lose.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, bail, ensure};
use lookalike::attributes::Attributes;
use lookalike::codes::Codes;
use lookalike::embedding::Metric;
use lookalike::rank::Question;
use lookalike::rules::{Chooser, Rules};
use serde::Serialize;

use crate::args::{EvalArguments, TableColumn};
use crate::build::neighbours::{self, Neighbours, Wanted};
use crate::build::processors;
use crate::catalogue::{ProductFields, read_table};
use crate::folder_reader::Folder;
use crate::progress::Progress;
use crate::stored_embeddings::StoredEmbeddings;

/// How many of the nearest precision looks at.
const DEPTHS: [usize; 3] = [1, 5, 10];
/// How many of the nearest recall looks at.
const RECALL_DEPTH: usize = 10;

#[derive(Serialize)]
struct Report {
    items: usize,
    /// By metric and depth.
    precision: BTreeMap<&'static str, BTreeMap<usize, f64>>,
    /// By metric: by the codes alone, as an upload is ranked at first.
    recall_at_10: BTreeMap<&'static str, f64>,
    /// By metric: with the refinement.
    refined_recall_at_10: BTreeMap<&'static str, f64>,
    /// Of the codes.
    bytes_per_item: f64,
    /// Of the refinement.
    refinement_bytes_per_item: f64,
    /// Of what codes are read by: the same for any number of products.
    codebook_bytes: u64,
}

/// Prints the figures.
///
/// # Errors
/// When the folder, its cache or the table cannot be read, or no product has a label.
pub fn run(arguments: &EvalArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let (codes, refined) = (folder.codes()?, folder.refined_codes()?);
    let stored = StoredEmbeddings::open(&folder, &arguments.dir)?;
    let TableColumn { file, column } = &arguments.labels;
    let table = read_table(file)?;
    let labels = numbered(&stored.ids, &table, column);
    if labels.iter().all(Option::is_none) {
        bail!("no product of the folder has a value in the column {column} of {}", file.display());
    }
    let groups = arguments.group.as_ref().map(|group| numbered(&stored.ids, &table, group));
    if let (Some(groups), Some(column)) = (&groups, &arguments.group) {
        ensure!(
            groups.iter().any(Option::is_some),
            "no product of the folder has a value in the column {column} of {}",
            file.display()
        );
    }

    let jobs = processors();
    let nearest = |stage, each, may: &(dyn Fn(usize, usize) -> bool + Sync)| {
        let progress = Progress::new(stage, stored.records.len() as u64);
        let wanted = Wanted { each, may, blends: None };
        let found = neighbours::find(&stored.cache, &stored.records, &wanted, jobs, &progress);
        progress.finish();
        found
    };
    let deepest = DEPTHS.into_iter().max().unwrap_or(1).max(RECALL_DEPTH);
    let exact = nearest("neighbours", deepest, &|_, _| true)?;
    let of_other_groups = match &groups {
        Some(groups) => {
            let may = |item: usize, other: usize| groups[item].is_none() || groups[item] != groups[other];
            Some(nearest("groups", deepest, &may)?)
        }
        None => None,
    };
    let report = Report {
        items: stored.ids.len(),
        precision: precision(of_other_groups.as_ref().unwrap_or(&exact), &labels),
        recall_at_10: recall(&codes, &stored, &exact, jobs)?,
        refined_recall_at_10: recall(&refined, &stored, &exact, jobs)?,
        bytes_per_item: folder.manifest.codes.bytes as f64 / stored.ids.len() as f64,
        refinement_bytes_per_item: folder.manifest.refinement.bytes as f64 / stored.ids.len() as f64,
        codebook_bytes: folder.manifest.codebook.bytes,
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

impl Report {
    fn print(&self) {
        println!(
            "{} products; codes {:.1} bytes each, refinement {:.1}, codebook {} altogether",
            self.items, self.bytes_per_item, self.refinement_bytes_per_item, self.codebook_bytes
        );
        print!("{:<11}", "");
        DEPTHS.iter().for_each(|depth| print!("{:>15}", format!("precision@{depth}")));
        println!("{:>15}{:>15}", format!("recall@{RECALL_DEPTH}"), "refined");
        for metric in Metric::ALL.map(Metric::name) {
            print!("{metric:<11}");
            self.precision[metric].values().for_each(|share| print!("{share:>15.4}"));
            println!("{:>15.4}{:>15.4}", self.recall_at_10[metric], self.refined_recall_at_10[metric]);
        }
    }
}

/// Each product's value in `column` as a number, the same for the same value; `None` where there is none.
fn numbered(ids: &[String], table: &HashMap<String, ProductFields>, column: &str) -> Vec<Option<usize>> {
    let mut numbers = HashMap::new();
    ids.iter()
        .map(|id| {
            let value = table.get(id)?.column(column)?;
            let next = numbers.len();
            Some(*numbers.entry(value).or_insert(next))
        })
        .collect()
}

/// The macro average over labels of the share of the nearest that have the product's label. A product that has no
/// neighbour at all does not count.
fn precision(
    neighbours: &Neighbours,
    labels: &[Option<usize>],
) -> BTreeMap<&'static str, BTreeMap<usize, f64>> {
    let one = |metric: usize, depth: usize| {
        let mut shares: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
        for (label, by_metric) in labels.iter().zip(neighbours) {
            let nearest = &by_metric[metric][..depth.min(by_metric[metric].len())];
            let Some(label) = label.filter(|_| !nearest.is_empty()) else { continue };
            let alike = nearest.iter().filter(|other| labels[other.item as usize] == Some(label)).count();
            let (sum, count) = shares.entry(label).or_default();
            *sum += alike as f64 / nearest.len() as f64;
            *count += 1;
        }
        shares.values().map(|(sum, count)| sum / *count as f64).sum::<f64>() / shares.len().max(1) as f64
    };
    let metrics = Metric::ALL.into_iter().enumerate();
    metrics.map(|(at, metric)| (metric.name(), DEPTHS.map(|depth| (depth, one(at, depth))).into())).collect()
}

fn everything_but(item: usize, items: u32) -> anyhow::Result<Chooser> {
    Ok(Rules::default().prepare(&Attributes::none(items), &[], Some(u32::try_from(item)?))?)
}

/// The share of each product's exact nearest that the codes find, ranking by its full-precision embedding.
fn recall(
    codes: &Codes,
    stored: &StoredEmbeddings,
    exact: &Neighbours,
    jobs: usize,
) -> anyhow::Result<BTreeMap<&'static str, f64>> {
    let progress = Progress::new("codes", stored.records.len() as u64);
    let next = AtomicUsize::new(0);
    let worker = || -> anyhow::Result<([usize; 3], usize)> {
        let mut reader = stored.cache.reader()?;
        let mut embedding = vec![0f32; stored.cache.dims()];
        let (mut found, mut wanted) = ([0; 3], 0);
        loop {
            let item = next.fetch_add(1, Ordering::Relaxed);
            let Some(record) = stored.records.get(item) else { return Ok((found, wanted)) };
            reader.read(*record, &mut embedding)?;
            for ((metric, found), exact) in Metric::ALL.into_iter().zip(&mut found).zip(&exact[item]) {
                let exact = &exact[..RECALL_DEPTH.min(exact.len())];
                let question = Question::new(codes.search(&embedding, metric)?, None);
                let ranked = everything_but(item, codes.items() as u32)?.answer(&question, RECALL_DEPTH);
                let right = ranked.iter().filter(|other| exact.iter().any(|want| want.item == other.item));
                *found += right.count();
            }
            wanted += exact[item].first().map_or(0, |exact| RECALL_DEPTH.min(exact.len()));
            progress.advance();
        }
    };
    let (mut found, mut wanted) = ([0; 3], 0);
    thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            let (more, of) = worker.join().expect("a worker's panic is a bug")?;
            found.iter_mut().zip(more).for_each(|(found, more)| *found += more);
            wanted += of;
        }
        Ok(())
    })
    .context("ranking by the codes")?;
    progress.finish();
    let share = |found: usize| if wanted > 0 { found as f64 / wanted as f64 } else { 1.0 };
    Ok(Metric::ALL.into_iter().zip(found).map(|(metric, found)| (metric.name(), share(found))).collect())
}
