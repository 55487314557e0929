//! What we saw ourselves: deliveries, decisions, and the policy that holds.

use std::collections::BTreeSet;

use countersign_auth0::factor::Factor;
use countersign_core::{Timestamp, Trigger, Verdict};
use countersign_plan::posture::{Delivery, Fallback, Logins, Policy, Posture};
use countersign_policy::{Document, Layer};

use crate::access::Within;
use crate::{App, DecisionFilter, DecisionRow, Error, Reading, Tenant};

/// The log codes of sign-ins that ran the Actions of `post-login` to their end (Auth0 docs, "Log Event Type Codes"): success,
/// silent authentication, exchange of a refresh token, password grant.
const SUCCEEDED: [&str; 4] = ["s", "ssa", "sertft", "sepft"];

/// How far back sign-ins are compared, and how long they may still be on their way, in microseconds.
pub(super) const WINDOW: i64 = 900 * 1_000_000;
pub(super) const GRACE: i64 = 60 * 1_000_000;

/// How far a decision and its sign-in may be apart at the edges of the window.
const SLACK: i64 = 30 * 1_000_000;

/// The decisions of a page, and the most pages: ten decisions for each log event.
const PAGE: u32 = 1_000;
const PAGES: usize = 10;

impl App {
    /// What the log stream delivered since this was first asked. Where others share the records, what it delivered to them shows
    /// by what was read of the log and was there already; `None` where nothing is read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delivery(&self, tenant: &Tenant) -> Result<Option<Delivery>, Error> {
        let now = self.ports.clock.now();
        let since = tenant.findings.since(now);
        if !self.is_shared() {
            return Ok(Some(Delivery { since, newest: self.log_stream(tenant).newest }));
        }
        let Reading { history, undelivered_since, .. } = self.reading(tenant).await?;
        let newest = undelivered_since.map_or(now, |first| first.plus(-1));
        Ok(history.until.map(|_| Delivery { since, newest: Some(newest) }))
    }

    /// The sign-ins of the last minutes, as the tenant's log has them and as we decided; `None` without a log.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn logins(&self, tenant: &Tenant, posture: &Posture) -> Result<Option<Logins>, Error> {
        let now = self.ports.clock.now();
        let oldest = posture.logs.iter().map(|log| log.at).min();
        let Some(oldest) = oldest else { return Ok(None) };
        let from = if posture.has_older_logs { oldest } else { Timestamp::default() }.max(now.plus(-WINDOW));
        let until = now.plus(-GRACE);
        let logged =
            posture.logs.iter().filter(|log| SUCCEEDED.contains(&log.kind.as_str())).map(|log| log.at);
        let logged: Vec<Timestamp> = logged.filter(|at| *at <= until).collect();
        if from <= until && logged.iter().all(|at| *at < from) {
            return Ok(Some(Logins::Compared { succeeded: 0, decided: 0 }));
        }
        let (decided, reach) = self.decided_since(tenant, from.plus(-SLACK)).await?;
        let from = from.max(reach.map_or(from, |reach| reach.plus(SLACK)));
        if from > until {
            return Ok(Some(Logins::TooMany));
        }
        let count = |times: &[Timestamp], slack: i64| {
            let is_in = |at: &&Timestamp| from.plus(-slack) <= **at && **at <= until.plus(slack);
            u64::try_from(times.iter().filter(is_in).count()).unwrap_or(u64::MAX)
        };
        Ok(Some(Logins::Compared { succeeded: count(&logged, 0), decided: count(&decided, SLACK) }))
    }

    /// When sign-ins were decided about since a time, and how far back that was read where it is not all.
    async fn decided_since(
        &self,
        tenant: &Tenant,
        since: Timestamp,
    ) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
        let (mut decided, mut reach, mut before) = (Vec::new(), None, None);
        for _ in 0..PAGES {
            let filter = DecisionFilter { before, ..DecisionFilter::default() };
            let rows = self.decisions(Within::all(tenant), filter, PAGE).await?;
            let is_login = |row: &&DecisionRow| row.decision.trigger == Trigger::PostLogin;
            decided.extend(rows.iter().filter(is_login).map(|row| row.decision.at));
            let oldest = rows.last().filter(|_| rows.len() >= PAGE as usize);
            let Some(oldest) = oldest.filter(|row| row.decision.at >= since) else {
                return Ok((decided, None));
            };
            (reach, before) = (Some(oldest.decision.at), Some(oldest.leaf_index));
        }
        Ok((decided, reach))
    }
}

impl Tenant {
    /// The policy that holds, as far as checks look at it.
    #[must_use]
    pub fn checked_policy(&self) -> Policy {
        let off = Trigger::ALL.iter().copied().filter(|trigger| self.is_off(*trigger)).collect();
        Policy { off, ..policy(self.policy().document()) }
    }
}

/// A policy, as far as checks look at it, with every kill switch lifted.
#[must_use]
pub fn policy(document: &Document) -> Policy {
    let modes =
        Trigger::ALL.iter().map(|trigger| (*trigger, document.settings(*trigger, None, None).mode)).collect();
    let verdicts: Vec<Verdict> = verdicts(document);
    Policy {
        fallback: match document.fallback {
            countersign_policy::Fallback::Allow => Fallback::Allow,
            countersign_policy::Fallback::Challenge => Fallback::Challenge,
        },
        modes,
        off: BTreeSet::new(),
        challenges: verdicts.contains(&Verdict::Challenge),
        skips_mfa: verdicts.contains(&Verdict::SkipMfa),
        factors: document.factors.iter().filter_map(word).collect(),
    }
}

/// Auth0's word for a factor.
fn word(factor: &Factor) -> Option<String> {
    let written = serde_json::to_value(factor).ok()?;
    Some(written.get("type")?.as_str()?.to_owned())
}

/// Every verdict that a layer has for sign-ins, and that of the tenant where it says nothing.
fn verdicts(document: &Document) -> Vec<Verdict> {
    let of = |layer: &Layer| layer.verdicts;
    let layers = document.organizations.values().chain(document.clients.values()).filter_map(of);
    let all = layers.chain([document.settings(Trigger::PostLogin, None, None).verdicts]);
    all.flat_map(|verdicts| [verdicts.low, verdicts.medium, verdicts.high, verdicts.critical]).collect()
}
