//! A shop of 50 drawn products, drawn and built once for all tests, and servers of it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, ensure};
use lookalike_tests::{precompute, program};
use serde_json::Value;

/// As many as native and wasm are compared on.
const PRODUCTS: &str = "50";

/// The names of the metrics, in the order of the shop's columns.
pub const METRICS: [&str; 3] = ["cosine", "euclidean", "manhattan"];

/// `precompute serve` on a free port; it ends when this is dropped.
pub struct ShopServer {
    /// `http://127.0.0.1:PORT/`
    pub address: String,
    folder: PathBuf,
    server: Child,
}

impl ShopServer {
    /// Serves the drawn shop.
    pub fn start() -> anyhow::Result<ShopServer> {
        ShopServer::of(&folder()?)
    }

    /// Serves another folder beside the same photos.
    pub fn of(folder: &Path) -> anyhow::Result<ShopServer> {
        let mut server = Command::new(program()?)
            .arg("serve")
            .arg(folder)
            .args(["--port", "0", "--photos"])
            .arg(photos()?)
            .stdout(Stdio::piped())
            .spawn()
            .context("starting precompute serve")?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("its output is piped")?).read_line(&mut line)?;
        let address = line.split_whitespace().last().filter(|word| word.starts_with("http://127.0.0.1:"));
        let Some(address) = address.map(str::to_owned) else {
            server.kill().ok();
            server.wait().ok();
            anyhow::bail!("precompute serve printed no address but {line:?}");
        };
        Ok(ShopServer { address, folder: folder.to_path_buf(), server })
    }

    /// An address in it.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Its `manifest.json`.
    pub fn manifest(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&fs::read(self.folder.join("manifest.json"))?)?)
    }

    /// The folder it serves.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `precompute query` finds: ids and distances.
    pub fn query<'a>(
        &self,
        of: impl AsRef<[&'a str]>,
        metric: &str,
        k: usize,
    ) -> anyhow::Result<Vec<(String, f64)>> {
        query(&self.folder, of, metric, k)
    }
}

/// What `precompute query` finds in `folder`: ids and distances.
pub fn query<'a>(
    folder: &Path,
    of: impl AsRef<[&'a str]>,
    metric: &str,
    k: usize,
) -> anyhow::Result<Vec<(String, f64)>> {
    let folder = folder.display().to_string();
    let k = k.to_string();
    let how = ["query", &folder, "--metric", metric, "--json", "-k", &k];
    let output = precompute(how.iter().chain(of.as_ref()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let neighbours = answer["neighbours"].as_array().context("neighbours")?;
    let pair = |line: &Value| Some((line["id"].as_str()?.to_owned(), line["distance"].as_f64()?));
    neighbours.iter().map(|line| pair(line).context("id and distance")).collect()
}

impl Drop for ShopServer {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// The folder that was built of the drawn products.
pub fn folder() -> anyhow::Result<PathBuf> {
    Ok(catalogue()?.join("lookalike"))
}

/// The drawn photos.
pub fn photos() -> anyhow::Result<PathBuf> {
    Ok(catalogue()?.join("sample/photos"))
}

/// The ids of the drawn products, in order.
pub fn ids() -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(photos()?)? {
        let name = entry?.file_name();
        ids.push(name.to_string_lossy().trim_end_matches(".jpg").to_owned());
    }
    ids.sort();
    ensure!(ids.len().to_string() == PRODUCTS, "{} photos were drawn", ids.len());
    Ok(ids)
}

/// The folder with `sample/` and `lookalike/`, the same for every run of these tests and made anew by each.
fn catalogue() -> anyhow::Result<PathBuf> {
    static MADE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = &*made {
        return Ok(place.clone());
    }
    let program = program()?;
    let place = program.with_file_name("browser-tests");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let path = |name: &str| place.join(name).display().to_string();
    run(&["sample", "--out", &path("sample"), "--count", PRODUCTS, "--seed", "3"])?;
    let (photos, items, out) = (path("sample/photos"), path("sample/items.csv"), path("lookalike"));
    run(&["build", &photos, "--items", &items, "--out", &out, "--images", "photos"])?;
    *made = Some(place.clone());
    Ok(place)
}

fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let output = precompute(arguments)?;
    ensure!(output.status.success(), "precompute {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
