//! A Parquet file of the columns `id` and `embedding` (github.com/apache/parquet-format).

use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::indexing::cache::Record;
use crate::stored_embeddings::StoredEmbeddings;

/// A list in the three levels that every reader knows, none of which may be missing.
const SCHEMA: &str = "message products {
    required binary id (STRING);
    required group embedding (LIST) { repeated group list { required float element; } }
}";
/// Products of a row group, which is in memory until it is written: 8 MB at 2,048 dimensions.
const ROWS: usize = 1024;

/// Writes the file to `to`.
///
/// # Errors
/// When the cache cannot be read, or the file cannot be written.
pub fn write(stored: &StoredEmbeddings, to: impl Write + Send) -> anyhow::Result<()> {
    // Numbers of a network do not repeat, and nobody looks for the least of them.
    let embedding = ColumnPath::from("embedding.list.element");
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_statistics_enabled(embedding, EnabledStatistics::None);
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties.build()))?;
    for (ids, records) in stored.ids.chunks(ROWS).zip(stored.records.chunks(ROWS)) {
        let mut group = file.next_row_group()?;
        write_ids(&mut group, ids)?;
        write_embeddings(&mut group, stored, records)?;
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn write_ids<W: Write + Send>(group: &mut SerializedRowGroupWriter<W>, ids: &[String]) -> anyhow::Result<()> {
    let ids: Vec<ByteArray> = ids.iter().map(|id| ByteArray::from(id.as_str())).collect();
    let mut column = group.next_column()?.context("the schema has ids")?;
    column.typed::<ByteArrayType>().write_batch(&ids, None, None)?;
    column.close()?;
    Ok(())
}

fn write_embeddings<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<W>,
    stored: &StoredEmbeddings,
    records: &[Record],
) -> anyhow::Result<()> {
    let dims = stored.embeddings.dims();
    // Every number is there; the first of a product begins a list.
    let defined = vec![1i16; dims];
    let mut repeated = vec![1i16; dims];
    repeated.iter_mut().take(1).for_each(|first| *first = 0);
    let mut reader = stored.embeddings.reader()?;
    let mut embedding = vec![0f32; dims];
    let mut column = group.next_column()?.context("the schema has embeddings")?;
    for record in records {
        reader.read(*record, &mut embedding)?;
        column.typed::<FloatType>().write_batch(&embedding, Some(&defined), Some(&repeated))?;
    }
    column.close()?;
    Ok(())
}
