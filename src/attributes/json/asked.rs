//! What a filter in JSON asks of one column: a value, a list of values, or conditions by name.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::error::short;
use super::super::filter::{Filter, Relation, bound};
use super::Part;

const CONDITIONS: [&str; 7] = ["equals", "in", "not", "min", "max", "above", "below"];
const LISTED: &str = "equals, in, not, min, max, above, below";

/// What is asked of a column.
pub(super) enum Asking {
    Nothing,
    Value(String),
    Values(Vec<String>),
    /// Conditions by name.
    Conditions(Vec<(String, Asking)>),
    /// Behind `not`.
    Filter(Filter),
}

#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) part: Part<'a>,
    /// An object is a filter, rather than conditions.
    pub(super) filters: bool,
}

impl<'de> DeserializeSeed<'de> for Asked<'_> {
    type Value = Asking;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Asking, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Asked<'_> {
    type Value = Asking;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a value, a list of values, or an object with {LISTED}")
    }

    fn visit_unit<E: Error>(self) -> Result<Asking, E> {
        Ok(Asking::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Asking, E> {
        Ok(Asking::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Asking, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Asking, E> {
        self.part.count()?;
        Ok(Asking::Value(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Asking, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Asking, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Asking, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Asking, E> {
        if !number.is_finite() {
            return Err(E::custom("a number in a filter must be finite"));
        }
        self.visit_str(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Asking, A::Error> {
        // A list in JavaScript may hold itself.
        let inner = Asked { part: self.part.deeper()?, ..self };
        let mut values = Vec::new();
        while let Some(asked) = list.next_element_seed(inner)? {
            match asked {
                Asking::Value(value) => values.push(value),
                _ => {
                    return Err(A::Error::custom(
                        "a list of values holds texts, numbers, true and false only",
                    ));
                }
            }
        }
        Ok(Asking::Values(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Asking, A::Error> {
        if self.filters {
            return self.part.visit_map(map).map(Asking::Filter);
        }
        let inner = Asked { part: self.part.deeper()?, filters: false };
        let mut conditions = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.part.count()?;
            if !CONDITIONS.contains(&key.as_str()) {
                return Err(unknown(&key));
            }
            conditions.push((key, map.next_value_seed(inner)?));
        }
        Ok(Asking::Conditions(conditions))
    }
}

fn unknown<E: Error>(key: &str) -> E {
    E::custom(format!("there is no condition \"{}\"; there are {LISTED}", short(key)))
}

/// The filter of a column and what is asked of it, `None` where nothing is.
pub(super) fn of_column<E: Error>(field: &str, asked: Asking) -> Result<Option<Filter>, E> {
    match asked {
        Asking::Nothing => Ok(None),
        Asking::Value(value) => Ok(Some(Filter::equals(field, &value))),
        Asking::Values(values) => one_of(field, values).map(Some),
        Asking::Conditions(conditions) => {
            let filters: Result<Vec<_>, E> =
                conditions.into_iter().map(|(key, asked)| condition(field, &key, asked)).collect();
            Ok(Some(Filter::all(filters?.into_iter().flatten())))
        }
        Asking::Filter(_) => Err(E::custom("a column has no filter within")),
    }
}

pub(super) fn condition<E: Error>(field: &str, key: &str, asked: Asking) -> Result<Option<Filter>, E> {
    let relation = match key {
        "min" => Relation::AtLeast,
        "max" => Relation::AtMost,
        "above" => Relation::Above,
        "below" => Relation::Below,
        _ => {
            return match (key, asked) {
                ("equals" | "in" | "not", Asking::Nothing) => Ok(None),
                ("equals", Asking::Value(value)) => Ok(Some(Filter::equals(field, &value))),
                ("in", Asking::Values(values)) => one_of(field, values).map(Some),
                ("not", Asking::Value(value)) => Ok(Some(Filter::negate(Filter::equals(field, &value)))),
                ("not", Asking::Values(values)) => Ok(Some(Filter::negate(one_of(field, values)?))),
                ("equals" | "not", _) => Err(E::custom(format!("{key} has one value"))),
                ("in", _) => Err(E::custom("in has a list of values")),
                _ => Err(unknown(key)),
            };
        }
    };
    match asked {
        Asking::Nothing => Ok(None),
        Asking::Value(text) => match bound(&text) {
            Some(number) => Ok(Some(Filter::compare(field, relation, number))),
            None => Err(E::custom(format!("{key} has a number, not \"{}\"", short(&text)))),
        },
        _ => Err(E::custom(format!("{key} has a number"))),
    }
}

fn one_of<E: Error>(field: &str, values: Vec<String>) -> Result<Filter, E> {
    if values.is_empty() {
        let field = short(field);
        return Err(E::custom(format!(
            "the list of \"{field}\" is empty: leave it out to ask nothing of \"{field}\""
        )));
    }
    Ok(Filter::one_of(field, values))
}
