//! Which fields a type reads, asked of the type itself.
//!
//! A type is deserialized again and again from a probe that notes what it asks for. Structs that keep unknown fields
//! (`flatten`) do not say which they know, so that they are tried with `words`: every name that may be one.

use std::{cell::Cell, collections::BTreeSet, fmt};

use serde::{
    Deserialize,
    de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value::StrDeserializer},
};

/// The deepest place that is looked at: types may hold themselves.
const MAX_STEPS: usize = 12;

/// The paths of all values that `T` reads. Items of an array are `[]`; a path ends with `**` where anything may follow.
///
/// An enumeration that tells its kinds apart by a field of theirs is no more than `**`.
#[must_use]
pub fn paths<'de, T: Deserialize<'de>>(words: &[&'static str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![(Vec::new(), false)];
    while let Some((steps, is_tried)) = next.pop() {
        let asked = Cell::new(None);
        drop(T::deserialize(Probe { steps: &steps, asked: &asked, is_optional: false }));
        let mut go_on = |names: &[&'static str], is_tried| {
            for name in names {
                next.push(([&steps[..], &[Step::Name(name)]].concat(), is_tried));
            }
        };
        match asked.get() {
            // What an unknown field is kept as.
            Some(Asked::Anything { is_optional: false }) if is_tried => {}
            _ if steps.len() >= MAX_STEPS => {
                found.insert(text(&steps, true));
            }
            Some(Asked::Struct(names)) => go_on(names, false),
            Some(Asked::Known) => go_on(words, true),
            Some(Asked::Items) => next.push(([&steps[..], &[Step::Item]].concat(), false)),
            Some(Asked::Anything { .. } | Asked::Map) => {
                found.insert(text(&steps, true));
            }
            // What is read without asking for a value is refused.
            Some(Asked::Value) | None => {
                found.insert(text(&steps, false));
            }
        }
    }
    found
}

fn text(steps: &[Step], is_open: bool) -> String {
    let mut text = String::new();
    let end = is_open.then_some(Step::Name("**"));
    for step in steps.iter().copied().chain(end) {
        match step {
            Step::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Item => text.push_str("[]"),
        }
    }
    text
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Name(&'static str),
    Item,
}

/// What a type asks for at a place.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// One of these fields.
    Struct(&'static [&'static str]),
    /// Fields that it knows, and others.
    Known,
    /// Any names.
    Map,
    /// Items.
    Items,
    /// A text, a number, a word.
    Value,
    /// Whatever is there.
    Anything { is_optional: bool },
}

/// The end of a run.
#[derive(Debug)]
struct Over;

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("over")
    }
}

impl std::error::Error for Over {}

impl de::Error for Over {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Leads a type along `steps` and notes what it asks for at their end.
#[derive(Clone, Copy)]
struct Probe<'a> {
    steps: &'a [Step],
    asked: &'a Cell<Option<Asked>>,
    is_optional: bool,
}

impl Probe<'_> {
    fn note<V>(self, asked: Asked) -> Result<V, Over> {
        if self.steps.is_empty() {
            self.asked.set(Some(asked));
        }
        Err(Over)
    }
}

macro_rules! values {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Over> {
            self.note(Asked::Value)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Over;

    values! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Over> {
        // Why: numbers of any size are read so, too, and they take no boolean.
        let takes_any = visitor.visit_bool::<Over>(true).is_ok();
        self.note(if takes_any { Asked::Anything { is_optional: self.is_optional } } else { Asked::Value })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Over> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Over> {
        visitor.visit_some(Self { is_optional: true, ..self })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Over> {
        if name == "$serde_json::private::RawValue" {
            return self.note(Asked::Anything { is_optional: true });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, _: V) -> Result<V::Value, Over> {
        self.note(Asked::Value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Over> {
        match self.steps.split_first() {
            Some((Step::Item, rest)) => visitor
                .visit_seq(Inside { name: "", probe: Self { steps: rest, is_optional: false, ..self } }),
            _ => self.note(Asked::Items),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Over> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Over> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Over> {
        match self.steps.split_first() {
            Some((Step::Name(name), rest)) => {
                visitor.visit_map(Inside { name, probe: Self { steps: rest, is_optional: false, ..self } })
            }
            _ => visitor.visit_map(Inside { name: "", probe: self }),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Over> {
        if name == "$serde_json::private::RawValue" {
            return self.note(Asked::Anything { is_optional: true });
        }
        if self.steps.is_empty() { self.note(Asked::Struct(fields)) } else { self.deserialize_map(visitor) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Over> {
        self.note(Asked::Value)
    }
}

/// An object of one name, or an array of one item. At the end of the steps it has none, and only notes how names are asked for.
struct Inside<'a> {
    name: &'static str,
    probe: Probe<'a>,
}

impl<'de> MapAccess<'de> for Inside<'_> {
    type Error = Over;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Over> {
        if self.name.is_empty() {
            return seed.deserialize(Key(self.probe)).map(Some);
        }
        seed.deserialize(StrDeserializer::new(self.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Over> {
        seed.deserialize(self.probe)
    }
}

impl<'de> SeqAccess<'de> for Inside<'_> {
    type Error = Over;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Over> {
        seed.deserialize(self.probe).map(Some)
    }
}

/// A name that is asked for: by who knows some, or by who takes any.
struct Key<'a>(Probe<'a>);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Over;

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Over> {
        self.0.note(Asked::Known)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Over> {
        self.0.note(Asked::Map)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum ignored_any
    }
}

/// Names in source text that may be those of fields: every word of it, and what stands in quotes.
#[must_use]
pub fn names_in(source: &str) -> BTreeSet<String> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || "_-$".contains(c);
    let quoted = source.split('"').filter(|text| text.chars().all(is_of_names));
    let words = source.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    quoted.chain(words).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
