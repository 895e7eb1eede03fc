//! Decoding and resizing against OpenCV and Pillow.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, ensure};
use lookalike::photo::{Limits, Photo, decode, resize};

use super::{number, references, text};

/// Differences between two pictures, in levels of 255.
#[derive(Default)]
struct Differences {
    largest: u8,
    sum: u64,
    over_one: u64,
    over_two: u64,
    count: u64,
}

impl Differences {
    fn add(&mut self, got: &[u8], want: &[u8]) {
        for (got, want) in got.iter().zip(want) {
            let difference = got.abs_diff(*want);
            self.largest = self.largest.max(difference);
            self.sum += u64::from(difference);
            self.over_one += u64::from(difference > 1);
            self.over_two += u64::from(difference > 2);
            self.count += 1;
        }
    }

    fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64
    }

    fn share(&self, of: u64) -> f64 {
        of as f64 / self.count as f64
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: largest {}, mean {:.4}, over one level {:.4} %, over two {:.4} %",
            self.largest,
            self.mean(),
            self.share(self.over_one) * 100.0,
            self.share(self.over_two) * 100.0
        );
    }
}

#[test]
fn photos_are_what_opencv_makes_of_them() -> anyhow::Result<()> {
    let Some((folder, index)) = references("preprocessing")? else { return Ok(()) };
    let cases = index.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(cases.len() == 20, "{} photos", cases.len());
    let photo = |name: String| -> anyhow::Result<Photo> {
        Ok(decode(&fs::read(folder.join(&name)).context(name)?, &Limits::default())?)
    };
    let (mut whole, mut resizing) = (BTreeMap::new(), BTreeMap::new());
    for case in cases {
        let id = text(case, "id")?;
        let (jpeg, decoded) = (photo(format!("{id}.jpg"))?, photo(format!("{id}.png"))?);
        for made in case["made"].as_array().context("the index has made")? {
            let (width, height) = (number(made, "width")?, number(made, "height")?);
            let (kind, want) = (text(made, "kind")?, fs::read(folder.join(text(made, "file")?))?);
            for (differences, source) in [(&mut whole, &jpeg), (&mut resizing, &decoded)] {
                let got = resize(source, width, height);
                ensure!(got.rgb().len() == want.len(), "{id} {kind}");
                differences.entry(kind.to_owned()).or_insert_with(Differences::default).add(got.rgb(), &want);
            }
        }
    }
    resizing.iter().for_each(|(kind, differences)| differences.print(&format!("resize alone, {kind}")));
    whole.iter().for_each(|(kind, differences)| differences.print(&format!("decode and resize, {kind}")));
    ensure!(resizing["same"].largest == 0, "a PNG is not decoded to its pixels");
    for kind in ["same", "enlarged"] {
        ensure!(resizing[kind].largest <= 1, "{kind}: resizing is off by {}", resizing[kind].largest);
        // The JPEG standard leaves the upsampling of colour to the decoder, and zune-jpeg rounds it otherwise than
        // libjpeg-turbo, which OpenCV has: a level or two of 255 where colour changes.
        let whole = &whole[kind];
        let close = whole.mean() <= 0.4 && whole.share(whole.over_two) <= 0.002 && whole.largest <= 8;
        ensure!(close, "{kind}: decoding is off by up to {}, on average {}", whole.largest, whole.mean());
    }
    if let Some(pillow) = resizing.get("shrunk-pillow") {
        ensure!(pillow.largest <= 1, "shrinking is off Pillow's by {}", pillow.largest);
    }
    Ok(())
}

#[test]
fn photos_of_two_megapixels_shrink_as_pillow_does_it() -> anyhow::Result<()> {
    let Some((folder, index)) = references("shrinking")? else { return Ok(()) };
    let cases = index.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(cases.len() == 2, "{} photos", cases.len());
    let mut found = BTreeMap::new();
    for case in cases {
        let id = text(case, "id")?;
        let photo = decode(&fs::read(folder.join(format!("{id}.png")))?, &Limits::default())?;
        ensure!(photo.width() * photo.height() == 1800 * 1200, "{id}: {photo:?}");
        let small = resize(&photo, 224, 224);
        for kind in case["made"].as_array().context("the index has made")? {
            let kind = kind.as_str().context("a name")?;
            let want = fs::read(folder.join(format!("{id}-{kind}.rgb")))?;
            ensure!(small.rgb().len() == want.len(), "{id} {kind}");
            found.entry(kind.to_owned()).or_insert_with(Differences::default).add(small.rgb(), &want);
        }
    }
    found
        .iter()
        .for_each(|(kind, differences)| differences.print(&format!("2 megapixels to 224x224, {kind}")));
    // A triangle as wide as two target pixels against a box of one, and against no filter at all.
    ensure!(found["area"].mean() <= 2.0, "far from the area's mean: {}", found["area"].mean());
    ensure!(found["area"].mean() < found["linear"].mean() / 2.0, "as aliased as without a filter");
    if let Some(pillow) = found.get("pillow") {
        ensure!(pillow.largest <= 1, "shrinking is off Pillow's by {}", pillow.largest);
    }
    Ok(())
}
