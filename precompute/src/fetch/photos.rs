//! All photos of a feed through the cache: what is there is asked for only whether it changed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use serde::Serialize;
use url::Url;

use super::cache::PhotoCache;
use super::client::{Answer, Client, Validators};
use super::progress::FetchProgress;

/// Largest photo, in bytes.
const LARGEST: u64 = 100_000_000;

/// What became of the photos.
#[derive(Debug, Default)]
pub struct Photos {
    /// Of each address, in the order given: its file below the folder, or why there is none.
    pub files: Vec<Result<PathBuf, String>>,
    /// Counts for the report.
    pub counts: Counts,
    /// Addresses whose photo is an older one, since the server did not answer, and why.
    pub stale: Vec<(String, String)>,
}

/// How many photos were fetched, and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Photos that were transferred.
    pub fetched: usize,
    /// Photos that were there and are as they were.
    pub unchanged: usize,
    /// Addresses that gave no photo.
    pub failed: usize,
    /// Bytes that were transferred.
    pub bytes: u64,
}

enum Done {
    Fetched(u64),
    Unchanged,
    Stale(String),
    Failed(String),
}

/// Fetches the photos at `addresses` into `folder` on `threads` threads; `offline` takes only what is there.
pub fn fetch_photos(
    addresses: &[Url],
    client: &Client,
    folder: &std::path::Path,
    threads: usize,
    offline: bool,
) -> Photos {
    let (cache, progress) = (PhotoCache::new(folder), FetchProgress::new(addresses.len()));
    let (next, (sender, receiver)) = (AtomicUsize::new(0), channel());
    let mut done: Vec<Option<Done>> = addresses.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..threads.max(1).min(addresses.len()) {
            let (sender, next, cache) = (sender.clone(), &next, &cache);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(address) = addresses.get(index) else { break };
                    let result = one(address, client, cache, offline);
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, result) in receiver {
            progress.advance(if let Done::Fetched(bytes) = result { bytes } else { 0 });
            done[index] = Some(result);
        }
    });
    progress.finish();
    let mut photos = Photos::default();
    for (address, done) in addresses.iter().zip(done) {
        let there = Ok(cache.path(address.as_str()));
        let counts = &mut photos.counts;
        photos.files.push(match done {
            Some(Done::Fetched(bytes)) => {
                counts.fetched += 1;
                counts.bytes += bytes;
                there
            }
            Some(Done::Unchanged) => {
                counts.unchanged += 1;
                there
            }
            Some(Done::Stale(reason)) => {
                counts.unchanged += 1;
                photos.stale.push((address.to_string(), reason));
                there
            }
            Some(Done::Failed(reason)) => {
                counts.failed += 1;
                Err(reason)
            }
            None => {
                counts.failed += 1;
                Err("it was not asked for".to_owned())
            }
        });
    }
    photos
}

fn one(address: &Url, client: &Client, cache: &PhotoCache, offline: bool) -> Done {
    let known = cache.get(address.as_str());
    if offline {
        return match known {
            Some(_) => Done::Unchanged,
            None => Done::Failed("it was not fetched before, and --offline was given".to_owned()),
        };
    }
    let validators = known.clone().unwrap_or_default();
    // What came without anything to compare by is not asked for again: most hosts' addresses of photos name a version.
    if known.is_some() && validators == Validators::default() {
        return Done::Unchanged;
    }
    match client.get(address, &validators, LARGEST) {
        Ok(Answer::Unchanged) => Done::Unchanged,
        Ok(Answer::Page(page)) => {
            if let Some(found) = no_picture(&page.bytes) {
                cache.remove(address.as_str());
                return Done::Failed(format!("{found}, and no picture that is read"));
            }
            match cache.put(address.as_str(), &page.bytes, page.validators) {
                Ok(()) => Done::Fetched(page.bytes.len() as u64),
                Err(error) => Done::Failed(format!("it cannot be kept: {error}")),
            }
        }
        Err(failure) if failure.gone => {
            cache.remove(address.as_str());
            Done::Failed(failure.reason)
        }
        Err(failure) if known.is_some() => Done::Stale(failure.reason),
        Err(failure) => Done::Failed(failure.reason),
    }
}

/// What bytes are that are no picture; the header's word for them does not count, since servers are often wrong.
fn no_picture(bytes: &[u8]) -> Option<&'static str> {
    let start = &bytes[..bytes.len().min(512)];
    let pictures: [&[u8]; 8] =
        [b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    if pictures.iter().any(|magic| start.starts_with(magic))
        || (start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP"))
    {
        return None;
    }
    let lower = start.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|at| at == word);
    Some(match start.get(4..12) {
        _ if start.is_empty() => "nothing",
        _ if has(b"<html") || has(b"<!doctype html") => "a web page",
        _ if has(b"<svg") => "an SVG drawing",
        Some(b"ftypavif" | b"ftypavis") => "an AVIF",
        Some(b"ftypheic" | b"ftypheix" | b"ftypmif1") => "a HEIC",
        _ if start.first().is_some_and(|byte| matches!(byte, b'{' | b'[')) => "JSON",
        _ => "something else",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_named() {
        for (bytes, want) in [
            (b"\xff\xd8\xff\xe0....".as_slice(), None),
            (b"RIFF....WEBPVP8 ", None),
            (b"RIFF", Some("something else")),
            (b"", Some("nothing")),
            (b"\n<!DOCTYPE html><p>", Some("a web page")),
            (b"<?xml?><svg>", Some("an SVG drawing")),
            (b"\0\0\0\x1cftypavif", Some("an AVIF")),
        ] {
            assert_eq!(no_picture(bytes), want);
        }
    }
}
