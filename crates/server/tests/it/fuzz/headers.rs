//! What stands before a body: signatures, tokens, cookies, hosts, and the queries with which a browser comes back from the provider.
//! Nobody gets in but by what was given to them.

use countersign_core::Clock;
use countersign_fuzz::{Said, Target};
use countersign_testkit::{TENANT, TOKEN, TestApp, event_token, log_token, post_login, signing_key};

use super::world::{World, Written, said};

/// The request that was signed: its id, its time, and its body.
struct Truth {
    id: String,
    timestamp: String,
    body: Vec<u8>,
}

/// Whether a request shows what lets somebody in.
fn is_known(world: &World, truth: &Truth, request: &Written) -> bool {
    let says = |name: &str, value: &str| request.header(name).is_some_and(|said| said.contains(value));
    let is_signed = request.header("webhook-id") == Some(&truth.id)
        && request.header("webhook-timestamp") == Some(&truth.timestamp)
        && request.body == truth.body;
    is_signed
        || [TOKEN, log_token(TENANT).expose(), event_token(TENANT).expose()]
            .iter()
            .any(|token| says("authorization", token))
        || request.headers.iter().any(|(name, value)| {
            name == "cookie" && value.to_str().is_ok_and(|value| value.contains(&world.cookie))
        })
}

fn tried(world: &World, truth: &Truth, input: &[u8]) -> Said {
    let Some(written) = Written::read(input) else { return Ok("no request".to_owned()) };
    let Some(request) = written.request(&[]) else { return Ok("no request".to_owned()) };
    let path = request.uri().path().to_owned();
    let is_open = ["/health", "/static/", "/sign-in", "/start/", "/v1/openapi.json"]
        .iter()
        .any(|open| path.starts_with(open));
    let answer = world.tried(request)?;
    if path.starts_with("/was-this-you/") && answer.status < 400 {
        return Err(format!("{path} is a link that nobody was sent, and opens: {}", said(&answer)));
    }
    if answer.status < 400 && !is_open && !is_known(world, truth, &written) {
        return Err(format!("{path} is answered to nobody: {}", said(&answer)));
    }
    let is_session = answer.headers.get_all("set-cookie").iter().any(|value| {
        let text = value.to_str().unwrap_or_default();
        text.starts_with("countersign_session=") && !text.starts_with("countersign_session=;")
    });
    if is_session {
        return Err(format!("{path} gives a session to somebody who never began: {}", said(&answer)));
    }
    if let Some(to) = answer.headers.get("location").and_then(|value| value.to_str().ok()) {
        let is_ours = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
        if !is_ours && !to.starts_with("https://id.test/authorize?") {
            return Err(format!("a browser is sent to {to}"));
        }
    }
    Ok(format!("{} {}", path.split('/').nth(1).unwrap_or_default(), said(&answer)))
}

#[test]
fn headers_and_cookies() {
    let world = World::new();
    let body = TestApp::question(&post_login()).to_string();
    let (key, timestamp) = (signing_key(TENANT, 1), world.service.clock.now().seconds());
    let truth = Truth {
        id: "msg_fuzz".to_owned(),
        timestamp: timestamp.to_string(),
        body: body.clone().into_bytes(),
    };
    let signature = key.sign_request(&truth.id, timestamp, body.as_bytes());
    let signed = format!(
        "POST /v1/decisions\ncountersign-tenant: {TENANT}\nwebhook-id: {}\nwebhook-timestamp: {timestamp}\nwebhook-signature: v1,AAAA {signature}\n\n{body}",
        truth.id
    );
    let began = world.runtime.block_on(world.service.browse("GET", "/sign-in/start?to=%2F", ""));
    let state = began.headers["location"]
        .to_str()
        .unwrap()
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("state="))
        .unwrap()
        .to_owned();
    Target::new("headers")
        .examples([
            signed,
            format!("GET /v1/decisions?tenant={TENANT}\nauthorization: Bearer {TOKEN}\n"),
            format!("GET /v1/decisions?tenant={TENANT}\nauthorization: Bearer csa_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"),
            format!("GET /v1/decisions?tenant={TENANT}\nauthorization: Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2FjbWUuZXUuYXV0aDAuY29tLyJ9.\n"),
            format!("GET /\ncookie: other=1; {}; more=\"x;y\"\nsec-fetch-site: same-origin\n", world.cookie),
            format!("POST /sign-out\ncookie: a={}\norigin: http://127.0.0.1:8377\n", world.cookie),
            format!("GET /v1/access/me\ncookie: {}\ncookie: {}x\n", world.cookie, world.cookie),
            format!("GET /sign-in/callback?state={state}&code=mia&iss=https%3A%2F%2Fid.test%2F\ncookie: countersign_sign_in=AAAA\n"),
            "GET /sign-in/callback?state=&error=access_denied&error_description=%3Cscript%3E\n".to_owned(),
            "GET /sign-in/start?to=%2Fincidents%3Ftenant%3Da\n".to_owned(),
            "GET /start/guess\nhost: 127.0.0.1:8377\n".to_owned(),
            format!("GET /was-this-you/{TENANT}/rec_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/{}\n", "0".repeat(64)),
            format!("POST /was-this-you/{TENANT}/rec_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/{}\ncontent-type: application/x-www-form-urlencoded\norigin: http://127.0.0.1:8377\n\nform=f0&answer=no", "0".repeat(64)),
            format!("POST /v1/logs/{TENANT}\nauthorization: Bearer {}\n\n[]", log_token(TENANT).expose()),
            format!("POST /v1/events/{TENANT}\nauthorization: bearer {}\n\n{{}}", event_token(TENANT).expose()),
        ])
        .words([
            "authorization: Bearer ", "cookie: countersign_session=", "cookie: __Host-countersign=", "origin: null", "sec-fetch-site: cross-site", "host: ", "webhook-id: ",
            "v1,", "; ", "x-forwarded-for: 127.0.0.1", "?to=%2F%2Fevil.example", "?to=/\\evil", "..%2f", "state=", "&code=mia", "countersign-tenant: other-tenant", "/was-this-you/", "&answer=yes",
            "content-type: application/x-www-form-urlencoded",
        ])
        .run(|input| tried(&world, &truth, input));
    world.assert_whole();
}
