//! A question answered by a folder's codes as the browser answers it: of a folder with cells, by the nearest cells alone.

use lookalike::attributes::Attributes;
use lookalike::codes::Codes;
use lookalike::colour::{ColourCodes, Colours, Weight};
use lookalike::embedding::Metric;
use lookalike::rank::{Coloured, Neighbour, Question};
use lookalike::rules::{Chooser, Rules};

use crate::folder_reader::{Folder, Read};

/// Candidates whose cells' refinement is wanted, for each neighbour.
const CANDIDATES: usize = 2;

/// What is asked for.
pub struct Asked<'a> {
    /// In full precision.
    pub embedding: &'a [f32],
    /// How distance is measured.
    pub metric: Metric,
    /// The products' colours and those asked for, where they count.
    pub coloured: Option<(&'a mut ColourCodes, Colours, Weight)>,
    /// Which products, and whom of them.
    pub choice: Choice<'a>,
}

/// Rules, and what they go by.
pub struct Choice<'a> {
    /// How to choose.
    pub rules: &'a Rules,
    /// What they tell products apart by.
    pub attributes: &'a mut Attributes,
    /// Never these item numbers.
    pub excluded: &'a [u32],
    /// The product whose like is sought, if it is one of the catalogue.
    pub item: Option<u32>,
}

impl Choice<'_> {
    fn chooser(&self) -> anyhow::Result<Chooser> {
        Ok(self.rules.prepare(self.attributes, self.excluded, self.item)?)
    }
}

/// What was found, and what was read for it.
pub struct Answer {
    /// Nearest first.
    pub neighbours: Vec<Neighbour>,
    /// Before the refinement.
    pub unsettled: Vec<Neighbour>,
    /// Of cells: those that were not in memory.
    pub read: Read,
}

impl Asked<'_> {
    /// The `limit` products to show. `codes` are those of `folder`, with the refinement.
    ///
    /// # Errors
    /// When the embedding is another network's, the rules cannot be followed, or a cell cannot be read.
    pub fn answer(&mut self, folder: &Folder, codes: &mut Codes, limit: usize) -> anyhow::Result<Answer> {
        let mut read = Read::default();
        if codes.cells() == 0 {
            let neighbours = self.choice.chooser()?.answer(&self.question(codes)?, limit);
            return Ok(Answer { unsettled: neighbours.clone(), neighbours, read });
        }
        let (mut cells, mut unsettled) = (Vec::new(), Vec::new());
        for round in 0.. {
            let nearest = codes.search(self.embedding, self.metric)?.cells(round);
            if nearest.len() == cells.len() {
                break;
            }
            cells = nearest;
            let lacking = codes.lacking_cells(&cells);
            read.add(folder.give_cells(codes, &lacking, false)?);
            if let Some((colours, ..)) = &mut self.coloured {
                read.add(folder.give_colours(codes, colours, &cells)?);
            }
            read.add(folder.give_attributes(codes, self.choice.attributes, &cells)?);
            unsettled = self.choice.chooser()?.answer(&self.among(codes, &cells)?, limit);
            if unsettled.len() >= limit {
                break;
            }
        }
        let chooser = self.choice.chooser()?;
        let candidates = chooser.answer(&self.among(codes, &cells)?, limit.saturating_mul(CANDIDATES));
        let items: Vec<u32> = candidates.iter().map(|candidate| candidate.item).collect();
        let unrefined = codes.unrefined_cells(&items);
        read.add(folder.give_cells(codes, &unrefined, true)?);
        let neighbours = chooser.answer(&self.among(codes, &cells)?, limit);
        Ok(Answer { neighbours, unsettled, read })
    }

    fn among<'b>(&'b self, codes: &'b Codes, cells: &[u32]) -> anyhow::Result<Question<'b>> {
        Ok(self.question(codes)?.among(codes.items_of_cells(cells)))
    }

    fn question<'b>(&'b self, codes: &'b Codes) -> anyhow::Result<Question<'b>> {
        let coloured = self.coloured.as_ref();
        let coloured =
            coloured.map(|(products, own, weight)| Coloured::new(products, own, *weight, self.metric));
        Ok(Question::new(codes.search(self.embedding, self.metric)?, coloured))
    }
}
