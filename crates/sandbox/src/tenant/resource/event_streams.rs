//! Event streams: who is told of what happens in the tenant, and what became of each message. `tenant::events` makes the
//! messages, `crate::stream` delivers them.

use serde_json::{Map, Value, json};

use super::actions;
use crate::{
    stream,
    tenant::{
        Context, Fault, Item, Operation, Reply,
        check::{self, Rule, TEXT, may, need, text},
        events, id,
        operations::{delete, get, patch, post},
        page,
        state::Object,
    },
};

/// The collection: ids are `est_` and 22 characters.
pub const EVENT_STREAMS: &str = "event_streams";

const READ: &[&str] = &["read:event_streams"];
const READ_DELIVERIES: &[&str] = &["read:event_deliveries"];
const REDELIVER: &[&str] = &["update:event_deliveries"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/event-streams", "Get event streams", READ, list),
    post("/event-streams", "Create an event stream", &["create:event_streams"], create).body(&NEW),
    get("/event-streams/{id}", "Get an event stream by ID", READ, read),
    patch("/event-streams/{id}", "Update an event stream", &["update:event_streams"], update).body(&CHANGES),
    delete("/event-streams/{id}", "Delete an event stream", &["delete:event_streams"], remove),
    get(
        "/event-streams/{id}/deliveries",
        "Get this event stream's delivery history",
        &["read:event_streams", "read:event_deliveries"],
        deliveries,
    ),
    get(
        "/event-streams/{id}/deliveries/{event_id}",
        "Get a specific event's delivery history",
        READ_DELIVERIES,
        delivery,
    ),
    post("/event-streams/{id}/redeliver", "Redeliver failed events", REDELIVER, redeliver_all)
        .body(&REDELIVERY),
    post(
        "/event-streams/{id}/redeliver/{event_id}",
        "Redeliver a single failed event by ID",
        REDELIVER,
        redeliver,
    ),
    post("/event-streams/{id}/test", "Send a test event to an event stream", &["update:event_streams"], test)
        .body(&TEST),
];

const TYPE: Rule = Rule::OneOf(events::TYPES);
static TYPE_RULE: Rule = TYPE;
static SUBSCRIPTION: Rule = Rule::Object(&[need("event_type", TYPE)]);
const SUBSCRIPTIONS: Rule = Rule::List { each: &SUBSCRIPTION, min: 0, max: 100, unique: true };
const STATUS: Rule = Rule::OneOf(&["enabled", "disabled"]);
const DESTINATION: Rule = Rule::Object(&[
    need("type", Rule::OneOf(&["webhook", "eventbridge", "action"])),
    need("configuration", Rule::Open(&[])),
]);
static NEW: Rule = Rule::Object(&[
    may("name", text(1, 128)),
    may("status", STATUS),
    may("subscriptions", SUBSCRIPTIONS),
    need("destination", DESTINATION),
]);
static CHANGES: Rule = Rule::Object(&[
    may("name", text(1, 128)),
    may("status", STATUS),
    may("subscriptions", SUBSCRIPTIONS),
    may("destination", DESTINATION),
]);
const DATE: Rule = Rule::Format("date-time", is_date);
static FAILED: Rule = Rule::OneOf(&["failed"]);
static REDELIVERY: Rule = Rule::Object(&[
    may("date_from", DATE),
    may("date_to", DATE),
    may("statuses", check::list(&FAILED, 1)),
    may("event_types", check::list(&TYPE_RULE, 100)),
]);
static TEST: Rule = Rule::Object(&[need("event_type", TYPE), may("data", Rule::Open(&[]))]);

static BEARER: Rule =
    Rule::Object(&[need("method", Rule::OneOf(&["bearer"])), need("token", text(1, 4_096))]);
static BASIC: Rule = Rule::Object(&[
    need("method", Rule::OneOf(&["basic"])),
    need("username", text(1, 128)),
    need("password", text(1, 128)),
]);
static WEBHOOK: Rule = Rule::Object(&[
    need("webhook_endpoint", Rule::Format("absolute-https-uri-or-loopback", is_endpoint)),
    need("webhook_authorization", Rule::Open(&[need("method", Rule::OneOf(&["bearer", "basic"]))])),
]);
static EVENTBRIDGE: Rule = Rule::Object(&[
    need("aws_account_id", text(12, 12)),
    need("aws_region", text(1, 64)),
    may("aws_partner_event_source", TEXT),
]);
static ACTION: Rule = Rule::Object(&[need("action_id", text(1, 64))]);

fn is_date(text: &str) -> bool {
    text.parse::<countersign_core::Timestamp>().is_ok()
}

fn is_endpoint(text: &str) -> bool {
    stream::is_allowed(text)
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let id = context.parameter("id");
    let rest = id.strip_prefix("est_").filter(|rest| rest.len() == 22);
    if !rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        let what = format!("'Object didn't pass validation for format event-stream-id: {id}' on property id");
        let message = format!("Path validation error: {what} (Unique identifier for the event stream).");
        return Err(Fault::uri(message).code("invalid_uri"));
    }
    let found = context.state.objects.find(EVENT_STREAMS, id);
    found.ok_or_else(|| Fault::not_found("The requested stream does not exist."))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown: Vec<&Object> = context.state.objects.all(EVENT_STREAMS).map(|stream| &stream.shown).collect();
    page::checkpoint(context.call, "eventStreams", "id", &shown)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = id::long_prefixed("est", &mut context.state.dice);
    let mut item = Item { id: id.clone(), shown: Object::new(), hidden: Map::new() };
    let start =
        json!({"id": id, "name": id, "status": "enabled", "subscriptions": [], "created_at": context.iso()});
    item.shown.extend(start.as_object().cloned().unwrap_or_default());
    change(context, &mut item)?;
    let reply = Reply::created(item.shown.clone());
    context.state.objects.insert(EVENT_STREAMS, item);
    Ok(reply)
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = found(context)?.clone();
    let kind = |value: Option<&Value>| value.and_then(|destination| destination.get("type")).cloned();
    let body = context.body();
    let (old, new) = (kind(item.shown.get("destination")), kind(body.get("destination")));
    if new.is_some() && new != old {
        return Err(Fault::invalid_body("The type of a destination can't be changed."));
    }
    change(context, &mut item)?;
    let reply = Reply::ok(item.shown.clone());
    context.state.objects.insert(EVENT_STREAMS, item);
    Ok(reply)
}

fn change(context: &mut Context<'_>, item: &mut Item) -> Result<(), Fault> {
    let mut changes = context.body();
    if let Some(destination) = changes.remove("destination") {
        let destination = accepted(context, item, &destination)?;
        item.shown.insert("destination".to_owned(), destination);
    }
    item.shown.extend(changes);
    item.shown.insert("updated_at".to_owned(), context.iso().into());
    item.hidden.remove(stream::IN_A_ROW);
    Ok(())
}

/// The destination as it is shown; its secrets go to the hidden side.
fn accepted(context: &mut Context<'_>, item: &mut Item, destination: &Value) -> Result<Value, Fault> {
    let kind = destination.get("type").and_then(Value::as_str).unwrap_or_default();
    let configuration = destination.get("configuration");
    let mut shown = configuration.and_then(Value::as_object).cloned().unwrap_or_default();
    match kind {
        "webhook" => {
            check::body(&WEBHOOK, configuration)?;
            let authorization = shown.remove("webhook_authorization").unwrap_or_default();
            let is_basic = authorization.get("method").and_then(Value::as_str) == Some("basic");
            check::body(if is_basic { &BASIC } else { &BEARER }, Some(&authorization))?;
            let mut bare = authorization.as_object().cloned().unwrap_or_default();
            bare.retain(|name, _| name == "method" || name == "username");
            shown.insert("webhook_authorization".to_owned(), bare.into());
            item.hidden.insert(stream::AUTHORIZATION.to_owned(), authorization);
        }
        "eventbridge" => {
            check::body(&EVENTBRIDGE, configuration)?;
            let old = item
                .shown
                .get("destination")
                .and_then(|old| old.pointer("/configuration/aws_partner_event_source"));
            let id = id::uuid(&mut context.state.dice);
            let new = format!("aws.partner/auth0.com/{}-{id}/auth0.events", context.options().name);
            shown.insert("aws_partner_event_source".to_owned(), old.cloned().unwrap_or_else(|| new.into()));
        }
        _ => {
            check::body(&ACTION, configuration)?;
            let action = shown.get("action_id").and_then(Value::as_str).unwrap_or_default();
            if context.state.deployed_action(action).is_none() {
                return Err(Fault::invalid_body("The action does not exist or is not deployed."));
            }
        }
    }
    Ok(json!({"type": kind, "configuration": shown}))
}

/// Auth0 removes the Action of a stream with it: a recording asks for one afterwards.
fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let stream = found(context)?;
    let id = stream.id.clone();
    let action = stream.shown.get("destination").and_then(|to| to.pointer("/configuration/action_id"));
    if let Some(action) = action.and_then(Value::as_str).map(str::to_owned) {
        actions::forget(context.state, &action);
    }
    context.state.objects.remove(EVENT_STREAMS, &id);
    stream::forget(context.state, &id);
    Ok(Reply::no_content())
}

fn deliveries(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = &found(context)?.id;
    let call = context.call;
    let types: Vec<&str> = call
        .queries("event_types")
        .flat_map(|list| list.split(','))
        .filter(|kind| !kind.is_empty())
        .collect();
    let (from, to) = (call.query("date_from"), call.query("date_to"));
    let failed = stream::failed(context.state, id);
    let shown: Vec<&Object> = failed
        .filter(|delivery| types.is_empty() || types.contains(&delivery.text("event_type")))
        .filter(|delivery| is_between(delivery, from, to))
        .map(|delivery| &delivery.shown)
        .collect();
    page::checkpoint(call, "deliveries", "id", &shown)
}

/// Whether the event of a delivery happened between two times, which are texts of one form.
fn is_between(delivery: &Item, from: Option<&str>, to: Option<&str>) -> bool {
    let time = delivery.shown.get("event").and_then(|event| event.get("time")).and_then(Value::as_str);
    let time = time.unwrap_or_default();
    from.is_none_or(|from| time >= from) && to.is_none_or(|to| time <= to)
}

fn of_event(context: &Context<'_>) -> Result<String, Fault> {
    let stream = &found(context)?.id;
    let event = context.parameter("event_id");
    let mut failed = stream::failed(context.state, stream);
    let delivery = failed.find(|delivery| delivery.text("id") == event);
    delivery
        .map(|found| found.id.clone())
        .ok_or_else(|| Fault::not_found("The requested event does not exist."))
}

fn delivery(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let key = of_event(context)?;
    let found = context.state.objects.find(stream::DELIVERIES, &key);
    Ok(Reply::ok(found.map(|delivery| delivery.shown.clone()).unwrap_or_default()))
}

fn redeliver(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let key = of_event(context)?;
    stream::again(context.state, &key);
    Ok(Reply::empty_object(202))
}

fn redeliver_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = &found(context)?.id;
    let body = context.body();
    let types = context.texts("event_types");
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let keys: Vec<String> = stream::failed(context.state, id)
        .filter(|delivery| types.is_empty() || types.iter().any(|kind| kind == delivery.text("event_type")))
        .filter(|delivery| is_between(delivery, text("date_from"), text("date_to")))
        .map(|delivery| delivery.id.clone())
        .collect();
    for key in keys {
        stream::again(context.state, &key);
    }
    Ok(Reply::new(202, body))
}

fn test(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    let kind = body.get("event_type").and_then(Value::as_str).unwrap_or_default();
    let data = body.get("data").cloned().unwrap_or_else(|| events::sample(kind, &context.iso()));
    let mut event = events::message(context.options, context.state, kind, &data, context.now);
    event.insert("a0purpose".to_owned(), "test".into());
    Ok(Reply::new(202, stream::enqueue(context.state, &id, event)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn webhook() -> Value {
        let authorization = json!({"method": "bearer", "token": "open sesame"});
        let configuration =
            json!({"webhook_endpoint": "https://sink.example.com/", "webhook_authorization": authorization});
        json!({"type": "webhook", "configuration": configuration})
    }

    fn made(api: &mut Api) -> String {
        let body =
            json!({"name": "s", "subscriptions": [{"event_type": "user.created"}], "destination": webhook()});
        let made = api.post("/event-streams", body, 201);
        assert_eq!((&made["status"], made["id"].as_str().unwrap().len()), (&json!("enabled"), 26));
        format!("/event-streams/{}", made["id"].as_str().unwrap())
    }

    #[test]
    fn a_stream_is_made_changed_and_removed_and_hides_its_token() {
        let mut api = Api::new();
        let path = made(&mut api);
        let read = api.get(&path, 200);
        assert_eq!(
            read["destination"]["configuration"]["webhook_authorization"],
            json!({"method": "bearer"})
        );
        assert_eq!(api.get("/event-streams?take=1", 200)["eventStreams"], json!([read]));
        let basic = json!({"method": "basic", "username": "u", "password": "open sesame"});
        let mut destination = webhook();
        destination["configuration"]["webhook_authorization"] = basic;
        let changed = api.patch(&path, json!({"destination": destination, "status": "disabled"}), 200);
        assert!(!changed.to_string().contains("open sesame"));
        assert_eq!(changed["destination"]["configuration"]["webhook_authorization"]["username"], "u");
        api.patch(
            &path,
            json!({"destination": {"type": "action", "configuration": {"action_id": "x"}}}),
            400,
        );
        api.delete(&path, None, 204);
        api.get(&path, 404);
        assert_eq!(api.get("/event-streams/est_x", 400)["errorCode"], "invalid_uri");
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let mut api = Api::new();
        for destination in [
            json!({"type": "webhook", "configuration": {"webhook_endpoint": "https://a.example.com"}}),
            json!({"type": "action", "configuration": {"action_id": "nothing"}}),
            json!({"type": "eventbridge", "configuration": {"aws_account_id": "1", "aws_region": "x"}}),
            json!({"type": "owl", "configuration": {}}),
        ] {
            api.post("/event-streams", json!({"destination": destination}), 400);
        }
        let body = json!({"destination": webhook(), "subscriptions": [{"event_type": "user.blinked"}]});
        api.post("/event-streams", body, 400);
    }

    #[test]
    fn the_action_of_a_stream_goes_with_it() {
        let mut api = Api::new();
        let action = json!({"name": "a", "supported_triggers": [{"id": "event-stream"}], "deploy": true});
        let action = api.post("/actions/actions", action, 201)["id"].as_str().unwrap().to_owned();
        let destination = json!({"type": "action", "configuration": {"action_id": action}});
        let stream = api.post("/event-streams", json!({"destination": destination}), 201);
        api.delete(&format!("/event-streams/{}", stream["id"].as_str().unwrap()), None, 204);
        api.get(&format!("/actions/actions/{action}"), 404);
    }

    #[test]
    fn a_test_event_waits_for_delivery() {
        let mut api = Api::new();
        let path = made(&mut api);
        let sent = api.post(&format!("{path}/test"), json!({"event_type": "user.created"}), 202);
        assert_eq!((&sent["status"], &sent["event"]["a0purpose"]), (&json!("pending"), &json!("test")));
        assert_eq!(api.get(&format!("{path}/deliveries"), 200), json!({"deliveries": []}));
        let event = sent["id"].as_str().unwrap();
        api.get(&format!("{path}/deliveries/{event}"), 404);
        api.post(&format!("{path}/redeliver/{event}"), json!({}), 404);
        api.post(&format!("{path}/redeliver"), json!({}), 202);
    }
}
