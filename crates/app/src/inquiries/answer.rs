//! The page behind a link, and the one answer.

use countersign_core::{IdKind, Timestamp};
use countersign_store::{Commit, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, Write};

use super::{Body, code, form, is_same, mail::draft};
use crate::{App, Error, Tenant};

/// What the page says: no more than the person knows already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// When it was.
    pub at: Timestamp,
    /// Near which city.
    pub place: Option<String>,
    /// With what.
    pub device: Option<String>,
    /// What the form has to say.
    pub form: String,
}

impl App {
    /// What the page behind a link says. Looking changes nothing.
    ///
    /// # Errors
    /// `NotFound` for a link that is none of ours, was answered, or is over, without saying which; `Unavailable`.
    pub async fn inquiry_page(&self, tenant: &Tenant, link: (&str, &str)) -> Result<Page, Error> {
        let (row, Body { at, place, device, .. }) = self.open_inquiry(tenant, link).await?;
        Ok(Page { at, place, device, form: form(tenant, &row) })
    }

    /// Takes the one answer.
    ///
    /// # Errors
    /// As `inquiry_page`, and `NotFound` where the form's own code is not the page's.
    pub async fn answer_inquiry(
        &self,
        tenant: &Tenant,
        link: (&str, &str),
        (given, is_they): (&str, bool),
    ) -> Result<(), Error> {
        let (row, _) = self.open_inquiry(tenant, link).await?;
        if !is_same(given, &form(tenant, &row)) {
            return Err(Error::NotFound("question"));
        }
        let state = if is_they { InquiryState::Yes } else { InquiryState::No };
        // Why first: of two answers at once one is kept, and what follows is that one's.
        let is_followed = self.keep_answer(tenant, &row, state).await?;
        if is_followed {
            self.follow_answer(tenant, &row.id).await;
        }
        Ok(())
    }

    /// Keeps the answer; whether something follows of it, which is kept with it.
    async fn keep_answer(
        &self,
        tenant: &Tenant,
        row: &InquiryRow,
        state: InquiryState,
    ) -> Result<bool, Error> {
        let leads_to_plan = tenant.inquiry_settings()?.is_followed(state);
        let (now, record) = (self.ports.clock.now(), self.make_id(IdKind::Record)?);
        let write = InquiryWrite::Move {
            id: row.id.clone(),
            expected: (row.state, row.attempts),
            state,
            next: now,
            answered: Some(now),
            leads_to_plan,
        };
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft(&record, (row, state), now))?],
            writes: vec![Write::Inquiry(write)],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(leads_to_plan),
            Err(StoreError::Stale) => Err(Error::NotFound("question")),
            Err(error) => Err(error.into()),
        }
    }

    /// The question behind a link that can be answered now.
    async fn open_inquiry(
        &self,
        tenant: &Tenant,
        (id, given): (&str, &str),
    ) -> Result<(InquiryRow, Body), Error> {
        const NONE: Error = Error::NotFound("question");
        let filter = InquiryFilter::Id(id.to_owned());
        let row = self.ports.store.list_inquiries(&tenant.id, filter, 1).await?.pop().ok_or(NONE)?;
        let is_kept = countersign_privacy::Token::received(given).is_some_and(|given| given.is(&row.token));
        // Why both: what is kept could be changed by whoever reaches the database, and the MAC could not.
        let is_ours = is_same(given, &code(tenant, (&row.id, row.decision.as_str()), row.expires));
        let is_open = matches!(row.state, InquiryState::Waiting | InquiryState::Sent);
        if !(is_kept && is_ours && is_open && self.ports.clock.now() < row.expires) {
            return Err(NONE);
        }
        match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
            Ok(body) => Ok((row, body)),
            Err(Error::Erased) => Err(NONE),
            Err(error) => Err(error),
        }
    }
}
