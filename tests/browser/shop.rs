//! The demo shop as a shopper uses it.

use std::sync::Arc;

use anyhow::{Context, ensure};
use lookalike_tests::Scratch;
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::shop_server::{METRICS, ShopServer, ids, photos};

const DESKTOP: (u32, u32) = (1280, 1000);

/// The ids that a column's links lead to, and the distances it shows.
const COLUMNS: &str = "[...document.querySelectorAll('.columns more-like-this')].map((column) =>
    [...column.shadowRoot.querySelectorAll('a')].map((link) => [
        new URL(link.href).searchParams.get('item'),
        link.querySelector('.distance').lastChild.textContent,
    ]))";

/// The three columns once all are settled on five products each.
async fn columns(chromium: &Chromium) -> anyhow::Result<Vec<Vec<(String, f64)>>> {
    // They are far down the page, and load when they come near.
    let settled = "document.querySelector('#measures').scrollIntoView() ?? [...document.querySelectorAll('.columns more-like-this')].every((column) =>
        column.settled && !column.shadowRoot.querySelector('[aria-busy]') && column.shadowRoot.querySelectorAll('a').length === 5)";
    chromium.wait_for("three columns of five products", settled).await?;
    let found = chromium.eval(&format!("return {COLUMNS};"), Value::Null).await?;
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.parse().ok()?));
    let column = |column: &Value| column.as_array()?.iter().map(pair).collect::<Option<Vec<_>>>();
    let columns: Option<Vec<_>> = found.as_array().context("columns")?.iter().map(column).collect();
    columns.with_context(|| format!("every product has an id and a distance: {found}"))
}

/// The id of the product on show.
async fn shown(chromium: &Chromium) -> anyhow::Result<String> {
    let shown = "!document.querySelector('#product').hidden && history.state?.item";
    let id = chromium.wait_for("a product", shown).await?;
    Ok(id.as_str().context("an id")?.to_owned())
}

async fn assert_neighbours(chromium: &Chromium, server: &ShopServer, of: [&str; 2]) -> anyhow::Result<()> {
    for (column, metric) in columns(chromium).await?.iter().zip(METRICS) {
        let wanted = server.query(of, metric, 5)?;
        let same_ids = column.iter().map(|(id, _)| id).eq(wanted.iter().map(|(id, _)| id));
        ensure!(same_ids, "{metric} of {of:?}: {column:?} instead of {wanted:?}");
        for ((id, got), (_, want)) in column.iter().zip(&wanted) {
            // Four figures are shown; below 5e-5 a plain 0.
            ensure!((got - want).abs() <= 1e-3 * want + 5e-5, "{metric} to {id}: {got} instead of {want}");
        }
    }
    Ok(())
}

/// Waits for the answer to a photo and says what was found first by each metric.
async fn found_first(chromium: &Chromium) -> anyhow::Result<Vec<String>> {
    let done =
        "!document.querySelector('#photo').hidden && document.querySelector('#photo .outcome').textContent";
    let outcome = chromium.wait_for("the answer to a photo", done).await?;
    ensure!(outcome.as_str().is_some_and(|text| text.starts_with("Compared with 50 products")), "{outcome}");
    let columns = columns(chromium).await?;
    Ok(columns.into_iter().filter_map(|column| Some(column.into_iter().next()?.0)).collect())
}

#[test]
fn without_parameters_a_product_by_chance() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("chance", DESKTOP, |chromium| async move {
        chromium.open(&server.address).await?;
        let id = shown(&chromium).await?;
        ensure!(ids()?.contains(&id), "{id} is none of the products");
        assert_neighbours(&chromium, &server, ["--item", &id]).await?;
        let mut seen = vec![id];
        for _ in 0..6 {
            chromium.eval("history.replaceState(null, '');", Value::Null).await?;
            chromium.open(&server.address).await?;
            seen.push(shown(&chromium).await?);
        }
        seen.sort();
        seen.dedup();
        ensure!(seen.len() > 1, "seven visits all showed {seen:?}");
        chromium.assert_quiet().await
    })
}

#[test]
fn a_product_its_neighbours_and_on_from_one_of_them() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("item", DESKTOP, |chromium| async move {
        let ids = ids()?;
        for id in [&ids[0], &ids[17], &ids[49]] {
            chromium.open(&server.page(&format!("?item={id}"))).await?;
            assert_neighbours(&chromium, &server, ["--item", id]).await?;
        }
        let first = shown(&chromium).await?;
        let place =
            "return [location.search, document.title, document.querySelector('#product h1').textContent];";
        let before = chromium.eval(place, Value::Null).await?;

        let next = columns(&chromium).await?[1][2].0.clone();
        let third = "document.querySelectorAll('.columns more-like-this')[1].shadowRoot.querySelectorAll('a')[2].click();";
        chromium.eval(&format!("window.same = true; {third}"), Value::Null).await?;
        chromium.wait_for("the next product", &format!("history.state?.item === '{next}'")).await?;
        assert_neighbours(&chromium, &server, ["--item", &next]).await?;
        let after = chromium.eval(place, Value::Null).await?;
        ensure!(after[0] == json!(format!("?item={next}")), "{after}");
        ensure!(after[1] != before[1], "the title stayed {}", after[1]);
        ensure!(
            after[1] == json!(format!("{} – Lookalike", after[2].as_str().unwrap_or_default())),
            "{after}"
        );
        ensure!(
            chromium.eval("return window.same;", Value::Null).await? == json!(true),
            "the page was loaded anew"
        );

        chromium.back().await?;
        chromium.wait_for("the product before", &format!("history.state?.item === '{first}'")).await?;
        chromium.wait_for("its title", &format!("document.title === {}", before[1])).await?;
        assert_neighbours(&chromium, &server, ["--item", &first]).await?;
        ensure!(chromium.eval(place, Value::Null).await? == before, "back is where one was");
        chromium.assert_quiet().await
    })
}

#[test]
fn an_unknown_product_gets_a_friendly_answer() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("unknown", DESKTOP, |chromium| async move {
        chromium.open(&server.page("?item=no-such-thing")).await?;
        let heading =
            "!document.querySelector('#trouble').hidden && document.querySelector('#trouble h1').innerText";
        let heading = chromium.wait_for("a message", heading).await?;
        ensure!(heading == json!("We don’t have that one"), "{heading}");
        let hidden =
            "return [document.querySelector('#product').hidden, document.querySelector('#alike').hidden];";
        ensure!(
            chromium.eval(hidden, Value::Null).await? == json!([true, true]),
            "no empty shelves beside it"
        );
        chromium.eval("document.querySelector('#trouble a').click();", Value::Null).await?;
        shown(&chromium).await?;
        chromium.assert_quiet().await
    })
}

#[test]
fn nothing_scrolls_sideways_on_a_phone() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("phone", (390, 844), |chromium| async move {
        let photo = photos()?.join(format!("{}.jpg", ids()?[3]));
        for step in ["a product", "a photo", "nothing"] {
            match step {
                "a photo" => {
                    chromium.choose("#file", &photo).await?;
                    found_first(&chromium).await?;
                }
                "a product" => {
                    chromium.open(&server.address).await?;
                    columns(&chromium).await?;
                }
                _ => {
                    chromium.open(&server.page("?item=nothing")).await?;
                    chromium.wait_for("the message", "!document.querySelector('#trouble').hidden").await?;
                }
            }
            let widths = "return [innerWidth, document.documentElement.scrollWidth];";
            let widths = chromium.eval(widths, Value::Null).await?;
            ensure!(widths == json!([390, 390]), "showing {step}: the window and the page are {widths} wide");
        }
        chromium.assert_quiet().await
    })
}

/// Fires an event with the photo `name` of the catalogue as the page would get it from outside.
async fn hand_over(chromium: &Arc<Chromium>, event: &str, name: &str) -> anyhow::Result<()> {
    let body = "
        const photo = await (await fetch(`/photos/${a.name}`)).blob();
        const data = new DataTransfer();
        data.items.add(new File([photo], a.name, { type: 'image/jpeg' }));
        const event = a.event === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector('main').dispatchEvent(event);
        return event.defaultPrevented;";
    let taken = chromium.eval(body, json!({ "event": event, "name": name })).await?;
    ensure!(taken == json!(true), "the page takes the {event} instead of leaving it to the browser");
    Ok(())
}

#[test]
fn a_photo_of_the_catalogue_finds_itself_first_however_it_comes() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("photo", DESKTOP, |chromium| async move {
        chromium.open(&server.address).await?;
        columns(&chromium).await?;
        let ids = ids()?;
        for (how, id) in [("choose", &ids[5]), ("drop", &ids[20]), ("paste", &ids[41])] {
            let file = photos()?.join(format!("{id}.jpg"));
            match how {
                "choose" => chromium.choose("#file", &file).await?,
                event => hand_over(&chromium, event, &format!("{id}.jpg")).await?,
            }
            let first = format!(
                "!document.querySelector('#photo').hidden && {COLUMNS}.every(([one]) => one?.[0] === '{id}')"
            );
            chromium.wait_for(&format!("{id}, by {how}, first in all three"), &first).await?;
            ensure!(found_first(&chromium).await? == vec![id.clone(); 3], "{how}: {id} first in all three");
            assert_neighbours(&chromium, &server, ["--photo", &file.display().to_string()]).await?;
        }
        chromium.assert_quiet().await
    })
}

#[test]
fn a_broken_photo_is_said_to_be_broken_and_the_next_one_works() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("broken", DESKTOP, |chromium| async move {
        chromium.open(&server.address).await?;
        columns(&chromium).await?;
        chromium
            .eval(
                "window.errors = [];
                 addEventListener('mlt-error', ({ detail }) => errors.push(detail));",
                Value::Null,
            )
            .await?;
        let scratch = Scratch::new("broken-photo")?;
        let broken = scratch.join("broken.jpg");
        std::fs::write(&broken, "this is not a photo\n")?;
        chromium.choose("#file", &broken).await?;
        // The text of what is hidden is read too.
        let message = "((part) => !part.hidden && part.innerText)(document.querySelector('#shelf').shadowRoot.querySelector('[part=message]'))";
        let message = chromium.wait_for("a message", message).await?;
        ensure!(
            message.as_str().is_some_and(|text| text.contains("not a picture that can be read")),
            "{message}"
        );
        let codes = "errors.length === 4 && errors.map(({ code }) => code)";
        let codes = chromium.wait_for("mlt-error of the shelf and each column", codes).await?;
        ensure!(codes == json!(vec!["photo/unknown-format"; 4]), "{codes}");

        let id = &ids()?[8];
        chromium.choose("#file", &photos()?.join(format!("{id}.jpg"))).await?;
        let answered = "document.querySelector('#photo .outcome').textContent.startsWith('Compared')";
        chromium.wait_for("the next photo's answer", answered).await?;
        ensure!(found_first(&chromium).await? == vec![id.clone(); 3], "{id} finds itself");
        // The picture of the broken photo is asked for and refused by the browser, which is no message of ours.
        chromium.assert_quiet().await
    })
}
