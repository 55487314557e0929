//! Reading a tenant part by part: what can't be read is left out, and why is kept.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::{
    Dictionary,
    management::{AnyRequest, Request, attack_protection, client_grants, guardian, hooks, logs, rules},
};
use countersign_core::Timestamp;
use countersign_plan::{
    install::Observed,
    posture::{Area, LimitSeen, LogSeen, Posture, Shield, Skew, Why},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::seen_here::{GRACE, WINDOW};
use crate::{
    management::{Error as ApiError, Lane, Why as Unanswered, read as ask},
    tenant::{Error, Parts, Port, observe_by},
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

/// The statuses of what a tenant does not have any more: not found, gone, or by its plan.
const ABSENT: [u16; 3] = [402, 404, 410];

/// What Auth0 takes away one day. Everything else is there at every tenant, so that its absence is no answer.
const ENDING: [Area; 2] = [Area::Hooks, Area::Rules];

/// The status of credentials that are not taken, and of what the client may not do.
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;

fn why(area: Area, error: &ApiError) -> Why {
    match error {
        error if concerns_all(error) => Why::Unreached,
        ApiError::Scope { .. } => Why::Scope,
        ApiError::Refused { refusal, .. } if refusal.status == FORBIDDEN => Why::Scope,
        ApiError::Refused { refusal, .. } if ABSENT.contains(&refusal.status) && ENDING.contains(&area) => {
            Why::Gone
        }
        _ => Why::NoAnswer,
    }
}

/// Whether no other part would be answered either. What is late or broken counts for its own part alone: it stops everything
/// by itself when the client leaves the tenant alone.
fn concerns_all(error: &ApiError) -> bool {
    match error {
        ApiError::Paused { .. } | ApiError::Busy { .. } | ApiError::Limited { .. } => true,
        ApiError::Refused { refusal, .. } => refusal.status == UNAUTHORIZED,
        ApiError::Unavailable { why, .. } => {
            matches!(why, Unanswered::Unreachable | Unanswered::Credentials | Unanswered::NoToken)
        }
        _ => false,
    }
}

/// A tenant of which nothing was read yet.
#[must_use]
pub fn unreached() -> Posture {
    Posture { unread: Area::ALL.map(|area| (area, Why::Unreached)).into(), ..Posture::default() }
}

/// Reads everything that the checks look at into what [`unreached`] gives. A part without an answer keeps no other from being
/// read, unless its reason concerns all. Whoever stops waiting for it has what was read until then.
pub async fn read(source: &dyn Source, lane: Lane, now: Timestamp, posture: &mut Posture) {
    let by = By { source, lane };
    for area in Area::ALL {
        let answer = by.part(area, now, posture).await;
        (posture.skew, posture.limits, posture.granted) = {
            let Told { skew, limits, granted } = source.told();
            (skew, limits, granted)
        };
        let Err(error) = answer else {
            posture.read.push(area);
            posture.unread.remove(&area);
            continue;
        };
        tracing::info!(area = area.as_str(), %error, "a part of the tenant can't be read");
        posture.unread.insert(area, why(area, &error));
        if concerns_all(&error) {
            return;
        }
    }
}

/// The log events of a page, and the most pages: a search gives no more than 1,000.
const PAGE: usize = 100;
const PAGES: usize = 10;

/// Who is asked, and how urgently.
#[derive(Clone, Copy)]
struct By<'a> {
    source: &'a dyn Source,
    lane: Lane,
}

impl By<'_> {
    async fn part(self, area: Area, now: Timestamp, posture: &mut Posture) -> Result<(), ApiError> {
        match area {
            Area::Actions => {
                let found = self.installed(Parts { actions: true, ..NOTHING }).await?;
                (posture.installed.actions, posture.installed.bindings) = (found.actions, found.bindings);
            }
            Area::LogStreams => {
                posture.installed.log_streams =
                    self.installed(Parts { log_streams: true, ..NOTHING }).await?.log_streams;
            }
            Area::EventStreams => {
                posture.installed.event_streams =
                    self.installed(Parts { event_streams: true, ..NOTHING }).await?.event_streams;
            }
            Area::Grants => posture.installed.grants = self.list(client_grants::list().into_any()).await?,
            Area::Hooks => posture.hooks = self.list(hooks::list().into_any()).await?,
            Area::Rules => posture.rules = self.list(rules::list().into_any()).await?,
            Area::Policies => posture.policies = self.whole(&guardian::policies()).await?,
            Area::Factors => posture.factors = self.whole(&guardian::factors()).await?,
            Area::Protection => posture.shields = self.shields().await?,
            Area::Logs => (posture.logs, posture.has_older_logs) = self.logs(now).await?,
        }
        Ok(())
    }

    /// The newest log events, as far back as sign-ins are compared or a search reaches, and whether there are older ones.
    async fn logs(self, now: Timestamp) -> Result<(Vec<LogSeen>, bool), ApiError> {
        let (mut seen, mut ids) = (Vec::new(), BTreeSet::new());
        let is_far = |seen: &[LogSeen]| seen.iter().any(|log| now.since(log.at) > WINDOW + GRACE);
        for page in 0..PAGES {
            let found = match self.whole(&logs::newest().with("page", page.to_string())).await {
                Ok(found) => found.items,
                Err(error) if seen.is_empty() => return Err(error),
                Err(_) => return Ok((seen, true)),
            };
            let is_last = found.len() < PAGE;
            // Why: what comes in meanwhile moves the others on, so that some are read twice.
            let new = found.iter().filter(|log| ids.insert(log.log_id.clone()));
            seen.extend(new.filter_map(log_seen));
            if is_last || is_far(&seen) {
                return Ok((seen, !is_last));
            }
        }
        Ok((seen, true))
    }

    async fn shields(self) -> Result<BTreeMap<Shield, Dictionary>, ApiError> {
        let mut shields = BTreeMap::new();
        for (shield, request) in [
            (Shield::BruteForce, attack_protection::brute_force()),
            (Shield::SuspiciousAddresses, attack_protection::suspicious_addresses()),
            (Shield::BreachedPasswords, attack_protection::breached_passwords()),
        ] {
            shields.insert(shield, self.whole(&request).await?);
        }
        Ok(shields)
    }

    async fn installed(self, parts: Parts) -> Result<Observed, ApiError> {
        observe_by(self.source, parts, self.lane).await.map_err(|error| match error {
            Error::Api { error, .. } => error,
            // Why: `observe_by` has no other; should it get one, nothing was read.
            _ => ApiError::Busy { operation: logs::newest().any().operation() },
        })
    }

    async fn whole<T: DeserializeOwned>(self, request: &Request<T>) -> Result<T, ApiError> {
        ask(self.source.api(), request, self.lane).await
    }

    async fn list<T: DeserializeOwned>(self, request: AnyRequest) -> Result<Vec<T>, ApiError> {
        let items = self.source.list(&request, self.lane).await?;
        let bytes = serde_json::to_vec(&Value::Array(items)).unwrap_or_default();
        let operation = request.operation();
        countersign_auth0::decode(&bytes, "answer").map_err(|shape| ApiError::Shape { operation, shape })
    }
}

fn log_seen(log: &logs::Log) -> Option<LogSeen> {
    let date = log.date.as_option()?.0.as_str()?;
    Some(LogSeen { kind: log.kind.as_option()?.clone(), at: date.parse::<Timestamp>().ok()? })
}
