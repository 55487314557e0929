//! How detectors are tried: lines of a log, the alerts that one detector makes of them, and what must hold for every detector.

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use countersign_privacy::Tagger;
use countersign_risk::Place as Point;
use serde_json::{Map, Value};

use super::Native;
use crate::{
    Alert, AlertId, Context, Country, Engine, EngineSettings, Event, NetworkKind, Params, Place, Severity,
};

/// A line of a log.
#[derive(Debug, Clone)]
pub(in crate::detectors) struct Line {
    second: i64,
    fields: Map<String, Value>,
    place: Place,
}

/// 2026-08-20T08:00:00Z.
pub(in crate::detectors) const START: i64 = 1_787_212_800;

impl Line {
    /// A line of the given type, `second` seconds after the start.
    pub(in crate::detectors) fn new(kind: &str, second: i64) -> Self {
        let line = Self { second, fields: Map::new(), place: Place::default() };
        line.with("type", kind).from("192.0.2.1").with("user_agent", WINDOWS)
    }

    pub(in crate::detectors) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    pub(in crate::detectors) fn earlier(mut self, seconds: i64) -> Self {
        self.second -= seconds;
        self
    }

    /// Seconds after the start.
    pub(in crate::detectors) const fn second(&self) -> i64 {
        self.second
    }

    /// About `auth0|{n}`.
    pub(in crate::detectors) fn user(self, n: usize) -> Self {
        self.with("user_id", format!("auth0|{n}"))
    }

    pub(in crate::detectors) fn from(self, address: &str) -> Self {
        self.with("ip", address)
    }

    /// With another device.
    pub(in crate::detectors) fn on_phone(self) -> Self {
        self.with("user_agent", PHONE)
    }

    pub(in crate::detectors) fn ja4(self, ja4: &str) -> Self {
        self.with("security_context", serde_json::json!({ "ja4": ja4 }))
    }

    pub(in crate::detectors) fn into(self, organization: &str) -> Self {
        self.with("organization_id", organization)
    }

    pub(in crate::detectors) fn at(mut self, country: &str, lat: f64, lon: f64) -> Self {
        self.place.country = Country::new(country);
        self.place.point = Point::from_degrees(lat, lon);
        self
    }

    /// From an address that nobody knows the place of.
    pub(in crate::detectors) fn nowhere(mut self) -> Self {
        self.place = Place::default();
        self
    }

    pub(in crate::detectors) fn system(mut self, asn: u32) -> Self {
        self.place.asn = Some(asn);
        self
    }

    pub(in crate::detectors) fn network(mut self, kind: NetworkKind) -> Self {
        self.place.network = kind;
        self
    }

    fn text(&self, id: usize) -> String {
        let mut fields = self.fields.clone();
        let date = countersign_core::Timestamp::from_seconds(START + self.second).to_string();
        fields.insert("date".to_owned(), date.into());
        fields.insert("log_id".to_owned(), format!("{id:08}").into());
        Value::Object(fields).to_string()
    }
}

const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

/// Gives the line as an event to `ask`.
pub(in crate::detectors) fn with_event<T>(line: &Line, ask: impl FnOnce(&Event<'_>) -> T) -> T {
    let text = line.text(0);
    let log = LogEvent::parse(&text, None).unwrap();
    ask(&Event::new(0, log, &Tagger::new(&[3; 32]), |_| Some(line.place)))
}

/// Detectors with thresholds and context.
pub(in crate::detectors) struct Trial {
    natives: Vec<Native>,
    params: BTreeMap<String, f64>,
    context: Context,
}

impl Trial {
    /// Of the detectors given, in this order.
    pub(in crate::detectors) fn of(natives: &[Native]) -> Self {
        Self { natives: natives.to_vec(), params: BTreeMap::new(), context: Context::default() }
    }

    pub(in crate::detectors) fn with(mut self, threshold: &str, value: f64) -> Self {
        self.params.insert(threshold.to_owned(), value);
        self
    }

    pub(in crate::detectors) fn knowing(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// The alerts in event time, in the order in which they began. A restart at any of some points must not change them, and no
    /// order of delivery may break anything.
    pub(in crate::detectors) fn run(&self, lines: &[Line]) -> Vec<Alert> {
        let mut ordered = lines.to_vec();
        ordered.sort_by_key(|line| line.second);
        let alerts = self.deliver(&ordered, None);
        let len = ordered.len();
        for stop in [len / 3, len / 2, len.saturating_sub(1)] {
            assert_eq!(self.deliver(&ordered, Some(stop)), alerts, "after a restart at {stop} of {len}");
        }
        self.deliver(&ordered.iter().rev().cloned().collect::<Vec<_>>(), Some(len / 2));
        alerts
    }

    /// Nothing of severity medium or more is found, neither in event time nor backwards.
    pub(in crate::detectors) fn is_quiet(&self, lines: &[Line]) -> bool {
        let mut backwards = lines.to_vec();
        backwards.sort_by_key(|line| -line.second);
        let both = [self.run(lines), self.deliver(&backwards, None)].concat();
        let loud = both.iter().filter(|alert| alert.severity >= Severity::Medium);
        loud.inspect(|alert| println!("found: {alert:?}")).count() == 0
    }

    /// The alerts as the lines come, with a restart before line `stop`.
    pub(in crate::detectors) fn deliver(&self, lines: &[Line], stop: Option<usize>) -> Vec<Alert> {
        let tagger = Tagger::new(&[3; 32]);
        let mut engine = self.engine();
        let mut alerts: BTreeMap<AlertId, Alert> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            if stop == Some(index) {
                let saved = engine.save();
                engine = self.engine();
                assert_eq!(engine.restore(&saved), Ok(vec![]));
            }
            let text = line.text(index);
            let log = LogEvent::parse(&text, None).unwrap();
            let event = Event::new(index.try_into().unwrap(), log, &tagger, |_| Some(line.place));
            alerts.extend(engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
        }
        let mut alerts: Vec<Alert> = alerts.into_values().collect();
        alerts.sort_by_key(|alert| (alert.first, alert.id));
        alerts
    }

    fn engine(&self) -> Engine {
        let make = |native: &Native| {
            let of = |name: &String| native.about.params.iter().any(|param| param.name == *name);
            let given = self.params.iter().filter(|(name, _)| of(name));
            let given = given.map(|(name, value)| (name.clone(), *value)).collect();
            (native.make)(&Params::new(native.about, given).unwrap())
        };
        let settings = EngineSettings { context: self.context.clone(), ..EngineSettings::default() };
        Engine::new(Tagger::new(&[3; 32]), settings, self.natives.iter().map(make).collect())
    }
}

/// What of an alert a test asks for: whom it is about and how bad it is.
pub(in crate::detectors) fn told(alerts: &[Alert]) -> Vec<(&str, Severity)> {
    alerts.iter().map(|alert| (&*alert.entity.name, alert.severity)).collect()
}
