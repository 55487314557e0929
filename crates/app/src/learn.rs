//! What a sign-in teaches its person's profile once its outcome is known.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::Arc,
};

use countersign_core::{Mode, SubjectId, Timestamp, Trigger, Verdict};
use countersign_privacy::Sealed;
use countersign_risk::{
    Profile, Sightings, UserRisk, UserSignalKind,
    learning::{self, Earlier, Event, Intervention, Situation},
};
use countersign_store::{Counted, DecisionRow, NewDecision, Standing, Write};

use crate::{
    App, Error, Tenant,
    crowd::{Lesson, Weights},
    decide::record::Record,
    leaves,
    subjects::PersonKey,
    user_risk::Mark,
    users_at_risk::held_until,
};

/// Turns to be had at once; people who share one wait for each other a little.
const TURNS: usize = 256;

/// Lets what is told of one person be folded one after the other: of many at once all but one would be in vain.
pub(crate) struct Turns([tokio::sync::Mutex<()>; TURNS]);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| tokio::sync::Mutex::new(())))
    }

    /// Waits for the person's turn, which lasts as long as what is returned.
    pub(crate) async fn wait(&self, subject: &SubjectId) -> Turn<'_> {
        self.wait_for_all([subject]).await
    }

    /// Waits for the turns of several people. In the order of their places: two who each wait for the other's would
    /// never end.
    pub(crate) async fn wait_for_all(&self, subjects: impl IntoIterator<Item = &SubjectId>) -> Turn<'_> {
        let places: BTreeSet<usize> = subjects.into_iter().map(place).collect();
        let mut held = Vec::with_capacity(places.len());
        for turn in places.into_iter().filter_map(|place| self.0.get(place)) {
            held.push(turn.lock().await);
        }
        Turn(held)
    }
}

/// One or more people's turns; over when dropped.
#[must_use]
pub(crate) struct Turn<'a>(
    #[expect(dead_code, reason = "held, not read")] Vec<tokio::sync::MutexGuard<'a, ()>>,
);

fn place(subject: &SubjectId) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    subject.hash(&mut hasher);
    let turns = u64::try_from(TURNS).unwrap_or(1);
    usize::try_from(hasher.finish() % turns).unwrap_or(0)
}

/// A profile being folded: read once, changed by one or more outcomes, written once.
pub(crate) struct Fold {
    pub(crate) key: Arc<PersonKey>,
    version: u64,
    profile: Profile,
    /// Whether the profile is another than was read.
    is_changed: bool,
    writes: Vec<Write>,
    /// What the crowd learns once all this is on disk.
    lessons: Vec<Lesson>,
    /// What was called fraudulent, or is no more, for the counts of the tenant.
    frauds: Vec<(Sightings, bool)>,
    /// When it was begun.
    at: Timestamp,
}

impl Fold {
    /// Counts a failed attempt to sign in.
    pub(crate) fn fail(&mut self, at: Timestamp) {
        self.profile.failure(at);
        self.is_changed = true;
    }

    /// Counts a type of factor as new: the log told that somebody enrolled one.
    pub(crate) fn enroll(&mut self, factor: Option<&str>, at: Timestamp) {
        self.profile.enroll(factor, at);
        self.is_changed = true;
    }

    /// Whether a passed factor vouches for a sign-in: the person had it before.
    pub(crate) fn vouches(&self, factor: &str, record: &Record) -> bool {
        self.profile.vouches(factor, &record.features)
    }

    /// What is held against the person.
    pub(crate) const fn user_risk(&self) -> &UserRisk {
        self.profile.user_risk()
    }

    /// Notes what an operator says of the person.
    pub(crate) fn mark(&mut self, mark: Mark) {
        let risk = self.profile.user_risk_mut();
        match mark {
            Mark::Safe => {
                risk.clear();
                self.profile.vouch(self.at);
            }
            Mark::Compromised => {
                risk.add(UserSignalKind::MarkedCompromised, self.at, 0);
                self.profile.doubt();
            }
        }
        self.is_changed = true;
    }

    /// Changes what is held against the person; `change` says whether it did.
    pub(crate) fn hold(&mut self, change: impl FnOnce(&mut UserRisk) -> bool) {
        self.is_changed |= change(self.profile.user_risk_mut());
    }

    /// Weighs a decision anew after `event`.
    pub(crate) fn weigh(&mut self, row: &DecisionRow, record: &Record, event: Event, told: Told) {
        let teaches = row.decision.trigger.teaches();
        let weigh = |profile: &Profile, known: Counted| Counted {
            standing: settled(known.standing, told.standing),
            granted: if teaches { deserved(profile, row, record, event, known) } else { known.granted },
        };
        let (known, known_at_tenant) = (row.counted(), row.counted_at_tenant());
        let now = weigh(&self.profile, known);
        // Why apart: who speaks for one organization changes nothing for the others, whose tenant holds what it held.
        let now_at_tenant =
            if told.is_scoped { known_at_tenant } else { weigh(&self.profile, known_at_tenant) };
        if teaches {
            self.profile.regrant(&record.features, key_of(row), known.granted, now.granted);
            self.is_changed = true;
            if record.features.machine.is_none() {
                self.settle_user_risk(row, record, event);
            }
            let (from, to) = (Weights::of(known, known_at_tenant), Weights::of(now, now_at_tenant));
            self.lessons.extend(Lesson::of(row, record, from, to));
        } else {
            self.judge_sign_up(row, record, event);
        }
        let [was_fraud, is_fraud] =
            [known_at_tenant, now_at_tenant].map(|counted| counted.standing == Standing::Fraudulent);
        if let (true, Some(block)) = (was_fraud != is_fraud, &record.features.block) {
            self.frauds.push((Sightings::fraud(block, self.key.subject.as_str()), is_fraud));
        }
        self.writes.push(Write::Standing {
            decision: row.decision.id.clone(),
            expected_granted: known.granted,
            standing: now.standing,
            granted: now.granted,
            at_tenant: (now_at_tenant != now).then_some(now_at_tenant),
        });
    }

    /// What a person's word about the sign-up of an account confirms about it.
    fn judge_sign_up(&mut self, row: &DecisionRow, record: &Record, event: Event) {
        let is_of_account =
            matches!(row.decision.trigger, Trigger::PostUserRegistration | Trigger::EventStream);
        if !is_of_account || record.features.sign_up.is_none() {
            return;
        }
        let key = key_of(row);
        match event {
            Event::Fraudulent => {
                self.profile.user_risk_mut().add(UserSignalKind::FraudulentSignUp, self.at, key);
                self.profile.doubt();
            }
            Event::Legitimate => {
                let risk = self.profile.user_risk_mut();
                risk.take_back(UserSignalKind::FraudulentSignUp, key);
                risk.end(UserSignalKind::RiskySignUp);
                self.profile.vouch(self.at);
            }
            Event::Completed | Event::Silence | Event::ChallengePassed { .. } | Event::ChallengeFailed => {
                return;
            }
        }
        self.is_changed = true;
    }

    /// What an outcome of a sign-in confirms about its person.
    fn settle_user_risk(&mut self, row: &DecisionRow, record: &Record, event: Event) {
        let (key, at) = (key_of(row), self.at);
        let is_confirmed = self.profile.last_seen().is_some();
        let is_vouched = self.profile.is_vouched(record.features.at);
        let risk = self.profile.user_risk_mut();
        match event {
            Event::Fraudulent => risk.add(UserSignalKind::FraudulentSignIn, at, key),
            // Why: a person's word stands against a challenge that was failed before or after it.
            Event::ChallengeFailed if row.standing != Standing::Legitimate => {
                risk.add(UserSignalKind::FailedChallenge, at, key);
            }
            Event::Legitimate => {
                risk.take_back(UserSignalKind::FraudulentSignIn, key);
                risk.take_back(UserSignalKind::FailedChallenge, key);
            }
            Event::ChallengePassed { factor_existed_before: true } => {
                risk.take_back(UserSignalKind::FailedChallenge, key);
            }
            Event::ChallengePassed { factor_existed_before: false }
            | Event::ChallengeFailed
            | Event::Completed
            | Event::Silence => {}
        }
        if is_confirmed {
            risk.end(UserSignalKind::RiskySignUp);
        } else if record.features.owes_challenge && !is_vouched && !risk.has(UserSignalKind::RiskySignUp) {
            risk.add(UserSignalKind::RiskySignUp, record.features.at, 0);
        }
    }

    /// What was called fraudulent, or is no more; to be counted once the fold is on disk.
    pub(crate) fn take_frauds(&mut self) -> Vec<(Sightings, bool)> {
        std::mem::take(&mut self.frauds)
    }

    /// What the crowd learns; to be told once the fold is on disk.
    pub(crate) fn take_lessons(&mut self) -> Vec<Lesson> {
        std::mem::take(&mut self.lessons)
    }
}

/// What is told of a decision.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// What is known by it.
    pub(crate) standing: Standing,
    /// Whether who tells it speaks for the decision's organization alone.
    pub(crate) is_scoped: bool,
}

/// The weight that a decision deserves after `event`, where this was known of it.
fn deserved(profile: &Profile, row: &DecisionRow, record: &Record, event: Event, known: Counted) -> u32 {
    learning::weight(&Situation {
        below_threshold: row.decision.is_trusted,
        intervention: intervention(&row.decision),
        event,
        earlier: earlier(known.standing),
        granted_milli: known.granted,
        provisional_milli: profile.provisional_milli(record.features.at),
    })
}

/// What is known after `told` follows on `known`: a verdict yields to a verdict alone, a failed challenge to a passed one
/// too, and that one passed is not forgotten because the sign-in then completed. Else the next outcome would be weighed as if
/// nothing had settled the matter, and what vouched for the sign-in would be no label.
const fn settled(known: Standing, told: Standing) -> Standing {
    match (known, told) {
        (_, Standing::Legitimate | Standing::Fraudulent) => told,
        (Standing::Legitimate | Standing::Fraudulent, _) => known,
        (Standing::Failed | Standing::Passed, Standing::Completed | Standing::Silent) => known,
        (_, _) => told,
    }
}

fn intervention(decision: &NewDecision) -> Intervention {
    match (decision.is_censored, decision.mode, decision.verdict) {
        (true, Mode::Enforce, Verdict::Deny) => Intervention::Denied,
        (true, _, _) => Intervention::Challenged,
        (false, _, _) => Intervention::None,
    }
}

const fn earlier(standing: Standing) -> Earlier {
    match standing {
        Standing::Failed => Earlier::ChallengeFailed,
        Standing::Legitimate | Standing::Fraudulent => Earlier::Verdict,
        Standing::Open | Standing::Completed | Standing::Passed | Standing::Silent => Earlier::Nothing,
    }
}

/// A short name of the decision within one profile: its place in the ledger.
const fn key_of(row: &DecisionRow) -> u64 {
    row.leaf_index
}

impl App {
    /// Reads a person's profile to fold into; an empty one when there is none, or none that the key opens.
    ///
    /// # Errors
    /// `Unavailable`, also while the clock lies behind what is on record.
    pub(crate) async fn begin_fold(&self, tenant: &Tenant, key: Arc<PersonKey>) -> Result<Fold, Error> {
        let at = self.ports.clock.now();
        self.demand_clock(tenant, at).await?;
        let found = self.ports.store.find_profile(&tenant.id, &key.subject).await?;
        let (version, mut profile) = match found {
            None => (0, Profile::default()),
            Some(row) => {
                let opened = Self::open_profile(tenant, &key, &row);
                if opened.is_err() {
                    // Why: damaged, or sealed by a key that an erasure destroyed meanwhile; learning begins anew.
                    tracing::warn!(tenant.id = %tenant.id, "a profile does not open and is begun anew");
                }
                (row.version, opened.unwrap_or_default())
            }
        };
        profile.settle(at);
        Ok(Fold {
            key,
            version,
            profile,
            is_changed: false,
            writes: Vec::new(),
            lessons: Vec::new(),
            frauds: Vec::new(),
            at,
        })
    }

    /// The writes that store a fold; they fail as `Stale` when the profile or a decision changed meanwhile.
    pub(crate) fn end_fold(&self, tenant: &Tenant, fold: Fold, at: Timestamp) -> Result<Vec<Write>, Error> {
        let Fold { key, version, profile, is_changed, mut writes, lessons: _, frauds: _, at: _ } = fold;
        if !is_changed {
            return Ok(writes);
        }
        let context = leaves::context(tenant, "profile");
        let sealed = Sealed::seal(&key.key, &context, &profile.encode(), self.ports.entropy.as_ref())
            .map_err(Error::internal)?;
        writes.push(Write::Profile {
            subject: key.subject.clone(),
            expected_version: version,
            sealed: sealed.as_bytes().to_vec(),
            held: held_until(profile.user_risk()),
            at,
        });
        Ok(writes)
    }

    /// Opens a decision's record.
    pub(crate) async fn open_record(&self, tenant: &Tenant, row: &DecisionRow) -> Result<Record, Error> {
        let (_, body, _) = self.open_body(tenant, row.leaf_index, row.decision.id.as_str()).await?;
        parse(&body)
    }
}

/// Parses an opened record. The parser's own words may repeat what it stumbled over, which is about a person.
pub(crate) fn parse(body: &[u8]) -> Result<Record, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::internal(format!("a record that does not parse at line {line}, column {column}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_does_not_parse_is_not_repeated() {
        for body in [r#"{"decision_id": {"pat@example.com": 1}}"#, r#"{"features": "pat@example.com"}"#, "{"]
        {
            let error = parse(body.as_bytes()).err().unwrap();
            let detail = error.detail().unwrap();
            assert!(detail.contains("line 1, column ") && !detail.contains("pat"), "{detail}");
        }
    }

    #[test]
    fn what_settles_a_matter_stands_until_something_of_its_rank_is_told() {
        use Standing::{Completed, Failed, Fraudulent, Legitimate, Open, Passed, Silent};
        let after = |told: &[Standing]| told.iter().fold(Open, |known, told| settled(known, *told));
        for weak in [Completed, Silent] {
            assert_eq!(after(&[weak, Passed]), Passed);
            assert_eq!(after(&[Passed, weak]), Passed, "in either order");
            assert_eq!(after(&[Failed, weak]), Failed);
            assert_eq!(after(&[Failed, Passed, weak]), Passed);
        }
        assert_eq!(after(&[Passed, Failed]), Failed);
        for verdict in [Fraudulent, Legitimate] {
            for told in [Completed, Silent, Passed, Failed] {
                assert_eq!(after(&[verdict, told]), verdict);
            }
        }
        assert_eq!(after(&[Fraudulent, Legitimate, Fraudulent]), Fraudulent);
    }

    #[tokio::test]
    async fn turns_of_several_people_are_had_together_in_any_order() {
        let turns = Turns::new();
        let people: Vec<SubjectId> = (0..40).map(|n| format!("sub_{n:08x}").parse().unwrap()).collect();
        for _ in 0..50 {
            tokio::join!(
                async {
                    let _held = turns.wait_for_all(&people).await;
                    tokio::task::yield_now().await;
                },
                async {
                    let _held = turns.wait_for_all(people.iter().rev()).await;
                    tokio::task::yield_now().await;
                },
            );
        }
        let held = turns.wait(&people[0]).await;
        let both = tokio::time::timeout(std::time::Duration::from_millis(5), turns.wait_for_all(&people));
        assert!(both.await.is_err(), "a turn that is had must be waited for");
        drop(held);
    }
}
