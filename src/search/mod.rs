//! Where a query is answered, natively and in the browser: a state machine that asks for files and never opens one.
//!
//! ```text
//! of a whole catalogue: rank all items (`top_k`)
//! of one in partitions ([`crate::ivf`]):
//!     1  item query, item not loaded: which partition is it in?            the file of assignments
//!     2  probe: the partitions nearest to the photo's embedding, or to the centroid of the item's partition, with that itself,
//!        by the item's decoded embedding from then on                      codes; colours, attributes if they count
//!     3  candidates = the top 2 k of the probed items; if these are fewer than k, probe 2 or 4 times as much
//!     4  rescore: the partitions that the candidates are in                refinement
//!     5  results = the top k of the probed items
//! ```
//!
//! The files of a step are fetched side by side, so a step is one round trip. A query takes at most three after the first load
//! ([`MOST_TRIPS`]): a photo 2, probe more, 4; an item 1, 2, 4. An item whose rules leave too few products probes more and rescores
//! its candidates in the same, third trip. What earlier queries have loaded is not asked for again, until the memory budget evicts it
//! ([`Catalogue`]).
//!
//! The one who drives it calls [`Search::step`] until there are results, and in between loads the files that it needs
//! ([`Catalogue::load`]).

mod catalogue;
mod top_k;

pub use catalogue::Catalogue;
pub use top_k::top_k;

use crate::codes::WrongDimensions;
use crate::colour::{Colours, Weight};
use crate::embedding::Metric;
#[cfg(feature = "ivf")]
use crate::ivf::{File, FileKind};
use crate::rank::{Coloured, Neighbour, Query};
use crate::rules::{Rules, RulesError};

/// Bytes of codes that a query probes first, and most bytes of refinement: with what both have in common under 2 MB.
#[cfg(feature = "ivf")]
const PROBE_BYTES: u32 = 1_200_000;
#[cfg(feature = "ivf")]
const RESCORE_BYTES: u32 = 750_000;
/// Candidates for each item that is wanted, whose partitions are rescored.
#[cfg(feature = "ivf")]
const OVERSAMPLING: usize = 2;
/// Most round trips of a query.
#[cfg(feature = "ivf")]
pub const MOST_TRIPS: u32 = 3;

/// What to search for, and how.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// What the results are to be like.
    pub like: Like,
    /// How distance is measured.
    pub metric: Metric,
    /// Number of items that are wanted.
    pub limit: usize,
    /// How much colours count beside the network.
    pub colour: Weight,
    /// Filter, groups, boosts and diversity.
    pub rules: Rules,
    /// Item numbers of [`Rules::exclude`].
    pub excluded: Vec<u32>,
    /// Whether to load the refinement of the candidates' partitions; of a whole catalogue it counts if it is loaded.
    pub rescore: bool,
}

/// An item or a photo.
#[derive(Clone, Debug)]
pub enum Like {
    /// An item of the catalogue, by its number; it and its group are left out.
    Item(u32),
    /// A photo.
    Photo {
        /// Its embedding in full precision, `[dims]`.
        embedding: Vec<f32>,
        /// Its colours; without them a search in which colours count is an error.
        colours: Option<Colours>,
    },
}

/// Why a search fails.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The item is not in the catalogue.
    #[error("there is no product number {0}")]
    UnknownItem(u32),
    /// The embedding is not the codes' network's.
    #[error(transparent)]
    Dimensions(#[from] WrongDimensions),
    /// The rules cannot be followed.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Colours count, but the photo's or the catalogue's were not given.
    #[error("the ranking's options: colours count, but there are none")]
    NoColours,
}

impl SearchError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            SearchError::UnknownItem(_) => "item/unknown",
            SearchError::Dimensions(_) => "network/mismatch",
            SearchError::Rules(error) => error.code(),
            SearchError::NoColours => "options/invalid",
        }
    }
}

/// What a search needs, or has found.
#[derive(Debug)]
pub enum Step {
    /// Files to load, each the codes of a partition before its other files, before the next step.
    #[cfg(feature = "ivf")]
    Need(Vec<File>),
    /// The items to show, nearest first; with diversity in the order of choice.
    Results(Vec<Neighbour>),
}

/// A search that is under way.
pub struct Search {
    request: SearchRequest,
    /// Embedding of an item, once its codes are loaded.
    decoded: Vec<f32>,
    #[cfg(feature = "ivf")]
    stage: Stage,
    /// Partitions whose items are ranked, nearest first.
    #[cfg(feature = "ivf")]
    probes: Vec<u32>,
    /// Round trips that are left.
    #[cfg(feature = "ivf")]
    trips: u32,
    /// Bytes of codes that are probed first.
    #[cfg(feature = "ivf")]
    probe_bytes: u32,
}

/// What is to be done next.
#[cfg(feature = "ivf")]
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Assign,
    Probe,
    Candidates { widened: bool },
    Results,
}

impl Search {
    /// A search that has not begun.
    pub fn new(request: SearchRequest) -> Search {
        Search {
            request,
            decoded: Vec::new(),
            #[cfg(feature = "ivf")]
            stage: Stage::Assign,
            #[cfg(feature = "ivf")]
            probes: Vec::new(),
            #[cfg(feature = "ivf")]
            trips: MOST_TRIPS,
            #[cfg(feature = "ivf")]
            probe_bytes: PROBE_BYTES,
        }
    }

    /// Goes on as far as what is loaded of `catalogue` allows.
    ///
    /// # Errors
    /// [`SearchError`] if the search cannot be made; it is over then.
    pub fn step(&mut self, catalogue: &mut Catalogue) -> Result<Step, SearchError> {
        #[cfg(feature = "ivf")]
        if let Some(files) = self.needs(catalogue)? {
            return Ok(Step::Need(files));
        }
        Ok(Step::Results(self.top_k(catalogue, self.request.limit)?))
    }

    /// The best `limit` of the probed items, or of all of a whole catalogue.
    fn top_k(&mut self, catalogue: &Catalogue, limit: usize) -> Result<Vec<Neighbour>, SearchError> {
        let SearchRequest { like, metric, colour, rules, excluded, .. } = &self.request;
        let products = catalogue.colours.as_ref().filter(|_| colour.counts());
        let (embedding, own_colours, item) = match like {
            Like::Photo { embedding, colours } => (embedding, *colours, None),
            Like::Item(item) => {
                let row = catalogue.row(*item).ok_or(SearchError::UnknownItem(*item))?;
                if self.decoded.is_empty() {
                    self.decoded.resize(catalogue.codes.dims(), 0.0);
                    catalogue.codes.decode(row, &mut self.decoded);
                }
                let own = products.map(|products| *products.get(products.row_of(*item, row as u32)));
                (&self.decoded, own, Some(*item))
            }
        };
        let rules = rules.prepare(&catalogue.attributes, excluded, item)?;
        let codes = catalogue.codes.query(embedding, *metric)?;
        let coloured = match (products, own_colours) {
            _ if !colour.counts() => None,
            (Some(products), Some(own)) => Some(Coloured::new(products, &own, *colour, *metric)),
            _ => return Err(SearchError::NoColours),
        };
        let query = Query::new(codes, coloured);
        #[cfg(feature = "ivf")]
        if let Some(partitions) = catalogue.partitions() {
            let items = partitions.items_of(&self.probes);
            return Ok(top_k(&query.with_rows(partitions.rows()), &rules, Some(&items), limit));
        }
        Ok(top_k(&query, &rules, None, limit))
    }
}

#[cfg(feature = "ivf")]
impl Search {
    /// The files of the next round trip, if one is needed before there are results.
    fn needs(&mut self, catalogue: &mut Catalogue) -> Result<Option<Vec<File>>, SearchError> {
        let Some(partitions) = catalogue.partitions() else { return Ok(None) };
        if self.stage == Stage::Assign {
            self.stage = Stage::Probe;
            if let Like::Item(item) = self.request.like
                && partitions.partition_of(item).is_none()
            {
                let file = partitions.assignments_file(item).ok_or(SearchError::UnknownItem(item))?;
                return Ok(self.trip(vec![file]));
            }
        }
        if self.stage == Stage::Probe {
            self.stage = Stage::Candidates { widened: false };
            let files = self.probe(catalogue, 1)?;
            if !files.is_empty() {
                return Ok(self.trip(files));
            }
        }
        while let Stage::Candidates { widened } = self.stage {
            self.stage = Stage::Results;
            let limit = self.request.limit;
            let candidates = self.top_k(catalogue, limit.saturating_mul(OVERSAMPLING))?;
            let items: Vec<u32> = candidates.iter().map(|candidate| candidate.item).collect();
            let found = items.len();
            let to_rescore = match (self.request.rescore, catalogue.partitions()) {
                (true, Some(partitions)) => partitions.partitions_to_rescore(&items, RESCORE_BYTES),
                _ => Vec::new(),
            };
            let mut files = Vec::new();
            if found < limit && !widened && self.trips > 0 {
                files = self.probe(catalogue, if 2 * found >= limit { 2 } else { 4 })?;
                if !files.is_empty() && (self.trips > 1 || !self.request.rescore) {
                    self.stage = Stage::Candidates { widened: true };
                    return Ok(self.trip(files));
                }
            }
            if let Some(partitions) = catalogue.partitions() {
                files.extend(partitions.missing(FileKind::Refinement, &to_rescore));
            }
            if !files.is_empty() {
                return Ok(self.trip(files));
            }
        }
        Ok(None)
    }

    fn trip(&mut self, files: Vec<File>) -> Option<Vec<File>> {
        self.trips = self.trips.saturating_sub(1);
        Some(files)
    }

    /// Probes partitions with `times` as many bytes of codes as first; gives the files that are missing of them.
    fn probe(&mut self, catalogue: &mut Catalogue, times: u32) -> Result<Vec<File>, SearchError> {
        let Some(partitions) = catalogue.partitions() else { return Ok(Vec::new()) };
        let bytes = self.probe_bytes * times;
        let mut own = None;
        self.probes = match &self.request.like {
            Like::Item(item) => {
                let partition = partitions.partition_of(*item).ok_or(SearchError::UnknownItem(*item))?;
                own = Some(partition);
                partitions.nearest_to_centroid(partition, bytes)
            }
            Like::Photo { embedding, .. } => {
                let query = catalogue.codes.query(embedding, self.request.metric)?;
                partitions.nearest(&query.point(), bytes)
            }
        };
        catalogue.make_room(&self.probes);
        let Some(partitions) = catalogue.partitions() else { return Ok(Vec::new()) };
        let mut files = partitions.missing(FileKind::Codes, &self.probes);
        // An item is decoded once, as well as it can be.
        if let (Some(own), true) = (own, self.request.rescore) {
            files.extend(partitions.missing(FileKind::Refinement, &[own]));
        }
        if self.request.colour.counts() {
            files.extend(partitions.missing(FileKind::Colours, &self.probes));
        }
        if self.request.rules.needs_attributes() {
            files.extend(partitions.missing(FileKind::Attributes, &self.probes));
        }
        Ok(files)
    }
}

#[cfg(all(test, feature = "ivf"))]
mod tests;
