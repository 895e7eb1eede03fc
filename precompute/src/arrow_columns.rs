//! Columns of a table in Arrow's memory format, whichever of the types that mean the same a program wrote: Spark has no lists and
//! bytes of a fixed length, pandas has large ones, DuckDB neither.

use anyhow::{Context, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

/// One column of a batch, whose type is one of those that its values can be read by.
pub struct Column<'a>(&'a ArrayRef);

impl<'a> Column<'a> {
    /// The column `name` of `batch`, if it is there; `kind` says what it is to hold.
    ///
    /// # Errors
    /// If it holds something else.
    pub fn find(batch: &'a RecordBatch, name: &str, kind: Kind) -> anyhow::Result<Option<Column<'a>>> {
        let Some(column) = batch.column_by_name(name) else { return Ok(None) };
        if !kind.is(column.data_type()) {
            bail!("the column {name} holds {}, not {}", column.data_type(), kind.text());
        }
        Ok(Some(Column(column)))
    }

    /// The column `name` of `batch`; `kind` says what it is to hold.
    ///
    /// # Errors
    /// If it is not there or holds something else.
    pub fn get(batch: &'a RecordBatch, name: &str, kind: Kind) -> anyhow::Result<Column<'a>> {
        Column::find(batch, name, kind)?.with_context(|| {
            let schema = batch.schema();
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            format!("there is no column {name}; there are: {}", names.join(", "))
        })
    }

    /// The text in `row`; `None` if there is none, and for what is no text.
    pub fn text(&self, row: usize) -> Option<String> {
        let array = self.0;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Utf8 => Some(array.as_string::<i32>().value(row).to_owned()),
            DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row).to_owned()),
            DataType::Utf8View => Some(array.as_string_view().value(row).to_owned()),
            _ => self.whole(row).map(|number| number.to_string()),
        }
    }

    /// The whole number in `row`; `None` if there is none, and for what is no whole number.
    pub fn whole(&self, row: usize) -> Option<i64> {
        let array = self.0;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Int32 => Some(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::UInt32 => Some(array.as_primitive::<UInt32Type>().value(row).into()),
            DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row)),
            _ => None,
        }
    }

    /// The bytes in `row`; `None` if there are none, and for what is no bytes. Of a structure those in its field `bytes`, as Hugging
    /// Face's tables have photos.
    pub fn bytes(&self, row: usize) -> Option<&'a [u8]> {
        let array = self.0;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Binary => Some(array.as_binary::<i32>().value(row)),
            DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
            DataType::BinaryView => Some(array.as_binary_view().value(row)),
            DataType::FixedSizeBinary(_) => Some(array.as_fixed_size_binary().value(row)),
            DataType::Struct(_) => Column(array.as_struct().column_by_name("bytes")?).bytes(row),
            _ => None,
        }
    }

    /// The numbers of the list in `row`; `None` if there is none, and for what is no list of f32.
    pub fn floats(&self, row: usize) -> Option<Vec<f32>> {
        let array = self.0;
        if array.is_null(row) {
            return None;
        }
        let list = match array.data_type() {
            DataType::List(_) => array.as_list::<i32>().value(row),
            DataType::LargeList(_) => array.as_list::<i64>().value(row),
            DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
            _ => return None,
        };
        let numbers = list.as_primitive_opt::<Float32Type>()?;
        (numbers.null_count() == 0).then(|| numbers.values().to_vec())
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text, or whole numbers, which are read as text.
    Text,
    /// Whole numbers.
    Whole,
    /// Bytes.
    Bytes,
    /// Lists of f32.
    Floats,
}

impl Kind {
    fn is(self, found: &DataType) -> bool {
        match (self, found) {
            (Kind::Text, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => true,
            (Kind::Text | Kind::Whole, DataType::Int32 | DataType::UInt32 | DataType::Int64) => true,
            (Kind::Bytes, DataType::Struct(fields)) => fields.iter().any(|field| {
                field.name() == "bytes" && field.data_type() != found && self.is(field.data_type())
            }),
            (
                Kind::Bytes,
                DataType::Binary
                | DataType::LargeBinary
                | DataType::BinaryView
                | DataType::FixedSizeBinary(_),
            ) => true,
            (
                Kind::Floats,
                DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _),
            ) => *field.data_type() == DataType::Float32,
            _ => false,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Whole => "whole numbers",
            Kind::Bytes => "bytes (binary, or a structure with a field bytes)",
            Kind::Floats => "lists of 32-bit numbers",
        }
    }
}
