//! `precompute sample`: a drawn catalogue to try things with.

use lookalike_sample::draw_catalogue;

use crate::args::SampleArguments;
use crate::progress::Progress;

/// Draws the catalogue.
///
/// # Errors
/// When a file cannot be written.
pub fn run(arguments: &SampleArguments) -> anyhow::Result<()> {
    let progress = Progress::new("drawing", arguments.count as u64);
    draw_catalogue(&arguments.out, arguments.count, arguments.seed, &|_| progress.advance())?;
    progress.finish();
    println!("{}: {} products in photos/ and items.csv", arguments.out.display(), arguments.count);
    Ok(())
}
