//! Getting feeds and photos from a shop, politely: [`client`] asks, [`addresses`] says where it may go, [`cache`] keeps
//! photos by their addresses, and [`photos`] gets all of a feed's through both.
//!
//! A feed is somebody else's text, and a build often runs inside a network that others cannot reach: an address in it must
//! not make this program ask the machines of that network (server-side request forgery).

mod addresses;
mod cache;
mod client;
mod photos;
mod progress;

pub use client::{Client, Limits};
pub use photos::{Counts, fetch_photos};
