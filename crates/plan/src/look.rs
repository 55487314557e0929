//! Looking at a tenant: what must be so before a step, and what is so after it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answers, FillError, Part, Template, sha256};

/// Something that is read, and what must be so of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// A request that reads.
    pub read: Template,
    /// Of a list, the item of which these hold; of anything else nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item: Vec<Claim>,
    /// What holds of it; `None`: that it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<Claim>>,
    /// Whether it may become so by itself, so that waiting for it has a point.
    #[serde(default)]
    pub waits: bool,
}

/// What is so of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What.
    pub says: Says,
}

/// What a place says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// This value; null stands for absence too.
    Is(Part),
    /// A text with this SHA-256.
    Hash(String),
    /// A list whose items have these values at a pointer, in this order; absence stands for an empty list.
    Each(String, Vec<Part>),
    /// As `Each`, in any order.
    Set(String, Vec<Part>),
    /// Another value than this; absence is null here too.
    Not(Part),
    /// A list among whose items' values at a pointer are all of these.
    Has(String, Vec<Part>),
    /// A list among whose items' values at a pointer is none of these.
    Lacks(String, Vec<Part>),
}

/// What is not as it should be; names places, no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// It should be there.
    #[error("it is not there")]
    Absent,
    /// It should not be there.
    #[error("it is there already")]
    There,
    /// Something else stands at a place.
    #[error("`{0}` is not what it should be")]
    Differs(String),
    /// The claim itself can't be made.
    #[error(transparent)]
    Fill(#[from] FillError),
}

impl Claim {
    /// A value at a place.
    pub fn is(at: &str, value: impl Into<Part>) -> Self {
        Self { at: at.to_owned(), says: Says::Is(value.into()) }
    }

    /// A text's hash at a place.
    pub fn hash(at: &str, text: &str) -> Self {
        Self { at: at.to_owned(), says: Says::Hash(sha256(text.as_bytes())) }
    }

    /// Another value at a place.
    pub fn not(at: &str, value: impl Into<Part>) -> Self {
        Self { at: at.to_owned(), says: Says::Not(value.into()) }
    }

    /// That a list has these items among others.
    pub fn has<T: AsRef<str>>(at: &str, pointer: &str, texts: impl IntoIterator<Item = T>) -> Self {
        Self { at: at.to_owned(), says: Says::Has(pointer.to_owned(), texts_of(texts)) }
    }

    /// That a list has none of these items.
    pub fn lacks<T: AsRef<str>>(at: &str, pointer: &str, texts: impl IntoIterator<Item = T>) -> Self {
        Self { at: at.to_owned(), says: Says::Lacks(pointer.to_owned(), texts_of(texts)) }
    }

    /// The items of a list, in their order.
    pub fn each(at: &str, pointer: &str, parts: Vec<Part>) -> Self {
        Self { at: at.to_owned(), says: Says::Each(pointer.to_owned(), parts) }
    }

    /// The items of a list, in any order.
    pub fn set<T: AsRef<str>>(at: &str, pointer: &str, texts: impl IntoIterator<Item = T>) -> Self {
        Self { at: at.to_owned(), says: Says::Set(pointer.to_owned(), texts_of(texts)) }
    }

    /// The same with what earlier steps answered filled in where it is known.
    #[must_use]
    pub fn resolved(&self, answers: &Answers) -> Self {
        let all = |parts: &[Part]| parts.iter().map(|part| part.resolved(answers)).collect();
        let says = match &self.says {
            Says::Is(part) => Says::Is(part.resolved(answers)),
            Says::Not(part) => Says::Not(part.resolved(answers)),
            Says::Hash(hash) => Says::Hash(hash.clone()),
            Says::Each(pointer, parts) => Says::Each(pointer.clone(), all(parts)),
            Says::Set(pointer, parts) => Says::Set(pointer.clone(), all(parts)),
            Says::Has(pointer, parts) => Says::Has(pointer.clone(), all(parts)),
            Says::Lacks(pointer, parts) => Says::Lacks(pointer.clone(), all(parts)),
        };
        Self { at: self.at.clone(), says }
    }

    fn holds(&self, of: &Value, answers: &Answers) -> Result<bool, FillError> {
        let found = of.pointer(&self.at).unwrap_or(&Value::Null);
        let fill = |part: &Part| part.fill(answers, &|_| None);
        Ok(match &self.says {
            Says::Is(part) => found == &fill(part)?,
            Says::Hash(hash) => found.as_str().is_some_and(|text| &sha256(text.as_bytes()) == hash),
            Says::Each(pointer, parts) => items(found, pointer) == filled(parts, &fill)?,
            Says::Set(pointer, parts) => {
                let (mut found, mut wanted) = (items(found, pointer), filled(parts, &fill)?);
                for list in [&mut found, &mut wanted] {
                    list.sort_by_key(Value::to_string);
                    list.dedup();
                }
                found == wanted
            }
            Says::Not(part) => found != &fill(part)?,
            Says::Has(pointer, parts) => {
                let found = items(found, pointer);
                filled(parts, &fill)?.iter().all(|part| found.contains(part))
            }
            Says::Lacks(pointer, parts) => {
                let found = items(found, pointer);
                !filled(parts, &fill)?.iter().any(|part| found.contains(part))
            }
        })
    }
}

fn texts_of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Part> {
    texts.into_iter().map(|text| Part::text(text.as_ref())).collect()
}

fn filled(parts: &[Part], fill: &dyn Fn(&Part) -> Result<Value, FillError>) -> Result<Vec<Value>, FillError> {
    parts.iter().map(fill).collect()
}

fn items(list: &Value, pointer: &str) -> Vec<Value> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.pointer(pointer).unwrap_or(&Value::Null).clone()).collect()
}

impl Look {
    /// The one that something is read by itself.
    #[must_use]
    pub const fn at(read: Template, claims: Vec<Claim>) -> Self {
        Self { read, item: Vec::new(), claims: Some(claims), waits: false }
    }

    /// An item of a list.
    #[must_use]
    pub fn item(list: &str, item: Vec<Claim>, claims: Vec<Claim>) -> Self {
        Self { read: Template::new(list, Vec::new()), item, claims: Some(claims), waits: false }
    }

    /// That a list has no such item.
    #[must_use]
    pub fn absent(list: &str, item: Vec<Claim>) -> Self {
        Self { read: Template::new(list, Vec::new()), item, claims: None, waits: false }
    }

    /// An item of a list that this reads.
    #[must_use]
    pub const fn among(read: Template, item: Vec<Claim>, claims: Vec<Claim>) -> Self {
        Self { read, item, claims: Some(claims), waits: false }
    }

    /// That the list that this reads has no such item.
    #[must_use]
    pub const fn not_among(read: Template, item: Vec<Claim>) -> Self {
        Self { read, item, claims: None, waits: false }
    }

    /// That there is nothing where this reads.
    #[must_use]
    pub const fn gone(read: Template) -> Self {
        Self { read, item: Vec::new(), claims: None, waits: false }
    }

    /// The same with what earlier steps answered filled in where it is known.
    #[must_use]
    pub fn resolved(&self, answers: &Answers) -> Self {
        let all = |claims: &[Claim]| claims.iter().map(|claim| claim.resolved(answers)).collect();
        Self {
            read: self.read.resolved(answers),
            item: all(&self.item),
            claims: self.claims.as_deref().map(all),
            waits: self.waits,
        }
    }

    /// The same, and it may become so by itself.
    #[must_use]
    pub const fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Whether it is so, and of what. `found` is what was read: the items of a list as an array, `None` for what is not
    /// there. Returns the item, or what was read.
    ///
    /// # Errors
    /// [`Miss`].
    pub fn check<'a>(&self, found: Option<&'a Value>, answers: &Answers) -> Result<Option<&'a Value>, Miss> {
        let found = if self.item.is_empty() { found } else { self.pick(found, answers)? };
        match (&self.claims, found) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Miss::There),
            (Some(_), None) => Err(Miss::Absent),
            (Some(claims), Some(value)) => {
                for claim in claims {
                    if !claim.holds(value, answers)? {
                        return Err(Miss::Differs(claim.at.clone()));
                    }
                }
                Ok(Some(value))
            }
        }
    }

    fn pick<'a>(&self, found: Option<&'a Value>, answers: &Answers) -> Result<Option<&'a Value>, Miss> {
        for item in found.and_then(Value::as_array).into_iter().flatten() {
            let mut is_it = true;
            for claim in &self.item {
                is_it = is_it && claim.holds(item, answers)?;
            }
            if is_it {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str) -> Vec<Claim> {
        vec![Claim::is("/name", json!(name))]
    }

    #[test]
    fn an_item_is_found_by_what_tells_it_apart_and_then_held_to_its_claims() {
        let list = json!([{"name": "a", "code": "x"}, {"name": "b", "code": "y", "scope": ["q", "p"]}]);
        let none = Answers::new();
        let look = |claims| Look::item("actions.list", named("b"), claims);
        let good = look(vec![Claim::hash("/code", "y"), Claim::set("/scope", "", ["p", "q"])]);
        assert_eq!(good.check(Some(&list), &none), Ok(list.get(1)));
        let miss = look(vec![Claim::hash("/code", "x")]).check(Some(&list), &none);
        assert_eq!(miss, Err(Miss::Differs("/code".to_owned())));
        assert_eq!(Look::absent("actions.list", named("b")).check(Some(&list), &none), Err(Miss::There));
        assert_eq!(Look::absent("actions.list", named("c")).check(Some(&list), &none), Ok(None));
        assert_eq!(
            Look::item("actions.list", named("c"), vec![]).check(Some(&list), &none),
            Err(Miss::Absent)
        );
    }

    #[test]
    fn what_is_among_others_is_told_from_what_is_not() {
        let found = json!({"list": [{"id": "a"}, {"id": "b"}], "blocked": true});
        let of = |claim| Look::at(Template::new("users.get", vec![Part::text("u")]), vec![claim]);
        let holds = |claim| of(claim).check(Some(&found), &Answers::new()).is_ok();
        assert!(holds(Claim::has("/list", "/id", ["b"])) && !holds(Claim::has("/list", "/id", ["b", "c"])));
        assert!(
            holds(Claim::lacks("/list", "/id", ["c"])) && !holds(Claim::lacks("/list", "/id", ["c", "a"]))
        );
        assert!(holds(Claim::lacks("/gone", "/id", ["a"])) && !holds(Claim::has("/gone", "/id", ["a"])));
        assert!(holds(Claim::not("/gone", json!(true))) && !holds(Claim::not("/blocked", json!(true))));
    }

    #[test]
    fn order_counts_where_it_is_claimed_and_absence_is_an_empty_list() {
        let read = Template::new("actions.get", vec![Part::text("a")]);
        let of = |claim| Look::at(read.clone(), vec![claim]);
        let found = json!({"list": [{"id": 1}, {"id": 2}]});
        let none = Answers::new();
        let each =
            |ids: &[u8]| of(Claim::each("/list", "/id", ids.iter().map(|id| json!(id).into()).collect()));
        assert!(each(&[1, 2]).check(Some(&found), &none).is_ok());
        assert!(each(&[2, 1]).check(Some(&found), &none).is_err());
        assert!(each(&[]).check(Some(&json!({})), &none).is_ok());
        assert!(of(Claim::is("/gone", Value::Null)).check(Some(&found), &none).is_ok());
        assert_eq!(Look::gone(read.clone()).check(None, &none), Ok(None));
    }
}
