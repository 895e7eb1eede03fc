//! The command line of `eval`. Doc comments here are the help texts.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::weight;

/// Measure how good a folder's neighbours are, by labels and groups that are known.
///
/// Of the same group: the share of products with another of their group that have one among the k nearest of all. precision@k: the share of a product's k nearest that have its label, averaged over the products of each label, then
/// over the labels, so that rare ones count as much. recall@10: the share of a product's 10 exact nearest that are found
/// by the codes alone, as a photo brought by a shopper is ranked. A table says what codes of each size find, alone and
/// with the refinement. Read from DIR.cache, which `build` keeps beside the folder.
#[derive(Args, Debug)]
pub struct EvalArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
    /// A table of the products and its column with the label: items.csv:label. Products without a label are searched
    /// but not asked for
    #[arg(long, value_name = "FILE:COLUMN", value_parser = table_column)]
    pub labels: Option<TableColumn>,
    /// Only the recall of the codes, and what a query loads of a folder with partitions, each asked for by so many products,
    /// evenly spaced: for catalogues too large to ask for all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["labels", "group", "codes"])]
    pub sample: Option<u32>,
    /// A column that says which products belong together, such as photos of one product: FILE:COLUMN, or another column of the
    /// table of labels; the photos of a product, if products have several and this is left out. Tells how often one of the same group is among the nearest, and precision if there are labels, with
    /// and without adaptation to the catalogue and colour; neighbours of the same group are left out of precision
    #[arg(long, value_name = "[FILE:]COLUMN")]
    pub group: Option<String>,
    /// How much colour counts where groups are measured with it, from 0 to 1, such as 0.1,0.25,0.5. Left out: as in the
    /// folder's neighbours
    #[arg(long, value_name = "WEIGHT,...", value_delimiter = ',', value_parser = weight)]
    pub colour: Vec<f64>,
    /// Also measure codes of so many bytes a product, such as 32,64,96; `build --code-bytes` makes a folder of such
    #[arg(long, value_name = "BYTES,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(16..=256))]
    pub codes: Vec<u16>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

impl EvalArguments {
    /// The column that `--group` names, if it was given.
    ///
    /// # Errors
    /// When it names no table, and neither does `--labels`.
    pub fn group_column(&self) -> anyhow::Result<Option<TableColumn>> {
        let Some(group) = &self.group else { return Ok(None) };
        match (table_column(group), &self.labels) {
            (Ok(column), Some(_)) if column.file.is_file() => Ok(Some(column)),
            (_, Some(labels)) => Ok(Some(TableColumn { file: labels.file.clone(), column: group.clone() })),
            (Ok(column), None) => Ok(Some(column)),
            (Err(error), None) => bail!("--group: {error}"),
        }
    }
}

/// A column of a table of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// The table.
    pub file: PathBuf,
    /// The column's name.
    pub column: String,
}

fn table_column(text: &str) -> Result<TableColumn, String> {
    match text.rsplit_once(':') {
        Some((file, column)) if !file.is_empty() && !column.is_empty() => {
            Ok(TableColumn { file: file.into(), column: column.to_owned() })
        }
        _ => Err("give a file and one of its columns, such as items.csv:category".to_owned()),
    }
}
