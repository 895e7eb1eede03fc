//! Two networks in one folder: a vision transformer, which no browser runs here, finds the stored neighbours; a small network of
//! convolutions embeds shoppers' photos.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use image::RgbImage;
use lookalike::embedding::{Metric, distance};
use lookalike_tests::{Npy, arguments, fail, succeed, succeed_json};
use serde_json::Value;

use crate::shop::Shop;

/// `transformer/make.py` makes it, and the embeddings that ONNX Runtime gives of the pictures of seeds 0 to 2.
fn transformer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cli/transformer/transformer.onnx")
}

const EMBEDDINGS: &str = include_str!("transformer/embeddings.json");

/// A photo of the transformer's own size, so that nothing is resized.
fn photo(shop: &Shop, seed: u32) -> anyhow::Result<()> {
    let level = |x: u32, y: u32, c: u32| ((x * (7 + seed) + y * 13 + c * 29 + seed * 53) % 256) as u8;
    let picture = RgbImage::from_fn(32, 32, |x, y| image::Rgb([0, 1, 2].map(|c| level(x, y, c))));
    picture.save(shop.photos().join(format!("p{seed:03}.png")))?;
    Ok(())
}

/// A shop of `products` photos and its build in both roles.
fn build(shop: &Shop, products: u32, more: &[&str]) -> anyhow::Result<Value> {
    (0..products).try_for_each(|seed| photo(shop, seed))?;
    let (photos, out, network) = (shop.photos(), shop.out(), shop.0.join("network"));
    let mut all = arguments![
        "build",
        photos,
        "--out",
        out,
        "--model",
        transformer(),
        "--model-preprocessing",
        "symmetric",
        "--photo-model",
        network,
        "--json"
    ]
    .to_vec();
    all.extend(more.iter().map(Into::into));
    succeed_json(all)
}

#[test]
fn a_transformer_finds_the_neighbours_and_a_network_of_convolutions_takes_photos() -> anyhow::Result<()> {
    let shop = Shop::new("roles")?;
    let report = build(&shop, 12, &["--neighbours", "5"])?;
    ensure!(report["items"] == 12 && report["embedded"] == 12, "{report}");

    let products = shop.export()?;
    let references: Vec<Vec<f32>> = serde_json::from_str(EMBEDDINGS)?;
    for ((id, embedding), reference) in products.iter().zip(&references) {
        ensure!(embedding.len() == reference.len(), "{id}: {} numbers", embedding.len());
        let off = embedding.iter().zip(reference).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        ensure!(off < 1e-4, "{id} is off by {off} from ONNX Runtime's embedding");
    }
    // Stored neighbours are the nearest by the transformer's embeddings.
    for (id, embedding) in &products {
        let mut nearest: Vec<(f64, &str)> = products
            .iter()
            .filter(|(other, _)| other != id)
            .map(|(other, values)| (distance(Metric::Cosine, embedding, values), other.as_str()))
            .collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
        let found = shop.query(&["--item", id, "-k", "5"])?;
        for ((own, name), (id, stored)) in nearest.iter().zip(&found) {
            ensure!(name == id && (own - stored).abs() < 1e-6, "{name} at {own}, {id} at {stored}");
        }
    }
    // The folder has the network of photos, codes are of its embeddings, and a photo of the catalogue finds itself.
    let manifest: Value = serde_json::from_slice(&std::fs::read(shop.out().join("manifest.json"))?)?;
    ensure!(manifest["neighbours"]["network"]["name"] == "transformer", "{manifest}");
    ensure!(manifest["network"]["name"] != "transformer", "{manifest}");
    let asked = shop.photos().join("p007.png").to_string_lossy().into_owned();
    let nearest = shop.query(&["--photo", &asked, "-k", "1"])?;
    ensure!(nearest.first().is_some_and(|(id, _)| id == "p007"), "{nearest:?}");
    let npy = shop.0.join("of-photos.npy");
    succeed(arguments!["export", shop.out(), "--npy", &npy, "--of-photos"])?;
    ensure!(Npy::read(&npy)?.shape == [12, 24], "the network of photos has 24 dimensions");
    succeed(arguments!["verify", shop.out()])?;
    let figures = succeed_json(arguments!["eval", shop.out(), "--sample", "12", "--json"])?;
    ensure!(figures["recall_at_10"]["cosine"].as_f64().context("recall")? > 0.5, "{figures}");

    // Nothing changed: nothing is embedded again.
    let again = build(&shop, 12, &["--neighbours", "5"])?;
    ensure!(again["embedded"] == 0 && again["reused"] == 12, "{again}");
    Ok(())
}

#[test]
fn each_network_is_adapted_to_the_catalogue_by_itself() -> anyhow::Result<()> {
    let shop = Shop::new("roles-adapted")?;
    let report = build(&shop, 120, &["--no-thumbnails", "--images", "photos"])?;
    ensure!(report["adaptation"]["state"] == "fitted", "{report}");
    ensure!(report["neighbours_adaptation"]["state"] == "fitted", "{report}");
    let adapted = shop.export()?;
    ensure!(adapted.iter().all(|(_, values)| values.len() <= 16), "as many axes as dimensions, at most");
    // The stored distances are between these.
    let (first, second) = (&adapted[0], &shop.query(&["--item", &adapted[0].0, "-k", "1"])?[0]);
    let other = adapted.iter().find(|(id, _)| *id == second.0).context("a product")?;
    let own = distance(Metric::Cosine, &first.1, &other.1);
    ensure!((own - second.1).abs() < 1e-6, "{own} and {}", second.1);
    // The same photos in a folder made anew: both adaptations stay.
    let report = build(&shop, 120, &["--no-thumbnails", "--images", "photos", "--neighbours", "6"])?;
    ensure!(report["embedded"] == 0, "{report}");
    for role in ["adaptation", "neighbours_adaptation"] {
        ensure!(report[role]["state"] == "kept" && report[role]["overlap"] == 1.0, "{report}");
    }
    Ok(())
}

#[test]
fn what_a_browser_cannot_run_is_no_network_for_photos() -> anyhow::Result<()> {
    let shop = Shop::with("roles-refused", 2)?;
    let (photos, out) = (shop.photos(), shop.out());
    for arguments in [
        arguments!["build", &photos, "--out", &out, "--photo-model", transformer()].to_vec(),
        arguments!["build", &photos, "--out", &out, "--model", transformer(), "--photo-model", transformer()]
            .to_vec(),
    ] {
        let errors = fail(1, arguments)?;
        ensure!(errors.contains("transformer.onnx") && errors.contains("photo"), "{errors}");
    }
    Ok(())
}
