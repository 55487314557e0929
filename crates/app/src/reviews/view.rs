//! Reviews as people see them: the person by alias, and what people wrote left out, until somebody opens it.

use countersign_core::{DecisionId, Level, Timestamp, Trigger};
use countersign_store::{DecisionRow, ReviewFilter, ReviewRow, Scope};
use serde::Serialize;

use super::ReviewBody;
use crate::{
    App, Error, Tenant,
    access::Permit,
    acts::RemarkShown,
    reveal::{Asked, MASKED_TEXT},
};

/// A review without what was written about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewHead {
    /// Its id.
    pub id: String,
    /// Counts changes.
    pub version: u64,
    /// The decision.
    pub decision: String,
    /// What put it there: `risk` or `person`.
    pub origin: String,
    /// Whose queue it stands in.
    pub audience: String,
    /// How much it presses: 0 least, 3 most.
    pub priority: u8,
    /// `open` or `closed`.
    pub status: String,
    /// What somebody said of it: `legitimate` or `fraudulent`.
    pub verdict: Option<String>,
    /// Who put it there: a principal's id.
    pub opener: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// When it was put there.
    pub opened: Timestamp,
    /// When somebody should have looked at it.
    pub due: Timestamp,
    /// When that was over, and told.
    pub escalated: Option<Timestamp>,
    /// When somebody said what it is.
    pub closed: Option<Timestamp>,
    /// The plan that marks the user.
    pub mark: Option<String>,
    /// The plan that takes the mark back.
    pub clearing: Option<String>,
}

impl From<ReviewRow> for ReviewHead {
    fn from(row: ReviewRow) -> Self {
        let ReviewRow {
            id,
            version,
            decision,
            origin,
            audience,
            priority,
            status,
            verdict,
            opener,
            assignee,
            opened,
            due,
            escalated,
            closed,
            mark,
            clearing,
            is_settled: _,
            key_id: _,
            sealed: _,
        } = row;
        Self {
            id,
            version,
            decision,
            origin,
            audience,
            priority,
            status,
            verdict,
            opener,
            assignee,
            opened,
            due,
            escalated,
            closed,
            mark,
            clearing,
        }
    }
}

/// A review in a list, with what is public of its decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewListed {
    /// Its head.
    #[serde(flatten)]
    pub review: ReviewHead,
    /// When it was decided; `None` where the decision is not kept.
    pub decided: Option<Timestamp>,
    /// The level.
    pub level: Option<Level>,
    /// What asked.
    pub trigger: Option<Trigger>,
    /// Who goes by it; `None` where nobody is known, or was erased.
    pub alias: Option<String>,
}

/// A review whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewShown {
    /// As it is listed.
    #[serde(flatten)]
    pub listed: ReviewListed,
    /// Why somebody put it there.
    pub because: Option<String>,
    /// Why it is what somebody said, and who that was.
    pub closing: Option<String>,
    /// Who said what it is.
    pub closed_by: Option<String>,
    /// What was written about it.
    pub remarks: Vec<RemarkShown>,
}

impl App {
    /// Reviews, the newest first; they name nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn reviews(
        &self,
        tenant: &Tenant,
        filter: ReviewFilter,
        limit: u32,
    ) -> Result<Vec<ReviewListed>, Error> {
        let mut listed = Vec::new();
        for row in self.ports.store.list_reviews(&tenant.id, filter, limit).await? {
            listed.push(self.listed_review(tenant, row).await?);
        }
        Ok(listed)
    }

    /// A review, what was written about it masked.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `Unavailable`.
    pub async fn review(&self, tenant: &Tenant, id: &str) -> Result<ReviewShown, Error> {
        let row = self.get_review(tenant, id).await?;
        self.shown_review(tenant, row, false).await
    }

    /// Opens what was written about a review (`texts`), once the ledger was told; the id of that leaf, and the review with it.
    ///
    /// # Errors
    /// `Reason`; `Fields` for other parts; `NotFound`, `Erased`, `Actor`, `Unavailable`.
    pub async fn reveal_review(
        &self,
        permit: &Permit,
        id: &str,
        asked: Asked<'_>,
    ) -> Result<(String, ReviewShown), Error> {
        if asked.fields != ["texts"] {
            return Err(Error::Fields);
        }
        let row = self.get_review(permit, id).await?;
        let key = self.key_named(permit, &row.key_id).await?.ok_or(Error::Erased)?;
        let shown = self.shown_review(permit, row, true).await?;
        let record =
            self.record_parts(permit, &key, ("review", id, "texts".to_owned()), asked.reason).await?;
        Ok((record, shown))
    }

    async fn shown_review(
        &self,
        tenant: &Tenant,
        row: ReviewRow,
        are_open: bool,
    ) -> Result<ReviewShown, Error> {
        let body: ReviewBody = self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await?;
        let remarks = self.remarks(tenant, &row.id, are_open).await?;
        let text = |text: String| if are_open { text } else { MASKED_TEXT.to_owned() };
        let (closing, closed_by) = body.closing.map(|closing| (text(closing.reason), closing.by)).unzip();
        let because = body.because.map(text);
        Ok(ReviewShown {
            listed: self.listed_review(tenant, row).await?,
            because,
            closing,
            closed_by,
            remarks,
        })
    }

    async fn listed_review(&self, tenant: &Tenant, row: ReviewRow) -> Result<ReviewListed, Error> {
        let id: DecisionId = row.decision.parse().map_err(Error::internal)?;
        let found = self.ports.store.find_decision(Scope::Tenant(&tenant.id), &id).await?;
        let alias = |row: &DecisionRow| {
            row.subject.as_ref().map(|subject| Self::inner_aliases(tenant).of(subject).to_string())
        };
        Ok(ReviewListed {
            review: ReviewHead::from(row),
            decided: found.as_ref().map(|row| row.decision.at),
            level: found.as_ref().map(|row| row.decision.level),
            trigger: found.as_ref().map(|row| row.decision.trigger),
            alias: found.as_ref().and_then(alias),
        })
    }
}
