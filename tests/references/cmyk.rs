//! Pictures in printing inks against OpenCV and Pillow. Without a colour profile there is no right answer, only the
//! usual one; a wrong reading of the inks (inverted, or YCCK taken for CMYK) is tens of levels away from it.

use std::fs;

use anyhow::{Context, ensure};
use lookalike::photo::{Limits, decode};

use super::{number, references, text};

/// How far the mean of a channel may be from OpenCV's or Pillow's, in levels.
const MEAN_COLOUR: f64 = 12.0;

fn means(rgb: &[u8]) -> [f64; 3] {
    let mut sums = [0u64; 3];
    for pixel in rgb.as_chunks::<3>().0 {
        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
    }
    sums.map(|sum| sum as f64 * 3.0 / rgb.len() as f64)
}

#[test]
fn cmyk_pictures_have_the_usual_colours() -> anyhow::Result<()> {
    let Some((folder, index)) = references("cmyk")? else { return Ok(()) };
    let cases = index.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(cases.len() == 4, "{} pictures", cases.len());
    for case in cases {
        let name = text(case, "id")?;
        let photo = decode(&fs::read(folder.join(name))?, &Limits::default()).context(name.to_owned())?;
        ensure!(
            (photo.width(), photo.height()) == (number(case, "width")?, number(case, "height")?),
            "{name}"
        );
        for kind in case["made"].as_array().context("the index has made")? {
            let kind = kind.as_str().context("a name")?;
            let want = fs::read(folder.join(format!("{name}-{kind}.rgb")))?;
            ensure!(want.len() == photo.rgb().len(), "{name} {kind}");
            let (got_means, want_means) = (means(photo.rgb()), means(&want));
            let off =
                got_means.iter().zip(want_means).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max);
            let each: f64 = photo.rgb().iter().zip(&want).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
            let each = each / want.len() as f64;
            println!(
                "{name}, {kind}: mean colour {got_means:.0?} for {want_means:.0?}, each pixel {each:.2} off"
            );
            ensure!(off <= MEAN_COLOUR, "{name}: mean colour {got_means:?}, {kind} has {want_means:?}");
        }
    }
    Ok(())
}
