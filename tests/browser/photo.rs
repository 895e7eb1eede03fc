//! The search by photo as a shopper goes through it in the element: choosing the part that matters, giving up, going on.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::element::{SIZE, stage};
use crate::shop_server::{ShopServer, ids};

/// What the scripts here share: an element with a photo in it, and its parts.
const OPEN: &str = "
    window.made = make({ item: a.item, photo: '', limit: 6 });
    window.find = (selector) => made.shadowRoot.querySelector(selector);
    window.press = (key, options = {}) => made.shadowRoot.activeElement.dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...options }));
    window.heard = () => find('[role=status]').textContent;
    window.crops = [];
    made.addEventListener('mlt-crop', ({ detail }) => crops.push(detail.crop));
    await next(made, 'results');
    window.file = await photo(a.photo);
    await made.search(file);";

#[test]
fn a_part_is_chosen_by_keyboard() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("crop", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        chromium.eval(OPEN, json!({ "item": ids[3], "photo": ids[14] })).await?;
        chromium.wait_for("the rectangle", "!find('[part=photo]').hidden && find('[part=crop]')").await?;

        let shrink = "crops.length = 0; find('[part=crop]').focus();
            const results = next(made, 'results');
            for (let n = 0; n < 15; n++) press('ArrowLeft', { shiftKey: true });
            for (let n = 0; n < 10; n++) press('ArrowUp', { shiftKey: true });
            for (let n = 0; n < 4; n++) press('ArrowRight');
            const { crop, photo, neighbours } = await results;
            return { crop, told: crops, same: photo === file, ids: within(neighbours),
              focused: made.shadowRoot.activeElement.getAttribute('part'), heard: heard() };";
        let got = chromium.eval(shrink, Value::Null).await?;
        let crop = json!({ "x": 0.08, "y": 0, "width": 0.7, "height": 0.8 });
        ensure!(got["crop"] == crop && got["told"] == json!([crop]), "29 keys are one query: {got}");
        ensure!(got["same"] == true && got["focused"] == "crop", "the focus stays: {got}");
        ensure!(got["heard"] == "6 similar products shown.", "{got}");

        // The same part asked for by script gives the same answer, and another the other.
        let script = "return within(await made.search(file, { crop: a }));";
        let again = chromium.eval(script, crop).await?;
        ensure!(again == got["ids"], "{again} instead of {}", got["ids"]);
        let corner = json!({ "x": 0, "y": 0, "width": 0.2, "height": 0.2 });
        let other = chromium.eval(script, corner).await?;
        ensure!(other != got["ids"], "a corner looks like the whole: {other}");

        let edges = "find('.edge.right').focus(); const results = next(made, 'results');
            press('Home'); const least = find('.edge.right').getAttribute('aria-valuenow');
            press('End'); press('PageDown'); press('ArrowLeft');
            const { crop } = await results;
            const slider = find('.edge.right');
            return { least, crop, now: slider.getAttribute('aria-valuenow'), text: slider.getAttribute('aria-valuetext'),
              name: slider.getAttribute('aria-label'), role: slider.role };";
        let got = chromium.eval(edges, Value::Null).await?;
        ensure!(got["crop"] == json!({ "x": 0, "y": 0, "width": 0.88, "height": 0.2 }), "{got}");
        let slider = json!([got["least"], got["now"], got["text"], got["name"]]);
        ensure!(slider == json!(["8", "88", "88 %", "Right edge"]), "{slider}");

        let whole = "const results = next(made, 'results');
            [...made.shadowRoot.querySelectorAll('[part=tools] button')].at(-1).click();
            const { crop, neighbours } = await results; return [crop ?? null, neighbours[0].id];";
        let got = chromium.eval(whole, Value::Null).await?;
        ensure!(got == json!([null, ids[14]]), "back to the whole: {got}");
        chromium.assert_quiet().await
    })
}

#[test]
fn the_newest_part_wins() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("newest", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        chromium.eval(OPEN, json!({ "item": ids[3], "photo": ids[20] })).await?;
        let hurry = "crops.length = events.length = 0;
            const [smaller] = made.shadowRoot.querySelectorAll('[part=tools] button');
            for (let n = 0; n < 4; n++) { const asked = next(made, 'crop'); smaller.click(); await asked; }
            const { crop } = await next(made, 'results');
            await new Promise((done) => setTimeout(done, 1000));
            return { width: crop.width, asked: crops.length, answered: of('results').length, errors: of('error') };";
        let got = chromium.eval(hurry, Value::Null).await?;
        let width = got["width"].as_f64().unwrap_or_default();
        ensure!((width - 0.8_f64.powi(4)).abs() < 1e-4, "{got}");
        ensure!(got["answered"] == 1 && got["errors"] == json!([]), "one answer, to the last: {got}");
        ensure!(
            got["asked"].as_u64() > Some(1),
            "several were asked, so that there was something to win: {got}"
        );
        chromium.assert_quiet().await
    })
}

#[test]
fn a_photo_is_given_up_and_cleared() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("give-up", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        let cancel = "
            window.made = make({ item: a.item, photo: '' });
            window.find = (selector) => made.shadowRoot.querySelector(selector);
            const { neighbours } = await next(made, 'results');
            window.before = within(neighbours); window.file = await photo(a.photo);
            find('[part~=choose]').focus();
            const busy = new Promise((done) => made.addEventListener('mlt-progress', done, { once: true }));
            const search = made.search(file).catch(({ code }) => code);
            await busy;
            const cancel = find('[part~=cancel]');
            const seen = [cancel.checkVisibility(), made.shadowRoot.activeElement === cancel,
              find('[role=progressbar]').checkVisibility(), find('[part=panel] [part=privacy]').innerText];
            const back = next(made, 'results');
            cancel.click();
            return { seen, why: await search, back: within((await back).neighbours).join() === before.join(),
              heard: find('[role=status]').textContent, panel: find('[part=panel]').checkVisibility(), photos: of('photo').length,
              focused: made.shadowRoot.activeElement?.getAttribute('part') };";
        let got = chromium.eval(cancel, json!({ "item": ids[8], "photo": ids[9] })).await?;
        ensure!(got["seen"] == json!([true, true, true, "Your photo stays on this device."]), "{got}");
        ensure!(got["why"] == "aborted" && got["back"] == true && got["panel"] == false, "{got}");
        ensure!(
            got["photos"] == 1 && got["focused"] == "button choose",
            "the focus goes where it came from: {got}"
        );

        let clear = "const found = await made.search(file);
            const shown = ['choose', 'clear', 'cancel'].map((part) => find(`[part=panel] [part~=${part}]`).checkVisibility());
            const back = next(made, 'results'); find('[part~=clear]').click();
            return { found: found[0].id, shown, back: within((await back).neighbours).join() === before.join(), cleared: of('photo').at(-1).photo === undefined };";
        let got = chromium.eval(clear, Value::Null).await?;
        ensure!(got["found"] == json!(ids[9]) && got["shown"] == json!([true, true, false]), "{got}");
        ensure!(got["back"] == true && got["cleared"] == true, "{got}");

        // What is no photo leaves the way open to another.
        let broken = "const error = next(made, 'error'); made.search(new File(['x'], 'x.jpg')).catch(() => {});
            await error;
            return { choose: find('[part=panel] [part~=choose]').checkVisibility(), cancel: find('[part~=cancel]').checkVisibility(),
              message: find('[part=message]').innerText, crop: find('[part=photo]').checkVisibility(), retry: find('[part~=retry]').checkVisibility() };";
        let got = chromium.eval(broken, Value::Null).await?;
        ensure!(got["choose"] == true && got["cancel"] == false && got["retry"] == false, "{got}");
        ensure!(
            got["crop"] == false
                && got["message"].as_str().is_some_and(|text| text.contains("not a picture")),
            "{got}"
        );
        Ok(())
    })
}

#[test]
fn an_element_that_is_removed_leaves_nothing_running() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("removed", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        let remove = "const file = await photo(a);
            const made = make({ item: a, photo: '', controls: 'metric', filters: 'category' });
            const search = made.search(file).catch(({ code }) => code);
            await new Promise((done) => made.addEventListener('mlt-progress', done, { once: true }));
            const preview = made.shadowRoot.querySelector('[part=preview]')?.src;
            made.remove();
            const why = await search;
            await new Promise((done) => setTimeout(done, 1500));
            const gone = !preview || await new Promise((done) => {
              Object.assign(new Image(), { src: preview, onload: () => done(false), onerror: () => done(true) });
            });
            const after = events.length;
            document.body.append(made); // back, without the photo
            const { item } = await next(made, 'results');
            return { why, errors: of('error').length, results: of('results').length, gone, item, after };";
        let got = chromium.eval(remove, json!(ids[5])).await?;
        ensure!(got["why"] == "aborted" && got["errors"] == 0 && got["results"] == 1, "{got}");
        ensure!(got["item"] == json!(ids[5]) && got["gone"] == true, "{got}");
        Ok(())
    })
}

/// Presses at one place of the photo, moves to another and lets go; both in fractions of the photo.
async fn drag(chromium: &Chromium, from: (f64, f64), to: (f64, f64), touch: bool) -> anyhow::Result<()> {
    let place = "const { left, top, width, height } = find('[part=photo]').getBoundingClientRect(); return [left, top, width, height];";
    let place: Vec<f64> = serde_json::from_value(chromium.eval(place, Value::Null).await?)?;
    let [left, top, width, height] = place[..] else { anyhow::bail!("four numbers, not {place:?}") };
    let at = |(x, y): (f64, f64)| (left + x * width, top + y * height);
    let halfway = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
    let mouse = ["mousePressed", "mouseMoved", "mouseMoved", "mouseReleased"];
    let finger = ["touchStart", "touchMove", "touchMove", "touchEnd"];
    for (step, point) in [from, halfway, to, to].into_iter().enumerate() {
        let (x, y) = at(point);
        if touch {
            let points = if step < 3 { json!([{ "x": x, "y": y }]) } else { json!([]) };
            let event = json!({ "type": finger[step], "touchPoints": points });
            chromium.devtools("Input.dispatchTouchEvent", event).await?;
        } else {
            let event = json!({ "type": mouse[step], "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
            chromium.devtools("Input.dispatchMouseEvent", event).await?;
        }
    }
    Ok(())
}

#[test]
fn a_part_is_chosen_by_mouse_and_finger() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("pointer", SIZE, |chromium| async move {
        let ids = ids()?;
        stage(&chromium, &server).await?;
        chromium.eval(OPEN, json!({ "item": ids[3], "photo": ids[14] })).await?;
        chromium
            .wait_for("the rectangle", "!find('[part=photo]').hidden && find('[part=preview]').naturalWidth")
            .await?;
        // Each begins where the one before has left the rectangle: x, y, width, height.
        let (whole, inside) =
            ("[...made.shadowRoot.querySelectorAll('[part=tools] button')].at(-1).click();", "");
        for (what, before, from, to, wanted) in [
            // More across than down, which is how a finger scrolls.
            ("draw", whole, (0.1, 0.3), (0.8, 0.6), [0.1, 0.3, 0.7, 0.3]),
            ("move", inside, (0.3, 0.5), (0.5, 0.5), [0.3, 0.2, 0.5, 0.7]),
            ("move as far as the photo goes", inside, (0.5, 0.5), (0.9, 0.1), [0.5, 0.0, 0.5, 0.7]),
            ("size by a corner", inside, (0.5, 0.7), (0.2, 0.8), [0.2, 0.0, 0.8, 0.8]),
            ("tap elsewhere", whole, (0.1, 0.1), (0.1, 0.1), [0.0, 0.0, 0.5, 0.5]),
        ] {
            for touch in [false, true] {
                let told = format!(
                    "await new Promise((done) => setTimeout(done, 200)); {before} await new Promise((done) => setTimeout(done, 200)); crops.length = 0;"
                );
                // The second time over, the rectangle is put back first.
                let back = "if (a) { await made.search(file, { crop: a }); }";
                let start = match what {
                    "move" => json!({ "x": 0.1, "y": 0.2, "width": 0.5, "height": 0.7 }),
                    "move as far as the photo goes" => {
                        json!({ "x": 0.3, "y": 0.2, "width": 0.5, "height": 0.7 })
                    }
                    "size by a corner" => json!({ "x": 0.5, "y": 0, "width": 0.5, "height": 0.7 }),
                    _ => Value::Null,
                };
                chromium.eval(&format!("{back} {told}"), start).await?;
                drag(&chromium, from, to, touch).await?;
                let crop = chromium.wait_for(what, "crops.at(-1)").await?;
                for (side, wanted) in ["x", "y", "width", "height"].into_iter().zip(wanted) {
                    let got = crop[side].as_f64().context(side)?;
                    // A pointer stands on whole pixels.
                    ensure!(
                        (got - wanted).abs() < 0.012,
                        "{what}, by finger: {touch}: {crop}, {side} is not {wanted}"
                    );
                }
            }
        }
        chromium.assert_quiet().await
    })
}
