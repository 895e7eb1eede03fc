//! What the worker does for the page: a part of a photo without decoding it again, formats that only the browser knows,
//! and of the two wasm modules only the one that is needed.

use anyhow::{Context, ensure};
use lookalike::colour::Colours;
use serde_json::{Value, json};

use crate::chromium::{Chromium, with_chromium};
use crate::element::{SIZE, stage};
use crate::shop_server::{ShopServer, ids, photos};

/// 96x64 pixels, a red square from (24, 16) to (60, 48) on blue. Made with Pillow 13:
/// `picture = Image.new("RGB", (96, 64), (30, 60, 160)); picture.paste((200, 40, 40), (24, 16, 60, 48));
/// picture.save("square.avif", quality=60)`
const AVIF: &[u8] = include_bytes!("square.avif");

/// Gives the scripts that follow the API without an element.
const API: &str = "
    const { createLookalike } = await import(new URL('lookalike/lookalike.js', location.href).href);
    window.lookalike = createLookalike({ src: 'lookalike/' });
    window.embed = async (photo, crop) => {
      const stages = new Set();
      const described = await lookalike.describe(photo, { crop, onProgress: ({ stage }) => stages.add(stage) });
      return { ...described, embedding: [...described.embedding], colours: [...described.colours], stages: [...stages] };
    };";

async fn open(chromium: &Chromium, server: &ShopServer) -> anyhow::Result<()> {
    stage(chromium, server).await?;
    chromium.eval(API, Value::Null).await?;
    Ok(())
}

fn id_list(neighbours: &[(String, f64)]) -> Vec<&str> {
    neighbours.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn a_page_without_the_element_has_neighbours_rankings_and_an_end() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("api", SIZE, |chromium| async move {
        open(&chromium, &server).await?;
        chromium.requests().await?;
        let id = &ids()?[7];
        let asked = "const found = await lookalike.neighbours(a, { metric: 'manhattan', limit: 6 });
            const { items } = await lookalike.info();
            return { ids: within(found), titles: found.map(({ card }) => card.title), items };";
        let got = chromium.eval(asked, json!(id)).await?;
        let stored = server.query(["--item", id], "manhattan", 6)?;
        ensure!(got["ids"] == json!(id_list(&stored)) && got["items"] == 50, "{got} instead of {stored:?}");
        ensure!(got["titles"].as_array().is_some_and(|titles| titles.iter().all(Value::is_string)), "{got}");
        let requests = chromium.requests().await?;
        let heavy = |request: &&Value| {
            let url = request["url"].as_str().unwrap_or_default();
            ["wasm", "worker", "codes-"].iter().any(|word| url.contains(word))
        };
        ensure!(!requests.is_empty() && requests.iter().find(heavy).is_none(), "{requests:?}");

        let asked = "return within(await lookalike.rank(a, { limit: 5, rules: { diversity: 0.4 } }));";
        let got = chromium.eval(asked, json!(id)).await?;
        let ranked = server.query(["--item", id, "--diversity", "0.4"], "cosine", 5)?;
        ensure!(got == json!(id_list(&ranked)), "{got} instead of {ranked:?}");

        let asked = "const waiting = lookalike.rank(a).then(() => 'answered', ({ code }) => code);
            lookalike.close();
            return [await waiting, await lookalike.neighbours(a).catch(({ code }) => code)];";
        ensure!(chromium.eval(asked, json!(id)).await? == json!(["aborted", "aborted"]));
        chromium.assert_quiet().await
    })
}

#[test]
fn a_part_of_a_photo_is_ranked_without_decoding_it_again() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("parts", SIZE, |chromium| async move {
        open(&chromium, &server).await?;
        let ids = ids()?;
        let argument = json!({ "id": ids[4], "crop": { "x": 0.2, "y": 0.15, "width": 0.5, "height": 0.6 } });
        let asked = "
            window.file = await photo(a.id); window.crop = a.crop;
            const whole = await embed(file), part = await embed(file, crop);
            const found = await lookalike.rank(file, { crop, limit: 8, colour: 0.3 });
            return { whole, part, ids: within(found) };";
        let got = chromium.eval(asked, argument).await?;
        let photo = photos()?.join(format!("{}.jpg", ids[4]));
        let size = image::image_dimensions(&photo)?;
        for answer in ["whole", "part"] {
            let answer = &got[answer];
            ensure!((&answer["width"], &answer["height"]) == (&json!(size.0), &json!(size.1)), "{answer}");
            let side = |name: &str| answer["object"][name].as_f64().context("an object");
            let (x, y) = (side("x")?, side("y")?);
            ensure!(
                x >= 0.0 && y >= 0.0 && x + side("width")? <= 1.0 && y + side("height")? <= 1.0,
                "{answer}"
            );
        }
        ensure!(got["whole"]["object"] == got["part"]["object"], "the object is the photo's, not the part's");
        ensure!(got["whole"]["embedding"] != got["part"]["embedding"], "a part is another picture");
        ensure!(
            got["whole"]["stages"].as_array().is_some_and(|stages| stages.contains(&json!("decoding"))),
            "{got}"
        );
        ensure!(got["part"]["stages"] == json!(["embedding"]), "it was decoded again: {got}");
        let photo = photo.display().to_string();
        let natively = server.query(
            ["--photo", &photo, "--crop", "0.2,0.15,0.5,0.6", "--colour", "0.3"],
            "cosine",
            8,
        )?;
        ensure!(got["ids"] == json!(id_list(&natively)), "{} instead of {natively:?}", got["ids"]);

        let other = "
            const other = await photo(a); await embed(other);
            return embed(file, { ...crop, x: 0.22 });";
        let other = chromium.eval(other, json!(ids[5])).await?;
        ensure!(other["stages"] == json!(["decoding", "embedding"]), "{}", other["stages"]);

        let refused = "return embed(file, { ...crop, x: 0.9 }).then(() => 'taken', ({ code }) => code);";
        ensure!(chromium.eval(refused, Value::Null).await? == "photo/crop");
        chromium.assert_quiet().await
    })
}

#[test]
fn a_format_that_only_the_browser_knows_is_decoded_by_it() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("avif", SIZE, |chromium| async move {
        open(&chromium, &server).await?;
        let got = chromium
            .eval("return embed(new File([Uint8Array.from(a)], 'square.avif'));", json!(AVIF))
            .await?;
        ensure!(
            (&got["width"], &got["height"]) == (&json!(96), &json!(64)),
            "{} x {}",
            got["width"],
            got["height"]
        );
        let side = |name: &str| got["object"][name].as_f64().context("an object");
        let (x, y) = (side("x")?, side("y")?);
        for (edge, want) in [(x, 0.25), (y, 0.25), (x + side("width")?, 0.625), (y + side("height")?, 0.75)] {
            ensure!((edge - want).abs() < 0.08, "{edge} for {want}: {}", got["object"]);
        }
        // The square's edges are a little blurred; red for blue would be at 0.9.
        let square = |object: [u8; 3], ground: [u8; 3]| {
            let inside = |x, y| (24..60).contains(&x) && (16..48).contains(&y);
            let picture = image::RgbImage::from_fn(96, 64, |x, y| {
                image::Rgb(if inside(x, y) { object } else { ground })
            });
            lookalike::photo::Photo::new(96, 64, picture.into_raw()).context("96x64")
        };
        let colours: Vec<u8> = serde_json::from_value(got["colours"].clone())?;
        let colours = Colours::from_bytes(colours.try_into().ok().context("24 bytes")?).context("colours")?;
        let right = colours.distance(&Colours::of(&square([200, 40, 40], [30, 60, 160])?));
        let swapped = colours.distance(&Colours::of(&square([40, 40, 200], [160, 60, 30])?));
        ensure!(
            right < 0.15 && swapped > 0.5,
            "the colours are {right} from the picture's, {swapped} from its opposite's"
        );

        // What the browser does not know either keeps the decoder's own words.
        let unknown = "
            const refused = (bytes) => embed(new File([bytes], 'x')).then(() => 'taken', ({ code, message }) => `${code} ${message}`);
            return [await refused('\\0\\0\\0\\x18ftypheic....'), await refused('hello'), await refused(Uint8Array.from(a.slice(0, 200)))];";
        let unknown = chromium.eval(unknown, json!(AVIF)).await?;
        for (answer, word) in unknown.as_array().context("a list")?.iter().zip(["HEIC", "text", "AVIF"]) {
            let answer = answer.as_str().context("an error")?;
            ensure!(answer.starts_with("photo/unknown-format") && answer.contains(word), "{answer}");
        }
        chromium.assert_quiet().await
    })
}

#[test]
fn a_filter_loads_neither_the_network_nor_the_module_that_runs_it() -> anyhow::Result<()> {
    let server = ShopServer::start()?;
    with_chromium("rank-only", SIZE, |chromium| async move {
        stage(&chromium, &server).await?;
        chromium.requests().await?;
        let filtered = "const made = make({ item: a, filter: 'pattern=plain', colour: '0.4' });
            await next(made, 'results'); return made.settled;";
        ensure!(chromium.eval(filtered, json!(ids()?[1])).await? == true);
        let requests = chromium.requests().await?;
        let urls: Vec<&str> = requests.iter().filter_map(|request| request["url"].as_str()).collect();
        for word in ["rank_bg.wasm", "codes-", "attributes-", "colours-", "refinement-"] {
            ensure!(urls.iter().any(|url| url.contains(word)), "{word} is not among {urls:?}");
        }
        for word in ["embed_bg.wasm", "embed_relaxed_bg.wasm", "/network-"] {
            ensure!(!urls.iter().any(|url| url.contains(word)), "{word} was loaded: {urls:?}");
        }
        chromium.assert_quiet().await
    })
}
