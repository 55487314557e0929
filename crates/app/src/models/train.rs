//! What a tenant's sign-ins came to, read for fitting a model of its own.

use std::sync::Arc;

use countersign_core::{Timestamp, Trigger};
use countersign_risk::{
    Model, ReadyModel,
    learning::FULL_MILLI,
    train::{Fate, Observed},
};
use countersign_store::{DecisionFilter, DecisionRow, Scope, Standing};

use super::{Taking, in_force};
use crate::{App, Error, Tenant};

/// Decisions that are read at the most, the newest; judgement: some ten seconds of reading.
pub(super) const MOST: usize = 100_000;

/// Decisions read at once.
pub(super) const PAGE: u32 = 500;

/// After this time without a complaint a sign-in counts as honest, in microseconds: reports come days later.
const QUIET_MICROS: i64 = 3 * 86_400 * 1_000_000;

impl App {
    /// The champion, and the sign-ins whose end was known at that time, of the newest 100,000 decisions. Erased people are not
    /// among them. It reads alone.
    ///
    /// # Errors
    /// `Unavailable`; `UnreadableModel` for a champion that this program can't use.
    pub async fn labeled_sign_ins(
        &self,
        tenant: &Tenant,
        at: Timestamp,
    ) -> Result<(Arc<ReadyModel>, Vec<Observed>), Error> {
        let champion = in_force(&self.ports.store, &tenant.id, Taking::Start).await?.champion;
        let (mut before, mut read, mut observed, mut unread) = (None, 0, Vec::new(), 0_u64);
        while read < MOST {
            let filter = DecisionFilter { before, ..DecisionFilter::default() };
            let rows = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.leaf_index);
            read += rows.len();
            for row in &rows {
                match self.labeled(tenant, row, champion.constants(), at).await {
                    Ok(one) => observed.extend(one),
                    Err(error @ Error::Unavailable { .. }) => return Err(error),
                    Err(Error::Erased | Error::NotKept) => {}
                    // Why no end: one of an older shape, or damaged, must not keep the others from being learned from.
                    Err(_) => unread += 1,
                }
            }
        }
        if unread > 0 {
            tracing::warn!(tenant.id = %tenant.id, unread, "records could not be read for fitting a model");
        }
        Ok((champion, observed))
    }

    async fn labeled(
        &self,
        tenant: &Tenant,
        row: &DecisionRow,
        champion: &Model,
        at: Timestamp,
    ) -> Result<Option<Observed>, Error> {
        let Some(fate) = fate(row, at) else { return Ok(None) };
        let record = self.open_record(tenant, row).await?;
        Ok(Observed::new(&record.features, record.profile.as_ref(), champion, fate))
    }
}

/// What became of a sign-in; `None` where nothing is known that says who it was.
fn fate(row: &DecisionRow, at: Timestamp) -> Option<Fate> {
    if row.decision.trigger == Trigger::PostLogin { end(row, at) } else { None }
}

/// What became of what a decision was about, whatever asked for it.
pub(super) fn end(row: &DecisionRow, at: Timestamp) -> Option<Fate> {
    let decision = &row.decision;
    let is_quiet = !decision.is_censored && at.since(decision.at) >= QUIET_MICROS;
    // Why the tenant's: what somebody says of one organization's sign-ins must not move a model that judges all of them.
    let known = row.counted_at_tenant();
    match known.standing {
        Standing::Fraudulent => Some(Fate::Fraudulent),
        Standing::Failed => Some(Fate::Failed),
        Standing::Legitimate => Some(Fate::Legitimate),
        // Why by the weight: above the threshold only a factor that was there before earns all of it.
        Standing::Passed if !decision.is_trusted => (known.granted == FULL_MILLI).then_some(Fate::Passed),
        Standing::Passed | Standing::Completed | Standing::Silent => is_quiet.then_some(Fate::Quiet),
        Standing::Open => None,
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Channel, Level, Mode, Score, Verdict};
    use countersign_store::{Counted, NewDecision};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10 * 86_400);

    fn row(standing: Standing, change: fn(&mut DecisionRow)) -> DecisionRow {
        let decision = NewDecision {
            id: "dec_01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            at: Timestamp::from_seconds(86_400),
            organization: None,
            client: None,
            trigger: Trigger::PostLogin,
            channel: Channel::Interactive,
            mode: Mode::Enforce,
            level: Level::Low,
            score: Score::from_percent(10),
            verdict: Verdict::Allow,
            is_trusted: true,
            is_censored: false,
        };
        let mut row = DecisionRow {
            decision,
            leaf_index: 1,
            subject: None,
            standing,
            granted: FULL_MILLI,
            at_tenant: None,
        };
        change(&mut row);
        row
    }

    #[test]
    fn the_word_of_a_person_and_a_challenge_are_labels_and_silence_is_one_after_three_days() {
        let of = |standing| fate(&row(standing, |_| {}), NOW);
        assert_eq!(of(Standing::Fraudulent), Some(Fate::Fraudulent));
        assert_eq!(of(Standing::Failed), Some(Fate::Failed));
        assert_eq!(of(Standing::Legitimate), Some(Fate::Legitimate));
        assert_eq!(of(Standing::Silent), Some(Fate::Quiet));
        assert_eq!(of(Standing::Completed), Some(Fate::Quiet));
        assert_eq!(of(Standing::Open), None);
        let young = |row: &mut DecisionRow| row.decision.at = NOW.plus(-QUIET_MICROS + 1);
        assert_eq!(fate(&row(Standing::Completed, young), NOW), None);
        assert_eq!(fate(&row(Standing::Fraudulent, young), NOW), Some(Fate::Fraudulent));
    }

    #[test]
    fn a_verdict_of_one_organization_is_no_label_until_the_tenant_says_so_too() {
        let within = |row: &mut DecisionRow| {
            row.at_tenant = Some(Counted { standing: Standing::Open, granted: 0 });
        };
        assert_eq!(fate(&row(Standing::Fraudulent, within), NOW), None);
        let completed = |row: &mut DecisionRow| {
            row.at_tenant = Some(Counted { standing: Standing::Completed, granted: FULL_MILLI });
        };
        assert_eq!(fate(&row(Standing::Fraudulent, completed), NOW), Some(Fate::Quiet));
    }

    #[test]
    fn our_own_denials_and_unanswered_challenges_are_no_labels() {
        for standing in [Standing::Open, Standing::Silent, Standing::Completed] {
            assert_eq!(
                fate(&row(standing, |row| row.decision.is_censored = true), NOW),
                None,
                "{standing:?}"
            );
        }
    }

    #[test]
    fn a_passed_challenge_speaks_for_a_risky_sign_in_only_with_an_earlier_factor() {
        let risky = |row: &mut DecisionRow| row.decision.is_trusted = false;
        assert_eq!(fate(&row(Standing::Passed, risky), NOW), Some(Fate::Passed));
        let own_factor = |row: &mut DecisionRow| (row.decision.is_trusted, row.granted) = (false, 150);
        assert_eq!(fate(&row(Standing::Passed, own_factor), NOW), None);
        assert_eq!(
            fate(&row(Standing::Passed, |_| {}), NOW),
            Some(Fate::Quiet),
            "whose factor it was is not known"
        );
    }

    #[test]
    fn what_is_no_sign_in_is_no_label() {
        let reset = |row: &mut DecisionRow| row.decision.trigger = Trigger::PasswordResetPostChallenge;
        assert_eq!(fate(&row(Standing::Fraudulent, reset), NOW), None);
    }
}
