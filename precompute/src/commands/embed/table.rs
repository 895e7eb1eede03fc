//! The photos of a table with a column of ids and one of photos: a Parquet file, or an Arrow IPC stream
//! (arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format).

use std::io::{BufReader, stdin};
use std::path::Path;

use anyhow::ensure;
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;

use super::photos::{Content, Filler, Photo};
use super::tail::Tail;
use crate::args::EmbedArguments;
use crate::arrow_columns::{Column, Kind};
use crate::caught::caught;
use crate::embedding_table::batches;
use crate::indexing::read_photo::{MOST_BYTES, Unreadable};

/// Rows of a Parquet file that are read at once. They are few, as nobody knows how large the photos are.
const ROWS: usize = 16;
/// Bytes of a batch of the stream at most.
const MOST_BATCH: u64 = 4 << 30;
/// What a stream ends with: the mark of a message, and that its length is 0.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Hands on the wanted photos of the Parquet file at `path`, in its order.
///
/// # Errors
/// If the file cannot be read or does not have the columns; and that of whoever takes the photos.
pub fn read_parquet(path: &Path, arguments: &EmbedArguments, filler: &mut Filler) -> anyhow::Result<()> {
    let names = [arguments.id_column.as_str(), arguments.photo_column.as_str()];
    for batch in batches(path, &names, ROWS)? {
        add(&batch?, arguments, filler)?;
    }
    filler.flush()
}

/// Hands on the wanted photos of the stream on standard input, in its order. What came in one batch does not wait for the next.
///
/// # Errors
/// If it is no such stream, does not have the columns, or ends without its end mark; and that of whoever takes the photos.
pub fn read_stream(arguments: &EmbedArguments, filler: &mut Filler) -> anyhow::Result<()> {
    let input = Tail::new(BufReader::with_capacity(1 << 20, stdin().lock()), END.len());
    let damaged = |panic| anyhow::anyhow!("it is no Arrow IPC stream: {panic}");
    let mut reader = caught(|| StreamReader::try_new(input, None)).map_err(damaged)??;
    loop {
        reader.get_mut().allow(MOST_BATCH);
        let Some(batch) = caught(|| reader.next()).map_err(damaged)? else { break };
        add(&batch?, arguments, filler)?;
        filler.flush()?;
    }
    ensure!(
        reader.get_ref().last() == END,
        "the stream was cut off: it has no end mark, so that its writer did not finish"
    );
    Ok(())
}

fn add(batch: &RecordBatch, arguments: &EmbedArguments, filler: &mut Filler) -> anyhow::Result<()> {
    let ids = Column::get(batch, &arguments.id_column, Kind::Text)?;
    let photos = Column::get(batch, &arguments.photo_column, Kind::Bytes)?;
    for row in 0..batch.num_rows() {
        let id = ids.text(row);
        if !arguments.wants(id.as_deref().unwrap_or_default()) {
            continue;
        }
        let content = match photos.bytes(row) {
            _ if id.is_none() => Content::Refused("the row has no id".to_owned()),
            None => Content::Refused("the row has no photo".to_owned()),
            Some(bytes) if bytes.len() as u64 > MOST_BYTES => {
                Content::Refused(Unreadable::TooLarge(bytes.len() as u64).to_string())
            }
            Some(bytes) => Content::Bytes(bytes.to_vec()),
        };
        filler.add(Photo { id: id.unwrap_or_default(), file: None, content })?;
    }
    Ok(())
}
