//! How champion and challenger scored the same sign-ins, read from the records of both.

use std::collections::BTreeMap;

use countersign_core::Timestamp;
use countersign_store::{DecisionFilter, DecisionRow, ModelActRow, Scope, Standing};
use serde::Serialize;

use super::{Kept, load, usable};
use crate::{
    App, Error, Tenant,
    decide::record::{Challenged, Record},
};

/// Decisions that are read: of the newest so many for the agreement, and of so many that a person judged.
const READ: u32 = 500;

/// Acts that are looked through for when the two first stood beside each other.
const ACTS: u32 = 1_000;

/// What the records say of two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Since when the two stand beside each other.
    pub since: Timestamp,
    /// Decisions that both scored, of the newest 500 since.
    pub decisions: u32,
    /// Of the newest 500 since, those that tell nothing: erased or no longer kept people, records that can't be read, a
    /// challenger that failed, and an own model that does not speak of the trigger.
    pub unread: u32,
    /// Share of them to which both gave the same level, 0 to 1; `None` without any.
    pub level_agreement: Option<f64>,
    /// Mean distance of the two scores, 0 to 1; `None` without any.
    pub mean_difference: Option<f64>,
    /// How both scored what ended so: `fraudulent` and `legitimate` by the word of a person, of at most 500 since; the others of
    /// the newest 500.
    pub outcomes: BTreeMap<&'static str, Scored>,
}

/// Mean scores of decisions that ended alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scored {
    /// How many there are.
    pub count: u32,
    /// Mean score by the champion, 0 to 1.
    pub champion: f64,
    /// Mean score by the challenger, 0 to 1.
    pub challenger: f64,
}

/// By which tags a record tells of the two that are compared.
struct Tags {
    champion: String,
    challenger: String,
    /// The own model that is the challenger beside the champion's constants.
    own: Option<String>,
}

impl Tags {
    /// Whether a record tells of both: where an own model is compared, it must have been asked.
    fn fit(&self, record: &Record, challenged: &Challenged) -> bool {
        (record.assessment.model.as_str(), challenged.model.as_str()) == (&*self.champion, &*self.challenger)
            && self
                .own
                .as_deref()
                .is_none_or(|own| challenged.own_model.as_ref().is_some_and(|asked| asked.as_str() == own))
    }
}

/// Sums over decisions.
#[derive(Default)]
struct Sums {
    count: u32,
    unread: u32,
    agreeing: u32,
    difference: f64,
    outcomes: BTreeMap<&'static str, Scored>,
}

impl Sums {
    fn add(&mut self, row: &DecisionRow, record: &Record, tags: &Tags) {
        let told = record.challenger.as_ref().filter(|challenged| tags.fit(record, challenged));
        let Some(challenged) = told else {
            self.unread += 1;
            return;
        };
        let scores = (record.assessment.score.as_f64(), challenged.score.as_f64());
        self.count += 1;
        self.agreeing += u32::from(record.decision.level == challenged.level);
        self.difference += (scores.0 - scores.1).abs();
        // Why the tenant's: as in training, one organization's word is none about a model that judges all of them.
        self.add_outcome(row.counted_at_tenant().standing, scores);
    }

    fn add_outcome(&mut self, standing: Standing, (champion, challenger): (f64, f64)) {
        let none = Scored { count: 0, champion: 0.0, challenger: 0.0 };
        let scored = self.outcomes.entry(standing.as_str()).or_insert(none);
        scored.count += 1;
        scored.champion += champion;
        scored.challenger += challenger;
    }

    fn share(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / f64::from(self.count))
    }
}

impl App {
    /// Compares the two models that hold by their records; `None` without a challenger.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compare_models(&self, tenant: &Tenant) -> Result<Option<Comparison>, Error> {
        let store = &self.ports.store;
        let acts = store.list_model_acts(&tenant.id, ACTS).await?;
        let Some((since, champion, challenger)) = beginning(&acts) else { return Ok(None) };
        let tags = &self.tags(tenant, champion, challenger).await?;
        let first = store.first_leaf_since(&tenant.id, since).await?;
        let newest = store.list_decisions(Scope::Tenant(&tenant.id), DecisionFilter::default(), READ).await?;
        let mut all = Sums::default();
        self.sum(tenant, newest.iter().filter(|row| row.leaf_index >= first), tags, &mut all).await?;
        let judged =
            DecisionFilter { after: first.checked_sub(1), is_judged: true, ..DecisionFilter::default() };
        let judged = store.list_decisions(Scope::Tenant(&tenant.id), judged, READ).await?;
        let mut of_people = Sums::default();
        self.sum(tenant, judged.iter(), tags, &mut of_people).await?;
        let mut outcomes = std::mem::take(&mut all.outcomes);
        outcomes.extend(of_people.outcomes);
        for scored in outcomes.values_mut() {
            scored.champion /= f64::from(scored.count);
            scored.challenger /= f64::from(scored.count);
        }
        Ok(Some(Comparison {
            since,
            decisions: all.count,
            unread: all.unread,
            level_agreement: all.share(f64::from(all.agreeing)),
            mean_difference: all.share(all.difference),
            outcomes,
        }))
    }

    // Why not the tags of the rows: records name what this program makes of the constants. One that can't be used is in none.
    async fn tags(&self, tenant: &Tenant, champion: u64, challenger: u64) -> Result<Tags, Error> {
        let kept = async |version| usable(load(&self.ports.store, &tenant.id, version).await);
        let champion = kept(champion).await?.map(|kept| kept.tag()).unwrap_or_default();
        let challenger = kept(challenger).await?;
        let tag = challenger.as_ref().map(Kept::tag).unwrap_or_default();
        Ok(match challenger {
            Some(Kept::Own(_)) => Tags { challenger: champion.clone(), champion, own: Some(tag) },
            _ => Tags { champion, challenger: tag, own: None },
        })
    }

    async fn sum(
        &self,
        tenant: &Tenant,
        rows: impl Iterator<Item = &DecisionRow>,
        tags: &Tags,
        sums: &mut Sums,
    ) -> Result<(), Error> {
        let mut unreadable = 0_u64;
        for row in rows {
            match self.open_record(tenant, row).await {
                Ok(record) => sums.add(row, &record, tags),
                Err(error @ Error::Unavailable { .. }) => return Err(error),
                Err(Error::Erased | Error::NotKept) => sums.unread += 1,
                // Why no end: one of an older shape, or damaged, must not keep the others from being compared.
                Err(_) => {
                    sums.unread += 1;
                    unreadable += 1;
                }
            }
        }
        if unreadable > 0 {
            tracing::warn!(tenant.id = %tenant.id, unread = unreadable, "records could not be read for comparing models");
        }
        Ok(())
    }
}

/// Since when the newest champion and challenger stand beside each other, and which versions they are.
fn beginning(acts: &[ModelActRow]) -> Option<(Timestamp, u64, u64)> {
    let newest = acts.first()?;
    let challenger = newest.challenger?;
    let held = |act: &ModelActRow| (act.champion, act.own, act.challenger);
    let same = acts.iter().take_while(|act| held(act) == held(newest));
    Some((same.last()?.at, newest.champion, challenger))
}
