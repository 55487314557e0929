//! A past for the demo's people: made by the very code that decides, with the clock held at each moment.

use std::{sync::Arc, time::Duration};

use countersign_app::{
    decide::{ActionInfo, Ask},
    outcomes::Outcome,
};
use countersign_core::{Clock, TenantId, testing::HeldClock};
use countersign_sandbox::{SignIn, TENANT};
use serde_json::value::RawValue;

use crate::{compose::Base, config::Config};

/// Nobody waits: the past takes the time that it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Decides about each past sign-in at its own time and reports that it completed; does nothing when there is a past.
pub async fn seed(base: &Base, config: &Config, past: Vec<SignIn>) -> anyhow::Result<()> {
    let Some(first) = past.first() else { return Ok(()) };
    let clock = Arc::new(HeldClock::at(first.at));
    let held: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let app = base.app(config, &held).await?;
    let id: TenantId = TENANT.parse()?;
    let tenant = app.tenant(&id)?;
    if !app.decisions(&tenant, countersign_app::DecisionFilter::default(), 1).await?.is_empty() {
        return Ok(());
    }
    for (index, sign_in) in past.into_iter().enumerate() {
        clock.advance(Duration::from_micros(u64::try_from(sign_in.at.since(clock.now())).unwrap_or(0)));
        let text = sign_in.event.to_string();
        let ask = Ask {
            request_id: format!("msg_history_{index}"),
            event: countersign_auth0::decode(text.as_bytes(), "event")?,
            raw_event: RawValue::from_string(text)?,
            action: ActionInfo { name: "history".to_owned(), version: "1".to_owned(), policy_etag: None },
            deadline: PATIENCE,
            received: clock.monotonic(),
            truncated: Vec::new(),
        };
        app.decide(&tenant, ask).await?;
        let newest = app.decisions(&tenant, countersign_app::DecisionFilter::default(), 1).await?;
        if let Some(row) = newest.into_iter().next() {
            app.report(&tenant, &Outcome::Completed { decision_id: row.decision.id }).await?;
        }
    }
    app.sign_checkpoint(&tenant).await?;
    Ok(())
}
