//! Native against wasm: the same pixels, the same embeddings, the same rankings.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, ensure};
use lookalike::attributes::Attributes;
use lookalike::digest::Digest;
use lookalike::embedding::Metric;
use lookalike::network::{Loader, Network};
use lookalike::photo::{Limits, decode, resize};
use lookalike::rank::{Neighbour, Query};
use lookalike::rules::Rules;
use lookalike::search::top_k;
use lookalike_tests::refined_codes;
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::element::stage;
use crate::shop_server::{ShopServer, ids, photos};

/// Both builds of the wasm module that embeds.
const MODULES: [&str; 2] = ["embed_bg.wasm", "embed_relaxed_bg.wasm"];

/// Loads wasm, network and codes into the page itself. `a` is `{manifest, ...}`, with the name of a `module` if it is not
/// to be the one for every browser.
pub const LOAD: &str = "
    const folder = new URL('/lookalike/', location.href);
    const get = async (path) => new Uint8Array(await (await fetch(new URL(path, folder))).arrayBuffer());
    const { network, adaptation, codec, codes, refinement, items, widget } = a.manifest;
    const wasm = await import(new URL(`${widget.path}/wasm/embed.js`, folder).href);
    const exports = await wasm.default({ module_or_path: await get(`${widget.path}/wasm/${a.module ?? 'embed_bg.wasm'}`) });
    const loader = new wasm.NetworkLoader(await get(`${network.path}/network.json`), network.sha256);
    for (const [index, part] of loader.parts().entries()) loader.part(index, await get(`${network.path}/${part.path}`));
    const embedder = loader.finish();
    if (adaptation) embedder.adapt(await get(adaptation.path), adaptation.sha256, adaptation.path);";

const CODE: &str = "
    const { default: start, Ranker } = await import(new URL(`${widget.path}/wasm/rank.js`, folder).href);
    await start({ module_or_path: await get(`${widget.path}/wasm/rank_bg.wasm`) });
    const ranker = new Ranker(await get(codec.path), codec.sha256, await get(codes.path), codes.sha256, items);
    ranker.refine(await get(refinement.path), refinement.sha256);
    const pairs = (flat) => Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n], flat[2 * n + 1]]);
    const answers = {};
    for (const id of a.ids) {
      const picture = wasm.Picture.decode(new Uint8Array(await (await fetch(`/photos/${id}.jpg`)).arrayBuffer()));
      const embedding = embedder.embed(picture);
      answers[id] = {
        pixels: picture.sha256(), resized: picture.resized_sha256(224, 224), embedding: [...embedding],
        ranked: Object.fromEntries(['cosine', 'euclidean', 'manhattan'].map((metric) =>
          [metric, pairs(ranker.rank(embedding, picture.colours(), { metric, limit: 20 }))])),
      };
      picture.free();
    }
    return answers;";

/// Distances closer than this, relatively, are ties: their order may differ.
const TIE: f64 = 1e-6;

#[test]
fn native_and_wasm_agree_on_fifty_photos() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("parity", (1000, 800), |chromium| async move {
        let (ids, manifest) = (ids()?, server.manifest()?);
        let network = network(&server)?;
        let codes = refined_codes(server.folder())?;
        let everything = Rules::default().prepare(&Attributes::none(50), &[], None)?;
        for module in MODULES {
            // A page anew: a module is set up once a page.
            stage(&chromium, &server).await?;
            let argument = json!({ "ids": ids, "manifest": manifest, "module": module });
            let answers = chromium.eval(&format!("{LOAD}{CODE}"), argument).await?;
            let answers: BTreeMap<String, Value> = serde_json::from_value(answers)?;
            ensure!(answers.len() == 50, "{} photos", answers.len());

            let (mut minimum, mut pixels, mut resized) = (1f64, 0, 0);
            for (id, answer) in &answers {
                let photo = decode(&fs::read(photos()?.join(format!("{id}.jpg")))?, &Limits::default())?;
                pixels += u32::from(answer["pixels"] != json!(Digest::of(photo.rgb()).hex()));
                resized +=
                    u32::from(answer["resized"] != json!(Digest::of(resize(&photo, 224, 224).rgb()).hex()));
                let native = network.embed(&photo)?;
                let wasm: Vec<f32> = serde_json::from_value(answer["embedding"].clone())?;
                ensure!(native.len() == wasm.len(), "{id}: {} and {} dimensions", native.len(), wasm.len());
                minimum = minimum.min(cosine(&native, &wasm));
                for metric in Metric::ALL {
                    let wasm: Vec<(u32, f64)> =
                        serde_json::from_value(answer["ranked"][metric.name()].clone())?;
                    ensure!(wasm.len() == 20, "{id} by {}: {} ranked", metric.name(), wasm.len());
                    let query = Query::new(codes.query(&native, metric)?, None);
                    same_ranking(&top_k(&query, &everything, None, 50), &wasm)
                        .with_context(|| format!("{id} by {}", metric.name()))?;
                }
            }
            println!(
                "native against {module} on 50 photos: smallest cosine {minimum:.9}; {pixels} decoded and {resized} resized differ"
            );
            ensure!(
                pixels == 0 && resized == 0,
                "{pixels} photos decode and {resized} resize to other pixels"
            );
            ensure!(minimum >= 0.99999, "smallest cosine {minimum}");
        }
        chromium.assert_quiet().await
    })
}

fn network(server: &ShopServer) -> anyhow::Result<Network> {
    let manifest = server.manifest()?;
    let folder = server.folder().join(manifest["network"]["path"].as_str().context("network")?);
    let description = fs::read(folder.join("network.json"))?;
    let mut loader = Loader::new(&description, manifest["network"]["sha256"].as_str().context("sha256")?)?;
    for (index, part) in loader.description().parts.clone().iter().enumerate() {
        loader.part(index, &fs::read(folder.join(&part.path))?)?;
    }
    Ok(loader.finish()?)
}

fn cosine(one: &[f32], two: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(one, two) / (dot(one, one) * dot(two, two)).sqrt()
}

/// `native` ranks all products, `wasm` the first 20: place by place the same product, or one tied with it.
fn same_ranking(native: &[Neighbour], wasm: &[(u32, f64)]) -> anyhow::Result<()> {
    for (place, ((item, distance), expected)) in wasm.iter().zip(native).enumerate() {
        let own = native.iter().find(|one| one.item == *item).context("an item of the catalogue")?;
        let tied = (own.distance - expected.distance).abs() <= TIE * expected.distance.max(TIE);
        ensure!(*item == expected.item || tied, "place {place}: {item} at {distance}, natively {expected:?}");
    }
    Ok(())
}
