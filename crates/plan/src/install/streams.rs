//! Our log stream and our event stream.

use countersign_auth0::management::{event_streams::EventStream, log_streams::LogStream};
use serde_json::{Value, json};

use super::{Draft, EventStreamGoal, Goal, LogStreamGoal, Observed, secret_key};
use crate::{Act, Claim, Finding, Keep, Look, Part, Remember, Severity, Step, Template, Undo};

/// What our log stream is called; by this name it is ours.
pub const LOG_STREAM_NAME: &str = "Countersign logs";

/// What our event stream is called; by this name it is ours.
pub const EVENT_STREAM_NAME: &str = "Countersign events";

/// The name of the secret that log deliveries come with.
pub const LOG_TOKEN: &str = "LOG_STREAM_TOKEN";

/// The name of the secret that event deliveries come with.
pub const EVENT_TOKEN: &str = "EVENT_STREAM_TOKEN";

/// The categories of logs that matter to security. `other` holds leaked passwords, blocked addresses and what became of
/// second factors, so that it must be among them.
pub const LOG_CATEGORIES: [&str; 20] = [
    "actions",
    "auth.login.fail",
    "auth.login.notification",
    "auth.login.success",
    "auth.logout.fail",
    "auth.logout.success",
    "auth.signup.fail",
    "auth.signup.success",
    "auth.silent_auth.fail",
    "auth.silent_auth.success",
    "auth.token_exchange.fail",
    "auth.token_exchange.success",
    "management.fail",
    "management.success",
    "other",
    "scim.event",
    "system.notification",
    "user.fail",
    "user.notification",
    "user.success",
];

/// The events that our mirror of users and organizations is made of.
pub const EVENT_TYPES: [&str; 13] = [
    "organization.connection.added",
    "organization.connection.removed",
    "organization.connection.updated",
    "organization.created",
    "organization.deleted",
    "organization.member.added",
    "organization.member.deleted",
    "organization.member.role.assigned",
    "organization.member.role.deleted",
    "organization.updated",
    "user.created",
    "user.deleted",
    "user.updated",
];

/// What is the same of both streams.
struct Kind {
    what: &'static str,
    name: &'static str,
    list: &'static str,
    get: &'static str,
    create: &'static str,
    update: &'static str,
    delete: &'static str,
}

const LOGS: Kind = Kind {
    what: "log_stream",
    name: LOG_STREAM_NAME,
    list: "log_streams.list",
    get: "log_streams.get",
    create: "log_streams.create",
    update: "log_streams.update",
    delete: "log_streams.delete",
};

const EVENTS: Kind = Kind {
    what: "event_stream",
    name: EVENT_STREAM_NAME,
    list: "event_streams.list",
    get: "event_streams.get",
    create: "event_streams.create",
    update: "event_streams.update",
    delete: "event_streams.delete",
};

/// A stream as it should be.
struct Wanted {
    /// What is sent to create it.
    create: Part,
    /// What is sent to change it.
    update: Part,
    /// What is so of it.
    claims: Vec<Claim>,
}

/// A stream as it is, and what is sent to have it so again.
struct There {
    id: String,
    /// The whole, to hold the claims to.
    whole: Value,
    restore: Part,
    claims: Vec<Claim>,
}

pub(super) fn plan_log_stream(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    let stream = observed.our_log_stream();
    if stream.is_some_and(|stream| stream.kind.as_option().is_some_and(|kind| kind != "http")) {
        return draft.findings.push(Finding {
            severity: Severity::Blocks,
            code: "log_stream.foreign_name".to_owned(),
            text: format!(
                "a log stream is called `{LOG_STREAM_NAME}` and is no webhook: rename it, or delete it"
            ),
        });
    }
    plan(
        &LOGS,
        goal,
        observed,
        goal.log_stream.as_ref().map(wanted_logs),
        stream.map(logs_as_they_are),
        draft,
    );
}

pub(super) fn plan_event_stream(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    let (wanted, there) = (goal.event_stream.as_ref().map(wanted_events), observed.our_event_stream());
    let kind = there.and_then(|stream| stream.destination.as_option()?.get("type")?.as_str());
    if kind.is_some_and(|kind| kind != "webhook") {
        return draft.findings.push(Finding {
            severity: Severity::Blocks,
            code: "event_stream.foreign_name".to_owned(),
            text: format!(
                "an event stream is called `{EVENT_STREAM_NAME}` and is no webhook: rename it, or delete it"
            ),
        });
    }
    plan(&EVENTS, goal, observed, wanted, there.map(events_as_they_are), draft);
}

fn log_sink(endpoint: &str) -> Part {
    Part::object([
        ("httpEndpoint", json!(endpoint).into()),
        ("httpContentType", json!("application/json").into()),
        ("httpContentFormat", json!("JSONLINES").into()),
        ("httpAuthorization", Part::secret(LOG_TOKEN, "Bearer ")),
    ])
}

fn wanted_logs(wanted: &LogStreamGoal) -> Wanted {
    let filters: Part =
        LOG_CATEGORIES.iter().map(|name| json!({"type": "category", "name": name})).collect::<Value>().into();
    let sink = log_sink(&wanted.endpoint);
    Wanted {
        create: Part::object([
            ("name", json!(LOG_STREAM_NAME).into()),
            ("type", json!("http").into()),
            ("filters", filters.clone()),
            ("sink", sink.clone()),
        ]),
        update: Part::object([("status", json!("active").into()), ("filters", filters), ("sink", sink)]),
        claims: vec![
            Claim::is("/status", json!("active")),
            Claim::is("/sink/httpEndpoint", json!(wanted.endpoint)),
            Claim::is("/sink/httpContentFormat", json!("JSONLINES")),
            Claim::set("/filters", "/name", LOG_CATEGORIES),
        ],
    }
}

fn logs_as_they_are(stream: &LogStream) -> There {
    let whole = serde_json::to_value(stream).unwrap_or_default();
    let at = |pointer: &str| whole.pointer(pointer).cloned().unwrap_or_default();
    let mut sink: Vec<(String, Part)> = whole
        .get("sink")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != "httpAuthorization")
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    sink.push(("httpAuthorization".to_owned(), Part::secret(LOG_TOKEN, "Bearer ")));
    let names: Vec<String> = at("/filters")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|filter| Some(filter.get("name")?.as_str()?.to_owned()))
        .collect();
    There {
        id: stream.id.as_str().to_owned(),
        restore: Part::object([
            ("status", at("/status").into()),
            ("filters", at("/filters").into()),
            ("sink", Part::Object(sink.into_iter().collect())),
        ]),
        claims: vec![
            Claim::is("/status", at("/status")),
            Claim::is("/sink/httpEndpoint", at("/sink/httpEndpoint")),
            Claim::is("/sink/httpContentFormat", at("/sink/httpContentFormat")),
            Claim::set("/filters", "/name", names),
        ],
        whole,
    }
}

fn destination(endpoint: &str) -> Part {
    let authorization =
        Part::object([("method", json!("bearer").into()), ("token", Part::secret(EVENT_TOKEN, ""))]);
    let configuration = Part::object([
        ("webhook_endpoint", json!(endpoint).into()),
        ("webhook_authorization", authorization),
    ]);
    Part::object([("type", json!("webhook").into()), ("configuration", configuration)])
}

fn subscriptions(types: &[String]) -> Part {
    types.iter().map(|name| json!({"event_type": name})).collect::<Value>().into()
}

fn event_claims(status: Value, endpoint: Value, types: &[String]) -> Vec<Claim> {
    vec![
        Claim::is("/status", status),
        Claim::is("/destination/configuration/webhook_endpoint", endpoint),
        Claim::set("/subscriptions", "/event_type", types),
    ]
}

fn wanted_events(wanted: &EventStreamGoal) -> Wanted {
    let body = [
        ("name", json!(EVENT_STREAM_NAME).into()),
        ("status", json!("enabled").into()),
        ("subscriptions", subscriptions(&wanted.types)),
        ("destination", destination(&wanted.endpoint)),
    ];
    Wanted {
        create: Part::object(body.clone()),
        update: Part::object(body),
        claims: event_claims(json!("enabled"), json!(wanted.endpoint), &wanted.types),
    }
}

fn events_as_they_are(stream: &EventStream) -> There {
    let whole = serde_json::to_value(stream).unwrap_or_default();
    let at = |pointer: &str| whole.pointer(pointer).cloned().unwrap_or_default();
    let endpoint = at("/destination/configuration/webhook_endpoint");
    let types: Vec<String> = stream
        .subscriptions
        .as_option()
        .into_iter()
        .flatten()
        .filter_map(|subscription| Some(subscription.get("event_type")?.as_str()?.to_owned()))
        .collect();
    There {
        id: stream.id.as_str().to_owned(),
        restore: Part::object([
            ("status", at("/status").into()),
            ("subscriptions", subscriptions(&types)),
            ("destination", destination(endpoint.as_str().unwrap_or_default())),
        ]),
        claims: event_claims(at("/status"), endpoint, &types),
        whole,
    }
}

fn plan(
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
        (Some(wanted), None) => draft.steps.push(create(kind, wanted, remember)),
        (Some(wanted), Some(there)) => {
            let look = Look::at(Template::new(kind.get, vec![Part::text(&there.id)]), wanted.claims.clone());
            let is_so = look.check(Some(&there.whole), &crate::Answers::new()).is_ok();
            if !is_so || is_changed {
                draft.steps.push(update(kind, wanted, there, is_changed.then_some(remember)));
            }
        }
        (None, Some(there)) => draft.deletes.push(delete(kind, &there, remember)),
        (None, None) => {}
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
            after: Look::item(kind.list, is_it.clone(), wanted.claims),
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

fn update(kind: &Kind, wanted: Wanted, there: There, remember: Option<Remember>) -> Step {
    let id = Part::text(&there.id);
    let of_it = Template::new(kind.get, vec![id.clone()]);
    let request = |body: Part| Template::new(kind.update, vec![id.clone()]).body(body);
    let sets_token = remember.is_some();
    let (new, old) = (Look::at(of_it.clone(), wanted.claims), Look::at(of_it, there.claims));
    let restore = Act {
        request: request(there.restore),
        before: new.clone(),
        after: old.clone(),
        is_blind: sets_token,
        keeps: Vec::new(),
    };
    Step {
        name: format!("{}.update", kind.what),
        reason: format!("`{}` is not as it should be, or its token changed", kind.name),
        act: Act {
            request: request(wanted.update),
            before: old,
            after: new,
            is_blind: sets_token,
            keeps: Vec::new(),
        },
        undo: Undo::By(Box::new(restore)),
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
            before: Look::at(of_it.clone(), vec![Claim::is("/name", json!(kind.name))]),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("it is made again by `countersign tenant apply`".to_owned()),
        remember: Some(Remember { fingerprint: None, ..remember }),
    }
}
