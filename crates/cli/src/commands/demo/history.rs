//! A past for the demo's people: made by the very code that decides, with the clock held at each moment.

use std::{sync::Arc, time::Duration};

use countersign_app::{
    Error,
    decide::{ActionInfo, Ask, Call},
    outcomes::Outcome,
};
use countersign_auth0::trigger::Event;
use countersign_core::{Clock, TenantId, Trigger, testing::HeldClock};
use countersign_sandbox::{SignIn, TENANT};
use serde_json::value::RawValue;

use crate::{compose::Base, config::Config};

/// Nobody waits: the past takes the time that it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often one sign-in is tried.
const ATTEMPTS: u32 = 20;

/// Decides about each past sign-in at its own time and reports that it completed; does nothing when there is a past.
pub async fn seed(base: &Base, config: &Config, past: Vec<SignIn>) -> anyhow::Result<()> {
    let Some(first) = past.first() else { return Ok(()) };
    let clock = Arc::new(HeldClock::at(first.at));
    let held: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let app = base.app(config, &held, None).await?;
    let id: TenantId = TENANT.parse()?;
    let tenant = app.tenant(&id)?;
    if !app.decisions(&tenant, countersign_app::DecisionFilter::default(), 1).await?.is_empty() {
        return Ok(());
    }
    for (index, sign_in) in past.into_iter().enumerate() {
        clock.advance(Duration::from_micros(u64::try_from(sign_in.at.since(clock.now())).unwrap_or(0)));
        let text = sign_in.event.to_string();
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
            };
            app.decide(&tenant, Ask { event: event.clone(), call })
        })
        .await?;
        let newest = app.decisions(&tenant, countersign_app::DecisionFilter::default(), 1).await?;
        if let Some(row) = newest.into_iter().next() {
            app.report(&tenant, &Outcome::Completed { decision_id: row.decision.id }).await?;
        }
    }
    app.record_gap(&tenant).await?;
    app.sign_checkpoint(&tenant).await?;
    Ok(())
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
