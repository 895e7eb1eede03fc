//! `precompute feed inspect`: what a feed is taken for, and what would be made of it.

use std::collections::HashSet;

use super::{Feed, FeedProduct};

/// How many products are shown.
const SHOWN: usize = 3;

/// What is told, line by line.
pub fn lines(feed: &Feed) -> Vec<String> {
    let mut lines = vec![format!("format: {} ({})", feed.format, feed.why)];
    if !feed.columns.is_empty() {
        lines.push("columns:".to_owned());
        lines.extend(feed.columns.iter().map(|(theirs, ours)| format!("  {theirs} -> {ours}")));
    }
    let counts = Counts::of(&feed.products);
    lines.push(format!(
        "{} rows, {} products, {} photos, {} groups",
        feed.rows, counts.products, counts.photos, counts.groups
    ));
    for product in feed.products.iter().take(SHOWN) {
        lines.push(format!("product {}:", product.id));
        let fields = product.fields();
        lines.extend(fields.columns().filter(|(name, _)| *name != "image").map(|(name, text)| {
            let shown: String = text.chars().take(100).collect();
            format!("  {name}: {shown}{}", if shown.len() < text.len() { "..." } else { "" })
        }));
        lines.extend(product.photos.iter().map(|photo| format!("  photo: {photo}")));
    }
    let missing = |what: &str, has: &dyn Fn(&FeedProduct) -> bool| {
        let count = feed.products.iter().filter(|product| !has(product)).count();
        (count > 0).then(|| format!("missing: {count} of {} products have no {what}", counts.products))
    };
    lines.extend(missing("photo", &|product| !product.photos.is_empty()));
    lines.extend(missing("title", &|product| product.title.is_some()));
    lines.extend(missing("page", &|product| product.url.is_some()));
    lines.extend(missing("price", &|product| product.price.is_some()));
    lines.extend(feed.notes.iter().map(|note| format!("note: {note}")));
    lines
}

/// How many of what a feed has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Products.
    pub products: usize,
    /// Different photos.
    pub photos: usize,
    /// Groups of variants.
    pub groups: usize,
}

impl Counts {
    /// Of these products.
    pub fn of(products: &[FeedProduct]) -> Counts {
        let photos: HashSet<&String> = products.iter().flat_map(|product| &product.photos).collect();
        let groups: HashSet<&String> = products.iter().filter_map(|product| product.group.as_ref()).collect();
        Counts { products: products.len(), photos: photos.len(), groups: groups.len() }
    }
}
