//! The table of embeddings that `precompute embed` writes and `build --embeddings` reads, as Parquet or as an Arrow IPC stream. One
//! row a photo:
//!
//! | column | type | holds |
//! |---|---|---|
//! | `id` | utf8 | the product, as it came in |
//! | `file` | utf8 | the photo's file below the folder or in the archive, if there is one |
//! | `photo` | 32 bytes | SHA-256 of the photo's file |
//! | `width`, `height` | int32 | of the upright photo, in pixels |
//! | `colours` | 24 bytes | the colours of what is on it |
//! | `embedding` | list of float32, of a fixed length | the network's own, not adapted to a catalogue |
//! | `network` | utf8 | SHA-256 of the network, a dot, and the version of the pipeline: only embeddings of the same can be compared |
//! | `error` | utf8 | why the photo has no embedding; all columns from `photo` to `network` are then empty |
//!
//! Other programs may write it too, with lists and bytes of any length ([`Column`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use arrow_array::builder::{
    FixedSizeBinaryBuilder, FixedSizeListBuilder, Float32Builder, Int32Builder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use lookalike::colour::{self, Colours};
use lookalike::digest::Digest;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::arrow_columns::{Column, Kind};
use crate::caught::caught;
use crate::indexing::cache::{Described, PIPELINE};

/// Rows that are read at once.
const ROWS: usize = 1024;

/// A photo of the table.
pub struct Row {
    /// Its product.
    pub id: String,
    /// Its file, if it had one.
    pub file: Option<String>,
    /// Digest of its file, and what is known of it; or why there is nothing.
    pub description: Result<(Digest, Described), String>,
}

/// What the column `network` says of the network with that identity.
pub fn network_name(identity: Digest) -> String {
    format!("{}.{PIPELINE}", identity.hex())
}

/// The columns for embeddings of `dims` numbers.
pub fn schema(dims: usize) -> anyhow::Result<SchemaRef> {
    let column = |name: &str, kind: DataType| Field::new(name, kind, true);
    Ok(Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        column("file", DataType::Utf8),
        column("photo", DataType::FixedSizeBinary(32)),
        column("width", DataType::Int32),
        column("height", DataType::Int32),
        column("colours", DataType::FixedSizeBinary(colour::BYTES as i32)),
        column("embedding", DataType::FixedSizeList(number(), i32::try_from(dims)?)),
        column("network", DataType::Utf8),
        column("error", DataType::Utf8),
    ])))
}

/// The numbers of a list.
fn number() -> FieldRef {
    Arc::new(Field::new("element", DataType::Float32, false))
}

/// The rows as columns of `schema`, whose embeddings are of `dims` numbers of the network called `network`.
///
/// # Errors
/// If an embedding has another length.
pub fn batch(schema: &SchemaRef, dims: usize, network: &str, rows: &[Row]) -> anyhow::Result<RecordBatch> {
    let (mut ids, mut files, mut networks, mut errors) =
        (StringBuilder::new(), StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
    let (mut widths, mut heights) = (Int32Builder::new(), Int32Builder::new());
    let mut photos = FixedSizeBinaryBuilder::new(32);
    let mut colours = FixedSizeBinaryBuilder::new(colour::BYTES as i32);
    let mut embeddings =
        FixedSizeListBuilder::new(Float32Builder::new(), i32::try_from(dims)?).with_field(number());
    for Row { id, file, description } in rows {
        ids.append_value(id);
        files.append_option(file.as_deref());
        match description {
            Ok((photo, Described { size: [width, height], colours: found, embedding })) => {
                ensure!(embedding.len() == dims, "an embedding has {} numbers, not {dims}", embedding.len());
                photos.append_value(photo.0)?;
                widths.append_value(i32::try_from(*width)?);
                heights.append_value(i32::try_from(*height)?);
                colours.append_value(found.as_bytes())?;
                embeddings.values().append_slice(embedding);
                embeddings.append(true);
                networks.append_value(network);
                errors.append_null();
            }
            Err(reason) => {
                photos.append_null();
                widths.append_null();
                heights.append_null();
                colours.append_null();
                // A list of a fixed length has its numbers even where it is none.
                embeddings.values().append_slice(&vec![0.0; dims]);
                embeddings.append(false);
                networks.append_null();
                errors.append_value(reason);
            }
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        Arc::new(files.finish()),
        Arc::new(photos.finish()),
        Arc::new(widths.finish()),
        Arc::new(heights.finish()),
        Arc::new(colours.finish()),
        Arc::new(embeddings.finish()),
        Arc::new(networks.finish()),
        Arc::new(errors.finish()),
    ];
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// The Parquet files that `paths` name: files, and folders of them. Of a folder those that end in `.parquet` and are not hidden,
/// at any depth, in the order of their names.
///
/// # Errors
/// If a folder cannot be read or has none.
pub fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        // Spark's names of what is not finished, or no data, begin with an underscore or a dot.
        let is_shown = |name: &std::ffi::OsStr| !matches!(name.as_encoded_bytes().first(), Some(b'.' | b'_'));
        let entries = walkdir::WalkDir::new(path).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() == 0 || is_shown(entry.file_name())) {
            let entry = entry.with_context(|| format!("reading {}", path.display()))?;
            let is_parquet = entry.path().extension().is_some_and(|ending| ending == "parquet");
            if is_parquet && entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
        ensure!(files.len() > before, "{} has no file that ends in .parquet", path.display());
    }
    Ok(files)
}

/// Hands the rows of the Parquet file at `path` to `each`, with the name of the network of those that have an embedding.
///
/// # Errors
/// If the file cannot be read or is no table of embeddings; and that of `each`.
pub fn read(path: &Path, mut each: impl FnMut(Row, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let reading = || format!("reading {}", path.display());
    let names = ["id", "file", "photo", "width", "height", "colours", "embedding", "network", "error"];
    for batch in batches(path, &names, ROWS).with_context(reading)? {
        let batch = batch.with_context(reading)?;
        let columns = Columns::of(&batch).with_context(reading)?;
        for row in 0..batch.num_rows() {
            let (row, network) = columns.row(row).with_context(reading)?;
            each(row, &network).with_context(reading)?;
        }
    }
    Ok(())
}

/// The columns `names` of the Parquet file at `path`, or all columns if one of these is not there, in batches of at most `rows` rows.
///
/// # Errors
/// If the file cannot be read.
pub fn batches(
    path: &Path,
    names: &[&str],
    rows: usize,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<RecordBatch>> + use<>> {
    let file = File::open(path)?;
    ensure!(!fs::metadata(path)?.is_dir(), "it is a folder");
    let refused = |panic: String| anyhow::anyhow!("it is damaged: {panic}");
    let mut reader = caught(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let schema = builder.parquet_schema();
        let roots = schema.root_schema().get_fields().iter().enumerate();
        let wanted = roots.filter(|(_, field)| names.contains(&field.name())).map(|(root, _)| root);
        let wanted: Vec<usize> = wanted.collect();
        // If one is missing, whoever misses it says which columns there are.
        let all = wanted.len() == names.len();
        let mask = if all { ProjectionMask::roots(schema, wanted) } else { ProjectionMask::all() };
        anyhow::Ok(builder.with_projection(mask).with_batch_size(rows).build()?)
    })
    .map_err(refused)??;
    // After an error or a panic the reader is not asked again.
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let next = match caught(|| reader.next()) {
            Ok(next) => next.map(|batch| batch.map_err(anyhow::Error::from)),
            Err(panic) => Some(Err(refused(panic))),
        };
        ended = !matches!(next, Some(Ok(_)));
        next
    }))
}

struct Columns<'a> {
    id: Column<'a>,
    file: Option<Column<'a>>,
    photo: Column<'a>,
    size: [Column<'a>; 2],
    colours: Column<'a>,
    embedding: Column<'a>,
    network: Column<'a>,
    error: Option<Column<'a>>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> anyhow::Result<Columns<'a>> {
        let get = |name, kind| Column::get(batch, name, kind);
        Ok(Columns {
            id: get("id", Kind::Text)?,
            file: Column::find(batch, "file", Kind::Text)?,
            photo: get("photo", Kind::Bytes)?,
            size: [get("width", Kind::Whole)?, get("height", Kind::Whole)?],
            colours: get("colours", Kind::Bytes)?,
            embedding: get("embedding", Kind::Floats)?,
            network: get("network", Kind::Text)?,
            error: Column::find(batch, "error", Kind::Text)?,
        })
    }

    fn row(&self, row: usize) -> anyhow::Result<(Row, String)> {
        let id = self.id.text(row).context("a row has no id")?;
        let file = self.file.as_ref().and_then(|file| file.text(row));
        if let Some(error) = self.error.as_ref().and_then(|error| error.text(row)) {
            return Ok((Row { id, file, description: Err(error) }, String::new()));
        }
        let Some((described, network)) = self.description(row) else {
            bail!(
                "the row of product {id} is not whole: it has neither an error nor all of photo, width, height, colours, \
                   embedding and network"
            );
        };
        ensure!(
            described.1.embedding.iter().all(|value| value.is_finite()),
            "the embedding of product {id} has a number that is not finite"
        );
        Ok((Row { id, file, description: Ok(described) }, network))
    }

    fn description(&self, row: usize) -> Option<((Digest, Described), String)> {
        let side = |column: &Column| u32::try_from(column.whole(row)?).ok().filter(|side| *side > 0);
        let size = [side(&self.size[0])?, side(&self.size[1])?];
        let photo = Digest(self.photo.bytes(row)?.try_into().ok()?);
        let colours = Colours::from_bytes(self.colours.bytes(row)?.try_into().ok()?)?;
        let described = Described { size, colours, embedding: self.embedding.floats(row)? };
        Some(((photo, described), self.network.text(row)?))
    }
}
