//! The tenant's log: records in the order of their ids, and how far the streams have taken them.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Call, Group, Reply, Standing, id,
    operations::Operation,
    state::{Object, State},
    token::Caller,
};

/// How many records are kept; older ones end, as a plan's retention ends them.
const KEPT: usize = 100_000;

/// A record to be written: its type, its description, and whatever fields its type has.
#[derive(Debug, Clone)]
pub struct Record(Object);

impl Record {
    /// A record of a type (`sapi`, `s`, …), described.
    #[must_use]
    pub fn new(kind: &str, description: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), kind.into());
        fields.insert("description".to_owned(), description.into());
        Self(fields)
    }

    /// A record that is whole but for its id.
    pub(crate) const fn whole(fields: Object) -> Self {
        Self(fields)
    }

    /// The same record with a field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

/// The records, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Records {
    list: Vec<Object>,
    /// How many were ever written.
    written: u64,
    /// How many of them the streams have taken.
    taken_by_streams: u64,
}

impl Records {
    /// All records that are kept, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Object> {
        self.list.iter()
    }

    /// A record by its id.
    #[must_use]
    pub fn find(&self, log_id: &str) -> Option<&Object> {
        let place = self.list.binary_search_by(|record| log_id_of(record).cmp(log_id)).ok()?;
        self.list.get(place)
    }

    /// Up to `take` records after the one with the id, oldest first; from the start when there is no id.
    pub fn after(&self, log_id: Option<&str>, take: usize) -> impl Iterator<Item = &Object> {
        let start = log_id.map_or(0, |from| self.list.partition_point(|record| log_id_of(record) <= from));
        self.list.iter().skip(start).take(take)
    }

    /// Takes up to `most` records that no stream has seen, oldest first; each is given once.
    pub fn take_for_streams(&mut self, most: usize) -> Vec<Object> {
        let waiting =
            usize::try_from(self.written.saturating_sub(self.taken_by_streams)).unwrap_or(usize::MAX);
        let start = self.list.len().saturating_sub(waiting);
        let taken: Vec<Object> = self.list.iter().skip(start).take(most).cloned().collect();
        let lost = waiting.saturating_sub(self.list.len());
        let passed = taken.len().saturating_add(lost);
        self.taken_by_streams = self.taken_by_streams.saturating_add(u64::try_from(passed).unwrap_or(0));
        taken
    }

    fn push(&mut self, record: Object) {
        if self.list.len() >= KEPT {
            // Why: a tenth at once, so that a full log isn't moved with every record.
            self.list.drain(..KEPT / 10);
        }
        self.list.push(record);
    }
}

fn log_id_of(record: &Object) -> &str {
    record.get("log_id").and_then(Value::as_str).unwrap_or_default()
}

impl State {
    /// Writes a record with its time and id.
    pub fn log(&mut self, Record(mut fields): Record, tenant: &str, now: Timestamp) {
        // INVARIANT: ids rise even when the clock goes back, so that `after` can search by halves.
        let place = self.records.written;
        let last = self.records.list.last().map(|record| log_id_of(record).to_owned()).unwrap_or_default();
        let mut log_id = id::log(place, now);
        if log_id <= last {
            log_id = last.get(..23).map_or(log_id, |time| format!("{time}{place:036}"));
        }
        fields.insert("date".to_owned(), id::iso(now).into());
        fields.insert("_id".to_owned(), log_id.clone().into());
        fields.insert("log_id".to_owned(), log_id.into());
        fields.insert("tenant_name".to_owned(), tenant.into());
        fields.insert("environment_name".to_owned(), "sandbox".into());
        fields.insert("$event_schema".to_owned(), json!({"version": "1.0.0"}));
        self.records.written = place.saturating_add(1);
        self.records.push(fields);
    }
}

/// The record of a write through the Management API that succeeded.
pub fn of_write(operation: &Operation, call: &Call, caller: &Caller, reply: &Reply) -> Record {
    let path: String = call.path.iter().flat_map(|segment| ["/", segment.as_str()]).collect();
    let query: Object =
        call.query.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let credentials = json!({"jti": caller.jti, "scopes": operation.scopes.iter()
        .filter(|scope| caller.has(scope)).collect::<Vec<_>>()});
    // Why: the bodies of some operations are nothing but secrets, under names that their owners chose.
    let secret = operation.path.ends_with("/secrets") || operation.path.starts_with("/rules-configs/");
    let body = |value: &Value| if secret { "*****".into() } else { without_secrets(value) };
    let details = json!({
        "request": {
            "method": call.method.name().to_ascii_lowercase(),
            "path": format!("/api/v2{path}"),
            "query": query,
            "userAgent": call.user_agent,
            "body": body(call.json().unwrap_or(&json!({}))),
            "channel": "api",
            "ip": call.ip,
            "auth": {"user": {}, "strategy": "jwt", "credentials": credentials},
        },
        "response": {"statusCode": reply.status, "body": body(reply.json())},
    });
    let mut record = Record::new("sapi", operation.name)
        .with("client_id", caller.client_id.as_str())
        .with("client_name", caller.client_name.as_str())
        .with("ip", call.ip.as_str())
        .with("user_agent", call.user_agent.as_str())
        .with("details", details);
    if let Some(correlation_id) = &call.correlation_id {
        record = record.with("references", json!({"correlation_id": correlation_id}));
    }
    record
}

/// The record of a call that was one too many.
pub fn of_limit(standing: Standing, call: &Call, caller: &Caller) -> Record {
    let is_global = standing.group == Group::Other;
    let bucket =
        if is_global { "global-per-second".to_owned() } else { kebab(&format!("{:?}", standing.group)) };
    let path: String = call.path.iter().flat_map(|segment| ["/", segment.as_str()]).collect();
    let details = json!({
        "limit": {"bucket": bucket, "global": is_global, "size": standing.limit},
        "request": {"method": call.method.name(), "path": format!("/api/v2{path}")},
    });
    Record::new("api_limit", "Global per second access limit reached")
        .with("client_id", caller.client_id.as_str())
        .with("client_name", caller.client_name.as_str())
        .with("ip", call.ip.as_str())
        .with("user_agent", call.user_agent.as_str())
        .with("details", details)
}

/// `UsersRead` as `users-read`.
fn kebab(name: &str) -> String {
    let letters = name.chars().enumerate().flat_map(|(place, letter)| {
        let hyphen = (place > 0 && letter.is_uppercase()).then_some('-');
        hyphen.into_iter().chain(letter.to_lowercase())
    });
    letters.collect()
}

/// Names of properties whose value must not reach a log.
const SECRET: &[&str] = &[
    "password",
    "password_hash",
    "custom_password_hash",
    "client_secret",
    "secrets",
    "token",
    "ticket",
    "invitation_url",
    "ticket_id",
    "httpAuthorization",
    "httpCustomHeaders",
    "datadogApiKey",
    "splunkToken",
    "segmentWriteKey",
    "sumoSourceAddress",
    "mixpanelServiceAccountPassword",
    "webhook_authorization",
    "signing_secret",
    "credentials",
    "options",
    "addons",
    "recovery_code",
    "ticket_url",
    "totp_secret",
    "secret",
    "api_key",
    "auth_token",
    "aws_secret_access_key",
    "skey",
    "p12",
    "server_key",
    "server_credentials",
    "location",
];

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let kept =
                    if SECRET.contains(&name.as_str()) { "*****".into() } else { without_secrets(value) };
                (name.clone(), kept)
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Method, Plan, testing::Api};

    fn state(records: i64) -> State {
        let mut state = State::new(1);
        for n in 0..records {
            state.log(Record::new("s", ""), "t", Timestamp::from_seconds(1_787_000_000 + n));
        }
        state
    }

    #[test]
    fn streams_get_each_record_once_and_in_order() {
        let mut state = state(5);
        let first = state.records.take_for_streams(2);
        let rest = state.records.take_for_streams(9);
        let all: Vec<Object> = state.records.all().cloned().collect();
        assert_eq!([first, rest].concat(), all);
        assert!(state.records.take_for_streams(9).is_empty());
    }

    #[test]
    fn ids_rise_when_the_clock_goes_back() {
        let mut state = state(2);
        state.log(Record::new("s", ""), "t", Timestamp::from_seconds(5));
        let ids: Vec<&str> = state.records.all().map(log_id_of).collect();
        assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
        assert_eq!(state.records.after(Some(ids[1]), 9).count(), 1);
        assert!(state.records.find(ids[2]).is_some());
    }

    #[test]
    fn a_flood_is_logged_once_a_second() {
        let mut api = Api::on(Plan::Free);
        let statuses: Vec<u16> = (0..5).map(|_| api.send(Method::Get, "/roles", None).status).collect();
        assert_eq!(statuses, [200, 200, 429, 429, 429]);
        let kept: Vec<&Object> =
            api.tenant.state().records.all().filter(|record| record["type"] == "api_limit").collect();
        let limit = json!({"bucket": "global-per-second", "global": true, "size": 2});
        assert_eq!((kept.len(), &kept[0]["details"]["limit"]), (1, &limit));
        assert_eq!(kept[0]["details"]["request"], json!({"method": "GET", "path": "/api/v2/roles"}));
        assert_eq!(kebab("UsersRead"), "users-read");
    }

    #[test]
    fn secrets_stay_out_of_the_log() {
        let value = json!({"users": [{"password": "x", "name": "n"}]});
        assert_eq!(without_secrets(&value), json!({"users": [{"password": "*****", "name": "n"}]}));
    }
}
