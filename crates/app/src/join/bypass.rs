//! Sign-ins that the log tells of and nobody decided about, once they are more than a norm: an alert, as detectors raise them.

use std::{borrow::Cow, collections::BTreeSet};

use countersign_core::Timestamp;
use countersign_detect::{
    About, Alert, AlertId, Audience, Entity, EntityKind, HOUR, MAX_EVIDENCE, Measure, Param, Severity,
    Suppression,
};
use countersign_store::{AlertFilter, AlertRow, JoinHow};

use super::work::Turn;
use crate::{Error, watch::Moved};

/// The id under which alerts are told. No replay gives them again, so that none takes them back either.
pub(crate) const DETECTOR: &str = "login_without_decision";

const LEAST: Param = Param {
    name: "min_logins",
    default: 5.0,
    least: 1.0,
    most: 1_000.0,
    text: "sign-ins of one hour without a decision",
};
const SHARE: Param = Param {
    name: "min_share",
    default: 0.05,
    least: 0.0,
    most: 1.0,
    text: "the share of that hour's sign-ins that they must be more than",
};

/// Share of an hour's sign-ins above which it is high: then it is the rule that nobody decides, and no longer the exception.
const HIGH_SHARE: f64 = 0.5;

/// What an alert about sign-ins without a decision is.
pub static ABOUT: About = About {
    id: Cow::Borrowed(DETECTOR),
    version: 1,
    title: Cow::Borrowed("Sign-ins that nobody decided about"),
    text: Cow::Borrowed(
        "Joins each sign-in in a browser (`s`) to the decision about it. Finds hours, by Auth0's clock, in which more than a norm have none \
         ten minutes later: the Action was taken out of the flow or changed, does not reach us, or somebody found a way around it. \
         High where they are more than half of the hour's sign-ins. What needs no decision is not counted: while the trigger is \
         switched off or the mode is `off` for the organization or client, and before the first decision.",
    ),
    kinds: Cow::Borrowed(&["s"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1556"]),
    false_positives: Cow::Borrowed(&[
        "people and clients that the Action exempts by its `break_glass` list",
        "an Action that was switched off by its secret",
        "the service was down, and the Action fell back",
    ]),
    steps: Cow::Borrowed(&[
        "run `countersign doctor` against the tenant: it names an Action that is missing, changed or not reached",
        "look for changes of Actions and their bindings in the same hour",
        "go through the accounts that signed in without a decision",
    ]),
    params: &[LEAST, SHARE],
    cooldown: 6 * HOUR,
};

/// Hours in which sign-ins turned out to have no decision, since the last look.
#[derive(Default)]
pub(super) struct Bypassed(pub(super) BTreeSet<i64>);

impl Bypassed {
    pub(super) fn add(&mut self, at: Timestamp) {
        self.0.insert(at.micros().div_euclid(HOUR));
    }
}

impl Turn<'_> {
    /// Tells of the hours in which more than a norm had no decision.
    pub(super) async fn tell_bypassed(&mut self) -> Result<(), Error> {
        while let Some(hour) = self.bypassed.0.first().copied() {
            let from = Timestamp::from_micros(hour.saturating_mul(HOUR));
            if let Some(alert) = self.bypass_of(from).await? {
                // Why: the watch changes the same incidents, and an erasure takes names out of them.
                let _at_rest = self.tenant.watch.at_rest().await;
                let about = |id: &str| (id == DETECTOR).then_some(&ABOUT);
                let writes = self.app.alert_writes(self.tenant, about, vec![alert], &Moved::new()).await?;
                self.app.commit_join(self.tenant, self.lead, writes).await?;
            }
            self.bypassed.0.remove(&hour);
        }
        Ok(())
    }

    /// The alert about an hour; `None` while no more than a norm had no decision in it.
    async fn bypass_of(&self, from: Timestamp) -> Result<Option<Alert>, Error> {
        let (store, tenant) = (&self.app.ports.store, &self.tenant.id);
        let between = (from, from.plus(HOUR));
        let counts = store.count_logins(tenant, between).await?;
        let of = |how: &JoinHow| counts.get(how).copied().unwrap_or(0);
        let due: u64 =
            [JoinHow::Transaction, JoinHow::Session, JoinHow::Time, JoinHow::None].iter().map(of).sum();
        let (count, share) = (number(of(&JoinHow::None)), number(of(&JoinHow::None)) / number(due).max(1.0));
        if count < LEAST.default || share <= SHARE.default {
            return Ok(None);
        }
        let most = u32::try_from(MAX_EVIDENCE).unwrap_or(u32::MAX);
        let shown = store.list_logins(tenant, JoinHow::None, between, most).await?;
        let (Some(oldest), Some(newest)) = (shown.first(), shown.last()) else { return Ok(None) };
        let earlier = self.earlier(oldest.at).await?;
        let first = earlier.as_ref().map_or(oldest.at, |row| row.first.min(oldest.at));
        // Why the first of the episode: its alert keeps its id, and grows.
        let began = earlier.as_ref().map_or(oldest.at, |row| row.first);
        let entity = Entity::new(EntityKind::Tenant, self.tenant.id.as_str());
        let severity = if share > HIGH_SHARE { Severity::High } else { ABOUT.severity };
        let measured = |name: &str, value, threshold| Measure { name: name.to_owned(), value, threshold };
        Ok(Some(Alert {
            id: AlertId::new(&self.tenant.keys.tagger(), DETECTOR, ABOUT.version, &entity, began),
            detector: DETECTOR.to_owned(),
            version: ABOUT.version,
            audience: audience(
                &self.app.suppressions_after(self.tenant, oldest.at).await?,
                &entity,
                oldest.at,
            ),
            entity,
            severity: earlier.as_ref().map_or(severity, |row| worse(row, severity)),
            first,
            last: earlier.map_or(newest.at, |row| row.last.max(newest.at)),
            findings: u32::try_from(of(&JoinHow::None)).unwrap_or(u32::MAX),
            evidence: shown.iter().map(|join| join.seq).collect(),
            measures: vec![
                measured(LEAST.name, count, LEAST.default),
                measured(SHARE.name, share, SHARE.default),
            ],
        }))
    }

    /// The alert that is not over yet at `at`, if there is one.
    async fn earlier(&self, at: Timestamp) -> Result<Option<AlertRow>, Error> {
        let filter = AlertFilter { detector: Some(DETECTOR.to_owned()), ..AlertFilter::default() };
        let newest = self.app.ports.store.list_alerts(&self.tenant.id, filter, 1).await?.pop();
        Ok(newest.filter(|row| (-ABOUT.cooldown..=ABOUT.cooldown).contains(&at.since(row.last))))
    }
}

/// An alert stays as bad as it was.
fn worse(row: &AlertRow, severity: Severity) -> Severity {
    Severity::ALL
        .into_iter()
        .find(|known| known.rank() == row.severity)
        .map_or(severity, |was| was.max(severity))
}

fn audience(suppressions: &[Suppression], entity: &Entity, at: Timestamp) -> Audience {
    let holds = |suppression: &&Suppression| {
        suppression.detector.as_ref().is_none_or(|id| id == DETECTOR)
            && suppression.entity.as_ref().is_none_or(|other| other == entity)
            && (suppression.from..suppression.until).contains(&at)
    };
    if suppressions.iter().any(|suppression| holds(&suppression)) {
        Audience::Suppressed
    } else {
        Audience::Raised
    }
}

/// A count as a number; beyond four thousand millions it says as many.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
