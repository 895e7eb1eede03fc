//! A filter applied to columns: values are looked up once in the dictionary, then each item once in a table.

use super::column::{Cells, Codes, Column, Dictionary};
use super::error::{FilterError, short};
use super::filter::{Filter, Relation};
use super::numbers::parse_number;
use super::{Attributes, Selection};

impl Attributes {
    /// The items that `filter` lets through; of a catalogue in partitions, among the loaded items.
    ///
    /// # Errors
    /// [`FilterError`] when it names an unknown column, or compares one that is not numeric.
    pub fn select(&self, filter: &Filter) -> Result<Selection, FilterError> {
        #[cfg(feature = "ivf")]
        if let Some(partitions) = &self.partitions {
            return partitions.select(self.items, filter);
        }
        match filter {
            Filter::All(members) => {
                let mut all = Selection::all(self.items);
                for member in members {
                    all.and(&self.select(member)?);
                }
                Ok(all)
            }
            Filter::Any(members) => {
                let mut any = Selection::none(self.items);
                for member in members {
                    any.or(&self.select(member)?);
                }
                Ok(any)
            }
            Filter::Not(inner) => {
                let mut not = self.select(inner)?;
                not.invert();
                Ok(not)
            }
            Filter::OneOf { field, values } => Ok(one_of(self.column(field)?, &trimmed(values)?)),
            Filter::Compare { field, relation, number } => compare(self.column(field)?, *relation, *number),
        }
    }
}

/// White space around values does not count, in columns as here.
fn trimmed(values: &[String]) -> Result<Vec<&str>, FilterError> {
    let trimmed = values.iter().map(|value| {
        if value.as_bytes().contains(&b'|') {
            return Err(FilterError::Separator { value: short(value) });
        }
        Ok(value.trim())
    });
    trimmed.collect()
}

fn one_of(column: &Column, values: &[&str]) -> Selection {
    let mut numbers: Vec<f64> = Vec::new();
    for number in values.iter().filter_map(|value| parse_number(value)) {
        numbers.insert(numbers.partition_point(|other| *other < number), number);
    }
    let wanted = |number: f64| {
        let place = numbers.partition_point(|other| *other < number);
        numbers.get(place) == Some(&number)
    };
    match &column.cells {
        Cells::Numbers(cells) => Selection::matching(cells, wanted),
        Cells::One(dictionary, _) | Cells::Lists(dictionary, ..) => {
            let mut table = vec![false; dictionary.len() + 1];
            match dictionary {
                Dictionary::Text(texts) => {
                    for value in values {
                        if let Ok(place) = texts.binary_search_by(|text| text.as_str().cmp(value)) {
                            table[place + 1] = true;
                        }
                    }
                }
                Dictionary::Numbers(dictionary) => {
                    table.iter_mut().skip(1).zip(dictionary).for_each(|(entry, n)| *entry = wanted(*n));
                }
            }
            look_up(&column.cells, &table)
        }
    }
}

fn compare(column: &Column, relation: Relation, number: f64) -> Result<Selection, FilterError> {
    match &column.cells {
        Cells::Numbers(cells) => Ok(Selection::matching(cells, |cell| relation.holds(cell, number))),
        Cells::One(Dictionary::Numbers(numbers), _) | Cells::Lists(Dictionary::Numbers(numbers), ..) => {
            let held = numbers.iter().map(|value| relation.holds(*value, number));
            let table: Vec<bool> = std::iter::once(false).chain(held).collect();
            Ok(look_up(&column.cells, &table))
        }
        Cells::One(Dictionary::Text(texts), _) | Cells::Lists(Dictionary::Text(texts), ..) => {
            let example = texts.iter().find(|text| parse_number(text).is_none());
            let example = short(example.map_or("", String::as_str));
            Err(FilterError::NotNumbers { field: column.name().to_owned(), example })
        }
    }
}

/// The items with a code that `table`, `[values + 1]`, says yes to; no value, code 0, is always no.
fn look_up(cells: &Cells, table: &[bool]) -> Selection {
    match cells {
        Cells::One(_, Codes::One(codes)) => {
            // As large as a code can point: no check of bounds for each item.
            let mut padded = [false; 256];
            padded[..table.len()].copy_from_slice(table);
            Selection::matching(codes, |code| padded[usize::from(code)])
        }
        Cells::One(_, Codes::Two(codes)) => Selection::matching(codes, |code| table[usize::from(code)]),
        Cells::One(_, Codes::Four(codes)) => Selection::matching(codes, |code| table[code as usize]),
        Cells::Lists(_, counts, codes) => match codes {
            Codes::One(codes) => in_lists(counts, codes, table),
            Codes::Two(codes) => in_lists(counts, codes, table),
            Codes::Four(codes) => in_lists(counts, codes, table),
        },
        Cells::Numbers(cells) => Selection::none(cells.len() as u32),
    }
}

fn in_lists<Code: Copy + Into<u32>>(counts: &[u8], codes: &[Code], table: &[bool]) -> Selection {
    let mut selection = Selection::none(counts.len() as u32);
    let mut rest = codes;
    for (item, count) in counts.iter().enumerate() {
        let (list, after) = rest.split_at(usize::from(*count));
        rest = after;
        if list.iter().any(|code| table[(*code).into() as usize]) {
            selection.insert(item);
        }
    }
    selection
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::super::filter::tests::any_filter;
    use super::super::write_attributes;
    use super::*;

    type Row = Vec<(&'static str, String)>;

    /// Columns a and b of text, n and m of numbers; fields with none, one or several values.
    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let text = || prop_oneof!["[xyz]{0,1}", "[xyz]( ?[|][xyz0]){0,2}"];
        let number = || prop_oneof!["[0-3]{0,1}", "-?[0-3](\\.[05]0?)?( ?[|] ?[0-3]){0,2}"];
        let plain = prop_oneof![1 => Just(String::new()), 5 => (-300i32..300).prop_map(|n| {
            format!("{}", f64::from(n) / 100.0)
        })];
        let row = (text(), text(), number(), plain);
        prop::collection::vec(row, 0..140).prop_map(|rows| {
            rows.into_iter().map(|(a, b, n, m)| vec![("a", a), ("b", b), ("n", n), ("m", m)]).collect()
        })
    }

    /// The definition: whether a row, as the shop wrote it, is let through.
    fn lets_through(filter: &Filter, row: &Row, numeric: &dyn Fn(&str) -> bool) -> bool {
        let values = |field: &str| {
            let text = row.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text.as_str());
            text.split('|').map(str::trim).filter(|value| !value.is_empty()).collect::<Vec<_>>()
        };
        match filter {
            Filter::All(members) => members.iter().all(|member| lets_through(member, row, numeric)),
            Filter::Any(members) => members.iter().any(|member| lets_through(member, row, numeric)),
            Filter::Not(inner) => !lets_through(inner, row, numeric),
            Filter::OneOf { field, values: wanted } => values(field).iter().any(|value| {
                wanted.iter().any(|wanted| {
                    if numeric(field) {
                        parse_number(value) == parse_number(wanted.trim())
                    } else {
                        *value == wanted.trim()
                    }
                })
            }),
            Filter::Compare { field, relation, number } => values(field).iter().any(|value| {
                let value: f64 = value.parse().expect("the column is numeric");
                match value.total_cmp(number) {
                    _ if value == *number => matches!(relation, Relation::AtMost | Relation::AtLeast),
                    Ordering::Less => matches!(relation, Relation::Below | Relation::AtMost),
                    _ => matches!(relation, Relation::Above | Relation::AtLeast),
                }
            }),
        }
    }

    fn attributes(rows: &[Row]) -> Attributes {
        let borrowed = rows.iter().map(|row| row.iter().map(|(name, text)| (*name, text.as_str())));
        Attributes::read(&write_attributes(borrowed, &[]).bytes, rows.len() as u32).expect("just written")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn agrees_with_the_definition(rows in rows(), filter in any_filter()) {
            let attributes = attributes(&rows);
            match attributes.select(&filter) {
                Ok(selection) => {
                    let numeric = |field: &str| attributes.column(field).is_ok_and(Column::is_numeric);
                    let want: Vec<u32> = (0..)
                        .zip(&rows)
                        .filter(|(_, row)| lets_through(&filter, row, &numeric))
                        .map(|(item, _)| item)
                        .collect();
                    prop_assert_eq!(selection.iter().collect::<Vec<_>>(), want);
                }
                Err(FilterError::UnknownField { field, .. }) => prop_assert!(attributes.column(&field).is_err()),
                Err(FilterError::NotNumbers { field, .. }) => {
                    prop_assert!(!attributes.column(&field).expect("it is there").is_numeric());
                }
                Err(error) => prop_assert!(matches!(error, FilterError::Separator { .. }), "{}", error),
            }
        }
    }

    #[test]
    fn every_width_of_code_is_looked_up() {
        let texts: Vec<String> = (0..70_000).map(|n| format!("v{n}")).collect();
        for different in [200, 300, 70_000] {
            let items = different + 50;
            let rows: Vec<Row> = (0..items)
                .map(|item| {
                    let value = texts[item % different].clone();
                    vec![("one", value.clone()), ("list", format!("{value}|v7"))]
                })
                .collect();
            let borrowed = rows.iter().map(|row| row.iter().map(|(name, text)| (*name, text.as_str())));
            let written = write_attributes(borrowed, &["one", "list"]);
            let attributes = Attributes::read(&written.bytes, items as u32).expect("just written");
            let count = |filter: &str| {
                let filter = filter.parse().expect("a filter");
                attributes.select(&filter).expect("known columns").count() as usize
            };
            let want = (0..items).filter(|item| item % different == 123).count();
            assert_eq!(count("one=v123|nothing"), want);
            assert_eq!(count("list=v123"), want);
            assert_eq!(count("list=v7"), items);
        }
    }

    #[test]
    fn text_is_not_compared_with_numbers() {
        let attributes = attributes(&[vec![("size", "38".to_owned())], vec![("size", "M".to_owned())]]);
        let error = attributes.select(&"size<40".parse().expect("a filter")).expect_err("M is no number");
        assert_eq!(
            error.to_string(),
            "\"size\" cannot be compared with a number: it also has values that are none, such as \"M\"; use = instead"
        );
        let error = attributes.select(&Filter::equals("size", "38|M")).expect_err("it is two values");
        assert!(error.to_string().contains("| separates values"), "{error}");
    }
}
