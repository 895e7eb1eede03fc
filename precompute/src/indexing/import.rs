//! Embeddings of a table that other runs and machines made, in the place of photos (`build --embeddings`). They go into the cache, as
//! if they had been made here, one row at a time; in memory are a product's id, file and record.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use super::cache::EmbeddingCache;
use super::embed::{Item, Outcome};
use crate::catalogue::{LONGEST_ID, Skipped, normal};
use crate::embedding_table::{self, Row, network_name};
use crate::interrupt;
use crate::networks::{Networks, PhotoNetwork};

/// The embeddings of one network.
struct Role<'a> {
    /// What the table calls the network.
    name: String,
    dims: usize,
    cache: &'a mut EmbeddingCache,
    /// By id.
    found: BTreeMap<String, Item>,
}

impl<'a> Role<'a> {
    fn new(network: &PhotoNetwork, cache: &'a mut EmbeddingCache) -> Role<'a> {
        let (name, dims) = (network_name(network.identity()), network.dims());
        Role { name, dims, cache, found: BTreeMap::new() }
    }

    fn outcome(self) -> Outcome {
        Outcome { items: self.found.into_values().collect(), skipped: Vec::new(), embedded: 0 }
    }
}

/// Takes the embeddings of the tables `paths` into `cache` and, those of the network of the stored neighbours if it is one of its own,
/// into `own`. Gives what `embed` gives of photos, of either network.
///
/// A product may be in several rows, as runs that were repeated write them, if all are of the same photo; a row with an
/// embedding counts, not one with an error.
///
/// # Errors
/// If a table cannot be read, is of another network, or has two photos of a product; or the cache cannot be written.
pub fn import(
    paths: &[PathBuf],
    networks: &Networks,
    cache: &mut EmbeddingCache,
    own: Option<&mut EmbeddingCache>,
) -> anyhow::Result<(Outcome, Option<Outcome>)> {
    let mut roles = vec![Role::new(&networks.of_photos(), cache)];
    if let (Some(network), Some(cache)) = (networks.own(), own) {
        roles.push(Role::new(&network, cache));
    }
    let names = roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>().join(" and ");
    let mut errors: BTreeMap<String, Skipped> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for path in embedding_table::files(paths)? {
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
                    errors.entry(id).or_insert(Skipped { file: shown, reason });
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
            match role.found.entry(id) {
                Entry::Vacant(place) => {
                    let record = match role.cache.get(&photo) {
                        Some(record) => record,
                        None => role.cache.insert(photo, &described)?,
                    };
                    let (id, path) = (place.key().clone(), PathBuf::from(shown));
                    place.insert(Item { id, path, photo, thumbnail: None, record });
                }
                Entry::Occupied(other) if other.get().photo != photo => bail!(
                    "two photos are of product {}: {shown} and {}; leave one out",
                    other.key(),
                    other.get().path.display()
                ),
                Entry::Occupied(_) => {}
            }
            Ok(())
        })?;
    }
    for role in &roles {
        role.cache.sync()?;
    }
    let has = |role: &Role, id: &String| role.found.contains_key(id);
    for id in roles.iter().flat_map(|role| role.found.keys()) {
        if !roles.iter().all(|role| has(role, id)) {
            let reason = "it has an embedding of one of the two networks only".to_owned();
            errors.entry(id.clone()).or_insert(Skipped { file: id.clone(), reason });
        }
    }
    errors.retain(|id, _| !roles.iter().all(|role| has(role, id)));
    let mut outcomes = roles.into_iter().map(Role::outcome);
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
