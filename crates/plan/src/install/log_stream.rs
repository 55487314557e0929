//! Our log stream.

use countersign_auth0::management::log_streams::LogStream;
use serde_json::{Value, json};

use super::{
    Draft, Goal, LogStreamGoal, Observed, owned,
    streams::{self, Kind, There, Wanted, address, beyond},
};
use crate::{Claim, Part};

/// What our log stream is called.
pub const LOG_STREAM_NAME: &str = "Countersign logs";

/// The name of the secret that log deliveries come with.
pub const LOG_TOKEN: &str = "LOG_STREAM_TOKEN";

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

const KIND: Kind = Kind {
    what: owned::LOG_STREAM,
    name: LOG_STREAM_NAME,
    list: "log_streams.list",
    get: "log_streams.get",
    create: "log_streams.create",
    update: "log_streams.update",
    delete: "log_streams.delete",
    target: "sink",
    more: "log_stream.more_in_sink",
};

/// What we set of a sink.
const SINK: [&str; 4] = ["httpEndpoint", "httpContentType", "httpContentFormat", "httpAuthorization"];

pub(super) fn plan(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    let wanted = goal.log_stream.as_ref().map(wanted);
    let there = observed.our_log_stream().map(as_it_is);
    streams::plan(&KIND, goal, observed, wanted, there, draft);
}

fn sink(endpoint: Value, content_type: Value, format: Value) -> Part {
    let set = [("httpEndpoint", endpoint), ("httpContentType", content_type), ("httpContentFormat", format)];
    let set = set.into_iter().filter(|(_, value)| !value.is_null());
    let mut fields: Vec<(String, Part)> = set.map(|(name, value)| (name.to_owned(), value.into())).collect();
    fields.push(("httpAuthorization".to_owned(), Part::secret(LOG_TOKEN, "Bearer ")));
    Part::Object(fields.into_iter().collect())
}

fn wanted(wanted: &LogStreamGoal) -> Wanted {
    let filters: Part =
        LOG_CATEGORIES.iter().map(|name| json!({"type": "category", "name": name})).collect::<Value>().into();
    let sink = sink(json!(wanted.endpoint), json!("application/json"), json!("JSONLINES"));
    Wanted {
        create: Part::object([
            ("name", json!(LOG_STREAM_NAME).into()),
            ("type", json!("http").into()),
            ("filters", filters.clone()),
            ("sink", sink.clone()),
        ]),
        update: Part::object([("status", json!("active").into()), ("filters", filters), ("sink", sink)]),
        claims: vec![Claim::is("/status", json!("active")), Claim::set("/filters", "/name", LOG_CATEGORIES)],
        target: vec![
            Claim::is("/sink/httpEndpoint", json!(wanted.endpoint)),
            Claim::is("/sink/httpContentFormat", json!("JSONLINES")),
        ],
    }
}

fn as_it_is(stream: &LogStream) -> There {
    let whole = serde_json::to_value(stream).unwrap_or_default();
    let at = |pointer: &str| whole.pointer(pointer).cloned().unwrap_or_default();
    let (endpoint, format) = (at("/sink/httpEndpoint"), at("/sink/httpContentFormat"));
    let filters: Vec<Value> = at("/filters").as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = filters.iter().filter_map(|filter| filter.get("name")?.as_str()).collect();
    There {
        id: stream.id.as_str().to_owned(),
        restore: Part::object([
            ("status", at("/status").into()),
            ("filters", json!(filters).into()),
            ("sink", sink(endpoint.clone(), at("/sink/httpContentType"), format.clone())),
        ]),
        claims: vec![
            Claim::is("/status", at("/status")),
            address("/sink/httpEndpoint", &endpoint),
            Claim::is("/sink/httpContentFormat", format),
            Claim::set("/filters", "/name", names),
        ],
        more: beyond(whole.get("sink"), &SINK),
        endpoint,
        whole,
    }
}
