//! A ticket in Zendesk's form. Pure.

use serde_json::{Map, Value, json};

use super::super::ticket::{Level, Matter, Stage, cut};

/// The most characters of a subject; a bound of our own.
const MAX_SUBJECT: usize = 150;

/// What stands for characters of markup in HTML, and for braces: two of them begin what Zendesk fills in.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('{', "&#123;")
}

/// A text that is no markup, as [`escape`] had it before.
fn plain(text: &str) -> String {
    text.replace("&#123;", "(")
        .replace('}', ")")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

/// What opens a ticket, of a group, and where it is solved at once of an agent.
pub(super) fn opened(matter: &Matter, (group, assignee): (Option<u64>, Option<u64>)) -> Value {
    let mut ticket = told(matter);
    ticket.insert("external_id".to_owned(), json!(matter.key));
    ticket.insert("type".to_owned(), json!("incident"));
    ticket.insert("priority".to_owned(), json!(priority(matter.level)));
    ticket.insert("tags".to_owned(), json!(["countersign"]));
    if let Some(group) = group {
        ticket.insert("group_id".to_owned(), json!(group));
    }
    if matter.stage == Stage::Trial {
        solve(&mut ticket, assignee);
    }
    json!({ "ticket": ticket })
}

/// What changes one, and says in a comment what happened; where it is solved it becomes an agent's.
pub(super) fn changed(matter: &Matter, is_solved: bool, assignee: Option<u64>) -> Value {
    let mut ticket = told(matter);
    match (matter.stage, is_solved) {
        (Stage::Open, _) => {
            ticket.insert("priority".to_owned(), json!(priority(matter.level)));
            if is_solved {
                ticket.insert("status".to_owned(), json!("open"));
            }
        }
        (Stage::Over | Stage::Trial, false) => solve(&mut ticket, assignee),
        (Stage::Over | Stage::Trial, true) | (Stage::Going, _) => {}
    }
    json!({ "ticket": ticket })
}

fn solve(ticket: &mut Map<String, Value>, assignee: Option<u64>) {
    ticket.insert("status".to_owned(), json!("solved"));
    if let Some(assignee) = assignee {
        ticket.insert("assignee_id".to_owned(), json!(assignee));
    }
}

fn told(matter: &Matter) -> Map<String, Value> {
    let mut ticket = Map::new();
    ticket.insert("subject".to_owned(), json!(cut(&plain(&matter.headline), MAX_SUBJECT)));
    ticket.insert("comment".to_owned(), json!({ "html_body": html(matter), "public": false }));
    ticket
}

const fn priority(level: Level) -> &'static str {
    match level {
        Level::Critical => "urgent",
        Level::High => "high",
        Level::Medium => "normal",
        Level::Low => "low",
    }
}

/// The headline, the text, what is known, and the link.
fn html(matter: &Matter) -> String {
    let mut html = format!("<p><strong>{}</strong></p>", matter.headline);
    for line in matter.text.lines().filter(|line| !line.is_empty()) {
        html.push_str(&format!("<p>{line}</p>"));
    }
    html.push_str("<ul>");
    for fact in &matter.facts {
        let value = if fact.is_sentences() {
            let items: String = fact.values.iter().map(|value| format!("<li>{value}</li>")).collect();
            format!("<ul>{items}</ul>")
        } else {
            fact.values.join(", ")
        };
        html.push_str(&format!("<li>{}: {value}</li>", fact.label()));
    }
    html.push_str("</ul>");
    html.push_str(&format!("<p><a href=\"{}\">Open in Countersign</a></p>", escape(&matter.link)));
    html
}
