//! What a ticket tells of a matter. Pure.

use countersign_app::hooks::{HookError, Message};

use super::super::{
    Console, Templates,
    event::{Event, NO_MESSAGE, NONE},
    templates::Words,
};

/// The longest id of what a ticket is about.
const MAX_ABOUT: usize = 80;

/// What stands behind the id of something that somebody should have looked at by now.
const OVERDUE: &str = " overdue";

/// Fields that a ticket tells elsewhere than among its facts.
const ELSEWHERE: &[&str] = &["title", "text", "path"];

/// How far a matter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stage {
    /// Somebody has to look.
    Open,
    /// It goes on, and nobody has to do anything.
    Going,
    /// It is over.
    Over,
    /// A trial: opened, and over at once.
    Trial,
}

/// How much a matter presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Level {
    Low,
    Medium,
    High,
    Critical,
}

/// Something that is known of a matter.
pub(in super::super) struct Fact {
    /// Its field.
    pub(in super::super) name: &'static str,
    /// What it is: an item of a list each, else one.
    pub(in super::super) values: Vec<String>,
}

/// An event as a ticket tells it, its words and facts escaped for where they stand.
pub(in super::super) struct Matter {
    /// By what the vendor knows the matter's ticket from others.
    pub(in super::super) key: String,
    pub(in super::super) stage: Stage,
    pub(in super::super) level: Level,
    pub(in super::super) headline: String,
    pub(in super::super) text: String,
    pub(in super::super) facts: Vec<Fact>,
    pub(in super::super) kind: &'static str,
    pub(in super::super) tenant: String,
    pub(in super::super) link: String,
    /// When it happened, as RFC 3339 has it.
    pub(in super::super) time: String,
}

/// Facts that are sentences, a line each where there is room.
const SENTENCES: &[&str] = &["why", "next_steps"];

impl Fact {
    /// Its name as people read it.
    pub(in super::super) fn label(&self) -> String {
        let mut label = self.name.replace('_', " ");
        if let Some(first) = label.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        label
    }

    /// Whether each of its values is a sentence.
    pub(in super::super) fn is_sentences(&self) -> bool {
        SENTENCES.contains(&self.name)
    }
}

impl Matter {
    /// Reads a message.
    ///
    /// # Errors
    /// `Refused` for what is no message for people.
    pub(in super::super) fn read(
        message: &Message<'_>,
        (console, templates): (&Console, &Templates),
        escape: fn(&str) -> String,
    ) -> Result<Self, HookError> {
        let event = Event::read(message.body, console)?;
        // Why: what is overdue is told under the id of what waits, and a word.
        let about = message.about.replace(OVERDUE, "-overdue");
        // Why: it becomes part of addresses and queries.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if about.len() > MAX_ABOUT || !about.bytes().all(is_plain) {
            return Err(NO_MESSAGE);
        }
        let Words { headline, text } = templates.words(&event, escape);
        Ok(Self {
            key: format!("countersign-{about}"),
            stage: stage(&event),
            level: level(&event),
            headline,
            text,
            facts: facts(&event, escape),
            kind: event.kind.name,
            tenant: event.fields.get("tenant").cloned().unwrap_or_default(),
            link: event.link,
            time: event.time,
        })
    }
}

fn stage(event: &Event) -> Stage {
    match event.kind.name {
        "countersign.test" => Stage::Trial,
        // Why: it was one of several who have to agree, and another has to look still.
        "plan.approved" if event.fields.get("state").is_some_and(|state| state == "proposed") => Stage::Open,
        "plan.approved" | "plan.begun" | "plan.resumed" => Stage::Going,
        "incident.closed" | "plan.rejected" | "plan.withdrawn" | "plan.expired" | "plan.superseded"
        | "plan.done" | "plan.erased" | "plan.undone" => Stage::Over,
        _ => Stage::Open,
    }
}

fn level(event: &Event) -> Level {
    if event.kind.name.starts_with("incident.") {
        return match event.fields.get("severity").map(String::as_str) {
            Some("critical") => Level::Critical,
            Some("high") => Level::High,
            Some("medium") => Level::Medium,
            _ => Level::Low,
        };
    }
    match event.kind.name {
        "access.break_glass_made" | "access.break_glass_used" => Level::Critical,
        "breaker.opened" | "plan.halted" | "plan.failed" => Level::High,
        "plan.proposed" | "review.escalated" => Level::Medium,
        _ => Level::Low,
    }
}

/// What is known, in the order in which the kind has it; what is nothing is left out.
fn facts(event: &Event, escape: fn(&str) -> String) -> Vec<Fact> {
    let fields = event.kind.fields.iter().filter(|field| !ELSEWHERE.contains(field));
    let fact = |name: &&'static str| {
        let values = match event.lists.get(name) {
            Some(items) => items.clone(),
            None => event.fields.get(name).filter(|text| *text != NONE).cloned().into_iter().collect(),
        };
        Fact { name, values: values.iter().map(|value| escape(value)).collect() }
    };
    fields.map(fact).filter(|fact| !fact.values.is_empty()).collect()
}

/// A text within a bound.
pub(in super::super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_app::hooks::KINDS;
    use countersign_core::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn matter(about: &str, kind: &str, data: &Value) -> Result<Matter, HookError> {
        let body = json!({"type": kind, "timestamp": "2026-11-29T20:10:07Z", "data": data}).to_string();
        let message =
            Message { id: "rec_1", about, at: Timestamp::default(), body: body.as_bytes(), place: None };
        let words = (Console("https://cs.example.com".to_owned()), Templates::new(&BTreeMap::new()).unwrap());
        Matter::read(&message, (&words.0, &words.1), |text| text.replace('<', "&lt;"))
    }

    #[test]
    fn every_kind_has_its_stage_and_what_people_must_look_at_is_open() {
        let of = |stage: Stage| -> Vec<&str> {
            let is = |kind: &&str| matter("a", kind, &json!({})).unwrap().stage == stage;
            KINDS.iter().map(|kind| kind.name).filter(is).collect()
        };
        assert_eq!(of(Stage::Trial), ["countersign.test"]);
        assert_eq!(of(Stage::Going), ["plan.approved", "plan.begun", "plan.resumed"]);
        let over = ["rejected", "withdrawn", "expired", "superseded", "done", "erased", "undone"];
        let over: Vec<_> = over.iter().map(|end| format!("plan.{end}")).collect();
        assert_eq!(of(Stage::Over), [vec!["incident.closed".to_owned()], over].concat());
        let approved = |state| matter("a", "plan.approved", &json!({"state": state})).unwrap().stage;
        assert_eq!([approved("proposed"), approved("approved")], [Stage::Open, Stage::Going]);
        let open = of(Stage::Open);
        for kind in ["incident.opened", "incident.reopened", "plan.proposed", "plan.halted", "plan.failed"] {
            assert!(open.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn it_presses_as_the_incident_is_severe() {
        let of =
            |severity: &str| matter("a", "incident.opened", &json!({"severity": severity})).unwrap().level;
        let levels = ["critical", "high", "medium", "low", "informational"].map(of);
        assert_eq!(levels, [Level::Critical, Level::High, Level::Medium, Level::Low, Level::Low]);
        assert_eq!(matter("a", "plan.halted", &json!({})).unwrap().level, Level::High);
    }

    #[test]
    fn facts_are_what_is_known_and_escaped_and_an_id_that_is_none_is_refused() {
        let data = json!({"incident_id": "inc_1", "title": "a", "severity": "high", "disposition": null,
            "failures": ["fp ×37", "fu ×2"], "next_steps": ["reset <b>"], "techniques": []});
        let found = matter("inc_1", "incident.opened", &data).unwrap();
        let facts: Vec<_> = found.facts.iter().map(|fact| (fact.name, fact.values.join("|"))).collect();
        let expected = [
            ("incident_id", "inc_1"),
            ("severity", "high"),
            ("failures", "fp ×37|fu ×2"),
            ("next_steps", "reset &lt;b>"),
        ];
        assert_eq!(facts, expected.map(|(name, value)| (name, value.to_owned())));
        let labels: Vec<_> = found.facts.iter().map(Fact::label).collect();
        assert_eq!(labels, ["Incident id", "Severity", "Failures", "Next steps"]);
        assert!(found.facts[3].is_sentences() && !found.facts[2].is_sentences());
        assert_eq!((found.key.as_str(), found.time.as_str()), ("countersign-inc_1", "2026-11-29T20:10:07Z"));
        assert_eq!(
            matter("rev_1 overdue", "review.escalated", &data).unwrap().key,
            "countersign-rev_1-overdue"
        );
        for about in ["inc_1^state=7", "a/b", "a b", &"a".repeat(81)] {
            assert_eq!(matter(about, "incident.opened", &data).err(), Some(NO_MESSAGE), "{about}");
        }
    }
}
