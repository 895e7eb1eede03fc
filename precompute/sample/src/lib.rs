//! The sample catalogue: a made-up shop with drawn product photos, for demonstrations and tests.
//!
//! Nothing in it was photographed, so it can be given away. [`draw_catalogue`] writes
//! `photos/<id>.jpg` and `items.csv`. The same seed and count give the same files, byte for byte (as long as the platform's
//! sine is the same), and item `i` is the same in a catalogue of any size.

mod colour;
mod fabric;
mod garments;
mod motifs;
mod noise;
mod outline;
mod photo;
mod plan;
mod print;
mod random;
mod relief;
mod surface;

#[cfg(test)]
mod tests;

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use plan::{Item, MOST_ITEMS};

/// Good enough for a shop; the encoder keeps full colour resolution, so a higher one costs much.
const JPEG_QUALITY: u8 = 86;

/// Draws a catalogue of `count` items into the folder `out`, which is made if need be.
///
/// `progress` is called, from any thread, with the number of photos written so far.
///
/// # Errors
///
/// If there are not enough six-digit ids for `count` items, or a file cannot be written.
pub fn draw_catalogue(out: &Path, count: usize, seed: u64, progress: &(dyn Fn(usize) + Sync)) -> Result<()> {
    if count > MOST_ITEMS {
        bail!("a sample catalogue has at most {MOST_ITEMS} items, not {count}");
    }
    let photos = out.join("photos");
    fs::create_dir_all(&photos).with_context(|| format!("cannot make {}", photos.display()))?;
    let items: Vec<Item> = (0..count).map(|index| Item::plan(seed, index)).collect();
    write_table(&out.join("items.csv"), &items)?;
    write_photos(&photos, &items, progress)
}

fn write_table(path: &Path, items: &[Item]) -> Result<()> {
    let mut table =
        csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    table.write_record([
        "id", "title", "url", "price", "category", "colour", "pattern", "print", "in_stock",
    ])?;
    for item in items {
        table.write_record([
            item.id.to_string().as_str(),
            &item.title(),
            &format!("?item={}", item.id),
            &format!("{}.{:02}", item.price_cents / 100, item.price_cents % 100),
            item.category.name(),
            item.shade.name,
            item.pattern.name(),
            item.print.as_ref().map_or("none", |print| print.motif.name),
            if item.in_stock { "true" } else { "false" },
        ])?;
    }
    table.flush().with_context(|| format!("cannot write {}", path.display()))
}

/// Draws the photos on all cores, each taking the next item when it is done with one.
fn write_photos(folder: &Path, items: &[Item], progress: &(dyn Fn(usize) + Sync)) -> Result<()> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(None);
    // A full disk fails every photo; one failure is enough to stop and say so.
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = write_photo(folder, item) {
                next.store(items.len(), Ordering::Relaxed);
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                return;
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    thread::scope(|scope| {
        (0..thread::available_parallelism().map_or(1, NonZero::get)).for_each(|_| {
            scope.spawn(worker);
        });
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

fn write_photo(folder: &Path, item: &Item) -> Result<()> {
    let path = folder.join(format!("{}.jpg", item.id));
    let rgb = photo::take(item);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode(&rgb, photo::WIDTH, photo::HEIGHT, ExtendedColorType::Rgb8)
        .with_context(|| format!("cannot encode {}", path.display()))?;
    fs::write(&path, jpeg).with_context(|| format!("cannot write {}", path.display()))
}
