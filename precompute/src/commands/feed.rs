//! `precompute feed inspect`: what a feed is taken for, and what would be made of it.

use serde::Serialize;

use crate::args::InspectArguments;
use crate::feed::inspect::{Counts, lines};
use crate::feed::{self, Feed};
use crate::fetch::Client;

#[derive(Serialize)]
struct Report<'a> {
    format: String,
    why: &'a str,
    rows: usize,
    products: usize,
    photos: usize,
    groups: usize,
    columns: &'a [(String, String)],
    /// The first products as a table would have them.
    first: Vec<First<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct First<'a> {
    id: &'a str,
    #[serde(flatten)]
    fields: crate::catalogue::ProductFields,
    photos: &'a [String],
}

/// Runs `feed inspect`.
///
/// # Errors
/// When the feed cannot be got or read.
pub fn inspect(arguments: &InspectArguments) -> anyhow::Result<()> {
    let client = Client::new(arguments.fetching.limits());
    let feed = feed::read(&arguments.feed, &arguments.columns, &client)?;
    if !arguments.json {
        lines(&feed).iter().for_each(|line| println!("{line}"));
        return Ok(());
    }
    let Feed { format, why, products, rows, columns, notes, .. } = &feed;
    let counts = Counts::of(products);
    let first = products.iter().take(3);
    let report = Report {
        format: format.to_string(),
        why,
        rows: *rows,
        products: counts.products,
        photos: counts.photos,
        groups: counts.groups,
        columns,
        first: first.map(|one| First { id: &one.id, fields: one.fields(), photos: &one.photos }).collect(),
        notes,
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
