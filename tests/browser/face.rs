//! What of the element a shop can change and a shopper can set: controls, languages, texts, cards of the shop's own.

use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::Scratch;
use serde_json::{Value, json};

use crate::chromium::with_chromium;
use crate::damaged::copy_folder;
use crate::element::{SIZE, stage};
use crate::shop_server::{ShopServer, ids};

#[test]
fn controls_ask_what_the_attributes_ask() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("controls", SIZE, |chromium| async move {
        let id = &ids()?[4];
        stage(&chromium, &server).await?;
        let open = "window.made = make({ item: a, controls: 'metric colour', filters: 'category, price, no such column' });
            window.find = (selector) => made.shadowRoot.querySelector(selector);
            window.ids = async (act) => { const results = next(made, 'results'); act(); return within((await results).neighbours); };
            window.pick = (n, value) => () => { const select = made.shadowRoot.querySelectorAll('select')[n];
              select.value = value; select.dispatchEvent(new Event('change')); };
            await next(made, 'results');";
        chromium.eval(open, json!(id)).await?;
        chromium.wait_for("the controls", "find('select')?.options.length > 1").await?;
        let there = "const options = (n) => [...made.shadowRoot.querySelectorAll('select')[n].options].map(({ text }) => text);
            return { radios: [...made.shadowRoot.querySelectorAll('[type=radio]')].map(({ value, checked }) => [value, checked]),
              dials: made.shadowRoot.querySelectorAll('[type=range]').length, categories: options(0), prices: options(1),
              selects: made.shadowRoot.querySelectorAll('select').length,
              loaded: performance.getEntriesByType('resource').filter(({ name }) => /wasm|worker/.test(name)).length };";
        let got = chromium.eval(there, Value::Null).await?;
        ensure!(
            got["radios"] == json!([["cosine", true], ["euclidean", false], ["manhattan", false]]),
            "{got}"
        );
        ensure!(got["dials"] == 1 && got["selects"] == 2 && got["loaded"] == 0, "{got}");
        let categories: Vec<String> = serde_json::from_value(got["categories"].clone())?;
        ensure!(
            categories[0] == "All" && categories[1..].is_sorted() && categories.len() > 3,
            "{categories:?}"
        );
        let prices: Vec<String> = serde_json::from_value(got["prices"].clone())?;
        ensure!(
            prices.len() > 2 && prices[1..].iter().all(|price| price.starts_with("up to ")),
            "{prices:?}"
        );

        let metric =
            "return [await ids(() => find('[value=manhattan]').click()), made.getAttribute('metric')];";
        let got = chromium.eval(metric, Value::Null).await?;
        ensure!(
            got == json!([id_list(&server.query(["--item", id], "manhattan", 8)?), "manhattan"]),
            "{got}"
        );

        let category = &categories[2];
        let limit = prices[2].trim_start_matches("up to ").to_owned();
        for (select, value, filter) in [
            (0, format!("={category}"), format!("category={category}")),
            (1, limit.clone(), format!("category={category} price<={limit}")),
        ] {
            let choose = "return ids(pick(a.select, a.value));";
            let got = chromium.eval(choose, json!({ "select": select, "value": value })).await?;
            let natively = server.query(["--item", id, "--filter", &filter], "manhattan", 8)?;
            ensure!(got == json!(id_list(&natively)), "{filter}: {got} instead of {natively:?}");
        }
        // The shop's own filter holds beside the shopper's.
        let filter = format!("in_stock=true category={category} price<={limit}");
        let got = chromium.eval("return ids(() => made.filter = 'in_stock=true');", Value::Null).await?;
        let natively = server.query(["--item", id, "--filter", &filter], "manhattan", 8)?;
        ensure!(got == json!(id_list(&natively)), "{filter}: {got} instead of {natively:?}");

        let reset = "const found = await ids(() => find('[part~=reset]').click());
            return [found, made.shadowRoot.querySelectorAll('select')[0].value, find('[part~=reset]').checkVisibility()];";
        let got = chromium.eval(reset, Value::Null).await?;
        let natively = server.query(["--item", id, "--filter", "in_stock=true"], "manhattan", 8)?;
        ensure!(got == json!([id_list(&natively), "", false]), "{got} instead of {natively:?}");

        let dial = "const range = find('[type=range]');
            const found = await ids(() => { range.value = 50; range.dispatchEvent(new Event('input')); });
            return [found, made.colour, range.getAttribute('aria-valuetext')];";
        let got = chromium.eval(dial, Value::Null).await?;
        let natively =
            server.query(["--item", id, "--filter", "in_stock=true", "--colour", "0.5"], "manhattan", 8)?;
        ensure!(got == json!([id_list(&natively), 0.5, "50 %"]), "{got} instead of {natively:?}");

        // Made anew, controls say what is chosen; a filter without its control filters no more.
        let again = "await ids(pick(0, a)); made.lang = 'de';
            for (let n = 0; n < 100 && !find('select').options[0].text.startsWith('Alle'); n++) await new Promise((done) => setTimeout(done, 50));
            const said = [find('select').value, find('[part~=reset]').checkVisibility()];
            const found = await ids(() => made.filters = 'price'); await new Promise((done) => setTimeout(done, 200));
            return [...said, found, find('[part~=reset]').checkVisibility()];";
        let value = format!("={category}");
        let got = chromium.eval(again, json!(value)).await?;
        ensure!(got == json!([value, true, id_list(&natively), false]), "{got} instead of {natively:?}");
        chromium.assert_told("no column \\\"no such column\\\"").await
    })
}

fn id_list(neighbours: &[(String, f64)]) -> Vec<&str> {
    neighbours.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn the_element_speaks_the_language_of_the_page() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("language", SIZE, |chromium| async move {
        let id = &ids()?[6];
        stage(&chromium, &server).await?;
        let open = "document.documentElement.lang = 'de-AT';
            window.made = make({ item: a, photo: '' });
            window.find = (selector) => made.shadowRoot.querySelector(selector);
            window.said = () => [find('h2').textContent, find('[part~=choose]').textContent, find('[part=privacy]').textContent,
              find('[part=base]').lang, find('[part=base]').getAttribute('aria-label')];
            await next(made, 'results');
            return said();";
        let german = json!([
            "Ähnliche Artikel",
            "Mit einem Foto suchen",
            "Ihr Foto bleibt auf diesem Gerät.",
            "de",
            "Ähnliche Artikel"
        ]);
        let got = chromium.eval(open, json!(id)).await?;
        ensure!(got == german, "{got}");

        let dutch = "document.documentElement.lang = 'nl';";
        chromium.eval(dutch, Value::Null).await?;
        chromium.wait_for("the page's new language", "said()[0] === 'Meer zoals dit'").await?;
        chromium.eval("made.lang = 'ja';", Value::Null).await?;
        chromium.wait_for("the element's own", "said()[0] === '似ている商品'").await?;
        let own = "made.texts = { choose: 'こちらへ' }; made.heading = 'Mine';
            await new Promise((done) => setTimeout(done, 300)); return said().slice(0, 3);";
        let got = chromium.eval(own, Value::Null).await?;
        ensure!(got == json!(["Mine", "こちらへ", "写真はこの端末の外に出ません。"]), "{got}");
        // Languages that change quicker than they load: the last one stays.
        let quick = "made.heading = null; for (const lang of ['fr', 'es', 'en', 'pl', 'en']) made.lang = lang;
            const at = said()[0]; await new Promise((done) => setTimeout(done, 1000)); return [at, said()[0]];";
        let got = chromium.eval(quick, Value::Null).await?;
        ensure!(got == json!(["More like this", "More like this"]), "{got}");

        // What is loaded later speaks it too, from right to left.
        let arabic = "document.body.dir = 'rtl'; made.texts = undefined; made.lang = 'ar';
            await made.search(await photo(a));
            const [first, second] = made.shadowRoot.querySelectorAll('li');
            return [find('[part~=clear]').textContent, find('[part=crop]').getAttribute('aria-label'),
              first.getBoundingClientRect().left > second.getBoundingClientRect().left, find('[role=status]').textContent];";
        let got = chromium.eval(arabic, json!(id)).await?;
        ensure!(
            got == json!(["إزالة الصورة", "الجزء المختار", true, "٨ منتجات مشابهة."])
                || got == json!(["إزالة الصورة", "الجزء المختار", true, "8 منتجات مشابهة."]),
            "{got}"
        );
        chromium.assert_quiet().await
    })
}

#[test]
fn cards_of_the_shops_own_are_in_the_pages_tree() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("own-cards", SIZE, |chromium| async move {
        let id = &ids()?[12];
        stage(&chromium, &server).await?;
        let template = "
            const made = document.createElement('more-like-this');
            Object.assign(made, { src: 'lookalike/', item: a, limit: 3, link: '#to-{id}' });
            const template = document.createElement('template');
            template.slot = 'item';
            const link = Object.assign(document.createElement('a'), { className: 'mine' });
            for (const [tag, field] of [['img', 'image'], ['b', 'title'], ['i', 'category'], ['u', 'no-such-column']])
              link.append(Object.assign(document.createElement(tag), {})), link.lastChild.dataset.field = field;
            link.dataset.field = 'link';
            template.content.append(link);
            const plain = Object.assign(document.createElement('a'), { href: '/', textContent: 'All' });
            made.append(template, plain);
            document.body.append(made);
            window.made = made;
            const { neighbours } = await next(made, 'results');
            const cards = [...made.querySelectorAll('a.mine')];
            const select = next(made, 'select');
            made.addEventListener('mlt-select', (event) => { event.preventDefault(); event.stopPropagation(); }, { once: true });
            cards[1].click();
            return { ids: within(neighbours), hrefs: cards.map((card) => card.getAttribute('href').split('#')[1]),
              texts: cards.map((card) => card.querySelector('b').textContent), titles: neighbours.map(({ card }) => card.title),
              seen: cards.every((card) => card.checkVisibility()), missing: cards[0].querySelector('u').hidden,
              image: [cards[0].querySelector('img').alt === '', cards[0].querySelector('img').loading],
              plain: plain.checkVisibility(), selected: (await select).id, rows: made.shadowRoot.querySelectorAll('li').length };";
        let got = chromium.eval(template, json!(id)).await?;
        let found: Vec<String> = serde_json::from_value(got["ids"].clone())?;
        let hrefs: Vec<String> = found.iter().map(|id| format!("to-{id}")).collect();
        ensure!(got["hrefs"] == json!(hrefs) && got["texts"] == got["titles"], "{got}");
        ensure!(
            got["seen"] == true && got["missing"] == true && got["plain"] == false && got["rows"] == 3,
            "{got}"
        );
        ensure!(got["image"] == json!([true, "lazy"]) && got["selected"] == json!(found[1]), "{got}");

        let rendered = "
            made.renderItem = ({ id, card }, { href, index }) => index === 0 ? `<b>${id}</b>` : Object.assign(document.createElement('a'), { href, textContent: card.title, className: 'two' });
            const [first] = made.querySelectorAll('[slot=item-1]');
            const counts = [made.querySelectorAll('.mine').length, made.querySelectorAll('.two').length];
            made.querySelectorAll('.two')[1].focus();
            const again = next(made, 'results'); made.limit = 2; await again;
            const focused = document.activeElement === made.querySelector('.two');
            made.querySelector('template').remove(); made.renderItem = undefined;
            await new Promise(requestAnimationFrame);
            return { first: first.textContent, elements: first.childElementCount, counts, focused,
              left: made.querySelectorAll('[slot^=item-]').length, standard: made.shadowRoot.querySelectorAll('li a').length };";
        let got = chromium.eval(rendered, Value::Null).await?;
        let first = format!("<b>{}</b>", found.first().context("a neighbour")?);
        ensure!(got["first"] == json!(first) && got["elements"] == 0, "a text is no markup: {got}");
        ensure!(got["counts"] == json!([0, 2]) && got["focused"] == true, "{got}");
        ensure!(got["left"] == 0 && got["standard"] == 2, "{got}");

        let thrown = "const error = next(made, 'error'); made.renderItem = () => { throw new Error('mine'); }; return error;";
        let got = chromium.eval(thrown, Value::Null).await?;
        ensure!(got["message"].as_str().is_some_and(|message| message.contains("mine")), "{got}");
        Ok(())
    })
}

#[test]
fn an_empty_answer_is_the_shops_to_word() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("empty", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        // Of what nobody has asked for nothing is said, and the shop's own links stay.
        let empty = "const made = document.createElement('more-like-this');
            Object.assign(made, { src: 'lookalike/', item: a.item, filter: 'price<0', innerHTML: a.own });
            document.body.append(made);
            const find = (selector) => made.shadowRoot.querySelector(selector);
            const { neighbours } = await next(made, 'results');
            const seen = [find('[part=message]'), made.firstElementChild, find('ul'), find('h2')].map((node) => !!node?.checkVisibility());
            const state = ['empty', 'filled'].map((name) => made.matches(`:state(${name})`));
            made.remove();
            return [neighbours.length, ...seen, ...state];";
        for (own, wanted) in [
            ("", json!([0, false, false, false, false, true, false])),
            ("<a href='/'>All</a>", json!([0, false, true, false, true, true, false])),
            ("<p slot='empty'>Sold out</p>", json!([0, true, true, false, false, true, false])),
        ] {
            let got = chromium.eval(empty, json!({ "item": ids()?[2], "own": own })).await?;
            ensure!(got == wanted, "{own}: {got}");
        }
        let asked = "const made = make({ item: a, metric: 'cosine', filters: 'price' });
            await next(made, 'results');
            const find = (selector) => made.shadowRoot.querySelector(selector);
            while (!find('select')) await new Promise((done) => setTimeout(done, 20));
            made.filter = 'price<0'; await next(made, 'results');
            const select = find('select'); select.selectedIndex = 1; select.dispatchEvent(new Event('change'));
            await next(made, 'results');
            return find('[part=message]').innerText;";
        let got = chromium.eval(asked, json!(ids()?[2])).await?;
        ensure!(got == "No similar products were found.", "{got}");
        chromium.assert_quiet().await
    })
}

#[test]
fn nothing_moves_while_the_element_fills() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("shift", SIZE, |chromium| async move {
        let id = &ids()?[9];
        stage(&chromium, &server).await?;
        let shifts = "
            window.shifts = [];
            new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift' });
            // That a shift is seen at all.
            const block = document.createElement('div');
            const below = Object.assign(document.createElement('p'), { textContent: 'below' });
            document.body.append(block, below);
            await new Promise((done) => setTimeout(done, 300));
            block.style.height = '300px';
            await new Promise((done) => setTimeout(done, 300));
            const seen = shifts.splice(0).length;
            block.remove(); below.remove();
            await new Promise((done) => setTimeout(done, 300));
            shifts.length = 0;
            document.documentElement.lang = a.lang;
            const made = make({ item: a.id, photo: '', controls: 'metric', filters: 'category' });
            document.body.append(Object.assign(document.createElement('p'), { textContent: 'below' }));
            await next(made, 'results');
            await new Promise((done) => setTimeout(done, 1500));
            return { seen, moved: shifts, controls: made.shadowRoot.querySelectorAll('select').length };";
        for lang in ["en", "pl"] {
            stage(&chromium, &server).await?;
            let got = chromium.eval(shifts, json!({ "id": id, "lang": lang })).await?;
            ensure!(got["seen"].as_u64() > Some(0) && got["controls"] == 1, "{got}");
            ensure!(got["moved"] == json!([]), "{lang}: {got}");
        }
        Ok(())
    })
}

#[test]
fn the_network_may_lie_elsewhere() -> anyhow::Result<()> {
    let whole = ShopServer::start()?;
    let scratch = Scratch::new("network-elsewhere")?;
    let copy = scratch.join("lookalike");
    copy_folder(whole.folder(), &copy)?;
    let manifest = whole.manifest()?;
    let network = manifest["network"]["path"].as_str().context("network")?;
    fs::create_dir(copy.join("elsewhere"))?;
    fs::rename(copy.join(network), copy.join("elsewhere").join(network))?;
    let server = ShopServer::of(&copy)?;
    with_chromium("elsewhere", SIZE, |chromium| async move {
        let id = &ids()?[3];
        let search =
            "return make(a.attributes).search(await photo(a.id)).then(([{ id }]) => id, ({ code }) => code);";
        for (place, wanted) in [(None, "folder/missing"), (Some("lookalike/elsewhere/"), id.as_str())] {
            stage(&chromium, &server).await?;
            let attributes = place.map_or(json!({}), |place| json!({ "network": place }));
            let got = chromium.eval(search, json!({ "id": id, "attributes": attributes })).await?;
            ensure!(got == wanted, "from {place:?}: {got}");
        }
        Ok(())
    })
}
