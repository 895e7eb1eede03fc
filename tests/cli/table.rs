//! The shop's table of products: what it says comes out in the cards, and what is wrong in it is named by line.

use std::fs;

use anyhow::ensure;
use lookalike::folder::Card;
use lookalike_tests::fail;

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
    let cases: [(&str, &[u8], &str); 7] = [
        ("no-id.csv", b"sku,title\np00,x\n", "id"),
        ("twice.csv", b"id,title\np00,x\np01,y\np00,z\n", "line 4"),
        ("ragged.csv", b"id,title\np00,x,y\n", "line: 2"),
        ("empty-id.csv", b"id,title\n,x\n", "line 2"),
        ("latin1.csv", b"id,title\np00,caf\xe9\n", "UTF-8"),
        ("twice.jsonl", b"{\"id\":\"a\"}\n{\"id\":\"a\"}\n", "line 2"),
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
