//! What those answer whom we ask: the Management API with each of its types, its refusals and its tokens, Slack, and connectors. Nothing breaks,
//! what is read comes back as it came, and nothing of a request gets into what is told of a refusal.

use std::time::Duration;

use countersign_app::{enrich::Facts, management::Reply};
use countersign_auth0::management::{
    AnyRequest, Page, actions, authentication_methods, blocks, client_grants, clients, connections,
    discovery_domains, enabled_connections, event_streams, guardian, hooks, invitations, jobs, log_streams,
    logs, members, network_acls, organizations, permissions, refresh_tokens, resource_servers, roles, rules,
    sessions, tenant, tickets, users,
};
use countersign_core::Timestamp;
use countersign_fuzz::{Said, Target};
use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{pages, refusal, retry, token};
use crate::{http::Answer, messages::slack::answer as slack};

/// What the request of a refusal held, and its token's id.
const HELD: [&str; 4] = ["auth0|marked 1", "ada@marked.example", "ada marked", "marked-token-id"];

/// Reads an answer as one type; what was read is written and read again.
type Reader = fn(&Reply) -> Result<Option<&'static str>, String>;

fn model<T: DeserializeOwned + Serialize + PartialEq>(reply: &Reply) -> Result<Option<&'static str>, String> {
    let name = std::any::type_name::<T>();
    let Ok(read) = reply.read::<T>() else { return Ok(None) };
    let body = serde_json::to_vec(&read).map_err(|error| format!("{name} is not written: {error}"))?;
    let again = Reply { status: 200, body, next: None }.read::<T>();
    match again {
        Ok(again) if again == read => Ok(Some(name)),
        Ok(_) => Err(format!("a {name} comes back as another one")),
        Err(error) => Err(format!("a {name} does not come back: {error:?}")),
    }
}

/// Every type of the API, and lists of those that come in pages.
const READERS: &[Reader] = &[
    model::<Page<actions::Action>>,
    model::<Page<clients::Client>>,
    model::<Page<connections::Connection>>,
    model::<Page<members::Member>>,
    model::<Page<organizations::Organization>>,
    model::<Page<sessions::Session>>,
    model::<Page<users::User>>,
    model::<actions::Action>,
    model::<actions::ActionTrigger>,
    model::<actions::ActionVersion>,
    model::<actions::Binding>,
    model::<actions::Execution>,
    model::<authentication_methods::AuthenticationMethod>,
    model::<blocks::Block>,
    model::<blocks::Blocks>,
    model::<client_grants::ClientGrant>,
    model::<clients::Client>,
    model::<clients::Credential>,
    model::<connections::Connection>,
    model::<connections::EnabledClient>,
    model::<discovery_domains::DiscoveryDomain>,
    model::<enabled_connections::EnabledConnection>,
    model::<event_streams::EventStream>,
    model::<guardian::EnrollmentTicket>,
    model::<guardian::Factor>,
    model::<hooks::Hook>,
    model::<invitations::Invitation>,
    model::<jobs::Job>,
    model::<log_streams::LogStream>,
    model::<logs::Log>,
    model::<members::Member>,
    model::<members::MemberRole>,
    model::<network_acls::NetworkAcl>,
    model::<organizations::Organization>,
    model::<permissions::Permission>,
    model::<refresh_tokens::RefreshToken>,
    model::<resource_servers::ResourceServer>,
    model::<roles::Role>,
    model::<rules::Rule>,
    model::<sessions::Session>,
    model::<tenant::Settings>,
    model::<tickets::Ticket>,
    model::<users::Identity>,
    model::<users::User>,
];

/// An answer as it is written down: its status, a line for each header, an empty line, the body.
fn answer(input: &[u8]) -> Option<Answer> {
    let at = input.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (std::str::from_utf8(&input[..at]).ok()?, &input[at + 2..]);
    let mut lines = head.split('\n');
    let status = StatusCode::from_bytes(lines.next()?.as_bytes()).ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    };
    let headers = lines.map(header).collect::<Option<HeaderMap>>()?;
    Some(Answer { status, headers, body: body.to_vec() })
}

fn models(body: &[u8]) -> Said {
    let reply = Reply { status: 200, body: body.to_vec(), next: None };
    let mut read = Vec::new();
    for reader in READERS {
        read.extend(reader(&reply)?);
    }
    Ok(format!("{read:?}"))
}

/// The request that a refusal is about.
fn request() -> AnyRequest {
    let fields = json!({"name": HELD[2], "email": HELD[1]}).as_object().unwrap().clone();
    users::update(&HELD[0].parse().unwrap(), fields.into()).into_any()
}

fn refused(answer: &Answer) -> Said {
    let secrets = vec![HELD[3].to_owned()];
    let Some(told) = refusal::read(&request(), answer.status.as_u16(), &answer.body, secrets) else {
        return Ok("no refusal".to_owned());
    };
    let text = told.message.to_lowercase();
    if let Some(held) = HELD.iter().find(|held| text.contains(*held)) {
        return Err(format!("`{held}` is told: {}", told.message));
    }
    let words = [Some(&told.error), told.code.as_ref()];
    let is_bounded = told.message.chars().count() <= 300
        && !told.message.chars().any(char::is_control)
        && words.into_iter().flatten().all(|word| word.len() <= 64);
    if is_bounded { Ok(format!("refused {:?}", told.code.is_some())) } else { Err(format!("{told:?}")) }
}

fn given(answer: &Answer) -> Said {
    let given = match token::read(answer) {
        Ok(given) => given,
        Err(why) => return Ok(format!("{why:?}")),
    };
    let Some(held) = token::hold(&given, Duration::from_secs(1), 1) else {
        return Ok("not shown".to_owned());
    };
    if held.renew_at > held.ends_at || !held.token.header.is_sensitive() {
        return Err("a token is renewed after its end, or shown in logs".to_owned());
    }
    Ok(format!("a token {:?}", held.token.scopes.is_some()))
}

fn headers(answer: &Answer, now: Timestamp) -> String {
    let base: Url = "https://acme.eu.auth0.com/".parse().unwrap();
    let next = pages::next_link(&answer.headers, &base, "/logs").is_some();
    let remaining = retry::number(&answer.headers, "x-ratelimit-remaining").is_some();
    format!("{next} {remaining} {:?}", retry::named(&answer.headers, now).is_some())
}

fn told_by_slack(answer: &Answer, now: Timestamp) -> Said {
    let by_method = match slack::of_method(answer, now) {
        Ok(slack::Said::Taken { place: Some(place) }) if place.len() > 100 => {
            return Err(format!("a place of {} bytes is kept", place.len()));
        }
        Ok(slack::Said::Taken { place }) => format!("taken {:?}", place.is_some()),
        Ok(slack::Said::Gone) => "gone".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    Ok(format!("{by_method} {:?}", slack::of_webhook(answer, now).err()))
}

/// Answers of the API with all that we read of its types.
fn objects() -> Vec<String> {
    let people = json!({"user_id": "auth0|1", "email": "ada@example.com", "email_verified": true, "name": "Ada", "blocked": false,
        "logins_count": 3, "created_at": "2026-08-20T08:00:00.000Z", "app_metadata": {"a": [1, 0.1]}, "user_metadata": null,
        "identities": [{"connection": "db", "provider": "auth0", "user_id": "1", "isSocial": false}]});
    let things = [
        people.clone(),
        json!({"users": [people], "total": 1, "start": 0, "limit": 50}),
        json!({"id": "org_1", "name": "acme", "display_name": "Acme", "branding": {"colors": {}}, "metadata": {"k": "v"}}),
        json!({"organizations": [{"id": "org_1", "name": "acme"}], "next": "m"}),
        json!({"members": [{"user_id": "auth0|1", "email": "a@b.example", "roles": [{"id": "rol_1", "name": "admin"}]}], "next": "m"}),
        json!({"sessions": [{"id": "ses_1", "user_id": "auth0|1", "created_at": "2026-08-20T08:00:00Z", "clients": [{"client_id": "c"}], "device": {"last_ip": "::1"}}]}),
        json!({"tokens": [{"id": "rt_1", "user_id": "auth0|1", "client_id": "c", "rotating": true, "resource_servers": [{"audience": "a", "scopes": "s"}]}]}),
        json!({"id": "con_1", "name": "db", "strategy": "auth0", "enabled_clients": ["c"], "options": {"domain_aliases": ["a.example"]}}),
        json!({"id": "inv_1", "inviter": {"name": "A"}, "invitee": {"email": "b@c.example"}, "invitation_url": "https://a.example/?ticket=t", "ticket_id": "t"}),
        json!({"client_id": "c", "name": "n", "grant_types": ["password"], "callbacks": ["https://a.example/cb"], "jwt_configuration": {"alg": "RS256"}}),
        json!({"actions": [{"id": "act_1", "name": "n", "code": "exports.x = 1", "secrets": [{"name": "S"}], "supported_triggers": [{"id": "post-login", "version": "v3"}]}], "total": 1}),
        json!({"blocked_for": [{"identifier": "a@b.example", "ip": "203.0.113.9", "connection": "db"}]}),
        json!({"ticket": "https://a.example/t", "ticket_id": "t", "ticket_url": "https://a.example/t"}),
        json!({"name": "sms", "enabled": true, "trial_expired": false}),
        json!({"id": "aut_1", "type": "totp", "confirmed": true, "auth_method": "otp", "phone_number": "+49", "created_at": "2026-08-20T08:00:00Z"}),
        json!({"id": "job_1", "type": "users_import", "status": "pending", "percentage_done": 1, "connection_id": "con_1"}),
        json!([{"connection_id": "con_1", "assign_membership_on_login": true, "connection": {"name": "db", "strategy": "auth0"}}]),
    ];
    things.iter().map(|thing| format!("200\n\n{thing}")).collect()
}

#[test]
fn answers() {
    let now = Timestamp::from_seconds(1_800_000_000);
    let jwt = "e30.eyJqdGkiOiJtYXJrZWQifQ.x";
    let token = json!({"access_token": jwt, "token_type": "Bearer", "expires_in": 86_400, "scope": "read:users read:logs"});
    let refusal = json!({"statusCode": 400, "error": "Bad Request", "errorCode": "invalid_body",
        "message": "user auth0|marked 1 (ADA MARKED) of ada@marked.example by marked-token-id is none"});
    Target::new("answers")
        .examples(objects())
        .examples([
            format!("200\n\n{token}"),
            format!("400\ncontent-type: application/json\n\n{refusal}"),
            "401\n\n{\"error\":\"access_denied\",\"error_description\":\"Unauthorized\"}".to_owned(),
            "200\nlink: <https://acme.eu.auth0.com/api/v2/logs?from=900&take=100>; rel=\"next\"\nx-ratelimit-remaining: 9\n\n[]".to_owned(),
            "429\nretry-after: 7\nx-ratelimit-reset: 1800000009\n\n{\"ok\":false,\"error\":\"ratelimited\"}".to_owned(),
            "200\n\n{\"ok\":true,\"channel\":\"C024BE91L\",\"ts\":\"1503435956.000247\"}".to_owned(),
            "200\n\n{\"ok\":false,\"error\":\"message_not_found\"}".to_owned(),
            "403\n\ninvalid_token".to_owned(),
            "200\n\n{\"department\":\"finance\",\"is_disposable\":true}".to_owned(),
        ])
        .words([
            "retry-after: Sun, 06 Nov 1994 08:49:37 GMT", "link: <//evil.example/api/v2/logs?from=1>; rel=next", "\"next\":", "\"total\":-1", "\"expires_in\":18446744073709551615",
            "\"errorCode\":\"insufficient_scope\"", "auth0|MARKED 1", "ada marked", "marked-token-id", "\"ok\":true", "\"user_id\":", "\"id\":", "500\n\n", "302\n\n",
        ])
        .at_most(16 * 1024)
        .run(|input| {
            let Some(answer) = answer(input) else { return models(input) };
            let facts = serde_json::from_slice::<Facts>(&answer.body).is_ok();
            let all = [models(&answer.body)?, refused(&answer)?, given(&answer)?, headers(&answer, now), told_by_slack(&answer, now)?];
            Ok(format!("{} {facts}", all.join("; ")))
        });
}
