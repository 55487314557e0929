//! A log stream as Auth0 has it, over a socket: deliveries, and what the service found in them.

use std::{fs, net::TcpStream};

use serde_json::{Value, json};

use crate::world::{Service, TENANT, connect, exchange, get};

/// A stream to a running service; it may outlive that.
pub struct LogStream {
    stream: TcpStream,
    host: String,
    token: String,
    operator: String,
}

/// Wrong passwords of different accounts from one address, five seconds apart, from `second` of an hour on.
pub fn failures(address: &str, second: u32, count: u32) -> Vec<Value> {
    (0..count).map(|n| entry("fp", second + 5 * n, n, address)).collect()
}

/// An entry so many seconds after 2026-11-01T06:00:00Z.
pub fn entry(kind: &str, second: u32, user: u32, address: &str) -> Value {
    let (hour, minute, rest) = (6 + second / 3_600, second / 60 % 60, second % 60);
    json!({"log_id": format!("9{second:06}{user:04}{kind}"), "type": kind, "tenant_name": TENANT,
        "date": format!("2026-11-01T{hour:02}:{minute:02}:{rest:02}.000Z"), "user_id": format!("auth0|{user}"),
        "user_name": format!("user{user}@example.com"), "ip": address, "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
}

impl LogStream {
    /// The stream of the tenant to this service.
    pub fn of(service: &Service) -> Self {
        let read = |name: &str| {
            let text = fs::read_to_string(service.data.join(name)).unwrap();
            text.lines().next().unwrap().trim().to_owned()
        };
        Self {
            stream: connect(&service.host),
            host: service.host.clone(),
            token: read(&format!("{TENANT}.log-token")),
            operator: read("operator.token"),
        }
    }

    /// Delivers entries at once; the status, or `None` where no answer came.
    pub fn deliver(&mut self, entries: &[Value]) -> Option<u16> {
        let body = json!(entries).to_string();
        let Self { host, token, .. } = self;
        let head = format!(
            "POST /v1/logs/{TENANT} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        exchange(&mut self.stream, (head + &body).as_bytes()).ok().map(|answer| answer.status)
    }

    /// The alerts that stand.
    pub fn alerts(&mut self) -> Vec<Value> {
        self.list("alerts")
    }

    /// The incidents.
    pub fn incidents(&mut self) -> Vec<Value> {
        self.list("incidents")
    }

    /// How far the log is.
    pub fn watch(&mut self) -> Value {
        self.get(&format!("/v1/watch/{TENANT}"))
    }

    fn list(&mut self, what: &str) -> Vec<Value> {
        let (mut all, mut before) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/v1/{what}/{TENANT}{before}"));
            all.extend(page[what].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { return all };
            before = format!("?before={next}");
        }
    }

    fn get(&mut self, path: &str) -> Value {
        let token = format!("Bearer {}", self.operator);
        let answer = get(&mut self.stream, &self.host, path, &[("authorization", &token)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}
