//! `query` with rules, and with colours: what is chosen, and clear refusals.

use std::fs;

use anyhow::ensure;
use lookalike_tests::{arguments, fail};

use crate::shop::Shop;

/// Twelve products in three sizes; every two of them are one product's variants.
fn shop(name: &str) -> anyhow::Result<Shop> {
    let shop = Shop::with(name, 12)?;
    let mut table = "id,size,price,stock,style\n".to_owned();
    for product in 0..12 {
        let size = ["S", "M", "L|XL"][product % 3];
        table += &format!("p{product:02},{size},{}.50,{},style-{}\n", product, product % 4, product / 2);
    }
    fs::write(shop.0.join("items.csv"), table)?;
    let items = shop.0.join("items.csv").display().to_string();
    shop.build(&["--items", &items])?;
    Ok(shop)
}

fn ids(shop: &Shop, more: &[&str]) -> anyhow::Result<Vec<usize>> {
    let found = shop.query(&[&["--item", "p00", "-k", "12"], more].concat())?;
    Ok(found.iter().filter_map(|(id, _)| id.strip_prefix('p')?.parse().ok()).collect())
}

type Holds = fn(usize) -> bool;

#[test]
fn filters_come_before_ranking_and_order_stays() -> anyhow::Result<()> {
    let shop = shop("rules-filter")?;
    let all = ids(&shop, &["--exclude", "p01"])?;
    ensure!(all.len() == 10 && !all.contains(&1) && !all.contains(&0), "{all:?}");
    let filters: [(&str, Holds); 4] = [
        ("size=M", |product| product % 3 == 1),
        ("size=XL price<6", |product| product % 3 == 2 && product < 6),
        ("!size=S or price>=9", |product| product % 3 != 0 || product >= 9),
        ("stock=2|3", |product| product % 4 >= 2),
    ];
    for (filter, holds) in filters {
        let got = ids(&shop, &["--exclude", "p01", "--filter", filter])?;
        let want: Vec<usize> = all.iter().copied().filter(|product| holds(*product)).collect();
        ensure!(got == want, "{filter}: {got:?} instead of {want:?}");
    }
    Ok(())
}

#[test]
fn groups_count_once_and_weights_lift() -> anyhow::Result<()> {
    let shop = shop("rules-group")?;
    let grouped = ids(&shop, &["--group", "style"])?;
    let mut styles: Vec<usize> = grouped.iter().map(|product| product / 2).collect();
    styles.sort_unstable();
    ensure!(styles == [1, 2, 3, 4, 5], "of each style one, and none of the product's own: {grouped:?}");
    let lifted = ids(&shop, &["--boost", "0.01:stock=3"])?;
    ensure!(lifted[..3].iter().all(|product| product % 4 == 3), "{lifted:?}");
    let diverse = ids(&shop, &["--diversity", "1", "--exclude", "p01"])?;
    let plain = ids(&shop, &["--exclude", "p01"])?;
    ensure!(diverse[0] == plain[0], "the nearest comes first: {diverse:?}, {plain:?}");
    ensure!(diverse != plain, "the others are chosen otherwise: {diverse:?}");
    Ok(())
}

#[test]
fn colour_has_its_say_in_query_and_build() -> anyhow::Result<()> {
    let shop = shop("rules-colour")?;
    let weighed = |weight: &str| ids(&shop, &["--colour", weight]);
    let (none, all) = (weighed("0")?, weighed("1")?);
    ensure!(none.len() == 11 && all.len() == 11 && none != all, "{none:?}, {all:?}");
    let items = shop.0.join("items.csv").display().to_string();
    shop.build(&["--items", &items, "--colour", "1"])?;
    let stored = ids(&shop, &[])?;
    ensure!(stored == all, "stored {stored:?}, ranked {all:?}");
    Ok(())
}

#[test]
fn rules_that_cannot_be_followed_are_refused() -> anyhow::Result<()> {
    let shop = shop("rules-refused")?;
    let refused = |code: i32, more: &[&str]| {
        let mut all = arguments!["query", shop.out(), "--item", "p00"].to_vec();
        all.extend(more.iter().map(std::ffi::OsString::from));
        fail(code, all)
    };
    let cases: [(i32, &[&str], &str); 6] = [
        (1, &["--filter", "sise=M"], "did you mean \"size\""),
        (1, &["--filter", "size<3"], "size"),
        (1, &["--filter", "size="], "--filter"),
        (1, &["--exclude", "p99"], "no product p99"),
        (1, &["--boost", "much"], "0.8:stock>0"),
        (2, &["--colour", "2"], "from 0 to 1"),
    ];
    for (code, more, word) in cases {
        let errors = refused(code, more)?;
        ensure!(errors.contains(word), "{more:?}: {errors}");
    }
    Ok(())
}
