//! axe-core, the checker of accessibility rules, finds nothing in any state of the element, nor on the pages that show it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::element::STAGE;
use crate::shop_server::{ShopServer, ids};
use crate::site::{Layout, Site, page};

const SIZE: (u32, u32) = (1100, 1400);

const STYLE: &str = ":root { color-scheme: light dark; font-family: sans-serif; }
.far { height: 4000px; }";

/// Reads the violations: rule, how bad, and where.
const RUN: &str = "const { violations, passes } = await axe.run(document, { resultTypes: ['violations'] });
    return { checked: passes.length, violations: violations.flatMap(({ id, impact, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} (${impact}) ${target.flat().join(' ')}: ${failureSummary}`)) };";

/// Gives the page the checker. `AXE` names its file; `make test-browser` sets it.
async fn bring(chromium: &Chromium) -> anyhow::Result<()> {
    let file = std::env::var("AXE").context("AXE does not name axe-core's file; run `make test-browser`")?;
    let source = std::fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
    chromium.client().execute(&source, Vec::new()).await?;
    Ok(())
}

/// In light and in dark.
async fn assert_accessible(chromium: &Chromium, state: &str) -> anyhow::Result<()> {
    for scheme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        chromium.devtools("Emulation.setEmulatedMedia", media).await?;
        let found = chromium.eval(RUN, Value::Null).await?;
        ensure!(found["checked"].as_u64().is_some_and(|rules| rules >= 10), "{state}: {found}");
        ensure!(found["violations"] == json!([]), "{state}, {scheme}: {:#}", found["violations"]);
    }
    Ok(())
}

#[test]
fn no_state_of_the_element_breaks_a_rule() -> anyhow::Result<()> {
    let site = Site::start(Layout { base: "/", policy: "", shared: false })?;
    let script = "<link rel=\"stylesheet\" href=\"style.css\">\
                  <script type=\"module\" src=\"lookalike/more-like-this.js\"></script>";
    site.put("style.css", STYLE);
    site.put("states.html", &page(script, ""));
    with_chromium("axe", SIZE, |chromium| async move {
        let ids = ids()?;
        chromium.open(&site.page("states.html")).await?;
        bring(&chromium).await?;
        let stage = format!(
            "{STAGE} window.main = document.createElement('main');
             main.append(Object.assign(document.createElement('h1'), {{ textContent: 'A product' }}));
             document.body.append(main);
             const plain = make; window.make = (attributes) => {{
               main.querySelector('more-like-this')?.remove();
               const made = plain(attributes); main.append(made); window.made = made; return made; }};"
        );
        chromium.eval(&stage, Value::Null).await?;
        let everything =
            "item: a[0], photo: '', controls: 'metric colour diversity', filters: 'pattern price'";

        site.hold(Some("manifest.json"));
        chromium.eval("make({ item: a, photo: '' });", json!(ids[0])).await?;
        chromium.wait_for("placeholders", "made.shadowRoot.querySelectorAll('li').length === 8").await?;
        assert_accessible(&chromium, "waiting").await?;
        site.hold(None);

        chromium.eval("await next(make({ item: a, distances: '' }), 'results');", json!(ids[0])).await?;
        assert_accessible(&chromium, "shown").await?;

        let strip = "await next(make({ item: a, layout: 'strip', heading: '' }), 'results');";
        chromium.eval(strip, json!(ids[0])).await?;
        assert_accessible(&chromium, "a strip").await?;

        chromium.eval("await next(make({ item: 'no-such' }), 'error');", Value::Null).await?;
        assert_accessible(&chromium, "an error").await?;

        let nothing = "await next(make({ item: a, filter: 'price<0' }), 'results');";
        chromium.eval(nothing, json!(ids[0])).await?;
        assert_accessible(&chromium, "nothing found").await?;

        let controls = format!(
            "await next(make({{ {everything} }}), 'results');
            await new Promise((done) => setTimeout(done, 300));"
        );
        chromium.eval(&controls, json!(ids)).await?;
        assert_accessible(&chromium, "controls").await?;

        site.hold(Some("/network-"));
        let search = format!(
            "const made = make({{ {everything} }}); await next(made, 'results');
             window.found = made.search(await photo(a[6])); await next(made, 'progress');
             await new Promise((done) => setTimeout(done, 300));"
        );
        chromium.eval(&search, json!(ids)).await?;
        assert_accessible(&chromium, "a photo and its progress").await?;
        site.hold(None);
        let done = "await found; await new Promise((done) => setTimeout(done, 300));";
        chromium.eval(done, Value::Null).await?;
        assert_accessible(&chromium, "a photo's products, and the choice of its part").await?;

        let part = "made.search(await photo(a[6]), { crop: { x: 0.2, y: 0.1, width: 0.5, height: 0.6 } });
            await next(made, 'results'); await new Promise((done) => setTimeout(done, 300));";
        chromium.eval(part, json!(ids)).await?;
        assert_accessible(&chromium, "a part of a photo").await?;

        let rtl = format!("document.documentElement.lang = 'ar'; document.documentElement.dir = 'rtl';
            await next(make({{ {everything} }}), 'results'); await new Promise((done) => setTimeout(done, 300));");
        chromium.eval(&rtl, json!(ids)).await?;
        assert_accessible(&chromium, "right to left, in Arabic").await?;
        Ok(())
    })
}

#[test]
fn the_shop_and_the_gallery_break_no_rule() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("axe-pages", SIZE, |chromium| async move {
        chromium.open(&server.address).await?;
        chromium.wait_for("the products", "document.querySelector('more-like-this').settled").await?;
        bring(&chromium).await?;
        assert_accessible(&chromium, "the shop").await?;
        chromium.open(&server.page("shop/gallery.html")).await?;
        let settled = "[...document.querySelectorAll('more-like-this')].some((one) => one.settled)";
        chromium.wait_for("the gallery", settled).await?;
        bring(&chromium).await?;
        assert_accessible(&chromium, "the gallery").await
    })
}
