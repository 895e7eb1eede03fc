//! `precompute eval`: how good a folder's neighbours are, by labels and groups that are known, and how much the codes lose.

mod codes;
mod groups;
mod sample;

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use lookalike::embedding::Metric;
use serde::Serialize;

use crate::args::{EvalArguments, TableColumn};
use crate::catalogue::{ColumnNames, ProductFields, read_table};
use crate::folder_reader::Folder;
use crate::indexing::neighbours::{self, Neighbours, Wanted};
use crate::indexing::space;
use crate::progress::Progress;
use crate::stored_embeddings::StoredEmbeddings;
use crate::workers::processors;
use codes::{Line, Measure};
use groups::GroupRecall;

/// How many of the nearest precision looks at.
const DEPTHS: [usize; 3] = [1, 5, 10];
/// How many of the nearest recall looks at.
const RECALL_DEPTH: usize = 10;

#[derive(Serialize)]
struct Report {
    items: usize,
    /// By metric and depth, if there are labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<BTreeMap<&'static str, BTreeMap<usize, f64>>>,
    /// How often one of the query's own group is found, if there are groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<GroupRecall>,
    /// By metric: by the codes alone, as an upload is ranked at first.
    recall_at_10: BTreeMap<&'static str, f64>,
    /// By metric: with the refinement.
    refined_recall_at_10: BTreeMap<&'static str, f64>,
    /// Of the codes.
    bytes_per_item: f64,
    /// Of the refinement.
    refinement_bytes_per_item: f64,
    /// Of what codes are read by: the same for any number of products.
    codec_bytes: u64,
    /// The folder's own first, then those asked for, then full precision.
    codes: Vec<Line>,
}

/// What is known of products.
struct Labels {
    /// By item, if labels count.
    of_items: Option<Vec<Option<usize>>>,
    /// By item, if groups count.
    groups: Option<Vec<Option<usize>>>,
    /// By group.
    members: Vec<Vec<usize>>,
}

impl Labels {
    fn have_groups(&self) -> bool {
        self.groups.is_some()
    }

    fn group(&self, item: usize) -> Option<usize> {
        self.groups.as_ref().and_then(|groups| groups[item])
    }

    /// All of `item`'s group, if it is in one.
    fn own_group(&self, item: usize) -> Option<&[usize]> {
        self.group(item).map(|group| &self.members[group][..])
    }

    /// Of the table that `arguments` name, by the products' ids.
    fn read(arguments: &EvalArguments, ids: &[String]) -> anyhow::Result<Labels> {
        let of_column = |TableColumn { file, column }: &TableColumn| {
            let numbers = numbered(ids, &read_table(file, &ColumnNames::default())?.products, column);
            ensure!(
                numbers.iter().any(Option::is_some),
                "no product of the folder has a value in the column {column} of {}",
                file.display()
            );
            Ok(numbers)
        };
        let of_items = arguments.labels.as_ref().map(of_column).transpose()?;
        let groups = arguments.group_column()?.as_ref().map(of_column).transpose()?;
        // Otherwise the photos of a product are a group.
        let groups = groups.or_else(|| photos_of_products(ids));
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (item, group) in groups.iter().flatten().enumerate() {
            let Some(group) = *group else { continue };
            members.resize(members.len().max(group + 1), Vec::new());
            members[group].push(item);
        }
        Ok(Labels { of_items, groups, members })
    }
}

/// The nearest of every product in full precision.
struct Exact {
    all: Neighbours,
    /// Without those of the product's own group, if there are groups.
    of_other_groups: Option<Neighbours>,
}

impl Exact {
    fn find(stored: &StoredEmbeddings, labels: &Labels, jobs: usize) -> anyhow::Result<Exact> {
        let each = DEPTHS.into_iter().max().unwrap_or(1).max(RECALL_DEPTH);
        let nearest = |stage, may: &(dyn Fn(usize, usize) -> bool + Sync)| {
            let progress = Progress::new(stage, stored.records.len() as u64);
            let wanted = Wanted { each, may, blends: None, groups: None };
            let found = neighbours::find(&stored.embeddings, &stored.records, &wanted, jobs, &progress);
            progress.finish();
            found
        };
        let all = nearest("neighbours", &|_, _| true)?;
        let of_other_groups = match labels.have_groups() {
            true => {
                let may =
                    |item, other| labels.group(item).is_none_or(|group| labels.group(other) != Some(group));
                Some(nearest("groups", &may)?)
            }
            false => None,
        };
        Ok(Exact { all, of_other_groups })
    }

    fn of_other_groups(&self) -> &Neighbours {
        self.of_other_groups.as_ref().unwrap_or(&self.all)
    }
}

/// Prints the figures.
///
/// # Errors
/// When the folder, its cache or the table cannot be read, or no product has a label.
pub fn run(arguments: &EvalArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let stored = StoredEmbeddings::open(&folder, &arguments.dir)?;
    let of_photos = stored.of_photos(&folder)?;
    // What codes are of.
    let photos = of_photos.as_ref().unwrap_or(&stored);
    if let Some(count) = arguments.sample {
        return sample::run(&folder, photos, count as usize, arguments.json);
    }
    let labels = Labels::read(arguments, &stored.ids)?;
    ensure!(
        labels.of_items.is_some() || labels.have_groups(),
        "each product has one photo, so say what neighbours should have in common: --labels FILE:COLUMN or --group FILE:COLUMN"
    );
    let groups = match labels.have_groups() {
        true => {
            let own = if arguments.colour.is_empty() { vec![folder.colours()?.weight()] } else { Vec::new() };
            Some(GroupRecall::measure(&stored, &labels, &[&arguments.colour[..], &own].concat())?)
        }
        false => None,
    };

    let jobs = processors();
    let exact = Exact::find(photos, &labels, jobs)?;
    let of_neighbours = of_photos.as_ref().map(|_| Exact::find(&stored, &labels, jobs)).transpose()?;
    let own_exact = of_neighbours.as_ref().unwrap_or(&exact);
    let exact_of_other_groups = exact.of_other_groups();
    let measure = Measure { stored: photos, exact: &exact.all, exact_of_other_groups, labels: &labels, jobs };
    let ([own, own_refined], [bytes, refinement_bytes]) = measure.of_folder(&folder)?;
    let (recall_at_10, refined_recall_at_10) = (own.recall_at_10.clone(), own_refined.recall_at_10.clone());
    let mut codes = vec![own, own_refined];
    if !arguments.codes.is_empty() {
        let coordinates = space::coordinates(&photos.embeddings, &photos.records)?;
        for bytes in &arguments.codes {
            codes.extend(measure.of_rate(&coordinates, *bytes)?);
        }
    }
    codes.push(measure.full_precision());
    let each = |bytes: u64| bytes as f64 / stored.ids.len() as f64;
    let report = Report {
        items: stored.ids.len(),
        precision: labels.of_items.as_ref().map(|labels| precision(own_exact.of_other_groups(), labels)),
        groups,
        recall_at_10,
        refined_recall_at_10,
        bytes_per_item: each(bytes),
        refinement_bytes_per_item: each(refinement_bytes),
        codec_bytes: folder.manifest.codec.bytes,
        codes,
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
            "{} products; codes {:.1} bytes each, refinement {:.1}, codec {} altogether",
            self.items, self.bytes_per_item, self.refinement_bytes_per_item, self.codec_bytes
        );
        print!("{:<11}", "");
        let depths = if self.precision.is_some() { &DEPTHS[..] } else { &[] };
        depths.iter().for_each(|depth| print!("{:>15}", format!("precision@{depth}")));
        println!("{:>15}{:>15}", format!("recall@{RECALL_DEPTH}"), "refined");
        for metric in Metric::ALL.map(Metric::name) {
            print!("{metric:<11}");
            let precision = self.precision.iter().flat_map(|precision| precision[metric].values());
            precision.for_each(|share| print!("{share:>15.4}"));
            println!("{:>15.4}{:>15.4}", self.recall_at_10[metric], self.refined_recall_at_10[metric]);
        }
        codes::print(&self.codes);
        if let Some(groups) = &self.groups {
            groups.print();
        }
    }
}

/// Each photo's product as a number, if products have several.
fn photos_of_products(ids: &[String]) -> Option<Vec<Option<usize>>> {
    let products = ids.chunk_by(|one, other| one == other);
    let numbers: Vec<Option<usize>> =
        (0..).zip(products).flat_map(|(number, photos)| vec![Some(number); photos.len()]).collect();
    numbers.last().copied().flatten().is_some_and(|last| last + 1 < ids.len()).then_some(numbers)
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

/// The share of each product's exact nearest that are found, by metric.
fn share_found(found: &Neighbours, exact: &Neighbours) -> BTreeMap<&'static str, f64> {
    let of_metric = |(at, metric): (usize, Metric)| {
        let (mut right, mut wanted) = (0, 0);
        for (found, exact) in found.iter().zip(exact) {
            let exact = &exact[at][..RECALL_DEPTH.min(exact[at].len())];
            wanted += exact.len();
            right +=
                found[at].iter().filter(|other| exact.iter().any(|want| want.item == other.item)).count();
        }
        (metric.name(), if wanted > 0 { right as f64 / wanted as f64 } else { 1.0 })
    };
    Metric::ALL.into_iter().enumerate().map(of_metric).collect()
}
