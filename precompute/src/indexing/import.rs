//! Embeddings of a table that other runs and machines made, in the place of photos (`build --embeddings`). They go into the cache, as
//! if they had been made here, one row at a time; in memory are a product's id, file and record.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use lookalike::digest::Digest;

use super::cache::EmbeddingCache;
use super::embed::{Item, Outcome};
use crate::args::CatalogueOptions;
use crate::catalogue::{LONGEST_ID, Skipped, normal, order, place};
use crate::embedding_table::{self, Row, network_name};
use crate::interrupt;
use crate::networks::{Networks, PhotoNetwork};

/// The embeddings of one network.
struct Role<'a> {
    /// What the table calls the network.
    name: String,
    dims: usize,
    cache: &'a mut EmbeddingCache,
    /// By id, in order of their files.
    found: BTreeMap<String, Vec<Item>>,
}

impl<'a> Role<'a> {
    fn new(network: &PhotoNetwork, cache: &'a mut EmbeddingCache) -> Role<'a> {
        let (name, dims) = (network_name(network.identity()), network.dims());
        Role { name, dims, cache, found: BTreeMap::new() }
    }

    /// All photos, each with its product's id.
    fn photos(&self) -> impl Iterator<Item = (&String, Digest)> {
        self.found.iter().flat_map(|(id, photos)| photos.iter().map(move |photo| (id, photo.photo)))
    }

    fn has(&self, id: &str, photo: Digest) -> bool {
        self.found.get(id).is_some_and(|photos| photos.iter().any(|own| own.photo == photo))
    }

    /// The first `each` photos of each product.
    fn outcome(self, each: usize) -> Outcome {
        let mut items = Vec::new();
        for (id, mut photos) in self.found {
            // Names that are not files' are put in order by their letters.
            let place = |item: &Item| place(&item.path).unwrap_or_default();
            photos.sort_by(|one, other| {
                order(&id, &place(one), &place(other))
                    .then(one.path.cmp(&other.path))
                    .then(one.photo.0.cmp(&other.photo.0))
            });
            let numbered = (0..).zip(photos.into_iter().take(each));
            items.extend(numbered.map(|(number, photo)| Item { number, ..photo }));
        }
        Outcome { items, skipped: Vec::new(), embedded: 0 }
    }
}

/// Takes the embeddings of the tables `paths` into `cache` and, those of the network of the stored neighbours if it is one of its own,
/// into `own`. Gives what `embed` gives of photos, of either network.
///
/// Rows of one product are its photos; a photo may be in several, as runs that were repeated write them. A row with an embedding
/// counts, not one with an error.
///
/// # Errors
/// If a table cannot be read or is of another network; or the cache cannot be written.
pub fn import(
    options: &CatalogueOptions,
    networks: &Networks,
    cache: &mut EmbeddingCache,
    own: Option<&mut EmbeddingCache>,
) -> anyhow::Result<(Outcome, Option<Outcome>)> {
    let mut roles = vec![Role::new(&networks.of_photos(), cache)];
    if let (Some(network), Some(cache)) = (networks.own(), own) {
        roles.push(Role::new(&network, cache));
    }
    let names = roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>().join(" and ");
    // By product and file.
    let mut errors: BTreeMap<(String, String), Skipped> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for path in embedding_table::files(&options.embeddings)? {
        embedding_table::read(&path, |row, network| {
            interrupt::check()?;
            let Row { id, file, description } = row;
            let id = normal(&id);
            let shown = file.clone().unwrap_or_else(|| id.clone());
            if id.is_empty() || id.len() > LONGEST_ID {
                let reason = format!("the id is empty or longer than {LONGEST_ID} bytes");
                unnamed.push(Skipped { file: shown, reason });
                return Ok(());
            }
            let (photo, described) = match description {
                Ok(described) => described,
                Err(reason) => {
                    errors.entry((id, shown.clone())).or_insert(Skipped { file: shown, reason });
                    return Ok(());
                }
            };
            let role = roles.iter_mut().find(|role| role.name == network).with_context(|| {
                format!(
                    "the embedding of product {id} is of network {network}, and this build is of {names}: give the --model that it was \
                     embedded with, or embed the photos again with this version of the program"
                )
            })?;
            let numbers = described.embedding.len();
            ensure!(
                numbers == role.dims,
                "the embedding of product {id} has {numbers} numbers, not {}",
                role.dims
            );
            let record = match role.cache.get(&photo) {
                Some(record) => record,
                None => role.cache.insert(photo, &described)?,
            };
            let (photos, path) = (role.found.entry(id.clone()).or_default(), PathBuf::from(shown));
            match photos.iter_mut().find(|known| known.photo == photo) {
                // Whichever row comes first, the photo is called the same.
                Some(known) if known.path > path => known.path = path,
                Some(_) => {}
                None => {
                    photos.push(Item { id, number: 0, path, address: None, photo, thumbnail: None, record })
                }
            }
            Ok(())
        })?;
    }
    for role in &roles {
        role.cache.sync()?;
    }
    // What is in the folder has an embedding of either network.
    let in_all: HashSet<(String, Digest)> = match roles.split_first() {
        Some((first, others)) => {
            let photos = first.photos().filter(|(id, photo)| others.iter().all(|role| role.has(id, *photo)));
            photos.map(|(id, photo)| (id.clone(), photo)).collect()
        }
        None => HashSet::new(),
    };
    for role in &mut roles {
        for (id, photos) in &mut role.found {
            photos.retain(|photo| {
                let kept = in_all.contains(&(id.clone(), photo.photo));
                let file = photo.path.display().to_string();
                if kept {
                    // Another run may have failed on it.
                    errors.remove(&(id.clone(), file));
                } else {
                    let reason = "it has an embedding of one of the two networks only".to_owned();
                    errors.entry((id.clone(), file.clone())).or_insert(Skipped { file, reason });
                }
                kept
            });
        }
    }
    let each = options.photos_per_product.into();
    let mut outcomes = roles.into_iter().map(|role| role.outcome(each));
    let mut outcome = outcomes.next().context("there is a network")?;
    let mut own = outcomes.next();
    if let Some(own) = &mut own {
        outcome.keep_those_of(own);
    }
    outcome.embedded = 0;
    outcome.skipped = unnamed;
    outcome.skipped.extend(errors.into_values());
    Ok((outcome, own))
}
