//! Odd, damaged and hostile files, each with what must come of it (`../shared/images/broken/manifest.csv`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use lookalike::photo::{Limits, decode};
use lookalike_tests::{precompute, shared};

use crate::shop::Shop;

/// Files there are, so that a test over none of them cannot pass.
const FILES: usize = 171;

/// For one file, generous on a busy machine; a sound decoder takes some tens of milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What all files together may add to the peak memory of this process.
#[cfg(target_os = "linux")]
const MEMORY_LIMIT: u64 = 700 << 20;

/// Sound pictures that the image crate cannot decode, each with a word of its error. One that starts to work, or
/// another that stops, fails the test.
const KNOWN_EXCEPTIONS: [(&str, &str); 0] = [];

struct Case {
    path: PathBuf,
    name: String,
    expected: String,
}

fn cases(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let manifest = fs::read_to_string(folder.join("manifest.csv"))?;
    let mut cases = Vec::new();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [name, _, _, expected] = fields[..] else { bail!("manifest.csv: {line}") };
        cases.push(Case { path: folder.join(name), name: name.to_owned(), expected: expected.to_owned() });
    }
    ensure!(cases.len() == FILES, "{} files, not {FILES}", cases.len());
    Ok(cases)
}

/// The error of the decoder, `None` if a picture came out.
///
/// # Errors
/// If it panics, takes longer than `limit`, or gives a picture of another size than it says.
pub fn decode_in_time(bytes: Vec<u8>, limit: Duration) -> anyhow::Result<Option<String>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let sizes = |photo: lookalike::photo::Photo| {
            (photo.rgb().len(), photo.width() as usize * photo.height() as usize * 3)
        };
        sender.send(decode(&bytes, &Limits::default()).map(sizes)).ok();
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok((found, expected))) => {
            ensure!(found == expected, "a picture of another size");
            Ok(None)
        }
        Ok(Err(error)) => Ok(Some(error.to_string())),
        Err(RecvTimeoutError::Timeout) => bail!("not decoded after {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => bail!("the decoder panicked"),
    }
}

/// Peak memory of this process so far.
#[cfg(target_os = "linux")]
fn peak_memory() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes << 10)
}

#[test]
fn every_file_gives_what_its_entry_says() -> anyhow::Result<()> {
    let Some(folder) = shared("images/broken") else { return Ok(()) };
    #[cfg(target_os = "linux")]
    let before = peak_memory()?;
    let mut problems = Vec::new();
    let mut seen = [0; 3];
    for case in cases(&folder)? {
        let bytes = fs::read(&case.path).with_context(|| case.name.clone())?;
        let outcome = match decode_in_time(bytes, TIME_LIMIT) {
            Ok(outcome) => outcome,
            Err(problem) => {
                problems.push(format!("{}: {problem}", case.name));
                continue;
            }
        };
        let exception = KNOWN_EXCEPTIONS.iter().find(|(name, _)| *name == case.name);
        match (case.expected.as_str(), outcome, exception) {
            ("decodes", Some(error), Some((_, word))) if error.contains(word) => seen[0] += 1,
            ("decodes", Some(error), _) => problems.push(format!("{} must decode: {error}", case.name)),
            ("decodes", None, Some(_)) => {
                problems.push(format!("{} decodes now: take it off the list", case.name))
            }
            ("decodes", None, None) => seen[0] += 1,
            ("must-error", None, _) => problems.push(format!("{} must be refused", case.name)),
            ("must-error", Some(_), _) => seen[1] += 1,
            ("either", ..) => seen[2] += 1,
            (other, ..) => bail!("manifest.csv: {other}"),
        }
    }
    ensure!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    ensure!(seen == [76, 23, 72], "decodes, must-error, either: {seen:?}");
    #[cfg(target_os = "linux")]
    {
        let grown = peak_memory()?.saturating_sub(before);
        println!("peak memory grew by {} MB over {FILES} files", grown >> 20);
        ensure!(grown < MEMORY_LIMIT, "peak memory grew by {} MB", grown >> 20);
    }
    Ok(())
}

#[test]
fn a_build_over_all_of_them_skips_what_is_broken() -> anyhow::Result<()> {
    let Some(folder) = shared("images/broken") else { return Ok(()) };
    let shop = Shop::new("hostile-build")?;
    let cases = cases(&folder)?;
    let is_photo = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"].contains(&ending.as_str())
    };
    let (mut photos, mut sound, mut hopeless) = (0, Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        // Numbered, as names that differ in the ending only would be one product; what has an ending of no photo is
        // passed off as a JPEG half of the time, as people do.
        let ending = if number % 2 == 0 && !is_photo(&case.name) { ".jpg" } else { "" };
        let name = format!("{number:03}-{}{ending}", case.name);
        fs::copy(&case.path, shop.photos().join(&name))?;
        photos += usize::from(is_photo(&name));
        match case.expected.as_str() {
            _ if !is_photo(&name) || KNOWN_EXCEPTIONS.iter().any(|(known, _)| *known == case.name) => (),
            "decodes" => sound.push(name),
            "must-error" => hopeless.push(name),
            _ => (),
        }
    }
    let output = precompute(shop.build_arguments(&[]))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let skipped: Vec<&str> = report["skipped"]
        .as_array()
        .context("a list of skipped files")?
        .iter()
        .filter_map(|entry| entry["file"].as_str())
        .collect();
    let items = report["items"].as_u64().context("a number")? as usize;
    ensure!(items + skipped.len() == photos, "{items} products, {} skipped of {photos}", skipped.len());
    ensure!(sound.len() >= 70 && hopeless.len() >= 18, "{} sound, {} hopeless", sound.len(), hopeless.len());
    let mut blank = 0;
    for name in &sound {
        // Pictures of one colour are sound, and nobody's neighbour.
        let is_blank = errors.contains(&format!("skipped {name}: it is blank"));
        blank += usize::from(is_blank);
        ensure!(is_blank || !skipped.contains(&name.as_str()), "{name} is sound");
    }
    ensure!((1..20).contains(&blank), "{blank} of {} are blank", sound.len());
    for name in &hopeless {
        ensure!(skipped.contains(&name.as_str()), "{name} is no picture");
        ensure!(errors.contains(&format!("skipped {name}: ")), "{name} is listed");
    }
    // The reason is a sentence about the file, not a decoder that fell over.
    ensure!(!errors.contains("panicked") && !errors.contains("gave up"), "{errors}");
    lookalike_tests::succeed(lookalike_tests::arguments!["verify", shop.out()])?;
    Ok(())
}
