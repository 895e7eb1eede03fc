//! `<more-like-this>` on a folder that was uploaded in part or damaged on the way: the error names the file, and the
//! element works again as soon as the folder does.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike_tests::Scratch;
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::element::{SIZE, stage};
use crate::shop_server::{ShopServer, ids};

#[test]
fn a_damaged_folder_is_told_by_the_file() -> anyhow::Result<()> {
    let whole = ShopServer::start()?;
    let manifest = whole.manifest()?;
    let scratch = Scratch::new("damaged-folder")?;
    let copy = scratch.join("lookalike");
    copy_folder(whole.folder(), &copy)?;
    let network = copy.join(manifest["network"]["path"].as_str().context("network")?);
    let description: Value = serde_json::from_slice(&fs::read(network.join("network.json"))?)?;
    let part = description["parts"][0]["path"].as_str().context("a part")?.to_owned();
    let part_file = network.join(&part);
    let sound = fs::read(&part_file)?;
    let server = ShopServer::of(&copy)?;
    with_chromium("damaged", SIZE, |chromium| async move {
        let id = &ids()?[9];
        let search = "const made = make({ item: a, photo: '' }); await next(made, 'results');
            const error = next(made, 'error');
            const why = await made.search(await photo(a)).catch(({ code }) => code);
            return { why, told: await error, message: !!made.shadowRoot.querySelector('[part=message]').innerText };";
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for (damage, content) in
            [("cut short", Some(&sound[..sound.len() / 2])), ("one bit", Some(&flipped)), ("gone", None)]
        {
            match content {
                Some(content) => fs::write(&part_file, content)?,
                None => fs::remove_file(&part_file)?,
            }
            stage(&chromium, &server).await?;
            let got = chromium.eval(search, json!(id)).await?;
            let code = if content.is_some() { "folder/corrupt" } else { "folder/missing" };
            ensure!(got["why"] == code && got["told"]["code"] == code, "{damage}: {got}");
            ensure!(
                got["told"]["file"].as_str().is_some_and(|file| file.ends_with(&part)),
                "{damage}: {got}"
            );
            ensure!(got["message"] == true, "{damage}: the shopper is told too");
        }
        fs::write(&part_file, &sound)?;
        let mended = "return (await document.querySelector('more-like-this').search(await photo(a)))[0].id;";
        let found = chromium.eval(mended, json!(id)).await?;
        ensure!(found == json!(id), "once the folder is whole the next search works: {found}");

        let neighbours = manifest["neighbours"]["path"].as_str().context("neighbours")?;
        fs::remove_dir_all(copy.join(neighbours))?;
        stage(&chromium, &server).await?;
        let told = chromium.eval("return next(make({ item: a }), 'error');", json!(id)).await?;
        ensure!(told["file"].as_str().is_some_and(|file| file.starts_with(neighbours)), "{told}");
        Ok(())
    })
}

#[test]
fn a_language_that_cannot_be_loaded_is_english_until_it_can() -> anyhow::Result<()> {
    let whole = ShopServer::start()?;
    let widget = whole.manifest()?["widget"]["path"].as_str().context("widget")?.to_owned();
    let scratch = Scratch::new("damaged-language")?;
    let copy = scratch.join("lookalike");
    copy_folder(whole.folder(), &copy)?;
    let german = copy.join(widget).join("page/languages/de.js");
    let sound = fs::read(&german)?;
    fs::remove_file(&german)?;
    let server = ShopServer::of(&copy)?;
    with_chromium("damaged-language", SIZE, |chromium| async move {
        let id = &ids()?[9];
        stage(&chromium, &server).await?;
        let lacking = "window.made = make({ item: a, lang: 'de' });
            const [error, { neighbours }] = await Promise.all([next(made, 'error'), next(made, 'results')]);
            return { error, neighbours: neighbours.length, heading: made.shadowRoot.querySelector('h2').textContent };";
        let got = chromium.eval(lacking, json!(id)).await?;
        ensure!(got["neighbours"] == 8 && got["heading"] == "More like this", "{got}");
        let told = &got["error"];
        ensure!(told["code"] == "folder/unreachable" && told["file"] == "languages/de.js", "{got}");

        fs::write(&german, &sound)?;
        let another = "const another = make({ item: a, lang: 'de' }); await next(another, 'results');
            return another.shadowRoot.querySelector('h2').textContent;";
        let heading = chromium.eval(another, json!(id)).await?;
        ensure!(heading == "Ähnliche Artikel", "the next element speaks it: {heading}");
        Ok(())
    })
}

/// Copies what is in `from`.
pub fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
