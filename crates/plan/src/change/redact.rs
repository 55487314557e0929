//! A plan without somebody who was erased: what it did to others stays, so that it can still be shown and taken back.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use serde::Serialize;
use serde_json::Value;

use super::{Back, Call, ChangePlan, ChangeStep, Forever, Order, Reverse, Write};
use crate::{Look, Part};

/// What stands in the place of somebody who was erased.
pub const ERASED: &str = "erased";

impl ChangePlan {
    /// The same without somebody, whom `is_theirs` knows by a user id or an address of mail; `None` where it does not name them.
    ///
    /// Of a step that touches them alone its name and its kind stay, and no way back; of others they are taken out. Their texts go
    /// wherever one names them. Who proposed the plan stays: that is who acted, not whom it is about.
    #[must_use]
    pub fn without(&self, is_theirs: &dyn Fn(&str) -> bool) -> Option<Self> {
        let gone = Gone::of(self, is_theirs)?;
        let mut plan = self.clone();
        let mut is_theirs_alone = vec![true; plan.because.len()];
        for step in &mut plan.steps {
            let is_alone = gone.is_alone(&step.scope.users);
            if let Some(place) = is_theirs_alone.get_mut(step.wanted) {
                *place &= is_alone;
            }
            gone.step(step, is_alone);
        }
        for (because, is_alone) in plan.because.iter_mut().zip(is_theirs_alone) {
            if is_alone || gone.tells(&because.reason) {
                ERASED.clone_into(&mut because.reason);
            }
            because.evidence.retain(|evidence| !is_alone && !gone.is_in(evidence));
        }
        if gone.tells(&plan.title) {
            ERASED.clone_into(&mut plan.title);
        }
        Some(plan)
    }

    /// Whether a step touches nobody but who was erased, so that nothing of what it did is left.
    #[must_use]
    pub fn is_erased(&self, step: usize) -> bool {
        self.steps.get(step).is_some_and(|step| matches!(step.back, Back::Irreversible(Forever::Erased)))
    }
}

impl Order {
    /// The same without somebody and without words: whom else it was about, and what was wanted of them.
    #[must_use]
    pub fn without(mut self, is_theirs: &dyn Fn(&str) -> bool) -> Self {
        ERASED.clone_into(&mut self.title);
        self.wanted.retain(|wanted| {
            let mut texts = BTreeSet::new();
            collect(serde_json::to_value(&wanted.change).unwrap_or_default(), &mut texts);
            !texts.iter().any(|text| is_theirs(text) || names_in(text).any(|name| is_theirs(&name)))
        });
        for wanted in &mut self.wanted {
            ERASED.clone_into(&mut wanted.reason);
            wanted.evidence.clear();
        }
        self
    }
}

/// What may be an address of mail or a user id among the words of a text.
fn names_in(text: &str) -> impl Iterator<Item = String> {
    let is_between = |char: char| char.is_whitespace() || "()<>[]{}\"'`,;:".contains(char);
    text.split(is_between)
        .map(|word| word.trim_matches(|char: char| !char.is_alphanumeric()))
        .filter(|word| word.contains(['@', '|']))
        .map(str::to_owned)
}

/// Somebody, by all the names under which a plan has them.
struct Gone(BTreeSet<String>);

impl Gone {
    fn of(plan: &ChangePlan, is_theirs: &dyn Fn(&str) -> bool) -> Option<Self> {
        let mut texts = BTreeSet::new();
        // Why never empty: all keys are text, and nothing in it can fail to be written.
        collect(
            serde_json::to_value((&plan.steps, &plan.because, &plan.title)).unwrap_or_default(),
            &mut texts,
        );
        let words: Vec<String> = texts.iter().flat_map(|text| names_in(text)).collect();
        texts.extend(words);
        texts.retain(|text| text != ERASED && is_theirs(text));
        (!texts.is_empty()).then_some(Self(texts))
    }

    fn is(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// Whether a text names them, alone or among other words.
    fn tells(&self, text: &str) -> bool {
        self.0
            .iter()
            .any(|name| text.match_indices(name.as_str()).any(|(at, _)| stands_alone(text, at, name.len())))
    }

    /// Whether something says anything of them.
    fn is_in(&self, what: &impl Serialize) -> bool {
        let mut texts = BTreeSet::new();
        collect(serde_json::to_value(what).unwrap_or_default(), &mut texts);
        texts.iter().any(|text| self.tells(text))
    }

    fn is_alone(&self, users: &[UserId]) -> bool {
        !users.is_empty() && users.iter().all(|user| self.is(user.as_str()) || user.as_str() == ERASED)
    }

    fn step(&self, step: &mut ChangeStep, is_alone: bool) {
        let before = step.scope.users.len();
        step.scope.users.retain(|user| !self.is(user.as_str()));
        if step.scope.users.len() < before {
            step.scope.users.extend(ERASED.parse());
        }
        if is_alone {
            empty(&mut step.write, self);
            step.back = Back::Irreversible(Forever::Erased);
            return;
        }
        self.write(&mut step.write);
        if let Back::By(reverses) = &mut step.back {
            reverses.retain(|reverse| !self.is_alone(&reverse.scope.users));
            for Reverse { scope, write, .. } in reverses.iter_mut() {
                scope.users.retain(|user| !self.is(user.as_str()));
                self.write(write);
            }
            if reverses.is_empty() {
                step.back = Back::Irreversible(Forever::Erased);
            }
        }
    }

    fn write(&self, write: &mut Write) {
        self.looks(&mut write.before);
        self.looks(&mut write.after);
        match &mut write.call {
            Call::Management(template) => {
                for part in template.parameters.iter_mut().chain(&mut template.body) {
                    self.part(part);
                }
            }
            Call::Notify { text, .. } => self.text(text),
            Call::Webhook { body, .. } => self.value(body),
        }
    }

    fn looks(&self, looks: &mut Vec<Look>) {
        looks.retain(|look| !self.is_in(look));
    }

    fn text(&self, text: &mut String) {
        if self.tells(text) {
            ERASED.clone_into(text);
        }
    }

    /// Out of lists they are taken; elsewhere something has to stand.
    fn part(&self, part: &mut Part) {
        match part {
            Part::Value(value) => self.value(value),
            Part::Object(fields) => fields.values_mut().for_each(|part| self.part(part)),
            Part::List(parts) => {
                parts.retain(|part| !matches!(part, Part::Value(Value::String(text)) if self.is(text)));
                parts.iter_mut().for_each(|part| self.part(part));
            }
            Part::Answer { .. } | Part::Secret { .. } => {}
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                items.retain(|item| !item.as_str().is_some_and(|text| self.is(text)));
                items.iter_mut().for_each(|item| self.value(item));
            }
            Value::Object(fields) => fields.values_mut().for_each(|field| self.value(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether a name is a whole one where it stands in a text, and not a part of another's: `auth0|1` is none in `auth0|12`.
fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let is_of_a_name = |char: char| char.is_alphanumeric() || "_-+|@%".contains(char);
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at.saturating_add(length)..).and_then(|text| text.chars().next());
    !before.is_some_and(|char| is_of_a_name(char) || char == '.') && !after.is_some_and(is_of_a_name)
}

/// Leaves of a write what kind it is: the operation, and the keys of the body.
fn empty(write: &mut Write, gone: &Gone) {
    write.before.clear();
    write.after.clear();
    write.keeps.clear();
    match &mut write.call {
        Call::Management(template) => {
            template.parameters.iter_mut().for_each(|part| gone.part(part));
            template.body.iter_mut().for_each(empty_part);
        }
        Call::Notify { text, .. } => ERASED.clone_into(text),
        Call::Webhook { body, .. } => empty_value(body),
    }
}

fn empty_part(part: &mut Part) {
    match part {
        Part::Value(value) => empty_value(value),
        Part::Object(fields) => fields.values_mut().for_each(empty_part),
        Part::List(parts) => parts.clear(),
        Part::Answer { .. } | Part::Secret { .. } => {}
    }
}

fn empty_value(value: &mut Value) {
    match value {
        Value::String(text) => ERASED.clone_into(text),
        Value::Number(_) => *value = Value::Null,
        Value::Array(items) => items.clear(),
        Value::Object(fields) => fields.values_mut().for_each(empty_value),
        Value::Null | Value::Bool(_) => {}
    }
}

/// All texts in a document.
fn collect(value: Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text)),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.into_iter().for_each(|(_, field)| collect(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
