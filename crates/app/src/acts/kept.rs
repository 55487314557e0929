//! A plan as it is kept: its text sealed, where it stands folded from its reviews.

use std::{collections::BTreeSet, sync::Arc};

use countersign_auth0::management::UserId;
use countersign_core::Timestamp;
use countersign_ledger::Hash;
use countersign_plan::{
    change::{ChangePlan, Order},
    gate::Reason,
    review::{Act, PlanState, review},
};
use countersign_store::{PlanReviewRow, PlanRow};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Tenant, subjects::PersonKey};

/// The most reviews of one plan: far above what its states allow.
const REVIEWS: u32 = 10_000;

/// How often a plan is read at the most while somebody acts on it.
const TRIES: u32 = 3;

/// What is sealed of a plan.
#[derive(Serialize, Deserialize)]
pub(super) struct PlanBody {
    pub(super) plan: ChangePlan,
    /// Where it stood at first.
    pub(super) state: PlanState,
    /// Why it goes no further by itself.
    pub(super) reasons: Vec<Reason>,
    /// What it was made from, so that a fresh one can be made; not of what takes a run back.
    pub(super) order: Option<Order>,
    /// Once somebody was erased out of it: the hash of what is left, which a leaf names beside the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redacted: Option<String>,
}

/// What is sealed of a review.
#[derive(Serialize, Deserialize)]
pub(super) struct ReviewBody {
    pub(super) act: Act,
    /// By whom, in words for people.
    pub(super) by: String,
}

/// A plan, and where it stands.
pub(super) struct KeptPlan {
    pub(super) row: PlanRow,
    pub(super) body: PlanBody,
    pub(super) state: PlanState,
    pub(super) reviews: Vec<(PlanReviewRow, ReviewBody)>,
}

impl KeptPlan {
    pub(super) const fn plan(&self) -> &ChangePlan {
        &self.body.plan
    }
}

/// The row's version at a state's: the first row has version 1.
pub(super) const fn row_version(state: &PlanState) -> u64 {
    state.version.saturating_add(1)
}

/// The hash of a plan, in bytes.
pub(super) fn hash_of(state: &PlanState) -> Result<Hash, Error> {
    let digits = state.hash.as_bytes();
    let mut bytes = [0_u8; 32];
    let is_whole = digits.len() == 64
        && bytes.iter_mut().zip(digits.chunks_exact(2)).all(|(byte, pair)| {
            let read = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
            read.map(|read| *byte = read).is_some()
        });
    if is_whole { Ok(Hash::new(bytes)) } else { Err(Error::internal("a plan's hash is no hash")) }
}

/// A plan's hash as people see it.
pub(super) fn hash_text(hash: &Hash) -> String {
    hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl App {
    /// The key under which a plan is sealed: the person's where it is about one alone, else that of the day on which it was made.
    pub(super) async fn plan_key(&self, tenant: &Tenant, plan: &ChangePlan) -> Result<Arc<PersonKey>, Error> {
        let mut users: BTreeSet<&str> =
            plan.steps.iter().flat_map(|step| &step.scope.users).map(UserId::as_str).collect();
        let is_bare = plan.steps.iter().all(|step| !step.scope.users.is_empty());
        let subject = match users.pop_first() {
            Some(user) if users.is_empty() && is_bare => tenant.keys.subject(user),
            _ => tenant.keys.log_day(plan.made_at.days()),
        };
        self.get_key(tenant, &subject, None).await
    }

    /// The key of a plan that is kept; `Erased` where it is gone.
    pub(super) async fn key_of_plan(&self, tenant: &Tenant, row: &PlanRow) -> Result<Arc<PersonKey>, Error> {
        let subject = self.ports.store.find_subject_of_key(&tenant.id, &row.key_id).await?;
        let subject = subject.ok_or(Error::Erased)?;
        self.find_key(tenant, &subject).await?.filter(|key| key.id == row.key_id).ok_or(Error::Erased)
    }

    /// A plan and where it stands.
    pub(super) async fn open_plan(&self, tenant: &Tenant, id: &str) -> Result<KeptPlan, Error> {
        let mut tries = TRIES;
        loop {
            let row = self.ports.store.find_plan(&tenant.id, id).await?.ok_or(Error::NotFound("plan"))?;
            tries -= 1;
            match self.open_plan_row(tenant, row).await {
                // Why: somebody acted between the two reads.
                Err(Error::Stale) if tries > 0 => {}
                opened => return opened,
            }
        }
    }

    /// Seals what a plan says: a long one in pieces, since a body has a bound, each bound to its place and to how many there are.
    pub(super) fn seal_plan(
        &self,
        tenant: &Tenant,
        key: &PersonKey,
        (id, body): (&str, &PlanBody),
    ) -> Result<Vec<u8>, Error> {
        let text = serde_json::to_string(body).map_err(Error::internal)?;
        let pieces = pieces(&text);
        let mut sealed = length(pieces.len())?.to_vec();
        for (number, piece) in pieces.iter().enumerate() {
            let piece = self.seal(tenant, key, &piece_context(id, number, pieces.len()), piece)?;
            sealed.extend(length(piece.len())?);
            sealed.extend(piece);
        }
        Ok(sealed)
    }

    pub(super) async fn open_plan_body(
        &self,
        tenant: &Tenant,
        (id, key_id): (&str, &str),
        sealed: &[u8],
    ) -> Result<PlanBody, Error> {
        let broken = || Error::internal("a plan is not as it was kept");
        let (count, mut rest) = take_length(sealed).ok_or_else(broken)?;
        let mut text = String::new();
        for number in 0..count {
            let (length, after) = take_length(rest).ok_or_else(broken)?;
            let (piece, after) = after.split_at_checked(length).ok_or_else(broken)?;
            let context = piece_context(id, number, count);
            let piece: String = self.open_sealed(tenant, &context, (key_id, piece)).await?;
            text.push_str(&piece);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(broken());
        }
        serde_json::from_str(&text).map_err(Error::internal)
    }

    pub(super) async fn open_plan_row(&self, tenant: &Tenant, mut row: PlanRow) -> Result<KeptPlan, Error> {
        // Why taken: what a plan says never changes, and a long one would be copied with each change of where it stands.
        let sealed = std::mem::take(&mut row.sealed);
        let body = self.open_plan_body(tenant, (&row.id, &row.key_id), &sealed).await?;
        let whole = body.redacted.as_ref().unwrap_or(&body.state.hash);
        if body.plan.hash() != *whole || hash_of(&body.state)? != row.hash {
            return Err(Error::internal("a plan is not the one that its hash names"));
        }
        let mut state = body.state.clone();
        let mut reviews = Vec::new();
        for said in self.ports.store.list_plan_reviews(&tenant.id, &row.id, REVIEWS).await? {
            let told: ReviewBody =
                self.open_sealed(tenant, &review_context(&said), (&said.key_id, &said.sealed)).await?;
            state = review(&state, &told.act, said.at).map_err(Error::internal)?;
            reviews.push((said, told));
        }
        // Why: a row that was read between two commits would be shown with another's reviews.
        if row.version != row_version(&state) || row.state != state.status.as_str() {
            return Err(Error::Stale);
        }
        Ok(KeptPlan { row, body, state, reviews })
    }
}

/// The longest piece of a plan, in bytes: as a JSON text at most twice as long, and then below the bound of a sealed body.
const PIECE: usize = 400 * 1024;

/// A text in pieces, none of them empty but that of an empty text.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > PIECE {
        let mut at = PIECE;
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn length(length: usize) -> Result<[u8; 4], Error> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(Error::internal)
}

fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*length)).ok()?, rest))
}

/// What the seal of a plan's piece is bound to.
fn piece_context(plan: &str, number: usize, count: usize) -> String {
    format!("{plan}/piece/{number}/{count}")
}

/// What a review's seal is bound to.
pub(super) fn review_context(row: &PlanReviewRow) -> String {
    format!("{}/{}", row.plan, row.version)
}

/// What a step's seal is bound to.
pub(super) fn step_context(plan: &str, step: usize) -> String {
    format!("{plan}/step/{step}")
}

/// Whose queue a plan stands in, where nobody says.
pub(super) const AUDIENCE: &str = "security";

/// When somebody should have looked at a plan: at half of its time.
pub(super) fn due(made: Timestamp, begin_by: Timestamp) -> Timestamp {
    made.plus(begin_by.since(made) / 2)
}
