//! What shops' systems export is recognised, and what is made of it has the right products, photos and groups.
//!
//! The feeds of `tests/feeds` have the shape of the real ones and are of shops that do not exist.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike_tests::{fail, succeed, succeed_json};
use serde_json::{Value, json};

use crate::photo_server::PhotoServer;
use crate::shop::Shop;

fn feeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds")
}

fn inspect(feed: &str, more: &[&str]) -> anyhow::Result<Value> {
    let mut all = vec!["feed", "inspect", feed, "--json", "--allow-private"];
    all.extend(more);
    succeed_json(all)
}

const OTHER: [&str; 2] =
    ["--columns", "id=Artikel,title=Bezeichnung,image=Bild,images=Weitere Bilder,price=VK"];

/// File, format, rows, products, photos, groups, and what the first product says.
type Case = (&'static str, &'static str, [u64; 4], &'static [(&'static str, &'static str)]);

const CASES: [Case; 14] = [
    (
        "shopify-old.csv",
        "Shopify product export",
        [7, 3, 6, 0],
        &[
            ("id", "red-tee"),
            ("price", "19.90"),
            ("Size", "S|M|L"),
            ("Colour", "Red"),
            ("availability", "in_stock"),
            ("url", "/products/red-tee"),
        ],
    ),
    (
        "shopify-new.csv",
        "Shopify product export",
        [5, 2, 4, 0],
        &[("id", "red-tee"), ("price", "19.90"), ("Size", "S|M"), ("tags", "summer|sale")],
    ),
    (
        "shopify-products.json",
        "Shopify products.json",
        [3, 3, 4, 0],
        &[("id", "red-tee"), ("price", "19.90"), ("Size", "S|M")],
    ),
    (
        "woocommerce.csv",
        "WooCommerce product export",
        [6, 3, 5, 0],
        &[
            ("id", "101"),
            ("price", "19,90"),
            ("Size", "S|M|L, long"),
            ("category", "Clothing > T-shirts|Sale"),
        ],
    ),
    (
        "woocommerce-store-api.json",
        "WooCommerce Store API",
        [2, 2, 3, 0],
        &[("id", "101"), ("title", "Red tee & more"), ("price", "19.90 EUR")],
    ),
    (
        "magento.csv",
        "Magento / Adobe Commerce product export",
        [8, 4, 6, 1],
        &[
            ("id", "tee"),
            ("price", "19.90"),
            ("size", "S|M"),
            ("material", "Cotton, soft"),
            ("availability", "in_stock"),
        ],
    ),
    (
        "bigcommerce.csv",
        "BigCommerce product export",
        [6, 2, 3, 0],
        &[("id", "77"), ("price", "19.90"), ("Colour", "Red"), ("Size", "S|M")],
    ),
    (
        "merchant.tsv",
        "Google Merchant / Meta catalogue (table)",
        [3, 3, 4, 1],
        &[
            ("id", "tee-red-s"),
            ("price", "19.90 EUR"),
            ("item_group_id", "tee"),
            ("size", "S"),
            ("availability", "in_stock"),
        ],
    ),
    (
        "meta.csv",
        "Google Merchant / Meta catalogue (table)",
        [2, 2, 3, 1],
        &[("id", "tee-s"), ("availability", "in_stock")],
    ),
    (
        "merchant-rss.xml",
        "Google Merchant / Meta catalogue (RSS or Atom)",
        [2, 2, 4, 1],
        &[
            ("id", "tee-red-s"),
            ("title", "Red tee & more"),
            ("url", "https://shop.example/tee?a=1&b=2"),
            ("price", "19.90 EUR"),
        ],
    ),
    (
        "merchant-atom.xml",
        "Google Merchant / Meta catalogue (RSS or Atom)",
        [2, 2, 2, 0],
        &[("id", "mug"), ("url", "https://shop.example/mug?a=1&b=2")],
    ),
    (
        "page.html",
        "schema.org JSON-LD of pages",
        [3, 3, 4, 1],
        &[
            ("id", "tee-s"),
            ("title", "Red tee"),
            ("price", "19.9 EUR"),
            ("item_group_id", "tee"),
            ("brand", "Acme"),
            ("availability", "in_stock"),
        ],
    ),
    (
        "sitemap.xml",
        "image sitemap",
        [3, 2, 3, 0],
        &[("id", "red-tee"), ("title", "Red tee"), ("url", "https://shop.example/products/red-tee")],
    ),
    (
        "other.csv",
        "table of another system",
        [2, 2, 4, 0],
        &[("id", "A-1"), ("title", "Rotes Shirt"), ("price", "19,90 €"), ("Farbe", "rot")],
    ),
];

/// A feed of the table above with its photos on the server.
fn served(name: &str, server: &PhotoServer, folder: &Path) -> anyhow::Result<String> {
    let file = folder.join(name);
    let base = format!("{}/ok", server.base);
    fs::write(&file, fs::read_to_string(feeds().join(name))?.replace("BASE", &base))?;
    Ok(file.display().to_string())
}

#[test]
fn every_format_is_recognised_and_read() -> anyhow::Result<()> {
    let (shop, server) = (Shop::new("formats-of-feeds")?, PhotoServer::start()?);
    println!("format | rows | products | photos | groups");
    for (name, format, counts, says) in CASES {
        let file = served(name, &server, shop.0.path())?;
        let other: &[&str] = if name == "other.csv" { &OTHER } else { &[] };
        let report = inspect(&file, other)?;
        ensure!(report["format"] == format, "{name}: {report}");
        let found =
            ["rows", "products", "photos", "groups"].map(|count| report[count].as_u64().unwrap_or(u64::MAX));
        println!("{name}: {format} | {found:?}");
        ensure!(found == counts, "{name}: {counts:?} expected: {report}");
        for (column, text) in says {
            let first = &report["first"][0];
            let value =
                if first[*column].is_null() { &first["attributes"][*column] } else { &first[*column] };
            ensure!(value == text, "{name}, {column}: {text} expected: {first}");
        }
        ensure!(server.take_asked().is_empty(), "{name}: to inspect a file asks nobody");
        // And in words.
        let text = succeed([&["feed", "inspect", &file], other].concat())?;
        ensure!(text.contains(format) && text.contains("products"), "{name}: {text}");
    }
    Ok(())
}

#[test]
fn every_format_builds() -> anyhow::Result<()> {
    let server = PhotoServer::start()?;
    for (name, _, [_, _, _, groups], _) in CASES {
        let shop = Shop::new(&format!("feed-{name}"))?;
        let file = served(name, &server, shop.0.path())?;
        let mut all = lookalike_tests::arguments![
            "build",
            "--feed",
            &file,
            "--out",
            shop.out(),
            "--model",
            shop.0.join("network"),
            "--json",
            "--allow-private"
        ]
        .to_vec();
        if name == "other.csv" {
            all.extend(OTHER.map(std::ffi::OsString::from));
        }
        if name == "magento.csv" {
            let base = format!("{}/media/catalog/product", server.base);
            let without = fail(1, all.clone())?;
            ensure!(without.contains("--image-base"), "{without}");
            all.extend(["--image-base".into(), base.into()]);
        }
        let report = succeed_json(all)?;
        ensure!(report["skipped"] == json!([]), "{name}: {report}");
        let expected = inspect(&file, if name == "other.csv" { &OTHER } else { &[] })?;
        let photoless = report["unmatched"]["rows"].as_u64().context("a number")?;
        let products = report["items"].as_u64().context("a number")?;
        ensure!(expected["products"] == products + photoless, "{name}: {report}");
        ensure!(report["groups"] == groups, "{name}: {report}");
        let cards = shop.cards()?;
        ensure!(
            cards.iter().all(|card| card.image.as_ref().is_some_and(|image| image.starts_with("http"))),
            "{cards:?}"
        );
    }
    Ok(())
}

#[test]
fn a_storefront_is_read_page_by_page() -> anyhow::Result<()> {
    let server = PhotoServer::start()?;
    let product = |number: u32| {
        json!({ "id": number, "handle": format!("tee-{number}"), "title": "Tee", "images": [{ "src": format!("{}/ok/{number}.png", server.base) }],
            "variants": [{ "price": "9.00", "available": true }], "options": [] })
    };
    let page = |numbers: std::ops::Range<u32>| {
        json!({ "products": numbers.map(product).collect::<Vec<_>>() }).to_string()
    };
    server.text("/products.json", &page(0..3));
    server.text("/products.json?limit=250&page=1", &page(0..3));
    // A product that was added meanwhile moves another to the next page.
    server.text("/products.json?limit=250&page=2", &page(2..5));
    server.text("/products.json?limit=250&page=3", &page(0..0));
    let report = inspect(&format!("{}/products.json", server.base), &[])?;
    ensure!(report["products"] == 5 && report["photos"] == 5, "{report}");
    ensure!(report["first"][0]["url"] == format!("{}/products/tee-0", server.base), "{report}");
    // Some shops give the same page for ever.
    server.text("/again/products.json", &page(0..3));
    (1..9).for_each(|number| {
        server.text(&format!("/again/products.json?limit=250&page={number}"), &page(0..3))
    });
    ensure!(inspect(&format!("{}/again/products.json", server.base), &[])?["products"] == 3);
    Ok(())
}

#[test]
fn sitemaps_of_sitemaps_and_lists_of_pages_are_followed() -> anyhow::Result<()> {
    let (shop, server) = (Shop::new("lists")?, PhotoServer::start()?);
    server.text("/sitemap.xml", "<sitemapindex><sitemap><loc>BASE/one.xml</loc></sitemap><sitemap><loc>BASE/two.xml</loc></sitemap></sitemapindex>");
    server.text("/one.xml", &fs::read_to_string(feeds().join("sitemap.xml"))?);
    server.text("/two.xml", "<urlset><url><loc>https://shop.example/products/cap</loc></url></urlset>");
    let report = inspect(&format!("{}/sitemap.xml", server.base), &[])?;
    ensure!(
        report["products"] == 2
            && report["notes"][0].as_str().is_some_and(|note| note.starts_with("2 pages")),
        "{report}"
    );
    server.text("/tee", &fs::read_to_string(feeds().join("page.html"))?);
    let list = shop.0.join("pages.txt");
    fs::write(&list, format!("# the shop's pages\n{}/tee\n{}/gone/1\n", server.base, server.base))?;
    let report = inspect(&list.display().to_string(), &[])?;
    ensure!(report["products"] == 3 && report["notes"].to_string().contains("404"), "{report}");
    Ok(())
}

#[test]
fn what_cannot_be_read_says_what_to_do() -> anyhow::Result<()> {
    let shop = Shop::new("unreadable-feeds")?;
    let german = feeds().join("woocommerce-german.csv").display().to_string();
    ensure!(fail(1, ["feed", "inspect", &german])?.contains("export it in English"));
    for (name, text, word) in [
        ("table.csv", "a,b\n1,2\n", "--columns id=NAME,image=NAME"),
        ("empty.csv", "", "empty"),
        ("page.html", "<!doctype html><html>log in</html>", "no product of schema.org"),
        ("torn.xml", "<rss><channel><item><id>a</id>", "not whole"),
        ("other.xml", "<?xml version='1.0'?><catalog><p/></catalog>", "not known"),
        ("none.xml", "<rss><channel></channel></rss>", "no product in it"),
        ("bare.xml", "<urlset><url><loc>https://shop.example/a</loc></url></urlset>", "no picture"),
        ("packed.csv", "\u{1f}", "--columns"),
    ] {
        let file = shop.0.join(name);
        fs::write(&file, text)?;
        let errors = fail(1, ["feed", "inspect", &file.display().to_string()])?;
        ensure!(errors.contains(word) && errors.contains(name), "{name}, {word}: {errors}");
    }
    ensure!(fail(1, ["feed", "inspect", "/nowhere/feed.csv"])?.contains("/nowhere/feed.csv"));
    let both = lookalike_tests::arguments!["build", shop.photos(), "--feed", "x.csv", "--out", shop.out()];
    fail(2, both)?;
    fail(2, lookalike_tests::arguments!["build", "--out", shop.out()])?;
    Ok(())
}

#[test]
fn an_export_is_a_table_too() -> anyhow::Result<()> {
    let shop = Shop::new("export-as-table")?;
    (0..2).zip(["red-tee", "mug"]).try_for_each(|(seed, id)| shop.photo(&format!("{id}.png"), seed))?;
    let report = shop.build(&["--items", &feeds().join("shopify-old.csv").display().to_string()])?;
    ensure!(report["unmatched"]["rows"] == 1 && report["unmatched"]["photos"] == 0, "{report}");
    let card = shop.card("red-tee")?;
    ensure!(
        card.price.as_deref() == Some("19.90")
            && card.attributes.get("Size").is_some_and(|sizes| sizes == "S|M|L"),
        "{card:?}"
    );
    Ok(())
}
