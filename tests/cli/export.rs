//! `export`: the embeddings as other tools read them.

use std::fs::File;

use anyhow::ensure;
use lookalike_tests::{Npy, arguments, fail, succeed};
use parquet::basic::{LogicalType, Repetition};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

use crate::shop::Shop;

#[test]
fn export_is_what_numpy_reads() -> anyhow::Result<()> {
    let shop = Shop::with("export", 7)?;
    shop.build(&[])?;
    let products = shop.export()?;
    let array = Npy::read(&shop.0.join("embeddings.npy"))?;
    ensure!(array.descr == "<f4" && array.shape == [7, 24], "{} {:?}", array.descr, array.shape);
    let ids: Vec<&str> = products.iter().map(|(id, _)| id.as_str()).collect();
    ensure!(ids == ["p00", "p01", "p02", "p03", "p04", "p05", "p06"], "{ids:?}");
    for (id, embedding) in &products {
        ensure!(embedding.iter().any(|value| *value > 0.0), "{id} is not all zeros");
    }

    // The embeddings lie beside the folder; without them, or with those of another state, there is a clear error.
    let cache = shop.0.join("out.cache");
    let npy = shop.0.join("more.npy");
    std::fs::rename(&cache, shop.0.join("aside"))?;
    let errors = fail(1, arguments!["export", shop.out(), "--npy", &npy])?;
    ensure!(errors.contains("out.cache") && errors.contains("build"), "{errors}");
    std::fs::rename(shop.0.join("aside"), &cache)?;
    let manifest = std::fs::read_to_string(shop.out().join("manifest.json"))?;
    std::fs::write(shop.out().join("manifest.json"), format!("{manifest}\n"))?;
    ensure!(fail(1, arguments!["export", shop.out(), "--npy", &npy])?.contains("run `build` again"));
    Ok(())
}

#[test]
fn parquet_holds_what_numpy_does() -> anyhow::Result<()> {
    // More products than a row group has.
    let shop = Shop::with("export-parquet", 3)?;
    for item in 3..1030 {
        std::fs::copy(
            shop.photos().join(format!("p0{}.png", item % 3)),
            shop.photos().join(format!("q{item}.png")),
        )?;
    }
    shop.build(&["--no-thumbnails", "--images", "photos"])?;
    let products = shop.export()?;
    let path = shop.0.join("embeddings.parquet");
    succeed(arguments!["export", shop.out(), "--parquet", &path])?;
    let file = SerializedFileReader::new(File::open(&path)?)?;
    ensure!(file.metadata().num_row_groups() == 2, "1030 products are two groups");
    let columns = file.metadata().file_metadata().schema().get_fields().to_vec();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    ensure!(names == ["id", "embedding"], "{names:?}");
    let kinds: Vec<_> =
        columns.iter().map(|column| column.get_basic_info().logical_type_ref().cloned()).collect();
    ensure!(kinds == [Some(LogicalType::String), Some(LogicalType::List)], "{kinds:?}");
    ensure!(columns.iter().all(|column| column.get_basic_info().repetition() == Repetition::REQUIRED));
    let mut seen = 0;
    for (row, (id, embedding)) in file.get_row_iter(None)?.zip(&products) {
        let row = row?;
        ensure!(row.get_string(0)? == id, "{} instead of {id}", row.get_string(0)?);
        let list = row.get_list(1)?.elements();
        let values: Vec<f32> = list
            .iter()
            .map(|value| match value {
                parquet::record::Field::Float(value) => Ok(*value),
                other => anyhow::bail!("{other} is no f32"),
            })
            .collect::<anyhow::Result<_>>()?;
        ensure!(values == *embedding, "{id}");
        seen += 1;
    }
    ensure!(seen == products.len() && seen == 1030, "{seen} products");

    let absent = shop.0.join("absent/embeddings.parquet");
    let errors = fail(1, arguments!["export", shop.out(), "--parquet", &absent])?;
    ensure!(errors.contains("absent/embeddings.parquet"), "{errors}");
    Ok(())
}
