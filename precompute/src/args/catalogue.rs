//! Options of the catalogue: where photos and what is said of products come from.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use url::Url;

use crate::catalogue::{ColumnNames, MatchIds, NamePattern, PhotoNames};
use crate::fetch::Limits;

/// Where photos and what is said of products come from.
#[derive(Args, Debug, Clone)]
#[command(group(ArgGroup::new("described").args(["items", "feed"])))]
pub struct CatalogueOptions {
    /// Folder with the photos, read recursively
    #[arg(value_name = "PHOTOS", required_unless_present_any = ["feed", "embeddings"], conflicts_with_all = ["feed", "embeddings"])]
    pub photos: Option<PathBuf>,
    /// Tables of embeddings that `embed` made, instead of photos: Parquet files, or folders of them. The folder has no thumbnails
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., conflicts_with_all = ["feed", "exclude"])]
    pub embeddings: Vec<PathBuf>,
    /// What the shop's system exports, instead of a folder and a table: Shopify, WooCommerce, Magento, BigCommerce, Google
    /// Merchant or Meta, products.json, a sitemap, or a list of pages; a file or an address. Photos are fetched into DIR.cache
    #[arg(long, value_name = "FILE|URL")]
    pub feed: Option<String>,
    /// A table of the products: id, and title, url, price, image and whatever else there is to show or filter by.
    /// CSV with a header (separated by commas, semicolons or tabs), JSON (an array, or objects a line), or an export as
    /// --feed takes it
    #[arg(long, value_name = "FILE")]
    pub items: Option<PathBuf>,
    /// Which columns are meant, where the table calls them otherwise, such as id=Handle,title=Title
    #[arg(long, value_name = "OURS=THEIRS,...", default_value = "", hide_default_value = true, value_parser = columns)]
    pub columns: ColumnNames,
    /// How ids of the table and of photos are compared
    #[arg(long, value_enum, default_value_t = MatchIds::Exact, requires = "items")]
    pub match_ids: MatchIds,
    /// Pass over files and folders: a name such as thumbs or *-back.jpg, or a path such as old/**; may be given more than once
    #[arg(long, value_name = "GLOB", conflicts_with = "feed")]
    pub exclude: Vec<String>,
    /// Photos that count of each product, the first ones: a product is as near as its nearest photo
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub photos_per_product: u8,
    /// Where a photo's place says its product's id, such as {id}/* or {id}_*, without the file name's ending. Left out: the file
    /// name, or where an id of --items is; and the folder, if photos in several are called 1 or front
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["feed", "embeddings"])]
    pub photo_names: Option<NamePattern>,
    /// The columns that everybody may read, on cards and in filters, beside title, url, price and image. Left out: the
    /// short ones whose names do not sound like costs, suppliers or margins
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', requires = "described")]
    pub publish: Option<Vec<String>>,
    /// The address that a feed's paths of photos are below, such as `https://shop.example/media/catalog/product`
    #[arg(long, value_name = "URL", requires = "feed")]
    pub image_base: Option<Url>,
    /// Where fetched photos are kept, by their addresses; DIR.cache/photos if left out
    #[arg(long, value_name = "DIR", requires = "feed")]
    pub photo_cache: Option<PathBuf>,
    /// Fetch no photo: take those that were fetched before
    #[arg(long, requires = "feed")]
    pub offline: bool,
    /// How this program asks servers
    #[command(flatten)]
    pub fetching: FetchOptions,
}

impl CatalogueOptions {
    /// How photos' places say whose they are, where products of these ids are known.
    pub fn names(&self, known: impl Iterator<Item = String>) -> PhotoNames {
        match &self.photo_names {
            Some(pattern) => PhotoNames::Pattern(pattern.clone()),
            None => PhotoNames::Found { known: known.collect() },
        }
    }
}

/// How this program asks servers.
#[derive(Args, Debug, Clone)]
pub struct FetchOptions {
    /// Requests to one host at once
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub connections: u8,
    /// How long a server may be silent, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub fetch_timeout: u16,
    /// Also ask machines of private networks, such as localhost and 192.168.1.2, and go through the environment's proxy
    #[arg(long)]
    pub allow_private: bool,
}

impl FetchOptions {
    /// For a client.
    pub fn limits(&self) -> Limits {
        Limits {
            connections: self.connections.into(),
            timeout: Duration::from_secs(self.fetch_timeout.into()),
            allow_private: self.allow_private,
        }
    }
}

/// Look at what a shop's system exports
#[derive(Subcommand, Debug)]
pub enum FeedCommand {
    /// Say what a feed is taken for and what would be made of it
    Inspect(InspectArguments),
}

/// Say what a feed is taken for and why, which column became what, what its first products are, and what is missing.
#[derive(Args, Debug)]
pub struct InspectArguments {
    /// A file or an address
    #[arg(value_name = "FILE|URL")]
    pub feed: String,
    /// Which columns are meant, where the feed calls them otherwise, such as id=SKU,title=Name
    #[arg(long, value_name = "OURS=THEIRS,...", default_value = "", hide_default_value = true, value_parser = columns)]
    pub columns: ColumnNames,
    /// How this program asks servers
    #[command(flatten)]
    pub fetching: FetchOptions,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

fn columns(text: &str) -> Result<ColumnNames, String> {
    if text.is_empty() { Ok(ColumnNames::default()) } else { text.parse() }
}
