//! A page on a slow phone: how soon the products are there, whether anything moves, and whether the page ever stalls.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::shop_server::ids;
use crate::site::{Layout, STRICT, Site, page};

/// A phone, wide and high. Any narrower would be emulated, and what moves just after the emulation sets in is not counted.
const PHONE: (u32, u32) = (500, 844);

/// Slow 4G, as Lighthouse has it (github.com/GoogleChrome/lighthouse, docs/throttling.md): 150 ms, 1.6 Mbit/s down, 750 kbit/s
/// up; a processor four times as slow as this one.
const LATENCY_MS: u32 = 150;
const DOWN_BYTES_S: f64 = 1.6e6 / 8.0;
const UP_BYTES_S: f64 = 750e3 / 8.0;
const SLOWER: u32 = 4;

/// What a page's own script may note before ours is there.
const NOTES: &str = "
window.notes = { shift: 0, shifted: [], tasks: [] };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    notes.shift += entry.value;
    notes.shifted.push(...entry.sources.map(({ node }) => node?.nodeName ?? 'something removed'));
  }
}).observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((list) => notes.tasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: 'longtask', buffered: true });
addEventListener('mlt-results', () => requestAnimationFrame(() => { notes.shown ??= performance.now(); }));
";

/// The room that README tells a shop to keep until the script is there, on this phone.
const STYLE: &str = "
body { margin: 0 16px; font: 16px/1.4 sans-serif; }
.product { height: 420px; }
.far { height: 3000px; }
more-like-this { display: block; min-height: 1100px; }
";

const SCRIPT: &str = "<script type=\"module\" src=\"lookalike/more-like-this.js\"></script>";

/// A page with the element below `above` and a footer below it; without `script` it stays an unknown tag.
fn product_page(above: &str, item: &str, script: &str) -> String {
    let head =
        format!("<script src=\"notes.js\"></script><link rel=\"stylesheet\" href=\"style.css\">{script}");
    let body = format!(
        "<h1>A product</h1><div class=\"{above}\"></div>\
         <more-like-this item=\"{item}\" photo></more-like-this><footer>Below</footer>"
    );
    page(&head, &body)
}

fn slow_site(item: &str) -> anyhow::Result<Site> {
    let site = Site::start(Layout { base: "/", policy: STRICT, shared: false })?;
    site.put("notes.js", NOTES);
    site.put("style.css", STYLE);
    site.put("alone.html", &product_page("product", item, ""));
    site.put("near.html", &product_page("product", item, SCRIPT));
    site.put("far.html", &product_page("far", item, SCRIPT));
    Ok(site)
}

async fn slow_down(chromium: &Chromium) -> anyhow::Result<()> {
    chromium.devtools("Network.enable", json!({})).await?;
    let network = json!({ "offline": false, "latency": LATENCY_MS, "downloadThroughput": DOWN_BYTES_S,
        "uploadThroughput": UP_BYTES_S });
    chromium.devtools("Network.emulateNetworkConditions", network).await?;
    chromium.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": SLOWER })).await?;
    Ok(())
}

#[test]
fn nothing_moves_while_products_come() -> anyhow::Result<()> {
    let item = ids()?[14].clone();
    let site = slow_site(&item)?;
    with_chromium("shift", PHONE, |chromium| async move {
        slow_down(&chromium).await?;
        for page in ["near.html", "far.html"] {
            chromium.open(&site.page(page)).await?;
            let seen = "const shim = document.querySelector('h1');
                // That the observer sees anything at all.
                shim.style.marginTop = '40px'; await new Promise((done) => setTimeout(done, 700));
                const seen = notes.shift; shim.style.marginTop = ''; await new Promise((done) => setTimeout(done, 700));
                notes.shift = 0; notes.shifted = []; return seen;";
            if page == "far.html" {
                let seen = chromium.eval(seen, Value::Null).await?;
                ensure!(seen.as_f64().is_some_and(|seen| seen > 0.0), "a heading that moves is seen: {seen}");
                chromium
                    .eval("document.querySelector('more-like-this').scrollIntoView();", Value::Null)
                    .await?;
            }
            chromium.wait_for("the products", "notes.shown").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let notes = chromium.eval("return notes;", Value::Null).await?;
            ensure!(notes["shift"] == 0, "{page}: {notes}");
        }
        chromium.assert_quiet().await
    })
}

/// Not a test of every change, since a busy machine is slow in other ways: `make pace`.
#[test]
#[ignore = "a measurement: make pace"]
fn pace() -> anyhow::Result<()> {
    let ids = ids()?;
    let site = slow_site(&ids[14])?;
    with_chromium("pace", PHONE, |chromium| async move {
        let chromium: Arc<Chromium> = chromium;
        chromium.open(&site.page("icon.svg")).await?;
        slow_down(&chromium).await?;

        // What the page alone costs the same browser.
        chromium.open(&site.page("alone.html")).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let alone = chromium.eval("return notes;", Value::Null).await?;

        site.asked();
        chromium.open(&site.page("near.html")).await?;
        chromium.wait_for("the products", "notes.shown").await?;
        let whole = chromium.eval("return notes;", Value::Null).await?;
        let requests = site
            .asked()
            .iter()
            .filter(|one| !one.url.contains("/photos/") && !one.url.contains("/thumbnails/"))
            .count();

        chromium.devtools("Network.clearBrowserCache", json!({})).await?;
        chromium.open(&site.page("far.html")).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let come_near = "const from = performance.now();
            document.querySelector('more-like-this').scrollIntoView();
            while (!notes.shown) await new Promise((done) => setTimeout(done, 5));
            return { ...notes, near: notes.shown - from };";
        let near = chromium.eval(come_near, Value::Null).await?;

        let search = "const file = new File([await (await fetch(`photos/${a}.jpg`)).blob()], 'photo.jpg');
            notes.tasks = [];
            const made = document.querySelector('more-like-this'); const from = performance.now();
            const found = await made.search(file);
            const first = performance.now() - from;
            await new Promise((done) => setTimeout(done, 500));
            return { found: found[0].id, first, tasks: notes.tasks };";
        let photo = chromium.eval(search, json!(ids[14])).await?;
        ensure!(photo["found"] == json!(ids[14]), "{photo}");
        let longest = |of: &Value| {
            let tasks = of["tasks"].as_array().into_iter().flatten();
            tasks.filter_map(Value::as_f64).fold(0.0, f64::max)
        };
        let report = json!({
            "cpu_slower": SLOWER, "latency_ms": LATENCY_MS, "mbit_s": DOWN_BYTES_S * 8.0 / 1e6,
            "near_to_products_ms": near["near"],
            "page_to_products_ms": whole["shown"],
            "requests_without_photos": requests,
            "layout_shift": whole["shift"].as_f64().context("shift")? + near["shift"].as_f64().context("shift")?,
            "shifted": [whole["shifted"], near["shifted"]],
            "longest_task_ms": { "page_alone": longest(&alone), "products": longest(&whole).max(longest(&near)), "photo": longest(&photo) },
            "photo_to_products_ms": photo["first"],
        });
        println!("{report}");
        Ok(())
    })
}
