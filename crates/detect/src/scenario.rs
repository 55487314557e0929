//! Sequences of log entries with what must and must not be found in them: how detectors are judged.
//!
//! A scenario goes through the engine that watches tenants: first as it was delivered, then in event time, which is the truth.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use countersign_auth0::log::{LogEvent, Unread};
use countersign_privacy::Tagger;
use countersign_risk::Place as Point;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Alert, Context, Country, Engine, EngineSettings, Event, NetworkKind, ParamError, Place, Severity,
    detectors,
};

/// A sequence of entries with what is to be found.
#[derive(Debug, Deserialize)]
pub struct Scenario<'a> {
    /// Its id.
    pub id: String,
    /// The detector that it is about.
    #[serde(default)]
    pub detector: String,
    /// Thresholds by name, for every detector that has them; others are passed over.
    #[serde(default)]
    params: BTreeMap<String, serde_json::Value>,
    /// Where addresses are.
    #[serde(default)]
    geo: BTreeMap<IpAddr, Geo>,
    #[serde(default)]
    context: Known,
    /// Entries in the order of delivery.
    #[serde(borrow)]
    events: Vec<Wire<'a>>,
    /// What must be found.
    #[serde(default)]
    pub expect: Vec<Expected>,
    /// Detectors that must not find anything of severity medium or more.
    #[serde(default)]
    pub expect_none: Vec<String>,
}

/// What must be found.
#[derive(Debug, Deserialize)]
pub struct Expected {
    /// By which detector.
    pub detector: String,
    /// About what.
    pub entity: String,
    /// How bad at least.
    #[serde(default)]
    pub min_severity: Option<Severity>,
}

#[derive(Debug, Deserialize)]
struct Geo {
    country: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    asn: Option<u32>,
    #[serde(default)]
    kind: NetworkKind,
}

#[derive(Debug, Default, Deserialize)]
struct Known {
    #[serde(default)]
    relations: Vec<Relation>,
    #[serde(default)]
    guarded_action_ids: BTreeSet<String>,
    #[serde(default)]
    ja4_prevalence: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
struct Relation {
    orgs: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    log_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// An entry can't be read.
    #[error("entry {index} of `{id}`: {error}")]
    Entry {
        /// The scenario.
        id: String,
        /// Which entry, from 0.
        index: usize,
        /// Why.
        error: Unread,
    },
    /// A threshold can't be set so.
    #[error("`{id}`: {error}")]
    Threshold {
        /// The scenario.
        id: String,
        /// Why.
        error: ParamError,
    },
}

/// What was found, an alert of which people are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The alert.
    pub alert: Alert,
    /// The ids of the entries that show it.
    pub log_ids: Vec<String>,
}

impl Scenario<'_> {
    /// Runs the entries in the order of event time, each once; returns the alerts as they are at the end.
    ///
    /// # Errors
    /// `Entry` and `Threshold`.
    pub fn run(&self) -> Result<Vec<Found>, ScenarioError> {
        let mut entries = self.entries()?;
        entries.sort_by(|one, other| (one.date, &one.log_id).cmp(&(other.date, &other.log_id)));
        self.run_in_order(entries)
    }

    /// As `run`, in the order of delivery: what people are told before late entries are put in their place.
    ///
    /// # Errors
    /// As `run`.
    pub fn run_as_delivered(&self) -> Result<Vec<Found>, ScenarioError> {
        self.run_in_order(self.entries()?)
    }

    fn entries(&self) -> Result<Vec<LogEvent<'_>>, ScenarioError> {
        let mut known = HashSet::new();
        let mut entries = Vec::new();
        for (index, wire) in self.events.iter().enumerate() {
            let log = LogEvent::parse(wire.data.get(), wire.log_id.clone())
                .map_err(|error| ScenarioError::Entry { id: self.id.clone(), index, error })?;
            if known.insert(log.log_id.to_string()) {
                entries.push(log);
            }
        }
        Ok(entries)
    }

    fn run_in_order(&self, entries: Vec<LogEvent<'_>>) -> Result<Vec<Found>, ScenarioError> {
        let tagger = Tagger::new(&[0; 32]);
        let settings = EngineSettings { context: self.context(), ..EngineSettings::default() };
        let detectors = detectors::make_all(&self.thresholds())
            .map_err(|error| ScenarioError::Threshold { id: self.id.clone(), error })?;
        let mut engine = Engine::new(tagger.clone(), settings, detectors);
        let mut log_ids = Vec::new();
        let mut alerts = BTreeMap::new();
        let mut last = None;
        for (seq, log) in (0..).zip(entries) {
            log_ids.push(log.log_id.to_string());
            last = last.max(Some(log.date));
            let event = Event::new(seq, log, &tagger, |address| self.locate(address));
            alerts.extend(engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
        }
        if let Some(last) = last {
            alerts.extend(engine.reach(last.plus(crate::DAY)).into_iter().map(|alert| (alert.id, alert)));
        }
        let mut found: Vec<Found> = alerts.into_values().map(|alert| find(alert, &log_ids)).collect();
        found.sort_by_key(|found| (found.alert.first, found.alert.id));
        Ok(found)
    }

    fn thresholds(&self) -> BTreeMap<String, BTreeMap<String, f64>> {
        let of = |native: &detectors::Native| {
            let given =
                native.about.params.iter().filter_map(|param| {
                    Some((param.name.to_owned(), self.params.get(param.name)?.as_f64()?))
                });
            (native.about.id.to_string(), given.collect())
        };
        detectors::NATIVE.iter().map(of).collect()
    }

    fn context(&self) -> Context {
        Context {
            relations: self.context.relations.iter().map(|relation| relation.orgs.clone()).collect(),
            guarded_actions: self.context.guarded_action_ids.clone(),
            fingerprint_shares: self.context.ja4_prevalence.clone(),
            ..Context::default()
        }
    }

    fn locate(&self, address: IpAddr) -> Option<Place> {
        let geo = self.geo.get(&address)?;
        Some(Place {
            country: geo.country.as_deref().and_then(Country::new),
            point: geo.lat.zip(geo.lon).and_then(|(lat, lon)| Point::from_degrees(lat, lon)),
            accuracy_km: 0,
            asn: geo.asn,
            network: geo.kind,
        })
    }
}

pub(crate) fn find(alert: Alert, log_ids: &[String]) -> Found {
    let ids = alert.evidence.iter().filter_map(|seq| log_ids.get(usize::try_from(*seq).ok()?).cloned());
    let log_ids = ids.collect();
    Found { alert, log_ids }
}

impl Found {
    /// Whether this is what was expected.
    #[must_use]
    pub fn is(&self, expected: &Expected) -> bool {
        self.alert.detector == expected.detector
            && self.alert.entity.name == expected.entity
            && expected.min_severity.is_none_or(|least| self.alert.severity >= least)
            && self.alert.audience == crate::Audience::Raised
    }
}
