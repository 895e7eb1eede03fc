//! `cards-<hash>/<shard>.json`: what is shown of each product.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::format::FormatError;

/// Products in a shard of cards, and on average in one of neighbours, unless the number of files is limited. At some 150
/// bytes a card, a shard of cards is 2.4 KB, under 1 KB compressed: a page's dozen neighbours then cost about 10 KB wherever
/// they are. With 20 neighbours by each of three metrics, a shard of neighbours is 8 KB.
pub const PRODUCTS_PER_SHARD: u32 = 16;

/// What is shown of one product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The product's id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its page, relative to the page that shows the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its price as the shop writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// A small picture, relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    /// Pixels across of the thumbnail.
    pub width: u32,
    /// Pixels down of the thumbnail.
    pub height: u32,
    /// The shop's own picture, relative to the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The photo of the product that this item is, as `image` has it or as its file is called, if it is not the primary one, which
    /// the rest of the card is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Every further column of `items.csv`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// The file name of shard `shard` within the cards' folder.
pub fn card_shard_name(shard: u32) -> String {
    format!("{shard}.json")
}

/// The text of a shard of cards, which are in item order.
pub fn write_card_shard(cards: &[Card]) -> Vec<u8> {
    serde_json::to_vec(cards).expect("a card has only strings and numbers")
}

/// Reads a shard.
///
/// # Errors
/// [`FormatError`] when it is not a list of cards.
pub fn read_card_shard(text: &[u8]) -> Result<Vec<Card>, FormatError> {
    serde_json::from_slice(text).map_err(|error| FormatError::Value(format!("is damaged: {error}")))
}
