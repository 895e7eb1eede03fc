//! The recall of the codes asked for by some products alone, and what each question reads of a folder with cells: for
//! catalogues of which not every product can be compared with every other.

use std::collections::BTreeMap;

use lookalike::attributes::Attributes;
use lookalike::embedding::Metric;
use lookalike::rules::Rules;
use serde::Serialize;

use super::{RECALL_DEPTH, share_found};
use crate::asked::{Asked, Choice};
use crate::build::neighbours::{Neighbours, Wanted, find_of};
use crate::folder_reader::{Folder, Read};
use crate::progress::Progress;
use crate::stored_embeddings::StoredEmbeddings;
use crate::workers::processors;

#[derive(Serialize)]
struct Report {
    items: usize,
    /// Products that were asked for; each is left out of its own answer.
    sample: usize,
    /// By metric: by the codes of the nearest cells.
    recall_at_10: BTreeMap<&'static str, f64>,
    /// By metric: with the refinement of the best of them.
    refined_recall_at_10: BTreeMap<&'static str, f64>,
    /// What is read once: codebook, codes file, refinement.
    once_bytes: u64,
    /// What a question reads of cells, codes and refinement together.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<Cost>,
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

    let mut codes = folder.refined_codes()?;
    let in_cells = codes.cells() > 0;
    // Without cells the refinement is in memory with the codes; what they find alone is to be told too.
    let mut base = if in_cells { None } else { Some(folder.codes()?) };
    let mut attributes = Attributes::none(codes.items() as u32);
    let (mut unsettled, mut settled) = (Neighbours::new(), Neighbours::new());
    let mut costs: Vec<Read> = Vec::new();
    let progress = Progress::new("questions", sample.len() as u64);
    let (mut reader, mut embedding) = (stored.embeddings.reader()?, vec![0f32; stored.embeddings.dims()]);
    for item in &sample {
        reader.read(stored.records[*item], &mut embedding)?;
        let (rules, number) = (Rules::default(), u32::try_from(*item)?);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for metric in Metric::ALL {
            // As the first question of a page.
            codes.forget_cells();
            let choice =
                Choice { rules: &rules, attributes: &mut attributes, excluded: &[], item: Some(number) };
            let mut asked = Asked { embedding: &embedding, metric, coloured: None, choice };
            let answer = asked.answer(folder, &mut codes, RECALL_DEPTH)?;
            before.push(match &mut base {
                Some(base) => asked.answer(folder, base, RECALL_DEPTH)?.neighbours,
                None => answer.unsettled,
            });
            after.push(answer.neighbours);
            costs.push(answer.read);
        }
        unsettled.push(before);
        settled.push(after);
        progress.advance();
    }
    progress.finish();
    let manifest = &folder.manifest;
    let report = Report {
        items,
        sample: sample.len(),
        recall_at_10: share_found(&unsettled, &exact),
        refined_recall_at_10: share_found(&settled, &exact),
        once_bytes: manifest.codebook.bytes + manifest.codes.bytes + manifest.refinement.bytes,
        question: in_cells.then(|| Cost::of(&costs)),
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
        println!("{} of {} products asked for; {} bytes read once", self.sample, self.items, self.once_bytes);
        println!("{:<11}{:>15}{:>15}", "", format!("recall@{RECALL_DEPTH}"), "refined");
        for metric in Metric::ALL.map(Metric::name) {
            let (own, refined) = (self.recall_at_10[metric], self.refined_recall_at_10[metric]);
            println!("{metric:<11}{own:>15.4}{refined:>15.4}");
        }
        if let Some(Cost { mean_bytes, most_bytes, mean_files, most_files }) = &self.question {
            println!(
                "a question reads {mean_bytes:.0} bytes of cells in {mean_files:.1} files; {most_bytes} in {most_files} at most"
            );
        }
    }
}
