//! Options from JavaScript, for serde: plain objects, lists, texts, numbers, booleans, null and undefined.
//!
//! In place of serde-wasm-bindgen, which with what it draws in is a quarter of the module that ranks; a page that filters
//! loads that module.

use std::fmt::{self, Display};

use js_sys::{Array, Number, Object, Reflect};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use wasm_bindgen::{JsCast, JsValue};

/// Reads options.
pub fn read<T: DeserializeOwned>(options: JsValue) -> Result<T, Refusal> {
    T::deserialize(Value(options))
}

/// Why options are refused.
#[derive(Debug)]
pub struct Refusal(String);

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: Display>(message: T) -> Self {
        Refusal(message.to_string())
    }

    // Serde's own would name what there is instead, for which it draws in the printing of every kind of number.
    fn invalid_type(_: Unexpected, expected: &dyn Expected) -> Self {
        Refusal(format!("expected {expected}"))
    }

    fn invalid_value(_: Unexpected, expected: &dyn Expected) -> Self {
        Refusal(format!("expected {expected}"))
    }
}

fn expected<'de, V: Visitor<'de>>(visitor: &V) -> Refusal {
    de::Error::invalid_type(Unexpected::Unit, visitor)
}

struct Value(JsValue);

/// What a value is: told apart once, so that each of serde's many visitors costs little.
enum Kind {
    Nothing,
    Flag(bool),
    /// As far as JavaScript counts exactly.
    Whole(i64),
    Text(String),
    List(Array),
    Object(Object),
}

impl Value {
    fn kind(self) -> Result<Kind, Refusal> {
        let Value(value) = self;
        if value.is_null() || value.is_undefined() {
            Ok(Kind::Nothing)
        } else if let Some(flag) = value.as_bool() {
            Ok(Kind::Flag(flag))
        } else if let Some(text) = value.as_string() {
            Ok(Kind::Text(text))
        } else if let Some(number) = value.as_f64() {
            // Where anything may stand, a number is a value to be compared as JavaScript writes it.
            match Number::from(number).to_string_with_radix(10) {
                _ if Number::is_safe_integer(&value) => Ok(Kind::Whole(number as i64)),
                Ok(text) if number.is_finite() => Ok(Kind::Text(text.into())),
                _ => Err(Refusal("a number must be finite".to_owned())),
            }
        } else {
            match value.dyn_into::<Array>() {
                Ok(list) => Ok(Kind::List(list)),
                Err(value) => Ok(Kind::Object(value.unchecked_into())),
            }
        }
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.kind()? {
            Kind::Nothing => visitor.visit_unit(),
            Kind::Flag(flag) => visitor.visit_bool(flag),
            Kind::Whole(number) => visitor.visit_i64(number),
            Kind::Text(text) => visitor.visit_str(&text),
            Kind::List(list) => visitor.visit_seq(List { list, at: 0 }),
            Kind::Object(object) => visitor.visit_map(Entries { keys: Object::keys(&object), object, at: 0 }),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.as_string() {
            Some(text) => visitor.visit_string(text),
            None => Err(expected(&visitor)),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.kind()? {
            Kind::Whole(number) => visitor.visit_i64(number),
            _ => Err(expected(&visitor)),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_u32(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.kind()? {
            Kind::List(list) => visitor.visit_seq(List { list, at: 0 }),
            _ => Err(expected(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.kind()? {
            Kind::Object(object) => visitor.visit_map(Entries { keys: Object::keys(&object), object, at: 0 }),
            _ => Err(expected(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => Err(expected(&visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 f32 char str bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map
        identifier
    }
}

/// One of a few words.
impl<'de> EnumAccess<'de> for Value {
    type Error = Refusal;
    type Variant = Value;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Value), Refusal> {
        let word = self.0.as_string().unwrap_or_default();
        Ok((seed.deserialize(word.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Value {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Refusal> {
        Err(de::Error::custom("a word has no value"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        Err(expected(&visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        Err(expected(&visitor))
    }
}

struct List {
    list: Array,
    at: u32,
}

impl<'de> SeqAccess<'de> for List {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        if self.at >= self.list.length() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(Value(self.list.get(self.at - 1))).map(Some)
    }
}

struct Entries {
    object: Object,
    keys: Array,
    at: u32,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        // Keys are texts, always.
        let Some(key) = self.keys.get(self.at).as_string() else { return Ok(None) };
        self.at += 1;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let key = self.keys.get(self.at - 1);
        let value =
            Reflect::get(&self.object, &key).map_err(|_| Refusal("a property cannot be read".to_owned()))?;
        seed.deserialize(Value(value))
    }
}
