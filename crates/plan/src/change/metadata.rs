//! What is kept beside a user's profile. The API merges it at its first level, and replaces what stands below.

use std::collections::BTreeMap;

use countersign_auth0::{
    Dictionary, Json,
    management::{UserId, users},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Back, FaultCode, Kind, Reverse, Scope, Write, access::look, draft::Draft, wants::Wants};
use crate::{Claim, Part, Template};

/// The largest profile, in bytes (Auth0 docs, "Metadata": limits).
const PROFILE: usize = 10 * 1_024;

/// The most keys that one change sets, and the longest one, in characters; bounds of our own.
const KEYS: usize = 100;
const LONGEST: usize = 128;

/// Keys of metadata that are to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetMetadata {
    /// The user.
    pub user: UserId,
    /// First-level keys and their whole values; null takes a key away.
    pub keys: BTreeMap<String, Json>,
}

/// Which metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    App,
    User,
}

impl Which {
    const fn field(self) -> &'static str {
        match self {
            Self::App => "app_metadata",
            Self::User => "user_metadata",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::App => Kind::SetAppMetadata,
            Self::User => Kind::SetUserMetadata,
        }
    }
}

/// A key as a JSON pointer has it (RFC 6901, section 3).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl SetMetadata {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(users::get(&self.user));
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>, which: Which) {
        let Some(user) = draft.document(&users::get(&self.user), "user") else { return };
        if self.keys.is_empty() || self.keys.len() > KEYS {
            return draft.fault("keys", FaultCode::Length, "1 to 100 keys are set at once");
        }
        let now = user.get(which.field()).and_then(Value::as_object).cloned().unwrap_or_default();
        let (mut old, mut new) = (Map::new(), Map::new());
        for (number, (key, Json(value))) in self.keys.iter().enumerate() {
            let at = format!("keys[{number}]");
            if !draft.text(&at, key, LONGEST)
                || !draft.touch(format!("{} {} {key}", which.field(), self.user), &at)
            {
                continue;
            }
            let before = now.get(key).cloned().unwrap_or_default();
            if before == *value {
                draft.tally.so_already += 1;
                continue;
            }
            old.insert(key.clone(), before);
            new.insert(key.clone(), value.clone());
        }
        if !fits(user, which, &new) {
            let right = "a profile has 10 KB at the most, with all metadata";
            return draft.fault("keys", FaultCode::TooBig, right);
        }
        if new.is_empty() {
            return;
        }
        let write = |from: &Map<String, Value>, to: &Map<String, Value>| {
            let claims = |values: &Map<String, Value>| {
                let claim = |(key, value): (&String, &Value)| {
                    Claim::is(&format!("/{}/{}", which.field(), escaped(key)), value.clone())
                };
                values.iter().map(claim).collect()
            };
            let body = Part::Value(json!({ which.field(): to }));
            let request = users::update(&self.user, Dictionary::default());
            Write::with(
                Template::of(request.any()).body(body),
                vec![look(&self.user, claims(from))],
                vec![look(&self.user, claims(to))],
            )
        };
        let scope = Scope::user(&self.user);
        let back = Reverse { kind: which.kind(), scope: scope.clone(), write: write(&new, &old) };
        draft.push(which.kind(), scope, write(&old, &new), Back::By(vec![back]));
    }
}

/// Whether the profile stays within its bound.
fn fits(user: &Value, which: Which, new: &Map<String, Value>) -> bool {
    let mut profile = user.as_object().cloned().unwrap_or_default();
    let kept = profile.entry(which.field()).or_insert_with(|| json!({}));
    if let Some(kept) = kept.as_object_mut() {
        for (key, value) in new {
            if value.is_null() {
                kept.remove(key);
            } else {
                kept.insert(key.clone(), value.clone());
            }
        }
    }
    let grows = new.values().any(|value| !value.is_null());
    !grows || serde_json::to_vec(&profile).is_ok_and(|bytes| bytes.len() <= PROFILE)
}
