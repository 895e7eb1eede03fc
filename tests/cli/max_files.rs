//! `build --max-files`: a folder for a host that takes only so many files.

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, succeed, tree};

use crate::shop::Shop;

#[test]
fn a_folder_has_no_more_files_than_its_host_takes() -> anyhow::Result<()> {
    let shop = Shop::with("max-files", 60)?;
    let neighbours = || succeed(arguments!["query", shop.out(), "--item", "p07", "--json"]);
    let usual = shop.build(&[])?["files"].as_u64().context("files")?;
    let before = neighbours()?;
    // Four shards of neighbours and four of cards become two and two.
    let most = (usual - 4).to_string();
    let report = shop.build(&["--max-files", &most])?;
    let files = tree(&shop.out())?.len() as u64;
    ensure!(report["files"] == files, "{files} files: {report}");
    ensure!((usual - 8..=usual - 4).contains(&files), "{files} files, {usual} without a limit");
    ensure!(neighbours()? == before, "the same neighbours");
    succeed(arguments!["verify", shop.out()])?;

    let errors = fail(1, shop.build_arguments(&["--max-files", "20"]))?;
    ensure!(errors.contains("--max-files 20") && errors.contains("--no-thumbnails"), "{errors}");
    ensure!(tree(&shop.out())?.len() as u64 == files, "the folder before is still there");
    Ok(())
}
