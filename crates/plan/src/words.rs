//! A plan in words, made of its steps alone.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use crate::{Finding, Need, Part, Phase, Plan, Purpose, Severity, Step, Template, Undo, diff, sha256};

/// The longest value that is shown as it is, in characters.
const LONG: usize = 200;

impl Plan {
    /// The plan for a person: what will be sent, why, what changes, and how it is undone.
    #[must_use]
    pub fn text(&self) -> String {
        let what = match self.purpose {
            Purpose::Install => "Into",
            Purpose::Remove => "Out of",
        };
        let mut text =
            format!("{what} tenant `{}` at {}\nPlan {}\n", self.tenant, plain(&self.domain), self.id());
        findings(&mut text, &self.findings);
        for (what, id) in &self.adopts {
            let _ = writeln!(text, "\nTakes over as ours: {} `{}`", plain(what), plain(id));
        }
        if self.steps.is_empty() {
            text.push_str("\nNothing has to change.\n");
        }
        for (number, step) in self.steps.iter().enumerate() {
            write_step(&mut text, number + 1, step);
        }
        scopes(&mut text, self, Phase::Install, "Scopes that this needs");
        scopes(&mut text, self, Phase::Serve, "Scopes that the service needs from then on");
        if self.purpose == Purpose::Install
            && self.scopes(Phase::Serve).iter().all(|scope| scope.starts_with("read:"))
        {
            text.push_str("\nAfter the installation no scope that writes is needed.\n");
        }
        text
    }
}

/// A text of the tenant's, without what could steer a terminal or show it in another order than it has.
pub(crate) fn plain(text: &str) -> String {
    let steers = |char: char| {
        (char.is_control() && char != '\n')
            || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace('\t', "    ").chars().map(|char| if steers(char) { '\u{fffd}' } else { char }).collect()
}

fn findings(text: &mut String, findings: &[Finding]) {
    for Finding { severity, code, text: found } in findings {
        let word = match severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Blocks => "blocks",
        };
        let _ = writeln!(text, "\n[{word}] {code}\n  {}", plain(found));
    }
}

fn write_step(text: &mut String, number: usize, step: &Step) {
    let request = &step.act.request;
    let operation = request.operation();
    let method = operation.map_or("?", |operation| operation.method.as_str());
    let _ = writeln!(text, "\n{number}. {}: {}", plain(&step.name), plain(&step.reason));
    let _ = writeln!(text, "   {method} {}", plain(&request.shown_path()));
    if let Some(scope) = operation.and_then(|operation| operation.scopes.first()) {
        let _ = writeln!(text, "   scope: {scope}");
    }
    let old = match &step.undo {
        Undo::By(act) if act.request.operation == request.operation => act.request.body.as_ref(),
        _ => None,
    };
    if request.operation == "actions.set_bindings" {
        if let Undo::Order(restore) = &step.undo {
            let names: Vec<String> = restore.order.iter().map(|stood| stood.display_name.clone()).collect();
            order(text, "before", &names);
        }
        order(text, "after", &bound(request.body.as_ref()));
    } else {
        fields(text, old, request.body.as_ref());
    }
    undo(text, &step.undo);
}

fn undo(text: &mut String, undo: &Undo) {
    let words = match undo {
        Undo::By(act) => format!("{} {}", method(&act.request), act.request.shown_path()),
        Undo::Order(restore) => {
            let how = match (&restore.deleted_by, restore.puts_back().next()) {
                (Some(step), Some(_)) => {
                    format!("with ours back among what is bound then; not once `{step}` is done")
                }
                (None, Some(_)) => "with ours back among what is bound then".to_owned(),
                (_, None) => "with what is bound then, without ours".to_owned(),
            };
            format!("PATCH /actions/triggers/{}/bindings, {how}", restore.trigger)
        }
        Undo::With(step) => format!("with `{step}`"),
        Undo::Irreversible(why) => format!("can't be: {why}"),
    };
    let _ = writeln!(text, "   undone: {}", plain(&words));
}

fn method(request: &Template) -> &'static str {
    request.operation().map_or("?", |operation| operation.method.as_str())
}

/// The names in an order that is sent.
fn bound(body: Option<&Part>) -> Vec<String> {
    let shown = body.map(Part::shown).unwrap_or_default();
    let names = shown.get("bindings").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(|binding| Some(binding.get("display_name")?.as_str()?.to_owned())).collect()
}

fn order(text: &mut String, when: &str, names: &[String]) {
    let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let _ = writeln!(text, "   {when}: {}", plain(&names));
}

fn by_name(body: Option<&Part>) -> BTreeMap<String, Part> {
    match body {
        Some(Part::Object(fields)) => fields.clone(),
        Some(Part::Value(Value::Object(fields))) => {
            fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The fields that are sent; of one that was there before, only where it differs.
fn fields(text: &mut String, old: Option<&Part>, new: Option<&Part>) {
    let old = by_name(old);
    for (name, part) in by_name(new) {
        let before = old.get(&name);
        if before == Some(&part) {
            continue;
        }
        match (&name[..], before.map(Part::shown), part.shown()) {
            ("code", Some(Value::String(old)), Value::String(new)) => {
                let _ = writeln!(text, "   code: {} -> {}", told(&old), told(&new));
                for line in plain(&diff(&old, &new)).lines() {
                    let _ = writeln!(text, "     {line}");
                }
            }
            ("code", _, Value::String(new)) => {
                let _ = writeln!(text, "   code: {}", told(&new));
            }
            (_, Some(before), after) => {
                let _ = writeln!(text, "   {name}: {} -> {}", short(&before), short(&after));
            }
            (_, None, after) => {
                let _ = writeln!(text, "   {name}: {}", short(&after));
            }
        }
    }
}

fn told(code: &str) -> String {
    format!("{} bytes, SHA-256 {}", code.len(), sha256(code.as_bytes()))
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let names = items.iter().map(|item| match item {
                Value::Object(fields) => {
                    match (fields.get("name"), fields.get("value"), fields.get("event_type")) {
                        (Some(Value::String(name)), Some(Value::String(value)), _) => {
                            format!("{name}={value}")
                        }
                        (Some(Value::String(name)), ..)
                        | (_, Some(Value::String(name)), _)
                        | (.., Some(Value::String(name))) => name.clone(),
                        _ => item.to_string(),
                    }
                }
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            return plain(&format!("[{}]", names.collect::<Vec<_>>().join(", ")));
        }
        other => other.to_string(),
    };
    let mut shown: String = plain(&text).chars().take(LONG).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn scopes(text: &mut String, plan: &Plan, phase: Phase, title: &str) {
    let needs: Vec<&Need> = plan.needs.iter().filter(|need| need.phase == phase).collect();
    if needs.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    let mut capabilities: Vec<&str> = needs.iter().map(|need| need.capability.as_str()).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    for capability in capabilities {
        let _ = writeln!(text, "  {capability}");
        for need in needs.iter().filter(|need| need.capability == capability) {
            let _ = writeln!(text, "    {:<40} {}", need.scope, need.why);
        }
    }
}
