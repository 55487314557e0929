//! What is known of a machine's request for a token.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::{is_false, is_zero};
use crate::{Short, hash};

/// The most scopes kept of a request; judgement: few clients ask for more, and what is left out is noted.
const MAX_SCOPES: usize = 24;

/// The most kinds of tokens of one exchange.
const MAX_KINDS: usize = 3;

/// A machine's own features, where the client stands in place of the person; `Default` knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Hash of the API's identifier, eight hexadecimal digits; `None` when none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Short>,
    /// Hashes of the single scopes, eight hexadecimal digits each, sorted, the first 24; empty when none was asked for,
    /// and in records that have one hash of the whole set.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "single")]
    pub scopes: BTreeSet<Short>,
    /// Whether more scopes were asked for than are kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more_scopes: bool,
    /// Other blocks from which the same client asked in the last hour, at most 32.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_blocks: u16,
    /// Earlier requests of the same client in the last hour, at most 32.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests_hour: u16,
    /// What is exchanged for the token; `None` where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
}

/// The kinds of tokens in an exchange, and who acts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exchange {
    /// Hashes of the kinds of the subject's, the actor's and the wanted token, at most three; they stand among the
    /// scopes too, so that the client's history learns them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "few")]
    pub kinds: BTreeSet<Short>,
    /// The user who acts for the subject; `None` where the event names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

/// What the event tells of the user who acts in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Actor {
    /// Whole hours since the account was made; `None` when not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_since_made: Option<u32>,
    /// Whole hours since the password was last reset; `None` when not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_since_reset: Option<u32>,
}

impl Machine {
    /// The scopes alone, without what an exchange put among them.
    pub(crate) fn plain(&self) -> Self {
        let kinds = self.exchange.as_ref().map(|exchange| &exchange.kinds);
        let is_scope = |scope: &&Short| kinds.is_none_or(|kinds| !kinds.contains(*scope));
        Self { scopes: self.scopes.iter().filter(is_scope).cloned().collect(), ..self.clone() }
    }

    /// Notes what is exchanged; its kinds of tokens are kept before any scope.
    pub(crate) fn exchange(&mut self, exchange: Exchange) {
        while self.scopes.len() + exchange.kinds.len() > MAX_SCOPES {
            self.more_scopes = true;
            self.scopes.pop_last();
        }
        self.scopes.extend(exchange.kinds.iter().cloned());
        self.exchange = Some(exchange);
    }

    /// Adds scopes that are asked for, and keeps the first 24 by hash.
    pub fn ask<'a>(&mut self, scopes: impl IntoIterator<Item = &'a str>) {
        for scope in scopes {
            self.scopes.insert(digest(scope));
            self.more_scopes |= self.scopes.len() > MAX_SCOPES;
            while self.scopes.len() > MAX_SCOPES {
                self.scopes.pop_last();
            }
        }
    }
}

/// The hash of a token's kind in its part; no scope's, since those hold no space.
pub(crate) fn kind_digest(part: &str, kind: &str) -> Short {
    digest(&format!("{part} token {kind}"))
}

fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Short>, D::Error> {
    Ok(BTreeSet::deserialize(deserializer)?.into_iter().take(MAX_KINDS).collect())
}

/// The hash under which a name of an API or a scope is kept.
pub(crate) fn digest(name: &str) -> Short {
    Short::new(&format!("{:08x}", hash::key(&[name])))
}

fn single<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Short>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scopes {
        Single(BTreeSet<Short>),
        Whole(#[expect(dead_code, reason = "a hash of a set can't be taken apart")] Short),
    }
    Ok(match Scopes::deserialize(deserializer)? {
        Scopes::Single(scopes) => scopes.into_iter().take(MAX_SCOPES).collect(),
        Scopes::Whole(_) => BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_with_one_hash_of_all_scopes_still_parses() {
        let machine: Machine =
            serde_json::from_str(r#"{"audience":"c97bc7a2","scopes":"b5848681"}"#).unwrap();
        assert_eq!(machine, Machine { audience: Some("c97bc7a2".into()), ..Machine::default() });
    }

    proptest! {
        #[test]
        fn the_scopes_kept_are_few_and_the_same_in_any_order(
            scopes in prop::collection::vec("[a-z]{1,3}", 0..60).prop_shuffle()
        ) {
            let (mut one, mut other) = (Machine::default(), Machine::default());
            one.ask(scopes.iter().map(String::as_str));
            other.ask(scopes.iter().rev().map(String::as_str));
            let different: BTreeSet<&String> = scopes.iter().collect();
            prop_assert_eq!(one.scopes.len(), different.len().min(24));
            prop_assert_eq!(one.more_scopes, different.len() > 24);
            prop_assert_eq!(&one, &other);
            let text = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(serde_json::from_str::<Machine>(&text).unwrap(), one);
        }
    }
}
