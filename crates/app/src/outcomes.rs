//! What became of a sign-in, as told by an Action, a log or a person.

use countersign_core::{DecisionId, IdKind, SubjectId, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_risk::{UserSignalKind, learning::Event};
use countersign_store::{
    Commit, Conflict, DecisionRow, Fence, OutcomeRow, Scope, Standing, StoreError, Write,
};
use serde::{Deserialize, Serialize};

use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    learn::{Fold, Told},
    leaves::Draft,
};

/// How often a fold is tried again when another one came between.
const TRIES: u32 = 8;

/// What happened after a decision, or before any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The sign-in went through (Auth0's log type `s`).
    Completed {
        /// The decision.
        decision_id: DecisionId,
    },
    /// A challenge was passed.
    ChallengePassed {
        /// The decision.
        decision_id: DecisionId,
        /// The type of the factor; `None` when not told.
        #[serde(default)]
        factor: Option<String>,
    },
    /// A challenge was failed or refused.
    ChallengeFailed {
        /// The decision.
        decision_id: DecisionId,
    },
    /// A person said who it was.
    Verdict {
        /// The decision.
        decision_id: DecisionId,
        /// What they said.
        verdict: PersonVerdict,
    },
    /// An attempt to sign in failed before any decision (Auth0's log types `fp`, `fu`).
    LoginFailed {
        /// Whose account was tried.
        user_id: String,
        /// When; now when absent.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// Auth0 found the password in a breach, and told so in its log (type `pwd_leak`); nobody else may tell it.
    #[serde(skip_deserializing)]
    PasswordLeaked {
        /// Whose.
        user_id: String,
        /// When.
        at: Timestamp,
    },
    /// A second factor was enrolled, by the log (type `gd_enrollment_complete`).
    #[serde(skip_deserializing)]
    FactorEnrolled {
        /// Whose.
        user_id: String,
        /// Its type; `None` when not told.
        factor: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// The password was changed or reset, by the log (type `scp`) or the trigger `post-change-password`.
    #[serde(skip_deserializing)]
    PasswordChanged {
        /// Whose.
        user_id: String,
        /// When.
        at: Timestamp,
    },
}

/// What a person said of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonVerdict {
    /// It was the user.
    Legitimate,
    /// It was not.
    Fraudulent,
}

/// What stands or falls with an outcome that the log told.
pub(crate) struct FromLog {
    /// When it happened, by Auth0's clock.
    pub(crate) at: Timestamp,
    /// The lead without which nothing is written.
    pub(crate) fence: Option<Fence>,
    /// What is committed with it, and alone where it was told before.
    pub(crate) writes: Vec<Write>,
}

/// By whom an outcome was told.
#[derive(Clone, Copy)]
enum Teller<'a> {
    /// By somebody who may, for the whole tenant or for some of its organizations alone.
    Caller { caller: &'a Caller, is_scoped: bool },
    /// By an Action, whose signed request has this id.
    Action(&'a str),
    /// By the service itself, of an event that it decided about.
    Service,
    /// By the log.
    Log(&'a FromLog),
}

/// How an outcome was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It was recorded and counted.
    Recorded,
    /// It was told before; nothing changed.
    Known,
}

impl Outcome {
    /// Whether only a person may tell it.
    #[must_use]
    pub const fn needs_person(&self) -> bool {
        matches!(self, Self::Verdict { .. })
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Completed { .. } => "completed",
            Self::ChallengePassed { .. } => "challenge_passed",
            Self::ChallengeFailed { .. } => "challenge_failed",
            Self::Verdict { verdict: PersonVerdict::Legitimate, .. } => "verdict_legitimate",
            Self::Verdict { verdict: PersonVerdict::Fraudulent, .. } => "verdict_fraudulent",
            Self::LoginFailed { .. } => "login_failed",
            Self::PasswordLeaked { .. } => "password_leaked",
            Self::FactorEnrolled { .. } => "factor_enrolled",
            Self::PasswordChanged { .. } => "password_changed",
        }
    }

    /// The kinds of outcome whose place it takes where this was known: a person who judges anew may say what was said before, and
    /// one of the whole tenant what somebody of an organization said.
    fn replaces(&self, known: Option<&DecisionRow>, is_scoped: bool) -> &'static [&'static str] {
        let (Self::Verdict { verdict, .. }, Some(known)) = (self, known) else { return &[] };
        let is_other = match verdict {
            PersonVerdict::Legitimate => known.standing == Standing::Fraudulent,
            PersonVerdict::Fraudulent => known.standing == Standing::Legitimate,
        };
        if is_other || !is_scoped && known.at_tenant.is_some() {
            &["verdict_legitimate", "verdict_fraudulent"]
        } else {
            &[]
        }
    }

    /// The decision that it is about; `None` where it is about an account.
    #[must_use]
    pub const fn decision(&self) -> Option<&DecisionId> {
        match self {
            Self::Completed { decision_id }
            | Self::ChallengePassed { decision_id, .. }
            | Self::ChallengeFailed { decision_id }
            | Self::Verdict { decision_id, .. } => Some(decision_id),
            Self::LoginFailed { .. }
            | Self::PasswordLeaked { .. }
            | Self::FactorEnrolled { .. }
            | Self::PasswordChanged { .. } => None,
        }
    }
}

impl App {
    /// Records an outcome that somebody tells, and lets the person's profile learn from it, in one transaction.
    ///
    /// # Errors
    /// `NotFound` when there is no such decision; `Erased` when its person was erased; `Unavailable`.
    pub async fn report(&self, permit: &Permit, outcome: &Outcome) -> Result<Taken, Error> {
        self.report_by(permit, outcome, Teller::Caller { caller: permit.caller(), is_scoped: false }).await
    }

    /// As `report`, of what somebody tells of a decision of their organizations who speaks for no other.
    ///
    /// # Errors
    /// As `report`.
    pub(crate) async fn report_scoped(&self, permit: &Permit, outcome: &Outcome) -> Result<Taken, Error> {
        self.report_by(permit, outcome, Teller::Caller { caller: permit.caller(), is_scoped: true }).await
    }

    /// As `report`, for an Action's signed request of the given id, which is taken once.
    ///
    /// # Errors
    /// As `report`, and `Replayed` when a request of this id was taken before.
    pub async fn report_once(
        &self,
        tenant: &Tenant,
        outcome: &Outcome,
        request_id: &str,
    ) -> Result<Taken, Error> {
        self.report_by(tenant, outcome, Teller::Action(request_id)).await
    }

    /// As `report`, of what the service itself learned from an event.
    ///
    /// # Errors
    /// As `report`.
    pub(crate) async fn report_own(&self, tenant: &Tenant, outcome: &Outcome) -> Result<Taken, Error> {
        self.report_by(tenant, outcome, Teller::Service).await
    }

    /// As `report`, of what the log tells. What can't be told of, since the person was erased or the record is not kept, counts
    /// as known.
    ///
    /// # Errors
    /// As `report`.
    pub(crate) async fn report_from_log(
        &self,
        tenant: &Tenant,
        outcome: &Outcome,
        log: &FromLog,
    ) -> Result<Taken, Error> {
        let taken = match self.report_by(tenant, outcome, Teller::Log(log)).await {
            Err(Error::Erased | Error::NotKept | Error::NotFound(_)) => Taken::Known,
            taken => taken?,
        };
        if taken == Taken::Known && !log.writes.is_empty() {
            let (fence, writes) = (log.fence.clone(), log.writes.clone());
            let commit = Commit { fence, writes, ..Commit::background(tenant.id.clone()) };
            self.ports.store.commit(commit).await?;
        }
        Ok(taken)
    }

    async fn report_by(&self, tenant: &Tenant, outcome: &Outcome, by: Teller<'_>) -> Result<Taken, Error> {
        let (subject, _) = self.whose(tenant, outcome).await?;
        let _turn = self.turns.wait(&subject).await;
        for _ in 0..TRIES {
            match self.try_report(tenant, outcome, by, &subject).await {
                Ok(()) => return Ok(Taken::Recorded),
                Err(Attempt::Again) => {}
                Err(Attempt::Known) => return Ok(Taken::Known),
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Unavailable { detail: "the profile kept changing".to_owned() })
    }

    async fn try_report(
        &self,
        tenant: &Tenant,
        outcome: &Outcome,
        by: Teller<'_>,
        subject: &SubjectId,
    ) -> Result<(), Attempt> {
        let at = self.ports.clock.now();
        let id = self.make_id(IdKind::Outcome)?;
        let is_scoped = matches!(by, Teller::Caller { is_scoped: true, .. });
        let (mut fold, known, happened_at) =
            self.fold_outcome(tenant, (outcome, is_scoped), subject, at).await?;
        let (lessons, frauds) = (fold.take_lessons(), fold.take_frauds());
        let mut draft = Draft::new(&id, at, Kind::Outcome).fact("outcome", &outcome.kind());
        if let Some(decision) = outcome.decision() {
            draft = draft.fact("decision", &decision);
        }
        if let Teller::Caller { caller, .. } = by {
            draft = draft.by(caller);
        }
        let body = serde_json::to_vec(outcome).map_err(Error::internal)?;
        let leaf = self.personal_leaf(tenant, draft, &fold.key, &body)?;
        let (mut writes, happened_at, fence) = match by {
            Teller::Caller { .. } | Teller::Service => (Vec::new(), happened_at, None),
            Teller::Action(request_id) => {
                (vec![Write::Request { id: request_id.to_owned(), at }], happened_at, None)
            }
            Teller::Log(log) => (log.writes.clone(), log.at.min(at), log.fence.clone()),
        };
        writes.extend(self.end_fold(tenant, fold, at)?);
        writes.push(Write::Outcome(OutcomeRow {
            id: id.clone(),
            decision: outcome.decision().cloned(),
            kind: outcome.kind(),
            replaces: outcome.replaces(known.as_ref(), is_scoped),
            at: happened_at,
        }));
        let commit = Commit { fence, leaves: vec![leaf], writes, ..Commit::background(tenant.id.clone()) };
        let _learning = tenant.crowd.learning().await;
        match self.ports.store.commit(commit).await {
            Ok(_) => {
                tenant.teach(&lessons);
                tenant.count_frauds(&frauds, at);
                Ok(())
            }
            Err(StoreError::Stale) => Err(Attempt::Again),
            Err(StoreError::Conflict(Conflict::Outcome)) => Err(Attempt::Known),
            Err(error) => Err(Attempt::Failed(error.into())),
        }
    }

    /// Folds an outcome into the person's profile as it is now; also says what was known of its decision, and when it happened.
    async fn fold_outcome(
        &self,
        tenant: &Tenant,
        (outcome, is_scoped): (&Outcome, bool),
        subject: &SubjectId,
        now: Timestamp,
    ) -> Result<(Fold, Option<DecisionRow>, Timestamp), Error> {
        let key = match outcome.decision() {
            Some(_) => self.find_key(tenant, subject).await?.ok_or(Error::Erased)?,
            None => self.get_key(tenant, subject, None).await?,
        };
        let mut fold = self.begin_fold(tenant, key).await?;
        if let Outcome::LoginFailed { at, .. } = outcome {
            // Why: a time from the future would count as a failure for ever.
            let when = at.map_or(now, |told| told.min(now));
            fold.fail(when);
            return Ok((fold, None, when));
        }
        if let Outcome::PasswordLeaked { at, .. } = outcome {
            fold.hold(|risk| {
                risk.add(UserSignalKind::LeakedPassword, (*at).min(now), 0);
                true
            });
            return Ok((fold, None, (*at).min(now)));
        }
        if let Outcome::FactorEnrolled { factor, at, .. } = outcome {
            fold.enroll(factor.as_deref(), (*at).min(now));
            return Ok((fold, None, (*at).min(now)));
        }
        if let Outcome::PasswordChanged { at, .. } = outcome {
            fold.hold(|risk| risk.change_password((*at).min(now)));
            return Ok((fold, None, (*at).min(now)));
        }
        // INVARIANT: the decision is read after the profile, so that whatever settles it from now on is noticed by
        // the profile's version.
        let (_, row) = self.whose(tenant, outcome).await?;
        if let Some(row) = &row {
            let record = self.open_record(tenant, row).await?;
            let (event, standing) = meaning(outcome, &record, &fold);
            fold.weigh(row, &record, event, Told { standing, is_scoped });
        }
        Ok((fold, row, now))
    }

    async fn whose(
        &self,
        tenant: &Tenant,
        outcome: &Outcome,
    ) -> Result<(SubjectId, Option<DecisionRow>), Error> {
        match outcome {
            Outcome::LoginFailed { user_id, .. }
            | Outcome::PasswordLeaked { user_id, .. }
            | Outcome::FactorEnrolled { user_id, .. }
            | Outcome::PasswordChanged { user_id, .. } => Ok((tenant.keys.subject(user_id), None)),
            Outcome::Completed { decision_id }
            | Outcome::ChallengePassed { decision_id, .. }
            | Outcome::ChallengeFailed { decision_id }
            | Outcome::Verdict { decision_id, .. } => {
                let row = self
                    .ports
                    .store
                    .find_decision(Scope::Tenant(&tenant.id), decision_id)
                    .await?
                    .ok_or(Error::NotFound("decision"))?;
                match row.subject.clone() {
                    Some(subject) => Ok((subject, Some(row))),
                    // Why: the body says why nobody is named: erased, no longer kept, or damaged.
                    None => Err(self.open_record(tenant, &row).await.err().unwrap_or(Error::Erased)),
                }
            }
        }
    }
}

/// Why an attempt did not end in a record.
enum Attempt {
    Again,
    Known,
    Failed(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn meaning(outcome: &Outcome, record: &crate::decide::record::Record, fold: &Fold) -> (Event, Standing) {
    match outcome {
        Outcome::ChallengePassed { factor, .. } => {
            let factor_existed_before = factor.as_ref().is_some_and(|factor| fold.vouches(factor, record));
            (Event::ChallengePassed { factor_existed_before }, Standing::Passed)
        }
        Outcome::ChallengeFailed { .. } => (Event::ChallengeFailed, Standing::Failed),
        Outcome::Verdict { verdict: PersonVerdict::Legitimate, .. } => {
            (Event::Legitimate, Standing::Legitimate)
        }
        Outcome::Verdict { verdict: PersonVerdict::Fraudulent, .. } => {
            (Event::Fraudulent, Standing::Fraudulent)
        }
        Outcome::Completed { .. }
        | Outcome::LoginFailed { .. }
        | Outcome::PasswordLeaked { .. }
        | Outcome::FactorEnrolled { .. }
        | Outcome::PasswordChanged { .. } => (Event::Completed, Standing::Completed),
    }
}
