//! The language that users are searched by: a part of Lucene's, as Auth0 documents it ("User search query syntax", version 3).
//!
//! `field:"text"`, `field:word`, `field:wor*`, `field:[low TO high]`, `field:>low`, `field:(a OR b)`, `_exists_:field`, words
//! without a field, `AND`, `OR`, `NOT` and parentheses. Terms that nothing stands between are joined by `OR`, as in Lucene.

mod parse;

use serde_json::Value;

use super::state::Object;

pub use parse::parse;

/// What a search looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// All of them.
    And(Vec<Query>),
    /// One of them at least.
    Or(Vec<Query>),
    /// Not that.
    Not(Box<Query>),
    /// A field with some value; no field searches those that name a person.
    Term(Option<String>, Test),
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is this.
    Is(String),
    /// It is like this.
    Like(Vec<Piece>),
    /// It lies between the two.
    Between(Option<Bound>, Option<Bound>),
    /// It is there.
    Exists,
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Any characters, or none: `*`.
    Any,
    /// Any one character: `?`.
    One,
    /// This character.
    Letter(char),
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    value: String,
    is_included: bool,
}

/// Fields in which case makes no difference.
const CASELESS: &[&str] = &["email", "name", "given_name", "family_name", "nickname"];

/// Fields that a word without a field is looked for in.
const NAMES: &[&str] =
    &["user_id", "email", "name", "given_name", "family_name", "nickname", "username", "phone_number"];

/// A query that can't be read, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Query {
    /// Whether an object is looked for.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(object)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(object)),
            Self::Not(part) => !part.matches(object),
            Self::Term(Some(field), test) => values(object, field).iter().any(|value| {
                test.accepts(value, CASELESS.contains(&field.as_str()) || field == "email.domain")
            }),
            Self::Term(None, test) => {
                let all = NAMES.iter().flat_map(|field| values(object, field));
                let words = all.flat_map(|value| {
                    let words = value.as_str().unwrap_or_default().split_whitespace();
                    words.map(Value::from).chain([value.clone()]).collect::<Vec<_>>()
                });
                words.into_iter().any(|value| test.accepts(&value, true))
            }
        }
    }
}

/// The values of a field whose name may lead through objects and arrays. A name may have points of its own.
fn values(object: &Object, field: &str) -> Vec<Value> {
    if field == "email.domain" {
        let email = object.get("email").and_then(Value::as_str).unwrap_or_default();
        return email.split_once('@').map(|(_, domain)| domain.into()).into_iter().collect();
    }
    let mut found = Vec::new();
    collect(&Value::from(object.clone()), field, &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::Null => {}
        Value::Object(_) if path.is_empty() => {}
        value if path.is_empty() => found.push(value.clone()),
        Value::Object(fields) => {
            for (name, value) in fields {
                let rest = path.strip_prefix(name.as_str());
                match rest.map(|rest| (rest, rest.strip_prefix('.'))) {
                    Some(("", _)) => collect(value, "", found),
                    Some((_, Some(rest))) => collect(value, rest, found),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Test {
    fn accepts(&self, value: &Value, is_caseless: bool) -> bool {
        let folded = |text: &str| if is_caseless { text.to_lowercase() } else { text.to_owned() };
        match self {
            Self::Exists => true,
            Self::Is(wanted) => match value.as_f64() {
                Some(number) => wanted.parse() == Ok(number),
                None => folded(&text(value)) == folded(wanted),
            },
            Self::Like(pattern) => {
                let fold = |piece: &Piece| match piece {
                    Piece::Letter(letter) => folded(&letter.to_string()).chars().map(Piece::Letter).collect(),
                    other => vec![*other],
                };
                let pattern: Vec<Piece> = pattern.iter().flat_map(fold).collect();
                is_like(&pattern, &folded(&text(value)).chars().collect::<Vec<_>>())
            }
            Self::Between(low, high) => {
                low.as_ref().is_none_or(|low| low.is_passed_by(value, std::cmp::Ordering::Greater))
                    && high.as_ref().is_none_or(|high| high.is_passed_by(value, std::cmp::Ordering::Less))
            }
        }
    }
}

impl Bound {
    fn is_passed_by(&self, value: &Value, wanted: std::cmp::Ordering) -> bool {
        let order = match value.as_f64() {
            Some(number) => self.value.parse().ok().and_then(|bound: f64| number.partial_cmp(&bound)),
            None => Some(text(value).as_str().cmp(self.value.as_str())),
        };
        order.is_some_and(|order| order == wanted || self.is_included && order.is_eq())
    }
}

/// Whether a text is like a pattern. Linear in both but for the last star, so that no pattern takes long.
fn is_like(pattern: &[Piece], text: &[char]) -> bool {
    let (mut in_pattern, mut in_text) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(in_text) {
        match pattern.get(in_pattern) {
            Some(Piece::Any) => {
                star = Some((in_pattern, in_text));
                in_pattern = in_pattern.saturating_add(1);
            }
            Some(piece) if *piece == Piece::One || *piece == Piece::Letter(*letter) => {
                (in_pattern, in_text) = (in_pattern.saturating_add(1), in_text.saturating_add(1));
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                let taken = taken.saturating_add(1);
                star = Some((place, taken));
                (in_pattern, in_text) = (place.saturating_add(1), taken);
            }
        }
    }
    pattern.iter().skip(in_pattern).all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pat() -> Object {
        let pat = json!({
            "user_id": "auth0|1", "email": "Pat@Example.com", "name": "Pat Doe", "logins_count": 7, "blocked": true,
            "created_at": "2026-05-02T10:00:00.000Z", "phone_number": "+15550100",
            "identities": [{"connection": "db", "isSocial": false}, {"connection": "google"}],
            "app_metadata": {"tier": "gold", "plan": {"seats": 3}, "a.b": "c"},
        });
        pat.as_object().cloned().unwrap()
    }

    #[test]
    fn what_is_documented_finds_what_it_should() {
        let cases = [
            (r#"email:"pat@example.com""#, true),
            (r#"name:"pat""#, false),
            ("name:pat*", true),
            ("email.domain:EXAMPLE.com", true),
            ("user_id:AUTH0\\|1", false),
            ("user_id:\"auth0|1\"", true),
            ("identities.connection:\"google\"", true),
            ("app_metadata.tier:gold", true),
            ("app_metadata.tier:Gold", false),
            ("app_metadata.a.b:c", true),
            ("app_metadata.plan.seats:[2 TO 3]", true),
            ("app_metadata.plan.seats:{3 TO *]", false),
            ("logins_count:>6 AND logins_count:<=7", true),
            ("logins_count:>=8", false),
            ("created_at:[2026-05-01 TO *]", true),
            ("created_at:[* TO 2026-05-01]", false),
            ("blocked:true AND NOT name:jo*", true),
            ("-blocked:true", false),
            ("_exists_:phone_number", true),
            ("NOT _exists_:nickname", true),
            ("phone_number:*", true),
            ("(blocked:false OR app_metadata.tier:silver) AND name:pat*", false),
            ("blocked:false OR (app_metadata.tier:(silver OR gold) AND name:p?t*)", true),
            ("doe", true),
            ("jane doe", true),
            ("jane AND doe", false),
            ("*xample.com", true),
        ];
        for (query, wanted) in cases {
            assert_eq!(parse(query).map(|query| query.matches(&pat())), Ok(wanted), "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in
            ["", "a:", "(a", "a)", "a:[1 TO", "a:[1 3]", "AND a", "NOT", "\"a", "name:*sa", "a OR", ":x"]
        {
            assert!(parse(query).is_err(), "{query}");
        }
        for query in ["user_metadata.a:b*", "user_metadata.a:[1 TO 2]"] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn parentheses_go_only_so_deep() {
        let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(parse(&deep).is_err() && parse(&"NOT ".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_parser(text in r#"[a-z:"()\[\]{}*?<>=\\ !+-]{0,40}|(AND |OR |NOT |TO |a|"|:|\(|\)|\[){0,12}"#) {
            if let Ok(query) = parse(&text) {
                let _ = query.matches(&pat());
            }
        }

        #[test]
        fn a_quoted_text_finds_itself(name in "[a-zA-Z \\\\\"*()]{1,20}") {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            let object = json!({"app_metadata": {"x": name}}).as_object().cloned().unwrap();
            let query = format!("app_metadata.x:\"{quoted}\"");
            prop_assert!(parse(&query).unwrap().matches(&object));
        }
    }
}
