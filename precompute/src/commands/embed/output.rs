//! Where the table of embeddings goes: a Parquet file, which is there whole or not at all, or an Arrow IPC stream, whose end mark
//! says that it is whole.

use std::fs::{self, File};
use std::io::{IsTerminal, Stdout, Write, stdout};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Rows of a row group of Parquet, which is in memory until it is written.
const ROWS: usize = 4096;

/// A table that is being written.
pub enum Output {
    /// A Parquet file.
    Parquet(ParquetOutput),
    /// Standard output.
    Stream(StreamWriter<Stdout>),
}

impl Output {
    /// A table of the columns `schema`: standard output if `to` is `-`, else a Parquet file.
    ///
    /// # Errors
    /// If it cannot be written, `to` does not end in `.parquet`, or standard output is a terminal.
    pub fn open(to: &Path, schema: &SchemaRef) -> anyhow::Result<Output> {
        if to == Path::new("-") {
            ensure!(
                !stdout().is_terminal(),
                "the table is no text for a terminal: send it to a file or a program, or give --out FILE.parquet"
            );
            return Ok(Output::Stream(StreamWriter::try_new(stdout(), schema)?));
        }
        let is_parquet = to.extension().is_some_and(|ending| ending == "parquet");
        ensure!(is_parquet, "--out {}: give a file that ends in .parquet, or - for a stream", to.display());
        ParquetOutput::create(to, schema).map(Output::Parquet)
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Output::Parquet(file) => file.write(batch),
            Output::Stream(writer) => {
                writer.write(batch).and_then(|()| writer.flush()).context("writing to standard output")
            }
        }
    }

    /// Ends the table.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Output::Parquet(file) => file.finish(),
            Output::Stream(mut writer) => {
                writer.finish().and_then(|()| writer.flush()).context("writing to standard output")
            }
        }
    }
}

/// A Parquet file under another name beside its place.
pub struct ParquetOutput {
    writer: Option<ArrowWriter<File>>,
    unfinished: PathBuf,
    to: PathBuf,
}

impl ParquetOutput {
    fn create(to: &Path, schema: &SchemaRef) -> anyhow::Result<ParquetOutput> {
        let Some(name) = to.file_name().and_then(|name| name.to_str()) else {
            bail!("--out {}: the name is not Unicode", to.display());
        };
        // Of no other process, on whatever machine it writes to the same folder.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let unfinished = to.with_file_name(format!(".{name}.{}-{since}.unfinished", process::id()));
        // Numbers of a network do not repeat, and nobody looks for the least of them.
        let embedding = ColumnPath::from("embedding.list.element");
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_column_dictionary_enabled(ColumnPath::from("network"), true)
            .set_column_statistics_enabled(embedding, EnabledStatistics::None)
            .build();
        let file = File::create(&unfinished).with_context(|| format!("writing {}", unfinished.display()))?;
        let mut output = ParquetOutput { writer: None, unfinished, to: to.to_path_buf() };
        output.writer = Some(ArrowWriter::try_new(file, schema.clone(), Some(properties))?);
        Ok(output)
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let Some(writer) = &mut self.writer else { bail!("the file is finished") };
        writer.write(batch).with_context(|| format!("writing {}", self.to.display()))?;
        if writer.in_progress_rows() >= ROWS {
            writer.flush().with_context(|| format!("writing {}", self.to.display()))?;
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let Some(writer) = self.writer.take() else { bail!("the file is finished") };
        let writing = || format!("writing {}", self.to.display());
        let mut file = writer.into_inner().with_context(writing)?;
        file.flush().and_then(|()| file.sync_all()).with_context(writing)?;
        drop(file);
        fs::rename(&self.unfinished, &self.to).with_context(writing)
    }
}

impl Drop for ParquetOutput {
    fn drop(&mut self) {
        // Of a finished file there is none; of another, that it stays is no harm.
        fs::remove_file(&self.unfinished).ok();
    }
}
