//! What is asked: the request that each shipped Action makes of its event in `fixtures/`, by many people.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use countersign_core::{Clock, TenantId};
use countersign_server::signature::{SigningKey, TENANT_HEADER};

/// The body that an Action of version 0.1.0 sends.
pub struct Question {
    /// The fixture's name.
    pub name: &'static str,
    /// The body.
    pub body: &'static str,
    /// What says whose question it is; its last seven characters differ from person to person.
    pub whose: &'static str,
}

macro_rules! question {
    ($name:literal, $whose:literal) => {
        Question { name: $name, body: include_str!(concat!("../questions/", $name, ".json")), whose: $whose }
    };
}

/// An ordinary sign-in.
pub const SIGN_IN: Question = question!("post-login", "auth0|65f0c0ffee0000000000a001");

/// One for each fixture that an Action or a guard sends.
pub const ALL: [Question; 11] = [
    SIGN_IN,
    question!("post-login.high-risk", "auth0|65f0c0ffee0000000000a001"),
    question!("post-login.refresh-token", "auth0|65f0c0ffee0000000000a001"),
    question!("pre-user-registration", "\"email\":\"new.user"),
    question!("post-user-registration", "auth0|65f0c0ffee0000000000b002"),
    question!("post-user-registration.management-api", "auth0|65f0c0ffee0000000000b002"),
    question!("credentials-exchange", "M2mClientExample0000000000000001"),
    question!("password-reset-post-challenge", "auth0|65f0c0ffee0000000000a001"),
    question!("post-change-password", "auth0|65f0c0ffee0000000000a001"),
    question!("send-phone-message", "auth0|65f0c0ffee0000000000a001"),
    question!("custom-token-exchange", "q3fYvK1mXn8sT0aBcDeFgHiJkLmNoPqR"),
];

/// The characters that differ from person to person.
const NUMBER: usize = 7;

/// People who sign in.
pub const PEOPLE: u32 = 1_000;

/// The tenant whose people they are.
pub const TENANT: &str = "example-tenant";

/// Another tenant, whose name is as long.
pub const QUIET: &str = "quieter-tenant";

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
    tenant: &'static str,
    key: SigningKey,
    host: String,
    /// Differs between any two of this process, so that no id is made twice.
    series: u64,
    made: Cell<u64>,
}

/// The tenant's name as its type.
pub fn tenant() -> anyhow::Result<TenantId> {
    Ok(TENANT.parse()?)
}

impl Question {
    /// A person's body.
    pub fn of(&self, person: u32) -> Vec<u8> {
        let (kept, _) = self.whose.split_at(self.whose.len() - NUMBER);
        self.body.replace(self.whose, &format!("{kept}{person:0NUMBER$x}")).into_bytes()
    }
}

impl Questions {
    /// Questions to the server at `host`, signed by `key`.
    pub fn new(question: &Question, host: &str, key: SigningKey) -> Self {
        Self::of_tenant(question, host, key, TENANT)
    }

    /// The same questions of the people of another tenant.
    pub fn of_tenant(question: &Question, host: &str, key: SigningKey, tenant: &'static str) -> Self {
        static SERIES: AtomicU64 = AtomicU64::new(0);
        let of = |person| String::from_utf8_lossy(&question.of(person)).replace(TENANT, tenant).into_bytes();
        let bodies = (0..PEOPLE).map(of).collect();
        // Processes that ask beside each other make no id twice.
        let series = SERIES.fetch_add(1, Ordering::Relaxed) + (u64::from(std::process::id()) << 8);
        Self { bodies, tenant, key, host: host.to_owned(), series, made: Cell::new(0) }
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
        format!("msg_{:016x}{:02x}", self.made.get().wrapping_mul(0x9E37_79B9_7F4A_7C15), self.series)
    }

    fn head(&self, path: &str, id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
        let signature = self.key.sign_request(id, timestamp, body);
        let (host, tenant) = (&self.host, self.tenant);
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n{TENANT_HEADER}: {tenant}\r\n\
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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "CI says in the environment that every tool must be there")]
    fn the_questions_are_what_the_actions_send() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut node = std::process::Command::new("node");
        node.arg("crates/bench/questions/record.cjs").args(ALL.iter().map(|question| question.name));
        let Ok(made) = node.current_dir(root).output() else {
            assert!(std::env::var("CI").is_err(), "`node` is missing");
            println!("skipped: `node` is missing");
            return;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let sent: BTreeMap<String, String> = serde_json::from_slice(&made.stdout).unwrap();
        for Question { name, body, .. } in &ALL {
            assert_eq!(sent[*name], *body, "make {name}.json anew");
        }
    }

    #[test]
    fn each_person_has_a_body_of_the_same_length_that_is_understood() {
        for question in &ALL {
            assert_eq!(question.body.matches(question.whose).count(), 1, "{}", question.name);
            let [one, other] = [1, 2].map(|person| question.of(person));
            assert_eq!((one.len(), other.len()), (question.body.len(), question.body.len()));
            assert_ne!(one, other);
            assert!(countersign_server::parse_to_measure(&one).is_some(), "{}", question.name);
        }
    }

    #[test]
    fn no_two_questions_have_one_id() {
        let key = || SigningKey::parse(&SigningKey::text(&[1; 32])).unwrap();
        let [one, other] = [(); 2].map(|()| Questions::new(&SIGN_IN, "127.0.0.1:1", key()));
        assert_ne!(one.fresh_id(), other.fresh_id());
        assert_ne!(one.fresh_id(), one.fresh_id());
    }
}
