//! Photos to embeddings, on all cores. Each worker reads and decodes a few photos and embeds them together, so memory is
//! that of a few photos a worker however many there are; results go through a short queue to the one thread that writes
//! the cache.
//!
//! Whatever happens to a photo costs that photo: an error of the disk, a panic, a network that fails on it, and a photo that
//! takes too long. The thread of such a one cannot be ended; it is left alone, and another takes its place. Only what
//! concerns all photos, such as a full disk, ends the run, and then, as after Ctrl-C, what is in hand is finished and kept.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lookalike::colour::Colours;
use lookalike::digest::Digest;
use lookalike::photo::{Limits, decode};

use super::blank::{self, is_blank};
use super::cache::{Described, EmbeddingCache, Record};
use super::read_photo::{Unreadable, read_photo};
use super::thumbnail::{self, Thumbnails};
use crate::catalogue::{ProductPhoto, Skipped};
use crate::caught::caught;
use crate::fault;
use crate::interrupt::{self, Interrupted};
use crate::networks::PhotoNetwork;
use crate::progress::Progress;

/// How many photos a worker embeds together: fc6 of VGG-16 is 103 MB, read once for all of them.
const TOGETHER: usize = 8;
/// How often it is looked whether a photo takes too long or a signal came.
const TICK: Duration = Duration::from_millis(50);

/// Why a photo is skipped that the network makes nothing of.
const NOT_FINITE: &str =
    "the network's embedding of it has a number that is not finite: compile the network with --weights f32";

/// What is to be embedded, and how.
pub struct Work {
    /// The folder the products' paths are below.
    pub photos: PathBuf,
    /// In item order.
    pub products: Vec<ProductPhoto>,
    /// The contents of the photos' files, in item order, if they are in memory; none if they are read from the folder.
    pub contents: Vec<Vec<u8>>,
    /// Ready to run.
    pub network: PhotoNetwork,
    /// Number of threads.
    pub jobs: usize,
    /// How long a photo may take to be read, decoded and made small.
    pub limit: Duration,
}

/// A photo of a product that is in the folder.
#[derive(Clone)]
pub struct Item {
    /// The product's id.
    pub id: String,
    /// Which of its photos this is.
    pub number: u32,
    /// Its file, below the folder of photos.
    pub path: PathBuf,
    /// Where it came from, if not from the folder.
    pub address: Option<String>,
    /// Digest of the photo's file.
    pub photo: Digest,
    /// Digest of its thumbnail, if thumbnails are wanted.
    pub thumbnail: Option<Digest>,
    /// Its embedding.
    pub record: Record,
}

impl Item {
    /// What tells it from all others.
    fn key(&self) -> (&str, u32) {
        (&self.id, self.number)
    }
}

/// What became of the products.
pub struct Outcome {
    /// In item order.
    pub items: Vec<Item>,
    /// In item order.
    pub skipped: Vec<Skipped>,
    /// How many embeddings are new.
    pub embedded: usize,
}

impl Outcome {
    /// Leaves out what `other`, of the same products, could not embed, or found with another content.
    pub fn keep_those_of(&mut self, other: &mut Outcome) {
        self.skipped.append(&mut other.skipped);
        let theirs: HashMap<(&str, u32), Digest> =
            other.items.iter().map(|item| (item.key(), item.photo)).collect();
        self.items.retain(|item| match theirs.get(&item.key()) {
            Some(photo) if *photo != item.photo => {
                let (file, reason) = (item.path.display().to_string(), Unreadable::Changing.to_string());
                self.skipped.push(Skipped { file, reason });
                false
            }
            found => found.is_some(),
        });
        let ours: HashSet<(&str, u32)> = self.items.iter().map(Item::key).collect();
        other.items.retain(|item| ours.contains(&item.key()));
        // Of those that are left out some may be new to the cache.
        self.embedded = self.embedded.max(other.embedded).min(self.items.len());
    }

    /// Why the first photo was skipped.
    pub fn first_reason(&self) -> String {
        self.skipped.first().map(|photo| format!("{}: {}", photo.file, photo.reason)).unwrap_or_default()
    }
}

/// A photo that the cache holds.
pub(super) struct Kept {
    /// Digest of its file.
    pub photo: Digest,
    /// Digest of its thumbnail, if thumbnails are wanted.
    pub thumbnail: Option<Digest>,
    /// Its embedding.
    pub record: Record,
}

/// What a worker found out about a photo.
pub(super) enum Done {
    /// The cache held it.
    Reused(Kept),
    /// It is new.
    Embedded { photo: Digest, thumbnail: Option<Digest>, described: Described },
    /// It cannot be embedded.
    Skipped { reason: String },
}

enum Message {
    /// About a photo, by its number; an error is about all photos.
    Done(usize, anyhow::Result<Done>),
    /// A worker has ended.
    Ended,
}

/// What the workers share.
struct Shared {
    work: Work,
    known: Arc<HashMap<Digest, Record>>,
    /// Where thumbnails go and those that are known, if they are wanted.
    thumbnails: Option<(PathBuf, HashMap<Digest, Digest>)>,
    next: AtomicUsize,
    stop: AtomicBool,
}

/// What a worker is at, for the thread that looks after it.
#[derive(Default)]
struct State {
    /// The photo that it reads, and since when.
    at: Option<(usize, Instant)>,
    /// Photos that wait for the network.
    pending: Vec<Pending>,
    /// Its photo took too long: it is to do nothing more.
    abandoned: bool,
}

/// A photo before the network.
struct Pending {
    index: usize,
    photo: Digest,
    thumbnail: Option<Digest>,
    size: [u32; 2],
    colours: Colours,
    input: Vec<f32>,
}

/// Embeds what is not in the cache yet.
///
/// # Errors
/// If the cache or a thumbnail cannot be written, or a signal asked to stop; not if a photo cannot be read.
pub fn embed(
    work: Work,
    cache: &mut EmbeddingCache,
    thumbnails: Option<&mut Thumbnails>,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    // Workers look photos up in what was there at the start; two new photos of one content are both embedded, once.
    let known = Arc::new(cache.snapshot());
    let known_thumbnails = thumbnails.as_ref().map(|all| (all.folder.clone(), all.snapshot()));
    let mut keeper = Keeper { cache, thumbnails, embedded: 0 };
    let mut outcomes: Vec<Option<Result<Item, Skipped>>> = Vec::new();
    outcomes.resize_with(work.products.len(), || None);
    let answered = run(work, known, known_thumbnails, |index, product, result| {
        outcomes[index] = Some(match keeper.keep(result)? {
            Ok(Kept { photo, thumbnail, record }) => {
                let ProductPhoto { id, number, path, address } = product.clone();
                Ok(Item { id, number, path, address, photo, thumbnail, record })
            }
            Err(reason) => Err(Skipped { file: product.photo(), reason }),
        });
        progress.advance();
        Ok(())
    });
    let embedded = keeper.embedded;
    // What was found is kept, whatever ended the run.
    let synced = keeper.cache.sync();
    answered?;
    synced?;
    let (all, done) = (outcomes.len(), outcomes.iter().flatten().count());
    if interrupt::requested() && done < all {
        return Err(Interrupted(format!(
            "{done} of {all} photos are done and kept, and the folder is as it was; run the same command again to go on"
        ))
        .into());
    }
    ensure!(done == all, "{} photos were not looked at: a thread ended early", all - done);
    let (mut items, mut skipped) = (Vec::new(), Vec::new());
    for result in outcomes.into_iter().flatten() {
        match result {
            Ok(item) => items.push(item),
            Err(photo) => skipped.push(photo),
        }
    }
    Ok(Outcome { items, skipped, embedded })
}

/// Has workers look at all photos of `work`, and hands what they find out, in any order, to `keep`. Those that are `known` are
/// not embedded; thumbnails are written to a folder, but for the known ones, if they are wanted.
///
/// # Errors
/// That of `keep`, or what concerns all photos. After a signal it ends early, without an error.
pub(super) fn run(
    work: Work,
    known: Arc<HashMap<Digest, Record>>,
    thumbnails: Option<(PathBuf, HashMap<Digest, Digest>)>,
    keep: impl FnMut(usize, &ProductPhoto, Done) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (sender, receiver) = sync_channel(work.jobs * 2);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shared = Arc::new(Shared { work, known, thumbnails, next, stop });
    let mut pool = Pool { shared, sender, workers: Vec::new(), live: 0 };
    for _ in 0..pool.shared.work.jobs {
        pool.start(Vec::new())?;
    }
    pool.run(&receiver, keep)
}

/// Writes down what workers found out.
struct Keeper<'a> {
    cache: &'a mut EmbeddingCache,
    thumbnails: Option<&'a mut Thumbnails>,
    embedded: usize,
}

impl Keeper<'_> {
    /// Keeps what is new; gives the photo, its thumbnail and its record, or why it is skipped.
    fn keep(&mut self, done: Done) -> anyhow::Result<Result<Kept, String>> {
        let Kept { photo, thumbnail, record } = match done {
            Done::Skipped { reason } => return Ok(Err(reason)),
            Done::Reused(kept) => kept,
            Done::Embedded { photo, thumbnail, described } => {
                let record = match self.cache.get(&photo) {
                    Some(record) => record,
                    None => {
                        self.embedded += 1;
                        self.cache.insert(photo, &described)?
                    }
                };
                Kept { photo, thumbnail, record }
            }
        };
        if let (Some(thumbnails), Some(thumbnail)) = (&mut self.thumbnails, thumbnail) {
            thumbnails.insert(photo, thumbnail)?;
        }
        Ok(Ok(Kept { photo, thumbnail, record }))
    }
}

/// The workers, and who looks after them.
struct Pool {
    shared: Arc<Shared>,
    sender: SyncSender<Message>,
    workers: Vec<Arc<Mutex<State>>>,
    /// How many have not ended.
    live: usize,
}

impl Pool {
    /// Starts a worker, with photos that another left for the network.
    fn start(&mut self, pending: Vec<Pending>) -> anyhow::Result<()> {
        let state = Arc::new(Mutex::new(State { pending, ..State::default() }));
        self.workers.push(state.clone());
        let (shared, sender) = (self.shared.clone(), self.sender.clone());
        let run = move || {
            // However the thread ends, that it has is told; but of one that was left alone it has been.
            if caught(|| embed_some(&shared, &state, &sender)).unwrap_or(true) {
                sender.send(Message::Ended).ok();
            }
        };
        thread::Builder::new().name("embed".to_owned()).spawn(run).context("starting a thread")?;
        self.live += 1;
        Ok(())
    }

    /// Hands the answer about each photo to `keep` until all workers have ended. After an error or a signal no more photos are
    /// begun.
    fn run(
        &mut self,
        receiver: &Receiver<Message>,
        mut keep: impl FnMut(usize, &ProductPhoto, Done) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let shared = self.shared.clone();
        let mut first_error = None;
        let mut looked = Instant::now();
        while self.live > 0 {
            let message = match receiver.recv_timeout(TICK) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut kept = Ok(());
            match message {
                Some(Message::Ended) => self.live -= 1,
                Some(Message::Done(index, result)) => {
                    kept = result.and_then(|done| keep(index, &shared.work.products[index], done));
                }
                None => {}
            }
            if looked.elapsed() >= TICK {
                looked = Instant::now();
                for (index, pending) in self.overdue() {
                    let limit = shared.work.limit.as_secs_f64();
                    let reason = format!("it took longer than {limit} seconds (--photo-timeout)");
                    let skipped = keep(index, &shared.work.products[index], Done::Skipped { reason });
                    self.live -= 1;
                    kept = kept.and(skipped).and(self.start(pending));
                }
            }
            if let Err(error) = kept {
                shared.stop.store(true, Ordering::Relaxed);
                first_error.get_or_insert(error);
            }
            if interrupt::requested() {
                shared.stop.store(true, Ordering::Relaxed);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Leaves workers alone whose photo takes too long; gives the photo and what waits for the network, of each.
    fn overdue(&mut self) -> Vec<(usize, Vec<Pending>)> {
        let mut left = Vec::new();
        self.workers.retain(|worker| {
            let mut state = locked(worker);
            match state.at {
                Some((index, since)) if since.elapsed() > self.shared.work.limit => {
                    state.abandoned = true;
                    left.push((index, std::mem::take(&mut state.pending)));
                    false
                }
                _ => true,
            }
        });
        left
    }
}

/// A panic within the lock is caught and told, and leaves the state as it was between two photos.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Embeds one photo after the other until there is none left or the work is stopped. False if it was left alone.
fn embed_some(shared: &Shared, state: &Mutex<State>, sender: &SyncSender<Message>) -> bool {
    let network = &shared.work.network;
    while !shared.stop.load(Ordering::Relaxed) {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(product) = shared.work.products.get(index) else { break };
        locked(state).at = Some((index, Instant::now()));
        let prepared = caught(|| prepare(shared, index, product));
        let mut state = locked(state);
        if state.abandoned {
            return false;
        }
        state.at = None;
        let done = match prepared {
            Ok(Ok(Prepared::Pending(pending))) => {
                state.pending.push(pending);
                None
            }
            Ok(Ok(Prepared::Done(done))) => Some(Ok(done)),
            Ok(Err(error)) => Some(Err(error.context(product.path.display().to_string()))),
            Err(panic) => Some(Ok(Done::Skipped { reason: format!("the program failed on it: {panic}") })),
        };
        let full = state.pending.len() >= TOGETHER;
        let batch = if full { std::mem::take(&mut state.pending) } else { Vec::new() };
        drop(state);
        let done = done.map(|done| (index, done));
        let answers =
            done.into_iter().chain(run_network(network, batch).map(|(index, done)| (index, Ok(done))));
        for (index, done) in answers {
            if sender.send(Message::Done(index, done)).is_err() {
                return true;
            }
        }
    }
    let rest = std::mem::take(&mut locked(state).pending);
    for (index, done) in run_network(network, rest) {
        if sender.send(Message::Done(index, Ok(done))).is_err() {
            break;
        }
    }
    true
}

enum Prepared {
    /// Nothing is left to do.
    Done(Done),
    /// What is left is the network.
    Pending(Pending),
}

fn prepare(shared: &Shared, index: usize, product: &ProductPhoto) -> anyhow::Result<Prepared> {
    let skipped = |reason: String| Ok(Prepared::Done(Done::Skipped { reason }));
    fault::point(&format!("photo/{}", product.id))?;
    let bytes = match shared.work.contents.get(index) {
        Some(content) => Cow::Borrowed(content.as_slice()),
        None => match read_photo(&shared.work.photos.join(&product.path)) {
            Ok(bytes) => Cow::Owned(bytes),
            Err(error) => return skipped(error.to_string()),
        },
    };
    let photo = Digest::of(&bytes);
    let record = shared.known.get(&photo).copied();
    let mut thumbnail = None;
    if let Some((folder, known)) = &shared.thumbnails {
        thumbnail = known.get(&photo).copied().filter(|known| thumbnail::is_there(known, folder));
    }
    let whole = thumbnail.is_some() || shared.thumbnails.is_none();
    if let (Some(record), true) = (record, whole) {
        return Ok(Prepared::Done(Done::Reused(Kept { photo, thumbnail, record })));
    }
    let decoded = match decode(&bytes, &Limits::default()) {
        Ok(decoded) => decoded,
        Err(error) => return skipped(error.to_string()),
    };
    drop(bytes);
    if is_blank(&decoded) {
        return skipped(blank::REASON.to_owned());
    }
    if let (Some((folder, _)), None) = (&shared.thumbnails, thumbnail) {
        thumbnail = Some(thumbnail::write(&decoded, folder)?);
    }
    if let Some(record) = record {
        return Ok(Prepared::Done(Done::Reused(Kept { photo, thumbnail, record })));
    }
    let (size, colours) = ([decoded.width(), decoded.height()], Colours::of(&decoded));
    let input = shared.work.network.preprocessing().apply(&decoded);
    Ok(Prepared::Pending(Pending { index, photo, thumbnail, size, colours, input }))
}

/// Embeds photos together, or, if the network fails, one by one, so that those it fails on are told from the others.
fn run_network(network: &PhotoNetwork, batch: Vec<Pending>) -> impl Iterator<Item = (usize, Done)> + use<> {
    let inputs = batch.iter().flat_map(|pending| &pending.input).copied().collect::<Vec<_>>();
    let together = if batch.is_empty() { Ok(Vec::new()) } else { run_caught(network, &inputs) };
    drop(inputs);
    let embeddings: Vec<Result<Vec<f32>, String>> = match together {
        Ok(all) => all.chunks_exact(network.dims().max(1)).map(|row| Ok(row.to_vec())).collect(),
        Err(reason) if batch.len() == 1 => vec![Err(reason)],
        Err(_) => batch.iter().map(|pending| run_caught(network, &pending.input)).collect(),
    };
    batch.into_iter().zip(embeddings).map(|(pending, embedding)| {
        let Pending { index, photo, thumbnail, size, colours, .. } = pending;
        let done = match embedding {
            Ok(embedding) if embedding.iter().all(|value| value.is_finite()) => {
                Done::Embedded { photo, thumbnail, described: Described { size, colours, embedding } }
            }
            Ok(_) => Done::Skipped { reason: NOT_FINITE.to_owned() },
            Err(reason) => Done::Skipped { reason: format!("the network failed on it: {reason}") },
        };
        (index, done)
    })
}

fn run_caught(network: &PhotoNetwork, inputs: &[f32]) -> Result<Vec<f32>, String> {
    caught(|| {
        fault::point("network").map_err(anyhow::Error::from)?;
        network.run(inputs)
    })
    .and_then(|result: anyhow::Result<Vec<f32>>| result.map_err(|error| format!("{error:#}")))
}
