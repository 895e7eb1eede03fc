//! A folder whose codes are in partitions: a shopper's photo and a filter are answered in the browser as the program answers them,
//! from the partitions and by the module that reads them.

use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{Scratch, arguments, precompute};
use serde_json::json;

use crate::chromium::with_chromium;
use crate::element::{SIZE, stage};
use crate::shop_server::{METRICS, ShopServer, folder, ids, photos};

#[test]
fn a_photo_is_ranked_on_a_folder_with_partitions() -> anyhow::Result<()> {
    let scratch = Scratch::new("partitions-in-browser")?;
    let out = scratch.join("lookalike");
    let items = folder()?.with_file_name("sample").join("items.csv");
    let build = arguments![
        "build",
        photos()?,
        "--items",
        items,
        "--out",
        &out,
        "--images",
        "photos",
        "--partitions",
        "4"
    ];
    let built = precompute(build)?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let server = ShopServer::of(&out)?;
    with_chromium("partitions", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        chromium.requests().await?;
        let script = "
            const settled = async (made) => {
              let found;
              made.addEventListener('mlt-results', ({ detail }) => found = detail.neighbours);
              if (a.photo) { await next(made, 'results'); await made.search(await photo(a.photo)); }
              while (!made.settled || !found) await new Promise((done) => setTimeout(done, 20));
              made.remove();
              return found.map(({ id, distance }) => [id, distance]);
            };
            const of = { item: a.item, metric: a.metric, limit: 12 };
            const photographed = await settled(make({ ...of, photo: '' }));
            a.photo = undefined;
            const filtered = await settled(make({ ...of, filter: 'pattern=plain' }));
            return [photographed, filtered, await settled(make({ ...of, colour: 0.5 }))];";
        for (metric, at) in METRICS.into_iter().zip([14, 20, 31]) {
            let asked = json!({ "item": ids[3], "photo": ids[at], "metric": metric });
            let got = chromium.eval(script, asked).await?;
            let photo = photos()?.join(format!("{}.jpg", ids[at])).display().to_string();
            let native = [
                server.query(["--photo", &photo], metric, 12)?,
                server.query(["--item", &ids[3], "--filter", "pattern=plain"], metric, 12)?,
                server.query(["--item", &ids[3], "--colour", "0.5"], metric, 12)?,
            ];
            for (place, native) in native.iter().enumerate() {
                let found: Vec<(String, f64)> = serde_json::from_value(got[place].clone())?;
                same(&found, native)
                    .with_context(|| format!("{metric}, {place}: {found:?}, not {native:?}"))?;
            }
        }
        let requests = chromium.requests().await?;
        let urls: Vec<&str> = requests.iter().filter_map(|request| request["url"].as_str()).collect();
        let manifest = server.manifest()?;
        let layer = |kind: &str| -> anyhow::Result<String> {
            let path = manifest[kind]["path"].as_str().context(kind.to_owned())?;
            Ok(path.replace(".bin", "/0.bin"))
        };
        for word in [
            "/rank_partitions_bg.wasm",
            "/codes-0.bin",
            "/refinement-",
            "/assignments-0.bin",
            &layer("colours")?,
            &layer("attributes")?,
        ] {
            ensure!(urls.iter().any(|url| url.contains(word)), "{word} is not among {urls:?}");
        }
        ensure!(!urls.iter().any(|url| url.contains("/rank_bg.wasm")), "one module ranks: {urls:?}");
        chromium.assert_quiet().await?;

        // A partition that was damaged on the way is told by its name, and the element works again once it is whole.
        let partition =
            format!("{}/codes-0.bin", manifest["partitions"]["path"].as_str().context("partitions")?);
        let path = server.folder().join(&partition);
        let sound = fs::read(&path)?;
        let mut damaged = sound.clone();
        damaged[sound.len() / 2] ^= 1;
        fs::write(&path, damaged)?;
        let again = "const made = make({ item: a, photo: '' }); await next(made, 'results');
            return made.search(await photo(a)).then((found) => found[0].id, ({ code, message }) => [code, message]);";
        stage(&chromium, &server).await?;
        let got = chromium.eval(again, json!(ids[9])).await?;
        let message = got[1].as_str().unwrap_or_default();
        ensure!(got[0] == "folder/corrupt" && message.contains(&partition), "{got}");
        fs::write(&path, sound)?;
        stage(&chromium, &server).await?;
        ensure!(chromium.eval(again, json!(ids[9])).await? == json!(ids[9]));

        // So is the module that reads partitions, and the same worker tries again.
        let widget = manifest["widget"]["path"].as_str().context("widget")?;
        let module = server.folder().join(widget).join("wasm/rank_partitions_bg.wasm");
        let away = module.with_extension("away");
        fs::rename(&module, &away)?;
        stage(&chromium, &server).await?;
        let got = chromium.eval(again, json!(ids[9])).await?;
        let message = got[1].as_str().unwrap_or_default();
        ensure!(got[0] == "folder/missing" && message.contains("rank_partitions_bg.wasm"), "{got}");
        fs::rename(&away, &module)?;
        ensure!(chromium.eval(again, json!(ids[9])).await? == json!(ids[9]));
        Ok(())
    })
}

/// Place by place the same product, or one as near.
fn same(found: &[(String, f64)], native: &[(String, f64)]) -> anyhow::Result<()> {
    ensure!(found.len() == native.len() && !native.is_empty(), "another number of products");
    for ((id, distance), (other, want)) in found.iter().zip(native) {
        let near = (distance - want).abs() <= 1e-4 * want.max(1.0);
        ensure!(
            near && (id == other || (distance - want).abs() <= 1e-6 * want.max(1e-6)),
            "{id} and {other}"
        );
    }
    Ok(())
}
