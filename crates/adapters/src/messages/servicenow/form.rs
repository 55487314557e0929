//! An incident in ServiceNow's form: values of its Table API are text. Pure.

use serde_json::{Map, Value, json};

use super::super::ticket::{Level, Matter, Stage, cut};

/// The most characters of `short_description` (ServiceNow, table `task`: 160).
const MAX_HEADLINE: usize = 150;

/// The most characters of `description` and of a note (ServiceNow, table `task`: 4,000), less what stands after what was cut.
const MAX_TEXT: usize = 3_600;

/// In progress (ServiceNow, "incident states").
const IN_PROGRESS: &str = "2";

/// Resolved.
pub(super) const RESOLVED: &str = "6";

/// What an instance wants to know beside what happened.
pub struct Settings {
    /// Whose incidents they are, by name or `sys_id`; `None`: the instance's rules say.
    pub assignment_group: Option<String>,
    /// Who reports them, by user name or `sys_id`; `None`: nobody.
    pub caller: Option<String>,
    /// One of the instance's resolution codes, for what is over.
    pub close_code: String,
}

/// What stands for brackets: between `[code]` and `[/code]` a note is HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

/// What opens an incident.
pub(super) fn opened(matter: &Matter, settings: &Settings) -> Value {
    let mut form = told(matter);
    press(&mut form, matter.level);
    form.insert("correlation_id".to_owned(), json!(matter.key));
    form.insert("correlation_display".to_owned(), json!("Countersign"));
    for (field, value) in [("assignment_group", &settings.assignment_group), ("caller_id", &settings.caller)]
    {
        if let Some(value) = value {
            form.insert(field.to_owned(), json!(value));
        }
    }
    if matter.stage == Stage::Trial {
        resolve(&mut form, matter, settings);
    }
    Value::Object(form)
}

/// What changes one, and says in a note what happened.
pub(super) fn changed(matter: &Matter, is_solved: bool, settings: &Settings) -> Value {
    let mut form = told(matter);
    form.insert("work_notes".to_owned(), json!(note(matter)));
    match (matter.stage, is_solved) {
        (Stage::Open, _) => {
            press(&mut form, matter.level);
            if is_solved {
                form.insert("state".to_owned(), json!(IN_PROGRESS));
            }
        }
        (Stage::Over | Stage::Trial, false) => resolve(&mut form, matter, settings),
        (Stage::Over | Stage::Trial, true) | (Stage::Going, _) => {}
    }
    Value::Object(form)
}

fn told(matter: &Matter) -> Map<String, Value> {
    let mut form = Map::new();
    form.insert("short_description".to_owned(), json!(cut(&matter.headline, MAX_HEADLINE)));
    form.insert("description".to_owned(), json!(description(matter)));
    form
}

/// Priority is the instance's to compute from these two (ServiceNow, "priority lookup rules": 1 high, 2 medium, 3 low).
fn press(form: &mut Map<String, Value>, level: Level) {
    let (impact, urgency) = match level {
        Level::Critical => ("1", "1"),
        Level::High => ("2", "1"),
        Level::Medium => ("2", "2"),
        Level::Low => ("3", "3"),
    };
    form.insert("impact".to_owned(), json!(impact));
    form.insert("urgency".to_owned(), json!(urgency));
}

fn resolve(form: &mut Map<String, Value>, matter: &Matter, settings: &Settings) {
    form.insert("state".to_owned(), json!(RESOLVED));
    form.insert("close_code".to_owned(), json!(settings.close_code));
    form.insert("close_notes".to_owned(), json!(note(matter)));
}

fn note(matter: &Matter) -> String {
    format!("{}\n\n{}\n\n{}", matter.headline, cut(&matter.text, MAX_TEXT), matter.link)
}

/// The text, then what is known, a line each.
fn description(matter: &Matter) -> String {
    let mut text = matter.text.clone();
    text.push('\n');
    for fact in &matter.facts {
        if fact.is_sentences() {
            text.push_str(&format!("\n{}:", fact.label()));
            fact.values.iter().for_each(|value| text.push_str(&format!("\n- {value}")));
        } else {
            text.push_str(&format!("\n{}: {}", fact.label(), fact.values.join(", ")));
        }
    }
    format!("{}\n\n{}", cut(&text, MAX_TEXT), matter.link)
}
