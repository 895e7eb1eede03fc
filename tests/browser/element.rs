//! `<more-like-this>` in a page of somebody's: events, attributes, searches. The page is the shop's, emptied, since the
//! server has no other; the element does not know.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::shop_server::{METRICS, ShopServer, ids};

/// The window of these tests.
pub const SIZE: (u32, u32) = (1000, 800);

/// Empties the page and gives the scripts that follow what they share.
pub const STAGE: &str = "
    await customElements.whenDefined('more-like-this');
    document.body.replaceChildren();
    window.events = [];
    for (const type of ['ready', 'results', 'select', 'photo', 'progress', 'error'])
      document.addEventListener(`mlt-${type}`, (event) => events.push({ type, at: event.target, detail: event.detail }));
    window.make = (attributes = {}) => {
      const made = document.createElement('more-like-this');
      for (const [name, value] of Object.entries({ src: 'lookalike/', ...attributes })) made.setAttribute(name, value);
      document.body.append(made);
      return made;
    };
    window.of = (type) => events.filter((event) => event.type === type).map(({ detail }) => detail);
    window.next = (target, type) => new Promise((resolve) =>
      target.addEventListener(`mlt-${type}`, ({ detail }) => resolve(detail), { once: true }));
    window.photo = async (id) => new File([await (await fetch(`photos/${id}.jpg`)).blob()], `${id}.jpg`);
    window.within = (ids) => [...ids].map(({ id }) => id);";

/// Opens a page with no element in it yet.
pub async fn stage(chromium: &Chromium, server: &ShopServer) -> anyhow::Result<()> {
    chromium.open(&server.page("?item=none")).await?;
    chromium.wait_for("the shop's own script to end", "!document.querySelector('#trouble').hidden").await?;
    chromium.eval(STAGE, Value::Null).await?;
    Ok(())
}

fn id_list(neighbours: &[(String, f64)]) -> Vec<&str> {
    neighbours.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn neighbours_are_there_before_anything_of_the_network_is() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("static", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        chromium.requests().await?;
        let id = &ids()?[2];
        let results = "const made = make({ item: a, photo: '' }); window.made = made;
            const { neighbours, metric, item } = await next(made, 'results');
            return { ids: within(neighbours), metric, item, ready: of('ready'),
              shown: made.shadowRoot.querySelectorAll('li a').length };";
        let got = chromium.eval(results, json!(id)).await?;
        let wanted = server.query(["--item", id], "cosine", 8)?;
        ensure!(got["ids"] == json!(id_list(&wanted)), "{got} instead of {wanted:?}");
        ensure!(got["metric"] == "cosine" && got["item"] == json!(id) && got["shown"] == 8, "{got}");
        let ready = json!([{ "src": server.page("lookalike/"), "items": 50, "metrics": METRICS }]);
        ensure!(got["ready"] == ready, "{got}");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;

        let heavy = |url: &str| {
            ["wasm", "worker", "network", "codes", "device.js"].iter().any(|word| url.contains(word))
        };
        let entries = "return performance.getEntriesByType('resource').map(({ name }) => name);";
        let entries = chromium.eval(entries, Value::Null).await?;
        let mut loaded: Vec<String> = serde_json::from_value(entries)?;
        ensure!(
            loaded.iter().any(|url| url.ends_with("/page/more-like-this.js")),
            "the list holds what was loaded: {loaded:?}"
        );
        loaded.extend(urls(&chromium.requests().await?));
        ensure!(loaded.iter().any(|url| url.contains("/thumbnails/")), "pictures were loaded: {loaded:?}");
        loaded.retain(|url| heavy(url));
        ensure!(loaded.is_empty(), "before a photo, {loaded:?} was loaded");

        // The same list does hold them after a photo.
        chromium.eval("await made.search(await photo(a));", json!(id)).await?;
        let after = urls(&chromium.requests().await?);
        for word in ["embed_relaxed_bg.wasm", "worker.js", "network.json", "codes-", "device.js"] {
            ensure!(after.iter().any(|url| url.contains(word)), "{word} is not among {after:?}");
        }
        chromium.assert_quiet().await
    })
}

fn urls(requests: &[Value]) -> Vec<String> {
    requests.iter().filter_map(|request| Some(request["url"].as_str()?.to_owned())).collect()
}

#[test]
fn attributes_are_live() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("attributes", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let ids = ids()?;
        chromium.eval("window.made = make({ item: a }); await next(made, 'results');", json!(ids[0])).await?;
        let (mut item, mut metric, mut limit) = (ids[0].clone(), "cosine", 8);
        for (name, value) in [
            ("metric", "manhattan"),
            ("item", ids[30].as_str()),
            ("limit", "3"),
            ("metric", "euclidean"),
            ("limit", "11"),
        ] {
            match name {
                "metric" => metric = value,
                "item" => item = value.to_owned(),
                _ => limit = value.parse()?,
            }
            let change = "const results = next(made, 'results'); made.setAttribute(a.name, a.value);
                return { ids: within((await results).neighbours), metric: made.metric, limit: made.limit,
                  shown: made.shadowRoot.querySelectorAll('li a').length };";
            let got = chromium.eval(change, json!({ "name": name, "value": value })).await?;
            let wanted = server.query(["--item", &item], metric, limit)?;
            let wanted = json!({ "ids": id_list(&wanted), "metric": metric, "limit": limit, "shown": limit });
            ensure!(got == wanted, "{name} = {value}: {got} instead of {wanted}");
        }
        let together =
            "const before = of('results').length; made.metric = 'cosine'; made.limit = 2; made.item = a;
            await next(made, 'results'); await new Promise((done) => setTimeout(done, 300));
            return of('results').length - before;";
        let answers = chromium.eval(together, json!(ids[4])).await?;
        ensure!(answers == 1, "three attributes at once are one query, not {answers}");
        chromium.assert_quiet().await
    })
}

#[test]
fn a_click_can_be_prevented() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("select", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let id = &ids()?[7];
        // A click whose default is not prevented follows the link; here it is only looked at and then stopped.
        let click = "const made = make({ item: a.id, link: '#to-{id}' }); await next(made, 'results');
            made.addEventListener('mlt-select', (event) => {
              if (a.prevent) event.preventDefault();
              event.stopPropagation(); // the shop of this page would prevent all
            });
            let followed;
            document.addEventListener('click', (event) => {
              followed = !event.defaultPrevented;
              event.preventDefault();
            }, { once: true });
            const selected = next(made, 'select');
            const link = made.shadowRoot.querySelectorAll('a')[1];
            link.click();
            const { id, card } = await selected;
            return { id, card: card.id, href: link.getAttribute('href'), followed };";
        let wanted = server.query(["--item", id], "cosine", 2)?.pop().context("two neighbours")?.0;
        for prevent in [true, false] {
            stage(&chromium, &server).await?;
            let got = chromium.eval(click, json!({ "id": id, "prevent": prevent })).await?;
            let href = server.page(&format!("?item=none#to-{wanted}"));
            let expected = json!({ "id": wanted, "card": wanted, "href": href, "followed": !prevent });
            ensure!(got == expected, "prevented: {prevent}: {got} instead of {expected}");
        }
        chromium.assert_quiet().await
    })
}

#[test]
fn a_search_tells_how_far_it_is() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("progress", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let id = &ids()?[11];
        let search = "const found = await make({ metric: 'euclidean', limit: 4 }).search(await photo(a));
            return { ids: within(found), results: of('results').map(({ neighbours, photo, metric }) =>
                ({ ids: within(neighbours), photo: photo.name, metric })), progress: of('progress') };";
        let got = chromium.eval(search, json!(id)).await?;
        ensure!(got["ids"][0] == json!(id), "{id} finds itself: {}", got["ids"]);
        let results = json!([{ "ids": got["ids"], "photo": format!("{id}.jpg"), "metric": "euclidean" }]);
        ensure!(got["results"] == results, "{} instead of {results}", got["results"]);
        let progress = got["progress"].as_array().context("progress")?;
        let fractions: Vec<f64> = progress.iter().filter_map(|event| event["fraction"].as_f64()).collect();
        ensure!(fractions.len() == progress.len() && fractions.len() >= 10, "{} events", fractions.len());
        ensure!(
            fractions.is_sorted() && fractions.iter().all(|one| (0.0..=1.0).contains(one)),
            "{fractions:?}"
        );
        let mut stages: Vec<_> = progress.iter().filter_map(|event| event["stage"].as_str()).collect();
        stages.dedup();
        ensure!(stages == ["loading", "decoding", "embedding", "ranking"], "{stages:?}");
        chromium.assert_quiet().await
    })
}

#[test]
fn a_search_can_be_given_up() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("cancel", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let ids = ids()?;
        let refused = "const made = make(); const file = await photo(a);
            const why = await made.search(file, { signal: AbortSignal.abort() }).catch(({ code, name }) => [code, name]);
            return [why, of('progress').length];";
        let got = chromium.eval(refused, json!(ids[1])).await?;
        ensure!(got == json!([["aborted", "AbortError"], 0]), "{got}");

        // While the network loads, and in the middle of it, where a busy worker cannot be asked to stop.
        for at in ["loading", "embedding"] {
            let cancel = "const made = make(); const control = new AbortController();
                made.addEventListener('mlt-progress', ({ detail }) => detail.stage === a.stage && control.abort());
                const why = await made.search(await photo(a.first), control).catch(({ code }) => code);
                await new Promise((done) => setTimeout(done, a.pause));
                const found = await made.search(await photo(a.second));
                return { why, found: found[0].id, errors: of('error').length };";
            for pause in [0, 300] {
                stage(&chromium, &server).await?;
                let argument = json!({ "stage": at, "pause": pause, "first": ids[12], "second": ids[13] });
                let got = chromium.eval(cancel, argument).await?;
                let wanted = json!({ "why": "aborted", "found": ids[13], "errors": 0 });
                ensure!(got == wanted, "given up at {at}, {pause} ms: {got} instead of {wanted}");
            }
        }
        chromium.assert_quiet().await
    })
}

#[test]
fn two_elements_embed_one_photo_once() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("shared", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let both = "const file = await photo(a);
            const one = make({ metric: 'cosine' }); const two = make({ metric: 'manhattan' });
            const found = await Promise.all([one.search(file), two.search(file)]);
            return found.map(within).map(([first]) => first);";
        chromium.requests().await?;
        let id = &ids()?[22];
        let got = chromium.eval(both, json!(id)).await?;
        ensure!(got == json!([id, id]), "{got}");
        let urls = urls(&chromium.requests().await?);
        for word in ["embed_relaxed_bg.wasm", "network.json", "codes-", "worker/worker.js"] {
            let count = urls.iter().filter(|url| url.contains(word)).count();
            ensure!(count == 1, "{word} was fetched {count} times: {urls:?}");
        }
        chromium.assert_quiet().await
    })
}

#[test]
fn a_filter_and_colours_are_answered_on_the_device() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("filter", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        let id = &ids()?[4];
        let asked = "document.body.replaceChildren(); // else it is too far down to be shown
            const made = make({ item: a.id, ...a.attributes });
            const failed = next(made, 'error').then(({ code, message }) => Promise.reject(new Error(`${code}: ${message}`)));
            const { neighbours } = await Promise.race([next(made, 'results'), failed]);
            return { ids: within(neighbours), patterns: neighbours.map(({ card }) => card.attributes.pattern),
              settled: made.settled };";
        let pattern =
            "const made = make({ item: a, limit: 50 }); const { neighbours } = await next(made, 'results');
            return neighbours.at(-1).card.attributes.pattern;";
        let pattern = chromium.eval(pattern, json!(id)).await?;
        let wanted = pattern.as_str().context("the sample's products have a pattern")?;
        let filter = format!("pattern={wanted}");
        let argument = json!({ "id": id, "attributes": { "filter": filter } });
        let got = chromium.eval(asked, argument).await?;
        let patterns: Vec<String> = serde_json::from_value(got["patterns"].clone())?;
        ensure!(!patterns.is_empty() && patterns.iter().all(|pattern| pattern == wanted), "{got}");
        ensure!(got["settled"] == true, "{got}");
        let natively = server.query(["--item", id, "--filter", &filter], "cosine", 8)?;
        ensure!(got["ids"] == json!(id_list(&natively)), "{got} instead of {natively:?}");

        let argument = json!({ "id": id, "attributes": { "colour": "0.5", "diversity": "0.3" } });
        let got = chromium.eval(asked, argument).await?;
        let natively = server.query(["--item", id, "--colour", "0.5", "--diversity", "0.3"], "cosine", 8)?;
        ensure!(got["ids"] == json!(id_list(&natively)), "{got} instead of {natively:?}");

        let refused = "document.body.replaceChildren();
            const made = make({ item: a, filter: 'patern=plain' });
            return new Promise((resolve) => made.addEventListener('mlt-error', ({ detail }) => resolve(detail)));";
        let refused = chromium.eval(refused, json!(id)).await?;
        ensure!(refused["code"] == "filter/unknown-attribute", "{refused}");
        chromium.assert_told("filter/unknown-attribute").await
    })
}
