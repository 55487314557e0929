//! User risk: what is held against a person, who looks at it, and who takes it back (docs/operations.md, "User risk").

use countersign_core::{IdKind, Level, Score, SubjectId, Timestamp};
use countersign_detect::incident::{Disposition, Incident};
use countersign_ledger::leaf::Kind;
use countersign_risk::{Profile, UserRisk, UserSignalAt, UserSignalKind};
use countersign_store::{Commit, StoreError, Write};
use serde::{Deserialize, Serialize};

use crate::{
    App, Error, Tenant,
    access::Permit,
    decide::{Asked, Gathered, Who},
    incidents::{MAX_ACTOR_BYTES, MAX_REASON_BYTES, Why, check},
    leaves::Draft,
    outcomes::Outcome,
};

/// How often a mark is made anew while outcomes change the profile.
const TRIES: u32 = 8;

/// People of one incident who are looked after at the most; more are a crowd, and its victims are not each compromised.
const MOST_PEOPLE: usize = 50;

/// What is held against a person at the time of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserRiskView {
    /// Who, by their pseudonym.
    pub subject: SubjectId,
    /// What stands for them on pages and in incidents.
    pub alias: String,
    /// `low`, `medium` or `high`.
    pub level: Level,
    /// 0 to 1.
    pub score: Score,
    /// When the oldest signal that still counts was confirmed; `None` where none does.
    pub since: Option<Timestamp>,
    /// The signals that still count, the oldest first; at most eight.
    pub signals: Vec<UserSignalAt>,
}

/// What an operator says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing is held against them any more, the sign-up of the account neither.
    Safe,
    /// Somebody else has the account.
    Compromised,
}

impl Mark {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Compromised => "compromised",
        }
    }
}

/// Who marks a person, and why.
#[derive(Debug, Clone, Copy)]
pub struct MarkedBy<'a> {
    /// Who; a name or address of somebody on the operator's side, 1 to 200 bytes.
    pub actor: &'a str,
    /// Why, 1 to 1,000 bytes; sealed under the person's key.
    pub reason: &'a str,
}

impl App {
    /// What is held against a person now; nothing against one who is not known.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn user_risk(&self, tenant: &Tenant, subject: &SubjectId) -> Result<UserRiskView, Error> {
        let risk = self.find_user_risk(tenant, subject).await?;
        Ok(view(tenant, subject, &risk, self.ports.clock.now()))
    }

    /// Marks a person as safe or as compromised: a leaf with its reason sealed, in the transaction that does it.
    ///
    /// # Errors
    /// `Text` for the actor or the reason; `NotFound` for the mark `safe` of somebody who is not known; `Unavailable`.
    pub async fn mark_user(
        &self,
        permit: &Permit,
        subject: &SubjectId,
        mark: Mark,
        by: MarkedBy<'_>,
    ) -> Result<UserRiskView, Error> {
        let tenant: &Tenant = permit;
        check("actor", by.actor, MAX_ACTOR_BYTES)?;
        check("reason", by.reason, MAX_REASON_BYTES)?;
        let _turn = self.turns.wait(subject).await;
        for _ in 0..TRIES {
            let key = match mark {
                Mark::Safe => self.find_key(tenant, subject).await?.ok_or(Error::NotFound("user"))?,
                Mark::Compromised => self.get_key(tenant, subject, None).await?,
            };
            let at = self.ports.clock.now();
            let mut fold = self.begin_fold(tenant, key).await?;
            fold.mark(mark);
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, at, Kind::Administration)
                .fact("change", &"user_marked")
                .fact("mark", &mark.as_str())
                .by(permit.caller());
            let why = serde_json::to_vec(&Why::new(by.actor, by.reason)).map_err(Error::internal)?;
            let leaf = self.personal_leaf(tenant, draft, &fold.key, &why)?;
            let risk = fold.user_risk().clone();
            let writes = self.end_fold(tenant, fold, at)?;
            let commit = Commit { leaves: vec![leaf], writes, ..Commit::background(tenant.id.clone()) };
            match self.ports.store.commit(commit).await {
                Ok(_) => return Ok(view(tenant, subject, &risk, at)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable { detail: "the profile kept changing".to_owned() })
    }

    /// Whether anything was confirmed about a person.
    pub(crate) async fn is_held(&self, tenant: &Tenant, subject: &SubjectId) -> Result<bool, Error> {
        Ok(!self.find_user_risk(tenant, subject).await?.is_empty())
    }

    async fn find_user_risk(&self, tenant: &Tenant, subject: &SubjectId) -> Result<UserRisk, Error> {
        let Some(row) = self.ports.store.find_profile(&tenant.id, subject).await? else {
            return Ok(UserRisk::default());
        };
        let Some(key) = self.find_key(tenant, subject).await? else { return Ok(UserRisk::default()) };
        let profile = Self::open_profile(tenant, &key, &row).unwrap_or_else(|_| {
            // Why: as where it is folded into, learning begins anew; neither a page nor a log may be held up by it.
            tracing::warn!(tenant.id = %tenant.id, "a profile does not open, and nothing is known to be held");
            Profile::default()
        });
        Ok(profile.user_risk().clone())
    }

    /// Counts the change of a password that a trigger told of, where something is held against the person. The event is
    /// decided about all the same: the log tells of the change, too.
    pub(crate) async fn note_password_change<T: Asked>(
        &self,
        tenant: &Tenant,
        event: &T,
        gathered: &Gathered,
    ) {
        let is_held = gathered.profile.as_ref().is_some_and(|profile| !profile.user_risk().is_empty());
        let (true, Who::User(user_id)) = (is_held, event.who()) else { return };
        let changed = Outcome::PasswordChanged { user_id: user_id.to_owned(), at: gathered.at };
        if let Err(error) = self.report_own(tenant, &changed).await {
            tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "a change of a password could not be counted");
        }
    }

    /// The writes by which an incident that is closed counts for whom it is about; one that was no attack takes back what it
    /// counted before it was opened again. To be had with the people's turns.
    pub(crate) async fn hold_incident(
        &self,
        tenant: &Tenant,
        incident: &Incident,
        disposition: Disposition,
        at: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let key = incident.id.number();
        let mut writes = Vec::new();
        for subject in people(tenant, incident) {
            let is_attack = disposition == Disposition::TruePositive;
            if !is_attack && !self.is_held(tenant, &subject).await? {
                continue;
            }
            let mut fold = self.begin_fold(tenant, self.get_key(tenant, &subject, None).await?).await?;
            fold.hold(|risk| {
                if is_attack {
                    risk.add(UserSignalKind::Incident, at, key);
                    return true;
                }
                risk.take_back(UserSignalKind::Incident, key)
            });
            writes.extend(self.end_fold(tenant, fold, at)?);
        }
        Ok(writes)
    }
}

/// Whom an incident's alerts are about, each a person by Auth0's id; nobody where they are more than a few.
pub(crate) fn people(tenant: &Tenant, incident: &Incident) -> Vec<SubjectId> {
    let mut people: Vec<SubjectId> = incident
        .members()
        .iter()
        .filter_map(|member| member.person.as_deref())
        .map(|person| tenant.keys.subject(person))
        .collect();
    people.sort_unstable();
    people.dedup();
    if people.len() > MOST_PEOPLE { Vec::new() } else { people }
}

fn view(tenant: &Tenant, subject: &SubjectId, risk: &UserRisk, at: Timestamp) -> UserRiskView {
    let held = risk.at(at);
    UserRiskView {
        subject: subject.clone(),
        alias: App::inner_aliases(tenant).of(subject).to_string(),
        level: held.map_or(Level::Low, |held| held.level),
        score: held.map_or_else(Score::default, |held| held.score),
        since: held.map(|held| held.since),
        signals: risk.signals_at(at),
    }
}
