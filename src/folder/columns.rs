//! `columns-<hash>.json`: what there is to filter by, for the controls of a page, of catalogues of every size.

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;

/// Most values that a text column lists: more are no choice but a search.
const MOST_VALUES: usize = 1000;
/// Quantiles of a numeric column: one more than the shares that they cut the items into.
const QUANTILES: usize = 21;

/// The columns of a catalogue, in byte order of their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// Each column.
    pub columns: Vec<ColumnSummary>,
}

/// What is said of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(flatten)]
    pub summary: Summary,
}

/// Values of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Summary {
    /// A column with text.
    Text {
        /// Number of distinct values.
        distinct: usize,
        /// The values that most items have, with the number of these items; ascending by bytes.
        values: Vec<(String, u32)>,
    },
    /// A column of which every value is a number.
    Number {
        /// The least number, the greatest, and between them the numbers that cut the items into equal shares; ascending.
        quantiles: Vec<f64>,
    },
}

impl Columns {
    /// The columns of `attributes`, which hold all items.
    pub fn of(attributes: &Attributes) -> Columns {
        let columns = attributes.columns().iter().map(|column| {
            let summary = if column.is_numeric() {
                Summary::Number { quantiles: quantiles(&column.numbers()) }
            } else {
                let values = column.text_values();
                Summary::Text { distinct: values.len(), values: most_frequent(values) }
            };
            ColumnSummary { name: column.name().to_owned(), summary }
        });
        Columns { columns: columns.collect() }
    }

    /// The text of the file.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("columns have only strings and finite numbers")
    }
}

fn quantiles(numbers: &[f64]) -> Vec<f64> {
    match numbers {
        [] => Vec::new(),
        numbers => (0..QUANTILES).map(|at| numbers[at * (numbers.len() - 1) / (QUANTILES - 1)]).collect(),
    }
}

fn most_frequent(mut values: Vec<(&str, u32)>) -> Vec<(String, u32)> {
    if values.len() > MOST_VALUES {
        values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        values.truncate(MOST_VALUES);
        values.sort_unstable();
    }
    values.into_iter().map(|(text, count)| (text.to_owned(), count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::write_attributes;

    #[test]
    fn columns_say_what_there_is_and_how_often() {
        let rows = [
            [("tags", "x|yz"), ("price", "3"), ("waist", "30|32")],
            [("tags", "yz"), ("price", ""), ("waist", "")],
            [("tags", ""), ("price", "1"), ("waist", "30")],
        ];
        let attributes = Attributes::read(&write_attributes(rows, &[]).bytes, 3).expect("just written");
        let columns = Columns::of(&attributes);
        let text = String::from_utf8(columns.write()).expect("JSON");
        let begin = r#"{"columns":[{"name":"price","kind":"number","quantiles":[1.0,1.0,"#;
        let end = r#"3.0]},{"name":"tags","kind":"text","distinct":2,"values":[["x",1],["yz",2]]},{"name":"waist","kind":"number","quantiles":["#;
        assert!(text.starts_with(begin) && text.contains(end), "{text}");
        assert_eq!(serde_json::from_str::<Columns>(&text).expect("just written"), columns);
    }

    #[test]
    fn quantiles_cut_items_into_equal_shares() {
        let numbers: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantiles(&numbers)[..4], [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(
            (quantiles(&numbers).len(), quantiles(&numbers)[20], quantiles(&[7.0])[9]),
            (21, 100.0, 7.0)
        );
        assert!(quantiles(&[]).is_empty());
    }

    #[test]
    fn of_too_many_values_the_frequent_are_listed() {
        let texts: Vec<String> = (0..1500).map(|at| format!("{at:04}")).collect();
        let values: Vec<(&str, u32)> = (0..).zip(&texts).map(|(at, text)| (text.as_str(), at % 3)).collect();
        let listed = most_frequent(values);
        assert!(listed.len() == MOST_VALUES && listed.is_sorted());
        assert!(listed.iter().all(|(_, count)| *count > 0));
    }
}
