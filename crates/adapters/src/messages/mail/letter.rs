//! A letter: headers that nobody else writes, plain text, and the same in simple HTML.

use std::time::{Duration, SystemTime};

use countersign_app::hooks::Message;
use lettre::message::{
    Mailbox, Message as Letter, MultiPart,
    header::{HeaderName, HeaderValue},
};

use super::super::{Templates, event::Event, templates::Words};

/// The most characters of a subject.
const MAX_SUBJECT: usize = 150;

/// What stands for characters of markup in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The letter of an event. Its id is the delivery's, the same at each attempt; letters about one thing refer to one id.
pub(super) fn letter(
    (message, event): (&Message<'_>, &Event),
    templates: &Templates,
    (from, to): (&Mailbox, &[Mailbox]),
) -> Result<Letter, lettre::error::Error> {
    let plain = templates.words(event, str::to_owned);
    let domain = from.email.domain();
    let seconds = u64::try_from(message.at.seconds()).unwrap_or(0);
    let mut builder = Letter::builder()
        .from(from.clone())
        .subject(one_line(&plain.headline))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{domain}>", message.id)))
        .references(format!("<{}@{domain}>", message.about));
    for to in to {
        builder = builder.to(to.clone());
    }
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        builder =
            builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    let link =
        if event.kind.name == "person.inquiry" { "Say whether it was you" } else { "Open in Countersign" };
    let html = html(&templates.words(event, escape), (&event.link, link));
    let plain = format!("{}\n\n{}\n\n{}\n", plain.headline, plain.text, event.link);
    builder.multipart(MultiPart::alternative_plain_html(plain, html))
}

/// A subject: no line ends in it, whatever it is made of.
fn one_line(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_SUBJECT).collect()
}

fn html(words: &Words, (link, text): (&str, &str)) -> String {
    let lines: String = words.text.lines().map(|line| format!("<p>{line}</p>\n")).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head><body>\n<p><strong>{}</strong></p>\n{lines}<p><a href=\"{}\">{text}</a></p>\n</body></html>\n",
        words.headline,
        escape(link)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_core::Timestamp;
    use serde_json::json;

    use super::{super::super::Console, *};

    #[test]
    fn words_of_others_can_neither_add_a_header_nor_markup() {
        let title = "a\r\nBcc: thief@example.com\r\n\r\n<script>x</script>";
        let body = json!({"type": "plan.done", "timestamp": "2026-11-29T20:10:07Z",
            "data": {"title": title, "tenant": "acme", "path": "/plans/p"}});
        let body = body.to_string();
        let event = Event::read(body.as_bytes(), &Console("https://cs.example.com".to_owned())).unwrap();
        let message = Message {
            id: "rec_1",
            about: "plan_1",
            at: Timestamp::from_seconds(1_700_000_000),
            body: body.as_bytes(),
            place: None,
        };
        let (from, to): (Mailbox, [Mailbox; 1]) =
            ("Countersign <cs@example.com>".parse().unwrap(), ["soc@example.com".parse().unwrap()]);
        let letter =
            letter((&message, &event), &Templates::new(&BTreeMap::new()).unwrap(), (&from, &to)).unwrap();
        let text = String::from_utf8(letter.formatted()).unwrap();
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head
            .lines()
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "From",
                "Subject",
                "Date",
                "Message-ID",
                "References",
                "To",
                "Auto-Submitted",
                "X-Auto-Response-Suppress",
                "MIME-Version",
                "Content-Type"
            ]
        );
        assert!(
            head.contains("Message-ID: <rec_1@example.com>")
                && head.contains("References: <plan_1@example.com>")
        );
        assert!(
            rest.contains("&lt;script&gt;")
                && rest.split("text/html").nth(1).is_some_and(|html| !html.contains("<script"))
        );
        assert_eq!(letter.envelope().to().len(), 1, "nobody else gets it");
    }
}
