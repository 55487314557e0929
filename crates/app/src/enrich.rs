//! Asking a connector about somebody who signs up, before the account is made.
//!
//! What it tells is recorded and handed to the application by the account's metadata; it decides nothing. A connector
//! that is slow, down or wrong costs its time and never the sign-up.

use std::{future::Future, pin::Pin, time::Duration};

use countersign_auth0::trigger::Event;
pub use countersign_policy::Facts;

use crate::{
    App, Tenant,
    decide::{Ask, Asked},
};

/// What a decision says that was made without what the connector should have told.
const UNAVAILABLE: &str = "enrichment_unavailable";

/// What a decision says whose facts have no room in the account's metadata; they stand in the record.
const TOO_LARGE: &str = "enrichment_too_large";

/// Less time than this is not worth a request.
const LEAST: Duration = Duration::from_millis(5);

/// What a connector is asked. It tells of a person, so that it does not print.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The e-mail address that the person gave.
    pub email: &'a str,
    /// The time in which an answer is of use.
    pub within: Duration,
}

impl Question<'_> {
    /// The domain of the address, in lower case; `None` when it has none.
    #[must_use]
    pub fn domain(&self) -> Option<String> {
        let (_, domain) = self.email.rsplit_once('@')?;
        let domain = domain.trim().trim_end_matches('.').trim_end().to_lowercase();
        (!domain.is_empty()).then_some(domain)
    }
}

/// Why a connector told nothing; nothing in it repeats what was asked or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrichError {
    /// It did not answer in time.
    #[error("the connector did not answer in time")]
    Late,
    /// It could not be reached, or broke off.
    #[error("the connector could not be reached")]
    Unreachable,
    /// It failed so often that it is left alone for a while.
    #[error("the connector is left alone for a while")]
    Paused,
    /// As many requests as may be are under way.
    #[error("too many requests to the connector are under way")]
    Busy,
    /// It answered with another status than 200 or 204.
    #[error("the connector answered with status {0}")]
    Status(u16),
    /// Its answer is longer than may be.
    #[error("the connector's answer is too long")]
    TooLong,
    /// Its answer is no flat object of a few plain values.
    #[error("the connector's answer has not the shape of facts")]
    Shape,
}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Facts, EnrichError>> + Send + 'a>>;

/// A tenant's enrichment connector.
pub trait Enrich: Send + Sync {
    /// Asks what is known of somebody who signs up. Whoever asks may stop waiting at any time.
    fn enrich<'a>(&'a self, question: Question<'a>) -> Answering<'a>;
}

/// What came of asking; nothing where nobody was asked.
#[derive(Debug, Default)]
pub struct Enriched {
    pub(crate) facts: Facts,
    /// What went missing, as a code.
    pub(crate) degraded: Option<&'static str>,
}

impl App {
    /// Asks the tenant's connector, if it has one and somebody signs up, for as long as the caller's deadline leaves time
    /// for it. The time that it took is taken out of the deadline.
    pub async fn enrich(&self, tenant: &Tenant, ask: &mut Ask) -> Enriched {
        let (Event::PreUserRegistration(event), Some(connector)) = (&ask.event, &tenant.enrichment) else {
            return Enriched::default();
        };
        let event = event.as_ref();
        let is_answered = event.tenant().as_ref() == Some(&tenant.id) && tenant.answers(event);
        let (true, Some(email)) = (is_answered, event.address()) else { return Enriched::default() };
        let within = ask.call.spare(self.ports.clock.monotonic());
        let told = if within < LEAST {
            Err(EnrichError::Late)
        } else {
            let asking = connector.enrich(Question { email, within });
            tokio::time::timeout(within, asking).await.unwrap_or(Err(EnrichError::Late))
        };
        ask.call.resume(self.ports.clock.monotonic());
        match told {
            Ok(facts) => {
                let degraded = (!facts.fit_metadata()).then_some(TOO_LARGE);
                Enriched { facts, degraded }
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id, %error, "a sign-up is decided about without enrichment");
                Enriched { facts: Facts::none(), degraded: Some(UNAVAILABLE) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{ActionInfo, Call, LEDGER_BUDGET};

    fn call(deadline_ms: u64) -> Call {
        Call {
            request_id: None,
            raw_event: Box::default(),
            action: ActionInfo {
                name: "test".to_owned(),
                version: "1".to_owned(),
                code: None,
                policy_etag: None,
            },
            deadline: Duration::from_millis(deadline_ms),
            received: ARRIVED,
            truncated: Vec::new(),
            device_posture: None,
        }
    }

    const ARRIVED: Duration = Duration::from_secs(10);

    fn after(milliseconds: u64) -> Duration {
        ARRIVED + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_connector_has_what_the_deadline_leaves_beside_the_ledger_and_the_way_back() {
        assert_eq!(call(800).spare(ARRIVED), Duration::from_millis(500));
        assert_eq!(call(800).spare(after(100)), Duration::from_millis(400));
        for (deadline, now) in [(300, 0), (50, 0), (800, 500), (800, 5_000)] {
            assert_eq!(call(deadline).spare(after(now)), Duration::ZERO, "{deadline} {now}");
        }
    }

    #[test]
    fn the_ledger_has_its_whole_budget_after_a_connector_within_the_same_deadline() {
        for waited in [0, 200, 500] {
            let mut call = call(800);
            call.resume(after(waited));
            assert_eq!(call.ledger_deadline(), after(waited) + LEDGER_BUDGET);
            assert!(call.ledger_deadline() <= after(750), "{waited}");
        }
        let mut late = call(800);
        late.resume(after(900));
        assert_eq!(late.ledger_deadline(), after(900), "no time is left, and none is made up");
    }

    #[test]
    fn a_domain_is_what_follows_the_last_at_sign() {
        let domain = |email| Question { email, within: LEAST }.domain();
        assert_eq!(domain("Pat@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(domain("\"a@b\"@example.com. ").as_deref(), Some("example.com"));
        for none in ["pat", "", "pat@", "pat@.", "pat@ . "] {
            assert_eq!(domain(none), None, "{none}");
        }
    }
}
