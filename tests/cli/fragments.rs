//! `build --fragments`: what is written, under which names, and that it goes with its product.

use std::fs;

use anyhow::ensure;
use lookalike_tests::tree;

use crate::shop::Shop;

#[test]
fn fragments_hold_the_neighbours_as_links_and_go_with_their_product() -> anyhow::Result<()> {
    let shop = Shop::with("fragments", 12)?;
    shop.photo("a b#ü.png", 40)?;
    let table = shop.0.join("items.csv");
    fs::write(
        &table,
        "id,title,url,price\np03,<Tee> & co,/shop?id=3&x=1,9.90\np04,Bad,javascript:alert(1),1\n",
    )?;
    let table = table.display().to_string();
    let build = |more: &[&str]| shop.build(&[&["--items", &table], more].concat());
    let report = build(&["--fragments", "/shop/lookalike"])?;
    let files = |kind: &str| -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        Ok(tree(&shop.out())?.into_iter().filter(|(path, _)| path.starts_with(kind)).collect())
    };
    let written = files("fragments/")?;
    ensure!(written.len() == 13, "{} fragments", written.len());
    ensure!(
        report["bytes"]["fragments"] == written.iter().map(|(_, text)| text.len()).sum::<usize>(),
        "{report}"
    );
    ensure!(written[0].0 == "fragments/a%20b%23%C3%BC.html", "{}", written[0].0);

    for id in ["p00", "p03", "p11"] {
        let text = fs::read_to_string(shop.out().join(format!("fragments/{id}.html")))?;
        let nearest = shop.query(&["--item", id, "-k", "8"])?;
        let items: Vec<&str> = text.lines().filter(|line| line.starts_with("<li>")).collect();
        ensure!(items.len() == 8, "{text}");
        for (line, (near, _)) in items.iter().zip(nearest) {
            let card = shop.card(&near)?;
            let thumbnail = card.thumbnail.unwrap_or_default();
            let picture = format!(
                "<img src=\"/shop/lookalike/{thumbnail}\" width=\"{}\" height=\"{}\" alt=\"\" loading=\"lazy\"",
                card.width, card.height
            );
            ensure!(line.contains(&picture), "{line}");
            let named = match near.as_str() {
                "p03" => "<a href=\"/shop?id=3&amp;x=1\">".to_owned(),
                _ => format!("<br>{}", card.title.unwrap_or(near)),
            };
            ensure!(line.contains(&named), "{line}: no {named}");
            ensure!(!line.contains("javascript"), "{line}");
        }
    }
    let escaped =
        written.iter().any(|(_, text)| String::from_utf8_lossy(text).contains("&lt;Tee&gt; &amp; co 9.90"));
    ensure!(escaped, "p03 is nobody's neighbour");

    // The same again is left alone; a product that goes takes its fragment along, and so does the option.
    build(&["--fragments", "/shop/lookalike"])?;
    ensure!(files("fragments/")? == written, "the same catalogue, the same fragments");
    fs::remove_file(shop.photos().join("p11.png"))?;
    build(&["--fragments", "/elsewhere/"])?;
    let later = files("fragments/")?;
    ensure!(later.len() == 12 && !later.iter().any(|(path, _)| path.contains("p11")), "{later:?}");
    ensure!(
        later.iter().all(|(_, text)| !String::from_utf8_lossy(text).contains("/shop/lookalike/")),
        "another base"
    );
    build(&[])?;
    ensure!(files("fragments/")?.is_empty(), "none were asked for");
    Ok(())
}
