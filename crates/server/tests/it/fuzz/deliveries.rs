//! What Auth0 delivers and answers: log streams in each of their forms, event streams, pages of logs that are pulled; and then what watches them.

use axum::{body::Body, http::Request};
use countersign_auth0::{
    log::{self, LogEvent},
    management::{Page, logs},
};
use countersign_core::Clock;
use countersign_fuzz::{Said, Target};
use countersign_testkit::{HOST, OTHER_TENANT, TENANT, event_token, log_token};
use serde_json::{Value, json};

use super::world::{World, said};

const ENTRY: &str = r#"{"log_id":"900","data":{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.000Z","user_id":"auth0|1","user_name":"ana@example.com","ip":"203.0.113.7","client_id":"c","connection":"db","details":{"session_id":"x"}}}"#;

fn posted(world: &World, path: &str, token: &str, input: &[u8]) -> Said {
    let request = Request::post(format!("{path}{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::from(input.to_vec())).unwrap();
    Ok(said(&world.tried_whole(request)?))
}

/// Entries that were read are read again, as a list and one a line.
fn forms(text: &str) -> Said {
    let entries = match log::entries(text) {
        Ok(entries) => entries,
        Err(error) => return Ok(error.to_string()),
    };
    let good: Vec<_> = entries.iter().flatten().collect();
    let enveloped =
        good.iter().map(|entry| format!("{{\"log_id\":{},\"data\":{}}}", json!(entry.log_id), entry.raw));
    let lines: Vec<String> = enveloped.map(|entry| entry.replace(['\n', '\r'], " ")).collect();
    for again in [format!("[{}]", lines.join(",")), lines.join("\n")] {
        if good.is_empty() {
            continue;
        }
        let read =
            log::entries(&again).map_err(|error| format!("what was read is not read again: {error}"))?;
        let same = |(one, other): (&&LogEvent<'_>, &LogEvent<'_>)| {
            one.log_id == other.log_id && one.kind == other.kind && one.date == other.date
        };
        let read: Vec<_> = read.into_iter().flatten().collect();
        if read.len() != good.len() || !good.iter().zip(&read).all(same) {
            return Err(format!("{} entries come back as {}: {again}", good.len(), read.len()));
        }
    }
    let whys: Vec<String> =
        entries.iter().filter_map(|entry| Some(entry.as_ref().err()?.why.to_string())).collect();
    Ok(format!("{} read {}", good.len(), whys.join(" ")))
}

/// A page of logs as the Management API answers it: what is read comes back as it went.
fn pages(input: &[u8]) -> Said {
    match serde_json::from_slice::<Page<logs::Log>>(input) {
        Err(error) => Ok(error.to_string()),
        Ok(page) => {
            let written = serde_json::to_vec(&page).map_err(|error| error.to_string())?;
            let again =
                serde_json::from_slice::<Page<logs::Log>>(&written).map_err(|error| error.to_string())?;
            if again == page {
                Ok(format!("a page {:?} {:?}", page.total().is_some(), page.next().is_some()))
            } else {
                Err("a page comes back as another one".to_owned())
            }
        }
    }
}

#[test]
fn streams_and_pages() {
    let world = World::new();
    world.service.clock.advance(std::time::Duration::from_secs(60));
    let (tenant, lead) =
        world.runtime.block_on(async { (world.service.tenant(), world.service.lead().await) });
    let at = world.service.clock.now();
    let event = |kind: &str, object: Value| {
        json!({ "specversion": "1.0", "type": kind, "source": format!("urn:auth0:{TENANT}.us"), "id": "evt_1", "time": at.to_string(), "a0tenant": TENANT,
            "data": { "object": object } })
        .to_string()
    };
    let bare: Value = serde_json::from_str::<Value>(ENTRY).unwrap()["data"].clone();
    let sapi = r#"{"log_id":"901","type":"sapi","date":"2026-08-20T08:00:02.000Z","details":{"request":{"method":"patch","path":"/api/v2/attack-protection/brute-force-protection","body":{"enabled":false}},"response":{"statusCode":200}}}"#;
    Target::new("deliveries")
        .examples([
            ENTRY.to_owned(),
            format!("[{ENTRY},{sapi}]"),
            format!("{ENTRY}\n{sapi}\n"),
            bare.to_string(),
            json!({ "logs": [bare], "total": 1, "next": "m" }).to_string(),
            event("user.created", json!({ "user_id": "auth0|65f0", "email": "ana@example.com", "created_at": "2026-08-20T08:00:00Z" })),
            event("organization.member.added", json!({ "organization": { "id": "org_1" }, "user": { "user_id": "auth0|1" } })),
        ])
        .words(["\"type\":\"fp\"", "\"type\":\"gd_auth_failed\"", "\"log_id\":", "\"date\":\"2026-08-20T08:00:03Z\"", "\"details\":{", "\"ip\":\"::1\"", "}\n{", "\"a0tenant\":\"other-tenant\"", "user.deleted"])
        .run(|input| {
            let text = String::from_utf8_lossy(input);
            let other = world.leaves()[1];
            let all = [
                posted(&world, "/v1/logs/", log_token(TENANT).expose(), input)?,
                posted(&world, "/v1/events/", event_token(TENANT).expose(), input)?,
                forms(&text)?,
                pages(input)?,
            ];
            world.runtime.block_on(world.service.app.watch_next(&tenant, &lead)).map_err(|error| format!("the watch stops: {error}"))?;
            if world.leaves()[1] != other {
                return Err(format!("a delivery for {TENANT} left a leaf at {OTHER_TENANT}"));
            }
            Ok(all.join("; "))
        });
    world.assert_whole();
}
