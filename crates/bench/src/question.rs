//! What is asked: the request that the shipped Action makes of the ordinary sign-in in `fixtures/`, by many people.

use std::cell::Cell;

use countersign_core::{Clock, TenantId};
use countersign_server::signature::{SigningKey, TENANT_HEADER};

/// The body that the Action of version 0.1.0 sends for `fixtures/events/post-login.json`.
pub const BODY: &str = include_str!("../question.json");

/// The user id in it.
const USER: &str = "auth0|65f0c0ffee0000000000a001";

/// People who sign in.
pub const PEOPLE: u32 = 1_000;

/// The tenant whose people they are.
pub const TENANT: &str = "example-tenant";

/// What is sent, without the body: unique and signed.
pub struct Signed {
    /// Whose body goes with it.
    pub person: usize,
    /// Request line and headers, with the empty line.
    pub head: Vec<u8>,
}

/// Everybody's bodies, and the means to sign them.
pub struct Questions {
    bodies: Vec<Vec<u8>>,
    key: SigningKey,
    host: String,
    made: Cell<u64>,
}

/// The tenant's name as its type.
pub fn tenant() -> anyhow::Result<TenantId> {
    Ok(TENANT.parse()?)
}

/// A user id as long as Auth0's.
pub fn user(person: u32) -> String {
    format!("auth0|65f0c0ffee0000000{person:07x}")
}

impl Questions {
    /// Questions to the server at `host`, signed by `key`.
    pub fn new(host: &str, key: SigningKey) -> Self {
        let bodies = (0..PEOPLE).map(|person| BODY.replace(USER, &user(person)).into_bytes()).collect();
        Self { bodies, key, host: host.to_owned(), made: Cell::new(0) }
    }

    /// The body of a person's question.
    pub fn body(&self, signed: &Signed) -> &[u8] {
        self.bodies.get(signed.person).map_or(&[], Vec::as_slice)
    }

    /// Signs `count` questions to `path`, everybody in turn, each with an id of its own.
    pub fn sign(&self, path: &str, count: u32, clock: &dyn Clock) -> Vec<Signed> {
        let timestamp = clock.now().seconds();
        (0..count)
            .map(|number| {
                let person = usize::try_from(number % PEOPLE).unwrap_or(0);
                let body = self.bodies.get(person).map_or(&[][..], Vec::as_slice);
                Signed { person, head: self.head(path, &self.fresh_id(), timestamp, body) }
            })
            .collect()
    }

    /// Signs any body.
    pub fn sign_body(&self, path: &str, body: &[u8], clock: &dyn Clock) -> Vec<u8> {
        [self.head(path, &self.fresh_id(), clock.now().seconds(), body).as_slice(), body].concat()
    }

    fn fresh_id(&self) -> String {
        self.made.set(self.made.get() + 1);
        // Scattered as random ids are, so that indexes are hit as in life (Knuth, volume 3, section 6.4).
        format!("msg_{:016x}", self.made.get().wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn head(&self, path: &str, id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
        let signature = self.key.sign_request(id, timestamp, body);
        let host = &self.host;
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n{TENANT_HEADER}: {TENANT}\r\n\
             accept: */*\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes()
    }

    /// `count` requests of another path that have no body and no signature.
    pub fn bare(&self, path: &str, count: u32) -> Vec<Signed> {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\n\r\n", self.host);
        (0..count).map(|_| Signed { person: usize::MAX, head: head.clone().into_bytes() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "CI says in the environment that every tool must be there")]
    fn the_question_is_what_the_action_sends() {
        let script = "const { requestBody } = require('./actions/src/fields.js');
            const { CONFIG } = require('./actions/src/config.js');
            const event = JSON.parse(require('fs').readFileSync('fixtures/events/post-login.json', 'utf8'));
            process.stdout.write(requestBody(event, CONFIG, 800));";
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let made = std::process::Command::new("node").args(["-e", script]).current_dir(root).output();
        let Ok(made) = made else {
            assert!(std::env::var("CI").is_err(), "`node` is missing");
            println!("skipped: `node` is missing");
            return;
        };
        assert_eq!(String::from_utf8(made.stdout).unwrap(), BODY, "make question.json anew");
    }

    #[test]
    fn each_person_has_a_body_of_the_same_length() {
        assert_eq!(BODY.matches(USER).count(), 1);
        let questions =
            Questions::new("127.0.0.1:1", SigningKey::parse(&SigningKey::text(&[1; 32])).unwrap());
        assert!(questions.bodies.iter().all(|body| body.len() == BODY.len()));
        assert_ne!(questions.bodies[1], questions.bodies[2]);
    }
}
