//! Folders whose files were damaged by a seeded generator, before a real page: neighbours, a filter and a photo each end in results or in an
//! error that the page is told, within a time limit, and the page goes on.
//!
//! `make test` tries a few; `make hostile` sets LOOKALIKE_MUTATIONS and tries a tenth of that number.

use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{Scratch, mutated, vouch_for};
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::damaged::copy_folder;
use crate::element::{SIZE, stage};
use crate::shop_server::{ShopServer, ids};

/// For each thing that is asked of a folder; three of them fit into the time that the driver gives a script.
const TIME_LIMIT_MS: u32 = 15_000;

/// Tries neighbours, a ranking by filter and colour, and a photo; returns how each ended.
const ATTEMPT: &str = "
    const [id, limit] = a;
    const outcome = (promise) => Promise.race([
      promise.then(() => 'results', ({ code }) => code ?? 'an error without a code'),
      new Promise((done) => setTimeout(done, limit, 'hangs')),
    ]);
    const either = (made) => new Promise((resolve, reject) => {
      made.addEventListener('mlt-results', () => resolve(), { once: true });
      made.addEventListener('mlt-error', ({ detail }) => reject(detail), { once: true });
    });
    const plain = make({ item: id, photo: '' }); const neighbours = await outcome(either(plain));
    const own = make({ item: id, colour: '0.3', filter: 'pattern=plain' });
    const ranked = await outcome(either(own));
    const found = await outcome(plain.search(await photo(id)));
    document.body.replaceChildren();
    return { neighbours, ranked, found };";

#[test]
fn a_folder_with_any_file_damaged_ends_in_results_or_a_told_error() -> anyhow::Result<()> {
    let count = match std::env::var("LOOKALIKE_MUTATIONS") {
        Ok(text) => text.parse::<u64>().context("LOOKALIKE_MUTATIONS")? / 10,
        Err(_) => 12,
    };
    let whole = ShopServer::start()?;
    let manifest = whole.manifest()?;
    let scratch = Scratch::new("mutated-pages")?;
    let copy = scratch.join("lookalike");
    copy_folder(whole.folder(), &copy)?;
    let server = ShopServer::of(&copy)?;
    let id = ids()?[9].clone();
    let path = |entry: &str| manifest[entry]["path"].as_str().map(str::to_owned).context(entry.to_owned());
    let mut files = vec!["manifest.json".to_owned()];
    for entry in ["codec", "codes", "refinement", "colours", "columns", "attributes"] {
        files.push(path(entry)?);
    }
    // Product 9 is in the first shard of neighbours and of cards.
    for (folder, file) in [("neighbours", "0.bin"), ("cards", "0.json"), ("network", "network.json")] {
        files.push(format!("{}/{file}", path(folder)?));
    }
    for file in &files {
        ensure!(copy.join(file).is_file(), "{file} is no file of the folder: the list of this test is old");
    }
    with_chromium("mutated", SIZE, |chromium| async move {
        let mut ends = std::collections::BTreeMap::new();
        for seed in 0..count {
            let file = &files[seed as usize % files.len()];
            let sound = fs::read(copy.join(file))?;
            let content = mutated(&sound, seed);
            fs::write(copy.join(file), &content)?;
            if file != "manifest.json" {
                let mut vouched = manifest.clone();
                vouch_for(&mut vouched, file, &content);
                fs::write(copy.join("manifest.json"), serde_json::to_vec(&vouched)?)?;
            }
            stage(&chromium, &server).await?;
            let got: Value = chromium.eval(ATTEMPT, json!([&id, TIME_LIMIT_MS])).await?;
            for (what, end) in got.as_object().context("an object")? {
                let end = end.as_str().unwrap_or("nothing");
                ensure!(end == "results" || end.contains('/'), "seed {seed}, {file}, {what}: {end}");
                *ends.entry(end.to_owned()).or_insert(0) += 1;
            }
            fs::write(copy.join(file), &sound)?;
            fs::write(copy.join("manifest.json"), serde_json::to_vec(&manifest)?)?;
        }
        println!("{}", json!({ "inputs": "folders before a page", "tried": count, "ends": ends }));
        ensure!(ends.keys().any(|end| end.contains('/')), "nothing was found damaged: {ends:?}");
        Ok(())
    })
}
