//! The element under a thumb: after a photo the products come into view, swipes scroll, fingers draw no slivers; and nothing on the
//! page moves, whatever comes. The worker is one that answers at once, since this is about the page.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::everywhere::stage;
use crate::shop_server::ids;
use crate::site::{Layout, STRICT, Site};

const PHONE: (u32, u32) = (390, 844);

/// Ranks the first products of the catalogue, whatever it is asked.
const WORKER: &str = "onmessage = ({ data: { op, id, how } }) => {
    if (op === 'ping') postMessage({ alive: true });
    if (op === 'embed') postMessage({ id, result: { embedding: new Float32Array(4), colours: new Uint8Array(24), width: 600, height: 800,
      object: { x: 0, y: 0, width: 1, height: 1 } } });
    if (op === 'rank') postMessage({ id, result: how.rules ? [] : Array.from({ length: how.limit }, (_, item) => ({ item, distance: item })) });
};";

/// A page with that worker and what the scripts here share; the element stands below a picture of a product.
async fn open(chromium: &Chromium, site: &Site) -> anyhow::Result<()> {
    site.put("worker.js", WORKER);
    stage(chromium, site, "").await?;
    let shared = "const { configure } = await import(new URL('lookalike/lookalike.js', location.href).href);
        configure({ workerUrl: 'worker.js' });
        const picture = document.createElement('div'); picture.style.height = '420px'; document.body.prepend(picture);
        window.find = (selector) => made.shadowRoot.querySelector(selector);
        window.box = (part) => { const { left, top, width, height } = find(`[part~=${part}]`).getBoundingClientRect(); return [left, top, width, height]; };
        window.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value; })
          .observe({ type: 'layout-shift' });
        await new Promise((done) => setTimeout(done, 200));";
    chromium.eval(shared, Value::Null).await?;
    Ok(())
}

fn site() -> anyhow::Result<Site> {
    Site::start(Layout { base: "/", policy: STRICT, shared: false })
}

/// Fingers at places of the screen, in steps.
async fn touch(chromium: &Chromium, steps: &[Vec<(f64, f64)>]) -> anyhow::Result<()> {
    let last = steps.len() - 1;
    for (step, fingers) in steps.iter().enumerate() {
        let kind = match step {
            0 => "touchStart",
            _ if fingers.len() > steps[step - 1].len() => "touchStart",
            _ => "touchMove",
        };
        let points: Vec<Value> =
            fingers.iter().enumerate().map(|(id, (x, y))| json!({ "x": x, "y": y, "id": id })).collect();
        chromium.devtools("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await?;
        if step == last {
            chromium
                .devtools("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] }))
                .await?;
        }
    }
    Ok(())
}

#[test]
fn products_come_into_view_and_swipes_scroll() -> anyhow::Result<()> {
    let site = site()?;
    with_chromium("phone-photo", PHONE, |chromium| async move {
        open(&chromium, &site).await?;
        let search = "window.made = make({ item: a, photo: '' }); await next(made, 'results');
            window.crops = 0; made.addEventListener('mlt-crop', () => crops++);
            made.scrollIntoView({ block: 'end' });
            await made.search(await photo(a)); await new Promise((done) => setTimeout(done, 1000));
            return { list: box('list')[1], panel: box('panel'), height: innerHeight, folded: find('[part=tools]').checkVisibility() };";
        let got = chromium.eval(search, json!(ids()?[3])).await?;
        let list = got["list"].as_f64().context("list")?;
        ensure!(list < 844.0 / 2.0 + 1.0, "the products are in the upper half: {got}");
        ensure!(
            got["panel"][3].as_f64().is_some_and(|height| height < 90.0) && got["folded"] == false,
            "one line stays: {got}"
        );
        let change = "find('[part~=change]').click(); scrollTo(0, 300); await new Promise((done) => setTimeout(done, 300));
            return [box('photo'), scrollY];";
        let got = chromium.eval(change, Value::Null).await?;
        let photo: Vec<f64> = serde_json::from_value(got[0].clone())?;
        let [left, top, width, height] = photo[..] else { anyhow::bail!("four numbers: {photo:?}") };
        ensure!(height > 150.0, "the photo is there again: {photo:?}");
        let at = |x: f64, y: f64| (left + x * width, top + y * height);

        // Upward: the page scrolls, and nothing is searched.
        let up: Vec<_> = [0.8, 0.7, 0.5, 0.3].map(|y| vec![at(0.5, y)]).into();
        touch(&chromium, &up).await?;
        let scrolled = format!("scrollY > {} + 50", got[1]);
        chromium.wait_for("the page to scroll", &scrolled).await?;
        // Across: no sliver. Two fingers: none either.
        let here = "scrollTo(0, a); await new Promise((done) => setTimeout(done, 500)); return crops;";
        chromium.eval(here, got[1].clone()).await?;
        let across: Vec<_> = [0.2, 0.4, 0.6, 0.8].map(|x| vec![at(x, 0.5)]).into();
        touch(&chromium, &across).await?;
        let crops = chromium.eval(here, got[1].clone()).await?;
        ensure!(crops == 0, "a swipe was searched for: {crops}");
        let pinch = [
            vec![at(0.4, 0.5)],
            vec![at(0.4, 0.5), at(0.6, 0.5)],
            vec![at(0.3, 0.6), at(0.7, 0.4)],
            vec![at(0.2, 0.7), at(0.8, 0.3)],
        ];
        touch(&chromium, &pinch).await?;
        let crops = chromium.eval(here, got[1].clone()).await?;
        ensure!(crops == 0, "two fingers were searched for: {crops}");
        Ok(())
    })
}

#[test]
fn nothing_moves_whatever_comes() -> anyhow::Result<()> {
    let site = site()?;
    with_chromium("phone-shift", PHONE, |chromium| async move {
        let id = ids()?[3].clone();
        for (what, attributes, products) in [
            ("as many as asked for", json!({ "item": id }), 8),
            ("an unknown product", json!({ "item": "nobody" }), 0),
            ("more than are stored", json!({ "item": id, "limit": "60" }), 20),
            ("nothing like it", json!({ "item": id, "filter": "a=b" }), 0),
        ] {
            open(&chromium, &site).await?;
            let show = "shift = 0; window.made = make(a); const below = document.createElement('p'); below.textContent = 'below';
                document.body.append(below);
                await Promise.race([next(made, 'results'), next(made, 'error')]);
                await new Promise((done) => setTimeout(done, 700));
                const height = made.offsetHeight;
                below.style.height = '4000px'; scrollTo(0, 99999); await new Promise((done) => setTimeout(done, 500));
                return [shift, made.shadowRoot.querySelectorAll('li a').length, height, made.offsetHeight];";
            let got = chromium.eval(show, attributes).await?;
            ensure!(got[0] == 0 && got[1] == products, "{what}: {got}");
            // Out of sight, the place that was kept for nothing is given back.
            let (seen, unseen) = (got[2].as_f64(), got[3].as_f64());
            ensure!(products > 0 || unseen < seen, "{what}: {got}");
        }
        Ok(())
    })
}
