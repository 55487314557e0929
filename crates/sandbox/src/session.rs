//! What the tenant remembers of a person between sign-ins.

use std::net::IpAddr;

use countersign_core::Timestamp;
use serde_json::{Value, json};

use crate::{city::City, people::Factor};

/// The road that a request came by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Origin {
    pub(crate) city: City,
    pub(crate) asn: u32,
    pub(crate) address: IpAddr,
}

/// What a session or token keeps of a request's origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) asn: u32,
    pub(crate) address: IpAddr,
    pub(crate) user_agent: String,
}

/// The trace of the first and of the latest request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traces {
    pub(crate) initial: Trace,
    pub(crate) last: Trace,
}

impl Traces {
    pub(crate) fn first(trace: Trace) -> Self {
        Self { initial: trace.clone(), last: trace }
    }

    /// The `device` object of `event.session` and `event.refresh_token`.
    pub(crate) fn device(&self) -> Value {
        json!({
            "initial_asn": self.initial.asn.to_string(),
            "initial_ip": self.initial.address.to_string(),
            "initial_user_agent": self.initial.user_agent,
            "last_asn": self.last.asn.to_string(),
            "last_ip": self.last.address.to_string(),
            "last_user_agent": self.last.user_agent,
        })
    }
}

/// A session at the tenant, and the refresh token that came with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) traces: Traces,
    /// Whether it belongs to the person's second device.
    pub(crate) on_second_device: bool,
    /// The factor that was passed when the session began, if any.
    pub(crate) mfa: Option<(Factor, Timestamp)>,
    pub(crate) token: RefreshToken,
}

/// A refresh token; it lives and dies with its session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RefreshToken {
    pub(crate) id: String,
    pub(crate) last_exchanged_at: Option<Timestamp>,
    pub(crate) traces: Traces,
}

const HOUR: i64 = 3_600_000_000;
/// A session ends 168 hours after it began and 72 hours after its last use (Auth0's defaults for a tenant).
const SESSION: (i64, i64) = (168 * HOUR, 72 * HOUR);
/// A refresh token ends after 30 days and 15 idle days (Auth0's defaults for rotating tokens).
const TOKEN: (i64, i64) = (720 * HOUR, 360 * HOUR);

impl Session {
    /// When the session ends at the latest, and when it ends unless it is used.
    pub(crate) fn ends(&self) -> (Timestamp, Timestamp) {
        (self.created_at.plus(SESSION.0), self.updated_at.plus(SESSION.1))
    }

    /// When its refresh token ends at the latest, and when it ends unless it is used.
    pub(crate) fn token_ends(&self) -> (Timestamp, Timestamp) {
        let used = self.token.last_exchanged_at.unwrap_or(self.created_at);
        (self.created_at.plus(TOKEN.0), used.plus(TOKEN.1))
    }

    /// Whether a browser can still sign in with it silently.
    pub(crate) fn is_alive(&self, at: Timestamp) -> bool {
        let (end, idle_end) = self.ends();
        at < end && at < idle_end && at >= self.created_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_dies_of_age_and_of_idleness() {
        let trace = Trace { asn: 64496, address: [192, 0, 2, 1].into(), user_agent: String::new() };
        let start = Timestamp::from_seconds(1_000_000);
        let token =
            RefreshToken { id: String::new(), last_exchanged_at: None, traces: Traces::first(trace.clone()) };
        let mut session = Session {
            id: String::new(),
            created_at: start,
            updated_at: start,
            traces: Traces::first(trace),
            on_second_device: false,
            mfa: None,
            token,
        };
        assert!(session.is_alive(start.plus(71 * HOUR)));
        assert!(!session.is_alive(start.plus(72 * HOUR)));
        session.updated_at = start.plus(160 * HOUR);
        assert!(session.is_alive(start.plus(167 * HOUR)));
        assert!(!session.is_alive(start.plus(168 * HOUR)));
    }
}
