//! A trial in words and as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use countersign_app::{Backtest, Compared, Tried};
use serde_json::{Value, json};

/// Ids of entries that are told of one alert in words.
const IDS: usize = 3;

/// In words, and their places among counts.
const COMPARED: [(Compared, &str); 4] = [
    (Compared::New, "new"),
    (Compared::Same, "same"),
    (Compared::Gone, "gone"),
    (Compared::Unknown, "unknown"),
];

/// Counts of each detector that was tried, those without an alert too.
fn counts(backtest: &Backtest) -> BTreeMap<&str, [u64; 4]> {
    let mut counts: BTreeMap<&str, [u64; 4]> =
        backtest.detectors.iter().map(|id| (id.as_str(), [0; 4])).collect();
    for alert in &backtest.alerts {
        let of = counts.entry(&alert.detector).or_default();
        for (count, (compared, _)) in of.iter_mut().zip(COMPARED) {
            *count += u64::from(alert.standing == compared);
        }
    }
    counts
}

/// One JSON object.
pub fn json(backtest: &Backtest) -> anyhow::Result<String> {
    let words = |counts: [u64; 4]| -> Value {
        COMPARED.iter().zip(counts).map(|((_, word), count)| ((*word).to_owned(), json!(count))).collect()
    };
    let of: serde_json::Map<String, Value> =
        counts(backtest).into_iter().map(|(id, counts)| (id.to_owned(), words(counts))).collect();
    let Backtest { entries, unreadable, begins_after, alerts, .. } = backtest;
    let told = json!({
        "entries": entries, "unreadable": unreadable, "begins_after": begins_after, "detectors": of, "alerts": alerts,
    });
    Ok(serde_json::to_string_pretty(&told)?)
}

/// For people: alerts, counts of detectors that have any, and what was looked at.
pub fn text(backtest: &Backtest) -> String {
    let mut text: String = backtest.alerts.iter().map(line).collect();
    let counts = counts(backtest);
    let found: Vec<_> = counts.iter().filter(|(_, counts)| counts.iter().sum::<u64>() > 0).collect();
    if !found.is_empty() {
        let heads: String = COMPARED.iter().map(|(_, word)| format!("{word:>9}")).collect();
        let _ = writeln!(text, "\n{:32}{heads}", "detector");
    }
    for (id, counts) in found {
        let counts: String = counts.iter().map(|count| format!("{count:>9}")).collect();
        let _ = writeln!(text, "{id:32}{counts}");
    }
    let Backtest { entries, unreadable, begins_after, detectors, alerts } = backtest;
    let tried = detectors.len();
    let _ = writeln!(text, "\n{entries} entries, {tried} detectors and rules, {} alerts.", alerts.len());
    if *unreadable > 0 {
        let _ = writeln!(text, "{unreadable} entries do not open, as those of a person who was erased.");
    }
    if let Some(at) = begins_after {
        let _ = writeln!(
            text,
            "Entries up to {at} are deleted: what is tried begins with what was known then, rules that are new with nothing."
        );
    }
    text
}

fn line(alert: &Tried) -> String {
    let Tried { standing, id, detector, severity, audience, kind, entity, first, log_ids, .. } = alert;
    let word = COMPARED.iter().find(|(compared, _)| compared == standing).map_or("-", |(_, word)| word);
    let kind = kind.map(|kind| format!("{kind:?}").to_lowercase()).unwrap_or_else(|| "erased".to_owned());
    let quiet = if audience == "raised" { String::new() } else { format!(" ({audience})") };
    let entity = plain(entity);
    let mut ids = log_ids.iter().take(IDS).map(|id| plain(id)).collect::<Vec<_>>().join(", ");
    if let Some(more) = log_ids.len().checked_sub(IDS).filter(|more| *more > 0) {
        let _ = write!(ids, " and {more} more");
    }
    format!("{word:7}  {first}  {severity:13}  {detector}  {kind} {entity}  {id}{quiet}\n         {ids}\n")
}

/// A text without control characters, which a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;

    fn tried(standing: Compared) -> Tried {
        Tried {
            standing,
            id: "alr_0".to_owned(),
            detector: "password_spray".to_owned(),
            severity: "high",
            audience: "raised".to_owned(),
            kind: Some(countersign_detect::EntityKind::Client),
            entity: "app\u{1b}[31m".to_owned(),
            first: Timestamp::default(),
            last: Timestamp::default(),
            log_ids: ["1", "2", "3", "4\n", "5"].map(str::to_owned).into(),
        }
    }

    fn backtest() -> Backtest {
        Backtest {
            entries: 12,
            unreadable: 1,
            begins_after: Some(Timestamp::default()),
            detectors: vec!["password_spray".to_owned(), "quiet".to_owned()],
            alerts: vec![tried(Compared::New), tried(Compared::Gone), tried(Compared::Gone)],
        }
    }

    #[test]
    fn alerts_are_told_with_their_entries_and_nothing_of_them_commands_the_terminal() {
        let told = text(&backtest());
        for part in [
            "new      1970-01-01T00:00:00.000000Z  high           password_spray  client app\u{fffd}[31m  alr_0\n",
            "         1, 2, 3 and 2 more\n",
            "password_spray                          1        0        2        0\n",
            "12 entries, 2 detectors and rules, 3 alerts.\n",
            "1 entries do not open",
            "Entries up to 1970-01-01T00:00:00.000000Z are deleted",
        ] {
            assert!(told.contains(part), "`{part}` in\n{told}");
        }
        assert!(!told.contains("\u{1b}") && !told.contains("\nquiet"), "{told}");
    }

    #[test]
    fn programs_are_told_of_every_detector_that_was_tried() {
        let told: Value = serde_json::from_str(&json(&backtest()).unwrap()).unwrap();
        assert_eq!(
            told["detectors"]["password_spray"],
            json!({"new": 1, "same": 0, "gone": 2, "unknown": 0})
        );
        assert_eq!(told["detectors"]["quiet"]["new"], 0);
        assert_eq!(told["alerts"][1]["standing"], "gone");
    }
}
