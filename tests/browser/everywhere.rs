//! The element in each browser, on a page as strict as the widget promises to bear: what a shopper does, and what the
//! page's host sees of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::{Browser, Kind, Options, with_browser};
use crate::element::STAGE;
use crate::shop_server::{ids, photos, query};
use crate::site::{Asked, Layout, STRICT, Site, page};

/// Each test, an async function of a browser and a site, in each browser.
macro_rules! in_each_browser {
    ($($test:ident),* $(,)?) => {
        $crate::everywhere::in_each_browser! { chromium = Chromium; $($test)* }
        $crate::everywhere::in_each_browser! { firefox = Firefox; $($test)* }
        $crate::everywhere::in_each_browser! { webkit = WebKit; $($test)* }
    };
    ($browser:ident = $kind:ident; $($test:ident)*) => {
        mod $browser {
            $(
                #[test]
                fn $test() -> anyhow::Result<()> {
                    $crate::everywhere::run($crate::browser::Kind::$kind, stringify!($test), super::$test)
                }
            )*
        }
    };
}
pub(crate) use in_each_browser;

in_each_browser! {
    neighbours, photo, crop, cancel, keyboard, two_widgets, removed, unreachable, without_javascript, right_to_left,
}

/// Runs a test on a strict page of a site of its own, whose policy must not be violated.
pub fn run<F>(kind: Kind, name: &str, test: fn(Arc<Browser>, Arc<Site>) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let site = Arc::new(Site::start(Layout { base: "/", policy: STRICT, shared: false })?);
    let options = Options { without_javascript: name == "without_javascript", ..Options::default() };
    with_browser(kind, name, options, |browser| async move {
        test(browser, site.clone()).await?;
        let violations = site.violations();
        ensure!(violations.is_empty(), "the policy was violated: {violations:#?}");
        Ok(())
    })
}

/// Opens the page `path` of the site, with no element in it.
pub async fn stage(browser: &Browser, site: &Site, path: &str) -> anyhow::Result<()> {
    browser.open(&site.page(path)).await?;
    // The script empties the page; the input for photos stays.
    browser
        .eval(
            &format!("const file = document.querySelector('#file'); {STAGE} document.body.append(file);"),
            Value::Null,
        )
        .await?;
    Ok(())
}

/// Fails if something went wrong unseen.
pub async fn assert_quiet(browser: &Browser) -> anyhow::Result<()> {
    let troubles = browser.eval("return troubles;", Value::Null).await?;
    ensure!(troubles == json!([]), "the page says {troubles}");
    Ok(())
}

/// Those of `asked` whose address has `word` in it.
pub fn having<'a>(asked: &'a [Asked], word: &str) -> Vec<&'a str> {
    asked.iter().map(|one| one.url.as_str()).filter(|url| url.contains(word)).collect()
}

async fn neighbours(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    site.asked();
    let id = &ids()?[2];
    let show = "const made = make({ item: a, link: '/product/{id}' }); const { neighbours } = await next(made, 'results');
        return { ids: within(neighbours), links: [...made.shadowRoot.querySelectorAll('a')].map(({ href }) => href) };";
    let got = browser.eval(show, json!(id)).await?;
    let wanted = query(site.folder(), ["--item", id], "cosine", 8)?;
    let wanted: Vec<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
    let links: Vec<String> = wanted.iter().map(|id| site.page(&format!("product/{id}"))).collect();
    ensure!(got == json!({ "ids": wanted, "links": links }), "{got} instead of {wanted:?}");
    let asked = site.asked();
    for heavy in ["wasm", "worker", "network", "codes"] {
        ensure!(having(&asked, heavy).is_empty(), "{heavy} was loaded before a photo: {asked:?}");
    }
    ensure!(having(&asked, "/neighbours-").len() == 1, "{asked:?}");
    assert_quiet(&browser).await
}

/// A photo finds itself; meanwhile the host is asked for files of its own folder and told nothing, and the browser
/// keeps nothing.
async fn photo(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let id = &ids()?[6];
    browser
        .eval("window.made = make({ item: a, photo: '' }); await next(made, 'results');", json!(id))
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    site.asked();

    let scratch = lookalike_tests::Scratch::new("photo-of-mine")?;
    let mine = scratch.join("holiday-in-secret.jpg");
    std::fs::copy(photos()?.join(format!("{id}.jpg")), &mine)?;
    browser.choose("#file", &mine).await?;
    let search = "return within(await made.search(document.querySelector('#file').files[0]));";
    let found = browser.eval(search, Value::Null).await?;
    ensure!(found[0] == json!(id), "{id} finds itself: {found}");
    tokio::time::sleep(Duration::from_millis(500)).await;

    let asked = site.asked();
    for part in ["wasm", "worker", "/network-", "/codes-", "/refinement-"] {
        ensure!(!having(&asked, part).is_empty(), "no {part} was loaded, so this proves nothing: {asked:?}");
    }
    for one in &asked {
        let file = one.url.strip_prefix("/lookalike/").map(|path| site.folder().join(path));
        ensure!(file.is_some_and(|file| file.is_file()), "no file of the folder: {one:?}");
        ensure!(one.method == "GET" && one.body.is_empty(), "something is sent: {one:?}");
        let cookie = one.headers.iter().any(|(name, value)| name == "cookie" || value.contains("secret"));
        ensure!(!cookie, "something is told: {one:?}");
    }
    let kept = "return { cookie: document.cookie, local: localStorage.length, session: sessionStorage.length,
        databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
        workers: (await navigator.serviceWorker.getRegistrations()).length };";
    let kept = browser.eval(kept, Value::Null).await?;
    let nothing =
        json!({ "cookie": "", "local": 0, "session": 0, "databases": 0, "caches": 0, "workers": 0 });
    ensure!(kept == nothing, "{kept} is kept");
    assert_quiet(&browser).await
}

/// A part of a photo is ranked as the program ranks it, without decoding again, and without asking the host for anything but
/// pictures of products.
async fn crop(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let id = &ids()?[14];
    let whole = "window.made = make({ photo: '' }); window.file = await photo(a); await made.search(file);";
    browser.eval(whole, json!(id)).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    site.asked();
    let part = "const stages = new Set(); made.addEventListener('mlt-progress', ({ detail }) => stages.add(detail.stage));
        const found = await made.search(file, { crop: { x: 0.2, y: 0.15, width: 0.5, height: 0.6 } });
        return { ids: within(found), stages: [...stages] };";
    let got = browser.eval(part, Value::Null).await?;
    let photo = photos()?.join(format!("{id}.jpg")).display().to_string();
    let wanted = query(site.folder(), ["--photo", &photo, "--crop", "0.2,0.15,0.5,0.6"], "cosine", 8)?;
    let wanted: Vec<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
    ensure!(
        got == json!({ "ids": wanted, "stages": ["embedding", "ranking"] }),
        "{got} instead of {wanted:?}"
    );
    for one in site.asked() {
        let known = one.url.contains("/thumbnails/") || one.url.contains("/cards-");
        ensure!(known && one.method == "GET" && one.body.is_empty(), "a part of the photo asks for {one:?}");
    }
    assert_quiet(&browser).await
}

async fn cancel(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    let ids = ids()?;
    for at in ["loading", "embedding"] {
        stage(&browser, &site, "").await?;
        let cancel = "const made = make({ photo: '' }); const control = new AbortController();
            made.addEventListener('mlt-progress', ({ detail }) => detail.stage === a.at && control.abort());
            const why = await made.search(await photo(a.first), control).catch(({ code }) => code);
            const found = await made.search(await photo(a.second));
            return { why, found: found[0].id, errors: of('error').length };";
        let argument = json!({ "at": at, "first": ids[12], "second": ids[13] });
        let got = browser.eval(cancel, argument).await?;
        let wanted = json!({ "why": "aborted", "found": ids[13], "errors": 0 });
        ensure!(got == wanted, "given up at {at}: {got} instead of {wanted}");
        assert_quiet(&browser).await?;
    }
    Ok(())
}

/// From the page's top with Tab and Enter alone: the button for a photo, a search and its cancelling, a product.
async fn keyboard(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let ids = ids()?;
    let set = "window.made = make({ item: a, photo: '', link: '#to-{id}' }); await next(made, 'results');
        // The dialogue for files is the browser's own, and nobody could close it here.
        window.dialogues = 0;
        addEventListener('click', (event) => {
          if (event.composedPath()[0].type !== 'file') return;
          event.preventDefault();
          window.dialogues += 1;
        }, true);
        window.focused = () => made.shadowRoot.activeElement?.part.value ?? '';";
    browser.eval(set, json!(ids[3])).await?;
    tab_to(&browser, "choose").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("the dialogue for files", "dialogues === 1").await?;

    tab_to(&browser, "card").await?;
    browser.press(Key::Enter).await?;
    let went = browser.wait_for("the product's page", "location.hash").await?;
    let nearest = query(site.folder(), ["--item", &ids[3]], "cosine", 1)?;
    ensure!(went == json!(format!("#to-{}", nearest[0].0)), "Enter on the first card goes to {went}");

    // Whoever stands on the button when a search begins stands on its cancelling, and after that on the button again.
    browser.eval("made.shadowRoot.querySelector('[part~=choose]').focus();", Value::Null).await?;
    let begin = "const file = await photo(a); const begun = next(made, 'progress');
        made.search(file).catch(({ code }) => { window.why = code; }); await begun;";
    browser.eval(begin, json!(ids[9])).await?;
    browser.wait_for("focus on cancelling", "focused().includes('cancel')").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("the end of the search", "window.why === 'aborted'").await?;
    browser.wait_for("focus on the button", "focused().includes('choose')").await?;
    browser
        .wait_for("the item again", "made.settled && made.shadowRoot.querySelectorAll('a').length === 8")
        .await?;
    assert_quiet(&browser).await
}

/// Presses Tab until the focus is on the part `part` of the element `made`.
async fn tab_to(browser: &Browser, part: &str) -> anyhow::Result<()> {
    for _ in 0..30 {
        browser.press(Key::Tab).await?;
        let focused = browser.eval("return focused();", Value::Null).await?;
        if focused.as_str().is_some_and(|parts| parts.split(' ').any(|one| one == part)) {
            return Ok(());
        }
    }
    anyhow::bail!("thirty times Tab, and the focus never was on {part}")
}

async fn two_widgets(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let both = "const file = await photo(a);
        const one = make({ metric: 'cosine' }); const two = make({ metric: 'manhattan' });
        const found = await Promise.all([one.search(file), two.search(file)]);
        return found.map(within).map(([first]) => first);";
    site.asked();
    let id = &ids()?[22];
    let got = browser.eval(both, json!(id)).await?;
    ensure!(got == json!([id, id]), "{got}");
    let asked = site.asked();
    for part in ["manifest.json", ".wasm", "network.json", "/codes-", "worker/worker.js"] {
        let fetched = having(&asked, part);
        let once = fetched.iter().collect::<std::collections::BTreeSet<_>>().len() == fetched.len();
        ensure!(once && !fetched.is_empty(), "{part} was fetched as {fetched:?}");
    }
    assert_quiet(&browser).await
}

async fn removed(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    let ids = ids()?;
    for at in ["loading", "embedding"] {
        stage(&browser, &site, "").await?;
        let remove = "const made = make({ photo: '' });
            made.addEventListener('mlt-progress', ({ detail }) => detail.stage === a.at && made.remove());
            const why = await made.search(await photo(a.first)).catch(({ code }) => code);
            const other = make({ item: a.second }); await next(other, 'results');
            const found = await other.search(await photo(a.second));
            return { why, found: found[0].id, errors: of('error').length };";
        let argument = json!({ "at": at, "first": ids[30], "second": ids[31] });
        let got = browser.eval(remove, argument).await?;
        let wanted = json!({ "why": "aborted", "found": ids[31], "errors": 0 });
        ensure!(got == wanted, "removed at {at}: {got} instead of {wanted}");
        assert_quiet(&browser).await?;
    }
    Ok(())
}

/// The host is out of reach, first for the neighbours and later for the photo: told by a typed error and a button that
/// works as soon as the host is back.
async fn unreachable(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let ids = ids()?;
    site.go_away();
    let show = "window.made = make({ item: a, photo: '' }); const { code, file } = await next(made, 'error');
        return { code, file, said: !!made.shadowRoot.querySelector('[part=message]').innerText,
          retry: !made.shadowRoot.querySelector('[part~=retry]').hidden };";
    let got = browser.eval(show, json!(ids[5])).await?;
    let wanted =
        json!({ "code": "folder/unreachable", "file": "manifest.json", "said": true, "retry": true });
    ensure!(got == wanted, "{got} instead of {wanted}");
    site.come_back()?;
    let retry =
        "const results = next(made, 'results'); made.shadowRoot.querySelector('[part~=retry]').click();
        return (await Promise.race([results, next(made, 'error')])).neighbours.length;";
    ensure!(
        browser.eval(retry, Value::Null).await? == 8,
        "once the host is back, a click shows the products"
    );

    browser.eval("window.file = await photo(a);", json!(ids[5])).await?;
    site.go_away();
    let search =
        "const error = next(made, 'error'); const why = await made.search(file).catch(({ code }) => code);
        return [why, (await error).code, !made.shadowRoot.querySelector('[part~=retry]').hidden];";
    let got = browser.eval(search, Value::Null).await?;
    ensure!(got == json!(["folder/unreachable", "folder/unreachable", true]), "{got}");
    site.come_back()?;
    let got =
        browser.eval(retry.replace("neighbours.length", "neighbours[0].id").as_str(), Value::Null).await?;
    ensure!(got == json!(ids[5]), "once the host is back, a click searches: {got}");
    Ok(())
}

/// The shop's own links stay, and nothing stands in their way.
async fn without_javascript(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    let children = "<a id=\"own\" href=\"all-shirts.html\">All shirts</a>";
    let element = format!("<more-like-this item=\"{}\">{children}</more-like-this>", ids()?[0]);
    let script = "<script type=\"module\" src=\"lookalike/more-like-this.js\"></script>";
    site.put("plain.html", &page(script, &element));
    site.put("all-shirts.html", &page("", "<p id=\"shirts\">Shirts</p>"));
    browser.open(&site.page("plain.html")).await?;
    let client = browser.client();
    let link = client.find(Locator::Css("#own")).await.context("the shop's own link")?;
    ensure!(link.is_displayed().await? && link.text().await? == "All shirts", "the link can be read");
    ensure!(having(&site.asked(), "manifest.json").is_empty(), "the script did not run");
    link.click().await?;
    client.wait().at_most(Duration::from_secs(10)).for_element(Locator::Css("#shirts")).await?;
    Ok(())
}

/// The first product is the rightmost, and progress grows from the right.
async fn right_to_left(browser: Arc<Browser>, site: Arc<Site>) -> anyhow::Result<()> {
    stage(&browser, &site, "").await?;
    let show = "document.documentElement.dir = 'rtl';
        window.made = make({ item: a, photo: '', limit: 3 }); await next(made, 'results');
        const lefts = [...made.shadowRoot.querySelectorAll('li')].map((card) => card.getBoundingClientRect().left);
        return [lefts[0] > lefts[1] && lefts[1] > lefts[2], document.documentElement.scrollWidth <= innerWidth, lefts];";
    let got = browser.eval(show, json!(ids()?[1])).await?;
    ensure!(got[0] == true, "the first product is not the rightmost: {got}");
    ensure!(got[1] == true, "the page scrolls sideways");
    let search = "const file = await photo(a);
        const sides = new Promise((resolve) => made.addEventListener('mlt-progress', ({ detail }) => {
          if (detail.fraction < 0.2 || detail.fraction > 0.95) return;
          setTimeout(() => {
            const [bar, fill] = ['progress', 'progress-fill'].map((part) =>
              made.shadowRoot.querySelector(`[part~=${part}]`).getBoundingClientRect());
            if (fill.width > 0) resolve([Math.abs(fill.right - bar.right) < 1.5, fill.left > bar.left + 1, fill.width, bar.width]);
          }, 250);
        }));
        window.found = made.search(file);
        return await Promise.race([sides, found.then(() => 'no progress was seen')]);";
    // The network is long in coming, so that there is progress to see.
    site.hold(Some("/part-"));
    let got = browser.eval(search, json!(ids()?[1])).await;
    site.hold(None);
    let got = got?;
    ensure!(got[0] == true && got[1] == true, "progress does not grow from the right: {got}");
    assert_quiet(&browser).await
}
