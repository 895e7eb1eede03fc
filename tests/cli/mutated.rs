//! Sound inputs, damaged by a seeded generator: photos, tables, feeds, networks and every file of a folder. Whatever comes of one, it is
//! an answer or an error within a time limit and a memory limit, never a crash or a hang.
//!
//! `make test` tries a few of each kind; `make hostile` sets LOOKALIKE_MUTATIONS and tries thousands.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use image::{DynamicImage, ImageFormat};
use lookalike_tests::{arguments, mutated, picture, program, shared, tree, vouch_for};
use serde_json::Value;

use crate::hostile::decode_in_time;
use crate::shop::Shop;

/// For one input, generous on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Address space of the program for one input, in KiB: threads' stacks and mapped files count too.
const MEMORY_LIMIT: u32 = 4 << 20;

/// How a damaged input may end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// What came of it is as good as sound.
    Read,
    /// An error said what is wrong.
    Refused,
}

/// How many mutations of a kind are tried; `share` of them where LOOKALIKE_MUTATIONS says how many in all.
fn tries(few: u64, share: f64) -> anyhow::Result<u64> {
    match std::env::var("LOOKALIKE_MUTATIONS") {
        Ok(text) => Ok((text.parse::<u64>().context("LOOKALIKE_MUTATIONS")? as f64 * share) as u64),
        Err(_) => Ok(few),
    }
}

/// Runs the program on what is damaged: it ends with 0 or 1 in time, without a panic and within the memory limit.
fn ends_well(arguments: &[std::ffi::OsString], what: &str) -> anyhow::Result<End> {
    let program = program()?;
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {MEMORY_LIMIT}; exec \"$0\" \"$@\"")).arg(&program);
        shell
    } else {
        Command::new(&program)
    };
    let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut output = child.stderr.take().context("standard error")?;
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        output.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > TIME_LIMIT {
            child.kill()?;
            bail!("{what}: not done after {TIME_LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(2));
    };
    let errors = errors.join().map_err(|_| anyhow::anyhow!("{what}: reading standard error"))??;
    ensure!(matches!(status.code(), Some(0 | 1)), "{what}: {status}\n{errors}");
    ensure!(!errors.contains("panicked"), "{what}: a panic is no answer\n{errors}");
    ensure!(status.success() || !errors.trim().is_empty(), "{what}: fails without a word");
    Ok(if status.success() { End::Read } else { End::Refused })
}

/// Tries `count` seeds, and says how many inputs were refused and what went wrong.
fn all_end_well(
    count: u64,
    name: &str,
    mut attempt: impl FnMut(u64) -> anyhow::Result<End>,
) -> anyhow::Result<()> {
    let (mut problems, mut refused) = (Vec::new(), 0);
    for seed in 0..count {
        match attempt(seed) {
            Ok(End::Read) => {}
            Ok(End::Refused) => refused += 1,
            Err(error) => problems.push(format!("seed {seed}: {error:#}")),
        }
    }
    let report = serde_json::json!({
        "inputs": name, "tried": count, "refused": refused, "crashed_or_hung": problems.len(),
    });
    println!("{report}");
    ensure!(refused > 0, "none of {count} {name} was refused: they are not damaged");
    ensure!(problems.is_empty(), "{} of {count} {name}:\n{}", problems.len(), problems.join("\n"));
    Ok(())
}

/// One sound photo of each format, small.
fn sound_photos() -> anyhow::Result<Vec<Vec<u8>>> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    let mut photos = Vec::new();
    for format in [Jpeg, Png, WebP, Gif, Bmp, Tiff] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::from(picture(3, 61, 47)).write_to(&mut bytes, format)?;
        photos.push(bytes.into_inner());
    }
    if let Some(folder) = shared("images/broken") {
        let manifest = fs::read_to_string(folder.join("manifest.csv"))?;
        for name in manifest
            .lines()
            .filter(|line| line.ends_with(",decodes"))
            .filter_map(|line| line.split(',').next())
        {
            photos.push(fs::read(folder.join(name))?);
        }
    }
    Ok(photos.into_iter().filter(|photo| photo.len() < 200_000).collect())
}

#[test]
fn photos() -> anyhow::Result<()> {
    let sound = sound_photos()?;
    all_end_well(tries(300, 0.45)?, "photos", |seed| {
        let bytes = mutated(&sound[seed as usize % sound.len()], seed);
        Ok(if decode_in_time(bytes, TIME_LIMIT)?.is_some() { End::Refused } else { End::Read })
    })
}

#[test]
fn tables() -> anyhow::Result<()> {
    let shop = Shop::with("mutated-tables", 3)?;
    let tables = [
        (
            "csv",
            "id,title,price,url,colour\np00,Shirt,19.90,https://shop.example/p00,red\np01,\"Hat, wide\",5,,blue\np02,Coat,,/p02,\n",
        ),
        ("tsv", "id\ttitle\tprice\np00\tShirt\t19,90 €\np01\tHat\t5\np02\tCoat\t1.200,00\n"),
        (
            "jsonl",
            "{\"id\":\"p00\",\"title\":\"Shirt\",\"price\":19.9}\n{\"id\":\"p01\",\"tags\":[\"a\",\"b\"]}\n{\"id\":\"p02\"}\n",
        ),
        (
            "json",
            "[{\"id\":\"p00\",\"title\":\"Shirt\",\"price\":19.9},{\"id\":\"p01\",\"sale\":true},{\"id\":\"p02\"}]\n",
        ),
    ];
    let output = shop.0.join("out-of-mutated");
    all_end_well(tries(20, 0.1)?, "tables", |seed| {
        let (ending, text) = tables[seed as usize % tables.len()];
        let table = shop.0.join(&format!("table.{ending}"));
        fs::write(&table, mutated(text.as_bytes(), seed))?;
        let network = shop.0.join("network");
        let all = arguments![
            "build",
            shop.photos(),
            "--items",
            table,
            "--out",
            &output,
            "--model",
            network,
            "--json"
        ];
        ends_well(&all, ending)
    })
}

#[test]
fn feeds() -> anyhow::Result<()> {
    let shop = Shop::new("mutated-feeds")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds");
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    names.sort();
    all_end_well(tries(40, 0.15)?, "feeds", |seed| {
        let path = &names[seed as usize % names.len()];
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        let feed = shop.0.join(&name);
        fs::write(&feed, mutated(&fs::read(path)?, seed))?;
        ends_well(&arguments!["feed", "inspect", feed], &name)
    })
}

/// Damages a file of the built folder of `shop` at a time and puts it back; every reader of the program tries it.
fn folder_files(shop: &Shop, count: u64, name: &str) -> anyhow::Result<()> {
    let out = shop.out();
    let is_data = |path: &String| !path.starts_with("thumbnails/") && !path.starts_with("widget-");
    let files: Vec<String> = tree(&out)?.into_keys().filter(is_data).collect();
    ensure!(files.len() > 8, "{files:?}");
    let manifest: Value = serde_json::from_slice(&fs::read(out.join("manifest.json"))?)?;
    let photo = shop.photos().join("p01.png");
    let export = shop.0.join("mutated.npy");
    all_end_well(count, name, |seed| {
        let what = &files[seed as usize % files.len()];
        let original = fs::read(out.join(what))?;
        let content = mutated(&original, seed);
        fs::write(out.join(what), &content)?;
        if what != "manifest.json" {
            let mut vouched = manifest.clone();
            vouch_for(&mut vouched, what, &content);
            fs::write(out.join("manifest.json"), serde_json::to_vec(&vouched)?)?;
        }
        let photo = arguments!["query", &out, "--photo", &photo, "--metric", "manhattan", "--colour", "0.3"];
        let commands = [
            ("query", arguments!["query", &out, "--item", "p00"].to_vec()),
            ("photo", photo.to_vec()),
            ("export", arguments!["export", &out, "--npy", &export].to_vec()),
            ("verify", arguments!["verify", &out].to_vec()),
        ];
        let outcome = commands
            .iter()
            .map(|(command, all)| ends_well(all, &format!("{command}, {what}")))
            .reduce(|all, next| {
                all.and_then(|all| next.map(|next| if all == End::Read { next } else { all }))
            })
            .context("commands")?;
        fs::write(out.join(what), &original)?;
        fs::write(out.join("manifest.json"), serde_json::to_vec(&manifest)?)?;
        outcome
    })
}

#[test]
fn files_of_a_folder() -> anyhow::Result<()> {
    let shop = Shop::with("mutated-folder", 12)?;
    let table = shop.0.join("items.csv");
    fs::write(&table, "id,price,kind\np00,1,a\np01,2,b\np02,3,a\n")?;
    shop.build(&["--items", &table.to_string_lossy()])?;
    folder_files(&shop, tries(30, 0.15)?, "files of a folder")
}

#[test]
fn files_of_partitions() -> anyhow::Result<()> {
    let shop = Shop::with("mutated-partitions", 40)?;
    shop.build(&["--partitions", "4"])?;
    folder_files(&shop, tries(30, 0.1)?, "files of a folder in partitions")
}

#[test]
fn networks() -> anyhow::Result<()> {
    let Some(path) = shared("models/squeezenet1.1.onnx") else { return Ok(()) };
    let shop = Shop::new("mutated-networks")?;
    let original = fs::read(path)?;
    let network = shop.0.join("mutated.onnx");
    let output = shop.0.join("compiled");
    all_end_well(tries(4, 0.05)?, "networks", |seed| {
        // Of five megabytes nearly all are weights: half of the faults go to what describes the layers, at the end.
        let content = if seed % 2 == 0 {
            let (weights, layers) = original.split_at(original.len() - 20_000);
            [weights, &mutated(layers, seed)].concat()
        } else {
            mutated(&original, seed)
        };
        fs::write(&network, content)?;
        let all = arguments!["model", "compile", &network, "--output", "features", "-o", &output];
        ends_well(&all, "model compile")
    })
}
