//! Only what the shop means to publish is in the folder, and the report says what that is and what a host has to take.

use std::fs;

use anyhow::ensure;
use lookalike_tests::{fail, precompute, tree};
use serde_json::json;

use crate::shop::Shop;

/// Whether any file of the folder has `word` in it.
fn holds(shop: &Shop, word: &str) -> anyhow::Result<bool> {
    let files = tree(&shop.out())?;
    Ok(files.values().any(|file| file.windows(word.len()).any(|at| at == word.as_bytes())))
}

#[test]
fn costs_and_long_texts_are_not_published_unless_named() -> anyhow::Result<()> {
    let shop = Shop::with("published", 3)?;
    let (table, long) = (shop.0.join("items.csv"), "A long description. ".repeat(50));
    let row = |id: &str| format!("{id},Tee,red,4.10,Secret Supplies,{long}\n");
    let rows: String = ["p00", "p01", "p02"].map(row).concat();
    fs::write(&table, format!("id,title,colour,Cost per item,Supplier,description\n{rows}"))?;
    let items = table.display().to_string();
    let output = precompute(shop.build_arguments(&["--items", &items]))?;
    let (report, errors) =
        (serde_json::from_slice::<serde_json::Value>(&output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(report["published_columns"] == json!(["title", "colour"]), "{report}");
    ensure!(
        !holds(&shop, "Secret Supplies")? && !holds(&shop, "A long description")?,
        "nothing else is in any file"
    );
    for word in ["WARNING", "Cost per item", "Supplier", "description"] {
        ensure!(errors.contains(word), "{word}: {errors}");
    }
    ensure!(report["files"] == tree(&shop.out())?.len(), "{report}");
    let largest = tree(&shop.out())?.into_values().map(|file| file.len()).max();
    ensure!(report["largest_file"]["bytes"].as_u64() == largest.map(|bytes| bytes as u64), "{report}");
    ensure!(report["photos"] == 3 && report["groups"] == 0, "{report}");
    // Another choice is another folder.
    let output = precompute(shop.build_arguments(&["--items", &items, "--publish", "supplier,description"]))?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(holds(&shop, "Secret Supplies")? && !holds(&shop, "4.10")?, "only what is named: {errors}");
    ensure!(
        errors.contains("WARNING: everybody can read Supplier") && errors.contains("description is"),
        "{errors}"
    );
    ensure!(fail(1, shop.build_arguments(&["--items", &items, "--publish", "nope"]))?.contains("nope"));
    Ok(())
}
