//! A message in Block Kit: a headline, the text, and a link.

use serde_json::{Map, Value, json};

use super::super::{Templates, event::Event, templates::Words};

/// The most characters of a section's text (Slack, "Section block": 3,000).
const MAX_SECTION: usize = 2_900;

/// The most characters of what notifications show.
const MAX_FALLBACK: usize = 1_000;

/// What stands for `&`, `<` and `>` (Slack, "Formatting text for app surfaces: escaping text").
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `text` and `blocks` of an event.
pub(super) fn message(event: &Event, templates: &Templates) -> Map<String, Value> {
    let Words { headline, text } = templates.words(event, escape);
    let body = cut(&format!("*{headline}*\n{text}"), MAX_SECTION);
    let link = format!("<{}|Open in Countersign>", escape(&event.link));
    let mut message = Map::new();
    message.insert("text".to_owned(), json!(cut(&headline, MAX_FALLBACK)));
    message.insert(
        "blocks".to_owned(),
        json!([
            { "type": "section", "text": mrkdwn(&body) },
            { "type": "context", "elements": [mrkdwn(&link)] },
        ]),
    );
    message
}

/// By what whoever reads the channel by the API tells one event from another.
pub(super) fn metadata(id: &str, event: &Event) -> Value {
    json!({ "event_type": "countersign_event", "event_payload": { "id": id, "type": event.kind.name } })
}

/// Why verbatim: Slack must make no links, mentions or channels of what others wrote.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A text within a bound, without half of an escaped character at its end.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let kept = text.get(..end).unwrap_or_default();
    let kept = match kept.rfind('&') {
        Some(begin) if !kept.get(begin..).unwrap_or_default().contains(';') => {
            kept.get(..begin).unwrap_or_default()
        }
        _ => kept,
    };
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::super::Console, *};

    #[test]
    fn words_of_others_are_no_markup_and_no_mention() {
        let body = json!({"type": "plan.proposed", "timestamp": "2026-11-29T20:10:07Z", "data": {
            "tenant": "acme", "title": "<!channel> & <https://evil.example.com|approve>", "path": "/plans/p?tenant=acme"}});
        let event =
            Event::read(body.to_string().as_bytes(), &Console("https://cs.example.com".to_owned())).unwrap();
        let message = Value::Object(message(&event, &Templates::new(&BTreeMap::new()).unwrap()));
        let escaped = "&lt;!channel&gt; &amp; &lt;https://evil.example.com|approve&gt;";
        assert_eq!(message["text"], format!("Plan to approve: {escaped}"));
        let section = message["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(section.starts_with(&format!("*Plan to approve: {escaped}*\n")), "{section}");
        assert!(!section.contains('<'));
        assert_eq!(
            message["blocks"][1]["elements"][0]["text"],
            "<https://cs.example.com/plans/p?tenant=acme|Open in Countersign>"
        );
    }

    #[test]
    fn a_cut_leaves_no_half_of_an_escape() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab&amp;cd", 4), "ab…");
        assert_eq!(cut("ab&amp;cd", 8), "ab&amp;c…");
    }
}
