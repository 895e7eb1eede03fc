//! Pages with rules of their own, in each browser: from a sub-path, with the folder or the script on another origin, with
//! the script's integrity stated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::everywhere::{assert_quiet, in_each_browser, stage};
use crate::shop_server::ids;
use crate::site::{Layout, STRICT, Site, page};

/// Within which a browser reports what a policy has stopped.
const REPORTED: Duration = Duration::from_secs(5);

in_each_browser! { sub_path, folder_elsewhere, script_elsewhere, integrity }

/// Shows a product's neighbours and searches for its photo: the number of products, and what is found first.
const BOTH: &str = "const made = make({ item: a.item, src: a.src, photo: '' }); window.made = made;
    if (!a.src) made.removeAttribute('src');
    const shown = (await Promise.race([next(made, 'results'), next(made, 'error')])).neighbours?.length;
    const found = await made.search(await photo(a.item)).then(([{ id }]) => id, ({ code }) => code);
    return [shown ?? 'error', found];";

async fn sub_path(browser: Arc<Browser>, _: Arc<Site>) -> anyhow::Result<()> {
    let site = Site::start(Layout { base: "/a/shop%20of%20mine/", policy: STRICT, shared: false })?;
    let id = &ids()?[3];
    // Where the element says no folder, it is the one that the script came from.
    for src in ["", "lookalike", "/a/shop%20of%20mine/lookalike/"] {
        stage(&browser, &site, "").await?;
        let got = browser.eval(BOTH, json!({ "item": id, "src": src })).await?;
        ensure!(got == json!([8, id]), "src={src:?}: {got}");
        assert_quiet(&browser).await?;
    }
    ensure!(site.violations().is_empty(), "{:#?}", site.violations());
    Ok(())
}

/// The script is the page's own, the folder lies on another origin, which has to allow that (CORS).
async fn folder_elsewhere(browser: Arc<Browser>, _: Arc<Site>) -> anyhow::Result<()> {
    let id = &ids()?[4];
    let closed = Site::start(Layout { base: "/", policy: "", shared: false })?;
    let open = Site::start(Layout { base: "/", policy: "", shared: true })?;
    for (other, wanted) in [
        (&open, json!([8, id])),
        // Not allowed: a typed error, and no hanging search.
        (&closed, json!(["error", "folder/unreachable"])),
    ] {
        let origin = other.address.trim_end_matches('/');
        let policy =
            format!("{STRICT}; connect-src 'self' {origin}").replace("blob:", &format!("blob: {origin}"));
        let site = Site::start(Layout { base: "/", policy: policy.leak(), shared: false })?;
        stage(&browser, &site, "").await?;
        let got = browser.eval(BOTH, json!({ "item": id, "src": other.page("lookalike/") })).await?;
        ensure!(got == wanted, "{got} instead of {wanted}");
        ensure!(site.violations().is_empty(), "{:#?}", site.violations());
    }
    Ok(())
}

/// The script too lies on another origin. Its worker is then started by a blob, which the page's policy has to allow; where
/// it does not, products are shown all the same and a search is refused.
async fn script_elsewhere(browser: Arc<Browser>, _: Arc<Site>) -> anyhow::Result<()> {
    let id = &ids()?[5];
    let other = Site::start(Layout { base: "/", policy: "", shared: true })?;
    let origin = other.address.trim_end_matches('/');
    // A module that a worker imports counts as a worker.
    let allowed = format!(" blob: {origin}");
    let policy = |worker: &str| {
        format!(
            "default-src 'self'; script-src 'self' {origin} 'wasm-unsafe-eval'{worker}; worker-src 'self'{worker}; style-src 'self'; \
             img-src 'self' blob: {origin}; connect-src 'self' {origin}; require-trusted-types-for 'script'; \
             trusted-types lookalike"
        )
    };
    let script = format!("<script type=\"module\" src=\"{origin}/lookalike/more-like-this.js\"></script>");
    for (worker, found) in [(allowed.as_str(), id.as_str()), ("", "worker/crashed")] {
        let site = Site::start(Layout { base: "/", policy: policy(worker).leak(), shared: false })?;
        site.put("index.html", &page(&script, ""));
        stage(&browser, &site, "").await?;
        let got = browser.eval(BOTH, json!({ "item": id, "src": "" })).await?;
        ensure!(got == json!([8, found]), "worker-src 'self'{worker}: {got}");
        // A browser reports when it has time.
        let deadline = Instant::now() + REPORTED;
        while worker.is_empty() && site.violations().is_empty() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let violations = site.violations();
        ensure!(violations.is_empty() != worker.is_empty(), "worker-src 'self'{worker}: {violations:#?}");
    }
    Ok(())
}

/// The tag of the script names its digest: the right one runs, another does not and the shop's own links stay.
async fn integrity(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(site.folder().join("manifest.json"))?)?;
    let widget = manifest["widget"]["path"].as_str().context("the folder has a widget")?;
    let script = format!("lookalike/{widget}/page/more-like-this.js");
    stage(&browser, &site, "").await?;
    let digest = "const digest = await crypto.subtle.digest('SHA-384', await (await fetch(a)).arrayBuffer());
        return btoa(String.fromCharCode(...new Uint8Array(digest)));";
    let digest = browser.eval(digest, json!(script)).await?;
    let digest = digest.as_str().context("a digest")?;
    let wrong = digest.chars().rev().filter(|letter| *letter != '=').collect::<String>();
    let id = &ids()?[7];
    for (digest, right) in [(digest, true), (wrong.as_str(), false)] {
        let tag = format!("<script type=\"module\" src=\"{script}\" integrity=\"sha384-{digest}\"></script>");
        let element = format!(
            "<more-like-this item=\"{id}\" photo><a id=\"own\" href=\"all.html\">All</a></more-like-this>"
        );
        site.put("exact.html", &page(&tag, &element));
        browser.open(&site.page("exact.html")).await?;
        if right {
            let found = "const element = document.querySelector('more-like-this');
                await customElements.whenDefined('more-like-this');
                const file = new File([await (await fetch(`photos/${a}.jpg`)).blob()], 'photo.jpg');
                return (await element.search(file))[0].id;";
            ensure!(browser.eval(found, json!(id)).await? == json!(id), "with the right digest it works");
            assert_quiet(&browser).await?;
        } else {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let state = "return [!customElements.get('more-like-this'), document.querySelector('#own').checkVisibility()];";
            let state = browser.eval(state, Value::Null).await?;
            ensure!(
                state == json!([true, true]),
                "with a wrong digest only the shop's links are there: {state}"
            );
        }
    }
    Ok(())
}
