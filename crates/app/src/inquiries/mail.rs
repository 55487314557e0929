//! Mailing questions, and closing those that nobody answered.

use countersign_auth0::management::{
    UserId,
    users::{self, User},
};
use countersign_core::{IdKind, Micros};
use countersign_detect::{DAY, MINUTE};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, Write};
use serde_json::json;

use super::{Body, ask::PERSON, code};
use crate::{
    App, Error, Lead, Tenant,
    decide::is_contained,
    hooks::{HookError, Message},
    leaves::Draft,
    management::{Error as ApiError, Lane},
};

/// The most questions of one turn.
const BATCH: u32 = 16;

/// After so many attempts it is given up.
const LAST_ATTEMPT: u32 = 6;

/// Between two attempts, and twice as long each time.
const PAUSE: Micros = MINUTE;

/// How long questions are kept.
const KEPT: Micros = 90 * DAY;

/// What an attempt to mail came to.
enum Mailed {
    Sent,
    /// It can't reach the person, now or ever.
    Never,
    /// The account was contained before: its holder may be whoever took it.
    Contained,
    Later,
}

/// A user whom a mail may reach.
struct Reached {
    /// The address that the tenant has proved.
    address: Option<String>,
    /// Whether the account is blocked, or marked as contained.
    is_contained: bool,
}

impl App {
    /// Mails what is due, and says of what was not answered in time that there was no answer. Returns how many moved on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn mind_inquiries(&self, tenant: &Tenant, lead: &Lead) -> Result<usize, Error> {
        if !tenant.asks_people() {
            return Ok(0);
        }
        let (mut moved, now) = (0, self.ports.clock.now());
        for row in self.ports.store.list_inquiries(&tenant.id, InquiryFilter::Over(now), BATCH).await? {
            // Why: whoever was not asked in all that time did not fail to answer.
            let state = match row.state {
                InquiryState::Waiting => InquiryState::Unreachable,
                _ => InquiryState::NoAnswer,
            };
            moved += usize::from(self.move_inquiry(tenant, lead, (&row, state)).await?);
        }
        for row in self.ports.store.list_inquiries(&tenant.id, InquiryFilter::ToFollow(now), BATCH).await? {
            moved += usize::from(self.follow(tenant, &row).await?);
        }
        for row in self.ports.store.list_inquiries(&tenant.id, InquiryFilter::Due(now), BATCH).await? {
            let state = match self.mail_one(tenant, &row).await? {
                Mailed::Sent => InquiryState::Sent,
                Mailed::Contained => InquiryState::Withheld,
                Mailed::Later if row.attempts + 1 < LAST_ATTEMPT => InquiryState::Waiting,
                Mailed::Later | Mailed::Never => InquiryState::Unreachable,
            };
            moved += usize::from(self.move_inquiry(tenant, lead, (&row, state)).await?);
        }
        Ok(moved)
    }

    /// Forgets questions that are old.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_inquiries(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        let before = self.ports.clock.now().plus(-KEPT);
        let writes = vec![Write::Inquiry(InquiryWrite::Prune { before })];
        let commit = Commit { fence: lead.fence(), writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) | Err(StoreError::Fenced) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it moved; another process, or the person, may have moved it meanwhile.
    async fn move_inquiry(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (row, state): (&InquiryRow, InquiryState),
    ) -> Result<bool, Error> {
        let now = self.ports.clock.now();
        let leads_to_plan = tenant.inquiry_settings()?.is_followed(state);
        let pause = if leads_to_plan { 0 } else { PAUSE.saturating_mul(1_i64 << row.attempts.min(16)) };
        let write = InquiryWrite::Move {
            id: row.id.clone(),
            expected: (row.state, row.attempts),
            state,
            next: now.plus(pause),
            answered: None,
            leads_to_plan,
        };
        let record = self.make_id(IdKind::Record)?;
        let leaf = (state != InquiryState::Waiting)
            .then(|| Self::public_leaf(tenant, draft(&record, (row, state), now)))
            .transpose()?;
        let commit = Commit {
            fence: lead.fence(),
            leaves: leaf.into_iter().collect(),
            writes: vec![Write::Inquiry(write)],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale | StoreError::Fenced) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn mail_one(&self, tenant: &Tenant, row: &InquiryRow) -> Result<Mailed, Error> {
        let settings = tenant.inquiry_settings()?;
        let Some(hook) = tenant.hooks.iter().find(|hook| hook.name == settings.mail) else {
            return Ok(Mailed::Never);
        };
        let body: Body = match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
            Ok(body) => body,
            Err(Error::Erased | Error::Internal { .. }) => return Ok(Mailed::Never),
            Err(error) => return Err(error),
        };
        let address = match self.whom_it_reaches(tenant, &body.user).await {
            // Why not where a person asks: they may have reasons to, and know what they do.
            Ok(Some(Reached { is_contained: true, .. })) if row.origin != PERSON => {
                return Ok(Mailed::Contained);
            }
            Ok(Some(Reached { address: Some(address), .. })) => address,
            Ok(_) => return Ok(Mailed::Never),
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id, inquiry.id = row.id, %error, "whom to ask could not be read");
                return Ok(Mailed::Later);
            }
        };
        let at = self.ports.clock.now();
        let code = code(tenant, (&row.id, row.decision.as_str()), row.expires);
        let letter = json!({
            "type": "person.inquiry",
            "timestamp": at,
            "data": {
                "tenant": tenant.id.as_str(),
                "time": body.at,
                "place": body.place,
                "device": body.device,
                "path": format!("/was-this-you/{}/{}/{code}", tenant.id, row.id),
            },
        })
        .to_string();
        let message = Message { id: &row.id, about: &row.id, at, body: letter.as_bytes(), place: None };
        Ok(match hook.sender.send_to(&address, message).await {
            Ok(_) => Mailed::Sent,
            Err(HookError::Refused(why)) => {
                tracing::warn!(tenant.id = %tenant.id, inquiry.id = row.id, why, "a person could not be asked");
                Mailed::Later
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id, inquiry.id = row.id, %error, "a person could not be asked yet");
                Mailed::Later
            }
        })
    }

    /// What the tenant says of a user now; `None` where there is none.
    async fn whom_it_reaches(&self, tenant: &Tenant, user: &str) -> Result<Option<Reached>, ApiError> {
        let (Ok(hands), Ok(id)) = (tenant.hands(), user.parse::<UserId>()) else { return Ok(None) };
        let reply = match hands.port.api().fetch(users::get(&id).any(), Lane::Bulk).await {
            Ok(reply) => reply,
            Err(ApiError::Refused { refusal, .. }) if refusal.status == 404 => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(user) = reply.read::<User>() else { return Ok(None) };
        let is_proved = user.email_verified.as_option() == Some(&true);
        Ok(Some(Reached {
            address: user.email.as_option().filter(|_| is_proved).cloned(),
            is_contained: user.blocked.as_option() == Some(&true) || is_contained(&user.app_metadata),
        }))
    }
}

/// The leaf of a step of a question: no person, no address.
pub(super) fn draft<'a>(
    record: &'a str,
    (row, state): (&InquiryRow, InquiryState),
    at: countersign_core::Timestamp,
) -> Draft<'a> {
    Draft::new(record, at, Kind::Outcome)
        .fact("outcome", &format!("inquiry_{}", state.as_str()))
        .fact("inquiry", &row.id)
        .fact("decision", &row.decision)
}
