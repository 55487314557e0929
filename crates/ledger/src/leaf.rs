//! Envelope v1: what one entry of the log says, as canonical JSON.

use std::{collections::BTreeMap, fmt};

use countersign_core::{TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Hash, hash::sha256};

/// The longest leaf, in bytes; an entry bundle could carry 65,535 (C2SP tlog-tiles, "Log entries").
pub const MAX_LEAF_BYTES: usize = 16 * 1024;

/// Room for a leaf, in bytes: most are shorter.
const USUAL_BYTES: usize = 512;

/// The longest id of a record, in bytes: as long as `countersign_core` accepts identifiers.
const MAX_ID_BYTES: usize = 256;

/// The longest key in a map, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// The latest instant that RFC 3339 text can carry here, in microseconds: 9999-12-30T22:00:00.999999Z (`jiff`'s limit).
const MAX_MICROS: i64 = 253_402_207_200_999_999;

/// What the pseudonym of a subject begins with (`countersign_core::SubjectId`).
const SUBJECT_PREFIX: &str = "sub_";

/// What a leaf records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Policy decided about a request.
    Decision,
    /// What became of a decision.
    Outcome,
    /// Requests that were answered without a leaf, counted afterwards.
    Gap,
    /// A policy, a rule or a model was put in force.
    Policy,
    /// A kill switch was moved.
    Switch,
    /// A subject's key was destroyed.
    Erasure,
    /// Personal data was shown to a person.
    Reveal,
    /// Any other change of an administrator.
    Administration,
    /// Somebody signed in, was refused, or was granted something.
    Access,
    /// A plan was proposed, countersigned, refused, or carried out by a step.
    Plan,
}

impl Kind {
    /// The word in a leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Outcome => "outcome",
            Self::Gap => "gap",
            Self::Policy => "policy",
            Self::Switch => "switch",
            Self::Erasure => "erasure",
            Self::Reveal => "reveal",
            Self::Administration => "administration",
            Self::Access => "access",
            Self::Plan => "plan",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The envelope's version, always 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(de::Error::custom("the only version is 1")),
        }
    }
}

/// One entry of the log: public, and without anything about a person.
///
/// Whatever is personal stays outside, sealed; the leaf holds only commitments to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The envelope's version.
    pub v: Version,
    /// The record's id, unique in its log; 1 to 256 bytes without white space and control characters.
    pub id: String,
    /// The tenant whose log this is.
    pub tenant: TenantId,
    /// When it happened, from 1970 to 9999.
    pub at: Timestamp,
    /// What is recorded.
    pub kind: Kind,
    /// Which versions of what took part, such as `engine` or `action`.
    pub versions: BTreeMap<String, String>,
    /// Hashes of public things that took part, such as the policy in force.
    pub hashes: BTreeMap<String, String>,
    /// Public facts that are not about a person, such as the count of a gap.
    pub facts: BTreeMap<String, String>,
    /// One commitment for each sealed body, in the order of the bodies; see `commit`.
    pub commitments: Vec<Hash>,
}

/// A leaf that must not be written or can't be read. Names no content of the leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// More than 16 KiB.
    #[error("a leaf has at most {MAX_LEAF_BYTES} bytes, not `{bytes}`")]
    Size {
        /// How many bytes it has.
        bytes: usize,
    },
    /// Not an envelope v1.
    #[error("not a leaf of version 1, from byte `{column}` on")]
    Malformed {
        /// Where reading stopped, in bytes from 1; 0 when unknown.
        column: usize,
    },
    /// A second spelling: decoding and encoding gives other bytes.
    #[error("the leaf is not in its canonical form")]
    NotCanonical,
    /// A field outside its bounds.
    #[error("the field `{0}` of a leaf is out of bounds")]
    Bounds(&'static str),
    /// A field that begins as the pseudonym of a subject does.
    #[error("the field `{0}` of a leaf names a subject")]
    Subject(&'static str),
}

impl Leaf {
    /// The leaf as canonical JSON: fields in the order of this type, maps by key, no white space.
    ///
    /// # Errors
    /// `Size`, `Bounds`, or `Subject` when a field begins with `sub_`: a leaf lives on after a person's erasure.
    pub fn encode(&self) -> Result<Vec<u8>, LeafError> {
        self.check()?;
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut bytes, self).map_err(|_| LeafError::Malformed { column: 0 })?;
        if bytes.len() > MAX_LEAF_BYTES {
            return Err(LeafError::Size { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads what `encode` wrote and nothing else, so that two texts never mean one leaf.
    ///
    /// # Errors
    /// `Size`, `Malformed` for other JSON and unknown fields, `NotCanonical`, `Bounds`, `Subject`.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > MAX_LEAF_BYTES {
            return Err(LeafError::Size { bytes: bytes.len() });
        }
        // Why: the parser's own message quotes what it read, which may be anything.
        let leaf: Self =
            serde_json::from_slice(bytes).map_err(|error| LeafError::Malformed { column: error.column() })?;
        if leaf.encode()? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
    }

    fn check(&self) -> Result<(), LeafError> {
        if !(1..=MAX_ID_BYTES).contains(&self.id.len())
            || self.id.chars().any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(LeafError::Bounds("id"));
        }
        if self.id.starts_with(SUBJECT_PREFIX) {
            return Err(LeafError::Subject("id"));
        }
        if !(0..=MAX_MICROS).contains(&self.at.micros()) {
            return Err(LeafError::Bounds("at"));
        }
        for (field, map) in [("versions", &self.versions), ("hashes", &self.hashes), ("facts", &self.facts)] {
            for (key, value) in map {
                if !(1..=MAX_KEY_BYTES).contains(&key.len()) {
                    return Err(LeafError::Bounds(field));
                }
                if key.starts_with(SUBJECT_PREFIX) || value.starts_with(SUBJECT_PREFIX) {
                    return Err(LeafError::Subject(field));
                }
            }
        }
        Ok(())
    }
}

/// Commits to a sealed body: SHA-256(salt || body).
///
/// The salt is random and sealed with the body, so that the commitment tells nothing once their key is destroyed.
#[must_use]
pub fn commit(salt: &[u8; 32], body: &[u8]) -> Hash {
    sha256(&[salt, body])
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A leaf of the tenant `acme`.
    pub(crate) fn sample(number: u64) -> Leaf {
        Leaf {
            v: Version,
            id: format!("dec_{number:032x}"),
            tenant: "acme".parse().unwrap(),
            at: Timestamp::from_seconds(1_800_000_000 + i64::try_from(number).unwrap()),
            kind: Kind::Decision,
            versions: BTreeMap::from([
                ("engine".to_owned(), "3".to_owned()),
                ("action".to_owned(), "1.2".to_owned()),
            ]),
            hashes: BTreeMap::from([("policy".to_owned(), "9f2c".to_owned())]),
            facts: BTreeMap::new(),
            commitments: vec![commit(&[1; 32], b"body")],
        }
    }

    #[test]
    fn the_canonical_form_is_pinned() {
        let text = concat!(
            r#"{"v":1,"id":"dec_00000000000000000000000000000000","tenant":"acme","at":"2027-01-15T08:00:00.000000Z","#,
            r#""kind":"decision","versions":{"action":"1.2","engine":"3"},"hashes":{"policy":"9f2c"},"facts":{},"#,
            r#""commitments":["+X6UehPqI4hktCQ4WU9CpFDXelOJ9qaNtj756POApx4="]}"#
        );
        assert_eq!(String::from_utf8(sample(0).encode().unwrap()).unwrap(), text);
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let text = String::from_utf8(sample(0).encode().unwrap()).unwrap();
        let spellings = [
            (format!(" {text}"), LeafError::NotCanonical),
            (format!("{text}\n"), LeafError::NotCanonical),
            (text.replace(r#""facts":{},"#, r#""facts": {},"#), LeafError::NotCanonical),
            (text.replace("acme", "\\u0061cme"), LeafError::NotCanonical),
            (text.replace(".000000Z", "Z"), LeafError::NotCanonical),
            (text.replace("T08:00:00.000000Z", "T09:00:00.000000+01:00"), LeafError::NotCanonical),
            (
                text.replace(r#""action":"1.2","engine":"3""#, r#""engine":"3","action":"1.2""#),
                LeafError::NotCanonical,
            ),
            (text.replace(r#""policy":"9f2c""#, r#""policy":"0","policy":"9f2c""#), LeafError::NotCanonical),
            (text.replace(r#""v":1,"#, ""), LeafError::Malformed { column: text.len() - 6 }),
            (text.replace(r#""v":1"#, r#""v":2"#), LeafError::Malformed { column: 6 }),
            (text.replace(r#""v":1"#, r#""v":1,"v":1"#), LeafError::Malformed { column: 10 }),
            (text.replace(r#""v":1"#, r#""x":1,"v":1"#), LeafError::Malformed { column: 4 }),
            (format!("{text}x"), LeafError::Malformed { column: text.len() + 1 }),
            (String::new(), LeafError::Malformed { column: 0 }),
        ];
        for (spelling, error) in spellings {
            assert_eq!(Leaf::decode(spelling.as_bytes()).map(|_| ()), Err(error), "{spelling}");
        }
    }

    #[test]
    fn a_subject_is_kept_out() {
        let mut leaf = sample(0);
        leaf.facts.insert("who".to_owned(), "sub_1f".to_owned());
        assert_eq!(leaf.encode(), Err(LeafError::Subject("facts")));
        let leaf = Leaf { id: "sub_1f".to_owned(), ..sample(0) };
        assert_eq!(leaf.encode(), Err(LeafError::Subject("id")));
    }

    #[test]
    fn fields_out_of_bounds_are_refused() {
        for id in ["", "a b", "a\n", &"x".repeat(257)] {
            assert_eq!(
                Leaf { id: id.to_owned(), ..sample(0) }.encode(),
                Err(LeafError::Bounds("id")),
                "{id:?}"
            );
        }
        for micros in [-1, MAX_MICROS + 1, i64::MIN, i64::MAX] {
            let leaf = Leaf { at: Timestamp::from_micros(micros), ..sample(0) };
            assert_eq!(leaf.encode(), Err(LeafError::Bounds("at")), "{micros}");
        }
        let leaf = Leaf { facts: BTreeMap::from([(String::new(), "x".to_owned())]), ..sample(0) };
        assert_eq!(leaf.encode(), Err(LeafError::Bounds("facts")));
        let leaf =
            Leaf { facts: BTreeMap::from([("x".to_owned(), "x".repeat(MAX_LEAF_BYTES))]), ..sample(0) };
        assert!(matches!(leaf.encode(), Err(LeafError::Size { .. })));
        assert!(matches!(Leaf::decode(&[b' '; MAX_LEAF_BYTES + 1]), Err(LeafError::Size { .. })));
    }

    #[test]
    fn errors_quote_nothing() {
        let error = Leaf::decode(br#"{"v":1,"alice@example.com":1}"#).unwrap_err();
        assert_eq!(error.to_string(), "not a leaf of version 1, from byte `26` on");
    }

    prop_compose! {
        fn texts()(texts in prop::collection::btree_map("\\PC{1,16}", "(?s).{0,40}", 0..4)) -> BTreeMap<String, String> {
            texts.into_iter().filter(|(key, value)| !key.starts_with("sub_") && !value.starts_with("sub_")).collect()
        }
    }

    proptest! {
        #[test]
        fn a_leaf_round_trips(
            versions in texts(), hashes in texts(), facts in texts(), micros in 0..=MAX_MICROS,
            commitments in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash::new), 0..4),
        ) {
            let at = Timestamp::from_micros(micros);
            let leaf = Leaf { at, versions, hashes, facts, commitments, ..sample(0) };
            prop_assert_eq!(Leaf::decode(&leaf.encode().unwrap()), Ok(leaf));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            prop_assert!(Leaf::decode(&bytes).is_err());
        }

        #[test]
        fn a_commitment_depends_on_salt_and_body(salt: [u8; 32], body: Vec<u8>, bit in 0_u8..8, at in 0_usize..32) {
            let mut other = salt;
            other[at] ^= 1 << bit;
            prop_assert_ne!(commit(&salt, &body), commit(&other, &body));
            prop_assert_ne!(commit(&salt, &body), commit(&salt, &[&body[..], &[0]].concat()));
        }
    }
}
