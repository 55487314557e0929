//! What nobody is to be told of, for a while.

use countersign_core::{IdKind, Timestamp};
use countersign_detect::{DAY, Entity, EntityKind, SENSORS, Suppression};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, IncidentWrite, StoreError, SuppressionRow, Write};
use serde::{Deserialize, Serialize};

use super::act::{MAX_ACTOR_BYTES, MAX_REASON_BYTES, Why, check};
use crate::{App, Error, Tenant, access::Permit, leaves::Draft, subjects::PersonKey, watch::readable};

/// How long a suppression may hold, in days: what is to last is a setting of the detector.
pub const MAX_SUPPRESSED_DAYS: i64 = 90;

/// The most suppressions that hold at one time.
const MAX_SUPPRESSIONS: usize = 1_000;

/// A suppression to be.
#[derive(Debug, Clone)]
pub struct NewSuppression {
    /// Of this detector; `None`: of any.
    pub detector: Option<String>,
    /// About this; `None`: about anything.
    pub entity: Option<Entity>,
    /// Until then, exclusive; at most 90 days from now.
    pub until: Timestamp,
    /// Why, 1 to 1,000 bytes.
    pub reason: String,
    /// Whether to suppress even what watches the sensors.
    pub force: bool,
}

/// A suppression that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its id.
    pub id: String,
    /// What it suppresses, and why.
    pub suppression: Suppression,
    /// Who said so.
    pub by: String,
}

/// Why something is not suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionError {
    /// Neither a detector nor an entity is named: that would be everything.
    #[error("a suppression names a `detector`, an `entity` or both")]
    Everything,
    /// There is no such detector.
    #[error("`detector` is the id of a detector or of a rule, such as `mfa_fatigue`")]
    Detector,
    /// It ends before it begins, or too late.
    #[error("`until` lies ahead, by {MAX_SUPPRESSED_DAYS} days at the most")]
    Until,
    /// It would put out the eyes that watch the tenant.
    #[error("`{SENSORS}` tells that somebody blinds the watch; it is suppressed only with `force`")]
    Sensors,
}

/// What is sealed of a suppression.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) entity: Option<Entity>,
    pub(super) reason: String,
    pub(super) by: String,
}

impl App {
    /// The suppressions that hold at `at` or later, in event time. Those about a person who was erased are passed over: whom they were
    /// about nobody knows any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn suppressions(&self, tenant: &Tenant, at: Timestamp) -> Result<Vec<Standing>, Error> {
        let mut found = Vec::new();
        for row in self.ports.store.list_suppressions(&tenant.id, at).await? {
            let opened = self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await;
            let opened = if matches!(opened, Err(Error::Erased)) { Ok(None) } else { opened.map(Some) };
            let Some(Body { entity, reason, by }) = readable(tenant, "suppression", opened)? else {
                continue;
            };
            let SuppressionRow { id, detector, from, until, .. } = row;
            let suppression = Suppression { detector, entity, from, until, reason };
            found.push(Standing { id, suppression, by });
        }
        Ok(found)
    }

    /// A suppression that holds, and the name of the key that it is sealed under.
    pub(crate) async fn find_suppression(
        &self,
        tenant: &Tenant,
        id: &str,
        at: Timestamp,
    ) -> Result<(Standing, String), Error> {
        let rows = self.ports.store.list_suppressions(&tenant.id, at).await?;
        let row = rows.into_iter().find(|row| row.id == id).ok_or(Error::NotFound("suppression"))?;
        let SuppressionRow { id, detector, from, until, key_id, sealed } = row;
        let Body { entity, reason, by } = self.open_sealed(tenant, &id, (&key_id, &sealed)).await?;
        let suppression = Suppression { detector, entity, from, until, reason };
        Ok((Standing { id, suppression, by }, key_id))
    }

    /// Suppresses something from now on; returns the suppression's id.
    ///
    /// # Errors
    /// `Suppression` for what can't be suppressed so, `Text` for actor and reason, `TooMany` when a thousand hold, `Unavailable`.
    pub async fn suppress(&self, permit: &Permit, new: NewSuppression, actor: &str) -> Result<String, Error> {
        let tenant: &Tenant = permit;
        let now = self.ports.clock.now();
        check("actor", actor, MAX_ACTOR_BYTES)?;
        check("reason", &new.reason, MAX_REASON_BYTES)?;
        Self::check_suppression(tenant, &new, now)?;
        if self.ports.store.list_suppressions(&tenant.id, now).await?.len() >= MAX_SUPPRESSIONS {
            return Err(Error::TooMany("suppressions", 1_000));
        }
        let key = match &new.entity {
            // Why found and not made: whoever fails to sign in chooses the name.
            Some(Entity { kind: EntityKind::User, name }) => {
                self.find_key(tenant, &tenant.keys.subject(name)).await?
            }
            _ => None,
        };
        let key = match key {
            Some(key) => key,
            None => self.get_key(tenant, &tenant.keys.log_day(now.days()), None).await?,
        };
        let (record, id) = (self.make_id(IdKind::Record)?, self.make_id(IdKind::Record)?);
        let mut draft = Draft::new(&record, now, Kind::Administration)
            .fact("change", &"suppression_added")
            .fact("suppression", &id)
            .fact("until", &new.until)
            .by(permit.caller());
        if let Some(detector) = &new.detector {
            draft = draft.fact("detector", detector);
        }
        let why = serde_json::to_vec(&Why::new(actor, &new.reason)).map_err(Error::internal)?;
        let leaf = self.personal_leaf(tenant, draft, &key, &why)?;
        let NewSuppression { detector, entity, until, reason, .. } = new;
        let body = Body { entity, reason, by: actor.to_owned() };
        let write = self.suppression(tenant, &key, (id.clone(), detector, &body), (now, until))?;
        let commit =
            Commit { leaves: vec![leaf], writes: vec![write], ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(id)
    }

    fn check_suppression(tenant: &Tenant, new: &NewSuppression, now: Timestamp) -> Result<(), Error> {
        let fault = match &new.detector {
            None if new.entity.is_none() => Some(SuppressionError::Everything),
            Some(id) if id == SENSORS && !new.force => Some(SuppressionError::Sensors),
            Some(id) if !Self::detectors(tenant)?.iter().any(|(known, _)| known == id) => {
                Some(SuppressionError::Detector)
            }
            _ => None,
        };
        let ahead = new.until.since(now);
        let is_in_bounds = ahead > 0 && ahead <= MAX_SUPPRESSED_DAYS * DAY;
        let fault = fault.or((!is_in_bounds).then_some(SuppressionError::Until));
        fault.map_or(Ok(()), |fault| Err(Error::Suppression(fault)))
    }

    /// A suppression's row, sealed.
    pub(super) fn suppression(
        &self,
        tenant: &Tenant,
        key: &PersonKey,
        (id, detector, body): (String, Option<String>, &Body),
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Write, Error> {
        let sealed = self.seal(tenant, key, &id, body)?;
        let row = SuppressionRow { detector, from, until, key_id: key.id.clone(), sealed, id };
        Ok(IncidentWrite::Suppress(row).into())
    }

    /// Ends a suppression now.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id that holds; `Text` for the actor; `Unavailable`.
    pub async fn lift_suppression(&self, permit: &Permit, id: &str, actor: &str) -> Result<(), Error> {
        let tenant: &Tenant = permit;
        check("actor", actor, MAX_ACTOR_BYTES)?;
        let (record, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        // Why first: what is no id of ours has no place in a leaf.
        let held = self.ports.store.list_suppressions(&tenant.id, at).await?;
        if !held.iter().any(|row| row.id == id) {
            return Err(Error::NotFound("suppression"));
        }
        let key = self.get_key(tenant, &tenant.keys.log_day(at.days()), None).await?;
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"suppression_lifted")
            .fact("suppression", &id)
            .by(permit.caller());
        let why = serde_json::to_vec(&Why::new(actor, "")).map_err(Error::internal)?;
        let commit = Commit {
            leaves: vec![self.personal_leaf(tenant, draft, &key, &why)?],
            writes: vec![IncidentWrite::Lift { id: id.to_owned(), at }.into()],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::NotFound("suppression")),
            Err(error) => Err(error.into()),
        }
    }
}
