//! `POST /risk`: a score for people who write their own Action. It is recorded, and never feeds a history.

use countersign_core::{Mode, Score};
use countersign_risk::Contribution;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{ActionInfo, Call, QuickAsk, Settled};
use crate::{App, Error, Tenant, department, enrich::Enriched};

/// The answer of the short form. `inferredDepartment` is spelled as the guides to Auth0's Actions spell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quick {
    /// The score, 0 to 1.
    pub score: Score,
    /// The department that the address speaks of; `None` when it speaks of none.
    #[serde(rename = "inferredDepartment")]
    pub department: Option<&'static str>,
    /// Why.
    pub reasons: Vec<Contribution>,
    /// The decision's id; `None` while Countersign is off.
    pub decision_id: Option<String>,
    /// The mode that holds.
    pub mode: Mode,
    /// What went missing on the way, as codes.
    pub degraded: Vec<&'static str>,
}

impl App {
    /// Answers the short form: assessed and recorded as everything is.
    ///
    /// # Errors
    /// As `decide`.
    pub async fn quick(
        &self,
        tenant: &Tenant,
        ask: &QuickAsk,
        raw_event: Box<RawValue>,
        received: std::time::Duration,
    ) -> Result<Quick, Error> {
        let department = department::inferred(&ask.form.email);
        let call = Call {
            request_id: None,
            raw_event,
            action: ActionInfo {
                name: "short-form".to_owned(),
                version: "1".to_owned(),
                code: None,
                policy_etag: None,
            },
            deadline: super::LEDGER_BUDGET * 2,
            received,
            truncated: Vec::new(),
            device_posture: None,
        };
        let Some(Settled { id, assessment, decision, degraded, .. }) =
            self.settle(tenant, &call, ask, Enriched::default()).await?
        else {
            return Ok(Quick {
                score: Score::default(),
                department,
                reasons: Vec::new(),
                decision_id: None,
                mode: Mode::Off,
                degraded: Vec::new(),
            });
        };
        Ok(Quick {
            score: assessment.score,
            department,
            reasons: assessment.reasons,
            decision_id: Some(id),
            mode: decision.mode,
            degraded,
        })
    }
}
