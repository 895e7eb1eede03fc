//! Options of `precompute embed`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lookalike::folder::shard_of;

use super::publish::seconds;
use super::{NetworksArguments, PreprocessingName};
use crate::catalogue::NamePattern;

/// Embed photos into a table, a share of a catalogue at a time.
///
/// The unit of work of Spark, Ray and piles of machines: each embeds a share, and `build --embeddings` makes the folder of all.
/// Embeddings are those that `build` makes, bit for bit. A photo that cannot be embedded has a row with the reason; it ends
/// nothing.
#[derive(Args, Debug)]
pub struct EmbedArguments {
    /// A folder of photos; a .tar of photos, as webdataset has them; a .parquet file with columns of ids and photos; or - for
    /// an Arrow IPC stream of such columns on standard input
    #[arg(value_name = "PHOTOS")]
    pub photos: PathBuf,
    /// The table: a .parquet file, written whole or not at all, or - for an Arrow IPC stream on standard output, a batch as
    /// soon as it is done
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// Only share I of N, counted from 0: the products whose ids have an FNV-1a hash (32 bits, of the id in UTF-8) that leaves I when
    /// divided by N
    #[arg(long, value_name = "I/N", value_parser = Part::parse)]
    pub part: Option<Part>,
    /// The column of ids of a Parquet file or stream: text, or whole numbers
    #[arg(long, value_name = "NAME", default_value = "id")]
    pub id_column: String,
    /// The column of photos of a Parquet file or stream: their files' bytes, or a structure with a field `bytes`
    #[arg(long, value_name = "NAME", default_value = "photo")]
    pub photo_column: String,
    /// Of a folder, pass over files and folders, as `build --exclude`
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Of a folder, photos that are embedded of each product, as `build --photos-per-product`
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub photos_per_product: u8,
    /// Of a folder, where a photo's place says its product's id, as `build --photo-names`
    #[arg(long, value_name = "PATTERN")]
    pub photo_names: Option<NamePattern>,
    /// The network, as `build --model` has it
    #[arg(long, value_name = "NETWORK", default_value = "slim")]
    pub model: String,
    /// The value of an ONNX file to take as the embedding, as `model compile --output`
    #[arg(long, value_name = "NAME")]
    pub model_output: Option<String>,
    /// How pixels become the input of an ONNX file, as `model compile --preprocessing`
    #[arg(long, value_enum)]
    pub model_preprocessing: Option<PreprocessingName>,
    /// Also keep embeddings in this folder, by the photo's content: the same command goes on where it ended, and
    /// `build --cache` takes them
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Number of threads; as many as there are processors if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// How long a photo may take to be read and decoded, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub photo_timeout: Duration,
}

impl EmbedArguments {
    /// The network as `build` would open it.
    pub fn networks(&self) -> NetworksArguments {
        NetworksArguments {
            model: self.model.clone(),
            photo_model: None,
            model_output: self.model_output.clone(),
            model_preprocessing: self.model_preprocessing,
        }
    }

    /// Whether the product `id` is in the share that is wanted.
    pub fn wants(&self, id: &str) -> bool {
        self.part.is_none_or(|part| part.has(id))
    }
}

/// A share of the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    index: u32,
    of: u32,
}

impl Part {
    fn parse(text: &str) -> Result<Part, String> {
        let numbers =
            text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        let part = numbers.map(|(index, of)| Part { index, of }).filter(|part| part.index < part.of);
        part.ok_or_else(|| "give a share and how many there are, such as 0/4, 1/4, 2/4 or 3/4".to_owned())
    }

    /// Whether the product `id` is in it.
    fn has(self, id: &str) -> bool {
        shard_of(id, self.of) == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_in_one_share() -> Result<(), String> {
        let parts = (0..7).map(|index| Part::parse(&format!("{index}/7"))).collect::<Result<Vec<_>, _>>()?;
        let mut sizes = [0; 7];
        for number in 0..7000 {
            let id = format!("product {number}");
            let having: Vec<usize> = (0..7).filter(|part| parts[*part].has(&id)).collect();
            assert_eq!(having.len(), 1, "{id}");
            sizes[having[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (800..1200).contains(size)), "{sizes:?}");
        // The reference's own values (isthe.com/chongo/tech/comp/fnv): fnv1a32("foobar") is 0xbf9cf968.
        assert!(Part { index: 0xbf9c_f968 % 1000, of: 1000 }.has("foobar"));
        for wrong in ["", "1", "4/4", "-1/4", "1/0", "a/b", "1/2/3"] {
            assert!(Part::parse(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }
}
