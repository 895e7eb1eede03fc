//! What every test here needs: the program, scratch folders, photos to try things on, and the shared data if it is
//! there.

mod mutation;

pub use mutation::{mutated, vouch_for};

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};
use image::{Rgb, RgbImage};
use lookalike::codes::Codes;
use lookalike::digest::Digest;
use lookalike::folder::{FileEntry, Manifest};
use lookalike::network::{Encoding, Loader, Network, Vgg16, encode, random_weights, write_parts};
use serde_json::Value;

/// Arguments of different kinds (text, paths) as one list.
#[macro_export]
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => { [$(::std::ffi::OsString::from($argument)),*] };
}

/// The `precompute` program built beside these tests (`make test` builds it first).
///
/// # Errors
/// When it is not there.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    // target/<profile>/deps/<test>
    let folder = test.parent().and_then(Path::parent).context("tests run from the target folder")?;
    let program = folder.join(format!("precompute{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} is not built; run `make test`", program.display());
    Ok(program)
}

/// The codes of the built folder `folder`, without the refinement.
///
/// # Errors
/// When they cannot be read.
pub fn codes(folder: &Path) -> anyhow::Result<Codes> {
    let manifest = Manifest::read(&fs::read(folder.join("manifest.json"))?)?;
    let read = |entry: &FileEntry| fs::read(folder.join(&entry.path)).with_context(|| entry.path.clone());
    Ok(Codes::read(&read(&manifest.codec)?, &read(&manifest.codes)?, manifest.items)?)
}

/// The same with the refinement.
///
/// # Errors
/// When they cannot be read.
pub fn refined_codes(folder: &Path) -> anyhow::Result<Codes> {
    let manifest = Manifest::read(&fs::read(folder.join("manifest.json"))?)?;
    let mut codes = codes(folder)?;
    codes.refine(&fs::read(folder.join(&manifest.refinement.path))?)?;
    Ok(codes)
}

/// Runs the program to its end.
///
/// # Errors
/// When it cannot be started.
pub fn precompute<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> anyhow::Result<Output> {
    Command::new(program()?).args(arguments).output().context("starting precompute")
}

/// Runs the program, which is to succeed; returns its standard output.
///
/// # Errors
/// When it fails; the message has its standard error.
pub fn succeed<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> anyhow::Result<String> {
    let output = precompute(arguments)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "precompute ended with {}: {errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs the program, which is to print one JSON object and nothing else.
///
/// # Errors
/// When it fails or prints something else.
pub fn succeed_json<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> anyhow::Result<Value> {
    let text = succeed(arguments)?;
    ensure!(text.lines().count() == 1, "one line of JSON, not: {text}");
    Ok(serde_json::from_str(&text)?)
}

/// Runs the program, which is to end with `code` and print nothing; returns its standard error.
///
/// # Errors
/// When it ends otherwise.
pub fn fail<S: AsRef<OsStr>>(code: i32, arguments: impl IntoIterator<Item = S>) -> anyhow::Result<String> {
    let output = precompute(arguments)?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(code), "exit {code} expected, not {}: {errors}", output.status);
    ensure!(output.stdout.is_empty(), "a failure prints no result");
    ensure!(!errors.contains("panicked"), "a panic is no answer: {errors}");
    Ok(errors)
}

/// A folder of its own for one test, removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder; `name` is unique among the tests.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> anyhow::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("lookalike-{}-{name}", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A file or folder of the data shared beside the project; says that the test skips where there is none.
pub fn shared(path: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    if place.exists() {
        return Some(place);
    }
    eprintln!("SKIPPED: this test needs ../shared/{path}, which is not there");
    None
}

/// A picture that no other `seed` gives: two colours, a block and stripes.
pub fn picture(seed: u32, width: u32, height: u32) -> RgbImage {
    // Any odd multiplier scatters neighbouring seeds; this one is Knuth's (TAOCP 3, 6.4).
    let hash = (seed + 1).wrapping_mul(2_654_435_761);
    let [a, b, c, d] = hash.to_le_bytes();
    let (left, top) = (width * u32::from(c % 8) / 10, height * u32::from(d % 8) / 10);
    RgbImage::from_fn(width, height, |x, y| {
        let in_block = x >= left && x < left + width / 3 && y >= top && y < top + height / 3;
        let stripe = (x * (1 + u32::from(b % 5)) + y * u32::from(a % 4)) / 9 % 2 == 0;
        match (in_block, stripe) {
            (true, _) => Rgb([d, a, c]),
            (false, true) => Rgb([a, b, c]),
            (false, false) => Rgb([c, d / 2, (y * 255 / height) as u8]),
        }
    })
}

/// Writes [`picture`] `seed`, 48x40 pixels, in the format that the path's ending names; makes folders on the way.
///
/// # Errors
/// When it cannot be written.
pub fn save_picture(seed: u32, path: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    picture(seed, 48, 40).save(path).with_context(|| format!("writing {}", path.display()))
}

/// Compiles a VGG-16 with 32x32 input, a sixteenth of the width and random weights into `folder`: thousands of times
/// faster than the default network, for tests to which it does not matter what the embedding means.
///
/// # Errors
/// When a file cannot be written.
pub fn small_network(folder: &Path) -> anyhow::Result<()> {
    let mut description = Vgg16 { side: 32, divisor: 16, dense: 24 }.describe("small", false, Encoding::F32);
    let tensors: Vec<Vec<f32>> = random_weights(&description, 5).collect();
    let stored: Vec<Vec<u8>> = tensors
        .iter()
        .zip(&description.tensors)
        .map(|(values, entry)| encode(values, &entry.shape, entry.encoding))
        .collect();
    std::fs::create_dir_all(folder)?;
    write_parts(&mut description, stored, |name, content| std::fs::write(folder.join(name), content))?;
    Ok(std::fs::write(folder.join("network.json"), description.write())?)
}

/// Every file below `folder`, by its path with forward slashes.
///
/// # Errors
/// When one cannot be read.
pub fn tree(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    fn add(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                add(&entry.path(), &format!("{name}/"), files)?;
            } else {
                files.insert(name, std::fs::read(entry.path())?);
            }
        }
        Ok(())
    }
    let mut files = BTreeMap::new();
    add(folder, "", &mut files).with_context(|| format!("reading {}", folder.display()))?;
    Ok(files)
}

/// An array of a NumPy file: its sides and its bytes, row-major, little-endian.
#[derive(Debug, PartialEq, Eq)]
pub struct Npy {
    /// The type, such as `<f4`.
    pub descr: String,
    /// Its sides.
    pub shape: Vec<usize>,
    /// The numbers' bytes.
    pub bytes: Vec<u8>,
}

impl Npy {
    /// Reads a file of format version 1.0 (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
    ///
    /// # Errors
    /// When it is none, or its numbers are not in C order.
    pub fn read(path: &Path) -> anyhow::Result<Npy> {
        let file = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&file).with_context(|| path.display().to_string())
    }

    fn parse(file: &[u8]) -> anyhow::Result<Npy> {
        let rest = file.strip_prefix(b"\x93NUMPY\x01\x00").context("no NumPy file of version 1.0")?;
        let (length, rest) = rest.split_first_chunk::<2>().context("cut short")?;
        let header = usize::from(u16::from_le_bytes(*length));
        ensure!((10 + header).is_multiple_of(64), "the numbers do not begin at a multiple of 64");
        let (header, bytes) = rest.split_at_checked(header).context("cut short")?;
        let header = std::str::from_utf8(header)?;
        ensure!(header.ends_with('\n') && header.contains("'fortran_order': False"), "header {header}");
        let between = |before: &str, after: char| {
            header.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(value, _)| value)
        };
        let descr = between("'descr': '", '\'').context("no type")?.to_owned();
        let sides = between("'shape': (", ')').context("no shape")?;
        let sides = sides.split(',').map(str::trim).filter(|side| !side.is_empty());
        let shape = sides.map(|side| Ok(side.parse()?)).collect::<anyhow::Result<Vec<usize>>>()?;
        let size: usize = match descr.as_str() {
            "|u1" => 1,
            "<f4" | "<i4" => 4,
            "<f8" | "<i8" => 8,
            _ => bail!("numbers of type {descr}"),
        };
        ensure!(shape.iter().product::<usize>() * size == bytes.len(), "{shape:?} in {} bytes", bytes.len());
        Ok(Npy { descr, shape, bytes: bytes.to_vec() })
    }

    /// Its f32.
    ///
    /// # Errors
    /// When they are something else.
    pub fn f32s(&self) -> anyhow::Result<Vec<f32>> {
        ensure!(self.descr == "<f4", "f32 expected, not {}", self.descr);
        Ok(self.bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }

    /// Its f64.
    ///
    /// # Errors
    /// When they are something else.
    pub fn f64s(&self) -> anyhow::Result<Vec<f64>> {
        ensure!(self.descr == "<f8", "f64 expected, not {}", self.descr);
        Ok(self.bytes.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect())
    }
}

/// The compiled network in `folder`.
///
/// # Errors
/// When it cannot be read.
pub fn open_network(folder: &Path) -> anyhow::Result<Network> {
    let description = fs::read(folder.join("network.json"))?;
    let mut loader = Loader::new(&description, &Digest::of(&description).hex())?;
    for (index, part) in loader.description().parts.clone().into_iter().enumerate() {
        loader.part(index, &fs::read(folder.join(part.path))?)?;
    }
    Ok(loader.finish()?)
}
