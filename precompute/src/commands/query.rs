//! `precompute query`: the nearest neighbours of a product, as stored, or of a product or photo by rules, as the browser
//! ranks them.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use image::{Rgb, RgbImage, imageops};
use lookalike::colour::{Colours, Weight};
use lookalike::embedding::Metric;
use lookalike::folder::Card;
use lookalike::photo::{Crop, Limits, decode};
use lookalike::rank::Neighbour;
use lookalike::rules::Rules;
use lookalike::search::{Like, SearchRequest};
use serde::Serialize;

use crate::args::QueryArguments;
use crate::folder_reader::Folder;

#[derive(Serialize)]
struct Answer {
    metric: Metric,
    neighbours: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    /// The photo that is so near, if it is not the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    distance: f64,
}

/// Prints the neighbours.
///
/// # Errors
/// When the folder or the photo cannot be read, or has no such product.
pub fn run(arguments: &QueryArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let metric = Metric::from(arguments.metric);
    let rules = arguments.rules()?;
    let stored = rules == Rules::default() && arguments.colour.is_none();
    let neighbours = match &arguments.of.item {
        Some(id) if stored => of_item(&folder, id, metric, arguments.k)?,
        _ => by_rules(&folder, arguments, metric, &rules)?,
    };
    let cards: Vec<Card> =
        neighbours.iter().map(|neighbour| folder.card(neighbour.item)).collect::<anyhow::Result<_>>()?;
    if let Some(path) = &arguments.sheet {
        sheet(&folder, &cards, path)?;
    }
    let lines = cards.into_iter().zip(&neighbours);
    if arguments.json {
        let neighbours = lines
            .map(|(card, near)| Line { id: card.id, photo: card.photo, distance: near.distance })
            .collect();
        println!("{}", serde_json::to_string(&Answer { metric, neighbours })?);
    } else {
        for (card, neighbour) in lines {
            println!("{:<10.6} {}  {}", neighbour.distance, card.id, card.title.unwrap_or_default());
        }
    }
    Ok(())
}

fn of_item(folder: &Folder, id: &str, metric: Metric, k: usize) -> anyhow::Result<Vec<Neighbour>> {
    let shard = folder.neighbours_of(id)?;
    let row = shard.row(id).with_context(|| format!("no product {id} in this folder"))?;
    let each = folder.manifest.neighbours.each as usize;
    // In a small catalogue a product may have fewer neighbours than were asked for, and none is missing.
    if k > each && each + 1 < folder.manifest.product_count() as usize {
        bail!("the folder holds {each} neighbours of each product; build it with --neighbours {k}");
    }
    let place = folder.manifest.metrics.iter().position(|stored| *stored == metric);
    let list = place.and_then(|place| row.neighbours.get(place));
    let list = list.with_context(|| format!("the folder has no neighbours by {}", metric.name()))?;
    Ok(list.iter().take(k).copied().collect())
}

/// Ranks the codes, as the browser does.
fn by_rules(
    folder: &Folder,
    arguments: &QueryArguments,
    metric: Metric,
    rules: &Rules,
) -> anyhow::Result<Vec<Neighbour>> {
    let mut catalogue = folder.catalogue(true)?;
    let colour = Weight::new(arguments.colour.unwrap_or(0.0)).context("--colour is from 0 to 1")?;
    if colour.counts() {
        folder.give_colours(&mut catalogue)?;
    }
    if rules.needs_attributes() || folder.manifest.products.is_some() {
        folder.give_attributes(&mut catalogue)?;
    }
    let like = match (&arguments.of.item, &arguments.of.photo) {
        (Some(id), _) => Like::Item(number_of(folder, id)?),
        (None, Some(photo)) => {
            let bytes = fs::read(photo).with_context(|| format!("reading {}", photo.display()))?;
            let decoded = decode(&bytes, &Limits::default()).with_context(|| photo.display().to_string())?;
            let part = decoded.region(&arguments.crop.unwrap_or(Crop::WHOLE));
            Like::Photo { embedding: folder.embed(part)?, colours: Some(Colours::of(part)) }
        }
        (None, None) => bail!("give --item or --photo"),
    };
    let excluded =
        rules.exclude.iter().map(|id| number_of(folder, id)).collect::<anyhow::Result<Vec<u32>>>()?;
    let request = SearchRequest {
        like,
        metric,
        limit: arguments.k,
        colour,
        rules: rules.clone(),
        excluded,
        rescore: true,
    };
    Ok(folder.search(&mut catalogue, request)?.neighbours)
}

fn number_of(folder: &Folder, id: &str) -> anyhow::Result<u32> {
    let shard = folder.neighbours_of(id)?;
    Ok(shard.row(id).with_context(|| format!("no product {id} in this folder"))?.item)
}

/// Height of a row of the contact sheet, and the white between pictures, in pixels.
const SHEET_HEIGHT: u32 = 240;
const SHEET_GAP: u32 = 8;

fn sheet(folder: &Folder, cards: &[Card], path: &Path) -> anyhow::Result<()> {
    let mut pictures = Vec::new();
    for card in cards {
        let thumbnail = card.thumbnail.as_ref().context("the folder has no thumbnails to draw a sheet of")?;
        let photo =
            decode(&folder.read(thumbnail)?, &Limits::default()).with_context(|| thumbnail.clone())?;
        let width = (photo.width() * SHEET_HEIGHT).div_ceil(photo.height());
        let small = lookalike::photo::resize(&photo, width, SHEET_HEIGHT);
        let picture = RgbImage::from_raw(width, SHEET_HEIGHT, small.rgb().to_vec());
        pictures.push(picture.context("a photo holds three bytes a pixel")?);
    }
    let width = pictures.iter().map(|picture| picture.width() + SHEET_GAP).sum::<u32>() + SHEET_GAP;
    let mut sheet = RgbImage::from_pixel(width, SHEET_HEIGHT + 2 * SHEET_GAP, Rgb([255; 3]));
    let mut x = SHEET_GAP;
    for picture in &pictures {
        imageops::replace(&mut sheet, picture, x.into(), SHEET_GAP.into());
        x += picture.width() + SHEET_GAP;
    }
    sheet.save(path).with_context(|| format!("writing {}", path.display()))
}
