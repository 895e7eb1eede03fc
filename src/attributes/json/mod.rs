//! The JSON form of a filter, for serde: from text, or from a JavaScript object as it is.
//!
//! An object holds what all must hold: `all`, `any` and `not` with filters, and columns with what is asked of them. With
//! `field` it is one condition. A string is the text form. Null, which JavaScript has for a choice not made, asks nothing.

mod asked;

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use self::asked::{Asked, Asking, condition, of_column};
use super::error::FilterError;
use super::filter::{Filter, MAX_DEPTH, MAX_LENGTH, MAX_PARTS, Relation};

impl Filter {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`FilterError`] when it is no filter or over a limit.
    pub fn from_json(json: &str) -> Result<Filter, FilterError> {
        if json.len() > MAX_LENGTH {
            return Err(FilterError::TooLong { bytes: json.len(), most: MAX_LENGTH });
        }
        serde_json::from_str(json).map_err(|error| FilterError::Shape(error.to_string()))
    }
}

impl<'de> serde::Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Filter, D::Error> {
        let parts = Cell::new(0);
        let filter = Part { depth: 0, parts: &parts }.deserialize(deserializer)?;
        filter.check_depth().map_err(D::Error::custom)
    }
}

/// A filter within a filter. JavaScript's objects may hold themselves: depth and number of parts are both bounded.
#[derive(Clone, Copy)]
struct Part<'a> {
    depth: usize,
    parts: &'a Cell<usize>,
}

impl Part<'_> {
    fn count<E: Error>(&self) -> Result<(), E> {
        self.parts.set(self.parts.get() + 1);
        if self.parts.get() > MAX_PARTS {
            return Err(E::custom(FilterError::TooManyParts { most: MAX_PARTS }));
        }
        Ok(())
    }

    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(FilterError::TooDeep { most: MAX_DEPTH }));
        }
        Ok(Part { depth: self.depth + 1, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Filter;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Filter, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Filter;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a filter: an object such as {\"colour\":\"red\"}, or a text such as \"colour=red\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Filter, E> {
        self.count()?;
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filter, A::Error> {
        let inner = self.deeper()?;
        let (mut filters, mut operands, mut field) = (Vec::new(), Vec::new(), None);
        while let Some(key) = map.next_key::<String>()? {
            self.count()?;
            match key.as_str() {
                "all" => filters.push(Filter::all(map.next_value_seed(Parts(inner))?)),
                "any" => filters.push(Filter::any(map.next_value_seed(Parts(inner))?)),
                "not" => {
                    // Of a condition with a `field` it is a value, else a filter; which, is known at the end.
                    operands.push((key, map.next_value_seed(Asked { part: inner, filters: true })?));
                }
                "field" => field = Some(map.next_value::<String>()?),
                _ => operands.push((key, map.next_value_seed(Asked { part: inner, filters: false })?)),
            }
        }
        if let Some(field) = field {
            if !filters.is_empty() {
                return Err(A::Error::custom(
                    "an object with field is one condition: put all and any around it",
                ));
            }
            let conditions: Result<Vec<_>, _> =
                operands.into_iter().map(|(key, asked)| condition(&field, &key, asked)).collect();
            return Ok(Filter::all(conditions?.into_iter().flatten()));
        }
        for (key, asked) in operands {
            filters.extend(match asked {
                Asking::Filter(filter) => Some(Filter::negate(filter)),
                Asking::Value(text) if key == "not" => {
                    Some(Filter::negate(text.parse().map_err(A::Error::custom)?))
                }
                Asking::Values(_) if key == "not" => {
                    return Err(A::Error::custom(
                        "not has one filter, not a list: say {\"not\":{\"any\":[...]}}",
                    ));
                }
                asked => of_column(&key, asked)?,
            });
        }
        Ok(Filter::all(filters))
    }
}

/// A list of filters.
struct Parts<'a>(Part<'a>);

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = Vec<Filter>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Filter>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Vec<Filter>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of filters")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Filter>, A::Error> {
        let mut filters = Vec::new();
        while let Some(filter) = list.next_element_seed(self.0)? {
            filters.push(filter);
        }
        Ok(filters)
    }
}

/// The long form, which is read to the same filter.
impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Filter::All(members) => map.serialize_entry("all", members)?,
            Filter::Any(members) => map.serialize_entry("any", members)?,
            Filter::Not(inner) => map.serialize_entry("not", inner)?,
            Filter::OneOf { field, values } => {
                map.serialize_entry("field", field)?;
                match &values[..] {
                    [value] => map.serialize_entry("equals", value)?,
                    values => map.serialize_entry("in", values)?,
                }
            }
            Filter::Compare { field, relation, number } => {
                map.serialize_entry("field", field)?;
                let key = match relation {
                    Relation::Below => "below",
                    Relation::AtMost => "max",
                    Relation::AtLeast => "min",
                    Relation::Above => "above",
                };
                map.serialize_entry(key, number)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::filter::tests::any_filter;
    use super::*;

    #[test]
    fn long_and_short_forms_are_read() {
        for (json, text) in [
            ("{}", ""),
            (r#"{"colour":"red"}"#, "colour=red"),
            (r#"{"colour":["red","blue"],"price":{"max":20}}"#, "colour=red|blue price<=20"),
            (
                r#"{"all":[{"field":"colour","in":["red","blue"]},{"field":"price","min":10,"max":20},
                    {"not":{"field":"stock","equals":"0"}}]}"#,
                "colour=red|blue price>=10 price<=20 !stock=0",
            ),
            (r#"{"min":10,"field":"price","below":20.50}"#, "price>=10 price<20.5"),
            (r#"{"any":[{"size":38},{"size":"M"}],"kids":false}"#, "(size=38 or size=M) kids=false"),
            (r#"{"not":{"colour":"red","size":"S"}}"#, "!(colour=red size=S)"),
            (r#"{"colour":{"not":["red","blue"]},"price":{"above":"5"}}"#, "!colour=red|blue price>5"),
            (r#"{"field":"colour","not":"red"}"#, "!colour=red"),
            (r#"{"not":"colour=red or size=S"}"#, "!(colour=red or size=S)"),
            (r#""colour=red price<20""#, "colour=red price<20"),
            (r#"{"any":["colour=red",{"size":"S"}]}"#, "colour=red or size=S"),
            (r#"{"colour":null,"price":{"min":null,"max":20}}"#, "price<=20"),
            (r#"{"field":"all","equals":"x"}"#, "all=x"),
            (r#"{"any":[]}"#, "!()"),
        ] {
            let read = Filter::from_json(json).map(|filter| filter.to_string());
            assert_eq!(read, Ok(text.to_owned()), "{json}");
        }
    }

    #[test]
    fn errors_say_what_was_wrong() {
        for (json, message) in [
            ("3", "expected a filter: an object such as"),
            ("[]", "expected a filter: an object such as"),
            ("null", "expected a filter"),
            (r#"{"colour":[]}"#, "the list of \"colour\" is empty"),
            (r#"{"colour":[["red"]]}"#, "texts, numbers, true and false only"),
            (r#"{"price":{"maximum":3}}"#, "no condition \"maximum\"; there are equals, in"),
            (r#"{"field":"price","most":3}"#, "no condition \"most\""),
            (r#"{"price":{"max":"cheap"}}"#, "max has a number, not \"cheap\""),
            (r#"{"price":{"max":[1]}}"#, "max has a number"),
            (r#"{"price":{"equals":[1]}}"#, "equals has one value"),
            (r#"{"price":{"in":1}}"#, "in has a list"),
            (r#"{"price":{"not":{"max":1}}}"#, "not has one value"),
            (r#"{"field":"price","any":[],"max":1}"#, "put all and any around it"),
            (r#"{"all":{"colour":"red"}}"#, "expected a list of filters"),
            (r#"{"not":[{"colour":"red"}]}"#, "texts, numbers"),
            (r#"{"any":["colour="]}"#, "at character 8: expected a value"),
            (r#"{"colour":"red""#, "EOF"),
        ] {
            let error = Filter::from_json(json).expect_err(json).to_string();
            assert!(error.starts_with("the filter is not understood: "), "{error}");
            assert!(error.contains(message), "{json}: {error}");
        }
    }

    #[test]
    fn hostile_filters_are_refused() {
        let error = |json: String| Filter::from_json(&json).expect_err("it is over a limit").to_string();
        let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(60), "}".repeat(60));
        assert!(error(deep).contains("over 32 deep"));
        let deep = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
        assert!(error(deep).contains("no condition"));
        assert!(error(format!(r#"{{"a":[{}1]}}"#, "1,".repeat(5000))).contains("over 4096 conditions"));
        assert!(error(format!(r#"{{"any":[{}{{}}]}}"#, "{\"a\":1},".repeat(5000))).contains("over 4096"));
        assert!(error(" ".repeat(70_000)).contains("65536 is the most"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(filter in any_filter()) {
            let json = serde_json::to_string(&filter).expect("a filter has only texts and numbers");
            prop_assert_eq!(Filter::from_json(&json), Ok(filter), "{}", json);
        }
    }
}
