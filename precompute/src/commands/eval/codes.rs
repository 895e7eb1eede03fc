//! Every code on offer beside full precision: what a product takes, and what ranking by it finds.

use std::collections::BTreeMap;

use anyhow::Context;
use lookalike::codes::{self, Codes};
use lookalike::embedding::Metric;
use lookalike::rank::Query;
use lookalike::rules::Rules;
use lookalike::search::{Catalogue, top_k};
use serde::Serialize;

use super::{Labels, RECALL_DEPTH, precision, share_found};
use crate::folder_reader::Folder;
use crate::indexing::neighbours::Neighbours;
use crate::indexing::space::Coordinates;
use crate::progress::Progress;
use crate::stored_embeddings::StoredEmbeddings;
use crate::workers::try_in_order;

/// The depth of the table's precision.
const PRECISION_DEPTH: usize = 5;

/// A line of the table.
#[derive(Serialize)]
pub struct Line {
    /// `codes`, `refined` or `full precision`.
    pub layer: &'static str,
    /// Of a product, what codes are read by aside.
    pub bytes: f64,
    /// By metric.
    pub recall_at_10: BTreeMap<&'static str, f64>,
    /// By metric; empty where no product has a label.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub precision_at_5: BTreeMap<&'static str, f64>,
}

/// What lines are measured by.
pub struct Measure<'a> {
    /// Full precision.
    pub stored: &'a StoredEmbeddings,
    /// The nearest in full precision.
    pub exact: &'a Neighbours,
    /// The same without those of the product's own group.
    pub exact_of_other_groups: &'a Neighbours,
    /// What is known of products.
    pub labels: &'a Labels,
    /// Number of threads.
    pub jobs: usize,
}

impl Measure<'_> {
    /// Full precision itself.
    pub fn full_precision(&self) -> Line {
        Line {
            layer: "full precision",
            bytes: 4.0 * self.stored.embeddings.dims() as f64,
            recall_at_10: Metric::ALL.map(|metric| (metric.name(), 1.0)).into(),
            precision_at_5: self.precision_at_5(self.exact_of_other_groups),
        }
    }

    /// The codes of `folder`, without and with the refinement; and the bytes of both layers.
    ///
    /// # Errors
    /// When a file of it cannot be read or is refused.
    pub fn of_folder(&self, folder: &Folder) -> anyhow::Result<([Line; 2], [u64; 2])> {
        let (codes, refined) = (folder.whole_catalogue(false)?, folder.whole_catalogue(true)?);
        let bytes = folder.codes_bytes(&codes);
        Ok((self.both_layers(&codes, &refined, bytes)?, bytes))
    }

    /// Codes of `bytes` a product, made here from `coordinates`, without and with the refinement.
    ///
    /// # Errors
    /// When an embedding cannot be read.
    pub fn of_rate(&self, coordinates: &Coordinates, bytes: u16) -> anyhow::Result<[Line; 2]> {
        let Coordinates { space, coefficients, lengths } = coordinates;
        let written = codes::write(space, coefficients, lengths, f64::from(bytes), self.jobs);
        let read = || Codes::read(&written.codec, &written.codes, lengths.len() as u32);
        let mut refined = read()?;
        refined.refine(&written.refinement)?;
        let bytes = [&written.codes, &written.refinement].map(|file| file.len() as u64);
        self.both_layers(&Catalogue::new(read()?), &Catalogue::new(refined), bytes)
    }

    fn both_layers(
        &self,
        codes: &Catalogue,
        refined: &Catalogue,
        bytes: [u64; 2],
    ) -> anyhow::Result<[Line; 2]> {
        let [codes_bytes, refinement_bytes] = bytes;
        Ok([
            self.line("codes", codes, codes_bytes)?,
            self.line("refined", refined, codes_bytes + refinement_bytes)?,
        ])
    }

    fn line(&self, layer: &'static str, catalogue: &Catalogue, bytes: u64) -> anyhow::Result<Line> {
        let Ranked { all, of_other_groups } = self.rank(catalogue)?;
        Ok(Line {
            layer,
            bytes: bytes as f64 / self.stored.ids.len() as f64,
            recall_at_10: share_found(&all, self.exact),
            precision_at_5: self.precision_at_5(of_other_groups.as_ref().unwrap_or(&all)),
        })
    }

    fn precision_at_5(&self, neighbours: &Neighbours) -> BTreeMap<&'static str, f64> {
        let Some(labels) = &self.labels.of_items else { return BTreeMap::new() };
        let by_depth = precision(neighbours, labels);
        by_depth.into_iter().map(|(metric, by_depth)| (metric, by_depth[&PRECISION_DEPTH])).collect()
    }

    /// The nearest of each product in all of `catalogue`, with its full-precision embedding as the query.
    fn rank(&self, catalogue: &Catalogue) -> anyhow::Result<Ranked> {
        let (codes, attributes) = (catalogue.codes(), catalogue.attributes());
        let progress = Progress::new("codes", self.stored.records.len() as u64);
        let start = || Ok((self.stored.embeddings.reader()?, vec![0f32; self.stored.embeddings.dims()]));
        let found = try_in_order(self.stored.records.len(), self.jobs, start, |(reader, embedding), item| {
            reader.read(self.stored.records[item], embedding)?;
            let number = u32::try_from(item)?;
            let all = Rules::default().prepare(attributes, &[], Some(number))?;
            let others = self.labels.own_group(item).map(|own| {
                let own: Vec<u32> = own.iter().map(|item| *item as u32).collect();
                Rules::default().prepare(attributes, &own, Some(number))
            });
            let others = others.transpose()?;
            let mut of_item = OfItem::default();
            for metric in Metric::ALL {
                let mut query = Query::new(codes.query(embedding, metric)?, None);
                if let Some(partitions) = catalogue.partitions() {
                    query = query.with_rows(partitions.rows());
                }
                of_item.all.push(top_k(&query, &all, None, RECALL_DEPTH));
                if self.labels.have_groups() {
                    let of_other_groups = match &others {
                        Some(others) => top_k(&query, others, None, PRECISION_DEPTH),
                        None => of_item.all[of_item.all.len() - 1].clone(),
                    };
                    of_item.of_other_groups.push(of_other_groups);
                }
            }
            progress.advance();
            Ok(of_item)
        })
        .context("ranking by the codes")?;
        progress.finish();
        let (all, of_other_groups) =
            found.into_iter().map(|of_item| (of_item.all, of_item.of_other_groups)).unzip();
        Ok(Ranked { all, of_other_groups: self.labels.have_groups().then_some(of_other_groups) })
    }
}

struct Ranked {
    all: Neighbours,
    of_other_groups: Option<Neighbours>,
}

/// By metric.
#[derive(Default)]
struct OfItem {
    all: Vec<Vec<lookalike::rank::Neighbour>>,
    of_other_groups: Vec<Vec<lookalike::rank::Neighbour>>,
}

/// Prints the table.
pub fn print(lines: &[Line]) {
    let metrics = Metric::ALL.map(Metric::name);
    print!("\n{:<15}{:>8}", "", "bytes");
    let figures = if lines.iter().all(|line| line.precision_at_5.is_empty()) { 1 } else { 2 };
    for figure in &["recall@10", "precision@5"][..figures] {
        print!("  {:<29}", format!("{figure} by"));
    }
    println!();
    print!("{:<23}", "");
    for _ in 0..figures {
        print!("  ");
        metrics.iter().for_each(|metric| print!("{metric:<10}"));
    }
    println!();
    for line in lines {
        print!("{:<15}{:>8.1}", line.layer, line.bytes);
        for figures in &[&line.recall_at_10, &line.precision_at_5][..figures] {
            print!("  ");
            metrics.iter().for_each(|metric| print!("{:<10.4}", figures[metric]));
        }
        println!();
    }
}
