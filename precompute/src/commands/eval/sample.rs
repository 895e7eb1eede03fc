//! The recall of the codes with some products alone as queries, and what each query reads of a catalogue in partitions: for
//! catalogues of which not every product can be compared with every other.

use std::collections::BTreeMap;

use lookalike::colour::Weight;
use lookalike::embedding::Metric;
use lookalike::rules::Rules;
use lookalike::search::{Like, SearchRequest};
use serde::Serialize;

use super::{RECALL_DEPTH, share_found};
use crate::folder_reader::{Folder, Read};
use crate::indexing::neighbours::{Neighbours, Wanted, find_of};
use crate::progress::Progress;
use crate::stored_embeddings::StoredEmbeddings;
use crate::workers::processors;

#[derive(Serialize)]
struct Report {
    items: usize,
    /// Products that were queries; each is left out of its own results.
    sample: usize,
    /// By metric: by the codes of the probed partitions.
    recall_at_10: BTreeMap<&'static str, f64>,
    /// By metric: rescored by the refinement of the best of them.
    refined_recall_at_10: BTreeMap<&'static str, f64>,
    /// What is read once: codec, codes file, refinement.
    once_bytes: u64,
    /// What a query reads of partitions, codes and refinement together.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Cost>,
}

#[derive(Serialize)]
struct Cost {
    mean_bytes: f64,
    most_bytes: u64,
    mean_files: f64,
    most_files: u64,
}

/// Prints the figures of `count` products.
///
/// # Errors
/// When a file cannot be read.
pub fn run(folder: &Folder, stored: &StoredEmbeddings, count: usize, json: bool) -> anyhow::Result<()> {
    let items = stored.records.len();
    let sample: Vec<usize> = (0..items).step_by((items / count).max(1)).take(count).collect();
    let wanted = Wanted { each: RECALL_DEPTH, may: &|_item, _neighbour| true, blends: None, groups: None };
    let exact = find_of(&stored.embeddings, &stored.records, &sample, &wanted, processors())?;

    let mut catalogue = folder.catalogue(true)?;
    let partitioned = catalogue.partitions().is_some();
    // Without partitions the refinement is loaded with the codes; what these find alone is to be told too.
    let mut base = if partitioned { None } else { Some(folder.catalogue(false)?) };
    let (mut approximate, mut rescored) = (Neighbours::new(), Neighbours::new());
    let mut costs: Vec<Read> = Vec::new();
    let progress = Progress::new("queries", sample.len() as u64);
    let (mut reader, mut embedding) = (stored.embeddings.reader()?, vec![0f32; stored.embeddings.dims()]);
    for item in &sample {
        reader.read(stored.records[*item], &mut embedding)?;
        let number = u32::try_from(*item)?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for metric in Metric::ALL {
            // As the first query of a page.
            catalogue.evict();
            let request = |rescore| SearchRequest {
                like: Like::Photo { embedding: embedding.clone(), colours: None },
                metric,
                limit: RECALL_DEPTH,
                colour: Weight::default(),
                rules: Rules::default(),
                excluded: vec![number],
                rescore,
            };
            let first = folder.search(base.as_mut().unwrap_or(&mut catalogue), request(false))?;
            let last = folder.search(&mut catalogue, request(true))?;
            before.push(first.neighbours);
            after.push(last.neighbours);
            let mut read = first.read;
            read.add(last.read);
            costs.push(read);
        }
        approximate.push(before);
        rescored.push(after);
        progress.advance();
    }
    progress.finish();
    let manifest = &folder.manifest;
    let report = Report {
        items,
        sample: sample.len(),
        recall_at_10: share_found(&approximate, &exact),
        refined_recall_at_10: share_found(&rescored, &exact),
        once_bytes: manifest.codec.bytes + manifest.codes.bytes + manifest.refinement.bytes,
        query: partitioned.then(|| Cost::of(&costs)),
    };
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

impl Cost {
    fn of(costs: &[Read]) -> Cost {
        let mean =
            |of: fn(&Read) -> u64| costs.iter().map(of).sum::<u64>() as f64 / costs.len().max(1) as f64;
        let most = |of: fn(&Read) -> u64| costs.iter().map(of).max().unwrap_or(0);
        let (bytes, files) = (|cost: &Read| cost.bytes, |cost: &Read| cost.files);
        Cost {
            mean_bytes: mean(bytes),
            most_bytes: most(bytes),
            mean_files: mean(files),
            most_files: most(files),
        }
    }
}

impl Report {
    fn print(&self) {
        println!(
            "{} of {} products as queries; {} bytes read once",
            self.sample, self.items, self.once_bytes
        );
        println!("{:<11}{:>15}{:>15}", "", format!("recall@{RECALL_DEPTH}"), "refined");
        for metric in Metric::ALL.map(Metric::name) {
            let (own, refined) = (self.recall_at_10[metric], self.refined_recall_at_10[metric]);
            println!("{metric:<11}{own:>15.4}{refined:>15.4}");
        }
        if let Some(Cost { mean_bytes, most_bytes, mean_files, most_files }) = &self.query {
            println!(
                "a query reads {mean_bytes:.0} bytes of partitions in {mean_files:.1} files; {most_bytes} in {most_files} at most"
            );
        }
    }
}
