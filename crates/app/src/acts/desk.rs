//! In whose hands plans are, and what people write about them.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, DeskChange, PlanWrite, RemarkRow, ReviewWrite, StoreError, Write};
use serde::{Deserialize, Serialize};

use super::{PlanHead, RemarkShown};
use crate::{
    App, Error, Tenant, access::Permit, leaves::Draft, reveal::MASKED_TEXT, subjects::PersonKey, writes::told,
};

/// The longest remark, in bytes.
pub const MAX_REMARK_BYTES: usize = 4_000;

/// The most remarks about one plan or review.
const MAX_REMARKS: u32 = 500;

/// The longest name of who looks at something, in bytes.
pub(crate) const MAX_ASSIGNEE_BYTES: usize = 200;

/// The most that something presses.
pub const MOST_PRIORITY: u8 = 3;

/// What is sealed of a remark.
#[derive(Serialize, Deserialize)]
struct RemarkBody {
    by: String,
    text: String,
}

/// What somebody changes of in whose hands something is; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handing {
    /// Who looks at it; `Some(None)`: nobody.
    pub assignee: Option<Option<String>>,
    /// Whose queue it stands in.
    pub audience: Option<String>,
    /// How much it presses: 0 to 3.
    pub priority: Option<u8>,
}

impl Handing {
    /// Whether it is one that can be.
    pub(crate) fn checked(self) -> Result<DeskChange, Error> {
        let Self { assignee, audience, priority } = self;
        let is_name = |name: &str| {
            !name.trim().is_empty() && name.len() <= MAX_ASSIGNEE_BYTES && !name.chars().any(char::is_control)
        };
        if assignee.iter().flatten().any(|name| !is_name(name)) {
            return Err(Error::Text("assignee", MAX_ASSIGNEE_BYTES));
        }
        if audience.as_ref().is_some_and(|word| !is_audience(word)) {
            return Err(Error::Audience);
        }
        if priority.is_some_and(|priority| priority > MOST_PRIORITY) {
            return Err(Error::Priority);
        }
        Ok(DeskChange { assignee, audience, priority, due: None })
    }
}

/// Whether a text may name a queue: a word of the operator's own.
pub(crate) fn is_audience(word: &str) -> bool {
    let is_of_words = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=40).contains(&word.len()) && word.bytes().all(is_of_words)
}

impl App {
    /// Gives a plan into other hands.
    ///
    /// # Errors
    /// `Text`, `Audience` or `Priority` for what can't be; `NotFound`, `Unavailable`.
    pub async fn hand_plan(&self, permit: &Permit, id: &str, handing: Handing) -> Result<PlanHead, Error> {
        let change = handing.checked()?;
        let row = self.ports.store.find_plan(&permit.id, id).await?.ok_or(Error::NotFound("plan"))?;
        let record = self.make_id(IdKind::Record)?;
        let mut draft = Draft::new(&record, self.ports.clock.now(), Kind::Plan)
            .fact("change", &"handed")
            .fact("plan", &row.id)
            .fact("principal", &permit.caller().id());
        draft = facts(draft, &change);
        let commit = Commit {
            leaves: vec![Self::public_leaf(permit, draft)?],
            writes: vec![Write::Plan(PlanWrite::Desk { plan: row.id.clone(), change: change.clone() })],
            ..Commit::background(permit.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => {}
            Err(StoreError::Stale) => return Err(Error::NotFound("plan")),
            Err(error) => return Err(error.into()),
        }
        let head = PlanHead::from(row);
        Ok(PlanHead {
            audience: change.audience.unwrap_or(head.audience),
            priority: change.priority.unwrap_or(head.priority),
            assignee: change.assignee.unwrap_or(head.assignee),
            ..head
        })
    }

    /// Writes something about a plan; the id of the leaf that says so.
    ///
    /// # Errors
    /// `Text` for one that is empty or too long; `TooMany`, `NotFound`, `Erased`, `Unavailable`.
    pub async fn remark_plan(
        &self,
        permit: &Permit,
        id: &str,
        (by, text): (&str, &str),
    ) -> Result<String, Error> {
        let row = self.ports.store.find_plan(&permit.id, id).await?.ok_or(Error::NotFound("plan"))?;
        let key = self.key_of_plan(permit, &row).await?;
        self.remark(permit, (&row.id, &key), (by, text)).await
    }

    /// Keeps what somebody wrote about a plan or a review.
    pub(crate) async fn remark(
        &self,
        permit: &Permit,
        (about, key): (&str, &PersonKey),
        (by, text): (&str, &str),
    ) -> Result<String, Error> {
        if text.trim().is_empty() || text.len() > MAX_REMARK_BYTES {
            return Err(Error::Text("text", MAX_REMARK_BYTES));
        }
        let store = &self.ports.store;
        let count = store.list_remarks(&permit.id, about, MAX_REMARKS).await?.len();
        if u32::try_from(count).is_ok_and(|count| count >= MAX_REMARKS) {
            return Err(Error::TooMany("comments", MAX_REMARKS));
        }
        let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let body = RemarkBody { by: told(by), text: text.to_owned() };
        let row = RemarkRow {
            about: about.to_owned(),
            id: id.clone(),
            principal: permit.caller().id().to_owned(),
            at,
            key_id: key.id.clone(),
            sealed: self.seal(permit, key, &remark_context(about, &id), &body)?,
        };
        let draft = Draft::new(&id, at, Kind::Plan)
            .fact("change", &"remarked")
            .fact("about", &about)
            .fact("principal", &permit.caller().id());
        let commit = Commit {
            leaves: vec![Self::public_leaf(permit, draft)?],
            writes: vec![Write::Review(ReviewWrite::Remark(row))],
            ..Commit::background(permit.id.clone())
        };
        store.commit(commit).await?;
        Ok(id)
    }

    /// What was written about a plan or a review, in its order; masked unless somebody opened it.
    pub(crate) async fn remarks(
        &self,
        tenant: &Tenant,
        about: &str,
        are_open: bool,
    ) -> Result<Vec<RemarkShown>, Error> {
        let mut shown = Vec::new();
        for row in self.ports.store.list_remarks(&tenant.id, about, MAX_REMARKS).await? {
            let context = remark_context(about, &row.id);
            let body: RemarkBody = self.open_sealed(tenant, &context, (&row.key_id, &row.sealed)).await?;
            let text = if are_open { body.text } else { MASKED_TEXT.to_owned() };
            shown.push(RemarkShown { id: row.id, by: body.by, text, at: row.at });
        }
        Ok(shown)
    }
}

/// What a leaf tells of other hands: no name.
pub(crate) fn facts<'a>(draft: Draft<'a>, change: &DeskChange) -> Draft<'a> {
    let mut draft = draft;
    if let Some(assignee) = &change.assignee {
        draft = draft.fact("is_assigned", &assignee.is_some());
    }
    if let Some(audience) = &change.audience {
        draft = draft.fact("audience", audience);
    }
    if let Some(priority) = &change.priority {
        draft = draft.fact("priority", priority);
    }
    draft
}

fn remark_context(about: &str, id: &str) -> String {
    format!("{about}/remark/{id}")
}
