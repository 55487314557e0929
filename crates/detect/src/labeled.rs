//! Single log entries with a label: how rules and detectors are judged by what others labeled.
//!
//! Each entry meets the native detectors and the built-in rules without any history.

use std::{borrow::Cow, collections::BTreeMap};

use countersign_auth0::log::LogEvent;
use countersign_privacy::Tagger;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{
    Engine, EngineSettings, Event, detectors,
    pack::PACK,
    scenario::{Found, ScenarioError, find},
    sigma::{Located, Values, load},
};

/// A line of a file of labeled entries; what it says beside this is for whoever compares.
#[derive(Debug, Deserialize)]
pub struct Labeled<'a> {
    /// Its id.
    pub id: String,
    /// The entry, bare or in its envelope.
    #[serde(borrow, default)]
    log: Option<&'a RawValue>,
    /// What stands instead of an entry where the line is about a sequence of findings.
    #[serde(default)]
    sequence: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    log_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What a line is.
#[derive(Debug)]
pub enum Judged {
    /// An entry, and the alerts that it gives alone.
    Entry(Vec<Found>),
    /// A sequence of findings, which is no entry.
    Sequence,
    /// Neither: there is no `log`.
    Nothing,
}

/// The native detectors and the built-in rules, for one entry after the other.
pub struct Judge {
    tagger: Tagger,
    engine: Engine,
    empty: Vec<u8>,
}

impl Judge {
    /// Makes the detectors.
    ///
    /// # Errors
    /// What is wrong with a built-in rule.
    pub fn new() -> Result<Self, Vec<Located>> {
        let tagger = Tagger::new(&[0; 32]);
        let mut all = detectors::make_all(&BTreeMap::new()).unwrap_or_default();
        all.extend(load(PACK, &Values::new())?);
        let engine = Engine::new(tagger.clone(), EngineSettings::default(), all);
        let empty = engine.save();
        Ok(Self { tagger, engine, empty })
    }

    /// The alerts of an entry without any before it.
    ///
    /// # Errors
    /// `Entry` where it can't be read.
    pub fn judge(&mut self, line: &Labeled<'_>) -> Result<Judged, ScenarioError> {
        let Some(raw) = line.log else {
            return Ok(if line.sequence.is_some() { Judged::Sequence } else { Judged::Nothing });
        };
        let bare = Envelope { log_id: None, data: raw };
        let Envelope { log_id, data } = serde_json::from_str(raw.get()).unwrap_or(bare);
        let log = LogEvent::parse(data.get(), log_id).map_err(|error| ScenarioError::Entry {
            id: line.id.clone(),
            index: 0,
            error,
        })?;
        // Why unchecked: a state that this engine saved is one that it takes.
        let _ = self.engine.restore(&self.empty);
        let log_ids = [log.log_id.to_string()];
        let event = Event::new(0, log, &self.tagger, |_| None);
        let alerts = self.engine.observe(&event);
        Ok(Judged::Entry(alerts.into_iter().map(|alert| find(alert, &log_ids)).collect()))
    }
}
