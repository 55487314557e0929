//! Questions that the service asks by itself: about sign-ins from a configured level of risk on.

use std::sync::atomic::Ordering;

use countersign_core::{Level, Micros, SubjectId, Timestamp, Trigger};
use countersign_detect::{DAY, HOUR};
use countersign_store::{DecisionRow, InquiryFilter, InquiryState, Standing};

use super::{
    Settings,
    ask::{New, RISK, body},
};
use crate::{App, Error, Lead, Tenant};

/// What happened longer ago is not asked about: whoever is asked has to remember.
const FRESH: Micros = HOUR;

/// Questions to one person that are looked at.
const MOST: u32 = 50;

impl App {
    /// Asks about the sign-ins of high risk that came since the last turn: once for each, at most one open question to a person and with a
    /// pause between two. How many.
    ///
    /// # Errors
    /// `Unavailable`; the next turn takes them up.
    pub async fn ask_doubtful(&self, tenant: &Tenant, _: &Lead) -> Result<usize, Error> {
        let Ok(settings) = tenant.inquiry_settings() else { return Ok(0) };
        let Some(least) = settings.ask_from else { return Ok(0) };
        let levels: Vec<Level> = Level::ALL.iter().copied().filter(|level| *level >= least).collect();
        let mut asked = 0;
        let (rows, until) = self.decisions_anew(tenant, levels, &tenant.doubted).await?;
        for row in rows {
            match self.ask_about(tenant, settings, &row).await {
                Ok(is_asked) => asked += usize::from(is_asked),
                Err(error @ Error::Unavailable { .. }) => return Err(error),
                // Why on: one sign-in whose record can't be read keeps nobody else from being asked.
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant.id, decision.id = %row.decision.id, code = error.code(), "nobody could be asked about a sign-in");
                }
            }
            tenant.doubted.fetch_max(row.leaf_index.saturating_add(1), Ordering::Relaxed);
        }
        tenant.doubted.fetch_max(until, Ordering::Relaxed);
        Ok(asked)
    }

    async fn ask_about(
        &self,
        tenant: &Tenant,
        settings: &Settings,
        row: &DecisionRow,
    ) -> Result<bool, Error> {
        let now = self.ports.clock.now();
        let is_judged = matches!(row.standing, Standing::Legitimate | Standing::Fraudulent);
        let is_old = now.since(row.decision.at) > FRESH;
        if row.decision.trigger != Trigger::PostLogin || is_judged || is_old {
            return Ok(false);
        }
        let Some(subject) = row.subject.clone() else { return Ok(false) };
        if self.was_asked(tenant, settings, &subject, now).await? {
            return Ok(false);
        }
        let record = match self.open_record(tenant, row).await {
            Ok(record) => record,
            // Why no error: there is nobody to ask any more.
            Err(Error::Erased | Error::NotKept) => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(body) = body(&record) else { return Ok(false) };
        let new = New { decision: row.decision.id.clone(), subject, body, origin: RISK };
        match self.add_inquiry(tenant, new, None).await {
            Ok(row) => Ok(row.is_some()),
            Err(Error::Erased) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a person has an open question, was asked within the pause, or as often today as they may be.
    async fn was_asked(
        &self,
        tenant: &Tenant,
        settings: &Settings,
        subject: &SubjectId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let since = now.plus(-settings.pause.max(settings.wait).max(DAY));
        let filter = InquiryFilter::Subject(subject.clone(), since);
        let rows = self.ports.store.list_inquiries(&tenant.id, filter, MOST).await?;
        let is_open = |state| matches!(state, InquiryState::Waiting | InquiryState::Sent);
        let within = |time: Micros| rows.iter().filter(move |row| now.since(row.made) < time);
        Ok(rows.iter().any(|row| is_open(row.state) && now < row.expires)
            || within(settings.pause).next().is_some()
            || within(DAY).count() >= usize::try_from(settings.per_day).unwrap_or(usize::MAX))
    }
}
