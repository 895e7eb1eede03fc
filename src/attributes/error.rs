//! Why a filter is refused.

/// Why a filter cannot be read, or not be applied to this catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The text form has something else where only `expected` can stand.
    #[error("the filter is not understood at character {at}: expected {expected}, found {found}")]
    Syntax {
        /// Where, in characters from 1.
        at: usize,
        /// What can stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The JSON form has a shape that no filter has.
    #[error("the filter is not understood: {0}")]
    Shape(String),
    /// Longer than any filter a shop needs.
    #[error("the filter is {bytes} bytes long, {most} is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Parts within parts within parts.
    #[error("the filter has parts nested over {most} deep")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// More conditions and values than a filter needs.
    #[error("the filter has over {most} conditions and values")]
    TooManyParts {
        /// The limit.
        most: usize,
    },
    /// No column is called so.
    #[error("there is no attribute \"{field}\" to filter by{hint}")]
    UnknownField {
        /// The name asked for.
        field: String,
        /// The nearest name and all names, as the end of the sentence.
        hint: String,
    },
    /// `<` and the like on text.
    #[error(
        "\"{field}\" cannot be compared with a number: it also has values that are none, such as \"{example}\"; use = instead"
    )]
    NotNumbers {
        /// The column.
        field: String,
        /// One of its values.
        example: String,
    },
    /// `|` within a value.
    #[error(
        "\"{value}\" is looked for as one value, but | separates values: give each of them as a value of its own"
    )]
    Separator {
        /// The value.
        value: String,
    },
}

/// Names listed in full up to here.
const MOST_NAMES: usize = 20;
/// Longer names are hardly a slip of the finger; comparing them would take long.
const LONGEST_SLIP: usize = 40;

impl FilterError {
    /// A stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            FilterError::UnknownField { .. } => "filter/unknown-attribute",
            FilterError::NotNumbers { .. } => "filter/not-numbers",
            _ => "filter/invalid",
        }
    }

    /// `field` is none of `known`.
    pub(super) fn unknown_field<'a>(
        field: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> FilterError {
        let slips = known.clone().filter_map(|name| Some((slips(field, name)?, name)));
        let nearest = slips.min().filter(|(slips, name)| *slips <= 1 + name.chars().count() / 4);
        let mut hint = nearest.map_or_else(String::new, |(_, name)| format!(": did you mean \"{name}\"?"));
        let names: Vec<&str> = known.clone().take(MOST_NAMES).collect();
        hint.push_str(if hint.is_empty() { "; " } else { " " });
        match known.count() {
            0 => hint.push_str("this catalogue has no attributes"),
            count => {
                hint.push_str(&format!("there are {}", names.join(", ")));
                if count > MOST_NAMES {
                    hint.push_str(&format!(" and {} more", count - MOST_NAMES));
                }
            }
        }
        FilterError::UnknownField { field: short(field), hint }
    }
}

/// At most 60 characters of text that may come from anywhere, on one line. (Rust's own quoting would draw tables of what
/// can be printed into the module that ranks in the browser.)
pub(super) fn short(text: &str) -> String {
    let mut characters = text.chars();
    let plain = |character: char| if character.is_control() { ' ' } else { character };
    let mut short: String = characters.by_ref().take(60).map(plain).collect();
    if characters.next().is_some() {
        short.push_str("...");
    }
    short
}

/// Characters to change, add or leave out to get from one name to the other (Levenshtein's distance), the case of ASCII letters apart.
fn slips(one: &str, other: &str) -> Option<usize> {
    if one.len().max(other.len()) > LONGEST_SLIP {
        return None;
    }
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_all() {
        let known = ["brand", "colour", "price"];
        let message = |field| FilterError::unknown_field(field, known.into_iter()).to_string();
        assert_eq!(
            message("Color"),
            "there is no attribute \"Color\" to filter by: did you mean \"colour\"? there are brand, colour, price"
        );
        assert_eq!(
            message("sleeve"),
            "there is no attribute \"sleeve\" to filter by; there are brand, colour, price"
        );
        let none = FilterError::unknown_field("colour", [].into_iter()).to_string();
        assert_eq!(none, "there is no attribute \"colour\" to filter by; this catalogue has no attributes");
    }

    #[test]
    fn what_comes_from_anywhere_is_cut_to_one_short_line() {
        assert_eq!(short("a\nb\tc"), "a b c");
        assert_eq!(short(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(short(&"é".repeat(61)), "é".repeat(60) + "...");
    }

    #[test]
    fn slips_are_counted() {
        for (one, other, count) in
            [("", "abc", 3), ("kitten", "sitting", 3), ("prize", "price", 1), ("PRICE", "price", 0)]
        {
            assert_eq!((slips(one, other), slips(other, one)), (Some(count), Some(count)));
        }
        assert_eq!(slips(&"x".repeat(41), "x"), None);
    }
}
