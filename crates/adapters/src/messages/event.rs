//! An event of the outbox, as fields of text.

use std::collections::BTreeMap;

use countersign_app::hooks::{HookError, Kind};
use serde::Deserialize;
use serde_json::Value;

use super::Console;

/// The most characters of one field.
const MAX_FIELD: usize = 300;

/// The most items that are listed.
const MAX_ITEMS: usize = 10;

/// What stands for nothing.
const NONE: &str = "none";

/// A body that is no message for people.
const NO_MESSAGE: HookError =
    HookError::Refused("it takes messages for people, and no webhook: name a receiver of `hooks` for that");

/// What is read of a body.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: serde_json::Map<String, Value>,
}

/// The field that is told whole: a message that was approved as it stands.
const WHOLE: (&str, &str) = ("plan.message", "text");

/// An event: its kind, and its fields as text on one line each, but for a message that was approved.
pub(super) struct Event {
    pub(super) kind: &'static Kind,
    pub(super) link: String,
    pub(super) fields: BTreeMap<&'static str, String>,
}

impl Event {
    pub(super) fn read(body: &[u8], console: &Console) -> Result<Self, HookError> {
        let Body { kind, timestamp, data } = serde_json::from_slice(body).map_err(|_| NO_MESSAGE)?;
        let kind = Kind::of(&kind).ok_or(NO_MESSAGE)?;
        let path = data.get("path").and_then(Value::as_str).filter(|path| is_path(path)).unwrap_or("/");
        let link = format!("{}{path}", console.0);
        let mut fields: BTreeMap<&'static str, String> =
            kind.fields.iter().map(|field| (*field, text(data.get(*field)))).collect();
        if let Some(message) = data.get(WHOLE.1).and_then(Value::as_str).filter(|_| kind.name == WHOLE.0) {
            fields.insert(WHOLE.1, whole(message));
        }
        fields.remove("path");
        fields.insert("kind", kind.name.to_owned());
        fields.insert("at", time(&timestamp).unwrap_or(timestamp));
        fields.insert("tenant", text(data.get("tenant")));
        fields.insert("link", link.clone());
        Ok(Self { kind, link, fields })
    }
}

/// Whether it leads to a page of the console: nothing that a browser would take for another host, or a link's syntax for its end.
fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~?=&%".contains(&byte);
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain)
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => NONE.to_owned(),
        Some(Value::Bool(is_so)) => if *is_so { "yes" } else { "no" }.to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => time(text).unwrap_or_else(|| bounded(text)),
        Some(Value::Array(items)) if items.is_empty() => NONE.to_owned(),
        Some(Value::Array(items)) => {
            let mut listed: Vec<_> = items.iter().take(MAX_ITEMS).map(|item| text(Some(item))).collect();
            if items.len() > MAX_ITEMS {
                listed.push(format!("and {} more", items.len() - MAX_ITEMS));
            }
            bounded(&listed.join(", "))
        }
        Some(Value::Object(_)) => NONE.to_owned(),
    }
}

/// A text on its own lines, without characters that steer or hide.
fn whole(text: &str) -> String {
    let is_seen = |char: char| char == '\n' || !(char.is_control() || hides(char));
    text.chars().map(|char| if is_seen(char) { char } else { ' ' }).collect()
}

/// A text on one line, without characters that steer or hide, and cut.
fn bounded(text: &str) -> String {
    let line = text.chars().map(|char| if char.is_control() || hides(char) { ' ' } else { char });
    let mut cut: String = line.take(MAX_FIELD).collect();
    if cut.len() < text.len() && text.chars().count() > MAX_FIELD {
        cut.push('…');
    }
    cut
}

/// Characters that turn or hide text without being seen.
const fn hides(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A time as people read it, to the minute; `None` where the text is none.
fn time(text: &str) -> Option<String> {
    let at: countersign_core::Timestamp = serde_json::from_value(Value::from(text)).ok()?;
    let text = at.to_string();
    let (date, clock) = text.split_once('T')?;
    Some(format!("{date} {} UTC", clock.get(..5)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: &Value) -> Result<Event, HookError> {
        Event::read(body.to_string().as_bytes(), &Console("https://cs.example.com".to_owned()))
    }

    #[test]
    fn every_field_of_a_kind_is_text_on_one_line() {
        let body = json!({"type": "plan.proposed", "timestamp": "2026-11-29T20:10:07.000000Z", "data": {
            "tenant": "acme", "plan_id": "plan_1", "title": "one\ntwo\u{202e}", "steps": 3, "by_policy": false,
            "changes": (0..12).map(|n| format!("c{n}")).collect::<Vec<_>>(), "incident_id": null,
            "expires": "2026-11-30T20:10:07.000000Z", "path": "/plans/plan_1?tenant=acme"}});
        let event = event(&body).unwrap();
        let field = |name: &str| event.fields[name].as_str();
        assert_eq!((field("title"), field("steps"), field("by_policy")), ("one two ", "3", "no"));
        assert_eq!((field("incident_id"), field("expires")), ("none", "2026-11-30 20:10 UTC"));
        assert!(field("changes").ends_with("c9, and 2 more"), "{}", field("changes"));
        assert_eq!(event.link, "https://cs.example.com/plans/plan_1?tenant=acme");
        assert_eq!(event.fields.len(), event.kind.fields.len() - 1 + 4);
    }

    #[test]
    fn a_path_that_leads_elsewhere_leads_to_the_console() {
        for path in ["//evil.example.com/", "https://evil.example.com", "/a|b>", "/a b", "@evil.example.com"]
        {
            let body = json!({"type": "breaker.opened", "timestamp": "2026-11-29T20:10:07Z", "data": {"path": path}});
            assert_eq!(event(&body).unwrap().link, "https://cs.example.com/", "{path}");
        }
    }

    #[test]
    fn a_message_that_was_approved_is_told_whole_and_on_its_lines() {
        let message = format!("{}\n\n2026-11-29T20:10:07Z\nthe end", "a\u{202e}b ".repeat(999));
        let body = json!({"type": "plan.message", "timestamp": "2026-11-29T20:10:07Z", "data": {
            "tenant": "acme", "text": message, "plan_id": "pln_1", "path": "/plans/pln_1?tenant=acme"}});
        let event = event(&body).unwrap();
        assert_eq!(event.fields["text"], message.replace('\u{202e}', " "));
        assert_eq!(event.fields["tenant"], "acme");
        assert_eq!(event.link, "https://cs.example.com/plans/pln_1?tenant=acme");
        // Of other kinds no text is.
        let body = json!({"type": "plan.done", "timestamp": "", "data": {"title": message}});
        assert_eq!(self::event(&body).unwrap().fields["title"].chars().count(), MAX_FIELD + 1);
    }

    #[test]
    fn what_is_no_message_for_people_is_refused() {
        let of = |kind: &str| json!({"type": kind, "timestamp": "", "data": {}});
        for body in [of("plan.webhook"), json!([]), json!({"type": "countersign.test"})] {
            assert_eq!(event(&body).err(), Some(NO_MESSAGE), "{body}");
        }
        assert!(event(&of("countersign.test")).is_ok());
    }
}
