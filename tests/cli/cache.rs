//! The cache never lies: damage costs the damaged records alone, and what another version made is not taken.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use lookalike_tests::{succeed, tree};

use crate::shop::Shop;

const PHOTOS: u32 = 12;
/// Of the small network's embeddings.
const RECORD: usize = 32 + 8 + 24 + 4 * 24 + 8;
const HEADER: usize = 44;

/// The file of the cache whose name begins with `kind`.
fn file(shop: &Shop, kind: &str) -> anyhow::Result<PathBuf> {
    let entries = fs::read_dir(shop.0.join("out.cache"))?.flatten();
    let found = entries.map(|entry| entry.path()).find(|path| {
        path.is_file() && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind))
    });
    found.with_context(|| format!("a file {kind}"))
}

#[test]
fn a_damaged_cache_costs_what_is_damaged_and_nothing_else() -> anyhow::Result<()> {
    let shop = Shop::with("cache-damage", PHOTOS)?;
    shop.build(&[])?;
    let (before, embeddings) = (tree(&shop.out())?, file(&shop, "embeddings-")?);
    let whole = fs::read(&embeddings)?;
    ensure!(whole.len() == HEADER + PHOTOS as usize * RECORD, "{} bytes", whole.len());
    let at = |record: usize, byte: usize| HEADER + record * RECORD + byte;
    let flipped = |places: &[usize]| {
        let mut bytes = whole.clone();
        places.iter().for_each(|place| bytes[*place] ^= 0x20);
        bytes
    };
    let mut zeros = whole.clone();
    zeros[at(4, 0)..at(7, 0)].fill(0);
    let damages = [
        ("a bit of a photo's digest", flipped(&[at(0, 3)]), 1),
        ("a bit of a size", flipped(&[at(5, 33)]), 1),
        ("a bit of an embedding", flipped(&[at(3, 100)]), 1),
        ("a bit of a record's digest", flipped(&[at(11, RECORD - 1)]), 1),
        ("bits of three records", flipped(&[at(1, 9), at(6, 70), at(7, 0)]), 3),
        ("a bit of the header", flipped(&[5]), 0),
        ("three records of zeros", zeros, 3),
        ("cut within a record", whole[..at(9, 50)].to_vec(), 3),
        ("cut by a byte", whole[..whole.len() - 1].to_vec(), 1),
        ("cut to nothing", Vec::new(), PHOTOS),
        ("a byte missing in the middle", [&whole[..at(6, 1)], &whole[at(6, 2)..]].concat(), 6),
        ("noise at the end", [&whole[..], &[7; 500]].concat(), 0),
    ];
    for (what, bytes, lost) in damages {
        fs::write(&embeddings, &bytes)?;
        // Anything else than the same inputs, so that the folder is made anew from the cache.
        fs::remove_file(shop.0.join("out.cache/fingerprint.json"))?;
        let report = shop.build(&[])?;
        ensure!(report["embedded"] == lost, "{what}: {report}");
        ensure!(tree(&shop.out())? == before, "{what}: the folder is another");
        ensure!(shop.build(&[])?["embedded"] == 0, "{what}: it is mended");
        fs::write(&embeddings, &whole)?;
    }
    Ok(())
}

#[test]
fn thumbnails_are_named_by_their_content_and_damaged_ones_made_again() -> anyhow::Result<()> {
    let shop = Shop::with("cache-thumbnails", 5)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    let names: Vec<&String> = before.keys().filter(|name| name.starts_with("thumbnails/")).collect();
    ensure!(names.len() == 5, "{names:?}");
    for name in &names {
        let digest = lookalike::digest::Digest::of(&before[*name]).short();
        ensure!(**name == format!("thumbnails/{}/{digest}.jpg", &digest[..2]), "{name} holds {digest}");
    }
    let cache = shop.0.join("out.cache");
    let rebuilt = |what: &str| -> anyhow::Result<()> {
        fs::remove_file(cache.join("fingerprint.json"))?;
        let report = shop.build(&[])?;
        ensure!(report["embedded"] == 0 && tree(&shop.out())? == before, "{what}: {report}");
        Ok(())
    };
    // An optimiser that rewrites the pictures of the site where they are does not reach the cache.
    fs::write(shop.out().join(names[0]), "optimised")?;
    rebuilt("changed in the site")?;
    fs::write(cache.join(names[1]), "damaged")?;
    fs::remove_file(cache.join(names[2]))?;
    rebuilt("damaged in the cache")?;
    let list = file(&shop, "thumbnails-")?;
    let mut bytes = fs::read(&list)?;
    bytes[60] ^= 1;
    fs::write(&list, &bytes)?;
    rebuilt("the list damaged")?;
    fs::remove_file(&list)?;
    rebuilt("the list gone")?;
    // What killed runs and other versions left is not kept for ever.
    fs::write(cache.join("thumbnails/ab12.ThreadId(2).tmp"), "half")?;
    rebuilt("strays")?;
    ensure!(tree(&cache.join("thumbnails"))?.len() == 5, "only what is in use stays");
    Ok(())
}

#[test]
fn what_another_version_of_the_program_embedded_is_not_mixed_in() -> anyhow::Result<()> {
    let shop = Shop::with("cache-version", 4)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    let embeddings = file(&shop, "embeddings-")?;
    // As another version's would be: by another name, its records under another header. Taken for this one's it is nothing.
    let mut bytes = fs::read(&embeddings)?;
    bytes[4] = 99;
    for record in 0..4 {
        let (start, end) = (HEADER + record * RECORD, HEADER + (record + 1) * RECORD - 8);
        bytes[start + 70] ^= 1;
        let digest = lookalike::digest::Digest::of(&[&bytes[..HEADER], &bytes[start..end]].concat());
        bytes[end..end + 8].copy_from_slice(&digest.0[..8]);
    }
    fs::write(&embeddings, &bytes)?;
    fs::remove_file(shop.0.join("out.cache/fingerprint.json"))?;
    let report = shop.build(&[])?;
    ensure!(report["embedded"] == 4 && tree(&shop.out())? == before, "{report}");
    succeed(lookalike_tests::arguments!["verify", shop.out()])?;
    Ok(())
}
