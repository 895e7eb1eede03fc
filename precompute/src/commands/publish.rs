//! `precompute publish`: a finished folder to another place.

use anyhow::Context;

use crate::args::PublishArguments;
use crate::folder_reader::Folder;
use crate::publish::publish_to;

/// Publishes the folder.
///
/// # Errors
/// If it is not whole, or the place cannot be written.
pub fn run(arguments: &PublishArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    publish_to(&arguments.dir, &arguments.to, usize::from(arguments.keep_generations))
        .with_context(|| format!("publishing to {}", arguments.to.display()))?;
    println!("{}: {} products", arguments.to.display(), folder.manifest.items);
    Ok(())
}
