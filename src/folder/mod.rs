//! The static folder's files, each written and read in one place. The specification:
#![doc = include_str!("FORMAT.md")]

mod cards;
mod columns;
mod manifest;
mod neighbours;

pub use cards::{Card, PRODUCTS_PER_SHARD, card_shard_name, read_card_shard, write_card_shard};
pub use columns::{ColumnSummary, Columns, Summary};
pub use manifest::{
    CardsEntry, FileEntry, Header, Manifest, NeighboursEntry, NeighboursNetwork, NetworkEntry,
    PartitionsEntry, ProductsEntry, WidgetEntry,
};
pub use neighbours::{
    NeighbourShard, Row, read_neighbour_shard, shard_count, shard_of, write_neighbour_shard,
};
