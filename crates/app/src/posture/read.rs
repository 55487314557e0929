//! Reading a tenant part by part: what can't be read is left out, and why is kept.

use std::collections::BTreeMap;

use countersign_auth0::{
    Dictionary,
    management::{AnyRequest, Page, Request, attack_protection, client_grants, guardian, hooks, logs, rules},
};
use countersign_core::Timestamp;
use countersign_plan::{
    install::Observed,
    posture::{Area, LimitSeen, LogSeen, Posture, Shield, Skew, Why},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    management::{Error as ApiError, Lane, read as ask},
    tenant::{Error, Parts, Port, observe},
};

/// What answers told by the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The clocks; `None` before the first answer.
    pub skew: Option<Skew>,
    /// How much of limits is left.
    pub limits: Vec<LimitSeen>,
    /// What the token allows; `None` where the tenant does not say.
    pub granted: Option<Vec<String>>,
}

/// A tenant that can be read for its checks.
pub trait Source: Port {
    /// What the answers until now told by the way.
    fn told(&self) -> Told;
}

/// No part of a tenant.
const NOTHING: Parts =
    Parts { actions: false, log_streams: false, event_streams: false, apis: false, clients: false };

/// The statuses of what a tenant does not have: not found, gone, or by its plan.
const ABSENT: [u16; 3] = [402, 404, 410];

/// The status of what the client may not do.
const FORBIDDEN: u16 = 403;

fn why(error: &ApiError) -> Why {
    match error {
        ApiError::Scope { .. } => Why::Scope,
        ApiError::Refused { refusal, .. } if refusal.status == FORBIDDEN => Why::Scope,
        ApiError::Refused { refusal, .. } if ABSENT.contains(&refusal.status) => Why::Gone,
        _ => Why::NoAnswer,
    }
}

/// Reads everything that the checks look at. After the first part without an answer nothing more is asked.
pub async fn read(source: &dyn Source) -> Posture {
    let mut posture = Posture::default();
    for area in Area::ALL {
        if posture.unread.values().any(|why| *why == Why::NoAnswer) {
            posture.unread.insert(area, Why::NoAnswer);
            continue;
        }
        match part(source, area, &mut posture).await {
            Ok(()) => posture.read.push(area),
            Err(error) => {
                tracing::debug!(area = area.as_str(), %error, "a part of the tenant can't be read");
                posture.unread.insert(area, why(&error));
            }
        }
    }
    let Told { skew, limits, granted } = source.told();
    (posture.skew, posture.limits, posture.granted) = (skew, limits, granted);
    posture
}

/// Whether everything was answered, be it that there is no such thing.
#[must_use]
pub fn is_whole(posture: &Posture) -> bool {
    !posture.unread.values().any(|why| *why == Why::NoAnswer)
}

/// What is known of a tenant that did not answer in time.
#[must_use]
pub fn unanswered() -> Posture {
    Posture { unread: Area::ALL.map(|area| (area, Why::NoAnswer)).into(), ..Posture::default() }
}

async fn part(source: &dyn Source, area: Area, posture: &mut Posture) -> Result<(), ApiError> {
    match area {
        Area::Actions => {
            let found = installed(source, Parts { actions: true, ..NOTHING }).await?;
            (posture.installed.actions, posture.installed.bindings) = (found.actions, found.bindings);
        }
        Area::LogStreams => {
            posture.installed.log_streams =
                installed(source, Parts { log_streams: true, ..NOTHING }).await?.log_streams;
        }
        Area::EventStreams => {
            posture.installed.event_streams =
                installed(source, Parts { event_streams: true, ..NOTHING }).await?.event_streams;
        }
        Area::Grants => posture.installed.grants = list(source, client_grants::list().into_any()).await?,
        Area::Hooks => posture.hooks = list(source, hooks::list().into_any()).await?,
        Area::Rules => posture.rules = list(source, rules::list().into_any()).await?,
        Area::Policies => posture.policies = whole(source, &guardian::policies()).await?,
        Area::Factors => posture.factors = whole(source, &guardian::factors()).await?,
        Area::Protection => posture.shields = shields(source).await?,
        Area::Logs => {
            let page = whole(source, &logs::newest()).await?;
            posture.has_older_logs = page.items.len() >= LOGS;
            posture.logs = seen(&page);
        }
    }
    Ok(())
}

/// The log events that are asked for.
const LOGS: usize = 100;

fn seen(page: &Page<logs::Log>) -> Vec<LogSeen> {
    let log = |log: &logs::Log| {
        let date = log.date.as_option()?.0.as_str()?;
        Some(LogSeen { kind: log.kind.as_option()?.clone(), at: date.parse::<Timestamp>().ok()? })
    };
    page.items.iter().filter_map(log).collect()
}

async fn shields(source: &dyn Source) -> Result<BTreeMap<Shield, Dictionary>, ApiError> {
    let mut shields = BTreeMap::new();
    for (shield, request) in [
        (Shield::BruteForce, attack_protection::brute_force()),
        (Shield::SuspiciousAddresses, attack_protection::suspicious_addresses()),
        (Shield::BreachedPasswords, attack_protection::breached_passwords()),
    ] {
        shields.insert(shield, whole(source, &request).await?);
    }
    Ok(shields)
}

async fn installed(source: &dyn Source, parts: Parts) -> Result<Observed, ApiError> {
    observe(source, parts, BTreeMap::new()).await.map_err(|error| match error {
        Error::Api { error, .. } => error,
        // Why: `observe` has no other; should it get one, nothing was read.
        _ => ApiError::Busy { operation: logs::newest().any().operation() },
    })
}

async fn whole<T: DeserializeOwned>(source: &dyn Source, request: &Request<T>) -> Result<T, ApiError> {
    ask(source.api(), request, Lane::Interactive).await
}

async fn list<T: DeserializeOwned>(source: &dyn Source, request: AnyRequest) -> Result<Vec<T>, ApiError> {
    let items = source.list(&request).await?;
    let bytes = serde_json::to_vec(&Value::Array(items)).unwrap_or_default();
    let operation = request.operation();
    countersign_auth0::decode(&bytes, "answer").map_err(|shape| ApiError::Shape { operation, shape })
}
