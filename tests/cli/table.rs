//! The shop's table of products: what it says comes out in the cards, and what is wrong in it is named by line.

use std::fs;

use anyhow::ensure;
use lookalike::folder::Card;
use lookalike_tests::{fail, precompute, shared};

use crate::shop::Shop;

/// `build --items NAME` with a table of that text.
fn build_with(shop: &Shop, name: &str, text: &[u8]) -> anyhow::Result<serde_json::Value> {
    let table = shop.0.join(name);
    fs::write(&table, text)?;
    shop.build(&["--items", &table.display().to_string()])
}

fn check_red_tee(card: &Card) -> anyhow::Result<()> {
    ensure!(card.title.as_deref() == Some("Red tee, \"V\" neck"), "{card:?}");
    ensure!(card.url.as_deref() == Some("/shop/p00?ref=a&b=c"), "{card:?}");
    ensure!(card.price.as_deref() == Some("19.90"), "{card:?}");
    ensure!(card.image.as_deref() == Some("/originals/p00.jpg"), "{card:?}");
    let attributes: Vec<(&str, &str)> =
        card.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    ensure!(attributes == [("Größe", "M"), ("colour", "red"), ("in_stock", "true")], "{card:?}");
    Ok(())
}

#[test]
fn csv_fields_come_out_in_the_cards() -> anyhow::Result<()> {
    let shop = Shop::with("csv", 3)?;
    let header = "id,title,url,price,image,colour,in_stock,Größe\n";
    let rows = "p00,\"Red tee, \"\"V\"\" neck\",/shop/p00?ref=a&b=c,19.90,/originals/p00.jpg,red,true,M\n\
                p02,Τίτλος 👕,,,,,,\nnot-in-the-folder,Gone,,,,,,\n";
    // Plain, as spreadsheets save it (byte order mark), and with the line ends of Windows.
    let texts = [
        format!("{header}{rows}"),
        format!("\u{feff}{header}{rows}"),
        format!("{header}{rows}").replace('\n', "\r\n"),
    ];
    for text in texts {
        let report = build_with(&shop, "items.csv", text.as_bytes())?;
        ensure!(report["items"] == 3, "{report}");
        check_red_tee(&shop.card("p00")?)?;
        let bare = shop.card("p01")?;
        ensure!(bare.title.is_none() && bare.url.is_none() && bare.price.is_none(), "{bare:?}");
        ensure!(bare.image.is_none() && bare.attributes.is_empty() && bare.thumbnail.is_some(), "{bare:?}");
        let greek = shop.card("p02")?;
        ensure!(greek.title.as_deref() == Some("Τίτλος 👕") && greek.attributes.is_empty(), "{greek:?}");
    }
    Ok(())
}

#[test]
fn json_lines_fields_come_out_in_the_cards() -> anyhow::Result<()> {
    let shop = Shop::with("jsonl", 2)?;
    let red = "{\"id\":\"p00\",\"title\":\"Red tee, \\\"V\\\" neck\",\"url\":\"/shop/p00?ref=a&b=c\",\
               \"price\":\"19.90\",\"image\":\"/originals/p00.jpg\",\"colour\":\"red\",\"in_stock\":true,\
               \"Größe\":\"M\",\"nothing\":null}\n\n";
    let text = format!("{red}{}", "{\"id\":\"p01\",\"price\":7.5,\"stock\":3}\n");
    for text in [text.clone(), format!("\u{feff}{text}")] {
        build_with(&shop, "items.jsonl", text.as_bytes())?;
        check_red_tee(&shop.card("p00")?)?;
        let second = shop.card("p01")?;
        ensure!(second.price.as_deref() == Some("7.5"), "{second:?}");
        ensure!(second.attributes.get("stock").map(String::as_str) == Some("3"), "{second:?}");
    }
    Ok(())
}

#[test]
fn a_table_that_is_wrong_is_named_with_its_line() -> anyhow::Result<()> {
    let shop = Shop::with("wrong-table", 2)?;
    let cases: [(&str, &[u8], &str); 9] = [
        ("no-id.csv", b"sku,title\np00,x\n", "id"),
        ("twice.csv", b"id,title\np00,x\np01,y\np00,z\n", "line 4"),
        ("ragged.csv", b"id,title\np00,x,y\n", "line 2"),
        ("empty-id.csv", b"id,title\n,x\n", "line 2"),
        ("mixed.csv", b"id,title\np00,caf\xc3\xa9\np01,caf\xe9\n", "line 3"),
        ("twice.jsonl", b"{\"id\":\"a\",\"title\":\"x\"}\n{\"id\":\"a\",\"title\":\"y\"}\n", "line 2"),
        ("open.csv", b"id,title\np00,\"x\np01,y\n", "line 2"),
        ("web-page.csv", b"<!doctype html><html>not found</html>", "web page"),
        ("broken.jsonl", b"{\"id\":\"a\"}\n{\"id\":\n", "line 2"),
    ];
    for (name, text, word) in cases {
        let table = shop.0.join(name);
        fs::write(&table, text)?;
        let errors = fail(1, shop.build_arguments(&["--items", &table.display().to_string()]))?;
        ensure!(errors.contains(name) && errors.contains(word), "{name} should say {word}: {errors}");
        ensure!(!shop.out().exists(), "{name}: nothing is written");
    }
    let missing = shop.0.join("missing.csv").display().to_string();
    ensure!(fail(1, shop.build_arguments(&["--items", &missing]))?.contains("missing.csv"));
    Ok(())
}

/// Builds with a table; gives the report and what was said on standard error.
fn told(shop: &Shop, table: &std::path::Path, more: &[&str]) -> anyhow::Result<(serde_json::Value, String)> {
    let mut all = shop.build_arguments(&["--items", &table.display().to_string()]);
    all.extend(more.iter().map(std::ffi::OsString::from));
    let output = precompute(all)?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{}: {errors}", table.display());
    Ok((serde_json::from_slice(&output.stdout)?, errors))
}

#[test]
fn every_way_to_write_a_table_gives_the_same_cards() -> anyhow::Result<()> {
    let shop = Shop::with("notations", 2)?;
    let plain = "id;title;price;colour\np00;Café hoodie;19,90;green\np01;Blue tee, long;24;blue\n";
    let utf16 = |text: &str| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let quoted =
        plain.replace("19,90", "\"19,90\"").replace("Blue tee, long", "\"Blue tee, long\"").replace(';', ",");
    let latin =
        plain.chars().map(|letter| u8::try_from(u32::from(letter))).collect::<Result<Vec<u8>, _>>()?;
    let json = r#"{"id":"p00","title":"Café hoodie","price":"19,90","colour":"green"}"#;
    let more = r#"{"id":"p01","title":"Blue tee, long","price":24,"colour":"blue"}"#;
    let tables: [(&str, Vec<u8>); 9] = [
        ("semicolon.csv", plain.into()),
        ("marked.csv", format!("\u{feff}{}", plain.replace('\n', "\r\n")).into()),
        ("sep.csv", format!("sep=;\r\n{}", plain.replace('\n', "\r\n")).into()),
        ("comma.csv", quoted.into()),
        ("tabs.tsv", plain.replace(';', "\t").into()),
        ("unicode.txt", utf16(&plain.replace(';', "\t"))),
        ("windows.csv", latin),
        ("array.json", format!("[{json},\n{more}]").into()),
        ("lines.jsonl", format!("{json}\n{more}\n").into()),
    ];
    let mut first = None;
    for (name, bytes) in tables {
        let table = shop.0.join(name);
        fs::write(&table, bytes)?;
        let (report, errors) = told(&shop, &table, &[])?;
        ensure!(report["unmatched"]["rows"] == 0 && report["unmatched"]["photos"] == 0, "{name}: {report}");
        ensure!(
            report["published_columns"] == serde_json::json!(["title", "price", "colour"]),
            "{name}: {report}"
        );
        ensure!(errors.contains("windows-1252") == (name == "windows.csv"), "{name}: {errors}");
        let cards = format!("{:?}", shop.cards()?);
        ensure!(cards.contains("Café hoodie") && cards.contains("19,90"), "{name}: {cards}");
        ensure!(*first.get_or_insert(cards.clone()) == cards, "{name}: {cards}");
        let cheap = shop.query(&["--item", "p00", "--filter", "price<20.5", "-k", "5"])?;
        let dear = shop.query(&["--item", "p00", "--filter", "price>20.5", "-k", "5"])?;
        ensure!(
            cheap.is_empty() && dear.len() == 1,
            "{name}: the price is compared as a number: {cheap:?} {dear:?}"
        );
    }
    Ok(())
}

#[test]
fn rows_and_photos_without_a_counterpart_are_counted_and_named() -> anyhow::Result<()> {
    let shop = Shop::new("unmatched")?;
    for (seed, photo) in (0..).zip(["0101.png", "0102.png", "1003.png", "Cafe\u{301}.png"]) {
        shop.photo(photo, seed)?;
    }
    let table = shop.0.join("items.csv");
    fs::write(&table, "ID, title \n101,One\n102.JPG,Two\n1003,Three\nCaf\u{e9},Four\ngone,Five\n")?;
    let (report, errors) = told(&shop, &table, &[])?;
    let unmatched = serde_json::json!({
        "rows": 3, "first_rows": ["101", "102.JPG", "gone"], "photos": 2, "first_photos": ["0101", "0102"],
    });
    ensure!(report["unmatched"] == unmatched, "{report}");
    ensure!(errors.contains("2 of the table's 5 rows") && errors.contains("--match-ids loose"), "{errors}");
    ensure!(shop.card("Caf\u{e9}")?.title.as_deref() == Some("Four"), "composed and decomposed are one");
    let (report, errors) = told(&shop, &table, &["--match-ids", "loose"])?;
    ensure!(report["unmatched"]["rows"] == 1 && report["unmatched"]["photos"] == 0, "{report}");
    ensure!(errors.contains("101 is 0101") && shop.card("0102")?.title.as_deref() == Some("Two"), "{errors}");
    Ok(())
}

#[test]
fn a_column_that_is_nearly_a_number_says_where_it_is_not() -> anyhow::Result<()> {
    let shop = Shop::with("nearly", 3)?;
    let table = shop.0.join("items.csv");
    fs::write(&table, "id,price\np00,19.90\np01,24.50\np02,on request\n")?;
    let (_, errors) = told(&shop, &table, &[])?;
    ensure!(errors.contains("price is a number in 2 of 3 rows, but not at line 4 (on request)"), "{errors}");
    Ok(())
}

#[test]
fn columns_of_other_names_are_named_by_the_user() -> anyhow::Result<()> {
    let shop = Shop::with("names", 2)?;
    let table = shop.0.join("items.csv");
    fs::write(&table, "SKU,Product name,id\np00,Red tee,17\np01,Blue tee,18\n")?;
    told(&shop, &table, &["--columns", "id=sku,title=Product name"])?;
    ensure!(shop.card("p01")?.title.as_deref() == Some("Blue tee"));
    let wrong = ["--items", &table.display().to_string(), "--columns", "id=nope"].map(str::to_owned);
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    let errors = fail(1, shop.build_arguments(&wrong))?;
    ensure!(errors.contains("nope") && errors.contains("SKU"), "{errors}");
    Ok(())
}

/// What people have, gathered beside the project: each is read, or told in one sentence what to do.
#[test]
fn tables_that_people_have_are_read() -> anyhow::Result<()> {
    let Some(folder) = shared("reviews/tables") else { return Ok(()) };
    let shop = Shop::with("gathered", 3)?;
    for (name, rows_without, title) in [
        ("excel-semicolon.csv", 0, "Café hoodie"),
        ("excel-sep-line.csv", 0, "Café hoodie"),
        ("excel-unicode-text-utf16.csv", 0, "Café hoodie"),
        ("excel-windows-1252.csv", 0, "Café hoodie"),
        ("feed-prices.csv", 0, "Red"),
        ("one-bad-price.csv", 0, "Red"),
        ("merchant-feed.tsv", 0, "Red tee"),
        ("products.json", 0, "Red tee"),
        ("spaces-and-case.csv", 1, "Red tee"),
        ("shopify-export-id.csv", 0, "Red tee"),
        ("id-with-ending.csv", 2, "-"),
        ("leading-zeros-lost.csv", 3, "-"),
        ("descriptions-and-cost.csv", 37, "Tee 0"),
    ] {
        let (report, errors) = told(&shop, &folder.join(name), &[])?;
        ensure!(report["unmatched"]["rows"] == rows_without, "{name}: {report} {errors}");
        let titles: Vec<String> = shop.cards()?.into_iter().filter_map(|card| card.title).collect();
        ensure!(title == "-" || titles.iter().any(|other| other == title), "{name}: {titles:?}");
    }
    let loose = told(&shop, &folder.join("id-with-ending.csv"), &["--match-ids", "loose"])?;
    ensure!(loose.0["unmatched"]["rows"] == 0, "{}", loose.0);
    let table = folder.join("shopify-export.csv").display().to_string();
    let named = shop.build(&["--items", &table, "--columns", "id=Handle"])?;
    ensure!(named["unmatched"]["rows"] == 0, "{named}");
    Ok(())
}
