//! Folders' neighbours, of embeddings not adapted and adapted to the catalogue, against scikit-learn's `pairwise_distances` of
//! the exported embeddings.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use lookalike::folder::{Manifest, read_neighbour_shard};

use super::{number, references, text};

/// Distances this close are ties, whose order is free: 1e-6 of the distance, or of 1 for the cosine.
const TIE: f64 = 1e-6;

#[test]
fn neighbours_are_scikit_learns() -> anyhow::Result<()> {
    let Some((folder, index)) = references("neighbours")? else { return Ok(()) };
    let (items, each) = (number(&index, "items")?, number(&index, "neighbours")? as usize);
    let folders = index["folders"].as_array().context("the index has folders")?;
    ensure!(folders.len() == 2, "not adapted and adapted: {}", folders.len());
    for made in folders {
        let adapted = text(made, "adapt")? == "auto";
        let (lookalike, references) =
            (folder.join(text(made, "folder")?), folder.join(text(made, "references")?));
        compare(&lookalike, &references, (items, each), adapted)
            .with_context(|| text(made, "adapt").unwrap_or("").to_owned())?;
    }
    Ok(())
}

/// The folder `lookalike` of `items` products against the `each` nearest of each by scikit-learn in `folder`.
fn compare(
    lookalike: &Path,
    folder: &Path,
    (items, each): (u32, usize),
    adapted: bool,
) -> anyhow::Result<()> {
    let manifest = Manifest::read(&fs::read(lookalike.join("manifest.json"))?)?;
    ensure!(manifest.items == items && items >= 600, "{} of {items} products", manifest.items);
    ensure!(manifest.adaptation.is_some() == adapted, "adapted: {}", manifest.adaptation.is_some());
    let mut references = Vec::new();
    for metric in &manifest.metrics {
        let order = fs::read(folder.join(format!("{}.u32", metric.name())))?;
        let distances = fs::read(folder.join(format!("{}.f64", metric.name())))?;
        let order: Vec<u32> = order.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let distances: Vec<f64> =
            distances.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect();
        ensure!(order.len() == items as usize * each && distances.len() == order.len());
        references.push((order, distances));
    }
    let (mut seen, mut ties, mut largest) = (0, 0, 0f64);
    for shard in 0..manifest.neighbours.shards {
        let path = lookalike.join(&manifest.neighbours.path).join(format!("{shard}.bin"));
        for row in read_neighbour_shard(&fs::read(path)?, items)?.rows {
            for (list, (order, distances)) in row.neighbours.iter().zip(&references) {
                ensure!(
                    list.len() == manifest.neighbours.each as usize,
                    "product {} has {}",
                    row.id,
                    list.len()
                );
                let at = row.item as usize * each;
                for (place, near) in list.iter().enumerate() {
                    let (want, distance) = (order[at + place], distances[at + place]);
                    let error = (near.distance - distance).abs() / distance.max(1.0);
                    largest = largest.max(error);
                    ensure!(
                        error <= TIE,
                        "{} of {} is {} away, scikit-learn's {want} {distance}",
                        near.item,
                        row.id,
                        near.distance
                    );
                    if near.item != want {
                        let same = order[at..at + each].iter().position(|item| *item == near.item);
                        let there = distances[at + same.context("a neighbour scikit-learn does not have")?];
                        ensure!(
                            (there - distance).abs() <= TIE * distance.max(1.0),
                            "product {}: no tie",
                            row.id
                        );
                        ties += 1;
                    }
                }
                seen += 1;
            }
        }
    }
    ensure!(seen == items as usize * 3, "{seen} lists");
    println!(
        "{items} products, three metrics: the same neighbours in the same order, {ties} places swapped in ties"
    );
    println!("largest difference of a distance {largest:.1e}");
    Ok(())
}
