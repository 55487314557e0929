//! What stands where ours would and is not ours: told by its id, and taken over only when that is asked for.

use std::collections::BTreeMap;

use countersign_auth0::management::{
    actions::Action, clients::Client, event_streams::EventStream, log_streams::LogStream,
    resource_servers::ResourceServer,
};
use countersign_core::Trigger;
use serde_json::Value;

use super::{
    API_NAME, CLIENT_NAME, CLIENT_SECRET, ClientGoal, EVENT_STREAM_NAME, Goal, LOG_STREAM_NAME, Observed,
    TRIGGERS, action_name,
    client::CLIENT_DESCRIPTION,
    observed::{code, is_for, is_our_code, name},
    owned, secret_key,
};
use crate::{Finding, Severity, fingerprint};

/// Something that is not ours, and is called as ours is or has what ours has.
pub(super) struct Stranger {
    /// What ours would be, as in [`super::Owned`].
    what: String,
    id: String,
    /// The stable code of its finding.
    code: &'static str,
    /// What it is.
    text: String,
    /// Why it can't be taken over; `None` when it can.
    refusal: Option<&'static str>,
}

impl Stranger {
    fn finding(&self, severity: Severity) -> Finding {
        let (text, id) = (&self.text, self.id.escape_debug());
        let way = match (severity, self.refusal) {
            (Severity::Blocks, None) => format!(
                "rename it; or, if it was imported, or Countersign made it and its journal was lost, take it over by `--adopt {id}`"
            ),
            (Severity::Blocks, Some(why)) => {
                format!(
                    "rename it, or delete it, and `apply` makes ours; it can't be taken over, since {why}"
                )
            }
            _ => "it is left as it is".to_owned(),
        };
        let text = format!("{text} (id `{id}`) was not made by this installation, by its journal: {way}");
        Finding { severity, code: self.code.to_owned(), text }
    }
}

/// Everything that is not ours and could be mistaken for it.
pub(super) fn strangers(goal: &Goal, observed: &Observed) -> Vec<Stranger> {
    let mut found: Vec<Stranger> = Vec::new();
    found.extend(observed.apis.iter().filter_map(|it| api(goal, it)));
    found.extend(observed.clients.iter().filter_map(|it| client(goal, it)));
    found.extend(observed.log_streams.iter().filter_map(|it| log_stream(goal, it)));
    found.extend(observed.event_streams.iter().filter_map(|it| event_stream(goal, it)));
    for trigger in TRIGGERS {
        found.extend(observed.actions.iter().filter_map(|it| action(goal, it, trigger)));
    }
    found.retain(|stranger| !observed.owned.has(&stranger.id));
    found
}

/// What keeps ours from being made: something else in its place.
pub(super) fn in_the_way(goal: &Goal, observed: &Observed, what: &str) -> Vec<Finding> {
    let found = strangers(goal, observed).into_iter().filter(|stranger| stranger.what == what);
    found.map(|stranger| stranger.finding(Severity::Blocks)).collect()
}

/// The ids that [`Goal::adopt`] could name and does not: of each kind of which nothing is ours, the one thing that has our
/// mark. Where several have it, somebody has to say which.
#[must_use]
pub fn adoptable(goal: &Goal, observed: &Observed) -> Vec<String> {
    let adopted = adopt(goal, observed).adopts;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Stranger { what, id, refusal, .. } in strangers(goal, observed) {
        if refusal.is_none() && !observed.has_own(&what) && !adopted.contains_key(&what) {
            found.entry(what).or_default().push(id);
        }
    }
    found.into_values().filter(|ids| ids.len() == 1).flatten().collect()
}

/// What is left as it is by a removal, though it is called as ours is.
pub(super) fn left(goal: &Goal, observed: &Observed) -> Vec<Finding> {
    strangers(goal, observed).iter().map(|stranger| stranger.finding(Severity::Warning)).collect()
}

fn api(goal: &Goal, api: &ResourceServer) -> Option<Stranger> {
    if api.is_system.as_option() == Some(&true) {
        return None;
    }
    let is_named = api.name.as_option().is_some_and(|name| name == API_NAME);
    let wanted = goal.api.as_ref();
    let identifier = wanted.filter(|wanted| api.identifier.as_option() == Some(&wanted.identifier));
    let (code, text) = match (is_named, identifier) {
        (true, _) => ("api.foreign_name", format!("an API that is called `{API_NAME}`")),
        (false, Some(ours)) => {
            ("api.foreign_identifier", format!("another API with the identifier `{}`", ours.identifier))
        }
        (false, None) => return None,
    };
    let refusal = match (is_named, wanted.is_some(), identifier.is_some()) {
        (false, ..) => Some(
            "it has not our name; an identifier can't be changed, so choose another by `--api-identifier`",
        ),
        (_, false, _) => Some("no API is wanted"),
        (_, _, false) => Some("it has not the identifier that is wanted"),
        (true, true, true) => None,
    };
    Some(Stranger { what: owned::API.to_owned(), id: api.id.as_str().to_owned(), code, text, refusal })
}

fn client(goal: &Goal, client: &Client) -> Option<Stranger> {
    client.name.as_option().filter(|name| *name == CLIENT_NAME)?;
    let of = |field: &str| client.rest.get(field);
    let is_first_party = of("is_first_party").and_then(Value::as_bool) == Some(true);
    let is_machine = client.app_type.as_option().is_some_and(|kind| kind == "non_interactive");
    let is_described = of("description").and_then(Value::as_str) == Some(CLIENT_DESCRIPTION);
    // Why the secret: whoever holds it gets what the service may do, and nobody but us and the tenant knows it.
    let print = of("client_secret")
        .and_then(Value::as_str)
        .map(|secret| fingerprint([(CLIENT_SECRET, secret.as_bytes())]));
    let is_known =
        print.is_some() && print.as_ref() == goal.fingerprints.get(&secret_key(owned::CLIENT, &goal.tenant));
    let refusal = match &goal.client {
        None => Some("no client is wanted"),
        Some(_) if !is_first_party => Some("it is not a first-party application"),
        Some(_) if !is_machine => Some("it is not of the kind `non_interactive`"),
        Some(_) if !is_described => Some("it has not the description that Countersign gives"),
        Some(ClientGoal::PublicKey(_)) => Some("which keys it has can't be seen"),
        Some(ClientGoal::Secret) if !is_known => {
            Some("its secret is not the one that is kept in the data directory")
        }
        Some(ClientGoal::Secret) => None,
    };
    Some(Stranger {
        what: owned::CLIENT.to_owned(),
        id: client.client_id.as_str().to_owned(),
        code: "client.foreign_name",
        text: format!("an application that is called `{CLIENT_NAME}`"),
        refusal,
    })
}

fn log_stream(goal: &Goal, stream: &LogStream) -> Option<Stranger> {
    stream.name.as_option().filter(|name| *name == LOG_STREAM_NAME)?;
    let sink = stream.sink.as_option();
    let endpoint = sink.and_then(|sink| sink.get("httpEndpoint")).and_then(Value::as_str);
    let refusal = match &goal.log_stream {
        None => Some("no log stream is wanted"),
        Some(_) if stream.kind.as_option().is_none_or(|kind| kind != "http") => Some("it is no webhook"),
        Some(wanted) => (endpoint != Some(&wanted.endpoint)).then_some("it does not lead to this service"),
    };
    Some(Stranger {
        what: owned::LOG_STREAM.to_owned(),
        id: stream.id.as_str().to_owned(),
        code: "log_stream.foreign_name",
        text: format!("a log stream that is called `{LOG_STREAM_NAME}`"),
        refusal,
    })
}

fn event_stream(goal: &Goal, stream: &EventStream) -> Option<Stranger> {
    stream.name.as_option().filter(|name| *name == EVENT_STREAM_NAME)?;
    let destination = stream.destination.as_option();
    let is_webhook =
        destination.and_then(|found| found.get("type")).and_then(Value::as_str) == Some("webhook");
    let endpoint =
        destination.and_then(|found| found.get("configuration")?.get("webhook_endpoint")?.as_str());
    let refusal = match &goal.event_stream {
        None => Some("no event stream is wanted"),
        Some(_) if !is_webhook => Some("it is no webhook"),
        Some(wanted) => (endpoint != Some(&wanted.endpoint)).then_some("it does not lead to this service"),
    };
    Some(Stranger {
        what: owned::EVENT_STREAM.to_owned(),
        id: stream.id.as_str().to_owned(),
        code: "event_stream.foreign_name",
        text: format!("an event stream that is called `{EVENT_STREAM_NAME}`"),
        refusal,
    })
}

fn action(goal: &Goal, action: &Action, trigger: Trigger) -> Option<Stranger> {
    let has_code = is_for(action, trigger) && is_our_code(code(action), trigger);
    let is_named = name(action) == action_name(trigger);
    let (kind, text) = match (is_named, has_code) {
        (true, _) => ("action.foreign_name", format!("an Action that is called `{}`", action_name(trigger))),
        (false, true) => (
            "action.foreign_code",
            format!("`{}`, an Action that has our code for `{trigger}`,", name(action).escape_debug()),
        ),
        (false, false) => return None,
    };
    let refusal = match (goal.actions.contains_key(&trigger), has_code) {
        (false, _) => Some("no Action is wanted there"),
        (true, false) => Some("it has not our code"),
        (true, true) => None,
    };
    Some(Stranger {
        what: owned::action(trigger),
        id: action.id.as_str().to_owned(),
        code: kind,
        text,
        refusal,
    })
}

/// What is taken over because that was asked for.
#[derive(Default)]
pub(super) struct Adoption {
    /// The ids, by what they are.
    pub adopts: BTreeMap<String, String>,
    /// Why something is not.
    pub findings: Vec<Finding>,
}

/// Takes over what was asked for by id, as far as it has our mark and ours is not there.
pub(super) fn adopt(goal: &Goal, observed: &Observed) -> Adoption {
    let strangers = strangers(goal, observed);
    let mut adoption = Adoption::default();
    for id in goal.adopt.iter().filter(|id| !observed.owned.has(id)) {
        let shown = id.escape_debug();
        let refused = match strangers.iter().find(|stranger| stranger.id == *id) {
            None => format!("`{shown}` can't be taken over, since nothing of this id is called as ours is"),
            Some(Stranger { text, refusal: Some(why), .. }) => {
                format!("{text} (id `{shown}`) can't be taken over, since {why}")
            }
            Some(Stranger { what, text, .. }) => {
                let is_taken = observed.has_own(what) || adoption.adopts.contains_key(what);
                if !is_taken {
                    adoption.adopts.insert(what.clone(), id.clone());
                    continue;
                }
                format!("{text} (id `{shown}`) can't be taken over, since there is one of ours")
            }
        };
        adoption.findings.push(Finding {
            severity: Severity::Blocks,
            code: "adopt.refused".to_owned(),
            text: refused,
        });
    }
    adoption
}
