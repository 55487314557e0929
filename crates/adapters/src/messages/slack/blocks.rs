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
    let sections = sections(&format!("*{headline}*\n{text}"));
    let sections = sections.iter().map(|text| json!({ "type": "section", "text": mrkdwn(text) }));
    let link = format!("<{}|Open in Countersign>", escape(&event.link));
    let mut message = Map::new();
    message.insert("text".to_owned(), json!(cut(&headline, MAX_FALLBACK)));
    message.insert(
        "blocks".to_owned(),
        sections.chain([json!({ "type": "context", "elements": [mrkdwn(&link)] })]).collect(),
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

/// A text in pieces that fit into a section each, at the ends of lines or of words where there are such; nothing is left out.
fn sections(text: &str) -> Vec<String> {
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(MAX_SECTION) {
        let Some(piece) = rest.get(..end) else { break };
        let after = |char: char| piece.rfind(char).map(|at| at + 1).filter(|at| *at > end / 2);
        // Why before an escape: half of one is another text.
        let escape =
            piece.rfind('&').filter(|at| *at > 0 && !piece.get(*at..).unwrap_or_default().contains(';'));
        let at = after('\n').or_else(|| after(' ')).or(escape).unwrap_or(end);
        let Some((piece, left)) = rest.split_at_checked(at) else { break };
        sections.push(piece.to_owned());
        rest = left;
    }
    if !rest.is_empty() {
        sections.push(rest.to_owned());
    }
    sections
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
    fn a_long_message_stands_whole_in_sections_that_slack_takes() {
        for piece in ["a line of words & more\n", "<&>", "ab ", "é", "a&amp;"] {
            let text = piece.repeat(4_000 / piece.chars().count());
            let body = json!({"type": "plan.message", "timestamp": "2026-11-29T20:10:07Z", "data": {
                "tenant": "acme", "text": text, "plan_id": "pln_1", "path": "/plans/pln_1?tenant=acme"}});
            let event =
                Event::read(body.to_string().as_bytes(), &Console("https://cs.example.com".to_owned()))
                    .unwrap();
            let message = Value::Object(message(&event, &Templates::new(&BTreeMap::new()).unwrap()));
            let blocks = message["blocks"].as_array().unwrap();
            let sections: Vec<&str> =
                blocks.iter().filter_map(|block| block.pointer("/text/text")?.as_str()).collect();
            assert!(sections.len() > 1 && blocks.len() == sections.len() + 1 && blocks.len() <= 50);
            for section in &sections {
                assert!(section.chars().count() <= MAX_SECTION && !section.trim().is_empty());
                // Every escape is whole.
                let bare = ["&amp;", "&lt;", "&gt;"]
                    .iter()
                    .fold((*section).to_owned(), |rest, one| rest.replace(one, ""));
                assert!(!bare.contains('&'), "{piece}: {bare}");
            }
            assert!(sections.concat().contains(&escape(text.trim())), "{piece}");
            assert!(sections.concat().contains("at tenant acme"));
        }
    }

    #[test]
    fn a_cut_leaves_no_half_of_an_escape() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab&amp;cd", 4), "ab…");
        assert_eq!(cut("ab&amp;cd", 8), "ab&amp;c…");
    }
}
