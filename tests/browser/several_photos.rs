//! Products with several photos: the browser shows each once, as near as its nearest photo, as the program does.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{Scratch, arguments, precompute};
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::element::{SIZE, stage};
use crate::shop_server::{METRICS, ShopServer, ids, photos};

/// Products, of three photos each.
const PRODUCTS: usize = 16;

#[test]
fn a_product_of_several_photos_is_shown_once() -> anyhow::Result<()> {
    let scratch = Scratch::new("several-photos-in-browser")?;
    let ids = ids()?;
    for product in 0..PRODUCTS {
        let folder = scratch.join(&format!("photos/t{product}"));
        fs::create_dir_all(&folder)?;
        for number in 0..3 {
            let from = photos()?.join(format!("{}.jpg", ids[product + PRODUCTS * number]));
            fs::copy(from, folder.join(format!("{number}.jpg")))?;
        }
    }
    let rows = (0..PRODUCTS).map(|product| format!("t{product},{},{product}\n", ["a", "b", ""][product % 3]));
    let items = scratch.join("items.csv");
    fs::write(&items, format!("id,style,stock\n{}", rows.collect::<String>()))?;
    for partitions in ["1", "4"] {
        let out = scratch.join(&format!("lookalike-{partitions}"));
        let mut build =
            arguments!["build", scratch.join("photos"), "--items", &items, "--out", &out].to_vec();
        if partitions != "1" {
            build.extend(arguments!["--partitions", partitions]);
        }
        let built = precompute(build)?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        is_shown_once(&ShopServer::of(&out)?, &ids).with_context(|| format!("{partitions} partitions"))?;
    }
    Ok(())
}

fn is_shown_once(server: &ShopServer, ids: &[String]) -> anyhow::Result<()> {
    with_chromium("several-photos", SIZE, |chromium| async move {
        stage(&chromium, server).await?;
        let script = "
            const settled = async (made) => {
              let found;
              made.addEventListener('mlt-results', ({ detail }) => found = detail.neighbours);
              if (a.photo) { await next(made, 'results'); await made.search(await photo(a.photo)); }
              while (!made.settled || !found) await new Promise((done) => setTimeout(done, 20));
              made.remove();
              return found.map(({ id, distance, card }) => [id, distance, card.photo ?? null, card.thumbnail]);
            };
            const of = { item: 't7', metric: a.metric, limit: 12 };
            const photographed = await settled(make({ ...of, photo: '' }));
            const chosen = await photo(a.photo);
            a.photo = undefined;
            const filtered = await settled(make({ ...of, filter: 'stock<12' }));
            const stored = await settled(make(of));
            const { createLookalike } = await import(new URL('lookalike/lookalike.js', location.href).href);
            const lookalike = createLookalike({ src: new URL('lookalike/', location.href) });
            const ranked = async (like, how) => (await lookalike.rank(like, { metric: a.metric, limit: 12, ...how }))
              .map(({ id, distance }) => [id, distance]);
            const without = await ranked(chosen, { rules: { exclude: [photographed[0][0]] } });
            const grouped = await ranked('t7', { colour: 0.3, rules: { group: 'style' } });
            lookalike.close();
            return [photographed, without, filtered, grouped, stored];";
        for metric in METRICS {
            // The second photo of t9.
            let photo = photos()?.join(format!("{}.jpg", ids[9 + PRODUCTS]));
            let asked = json!({ "photo": ids[9 + PRODUCTS], "metric": metric });
            let got = chromium.eval(script, asked).await?;
            let photo = photo.display().to_string();
            let native = [
                server.query(["--photo", &photo], metric, 12)?,
                server.query(["--photo", &photo, "--exclude", "t9"], metric, 12)?,
                server.query(["--item", "t7", "--filter", "stock<12"], metric, 12)?,
                server.query(["--item", "t7", "--group", "style", "--colour", "0.3"], metric, 12)?,
                server.query(["--item", "t7"], metric, 12)?,
            ];
            for (place, native) in native.iter().enumerate() {
                let found = got[place].as_array().context("a list")?;
                let shown: Vec<&str> = found.iter().filter_map(|near| near[0].as_str()).collect();
                let once: BTreeSet<&&str> = shown.iter().collect();
                ensure!(once.len() > 5 && once.len() == native.len(), "{metric}, {place}: {shown:?}");
                for (near, (id, distance)) in found.iter().zip(native) {
                    let far = near[1].as_f64().context("a distance")?;
                    let same = near[0] == id.as_str() || (far - distance).abs() <= 1e-6 * distance.max(1.0);
                    ensure!(
                        same && (far - distance).abs() <= 1e-4 * distance.max(1.0),
                        "{metric}, {place}: {found:?}, not {native:?}"
                    );
                }
            }
            ensure!(got[0][0][0] == "t9" && got[0][0][2] == "t9/1.jpg", "the photo itself: {}", got[0][0]);
            let of_first: Vec<&Value> =
                got[1].as_array().into_iter().flatten().map(|near| &near[0]).collect();
            ensure!(!of_first.contains(&&json!("t9")), "{of_first:?}");
        }
        chromium.assert_quiet().await
    })
}
