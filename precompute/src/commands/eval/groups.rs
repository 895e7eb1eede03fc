//! How often the nearest products have one of the query's own group among them, such as another photo of the same product:
//! with and without adaptation to the catalogue, without colour and with it.

use std::collections::BTreeMap;

use anyhow::Context;
use lookalike::colour::Weight;
use lookalike::embedding::Metric;
use serde::Serialize;

use super::{Labels, precision};
use crate::indexing::adaptation;
use crate::indexing::cache::Record;
use crate::indexing::embeddings::Embeddings;
use crate::indexing::means::means;
use crate::indexing::neighbours::{Neighbours, Wanted, find_of};
use crate::stored_embeddings::StoredEmbeddings;
use crate::workers::processors;

/// How many of the nearest are looked at.
const DEPTHS: [usize; 2] = [1, 5];

/// What `eval --group` reports of groups.
#[derive(Serialize)]
pub struct GroupRecall {
    /// Products that have another of their group; each is a query, and all others are searched.
    queries: usize,
    lines: Vec<Line>,
}

/// One way to measure distance.
#[derive(Serialize)]
struct Line {
    /// Whether embeddings are adapted to the catalogue.
    adapted: bool,
    /// How much colour counts, 0 to 1.
    colour: f64,
    /// By metric: the share of queries whose nearest is of their group.
    recall_at_1: BTreeMap<&'static str, f64>,
    /// By metric: the share of queries that have one of their group among the five nearest.
    recall_at_5: BTreeMap<&'static str, f64>,
    /// By metric: the share of the five nearest of other groups that have the query's label; empty if there are no labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    precision_at_5: BTreeMap<&'static str, f64>,
}

impl GroupRecall {
    /// Measures at the colour weight 0 and those of `colours`.
    ///
    /// # Errors
    /// When an embedding cannot be read or adapted.
    pub fn measure(
        stored: &StoredEmbeddings,
        labels: &Labels,
        colours: &[f64],
    ) -> anyhow::Result<GroupRecall> {
        let has_partner = |item: &usize| labels.own_group(*item).is_some_and(|own| own.len() > 1);
        let queries: Vec<usize> = (0..stored.ids.len()).filter(has_partner).collect();
        let mut lines = lines(false, (&stored.network, &stored.network_records), &queries, labels, colours)?;
        if stored.adapted {
            let own = (&stored.embeddings, &stored.records[..]);
            lines.extend(self::lines(true, own, &queries, labels, colours)?);
        } else if let Some(fitted) =
            adaptation::fitted(&stored.network, &stored.network_records, &stored.components, processors())?
        {
            let (embeddings, records) = stored.adapt(&fitted)?;
            lines.extend(self::lines(true, (&embeddings, &records), &queries, labels, colours)?);
        }
        Ok(GroupRecall { queries: queries.len(), lines })
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("\nof the same group, {} products that have another of theirs", self.queries);
        let metrics = Metric::ALL.map(Metric::name);
        let with_labels = self.lines.iter().any(|line| !line.precision_at_5.is_empty());
        let figures = ["recall@1 by", "recall@5 by", "label precision@5 by"];
        let figures = &figures[..if with_labels { 3 } else { 2 }];
        print!("{:<23}", "");
        figures.iter().for_each(|figure| print!("  {figure:<29}"));
        println!();
        print!("{:<23}", "");
        for _ in figures {
            print!("  ");
            metrics.iter().for_each(|metric| print!("{metric:<10}"));
        }
        println!();
        for line in &self.lines {
            let adapted = if line.adapted { "adapted" } else { "not adapted" };
            print!("{:<23}", format!("{adapted}, colour {}", line.colour));
            for figure in [&line.recall_at_1, &line.recall_at_5, &line.precision_at_5] {
                print!("  ");
                metrics
                    .iter()
                    .filter_map(|metric| figure.get(metric))
                    .for_each(|share| print!("{share:<10.4}"));
            }
            println!();
        }
    }
}

/// At the colour weight 0 and those of `colours`, by distances between `embeddings`.
fn lines(
    adapted: bool,
    (embeddings, records): (&Embeddings, &[Record]),
    queries: &[usize],
    labels: &Labels,
    colours: &[f64],
) -> anyhow::Result<Vec<Line>> {
    let means = means(embeddings, records)?;
    let mut weights = vec![0.0];
    weights.extend(colours.iter().filter(|colour| **colour > 0.0));
    let items: Vec<usize> = (0..records.len()).collect();
    let line = |weight: f64| {
        let blend = Weight::new(weight).context("--colour is from 0 to 1")?;
        let blends = (weight > 0.0).then(|| Metric::ALL.map(|metric| means.blend(blend, metric)));
        let wanted = Wanted { each: DEPTHS[1], may: &|_, _| true, blends, groups: None };
        let found = find_of(embeddings, records, queries, &wanted, processors())?;
        let [recall_at_1, recall_at_5] = DEPTHS.map(|depth| recall(queries, &found, labels, depth));
        let precision_at_5 = match &labels.of_items {
            Some(of_items) => {
                let may =
                    |item, other| labels.group(item).is_none_or(|group| labels.group(other) != Some(group));
                let wanted = Wanted { may: &may, ..wanted };
                let found = find_of(embeddings, records, &items, &wanted, processors())?;
                let shares = precision(&found, of_items).into_iter();
                shares.filter_map(|(metric, by_depth)| Some((metric, *by_depth.get(&DEPTHS[1])?))).collect()
            }
            None => BTreeMap::new(),
        };
        Ok(Line { adapted, colour: weight, recall_at_1, recall_at_5, precision_at_5 })
    };
    weights.into_iter().map(line).collect()
}

/// By metric: the share of `queries` that have one of their group among the `depth` nearest, `found` by query.
fn recall(
    queries: &[usize],
    found: &Neighbours,
    labels: &Labels,
    depth: usize,
) -> BTreeMap<&'static str, f64> {
    let of_metric = |(at, metric): (usize, Metric)| {
        let finds = |(query, by_metric): (&usize, &Vec<Vec<lookalike::rank::Neighbour>>)| {
            let group = labels.group(*query);
            by_metric[at].iter().take(depth).any(|near| labels.group(near.item as usize) == group)
        };
        let finding = queries.iter().zip(found).filter(|pair| finds(*pair)).count();
        (metric.name(), finding as f64 / queries.len().max(1) as f64)
    };
    Metric::ALL.into_iter().enumerate().map(of_metric).collect()
}
