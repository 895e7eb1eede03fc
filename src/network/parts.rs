//! A network's weights cut into parts of at most 4 MiB, and put together again part by part.

use super::description::{Description, PartEntry};
use super::weights::{Weights, decode};
use super::{Network, NetworkError};
use crate::digest::Digest;
use crate::format::{FormatError, verify};

/// The largest part: a download that can be retried, shown as progress and cached by every host and browser.
pub const PART_BYTES: usize = 4 << 20;

/// The largest network that is accepted, 2 GiB: more does not fit the memory of wasm32 beside what it is run with.
const LARGEST_NETWORK: u64 = 2 << 30;

/// Cuts `tensors`, each the stored bytes of a tensor in the description's order, into parts; enters the parts in
/// `description` and gives them to `write` as (file name, content).
///
/// # Errors
/// Those of `write`.
pub fn write_parts<E>(
    description: &mut Description,
    tensors: impl IntoIterator<Item = Vec<u8>>,
    mut write: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut parts = Vec::new();
    let mut close = |content: &[u8]| {
        let path = format!("part-{:03}.bin", parts.len());
        parts.push(PartEntry {
            path: path.clone(),
            bytes: content.len() as u64,
            sha256: Digest::of(content).hex(),
        });
        write(&path, content)
    };
    let mut pending = Vec::new();
    for tensor in tensors {
        pending.extend_from_slice(&tensor);
        while pending.len() >= PART_BYTES {
            let rest = pending.split_off(PART_BYTES);
            close(&pending)?;
            pending = rest;
        }
    }
    if !pending.is_empty() {
        close(&pending)?;
    }
    description.parts = parts;
    Ok(())
}

/// A network that is being put together: parts come in any order, each goes straight to the tensors it holds.
pub struct Loader {
    description: Description,
    /// The stored bytes of each tensor.
    tensors: Vec<Vec<u8>>,
    arrived: Vec<bool>,
    identity: Digest,
}

impl Loader {
    /// Reads `network.json`, whose SHA-256 is `sha256`. Allocates the tensors.
    ///
    /// # Errors
    /// [`FormatError`] when it is refused.
    pub fn new(description: &[u8], sha256: &str) -> Result<Loader, FormatError> {
        verify(description, sha256)?;
        let identity = Digest::of(description);
        let description = Description::read(description)?;
        // A tensor that several layers read may be in memory once for each of them.
        let uses = description.uses_of_tensors();
        let unpacked = description.tensors.iter().zip(uses).try_fold(0u64, |sum, (tensor, uses)| {
            let bytes = (tensor.unpacked_bytes()? as u64).checked_mul(uses.max(1) as u64)?;
            sum.checked_add(bytes)
        });
        let total = unpacked.unwrap_or(u64::MAX);
        if total > LARGEST_NETWORK {
            return Err(FormatError::Value(format!("is a network of {total} bytes, over {LARGEST_NETWORK}")));
        }
        let tensors = description
            .tensors
            .iter()
            .map(|entry| vec![0; entry.bytes().expect("Description::read added the sizes up")])
            .collect();
        let arrived = vec![false; description.parts.len()];
        Ok(Loader { description, tensors, arrived, identity })
    }

    /// What `network.json` says.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Takes in part number `index`.
    ///
    /// # Errors
    /// [`FormatError`] when it has another length or digest than `network.json` says, or there is no such part.
    pub fn part(&mut self, index: usize, content: &[u8]) -> Result<(), FormatError> {
        let Some(part) = self.description.parts.get(index) else {
            return Err(FormatError::Value(format!("has no part {index}")));
        };
        if content.len() as u64 != part.bytes {
            return Err(FormatError::Length { expected: part.bytes, found: content.len() as u64 });
        }
        verify(content, &part.sha256)?;
        let mut offset: usize = self.description.parts[..index].iter().map(|part| part.bytes as usize).sum();
        let mut content = content;
        for tensor in &mut self.tensors {
            if content.is_empty() {
                break;
            }
            if offset >= tensor.len() {
                offset -= tensor.len();
                continue;
            }
            let here = content.len().min(tensor.len() - offset);
            tensor[offset..offset + here].copy_from_slice(&content[..here]);
            content = &content[here..];
            offset = 0;
        }
        self.arrived[index] = true;
        Ok(())
    }

    /// The network, once every part is there.
    ///
    /// # Errors
    /// [`NetworkError`] when a part is missing or the network cannot be built.
    pub fn finish(mut self) -> Result<Network, NetworkError> {
        if let Some(missing) = self.arrived.iter().position(|arrived| !arrived) {
            return Err(NetworkError::MissingPart(self.description.parts[missing].path.clone()));
        }
        let mut tensors = std::mem::take(&mut self.tensors);
        let entries = self.description.tensors.clone();
        let mut uses = self.description.uses_of_tensors();
        // The last layer that reads a tensor takes its bytes: most are large and read once.
        let weights = move |index: usize| -> Result<Weights, FormatError> {
            uses[index] = uses[index].saturating_sub(1);
            let is_last = uses[index] == 0;
            let bytes = if is_last { std::mem::take(&mut tensors[index]) } else { tensors[index].clone() };
            decode(bytes, &entries[index])
        };
        Network::build(self.description, self.identity, weights)
    }
}
