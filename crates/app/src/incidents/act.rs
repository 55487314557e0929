//! What people do with incidents. Each act is a leaf: what was done, and by whom, by id, is public; names, and why, are sealed beside it.

use countersign_core::{IdKind, Timestamp};
use countersign_detect::{
    Entity,
    incident::{
        Closing, Consequences, Disposition, Handling, HandlingError, Incident, IncidentId, Proposal,
        consequences,
    },
};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, IncidentNoteRow, IncidentRow, IncidentWrite, Write};
use serde::Serialize;

use super::{changed, sealing::NoteBody, sources, suppress};
use crate::{
    App, Error, Tenant,
    access::Permit,
    hooks::Told,
    leaves::Draft,
    reveal::{Aliased, Names},
    subjects::PersonKey,
    user_risk,
};

/// The longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 4_000;

/// The longest name of who acts or is given an incident, in bytes.
pub(crate) const MAX_ACTOR_BYTES: usize = 200;

/// The longest reason, in bytes.
pub(crate) const MAX_REASON_BYTES: usize = 1_000;

/// How often an act is made anew at the most while the watch changes its incident.
const TRIES: u32 = 3;

/// Who acts on what they saw.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who; a name or address of somebody on the operator's side, 1 to 200 bytes.
    pub actor: &'a str,
    /// The version of the incident that they looked at. An act is refused where somebody else acted since, or it was opened again,
    /// closed itself or became better or worse; not where it only grew.
    pub version: u64,
}

/// How an incident is to be closed.
#[derive(Debug, Clone)]
pub struct Closure {
    /// What it was.
    pub disposition: Disposition,
    /// Of which it is a duplicate, where it is.
    pub duplicate_of: Option<IncidentId>,
    /// Why, 1 to 1,000 bytes.
    pub reason: String,
    /// Whether what a false positive proposes to suppress is suppressed: the operator's word in the same call.
    pub suppress: bool,
    /// Whether logins from where a true positive came from are found from now on, for seven days.
    pub mark: bool,
}

/// What closing came to.
#[derive(Debug)]
pub struct Closed {
    /// The incident's version now.
    pub version: u64,
    /// What follows from the disposition, by alias.
    pub consequences: Consequences,
    /// Whether the proposed suppressions hold from now on.
    pub is_suppressed: bool,
    /// How many sources of the attack count as such from now on.
    pub marked: usize,
}

/// What is sealed beside the leaf of an act.
#[derive(Serialize)]
pub(crate) struct Why<'a> {
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
    /// Whose an incident is, where somebody was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assignee: Option<&'a str>,
}

impl<'a> Why<'a> {
    /// Who, by name, and why.
    pub(crate) const fn new(actor: &'a str, reason: &'a str) -> Self {
        Self { actor, reason, assignee: None }
    }
}

/// An incident that somebody is at work on.
struct Taken {
    row: IncidentRow,
    incident: Incident,
    at: Timestamp,
}

impl App {
    /// Takes an incident up. Returns its version now.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `IncidentChanged`, `Handling` where it is closed, `Text` for the actor, `Unavailable`.
    pub async fn acknowledge_incident(&self, permit: &Permit, id: &str, by: By<'_>) -> Result<u64, Error> {
        self.act(permit, id, by, ("incident_acknowledged", Handling::acknowledge)).await
    }

    /// Gives an incident to somebody, or with `None` to nobody. Returns its version now.
    ///
    /// # Errors
    /// As `acknowledge_incident`; `Text` also for the assignee.
    pub async fn assign_incident(
        &self,
        permit: &Permit,
        id: &str,
        by: By<'_>,
        to: Option<&str>,
    ) -> Result<u64, Error> {
        if let Some(to) = to {
            check("assignee", to, MAX_ACTOR_BYTES)?;
        }
        let assign = |handling: &mut Handling| handling.assign(to.map(str::to_owned));
        self.act(permit, id, by, ("incident_assigned", assign)).await
    }

    /// Writes a note about an incident, open or closed; returns the note's id. Notes don't count as changes.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `Text`, `Unavailable`.
    pub async fn note_incident(
        &self,
        permit: &Permit,
        id: &str,
        actor: &str,
        text: &str,
    ) -> Result<String, Error> {
        let tenant: &Tenant = permit;
        check("actor", actor, MAX_ACTOR_BYTES)?;
        check("text", text, MAX_NOTE_BYTES)?;
        let row = self.get_incident(tenant, id).await?;
        let incident = self.open_incident(tenant, &row).await?;
        let key = self.incident_key(tenant, &incident).await?;
        let (note, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let body = NoteBody { by: actor.to_owned(), text: text.to_owned() };
        let sealed = self.seal(tenant, &key, &note, &body)?;
        let draft = Draft::new(&note, at, Kind::Administration)
            .fact("change", &"incident_note")
            .fact("incident", &id)
            .by(permit.caller());
        let why = serde_json::to_vec(&Why::new(actor, text)).map_err(Error::internal)?;
        let row =
            IncidentNoteRow { id: note.clone(), incident: id.to_owned(), at, key_id: key.id.clone(), sealed };
        let commit = Commit {
            leaves: vec![self.personal_leaf(tenant, draft, &key, &why)?],
            writes: vec![IncidentWrite::Note(row).into()],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        Ok(note)
    }

    /// Closes an incident. What a false positive proposes to suppress is suppressed where the closure says so, and nothing
    /// otherwise; where a true positive came from counts as a source of attacks where the closure says so. A true positive counts
    /// in the user risk of whom it is about.
    ///
    /// # Errors
    /// As `acknowledge_incident`; `NotFound` also for a `duplicate_of` that there is not.
    pub async fn close_incident(
        &self,
        permit: &Permit,
        id: &str,
        by: By<'_>,
        closure: Closure,
    ) -> Result<Closed, Error> {
        if let Some(other) = closure.duplicate_of {
            self.get_incident(permit, &other.to_string()).await?;
        }
        for _ in 1..TRIES {
            match self.try_close(permit, id, by, closure.clone()).await {
                Err(Error::IncidentChanged) => {}
                done => return done,
            }
        }
        self.try_close(permit, id, by, closure).await
    }

    /// Changes the handling of an incident. Once more where the incident grew between the look and the commit; one that somebody
    /// else acted on is refused each time.
    async fn act(
        &self,
        permit: &Permit,
        id: &str,
        by: By<'_>,
        (name, change): (&'static str, impl Fn(&mut Handling) -> Result<(), HandlingError> + Sync),
    ) -> Result<u64, Error> {
        let mut tries = 0;
        loop {
            let mut taken = self.take_incident(permit, id, by).await?;
            change(&mut taken.incident.handling).map_err(Error::Handling)?;
            tries += 1;
            match self.put_incident(permit, taken, by, (name, ""), Vec::new()).await {
                Err(Error::IncidentChanged) if tries < TRIES => {}
                done => return done,
            }
        }
    }

    async fn try_close(
        &self,
        permit: &Permit,
        id: &str,
        by: By<'_>,
        closure: Closure,
    ) -> Result<Closed, Error> {
        let tenant: &Tenant = permit;
        let Closure { disposition, duplicate_of, reason, suppress, mark } = closure;
        let mut taken = self.take_incident(tenant, id, by).await?;
        let consequences = consequences(&taken.incident, disposition, taken.at);
        let closing = Closing {
            disposition,
            duplicate_of,
            reason: reason.clone(),
            by: by.actor.to_owned(),
            at: taken.at,
        };
        let incident = &mut taken.incident;
        incident.handling.close(incident.id, closing).map_err(Error::Handling)?;
        let mut writes = Vec::new();
        if suppress {
            let key = self.incident_key(tenant, &taken.incident).await?;
            for proposal in &consequences.suppressions {
                let body = suppress::Body {
                    entity: Some(proposal.entity.clone()),
                    reason: reason.clone(),
                    by: by.actor.to_owned(),
                };
                let new = (self.make_id(IdKind::Record)?, Some(proposal.detector.clone()), &body);
                writes.push(self.suppression(tenant, &key, new, (taken.at, proposal.until))?);
            }
        }
        let suppressions = writes.len();
        if mark {
            writes.extend(sources::marks(tenant, taken.incident.id, &consequences, taken.at));
        }
        let marked = writes.len() - suppressions;
        let people = user_risk::people(tenant, &taken.incident);
        let _turns = self.turns.wait_for_all(&people).await;
        writes.extend(self.hold_incident(tenant, &taken.incident, disposition, taken.at).await?);
        let version = self.put_incident(permit, taken, by, ("incident_closed", &reason), writes).await?;
        let consequences = by_alias(tenant, consequences);
        Ok(Closed { version, consequences, is_suppressed: suppressions > 0, marked })
    }

    async fn take_incident(&self, tenant: &Tenant, id: &str, by: By<'_>) -> Result<Taken, Error> {
        check("actor", by.actor, MAX_ACTOR_BYTES)?;
        let row = self.get_incident(tenant, id).await?;
        let incident = self.open_incident(tenant, &row).await?;
        // Why not the same version: an attack that goes on changes it all the time, and must not keep people from acting.
        if !(incident.turned..=row.version).contains(&by.version) {
            return Err(Error::IncidentChanged);
        }
        Ok(Taken { row, incident, at: self.ports.clock.now() })
    }

    /// Commits an act: the incident as it is now, the act's leaf, who is told, and what else follows.
    async fn put_incident(
        &self,
        permit: &Permit,
        taken: Taken,
        by: By<'_>,
        (change, reason): (&'static str, &str),
        mut writes: Vec<Write>,
    ) -> Result<u64, Error> {
        let tenant: &Tenant = permit;
        let Taken { row: before, mut incident, at } = taken;
        incident.turned = before.version.saturating_add(1);
        let key = self.incident_key(tenant, &incident).await?;
        let row = self.incident_row(tenant, &incident, (&key, before.version.saturating_add(1)))?;
        let leaf = self.act_leaf(
            permit,
            &key,
            (&incident, &row),
            (by.actor, change, reason),
            (at, counts(&writes)),
        )?;
        let version = row.version;
        let event = (row.status == "closed").then_some(Told::Closed { version });
        writes.extend(self.deliveries(tenant, &incident, (&key, at), event)?);
        writes.push(IncidentWrite::Put { expected_version: before.version, row: Box::new(row) }.into());
        let commit = Commit { leaves: vec![leaf], writes, ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await.map_err(changed)?;
        Ok(version)
    }

    fn act_leaf(
        &self,
        permit: &Permit,
        key: &PersonKey,
        (incident, row): (&Incident, &IncidentRow),
        (actor, change, reason): (&str, &'static str, &str),
        (at, (suppressions, sources)): (Timestamp, (usize, usize)),
    ) -> Result<countersign_store::NewLeaf, Error> {
        let id = self.make_id(IdKind::Record)?;
        let mut draft = Draft::new(&id, at, Kind::Administration)
            .fact("change", &change)
            .fact("incident", &incident.id)
            .fact("version", &row.version)
            .fact("is_assigned", &row.assignee.is_some())
            .by(permit.caller());
        if let Some(disposition) = &row.disposition {
            draft = draft.fact("disposition", disposition);
            for (name, count) in [("suppressions", suppressions), ("sources", sources)] {
                draft = draft.fact(name, &count);
            }
        }
        let why = Why { assignee: row.assignee.as_deref(), ..Why::new(actor, reason) };
        let why = serde_json::to_vec(&why).map_err(Error::internal)?;
        self.personal_leaf(permit, draft, key, &why)
    }
}

pub(crate) fn check(name: &'static str, text: &str, most: usize) -> Result<(), Error> {
    if text.trim().is_empty() || text.len() > most { Err(Error::Text(name, most)) } else { Ok(()) }
}

/// The same about whom nobody opened.
fn by_alias(tenant: &Tenant, Consequences { suppressions, attackers }: Consequences) -> Consequences {
    let names = Names::new(tenant, Aliased::Whole);
    let named = |entity: Entity| names.shown(&entity).entity;
    let proposal = |proposal: Proposal| Proposal { entity: named(proposal.entity), ..proposal };
    Consequences {
        suppressions: suppressions.into_iter().map(proposal).collect(),
        attackers: attackers.into_iter().map(named).collect(),
    }
}

/// How many suppressions and how many sources of attacks are among writes.
fn counts(writes: &[Write]) -> (usize, usize) {
    let suppressions =
        writes.iter().filter(|write| matches!(write, Write::Incident(IncidentWrite::Suppress(_))));
    let sources =
        writes.iter().filter(|write| matches!(write, Write::Incident(IncidentWrite::AttackSource(_))));
    (suppressions.count(), sources.count())
}
