//! A page that is open for long: the shop uploads another catalogue or another widget, a connection stalls, the browser ends the
//! worker. It goes on, or says in words what is wrong and goes on once asked again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike_tests::Scratch;
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::damaged::copy_folder;
use crate::element::SIZE;
use crate::everywhere::stage;
use crate::shop_server::{folder, ids};
use crate::site::{Layout, Missing, STRICT, Site, page};

/// A copy of the drawn shop's folder that a test may change, and a host of it.
fn host(name: &str, policy: &'static str) -> anyhow::Result<(Scratch, PathBuf, Site)> {
    let scratch = Scratch::new(name)?;
    let copy = scratch.join("lookalike");
    copy_folder(&folder()?, &copy)?;
    let site = Site::of(Layout { base: "/", policy, shared: false }, copy.clone())?;
    Ok((scratch, copy, site))
}

fn manifest(folder: &Path) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)?)
}

/// The same catalogue as if it were another: neighbours and cards under other names, nothing under the old ones.
fn upload_anew(folder: &Path, turn: usize) -> anyhow::Result<()> {
    let mut manifest = manifest(folder)?;
    for kind in ["neighbours", "cards"] {
        let old = manifest[kind]["path"].as_str().context("a path")?.to_owned();
        let new = format!("{kind}-{turn:016x}");
        fs::rename(folder.join(&old), folder.join(&new))?;
        manifest[kind]["path"] = new.into();
    }
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    Ok(())
}

/// What comes first of an answer and an error: the number of products, or the code.
const EITHER: &str = "window.either = (target) => Promise.race([
    next(target, 'results').then(({ neighbours }) => neighbours.length), next(target, 'error').then(({ code }) => code)]);
    window.said = (target) => target.shadowRoot.querySelector('[part=message]').innerText;
    window.retry = (target) => { const answer = either(target); target.shadowRoot.querySelector('[part~=retry]').click(); return answer; };";

#[test]
fn another_catalogue_is_found_whatever_the_host_answers() -> anyhow::Result<()> {
    let (_scratch, folder, site) = host("another-catalogue", STRICT)?;
    with_chromium("another-catalogue", SIZE, |chromium| async move {
        let ids = ids()?;
        let answers = [Missing::Status(404), Missing::Status(403), Missing::Status(410), Missing::StartPage];
        for (turn, missing) in answers.into_iter().enumerate() {
            site.answer_missing(missing);
            stage(&chromium, &site, "").await?;
            chromium.eval(EITHER, Value::Null).await?;
            let first = "window.made = make({ item: a }); return either(made);";
            ensure!(chromium.eval(first, json!(ids[0])).await? == 8, "before");
            upload_anew(&folder, turn)?;
            let other = "made.item = a; return either(made);";
            let got = chromium.eval(other, json!(ids[30])).await?;
            ensure!(got == 8, "{missing:?}: {got}");
            ensure!(site.asked().iter().any(|one| one.url.contains("manifest.json?")), "past copies");
        }
        Ok(())
    })
}

#[test]
fn a_page_older_than_the_shop_says_so() -> anyhow::Result<()> {
    let (_scratch, folder, site) = host("older-page", STRICT)?;
    let widget = manifest(&folder)?["widget"]["path"].as_str().context("a widget")?.to_owned();
    with_chromium("older-page", SIZE, |chromium| async move {
        for missing in [Missing::Status(404), Missing::StartPage] {
            site.answer_missing(missing);
            stage(&chromium, &site, "").await?;
            chromium.eval(EITHER, Value::Null).await?;
            let first = "window.made = make({ item: a }); return either(made);";
            ensure!(chromium.eval(first, json!(ids()?[0])).await? == 8, "before");
            fs::rename(folder.join(&widget), folder.join("away"))?;
            let late = "made.filter = 'pattern=plain'; return [await either(made), said(made), made.matches(':state(failed)')];";
            let got = chromium.eval(late, Value::Null).await;
            fs::rename(folder.join("away"), folder.join(&widget))?;
            let got = got?;
            let words = got[1].as_str().unwrap_or_default();
            ensure!(
                got[0] == "widget/outdated" && words.contains("older than the shop") && got[2] == true,
                "{got}"
            );
            let again = chromium.eval("return retry(made);", Value::Null).await?;
            ensure!(again == 8, "once its widget is back: {again}");
        }
        Ok(())
    })
}

#[test]
fn a_worker_that_was_ended_is_replaced() -> anyhow::Result<()> {
    let (_scratch, _, site) = host("ended-worker", STRICT)?;
    site.put(
        "workers.js",
        "window.workers = []; window.Worker = class extends Worker {
           constructor(...given) { super(...given); workers.push(this); } };",
    );
    let scripts = "<script src=\"workers.js\"></script><script type=\"module\" src=\"lookalike/more-like-this.js\"></script>";
    site.put("index.html", &page(scripts, ""));
    with_chromium("ended-worker", SIZE, |chromium| async move {
        stage(&chromium, &site, "").await?;
        chromium.eval(EITHER, Value::Null).await?;
        let end = "const made = make({ item: a, filter: 'pattern=plain' }); const first = await either(made);
            workers.at(-1).terminate();
            made.diversity = 0.5; const second = await either(made);
            return [first > 0, second > 0, workers.length, Worker === workers[0].constructor];";
        let got = chromium.eval(end, json!(ids()?[3])).await?;
        ensure!(got == json!([true, true, 2, true]), "{got}");
        Ok(())
    })
}

#[test]
fn a_file_that_never_comes_is_given_up_and_can_be_asked_for_again() -> anyhow::Result<()> {
    let (_scratch, _, site) = host("stalled", STRICT)?;
    with_chromium("stalled", SIZE, |chromium| async move {
        stage(&chromium, &site, "").await?;
        chromium.eval(EITHER, Value::Null).await?;
        site.hold(Some("/neighbours-"));
        let first = "window.made = make({ item: a }); return [await either(made), said(made)];";
        let got = chromium.eval(first, json!(ids()?[3])).await;
        site.hold(None);
        let got = got?;
        ensure!(got[0] == "folder/unreachable" && got[1] != "", "{got}");
        let again = chromium.eval("return retry(made);", Value::Null).await?;
        ensure!(again == 8, "{again}");
        Ok(())
    })
}

#[test]
fn both_scripts_of_a_page_share_one_policy() -> anyhow::Result<()> {
    let (_scratch, _, site) = host("both-scripts", STRICT)?;
    with_chromium("both-scripts", SIZE, |chromium| async move {
        for element_first in [true, false] {
            stage(&chromium, &site, "").await?;
            chromium.eval(EITHER, Value::Null).await?;
            let both = "const { createLookalike, LookalikeError } = await import(new URL('lookalike/lookalike.js', location.href).href);
                const api = createLookalike({ src: 'lookalike/' });
                const ask = [() => either(make({ item: a.item, filter: 'pattern=plain' })),
                  () => api.rank(a.item, { rules: { filter: 'pattern=plain' } }).then(({ length }) => length, ({ code }) => code)];
                if (!a.first) ask.reverse();
                const found = [await ask[0](), await ask[1]()];
                const rules = await api.rank(a.item, { rules: { filter: new Map() } }).catch((error) => error);
                return [found[0] > 0, found[1] > 0, rules instanceof LookalikeError, rules.code];";
            let got = chromium.eval(both, json!({ "item": ids()?[3], "first": element_first })).await?;
            ensure!(got == json!([true, true, true, "rules/invalid"]), "{got}");
        }
        ensure!(site.violations().is_empty(), "{:#?}", site.violations());
        Ok(())
    })
}

#[test]
fn copies_of_an_element_show_each_card_once() -> anyhow::Result<()> {
    let (_scratch, _, site) = host("copies", "")?;
    with_chromium("copies", SIZE, |chromium| async move {
        stage(&chromium, &site, "").await?;
        chromium.eval(EITHER, Value::Null).await?;
        let copies = "const made = make({ item: a }); made.remove();
            made.innerHTML = '<template slot=\"item\"><a data-field=\"link\"><b data-field=\"title\"></b></a></template>';
            document.body.append(made); await next(made, 'results');
            const seen = (of) => [...of.querySelectorAll('b')].filter((node) => node.checkVisibility()).length;
            const clone = made.cloneNode(true); made.replaceWith(clone); await next(clone, 'results');
            const counts = [seen(clone)];
            // A page that was saved, or kept by a router as text.
            const kept = document.createElement('div'); kept.append(clone.cloneNode(true));
            clone.replaceWith(kept); const again = kept.firstElementChild; await next(again, 'results');
            counts.push(seen(again));
            // React and Vue put a template's children beside its content.
            const react = document.createElement('more-like-this'); const template = document.createElement('template');
            template.slot = 'item'; template.append(Object.assign(document.createElement('b'), {})); template.firstChild.dataset.field = 'title';
            Object.assign(react, { src: 'lookalike/', item: a }); react.append(template); document.body.append(react);
            await next(react, 'results');
            return [...counts, seen(react)];";
        let got = chromium.eval(copies, json!(ids()?[3])).await?;
        ensure!(got == json!([8, 8, 8]), "{got}");
        Ok(())
    })
}
