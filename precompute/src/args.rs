//! The command line. Doc comments here are the help texts.

mod catalogue;
mod embed;
mod eval;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use lookalike::embedding::Metric;
use lookalike::photo::Crop;
use lookalike::rules::Rules;
use serde::Serialize;

use crate::indexing::partitions::PartitionCount;
pub use catalogue::{CatalogueOptions, FeedCommand, InspectArguments};
pub use embed::EmbedArguments;
pub use eval::{EvalArguments, TableColumn};

mod network;
mod publish;

pub use network::{NetworkOptions, NetworksArguments, PreprocessingName, WeightsName};
pub use publish::{HostName, PublishArguments, PublishOptions};

/// "More like this" for a shop with product photos and static hosting.
///
/// Embeds a catalogue of photos and writes a static folder: every product's nearest neighbours, what ranks a shopper's
/// own photo in the browser, and the element that shows both.
#[derive(Parser, Debug)]
#[command(name = "precompute", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Embed the photos of a feed or of a folder and write the static folder
    Build(Box<BuildArguments>),
    /// Embed photos into a table, a share of a catalogue at a time: the unit of work of Spark, Ray and piles of machines
    Embed(Box<EmbedArguments>),
    /// Look at what a shop's system exports
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Print the nearest neighbours of a product or of a photo
    Query(QueryArguments),
    /// Measure how good a folder's neighbours are, by labels and groups that are known
    Eval(EvalArguments),
    /// Write the full-precision embeddings for other tools: NumPy, Parquet
    Export(ExportArguments),
    /// Publish a finished folder to another place, manifest.json last
    Publish(PublishArguments),
    /// Check every file of a folder against the manifest
    Verify(VerifyArguments),
    /// Show the folder in the demo shop on this machine
    Serve(ServeArguments),
    /// Compile networks
    #[command(subcommand)]
    Model(ModelCommand),
    /// Draw a catalogue of product photos to try things with
    Sample(SampleArguments),
}

/// Embed the photos of a feed or of a folder and write the static folder.
///
/// With what a shop has: precompute build --feed products_export.csv --out site/lookalike
///
/// Of a folder, a product's id is its photo's file name without the ending (875317.jpg is 875317). Photos may be JPEG, PNG, WebP,
/// GIF, BMP or TIFF, in folders of any depth. A photo that cannot be read or is of one colour is skipped and listed; hidden folders, copies in
/// other sizes and formats, and what this program writes itself are passed over. Embeddings are kept in
/// DIR.cache by the photo's content, so that a second run, or one after an interruption, embeds only what is new.
#[derive(Args, Debug, Clone)]
pub struct BuildArguments {
    /// Where photos and what is said of products come from
    #[command(flatten)]
    pub catalogue: CatalogueOptions,
    /// The static folder to publish to; replaced as a whole when all is done, or file by file, manifest.json last, if it is
    /// a mount point. A link is followed
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub networks: NetworksArguments,
    /// How many neighbours to store for each product and metric
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub neighbours: u32,
    /// Adapt embeddings to the catalogue, which finds more photos of the same product: auto (from 100 different photos on),
    /// or off (distances are between the network's own embeddings)
    #[arg(long, value_enum, default_value_t = AdaptName::Auto)]
    pub adapt: AdaptName,
    /// How much colour counts in the stored neighbours, from 0 (the network alone) to 1 (colour first)
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0, value_parser = weight)]
    pub colour: f64,
    /// Of products with the same value in this column, such as one tee in several colours, only the nearest is a stored
    /// neighbour, and none is one of another; a feed's own groups if left out
    #[arg(long, value_name = "COLUMN", requires = "described")]
    pub group: Option<String>,
    /// Count photos that look the same, which are always listed in the result, as one too
    #[arg(long)]
    pub fold_duplicates: bool,
    /// Bytes of a product's code, in the mean: fewer load faster and rank worse, and `eval --codes` tells how much worse
    #[arg(long, value_name = "BYTES", default_value_t = 128, value_parser = clap::value_parser!(u16).range(16..=256))]
    pub code_bytes: u16,
    /// Cut the codes into so many partitions, about, of which a search by photo loads only the nearest: auto (from 50,001
    /// products on, one for 256 each), never, or a number
    #[arg(long, value_name = "COUNT", default_value = "auto", value_parser = PartitionCount::parse)]
    pub partitions: PartitionCount,
    /// Address of the folder with the original photos as pages see it, such as /images/; cards then carry it
    #[arg(long, value_name = "URL")]
    pub images: Option<String>,
    /// Write no thumbnails; cards then show the originals, so --images or an image column is needed
    #[arg(long)]
    pub no_thumbnails: bool,
    /// Also write each product's neighbours as a piece of HTML with plain links, fragments/ID.html, for a site generator to
    /// put inside the element: what visitors without JavaScript see. The value is the address of this folder as pages
    /// see it, such as /lookalike/
    #[arg(long, value_name = "URL")]
    pub fragments: Option<String>,
    /// Most files that the folder may have, where a host has a limit (20,000 on Cloudflare's free plan): neighbours and cards are
    /// then written to larger files, of which a page reads more
    #[arg(long, value_name = "N")]
    pub max_files: Option<usize>,
    /// Also take embeddings from this cache, of another folder, of `embed --cache`, or of another machine; may be given more than
    /// once. It is only read
    #[arg(long = "cache", value_name = "DIR")]
    pub caches: Vec<PathBuf>,
    /// Number of threads; as many as there are processors if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// How long a photo may take to be read and decoded, in seconds; one that takes longer is skipped
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = publish::seconds)]
    pub photo_timeout: Duration,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub publish: PublishOptions,
    /// Fail if any photo was skipped (the folder is not replaced)
    #[arg(long)]
    pub strict: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Whether embeddings are adapted to the catalogue.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdaptName {
    /// If there are enough different photos
    Auto,
    /// Never
    Off,
}

fn weight(text: &str) -> Result<f64, String> {
    let weight = text.parse().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

/// Print the nearest neighbours of a product or of a photo.
///
/// Of a product: the exact neighbours stored in the folder. Of a photo, or with a rule: ranked on the codes, as the
/// browser does it; a photo is embedded by the folder's network.
#[derive(Args, Debug)]
pub struct QueryArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
    /// What to find neighbours of
    #[command(flatten)]
    pub of: QueryOf,
    /// The part of the photo that matters: left edge, top edge, width and height, in fractions of the upright photo
    #[arg(long, value_name = "X,Y,WIDTH,HEIGHT", requires = "photo", value_parser = crop, allow_hyphen_values = true)]
    pub crop: Option<Crop>,
    /// How distance is measured
    #[arg(long, value_enum, default_value_t = MetricName::Cosine)]
    pub metric: MetricName,
    /// How many neighbours
    #[arg(short, value_name = "K", default_value_t = 5)]
    pub k: usize,
    /// How much colour counts, from 0 (the network alone) to 1 (colour first)
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    pub colour: Option<f64>,
    /// Only products that this lets through, such as: colour=red|blue price<20 !brand="Foo Bar" (size=S or size=M)
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Never this product; may be given more than once
    #[arg(long, value_name = "ID")]
    pub exclude: Vec<String>,
    /// Of products with the same value in this column only the nearest
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// Multiply the distances of some products: 0.8:stock>0 lifts those in stock; may be given more than once
    #[arg(long, value_name = "FACTOR:FILTER")]
    pub boost: Vec<String>,
    /// How unlike each other the chosen should be, from 0 (the nearest) to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = weight)]
    pub diversity: f64,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Also draw the neighbours' thumbnails side by side into a PNG
    #[arg(long, value_name = "OUT.png")]
    pub sheet: Option<PathBuf>,
}

impl QueryArguments {
    /// What the options say of whom to choose.
    ///
    /// # Errors
    /// When a filter or a boost cannot be read.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let filter = self.filter.as_ref().map(|text| text.parse().context("--filter")).transpose()?;
        let boost = self.boost.iter().map(|text| text.parse().context("--boost"));
        Ok(Rules {
            filter,
            exclude: self.exclude.clone(),
            group: self.group.clone(),
            boost: boost.collect::<anyhow::Result<_>>()?,
            diversity: self.diversity,
        })
    }
}

/// A product of the folder, or a photo.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct QueryOf {
    /// Id of a product of the folder
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,
    /// A photo
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
}

fn crop(text: &str) -> Result<Crop, String> {
    let sides: Result<Vec<f64>, _> = text.split(',').map(|side| side.trim().parse()).collect();
    let sides = sides.ok().and_then(|sides| sides.try_into().ok());
    let sides = sides.ok_or("give four numbers, such as 0.25,0.1,0.5,0.8")?;
    Crop::new(sides).map_err(|error| error.to_string())
}

/// Write the full-precision embeddings for other tools.
///
/// In item order, and read from DIR.cache, which `build` keeps beside the folder. They are those that distances are measured
/// on: adapted to the catalogue, unless the folder was built with `--adapt off` or of too few photos.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("files").args(["npy", "parquet"]).required(true).multiple(true)))]
pub struct ExportArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
    /// A NumPy file: f32 of shape [items, dimensions]; and the ids, one a line, in OUT.ids.txt beside it
    #[arg(long, value_name = "OUT.npy")]
    pub npy: Option<PathBuf>,
    /// A Parquet file, for pandas, DuckDB and the like: columns id (text) and embedding (list of f32)
    #[arg(long, value_name = "OUT.parquet")]
    pub parquet: Option<PathBuf>,
    /// The network's own embeddings, not adapted to the catalogue
    #[arg(long)]
    pub raw: bool,
    /// The embeddings of --photo-model, which codes are of, if the stored neighbours are of another network
    #[arg(long)]
    pub of_photos: bool,
}

/// Check every file of a folder against the manifest.
#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
}

/// Show the folder in the demo shop on this machine.
#[derive(Args, Debug)]
pub struct ServeArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
    /// Port on the loopback address; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Folder with the original photos, served as /photos/
    #[arg(long, value_name = "PHOTOS")]
    pub photos: Option<PathBuf>,
}

/// Compile networks.
#[derive(Subcommand, Debug)]
pub enum ModelCommand {
    /// Compile an ONNX network for `build --model` and the browser
    Compile(CompileArguments),
}

/// Compile an ONNX network for `build --model` and the browser.
///
/// The network takes one picture, f32 [1, 3, height, width], and its output is flattened to the embedding.
#[derive(Args, Debug)]
pub struct CompileArguments {
    /// The network
    #[arg(value_name = "NETWORK.onnx")]
    pub network: PathBuf,
    /// Name of the value to take as the embedding. Left out: the output called "features", else what the last dense
    /// layer reads (VGG-16's fc7)
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: NetworkOptions,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Draw a catalogue of product photos to try things with.
///
/// Writes DIR/photos and DIR/items.csv. The same seed gives the same bytes.
#[derive(Args, Debug)]
pub struct SampleArguments {
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many products
    #[arg(long, default_value_t = 600)]
    pub count: usize,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// How distance is measured.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricName {
    /// 1 - cosine
    Cosine,
    /// L2
    Euclidean,
    /// L1
    Manhattan,
}

impl From<MetricName> for Metric {
    fn from(name: MetricName) -> Metric {
        match name {
            MetricName::Cosine => Metric::Cosine,
            MetricName::Euclidean => Metric::Euclidean,
            MetricName::Manhattan => Metric::Manhattan,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
