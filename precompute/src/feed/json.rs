//! Members of JSON objects, as text.

use serde_json::Value;

/// What member `name` says, empty if nothing.
pub fn text(object: &Value, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(yes)) => yes.to_string(),
        _ => String::new(),
    }
}

/// The entries of member `name`; one that is no array is its only entry.
pub fn list<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let (several, one) = match object.get(name) {
        Some(Value::Array(values)) => (values.as_slice(), None),
        Some(Value::Null) | None => (&[][..], None),
        Some(value) => (&[][..], Some(value)),
    };
    several.iter().chain(one)
}
