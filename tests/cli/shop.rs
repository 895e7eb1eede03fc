//! A shop to try the program on: a scratch folder with photos, a small network, and the folder that is built.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use lookalike::folder::Card;
use lookalike_tests::{Npy, Scratch, arguments, save_picture, small_network, succeed, succeed_json};
use serde_json::Value;

/// Photos in `photos/`, a network in `network/`, the built folder in `out/`.
pub struct Shop(pub Scratch);

impl Shop {
    /// A shop without photos; `name` is unique among the tests.
    pub fn new(name: &str) -> anyhow::Result<Shop> {
        let scratch = Scratch::new(name)?;
        std::fs::create_dir(scratch.join("photos"))?;
        small_network(&scratch.join("network"))?;
        Ok(Shop(scratch))
    }

    /// A shop with the products `p00`, `p01` ..., each with a picture of its own.
    pub fn with(name: &str, products: u32) -> anyhow::Result<Shop> {
        let shop = Shop::new(name)?;
        (0..products).try_for_each(|seed| shop.photo(&format!("p{seed:02}.png"), seed))?;
        Ok(shop)
    }

    /// Adds or changes a photo.
    pub fn photo(&self, path: &str, seed: u32) -> anyhow::Result<()> {
        save_picture(seed, &self.photos().join(path))
    }

    pub fn photos(&self) -> PathBuf {
        self.0.join("photos")
    }

    pub fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    /// What a `build` with the small network is given, `more` at the end. Unless that says otherwise, nothing stays of the
    /// folder before, so that folders can be compared.
    pub fn build_arguments(&self, more: &[&str]) -> Vec<OsString> {
        let network = self.0.join("network");
        let mut all =
            arguments!["build", self.photos(), "--out", self.out(), "--model", network, "--json"].to_vec();
        all.extend(more.iter().map(OsString::from));
        if !more.contains(&"--keep-generations") {
            all.extend(arguments!["--keep-generations", "0"]);
        }
        all
    }

    /// Builds; returns the report.
    pub fn build(&self, more: &[&str]) -> anyhow::Result<Value> {
        succeed_json(self.build_arguments(more))
    }

    /// All cards of the built folder in item order.
    pub fn cards(&self) -> anyhow::Result<Vec<Card>> {
        let manifest: Value = serde_json::from_slice(&std::fs::read(self.out().join("manifest.json"))?)?;
        let path = manifest["cards"]["path"].as_str().context("cards in the manifest")?;
        let shards = manifest["cards"]["shards"].as_u64().context("shards in the manifest")?;
        let mut cards: Vec<Card> = Vec::new();
        for shard in 0..shards {
            let file = self.out().join(path).join(format!("{shard}.json"));
            cards.extend(serde_json::from_slice::<Vec<Card>>(&std::fs::read(file)?)?);
        }
        Ok(cards)
    }

    /// The ids in item order.
    pub fn ids(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.cards()?.into_iter().map(|card| card.id).collect())
    }

    /// The card of product `id`.
    pub fn card(&self, id: &str) -> anyhow::Result<Card> {
        self.cards()?.into_iter().find(|card| card.id == id).with_context(|| format!("a card of {id}"))
    }

    /// `query --json` with `arguments` after the folder, as (id, distance).
    pub fn query(&self, arguments: &[&str]) -> anyhow::Result<Vec<(String, f64)>> {
        let mut all = arguments!["query", self.out(), "--json"].to_vec();
        all.extend(arguments.iter().map(OsString::from));
        let answer = succeed_json(all)?;
        let list = answer["neighbours"].as_array().context("a list of neighbours")?;
        let neighbour = |value: &Value| Some((value["id"].as_str()?.to_owned(), value["distance"].as_f64()?));
        list.iter().map(|value| neighbour(value).with_context(|| format!("neighbour {value}"))).collect()
    }

    /// What `export` writes: each product's id and embedding in item order.
    pub fn export(&self) -> anyhow::Result<Vec<(String, Vec<f32>)>> {
        let npy = self.0.join("embeddings.npy");
        succeed(arguments!["export", self.out(), "--npy", &npy])?;
        let array = Npy::read(&npy)?;
        let ids = std::fs::read_to_string(self.0.join("embeddings.ids.txt"))?;
        let ids: Vec<&str> = ids.lines().collect();
        let &[items, dims] = array.shape.as_slice() else { anyhow::bail!("shape {:?}", array.shape) };
        ensure!(ids.len() == items, "{} ids of {items} embeddings", ids.len());
        let values = array.f32s()?;
        let embeddings = values.chunks(dims).map(<[f32]>::to_vec);
        Ok(ids.into_iter().map(str::to_owned).zip(embeddings).collect())
    }
}
