//! Photos to embeddings, on all cores. Each worker reads and decodes a few photos and embeds them together, so memory is
//! that of a few photos a worker however many there are; results go through a short queue to the one thread that writes
//! the cache.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::Context;
use lookalike::colour::Colours;
use lookalike::digest::Digest;
use lookalike::network::Network;
use lookalike::photo::{Limits, Photo, PhotoError, decode};

use super::cache::{Described, EmbeddingCache, Record};
use super::thumbnail;
use crate::catalogue::{Product, Skipped};
use crate::progress::Progress;

/// How many photos a worker embeds together: fc6 of VGG-16 is 103 MB, read once for all of them.
const TOGETHER: usize = 8;

/// Why a photo is skipped that the network makes nothing of.
const NOT_FINITE: &str =
    "the network's embedding of it has a number that is not finite: compile the network with --weights f32";

/// What is to be embedded, and how.
pub struct Work<'a> {
    /// The folder the products' paths are below.
    pub photos: &'a Path,
    /// In item order.
    pub products: &'a [Product],
    /// Ready to run.
    pub network: &'a Network,
    /// Where thumbnails go, if they are wanted.
    pub thumbnails: Option<PathBuf>,
    /// Number of threads.
    pub jobs: usize,
}

/// A product that is in the folder.
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its photo, below the folder of photos.
    pub path: PathBuf,
    /// Digest of the photo's file.
    pub photo: Digest,
    /// Its embedding.
    pub record: Record,
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
    /// Why the first photo was skipped.
    pub fn first_reason(&self) -> String {
        self.skipped.first().map(|photo| format!("{}: {}", photo.file, photo.reason)).unwrap_or_default()
    }
}

enum Done {
    Reused { photo: Digest, record: Record },
    Embedded { photo: Digest, described: Described },
    Skipped { reason: String },
}

/// Embeds what is not in the cache yet.
///
/// # Errors
/// When the cache or a thumbnail cannot be written or the network fails; not when a photo cannot be read.
pub fn embed(work: &Work, cache: &mut EmbeddingCache, progress: &Progress) -> anyhow::Result<Outcome> {
    let known: Vec<_> = work.products.iter().map(|_| None).collect();
    let mut done: Vec<Option<Result<Item, Skipped>>> = known;
    let mut embedded = 0;
    // Workers look photos up in what was there at the start; two new photos of one content are both embedded, once.
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let (sender, receiver) = sync_channel::<(usize, anyhow::Result<Done>)>(work.jobs * 2);
    let snapshot = cache.snapshot();
    thread::scope(|scope| -> anyhow::Result<()> {
        for _ in 0..work.jobs {
            let (sender, next, stop, snapshot) = (sender.clone(), &next, &stop, &snapshot);
            scope.spawn(move || {
                let mut pending = Pending::default();
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let product = work.products.get(index);
                    let mut answers = Vec::new();
                    match product.map(|product| prepare(work, product, |photo| snapshot.get(photo).copied()))
                    {
                        None => {}
                        Some(Ok(Prepared::Done(done))) => answers.push((index, Ok(done))),
                        Some(Ok(Prepared::Input { photo, size, colours, input })) => {
                            pending.photos.push((index, photo, size, colours));
                            pending.inputs.extend(input);
                        }
                        Some(Err(error)) => answers.push((index, Err(error))),
                    }
                    if product.is_none() || pending.photos.len() == TOGETHER {
                        pending.embed(work.network, &mut answers);
                    }
                    let received = answers.into_iter().all(|answer| sender.send(answer).is_ok());
                    if product.is_none() || !received {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut first_error = None;
        for (index, result) in receiver {
            let product = &work.products[index];
            let kept = result.and_then(|result| match result {
                Done::Reused { photo, record } => Ok(Ok((photo, record))),
                Done::Embedded { photo, described } => {
                    let record = match cache.get(&photo) {
                        Some(record) => record,
                        None => {
                            embedded += 1;
                            cache.insert(photo, &described)?
                        }
                    };
                    Ok(Ok((photo, record)))
                }
                Done::Skipped { reason } => Ok(Err(reason)),
            });
            match kept {
                Ok(kept) => {
                    done[index] = Some(match kept {
                        Ok((photo, record)) => {
                            Ok(Item { id: product.id.clone(), path: product.path.clone(), photo, record })
                        }
                        Err(reason) => Err(Skipped { file: product.photo(), reason }),
                    });
                    progress.advance();
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    first_error.get_or_insert(error.context(product.photo()));
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    })?;
    let (mut items, mut skipped) = (Vec::new(), Vec::new());
    for result in done.into_iter().flatten() {
        match result {
            Ok(item) => items.push(item),
            Err(photo) => skipped.push(photo),
        }
    }
    Ok(Outcome { items, skipped, embedded })
}

/// A photo before the network.
enum Prepared {
    /// Nothing is left to do.
    Done(Done),
    /// What is left is the network.
    Input { photo: Digest, size: [u32; 2], colours: Colours, input: Vec<f32> },
}

fn prepare(
    work: &Work,
    product: &Product,
    known: impl Fn(&Digest) -> Option<Record>,
) -> anyhow::Result<Prepared> {
    let skipped = |reason: String| Ok(Prepared::Done(Done::Skipped { reason }));
    let bytes = match fs::read(work.photos.join(&product.path)) {
        Ok(bytes) => bytes,
        Err(error) => return skipped(error.to_string()),
    };
    let digest = Digest::of(&bytes);
    let record = known(&digest);
    let thumbnail = work.thumbnails.as_ref().map(|folder| folder.join(thumbnail::path(&digest)));
    let thumbnail = thumbnail.filter(|file| !file.exists());
    if let (Some(record), None) = (record, &thumbnail) {
        return Ok(Prepared::Done(Done::Reused { photo: digest, record }));
    }
    let photo = match decode_caught(&bytes) {
        Ok(photo) => photo,
        Err(error) => return skipped(error.to_string()),
    };
    drop(bytes);
    if let Some(file) = thumbnail {
        thumbnail::write(&photo, &file)?;
    }
    if let Some(record) = record {
        return Ok(Prepared::Done(Done::Reused { photo: digest, record }));
    }
    let input = work.network.description().preprocessing.apply(&photo);
    let (size, colours) = ([photo.width(), photo.height()], Colours::of(&photo));
    Ok(Prepared::Input { photo: digest, size, colours, input })
}

/// Photos that wait to be embedded together.
#[derive(Default)]
struct Pending {
    photos: Vec<(usize, Digest, [u32; 2], Colours)>,
    inputs: Vec<f32>,
}

impl Pending {
    /// Embeds them all and appends what came of each to `answers`.
    fn embed(&mut self, network: &Network, answers: &mut Vec<(usize, anyhow::Result<Done>)>) {
        if self.photos.is_empty() {
            return;
        }
        let embeddings = network.run(&self.inputs).context("embedding");
        self.inputs.clear();
        match embeddings {
            Ok(embeddings) => {
                let rows = embeddings.chunks_exact(network.dims());
                for ((index, photo, size, colours), embedding) in self.photos.drain(..).zip(rows) {
                    let done = if embedding.iter().all(|value| value.is_finite()) {
                        let described = Described { size, colours, embedding: embedding.to_vec() };
                        Done::Embedded { photo, described }
                    } else {
                        Done::Skipped { reason: NOT_FINITE.to_owned() }
                    };
                    answers.push((index, Ok(done)));
                }
            }
            // The first error ends the build; one is enough.
            Err(error) => answers.extend(self.photos.drain(..).next().map(|(index, ..)| (index, Err(error)))),
        }
    }
}

/// A decoder that panics on a hostile file costs that file only.
fn decode_caught(bytes: &[u8]) -> Result<Photo, PhotoError> {
    catch_unwind(AssertUnwindSafe(|| decode(bytes, &Limits::default())))
        .unwrap_or_else(|_| Err(PhotoError::Damaged("the decoder gave up on it".to_owned())))
}
