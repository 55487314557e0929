//! Rules over a file of log entries, in event time; entries are read where they stand, so that a file may be larger than memory.

use std::{
    borrow::Cow,
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::Context;
use countersign_app::{Backtest, Compared, Tried};
use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, Audience, Detector, Engine, EngineSettings, Event};
use countersign_privacy::Tagger;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::commands::say;

/// The most bytes of a line.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// Where an entry stands in a file.
struct Spot {
    at: Timestamp,
    log_id: String,
    offset: u64,
    length: u64,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    log_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Runs rules over a file; returns also how many of its lines can't be read, which are told.
pub fn run(
    path: &Path,
    rules: Vec<Box<dyn Detector>>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> anyhow::Result<(Backtest, u64)> {
    let place = path.display();
    let file = File::open(path).with_context(|| format!("can't open `{place}`"))?;
    let mut lines = BufReader::new(file);
    let (mut spots, faults) = index(&mut lines, path)?;
    spots.retain(|spot| until.is_none_or(|until| spot.at <= until));
    let tagger = Tagger::new(&[0; 32]);
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), rules);
    let mut found = std::collections::BTreeMap::new();
    let mut line = Vec::new();
    for (seq, spot) in (0..).zip(&spots) {
        lines.seek(SeekFrom::Start(spot.offset)).with_context(|| format!("can't read `{place}`"))?;
        line.clear();
        lines.by_ref().take(spot.length).read_to_end(&mut line)?;
        let text = std::str::from_utf8(&line).with_context(|| format!("`{place}` changed meanwhile"))?;
        let log = parse(text).map_err(anyhow::Error::msg)?;
        let event = Event::new(seq, log, &tagger, |_| None);
        found.extend(engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
    }
    let mut alerts: Vec<Tried> = found
        .values()
        .filter(|alert| since.is_none_or(|since| alert.last >= since))
        .map(|alert| tried(alert, &spots))
        .collect();
    alerts.sort_by(|one, other| (one.first, &one.id).cmp(&(other.first, &other.id)));
    let detectors = engine.detectors().map(|detector| detector.about().id.to_string()).collect();
    let entries = u64::try_from(spots.len())?;
    Ok((Backtest { entries, unreadable: faults, begins_after: None, detectors, alerts }, faults))
}

/// Where each entry stands, in event time, each once.
fn index(lines: &mut BufReader<File>, path: &Path) -> anyhow::Result<(Vec<Spot>, u64)> {
    let (mut spots, mut known, mut faults, mut offset) = (Vec::new(), HashSet::new(), 0, 0);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        let length = u64::try_from(read.with_context(|| format!("can't read `{}`", path.display()))?)?;
        if length == 0 {
            break;
        }
        let is_cut = length == MAX_LINE && line.last() != Some(&b'\n');
        let parsed = match std::str::from_utf8(&line) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(_) if is_cut => Some(Err(format!("a line has at most {MAX_LINE} bytes"))),
            Ok(text) => Some(parse(text)),
            Err(_) => Some(Err("a line is JSON in UTF-8".to_owned())),
        };
        match parsed {
            None => {}
            Some(Ok(LogEvent { date, log_id, .. })) if known.insert(log_id.to_string()) => {
                spots.push(Spot { at: date, log_id: log_id.to_string(), offset, length });
            }
            Some(Ok(_)) => {}
            Some(Err(why)) => {
                say(&format!("{}, line {number}: {why}", path.display()));
                faults += 1;
            }
        }
        offset += length;
        if is_cut {
            offset += rest_of_line(lines)?;
        }
    }
    spots.sort_by(|one, other| (one.at, &one.log_id).cmp(&(other.at, &other.log_id)));
    Ok((spots, faults))
}

/// Passes over the rest of a line; returns its length.
fn rest_of_line(lines: &mut BufReader<File>) -> std::io::Result<u64> {
    Ok(u64::try_from(lines.skip_until(b'\n')?).unwrap_or(u64::MAX))
}

fn parse(line: &str) -> Result<LogEvent<'_>, String> {
    let line = line.trim();
    let (data, log_id) = match serde_json::from_str(line) {
        Ok(Envelope { log_id, data }) => (data.get(), log_id),
        Err(_) => (line, None),
    };
    LogEvent::parse(data, log_id).map_err(|error| error.to_string())
}

fn tried(alert: &Alert, spots: &[Spot]) -> Tried {
    let ids = alert.evidence.iter().filter_map(|seq| spots.get(usize::try_from(*seq).ok()?));
    let audience = match alert.audience {
        Audience::Raised => "raised",
        Audience::Learning => "learning",
        Audience::Suppressed => "suppressed",
        Audience::OverBudget => "over_budget",
    };
    Tried {
        standing: Compared::New,
        id: alert.id.to_string(),
        detector: alert.detector.clone(),
        severity: alert.severity.word(),
        audience: audience.to_owned(),
        kind: Some(alert.entity.kind),
        entity: alert.entity.name.clone(),
        first: alert.first,
        last: alert.last,
        log_ids: ids.map(|spot| spot.log_id.clone()).collect(),
    }
}
