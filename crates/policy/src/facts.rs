//! What an enrichment connector says of somebody who signs up: a few plain values, and nothing nested.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor},
};
use serde_json::Number;

/// The most facts; a bound of our own.
const MAX_FACTS: usize = 16;

/// The longest name, in bytes; a bound of our own.
const MAX_NAME_BYTES: usize = 32;

/// The longest text, in bytes; a bound of our own.
const MAX_TEXT_BYTES: usize = 128;

/// The most bytes of JSON that go into a mark: its 1,024 less what the level and the longest reference take.
const MAX_MARKED_BYTES: usize = 768;

/// Names that a program in JavaScript may take for something of the language's.
const FOREIGN: [&str; 2] = ["constructor", "prototype"];

/// Facts about a sign-up from outside, by name: at most 16, each a text, a number or a boolean.
///
/// A name has 1 to 32 of `a` to `z`, `0` to `9` and `_`, and does not begin with `_`; a text has at most 128 bytes, none
/// of them a control character. A name comes once. Whatever breaks a bound is refused as a whole. They may tell of a
/// person, so that they do not print.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<String, Fact>);

/// The value of one fact.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Fact {
    Text(String),
    Number(Number),
    Boolean(bool),
}

impl Facts {
    /// No facts.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they are small enough to be written into an account's metadata: at most 768 bytes of JSON.
    #[must_use]
    pub fn fit_metadata(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|bytes| bytes.len() <= MAX_MARKED_BYTES)
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({})", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FactsVisitor)
    }
}

struct FactsVisitor;

impl<'de> Visitor<'de> for FactsVisitor {
    type Value = Facts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MAX_FACTS} texts, numbers and booleans")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Facts, A::Error> {
        let mut facts = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if !is_name(&name) {
                return Err(de::Error::custom("a name has 1 to 32 of `a` to `z`, `0` to `9` and `_`"));
            }
            if facts.len() >= MAX_FACTS {
                return Err(de::Error::custom("there are at most 16 facts"));
            }
            if facts.insert(name, map.next_value::<Fact>()?).is_some() {
                return Err(de::Error::custom("a name comes once"));
            }
        }
        Ok(Facts(facts))
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        // Why: `__proto__` and its like are no names of data where the Action's JavaScript copies them.
        && !name.starts_with('_')
        && !FOREIGN.contains(&name)
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FactVisitor)
    }
}

struct FactVisitor;

impl Visitor<'_> for FactVisitor {
    type Value = Fact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a boolean")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Fact, E> {
        Ok(Fact::Boolean(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Fact, E> {
        Ok(Fact::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Fact, E> {
        Ok(Fact::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Fact, E> {
        Number::from_f64(value).map(Fact::Number).ok_or_else(|| E::custom("a number is finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Fact, E> {
        if value.len() > MAX_TEXT_BYTES || value.chars().any(char::is_control) {
            return Err(E::custom("a text has at most 128 bytes, none of them a control character"));
        }
        Ok(Fact::Text(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parse(text: &str) -> Result<Facts, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn plain_values_come_and_go_unchanged() {
        let value = json!({ "company": "Acme \"B\" Ltd", "size": 250, "score": 0.25, "debt": -3, "is_customer": true });
        let facts: Facts = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&facts).unwrap(), value);
        assert!(facts.fit_metadata() && !facts.is_empty() && parse("{}").unwrap().is_empty());
    }

    #[test]
    fn whatever_breaks_a_bound_is_refused_as_a_whole() {
        let long_text = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_TEXT_BYTES + 1));
        let long_name = format!(r#"{{"{}":1}}"#, "n".repeat(MAX_NAME_BYTES + 1));
        let many = (0..=MAX_FACTS).map(|n| format!(r#""n{n}":1"#)).collect::<Vec<_>>().join(",");
        let many = format!("{{{many}}}");
        for text in [
            long_text.as_str(),
            &long_name,
            &many,
            r#"{"__proto__":1}"#,
            r#"{"_a":1}"#,
            r#"{"constructor":1}"#,
            r#"{"prototype":"x"}"#,
            r#"{"$where":"1"}"#,
            r#"{"a.b":1}"#,
            r#"{"A":1}"#,
            r#"{"":1}"#,
            r#"{"ä":1}"#,
            r#"{"a":{}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":null}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":"x\ny"}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"a":1e999}"#,
            r#"{"good":1,"a.b":1}"#,
            "[]",
            "\"a\"",
            "1",
            "null",
            "{",
            "{} {}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_bounds_themselves_hold() {
        let most = (0..MAX_FACTS).map(|n| (format!("n{n}"), json!("x".repeat(MAX_TEXT_BYTES))));
        let facts: Facts = serde_json::from_value(Value::Object(most.collect())).unwrap();
        assert!(!facts.fit_metadata(), "more than a mark holds");
        let name = "n".repeat(MAX_NAME_BYTES);
        assert!(parse(&format!(r#"{{"{name}":true}}"#)).unwrap().fit_metadata());
    }

    #[test]
    fn facts_do_not_print() {
        let facts = parse(r#"{"company":"Acme"}"#).unwrap();
        assert_eq!(format!("{facts:?}"), "Facts(1)");
    }

    proptest! {
        #[test]
        fn what_is_taken_parses_again_to_the_same_bytes(
            number in any::<f64>().prop_filter("finite", |number| number.is_finite()),
            integer in any::<i64>(),
            text in "\\PC{0,30}",
        ) {
            let value = json!({ "number": number, "integer": integer, "text": text });
            let facts: Facts = serde_json::from_str(&value.to_string()).unwrap();
            let bytes = serde_json::to_vec(&facts).unwrap();
            let again: Facts = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json::to_vec(&again).unwrap(), bytes);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            drop(parse(&text));
        }
    }
}
