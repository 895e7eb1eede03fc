//! Lookalike: "more like this" for shops that have product photos and static hosting.
//!
//! One crate, two products: the native program `precompute` and the browser's wasm module call the same modules, so the
//! same photo gets the same embedding on both sides. Data flows one way and a module knows only those above it:
//!
//! | module | holds |
//! |---|---|
//! | [`digest`] | the two hashes of the folder: SHA-256 of parts, FNV-1a of shards |
//! | [`mod@format`] | checked reading, and why a file is refused |
//! | `ivf` | the partitions that a large catalogue is cut into: centroids, what is loaded, their files |
//! | [`rans`] | entropy coding, of codes and of a network's weights |
//! | [`photo`] | bytes of a picture to upright 8-bit RGB, and the filtered resize |
//! | [`network`] | preprocessing, the compiled network's description and weights, and running it |
//! | [`embedding`] | the vector of one photo, its adaptation to a catalogue, and the exact distances between two |
//! | [`colour`] | the colours of one photo, and how far two are apart |
//! | [`codes`] | quantised embeddings |
//! | [`attributes`] | what a shop knows of its products, and filters over it |
//! | [`rank`] | distances of items to a query, approximate and rescored, and the nearest of many |
//! | [`rules`] | filters, groups, boosts and diversity applied to ranked candidates |
//! | [`folder`] | the static folder's files, written and read side by side (`FORMAT.md`) |
//! | [`search`] | where a query is answered, step by step, natively and in the browser |
//! | `browser` | the only module that knows JavaScript |

pub mod attributes;
#[cfg(all(target_arch = "wasm32", any(feature = "rank", feature = "embed")))]
pub mod browser;
pub mod codes;
pub mod colour;
pub mod digest;
pub mod embedding;
pub mod folder;
pub mod format;
#[cfg(feature = "ivf")]
pub mod ivf;
#[cfg(feature = "embed")]
pub mod network;
#[cfg(feature = "embed")]
pub mod photo;
pub mod rank;
pub mod rans;
pub mod rules;
pub mod search;
#[cfg(test)]
mod test_rng;
