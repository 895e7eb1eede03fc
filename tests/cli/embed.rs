//! `embed`: photos of every kind of place in, the same embeddings as `build` makes out, and what goes wrong with a photo costs that
//! photo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, ensure};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use lookalike::digest::Digest;
use lookalike_tests::{Npy, arguments, fail, program, succeed};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::shop::Shop;

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: String,
    pub file: Option<String>,
    pub photo: Option<Vec<u8>>,
    pub size: Option<[i32; 2]>,
    pub colours: Option<Vec<u8>>,
    pub embedding: Option<Vec<u32>>,
    pub network: Option<String>,
    pub error: Option<String>,
}

fn rows_of(batch: &RecordBatch) -> anyhow::Result<Vec<Row>> {
    let column = |name: &str| batch.column_by_name(name).with_context(|| format!("a column {name}"));
    let text = |name: &str, row: usize| -> anyhow::Result<Option<String>> {
        let array = column(name)?.as_string::<i32>();
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    };
    let bytes = |name: &str, row: usize| -> anyhow::Result<Option<Vec<u8>>> {
        let array = column(name)?.as_fixed_size_binary();
        Ok(array.is_valid(row).then(|| array.value(row).to_vec()))
    };
    let side = |name: &str, row: usize| -> anyhow::Result<Option<i32>> {
        let array = column(name)?.as_primitive::<Int32Type>();
        Ok(array.is_valid(row).then(|| array.value(row)))
    };
    let row = |row: usize| {
        let lists = column("embedding")?.as_fixed_size_list();
        let numbers = lists.is_valid(row).then(|| lists.value(row));
        let bits = |list: ArrayRef| {
            list.as_primitive::<Float32Type>().values().iter().map(|v| v.to_bits()).collect()
        };
        Ok(Row {
            id: text("id", row)?.context("an id")?,
            file: text("file", row)?,
            photo: bytes("photo", row)?,
            size: side("width", row)?.zip(side("height", row)?).map(|(width, height)| [width, height]),
            colours: bytes("colours", row)?,
            embedding: numbers.map(bits),
            network: text("network", row)?,
            error: text("error", row)?,
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The rows of a Parquet file.
pub fn rows(path: &Path) -> anyhow::Result<Vec<Row>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
    let batches = reader.map(|batch| rows_of(&batch?)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(batches.into_iter().flatten().collect())
}

/// The rows of a stream, and in how many batches they came.
fn stream_rows(stream: &[u8]) -> anyhow::Result<(Vec<Row>, usize)> {
    let batches = StreamReader::try_new(stream, None)?.map(|batch| rows_of(&batch?));
    let batches = batches.collect::<anyhow::Result<Vec<_>>>()?;
    let count = batches.len();
    Ok((batches.into_iter().flatten().collect(), count))
}

/// A table of photos under these names of its columns.
fn photos(names: [&str; 2], rows: &[(Option<&str>, Option<&[u8]>)]) -> anyhow::Result<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new(names[0], DataType::Utf8, true),
        Field::new(names[1], DataType::Binary, true),
    ]);
    let ids: StringArray = rows.iter().map(|(id, _)| *id).collect();
    let photos: BinaryArray = rows.iter().map(|(_, photo)| *photo).collect();
    Ok(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(photos)])?)
}

fn stream(batches: &[RecordBatch]) -> anyhow::Result<Vec<u8>> {
    let schema = batches.first().context("a batch")?.schema();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    Ok(writer.into_inner()?)
}

fn embed(shop: &Shop, photos: &Path, more: &[&str]) -> Vec<OsString> {
    let mut all = arguments!["embed", photos, "--model", shop.0.join("network")].to_vec();
    all.extend(more.iter().map(OsString::from));
    all
}

/// What `embed -` makes of what it is given on standard input.
fn embed_stream(shop: &Shop, input: Vec<u8>, more: &[&str], fault: &str) -> anyhow::Result<Output> {
    let mut child = Command::new(program()?)
        .args(embed(shop, Path::new("-"), more))
        .env("LOOKALIKE_FAULT", fault)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    // A program that ended reads no more.
    let writer = thread::spawn(move || pipe.write_all(&input).ok());
    let output = child.wait_with_output()?;
    writer.join().ok().context("the writer does not panic")?;
    Ok(output)
}

/// Writes the photos of the shop as a `.tar`, with what webdataset puts between them.
fn archive(shop: &Shop, path: &Path) -> anyhow::Result<()> {
    let mut tar = tar::Builder::new(File::create(path)?);
    for id in ids(shop)? {
        tar.append_path_with_name(shop.photos().join(format!("{id}.png")), format!("shard/{id}.png"))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("shard/{id}.json"), &b"{}"[..])?;
    }
    Ok(tar.finish()?)
}

fn ids(shop: &Shop) -> anyhow::Result<Vec<String>> {
    let names =
        fs::read_dir(shop.photos())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<anyhow::Result<Vec<_>>>()?;
    let mut ids: Vec<String> =
        names.iter().filter_map(|name| name.strip_suffix(".png").map(str::to_owned)).collect();
    ids.sort();
    Ok(ids)
}

/// The shop's photos as a table, `each` a batch.
fn table(shop: &Shop, names: [&str; 2], each: usize) -> anyhow::Result<Vec<RecordBatch>> {
    let ids = ids(shop)?;
    let files = ids.iter().map(|id| Ok(fs::read(shop.photos().join(format!("{id}.png")))?));
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let rows: Vec<_> =
        ids.iter().zip(&files).map(|(id, file)| (Some(id.as_str()), Some(file.as_slice()))).collect();
    rows.chunks(each).map(|rows| photos(names, rows)).collect()
}

fn without_files(mut rows: Vec<Row>) -> Vec<Row> {
    rows.iter_mut().for_each(|row| row.file = None);
    rows
}

#[test]
fn every_kind_of_place_gives_the_embeddings_of_build_bit_for_bit() -> anyhow::Result<()> {
    let shop = Shop::with("embed-places", 40)?;
    shop.build(&["--no-thumbnails"])?;
    let npy = shop.0.join("raw.npy");
    succeed(arguments!["export", shop.out(), "--npy", &npy, "--raw"])?;
    let built = Npy::read(&npy)?.f32s()?;

    let path = shop.0.join("folder.parquet");
    succeed(embed(&shop, &shop.photos(), &["--out", &path.to_string_lossy()]))?;
    let folder = rows(&path)?;
    ensure!(folder.len() == 40 && folder.iter().map(|row| &row.id).eq(&ids(&shop)?), "{} rows", folder.len());
    for (row, values) in folder.iter().zip(built.chunks(24)) {
        let bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
        ensure!(row.embedding.as_ref() == Some(&bits), "{}", row.id);
        let file = fs::read(shop.photos().join(format!("{}.png", row.id)))?;
        ensure!(row.photo.as_deref() == Some(&Digest::of(&file).0), "{}", row.id);
        ensure!(row.size == Some([48, 40]) && row.error.is_none(), "{row:?}");
        ensure!(row.file == Some(format!("{}.png", row.id)), "{row:?}");
    }

    let path = shop.0.join("shard.tar");
    archive(&shop, &path)?;
    let out = shop.0.join("tar.parquet");
    succeed(embed(&shop, &path, &["--out", &out.to_string_lossy()]))?;
    let tar = rows(&out)?;
    ensure!(tar[3].file.as_deref() == Some("shard/p03.png"), "{:?}", tar[3]);
    ensure!(without_files(tar) == without_files(folder.clone()));

    let path = shop.0.join("photos.parquet");
    let batches = table(&shop, ["key", "jpg"], 40)?;
    let mut writer = ArrowWriter::try_new(File::create(&path)?, batches[0].schema(), None)?;
    writer.write(&batches[0])?;
    writer.close()?;
    let columns = ["--id-column", "key", "--photo-column", "jpg", "--out", &out.to_string_lossy()];
    succeed(embed(&shop, &path, &columns))?;
    ensure!(rows(&out)? == without_files(folder.clone()));
    let errors = fail(1, embed(&shop, &path, &["--out", &out.to_string_lossy()]))?;
    ensure!(errors.contains("no column id") && errors.contains("key, jpg"), "{errors}");

    // What came in a batch goes out before the next is there.
    let output = embed_stream(&shop, stream(&table(&shop, ["id", "photo"], 7)?)?, &[], "")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (streamed, batches) = stream_rows(&output.stdout)?;
    ensure!(streamed == without_files(folder) && batches == 6, "{batches} batches");
    Ok(())
}

#[test]
fn shares_are_everything_once() -> anyhow::Result<()> {
    let shop = Shop::with("embed-shares", 50)?;
    let out = shop.0.join("share.parquet");
    let share = |part: &str| -> anyhow::Result<Vec<Row>> {
        succeed(embed(&shop, &shop.photos(), &["--part", part, "--out", &out.to_string_lossy()]))?;
        rows(&out)
    };
    let all = share("0/1")?;
    let mut joined = Vec::new();
    for part in ["0/4", "1/4", "2/4", "3/4"] {
        let found = share(part)?;
        ensure!((4..25).contains(&found.len()), "{part}: {} rows", found.len());
        ensure!(share(part)? == found, "the same again");
        joined.extend(found);
    }
    joined.sort_by(|a, b| a.id.cmp(&b.id));
    ensure!(joined == all && all.len() == 50);
    let errors = fail(2, embed(&shop, &shop.photos(), &["--part", "4/4", "--out", "x.parquet"]))?;
    ensure!(errors.contains("0/4"), "{errors}");
    Ok(())
}

#[test]
fn a_bad_row_has_its_error_and_ends_nothing() -> anyhow::Result<()> {
    let shop = Shop::with("embed-bad", 3)?;
    let file = |id: &str| fs::read(shop.photos().join(format!("{id}.png")));
    let (good, other, cut) = (file("p00")?, file("p01")?, file("p02")?);
    let hung = b"hung".as_slice();
    let rows = [
        (Some("first"), Some(good.as_slice())),
        (Some("noise"), Some(b"no picture".as_slice())),
        (None, Some(good.as_slice())),
        (Some("nothing"), None),
        (Some("empty"), Some(b"".as_slice())),
        (Some("cut"), Some(&cut[..cut.len() / 2])),
        (Some("panics"), Some(other.as_slice())),
        (Some("hangs"), Some(hung)),
        (Some("last"), Some(other.as_slice())),
    ];
    let input = stream(&[photos(["id", "photo"], &rows)?, photos(["id", "photo"], &rows[..1])?])?;
    let more = ["--photo-timeout", "2", "--jobs", "2"];
    let output = embed_stream(&shop, input, &more, "panic@photo/panics,hang@photo/hangs")?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && told.contains("3 photos embedded, 7 without"), "{told}");
    let (found, _) = stream_rows(&output.stdout)?;
    let ids: Vec<&str> = found.iter().map(|row| row.id.as_str()).collect();
    let wanted = ["first", "noise", "", "nothing", "empty", "cut", "panics", "hangs", "last", "first"];
    ensure!(ids == wanted, "{ids:?}");
    for row in &found {
        let is_good = ["first", "last"].contains(&row.id.as_str());
        ensure!(row.error.is_none() == is_good, "{row:?}");
        for there in
            [row.embedding.is_some(), row.photo.is_some(), row.network.is_some(), row.colours.is_some()]
        {
            ensure!(there == is_good, "{row:?}");
        }
    }
    let reason = |row: usize| found[row].error.clone().unwrap_or_default();
    ensure!(reason(2).contains("no id") && reason(3).contains("no photo"), "{found:?}");
    ensure!(reason(6).contains("failed on it") && reason(7).contains("--photo-timeout"), "{found:?}");
    Ok(())
}

#[test]
fn what_is_cut_off_or_damaged_is_told_and_leaves_no_table() -> anyhow::Result<()> {
    let shop = Shop::with("embed-cut", 12)?;
    let out = shop.0.join("table.parquet");
    let to = out.to_string_lossy().into_owned();
    let whole = stream(&table(&shop, ["id", "photo"], 4)?)?;
    let refused = |what: &str, errors: &str| -> anyhow::Result<()> {
        ensure!(!errors.contains("panicked") && errors.len() > 20, "{what}: {errors}");
        let left: Vec<_> = fs::read_dir(shop.0.path())?.flatten().map(|entry| entry.file_name()).collect();
        let left = left.iter().filter(|name| name.to_string_lossy().contains("table")).count();
        ensure!(left == 0, "{what}: something of the table was left");
        Ok(())
    };
    // Without the end mark alone, the last batch is whole, and yet nobody knows whether more was to come.
    for length in
        [0, 1, 7, 100, whole.len() / 3, whole.len() / 2, whole.len() - 9, whole.len() - 8, whole.len() - 4]
    {
        let output = embed_stream(&shop, whole[..length].to_vec(), &["--out", &to], "")?;
        ensure!(output.status.code() == Some(1), "cut to {length}: {}", output.status);
        refused(&format!("cut to {length}"), &String::from_utf8_lossy(&output.stderr))?;
    }
    // Any byte of the messages' headers, and some of the rest: an error or another table, never a crash.
    for at in (0..600).chain((600..whole.len()).step_by(997)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        if at % 7 == 0 {
            let output = embed_stream(&shop, bytes, &["--out", &to], "")?;
            ensure!(matches!(output.status.code(), Some(0 | 1)), "byte {at}: {}", output.status);
            fs::remove_file(&out).ok();
        }
    }
    let path = shop.0.join("shard.tar");
    archive(&shop, &path)?;
    let whole = fs::read(&path)?;
    let end = whole.len() - 1024;
    for length in [100, 512 + 20, whole.len() / 2, end - 512, end] {
        fs::write(&path, &whole[..length])?;
        refused(&format!("tar cut to {length}"), &fail(1, embed(&shop, &path, &["--out", &to]))?)?;
    }
    let path = shop.0.join("photos.parquet");
    for content in [b"".as_slice(), b"PAR1", b"PAR1 and much that is no table of any kind PAR1", &whole] {
        fs::write(&path, content)?;
        refused("Parquet", &fail(1, embed(&shop, &path, &["--out", &to]))?)?;
    }
    for (photos, to) in [("absent", "a.parquet"), ("photos.csv", "a.parquet"), ("photos", "a.csv")] {
        let errors = fail(1, embed(&shop, &shop.0.join(photos), &["--out", to]))?;
        ensure!(errors.contains("parquet"), "{errors}");
    }
    Ok(())
}

#[test]
fn a_killed_run_says_so_by_what_is_missing_and_goes_on_from_its_cache() -> anyhow::Result<()> {
    let shop = Shop::with("embed-killed", 30)?;
    let (out, cache) = (shop.0.join("table.parquet"), shop.0.join("kept"));
    let to = ["--out", &out.to_string_lossy(), "--cache", &cache.to_string_lossy(), "--jobs", "1"];
    let input = stream(&table(&shop, ["id", "photo"], 5)?)?;
    let output = embed_stream(&shop, input.clone(), &[], "kill@photo/p17")?;
    ensure!(!output.status.success() && !output.stdout.is_empty(), "{}", output.status);
    ensure!(!output.stdout.ends_with(&[255, 255, 255, 255, 0, 0, 0, 0]), "an end mark without an end");

    let killed = Command::new(program()?)
        .args(embed(&shop, &shop.photos(), &to))
        .env("LOOKALIKE_FAULT", "kill@cache/record:13")
        .output()?;
    ensure!(!killed.status.success() && !out.exists(), "{}", killed.status);
    let kept = |cache: &Path| -> anyhow::Result<u64> {
        let files = fs::read_dir(cache)?
            .flatten()
            .filter(|file| file.file_name().to_string_lossy().starts_with("embeddings-"));
        Ok(files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum())
    };
    let before = kept(&cache)?;
    ensure!(before == 44 + 12 * (32 + 8 + 24 + 4 * 24 + 8), "{before} bytes of 12 embeddings");
    succeed(embed(&shop, &shop.photos(), &to))?;
    ensure!(kept(&cache)? == 44 + 30 * (32 + 8 + 24 + 4 * 24 + 8), "each is kept once");
    let resumed = rows(&out)?;
    succeed(embed(&shop, &shop.photos(), &to[..2]))?;
    ensure!(rows(&out)? == resumed && resumed.len() == 30);
    let names: BTreeMap<_, _> = resumed.iter().map(|row| (&row.network, ())).collect();
    ensure!(names.len() == 1, "{names:?}");
    Ok(())
}

/// 1.6 GB of photos through a process that may have 1 GB of addresses.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_that_of_a_batch() -> anyhow::Result<()> {
    let shop = Shop::with("embed-memory", 1)?;
    let mut large = fs::read(shop.photos().join("p00.png"))?;
    // Decoders stop at the picture's end.
    large.resize(8 << 20, 0);
    let batch = photos(["id", "photo"], &[(Some("a"), Some(&large)), (Some("b"), Some(&large))])?;
    let mut command = Command::new("sh");
    command.arg("-c").arg("ulimit -v 1000000; exec \"$0\" \"$@\"").arg(program()?);
    command.args(embed(&shop, Path::new("-"), &["--jobs", "2"]));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pipe = child.stdin.take().context("a pipe")?;
    let writer = thread::spawn(move || -> anyhow::Result<()> {
        let mut writer = StreamWriter::try_new(pipe, &batch.schema())?;
        (0..100).try_for_each(|_| writer.write(&batch))?;
        Ok(writer.finish()?)
    });
    let output = child.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {errors}", output.status);
    writer.join().ok().context("the writer does not panic")??;
    let (found, batches) = stream_rows(&output.stdout)?;
    ensure!(found.len() == 200 && batches == 100, "{} rows in {batches} batches", found.len());
    ensure!(found.iter().all(|row| row.error.is_none()), "{errors}");
    Ok(())
}
