//! Our event stream.

use countersign_auth0::management::event_streams::EventStream;
use serde_json::{Value, json};

use super::{
    Draft, EventStreamGoal, Goal, Observed, owned,
    streams::{self, Kind, There, Wanted, address, beyond},
};
use crate::{Claim, Part};

/// What our event stream is called.
pub const EVENT_STREAM_NAME: &str = "Countersign events";

/// The name of the secret that event deliveries come with.
pub const EVENT_TOKEN: &str = "EVENT_STREAM_TOKEN";

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

const KIND: Kind = Kind {
    what: owned::EVENT_STREAM,
    name: EVENT_STREAM_NAME,
    list: "event_streams.list",
    get: "event_streams.get",
    create: "event_streams.create",
    update: "event_streams.update",
    delete: "event_streams.delete",
    target: "destination",
    more: "event_stream.more_in_destination",
};

/// What we set of a destination's configuration.
const CONFIGURATION: [&str; 2] = ["webhook_endpoint", "webhook_authorization"];

const ENDPOINT: &str = "/destination/configuration/webhook_endpoint";

pub(super) fn plan(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    let wanted = goal.event_stream.as_ref().map(wanted);
    let there = observed.our_event_stream().map(as_it_is);
    streams::plan(&KIND, goal, observed, wanted, there, draft);
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

fn claims(status: Value, types: &[String]) -> Vec<Claim> {
    vec![Claim::is("/status", status), Claim::set("/subscriptions", "/event_type", types)]
}

fn wanted(wanted: &EventStreamGoal) -> Wanted {
    let body = [
        ("name", json!(EVENT_STREAM_NAME).into()),
        ("status", json!("enabled").into()),
        ("subscriptions", subscriptions(&wanted.types)),
        ("destination", destination(&wanted.endpoint)),
    ];
    Wanted {
        create: Part::object(body.clone()),
        update: Part::object(body),
        claims: claims(json!("enabled"), &wanted.types),
        target: vec![Claim::is(ENDPOINT, json!(wanted.endpoint))],
    }
}

fn as_it_is(stream: &EventStream) -> There {
    let whole = serde_json::to_value(stream).unwrap_or_default();
    let at = |pointer: &str| whole.pointer(pointer).cloned().unwrap_or_default();
    let endpoint = at(ENDPOINT);
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
        claims: [claims(at("/status"), &types), vec![address(ENDPOINT, &endpoint)]].concat(),
        more: beyond(whole.pointer("/destination/configuration"), &CONFIGURATION),
        endpoint,
        whole,
    }
}
