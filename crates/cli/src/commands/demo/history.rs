//! A past for the demo's tenant: what its log tells and what was decided, made by the very code that decides and watches, with
//! the clock held at each moment.

use countersign_app::access::{Caller, Within};
use std::{sync::Arc, time::Duration};

use countersign_app::{
    App, DecisionFilter, Error, Tenant,
    decide::{ActionInfo, Ask, Call},
    incidents::{By, Closure, Disposition, IncidentFilter, Severity},
    outcomes::Outcome,
};
use countersign_auth0::{log, trigger::Event};
use countersign_core::{Clock, TenantId, Timestamp, Trigger, testing::HeldClock};
use countersign_rights::{Action, How};
use countersign_sandbox::{Label, SignIn, TENANT, simulate::Moment};
use serde_json::{Value, value::RawValue};

use crate::{compose::Base, config::Config, reference_watch::ReferenceFiles};

/// Nobody waits: the past takes the time that it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often one sign-in is tried.
const ATTEMPTS: u32 = 20;

/// Who looked after incidents.
const ANALYST: &str = "demo";

/// What the first incidents of the past were closed as, and why; the others are open.
const CLOSED: [(Disposition, &str); 2] = [
    (
        Disposition::TruePositive,
        "The person did not know of it: the password was changed and the sessions ended.",
    ),
    (
        Disposition::FalsePositive,
        "The person confirms that a program of theirs went on with an old password.",
    ),
];

/// Lets the past happen once more before the service: decides about each sign-in at its own time, takes what the log tells, day by
/// day, and looks at it; `last` are the log's last entries. Makes no past where there is one.
pub async fn seed(base: &Base, config: &Config, past: Vec<Moment>, last: Vec<Value>) -> anyhow::Result<()> {
    let Some(first) = past.first() else { return Ok(()) };
    let clock = Arc::new(HeldClock::at(first.at));
    let held: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let app = base.app(config, &held, &ReferenceFiles::default()).await?;
    let id: TenantId = TENANT.parse()?;
    let past_of = Past { tenant: app.tenant(&id)?, app, clock };
    let decided = past_of.app.decisions(Within::all(&past_of.tenant), DecisionFilter::default(), 1).await?;
    if !decided.is_empty() {
        past_of.reach(base.clock.now());
        return past_of.watch(last).await;
    }
    let (mut day, mut entries) = (first.at.days(), Vec::new());
    for (index, moment) in past.into_iter().enumerate() {
        if moment.at.days() > day {
            day = moment.at.days();
            past_of.watch(std::mem::take(&mut entries)).await?;
            past_of.close().await?;
        }
        past_of.reach(moment.at);
        if let Some(sign_in) = &moment.sign_in {
            past_of.decide(index, sign_in, &moment.entries).await?;
        }
        entries.extend(moment.entries);
    }
    past_of.watch(entries).await?;
    past_of.reach(base.clock.now());
    past_of.watch(last).await?;
    past_of.app.record_gap(&past_of.tenant).await?;
    past_of.app.sign_checkpoint(&past_of.tenant).await?;
    Ok(())
}

/// The event with the session that the log tells of it: by that a decision and its entry belong together.
fn in_its_session(mut event: Value, told: &[Value]) -> Value {
    let session = told.iter().find_map(|entry| entry.pointer("/data/details/session_id"));
    if let (Some(session), Some(Value::Object(of))) = (session, event.get_mut("session")) {
        of.insert("id".to_owned(), session.clone());
    }
    event
}

/// The service in the past.
struct Past {
    app: Arc<App>,
    tenant: Arc<Tenant>,
    clock: Arc<HeldClock>,
}

impl Past {
    fn reach(&self, at: Timestamp) {
        let ahead = u64::try_from(at.since(self.clock.now())).unwrap_or(0);
        self.clock.advance(Duration::from_micros(ahead));
    }

    /// Decides; what became of it is reported of people only, as they alone are learned from.
    async fn decide(&self, index: usize, sign_in: &SignIn, told: &[Value]) -> anyhow::Result<()> {
        let Self { app, tenant, clock } = self;
        let text = in_its_session(sign_in.event.clone(), told).to_string();
        let event = Event::decode(Trigger::PostLogin, text.as_bytes(), "event")?;
        let raw_event = RawValue::from_string(text)?;
        until_recorded(|attempt| {
            let call = Call {
                request_id: Some(format!("msg_history_{index}_{attempt}")),
                raw_event: raw_event.clone(),
                action: ActionInfo {
                    name: "history".to_owned(),
                    version: "1".to_owned(),
                    code: None,
                    policy_etag: None,
                },
                deadline: PATIENCE,
                received: clock.monotonic(),
                truncated: Vec::new(),
                device_posture: None,
            };
            app.decide(tenant, Ask { event: event.clone(), call })
        })
        .await?;
        let newest = app.decisions(Within::all(tenant), DecisionFilter::default(), 1).await?;
        if let (Some(row), Label::Honest) = (newest.into_iter().next(), sign_in.label) {
            let permit = app.permit(&Caller::local(How::Process), Action::TellOutcomes, tenant.id()).await?;
            app.report(&permit, &Outcome::Completed { decision_id: row.decision.id }).await?;
        }
        Ok(())
    }

    /// Journals what the log tells, and looks at it.
    async fn watch(&self, entries: Vec<Value>) -> anyhow::Result<()> {
        let body = Value::Array(entries).to_string();
        self.app.take_logs(&self.tenant, log::entries(&body)?).await?;
        while let Some(lead) = self.app.lead(&self.tenant).await? {
            if !self.app.watch_next(&self.tenant, &lead).await?.is_busy {
                break;
            }
        }
        Ok(())
    }

    /// Closes incidents as a person would, until there is one of each disposition.
    async fn close(&self) -> anyhow::Result<()> {
        let grave = IncidentFilter { severity: Severity::Medium.rank(), ..IncidentFilter::default() };
        let all = self.app.incidents(&self.tenant, grave, 100).await?;
        let closed = all.iter().filter(|incident| incident.row.disposition.is_some()).count();
        let Some(&(disposition, reason)) = CLOSED.get(closed) else { return Ok(()) };
        let open = all.iter().filter(|incident| incident.row.disposition.is_none());
        // Why the worst as an attack: what is mildest may well be none.
        let chosen = match disposition {
            Disposition::TruePositive => open.max_by_key(|incident| incident.row.severity),
            _ => open.min_by_key(|incident| incident.row.severity),
        };
        let Some(open) = chosen else { return Ok(()) };
        let by = By { actor: ANALYST, version: open.row.version };
        let closure = Closure {
            disposition,
            duplicate_of: None,
            reason: reason.to_owned(),
            suppress: false,
            mark: false,
        };
        let local = Caller::local(How::Process);
        let permit = self.app.permit(&local, Action::WorkIncidents, self.tenant.id()).await?;
        self.app.close_incident(&permit, &open.row.id, by, closure).await?;
        Ok(())
    }
}

/// Tries again while the ledger can't be written in time, as on a slow disk; each attempt has a number of its own.
async fn until_recorded<T, F: Future<Output = Result<T, Error>>>(
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T, Error> {
    for number in 1..ATTEMPTS {
        match attempt(number).await {
            Err(Error::LedgerUnavailable) => {}
            end => return end,
        }
    }
    attempt(ATTEMPTS).await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_slow_ledger_is_tried_again_with_another_number_but_not_for_ever() {
        let slow = |number| ready(if number < 4 { Err(Error::LedgerUnavailable) } else { Ok(number) });
        assert_eq!(until_recorded(slow).await.unwrap(), 4);
        let mut tried = Vec::new();
        let end = until_recorded(|number| {
            tried.push(number);
            ready(Err::<(), _>(Error::LedgerUnavailable))
        });
        assert!(matches!(end.await, Err(Error::LedgerUnavailable)));
        assert_eq!(tried, (1..=ATTEMPTS).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn any_other_failure_is_told_at_once() {
        let mut tried = 0;
        let end = until_recorded(|_| {
            tried += 1;
            ready(Err::<(), _>(Error::Replayed))
        });
        assert!(matches!(end.await, Err(Error::Replayed)));
        assert_eq!(tried, 1);
    }
}
