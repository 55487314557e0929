//! What is the same of our log stream and our event stream.
//!
//! Where a stream leads, with what, is one object that the API replaces as a whole (`sink`, `destination`; assumed of
//! `sink`, whose merging nothing documents). It may hold credentials that are not ours: they are never copied. So it is sent
//! only when it has to change, and never over what we did not set.

use serde_json::{Value, json};

use super::{Draft, Goal, Observed, secret_key, strangers};
use crate::{Act, Answers, Claim, Finding, Keep, Look, Part, Remember, Severity, Step, Template, Undo};

/// What differs between both streams.
pub(super) struct Kind {
    pub what: &'static str,
    pub name: &'static str,
    pub list: &'static str,
    pub get: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub delete: &'static str,
    /// The field that says where it leads.
    pub target: &'static str,
    /// The code of the finding that the target holds more than we set.
    pub more: &'static str,
}

/// A stream as it should be.
pub(super) struct Wanted {
    /// What is sent to create it.
    pub create: Part,
    /// What is sent to change it, its target among it.
    pub update: Part,
    /// What is so of it, its target left out.
    pub claims: Vec<Claim>,
    /// What is so of its target.
    pub target: Vec<Claim>,
}

/// A stream as it is, and what is sent to have it so again.
pub(super) struct There {
    pub id: String,
    /// The whole, to hold the claims to. It may hold secrets.
    pub whole: Value,
    /// As [`Wanted::update`]; no credential is in it but ours, by name.
    pub restore: Part,
    /// What is so of it; no address is in it.
    pub claims: Vec<Claim>,
    /// What its target holds that we never set; names alone.
    pub more: Vec<String>,
    /// Where it leads.
    pub endpoint: Value,
}

impl There {
    fn is_so(&self, kind: &Kind, claims: &[Claim]) -> bool {
        let look = Look::at(Template::new(kind.get, vec![Part::text(&self.id)]), claims.to_vec());
        look.check(Some(&self.whole), &Answers::new()).is_ok()
    }

    /// Whether the address may hold a credential: ours never has what these mark.
    fn has_credential(&self) -> bool {
        self.endpoint.as_str().is_some_and(|address| address.contains(['@', '?', '#']))
    }

    fn name(&self) -> Value {
        self.whole.get("name").cloned().unwrap_or_default()
    }
}

/// The claim that an address is as it is, without the address.
pub(super) fn address(at: &str, endpoint: &Value) -> Claim {
    endpoint.as_str().map_or_else(|| Claim::is(at, endpoint.clone()), |text| Claim::hash(at, text))
}

/// The names of what is set beyond these.
pub(super) fn beyond(target: Option<&Value>, known: &[&str]) -> Vec<String> {
    let is_set = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let fields = target.and_then(Value::as_object).into_iter().flatten();
    fields
        .filter(|(name, value)| !known.contains(&name.as_str()) && is_set(value))
        .map(|(name, _)| name.clone())
        .collect()
}

pub(super) fn plan(
    kind: &Kind,
    goal: &Goal,
    observed: &Observed,
    wanted: Option<Wanted>,
    there: Option<There>,
    draft: &mut Draft,
) {
    let key = secret_key(kind.what, &goal.tenant);
    let (fingerprint, known) = (goal.fingerprints.get(&key), observed.fingerprints.get(&key));
    let is_changed = fingerprint.is_none() || fingerprint != known;
    let remember = Remember { key, fingerprint: fingerprint.cloned() };
    match (wanted, there) {
        (Some(wanted), None) => {
            let strangers = strangers::in_the_way(goal, observed, kind.what);
            match strangers.is_empty() {
                true => draft.steps.push(create(kind, wanted, remember)),
                false => draft.findings.extend(strangers),
            }
        }
        (Some(wanted), Some(there)) => {
            let sends_target = is_changed || !there.is_so(kind, &wanted.target);
            if sends_target && !there.more.is_empty() {
                draft.findings.push(would_lose(kind, &there));
            } else if sends_target || !there.is_so(kind, &wanted.claims) {
                let remember = is_changed.then_some(remember);
                draft.steps.push(update(kind, wanted, there, sends_target, remember));
            }
        }
        (None, Some(there)) => draft.deletes.push(delete(kind, &there, remember)),
        (None, None) => {}
    }
}

fn would_lose(kind: &Kind, there: &There) -> Finding {
    let more: Vec<String> = there.more.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    Finding {
        severity: Severity::Blocks,
        code: kind.more.to_owned(),
        text: format!(
            "`{}` (id `{}`) has {} in its `{}`, which Countersign did not set and does not copy, since credentials may be in \
             it; `{}` has to change, and Auth0 replaces it as a whole, so that this would be lost: take it out, or delete \
             the stream, which is made anew then",
            kind.name,
            there.id.escape_debug(),
            more.join(", "),
            kind.target,
            kind.target
        ),
    }
}

fn create(kind: &Kind, wanted: Wanted, remember: Remember) -> Step {
    let name = format!("{}.create", kind.what);
    let is_it = vec![Claim::is("/name", json!(kind.name))];
    let id = Part::answer(&name, "id");
    let of_it = Template::new(kind.get, vec![id.clone()]);
    Step {
        reason: format!("`{}` is not there", kind.name),
        act: Act {
            request: Template::new(kind.create, Vec::new()).body(wanted.create),
            before: Look::absent(kind.list, is_it.clone()),
            after: Look::item(kind.list, is_it.clone(), [wanted.claims, wanted.target].concat()),
            is_blind: false,
            keeps: vec![Keep::id("id", "/id")],
        },
        undo: Undo::By(Box::new(Act {
            request: Template::new(kind.delete, vec![id]),
            before: Look::at(of_it.clone(), is_it),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        })),
        remember: Some(remember),
        name,
    }
}

fn without(body: Part, field: &str) -> Part {
    match body {
        Part::Object(mut fields) => {
            fields.remove(field);
            Part::Object(fields)
        }
        other => other,
    }
}

fn update(kind: &Kind, wanted: Wanted, there: There, sends_target: bool, remember: Option<Remember>) -> Step {
    let id = Part::text(&there.id);
    let of_it = Template::new(kind.get, vec![id.clone()]);
    let has_credential = there.has_credential();
    let request = |body: Part| {
        let body = if sends_target { body } else { without(body, kind.target) };
        Template::new(kind.update, vec![id.clone()]).body(body)
    };
    let sets_token = remember.is_some();
    let new = Look::at(of_it.clone(), [wanted.claims, wanted.target].concat());
    let old = Look::at(of_it, there.claims);
    let restore = || Act {
        request: request(there.restore),
        before: new.clone(),
        after: old.clone(),
        is_blind: sets_token,
        keeps: Vec::new(),
    };
    let undo = if sends_target && has_credential {
        Undo::Irreversible("the address that it led to may hold a credential, so it is not kept".to_owned())
    } else {
        Undo::By(Box::new(restore()))
    };
    Step {
        name: format!("{}.update", kind.what),
        reason: format!("`{}` is not as it should be, or its token changed", kind.name),
        act: Act {
            request: request(wanted.update),
            before: old.clone(),
            after: new.clone(),
            is_blind: sets_token,
            keeps: Vec::new(),
        },
        undo,
        remember,
    }
}

fn delete(kind: &Kind, there: &There, remember: Remember) -> Step {
    let id = Part::text(&there.id);
    let of_it = Template::new(kind.get, vec![id.clone()]);
    Step {
        name: format!("{}.delete", kind.what),
        reason: format!("`{}` is not wanted any more", kind.name),
        act: Act {
            request: Template::new(kind.delete, vec![id]),
            before: Look::at(of_it.clone(), vec![Claim::is("/name", there.name())]),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("it is made again by `countersign tenant apply`".to_owned()),
        remember: Some(Remember { fingerprint: None, ..remember }),
    }
}
