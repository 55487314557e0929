//! Log streams: where the tenant's log goes, which part of it, and how far it has got. `crate::stream` delivers.

use serde_json::{Map, Value, json};

use crate::{
    stream::{self, CATEGORIES},
    tenant::{
        Context, Fault, Item, Operation, Reply,
        check::{self, Rule, TEXT, may, need, text},
        id,
        operations::{delete, get, patch, post},
        state::Object,
    },
};

/// The collection: ids are `lst_` and 16 digits.
pub const LOG_STREAMS: &str = "log_streams";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/log-streams", "Get log streams", &["read:log_streams"], list),
    post("/log-streams", "Create a log stream", &["create:log_streams"], create).body(&NEW),
    get("/log-streams/{id}", "Get log stream by ID", &["read:log_streams"], read),
    patch("/log-streams/{id}", "Update a log stream", &["update:log_streams"], update).body(&CHANGES),
    delete("/log-streams/{id}", "Delete log stream", &["delete:log_streams"], remove),
];

const TYPES: &[&str] =
    &["http", "eventbridge", "eventgrid", "datadog", "splunk", "sumo", "segment", "mixpanel"];

static CATEGORY: Rule =
    Rule::Object(&[need("type", Rule::OneOf(&["category"])), need("name", Rule::OneOf(CATEGORIES))]);
static PII_FIELD: Rule = Rule::OneOf(stream::PII_FIELDS);
static PII: Rule = Rule::Object(&[
    need("log_fields", Rule::List { each: &PII_FIELD, min: 0, max: 6, unique: true }),
    may("method", Rule::OneOf(&["mask", "hash"])),
    may("algorithm", Rule::OneOf(&["xxhash"])),
]);
const FILTERS: Rule = Rule::List { each: &CATEGORY, min: 0, max: usize::MAX, unique: false };
const SINK: Rule = Rule::Open(&[]);

static NEW: Rule = Rule::Object(&[
    may("name", text(1, 255)),
    need("type", Rule::OneOf(TYPES)),
    need("sink", SINK),
    may("filters", FILTERS),
    may("isPriority", Rule::Bool),
    may("pii_config", PII),
    may("startFrom", Rule::Format("date-time", is_date)),
]);
static CHANGES: Rule = Rule::Object(&[
    may("name", text(1, 255)),
    may("status", Rule::OneOf(&["active", "paused", "suspended"])),
    may("sink", SINK),
    may("filters", FILTERS),
    may("isPriority", Rule::Bool),
    may("pii_config", PII),
]);

static HEADER: Rule = Rule::Object(&[need("header", text(1, 256)), need("value", text(0, 8_192))]);
static HTTP: Rule = Rule::Object(&[
    need("httpEndpoint", Rule::Format("absolute-https-uri-or-loopback", is_endpoint)),
    may("httpAuthorization", TEXT),
    may("httpContentType", text(1, 256)),
    may("httpContentFormat", Rule::OneOf(&["JSONARRAY", "JSONLINES", "JSONOBJECT"])),
    may("httpCustomHeaders", Rule::List { each: &HEADER, min: 0, max: 20, unique: false }),
]);
static EVENTBRIDGE: Rule = Rule::Object(&[
    need("awsAccountId", Rule::Pattern("^\\d{12}$", is_aws_account)),
    need("awsRegion", text(1, 64)),
    may("awsPartnerEventSource", TEXT),
]);
static EVENTGRID: Rule = Rule::Object(&[
    need("azureSubscriptionId", text(1, 64)),
    need("azureResourceGroup", text(1, 90)),
    need("azureRegion", text(1, 64)),
    may("azurePartnerTopic", TEXT),
]);
static DATADOG: Rule =
    Rule::Object(&[need("datadogRegion", text(1, 16)), need("datadogApiKey", text(1, 256))]);
static SPLUNK: Rule = Rule::Object(&[
    need("splunkDomain", text(1, 256)),
    need("splunkPort", text(1, 5)),
    need("splunkToken", text(1, 256)),
    need("splunkSecure", Rule::Bool),
]);
static SUMO: Rule = Rule::Object(&[need("sumoSourceAddress", text(1, 2_048))]);
static SEGMENT: Rule = Rule::Object(&[need("segmentWriteKey", text(1, 256))]);
static MIXPANEL: Rule = Rule::Object(&[
    need("mixpanelRegion", Rule::OneOf(&["us", "eu"])),
    need("mixpanelProjectId", text(1, 64)),
    need("mixpanelServiceAccountUsername", text(1, 256)),
    need("mixpanelServiceAccountPassword", text(1, 256)),
]);

/// What the sink of a type must hold.
fn sink_rule(kind: &str) -> &'static Rule {
    match kind {
        "http" => &HTTP,
        "eventbridge" => &EVENTBRIDGE,
        "eventgrid" => &EVENTGRID,
        "datadog" => &DATADOG,
        "splunk" => &SPLUNK,
        "sumo" => &SUMO,
        "segment" => &SEGMENT,
        _ => &MIXPANEL,
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<countersign_core::Timestamp>().is_ok()
}

fn is_endpoint(text: &str) -> bool {
    stream::is_allowed(text)
}

fn is_aws_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands in the place of the one secret that is hidden.
const HIDDEN: &str = "********";

/// The names of secrets in a sink that aren't shown again (of all that were recorded, only this).
const HIDDEN_NAMES: &[&str] = &["mixpanelServiceAccountPassword"];

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let found = context.state.objects.find(LOG_STREAMS, context.parameter("id"));
    found.ok_or_else(|| Fault::not_found("The log stream does not exist."))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown: Vec<Value> =
        context.state.objects.all(LOG_STREAMS).map(|stream| stream.shown.clone().into()).collect();
    Ok(Reply::ok(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut body = context.body();
    let start = body.remove("startFrom");
    let id = format!("lst_{}", context.state.dice.text(b"0123456789", 16));
    body.entry("name").or_insert_with(|| id.clone().into());
    let mut item = Item { id: id.clone(), shown: Object::new(), hidden: Map::new() };
    item.shown.insert("id".to_owned(), id.into());
    item.shown.insert("status".to_owned(), "active".into());
    item.shown.insert("isPriority".to_owned(), false.into());
    let start = start.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
    let from = stream::cursor(context.state, start);
    item.hidden.insert(stream::AFTER.to_owned(), from.into());
    change(context, &mut item, body)?;
    let reply = Reply::ok(item.shown.clone());
    context.state.objects.insert(LOG_STREAMS, item);
    Ok(reply)
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = found(context)?.clone();
    let body = context.body();
    if body.get("status").and_then(Value::as_str) == Some("active") && item.text("status") != "active" {
        stream::resume(&mut item);
    }
    change(context, &mut item, body)?;
    let reply = Reply::ok(item.shown.clone());
    context.state.objects.insert(LOG_STREAMS, item);
    Ok(reply)
}

fn change(context: &mut Context<'_>, item: &mut Item, mut changes: Object) -> Result<(), Fault> {
    let kind = changes.get("type").and_then(Value::as_str).unwrap_or_else(|| item.text("type")).to_owned();
    if let Some(sink) = changes.remove("sink") {
        let sink = accepted(context, item, &kind, sink)?;
        item.shown.insert("sink".to_owned(), sink.into());
    }
    item.shown.extend(changes);
    if item.shown.get("isPriority") == Some(&Value::Bool(true)) {
        // Why: a priority stream has one fixed category; recordings show it whatever filters were sent.
        item.shown.insert("filters".to_owned(), json!([{"type": "category", "name": "security"}]));
    }
    if item.shown.get("filters").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        item.shown.remove("filters");
    }
    Ok(())
}

/// The sink as it is shown, once it was held against the rule of its type; the secret in it goes to the hidden side.
fn accepted(context: &mut Context<'_>, item: &mut Item, kind: &str, sink: Value) -> Result<Object, Fault> {
    check::body(sink_rule(kind), Some(&sink))?;
    let Value::Object(mut sink) = sink else { return Ok(Object::new()) };
    let before = item.shown.get("sink").and_then(Value::as_object);
    let partner = match kind {
        "eventbridge" => Some(("awsPartnerEventSource", "aws")),
        "eventgrid" => Some(("azurePartnerTopic", "azure")),
        _ => None,
    };
    if let Some((name, cloud)) = partner {
        let id = id::uuid(&mut context.state.dice);
        let new = format!("{cloud}.partner/auth0.com/{}-{id}/auth0.logs", context.options().name);
        let kept = before.and_then(|sink| sink.get(name)).cloned();
        sink.insert(name.to_owned(), kept.unwrap_or_else(|| new.into()));
    }
    for name in HIDDEN_NAMES {
        if let Some(value) = sink.get_mut(*name) {
            item.hidden.insert((*name).to_owned(), std::mem::replace(value, HIDDEN.into()));
        }
    }
    Ok(sink)
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.objects.remove(LOG_STREAMS, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn a_stream_is_made_changed_and_removed() {
        let mut api = Api::new();
        let sink = json!({"httpEndpoint": "https://sink.example.com/", "httpContentFormat": "JSONLINES"});
        let made = api.post("/log-streams", json!({"name": "s", "type": "http", "sink": sink}), 200);
        let path = format!("/log-streams/{}", made["id"].as_str().unwrap());
        assert_eq!((&made["status"], &made["isPriority"]), (&json!("active"), &json!(false)));
        assert_eq!(api.patch(&path, json!({"status": "paused"}), 200)["status"], "paused");
        assert_eq!(api.get("/log-streams", 200), json!([api.get(&path, 200)]));
        api.delete(&path, None, 204);
        api.get(&path, 404);
        api.delete(&path, None, 404);
    }

    #[test]
    fn each_type_has_its_sink_and_clouds_get_an_address() {
        let mut api = Api::new();
        let aws = json!({"awsAccountId": "999999999999", "awsRegion": "us-west-2"});
        let made = api.post("/log-streams", json!({"type": "eventbridge", "sink": aws}), 200);
        let path = format!("/log-streams/{}", made["id"].as_str().unwrap());
        assert!(made["sink"]["awsPartnerEventSource"].as_str().unwrap().ends_with("/auth0.logs"));
        let again = api.patch(&path, json!({"sink": aws}), 200);
        assert_eq!(again["sink"], made["sink"]);
        api.post("/log-streams", json!({"type": "eventbridge", "sink": {"awsRegion": "x"}}), 400);
        api.post("/log-streams", json!({"type": "carrier pigeon", "sink": {}}), 400);
    }

    #[test]
    fn a_priority_stream_keeps_its_category() {
        let mut api = Api::new();
        let sink = json!({"datadogRegion": "us", "datadogApiKey": "k"});
        let made =
            api.post("/log-streams", json!({"type": "datadog", "sink": sink, "isPriority": true}), 200);
        let path = format!("/log-streams/{}", made["id"].as_str().unwrap());
        let filters = json!([{"type": "category", "name": "auth.login.fail"}]);
        let changed = api.patch(&path, json!({"filters": filters}), 200);
        assert_eq!(changed["filters"][0]["name"], "security");
    }

    #[test]
    fn no_filters_are_shown_as_none() {
        let mut api = Api::new();
        let filters = json!([{"type": "category", "name": "auth.login.fail"}]);
        let body = json!({"type": "sumo", "sink": {"sumoSourceAddress": "a"}, "filters": filters});
        let made = api.post("/log-streams", body, 200);
        let path = format!("/log-streams/{}", made["id"].as_str().unwrap());
        assert!(api.patch(&path, json!({"filters": []}), 200).get("filters").is_none());
        api.patch(&path, json!({"filters": [{"type": "category", "name": "nothing"}]}), 400);
    }

    #[test]
    fn a_password_is_kept_and_not_shown() {
        let mut api = Api::new();
        let sink = json!({
            "mixpanelRegion": "us",
            "mixpanelProjectId": "1",
            "mixpanelServiceAccountUsername": "u",
            "mixpanelServiceAccountPassword": "open sesame",
        });
        let made = api.post("/log-streams", json!({"type": "mixpanel", "sink": sink}), 200);
        assert_eq!(made["sink"]["mixpanelServiceAccountPassword"], HIDDEN);
        let id = made["id"].as_str().unwrap();
        let kept = api.tenant.state().objects.find(LOG_STREAMS, id).unwrap();
        assert_eq!(kept.hidden_text("mixpanelServiceAccountPassword"), "open sesame");
    }
}
