//! The filter: conditions on attributes, joined by and, or, not; and its text form (`parse` reads it).

use std::fmt;

use super::error::FilterError;
use super::numbers::parse_finite;

/// Most bytes of a filter's text.
pub const MAX_LENGTH: usize = 64 * 1024;
/// Most parts within parts.
pub const MAX_DEPTH: usize = 32;
/// Most conditions and values altogether.
pub const MAX_PARTS: usize = 4096;

/// Which items to choose among. An item without a value in a column meets no condition on it; so it is in `!size=M`.
///
/// Parsers and constructors make one shape for one meaning: `All` and `Any` have several members, none of their own
/// kind; only the filter that lets everything through is an `All` of none.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one holds.
    All(Vec<Filter>),
    /// At least one holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// One of the item's values is one of these: the same text or, in a numeric column, the same number.
    OneOf {
        /// The column.
        field: String,
        /// At least one.
        values: Vec<String>,
    },
    /// One of the item's values compares so with a number. For numeric columns.
    Compare {
        /// The column.
        field: String,
        /// How the value is to the number.
        relation: Relation,
        /// A finite number.
        number: f64,
    },
}

/// How a value is to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`, in JSON `below`.
    Below,
    /// `<=`, in JSON `max`.
    AtMost,
    /// `>=`, in JSON `min`.
    AtLeast,
    /// `>`, in JSON `above`.
    Above,
}

impl Relation {
    /// Whether `value` is so to `number`; never when either is not a number.
    pub(super) fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Relation::Below => value < number,
            Relation::AtMost => value <= number,
            Relation::AtLeast => value >= number,
            Relation::Above => value > number,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Relation::Below => "<",
            Relation::AtMost => "<=",
            Relation::AtLeast => ">=",
            Relation::Above => ">",
        }
    }
}

impl Filter {
    /// Lets every item through.
    pub fn everything() -> Filter {
        Filter::All(Vec::new())
    }

    /// Lets no item through.
    pub fn nothing() -> Filter {
        Filter::negate(Filter::everything())
    }

    /// Every one of `filters` holds; of none: everything.
    pub fn all(filters: impl IntoIterator<Item = Filter>) -> Filter {
        let mut members = Vec::new();
        for filter in filters {
            match filter {
                Filter::All(inner) => members.extend(inner),
                other => members.push(other),
            }
        }
        if members.len() == 1 { members.remove(0) } else { Filter::All(members) }
    }

    /// At least one of `filters` holds; of none: nothing.
    pub fn any(filters: impl IntoIterator<Item = Filter>) -> Filter {
        let mut members = Vec::new();
        for filter in filters {
            match filter {
                Filter::Any(inner) => members.extend(inner),
                other => members.push(other),
            }
        }
        match members.len() {
            0 => Filter::nothing(),
            1 => members.remove(0),
            _ => Filter::Any(members),
        }
    }

    /// `filter` does not hold.
    pub fn negate(filter: Filter) -> Filter {
        Filter::Not(Box::new(filter))
    }

    /// `field` has `value`.
    pub fn equals(field: &str, value: &str) -> Filter {
        Filter::one_of(field, [value])
    }

    /// `field` has one of `values`; of none: nothing.
    pub fn one_of<Value: Into<String>>(field: &str, values: impl IntoIterator<Item = Value>) -> Filter {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return Filter::nothing();
        }
        Filter::OneOf { field: field.to_owned(), values }
    }

    /// `field` compares so with `number`, which must be finite.
    pub fn compare(field: &str, relation: Relation, number: f64) -> Filter {
        Filter::Compare { field: field.to_owned(), relation, number }
    }

    /// Refuses what nests too deep for the recursion in here.
    pub(super) fn check_depth(self) -> Result<Filter, FilterError> {
        fn depth(filter: &Filter) -> usize {
            match filter {
                Filter::All(members) | Filter::Any(members) => {
                    1 + members.iter().map(depth).max().unwrap_or(0)
                }
                Filter::Not(inner) => 1 + depth(inner),
                Filter::OneOf { .. } | Filter::Compare { .. } => 0,
            }
        }
        if depth(&self) > MAX_DEPTH { Err(FilterError::TooDeep { most: MAX_DEPTH }) } else { Ok(self) }
    }
}

/// The text form, which parses to the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Filter::All(members) if members.is_empty() => Ok(()),
            filter => write_inner(f, filter),
        }
    }
}

fn write_inner(f: &mut fmt::Formatter, filter: &Filter) -> fmt::Result {
    let joined = |f: &mut fmt::Formatter, members: &[Filter], between: &str| {
        for (at, member) in members.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { between })?;
            match member {
                Filter::Any(_) => write_in_parentheses(f, member)?,
                _ => write_inner(f, member)?,
            }
        }
        Ok(())
    };
    match filter {
        Filter::All(members) if members.is_empty() => f.write_str("()"),
        Filter::All(members) => joined(f, members, " "),
        Filter::Any(members) => joined(f, members, " or "),
        Filter::Not(inner) => {
            f.write_str("!")?;
            match &**inner {
                Filter::All(members) if members.is_empty() => write_inner(f, inner),
                Filter::All(_) | Filter::Any(_) => write_in_parentheses(f, inner),
                _ => write_inner(f, inner),
            }
        }
        Filter::OneOf { field, values } => {
            write_name(f, field)?;
            for (at, value) in values.iter().enumerate() {
                f.write_str(if at == 0 { "=" } else { "|" })?;
                write_word(f, value)?;
            }
            Ok(())
        }
        Filter::Compare { field, relation, number } => {
            write_name(f, field)?;
            write!(f, "{}{number}", relation.sign())
        }
    }
}

fn write_in_parentheses(f: &mut fmt::Formatter, filter: &Filter) -> fmt::Result {
    f.write_str("(")?;
    write_inner(f, filter)?;
    f.write_str(")")
}

fn write_name(f: &mut fmt::Formatter, name: &str) -> fmt::Result {
    if is_keyword(name) { write_quoted(f, name) } else { write_word(f, name) }
}

fn write_word(f: &mut fmt::Formatter, word: &str) -> fmt::Result {
    let bare = !word.is_empty() && !word.starts_with(is_quote) && word.chars().all(is_bare);
    if bare { f.write_str(word) } else { write_quoted(f, word) }
}

fn write_quoted(f: &mut fmt::Formatter, word: &str) -> fmt::Result {
    write!(f, "\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a name would be taken for `and`, `or` or `not` if it were not quoted.
pub(super) fn is_keyword(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Whether a character can stand in a word without quotes.
pub(super) fn is_bare(character: char) -> bool {
    !character.is_whitespace() && !['(', ')', '!', '=', '<', '>', '|'].contains(&character)
}

/// Whether a character begins quoted text, at the beginning of a word.
pub(super) fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'')
}

/// The number that a comparison is written with.
pub(super) fn bound(text: &str) -> Option<f64> {
    parse_finite(text.trim())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any filter that the constructors make, on the columns a, b, n and m, or named by anything.
    pub fn any_filter() -> impl Strategy<Value = Filter> {
        let field = prop_oneof![4 => "[abnm]", 1 => "[ -~é]{0,6}", 1 => Just("OR".to_owned())];
        let value = prop_oneof!["[xyz0-3]", "[ -{}-~é]{1,5}", Just("not".to_owned())];
        let relation =
            prop::sample::select(vec![Relation::Below, Relation::AtMost, Relation::AtLeast, Relation::Above]);
        let leaf = prop_oneof![
            (field.clone(), prop::collection::vec(value, 0..4))
                .prop_map(|(field, values)| Filter::one_of(&field, values)),
            (
                field,
                relation,
                prop_oneof![
                    (-3i32..4).prop_map(f64::from),
                    // Of at most 15 digits: what serde_json reads exactly without its feature `float_roundtrip`.
                    (-1_000_000_000i32..1_000_000_000, 0i32..7)
                        .prop_map(|(n, scale)| f64::from(n) / 10f64.powi(scale)),
                ]
            )
                .prop_map(|(field, relation, number)| Filter::compare(&field, relation, number)),
        ];
        leaf.prop_recursive(5, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::all),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::any),
                inner.prop_map(Filter::negate),
            ]
        })
    }

    #[test]
    fn is_printed_as_it_would_be_typed() {
        let filter = Filter::all([
            Filter::one_of("colour", ["red", "sky blue"]),
            Filter::any([Filter::equals("size", "S"), Filter::negate(Filter::equals("not", "it's"))]),
            Filter::compare("price", Relation::AtMost, 19.9),
        ]);
        assert_eq!(filter.to_string(), r#"colour=red|"sky blue" (size=S or !"not"=it's) price<=19.9"#);
        assert_eq!(Filter::everything().to_string(), "");
        assert_eq!(Filter::nothing().to_string(), "!()");
    }
}
