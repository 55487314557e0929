//! Placing alerts as they are found.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use countersign_core::Timestamp;
use countersign_detect::{
    About, Alert, AlertId, Event, Severity,
    incident::{
        self, Change, Incident, IncidentId, Involved, Known, Member, Mention, NEAR, Placement, Status,
    },
};
use countersign_privacy::{Tag, Tagger};
use countersign_store::{AlertEntities, IncidentWrite, Write};

use crate::{App, Error, Tenant, hooks::Told};

/// The most incidents that are looked at for one alert, those of the newest alerts: an entity of more is a hub that says little.
const MAX_CANDIDATES: usize = 50;

/// An alert that is new or has grown, with what it takes to place it.
#[derive(Clone, Copy)]
pub struct Raised<'a> {
    /// The alert as it is now.
    pub alert: &'a Alert,
    /// What its detector is.
    pub about: &'a About,
    /// The entries that show it, as far as they are at hand.
    pub evidence: &'a [Event<'a>],
}

/// What placing came to; nothing is done until the writes are committed.
#[derive(Debug, Default)]
pub struct Placed {
    /// What is to be committed with the alerts. `Stale`: a person changed one of the incidents meanwhile, place them anew.
    pub writes: Vec<Write>,
    /// The incident of each alert that has one.
    pub incidents: BTreeMap<AlertId, IncidentId>,
}

/// An incident at work, and as it was; `None` for one that is opened.
struct AtWork {
    incident: Incident,
    version: u64,
    before: Option<Incident>,
}

struct Placing<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    tagger: Tagger,
    now: Timestamp,
    at_work: BTreeMap<IncidentId, AtWork>,
    /// What is not committed yet.
    mentions: Vec<(IncidentId, Mention)>,
    placed: Placed,
}

impl App {
    /// Places alerts that are new or have grown, then takes out those that a replay did not find: says what is to be committed with
    /// them. Alerts of which nobody is told have no incident, unless they had one. One that came in the place of another, as `moved`
    /// says, belongs where that one did.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn place_alerts(
        &self,
        tenant: &Tenant,
        raised: &[Raised<'_>],
        moved: &BTreeMap<AlertId, AlertId>,
        retracted: &[AlertId],
    ) -> Result<Placed, Error> {
        let mut placing = Placing {
            app: self,
            tenant,
            tagger: tenant.keys.tagger(),
            now: self.ports.clock.now(),
            at_work: BTreeMap::new(),
            mentions: Vec::new(),
            placed: Placed::default(),
        };
        for raised in raised {
            placing.place(*raised, moved).await?;
        }
        // Why after it: an incident of which all alerts began at another time than was believed stays what people made of it.
        for alert in retracted {
            placing.retract(*alert).await?;
        }
        placing.finish().await
    }
}

impl Placing<'_> {
    async fn retract(&mut self, alert: AlertId) -> Result<(), Error> {
        let Some(incident) = self.current(alert).await? else { return Ok(()) };
        let now = self.now;
        if let Some(at_work) = self.find(incident).await? {
            at_work.incident.retract(alert, now);
        }
        self.placed.writes.push(IncidentWrite::ForgetEntities(alert.to_string()).into());
        Ok(())
    }

    async fn place(
        &mut self,
        Raised { alert, about, evidence }: Raised<'_>,
        moved: &BTreeMap<AlertId, AlertId>,
    ) -> Result<(), Error> {
        let involved = Involved::new(alert, evidence);
        let keys = involved.keys(&self.tagger);
        // Why looked at first: one whose person was erased since can't be told of any more, and takes nothing in.
        let mut current = self.current(alert.id).await?;
        if let (None, Some(other)) = (current, moved.get(&alert.id)) {
            current = self.current(*other).await?;
        }
        if let Some(id) = current
            && self.find(id).await?.is_none()
        {
            current = None;
        }
        let known = self.known(alert, &keys).await?;
        let id = match incident::join(alert, &keys, current, &known) {
            Placement::Apart => return Ok(()),
            Placement::Opens { related } => self.open(alert.id, related).await?,
            Placement::Joins { incident, related } => {
                if let Some(at_work) = self.find(incident).await? {
                    at_work.incident.relate(related);
                    incident
                } else {
                    self.open(alert.id, related).await?
                }
            }
        };
        if let Some(at_work) = self.at_work.get_mut(&id) {
            let change = at_work.incident.take(Member::new(alert, about, &involved, evidence));
            if change == Change::Reopened {
                tracing::info!(tenant.id = %self.tenant.id, incident.id = %id, "an incident is open again");
            }
        }
        self.placed.incidents.insert(alert.id, id);
        self.mentions
            .extend(keys.iter().map(|&key| (id, Mention { key, first: alert.first, last: alert.last })));
        let entities = AlertEntities {
            alert: alert.id.to_string(),
            incident: id.to_string(),
            first: alert.first,
            last: alert.last,
            entities: keys.iter().map(|key| key.0).collect(),
        };
        self.placed.writes.push(IncidentWrite::Entities(entities).into());
        Ok(())
    }

    /// The incident that an alert has already.
    async fn current(&self, alert: AlertId) -> Result<Option<IncidentId>, Error> {
        if let Some(id) = self.placed.incidents.get(&alert) {
            return Ok(Some(*id));
        }
        let row = self.app.ports.store.find_alert(&self.tenant.id, &alert.to_string()).await?;
        Ok(row.and_then(|row| row.incident?.parse().ok()))
    }

    /// Takes an incident to work; `None` where there is none, or its person was erased.
    async fn find(&mut self, id: IncidentId) -> Result<Option<&mut AtWork>, Error> {
        if !self.at_work.contains_key(&id) {
            let row = self.app.ports.store.find_incident(&self.tenant.id, &id.to_string()).await?;
            let Some(row) = row else { return Ok(None) };
            let Some(incident) = self.app.find_in(self.tenant, &row).await? else { return Ok(None) };
            let at_work = AtWork { before: Some(incident.clone()), incident, version: row.version };
            self.at_work.insert(id, at_work);
        }
        Ok(self.at_work.get_mut(&id))
    }

    /// Opens an incident. One of the same id whose person was erased makes room: an alert's id comes again in a replay.
    async fn open(&mut self, alert: AlertId, related: BTreeSet<IncidentId>) -> Result<IncidentId, Error> {
        let incident = Incident::open(&self.tagger, alert, self.now, related);
        let id = incident.id;
        let row = self.app.ports.store.find_incident(&self.tenant.id, &id.to_string()).await?;
        let version = row.map_or(0, |row| row.version);
        let at_work = AtWork { incident, version, before: None };
        self.at_work.entry(id).or_insert(at_work);
        Ok(id)
    }

    /// The incidents that share a key with an alert and are near it.
    async fn known(&self, alert: &Alert, keys: &BTreeSet<Tag>) -> Result<Vec<Known>, Error> {
        let store = &self.app.ports.store;
        let between = (alert.first.plus(-NEAR), alert.last.plus(NEAR));
        let tags = keys.iter().map(|key| key.0).collect();
        let rows = store.list_mentions(&self.tenant.id, tags, between).await?;
        let mut mentions: BTreeMap<IncidentId, Vec<Mention>> = BTreeMap::new();
        for (id, row) in rows {
            let Ok(id) = id.parse() else { continue };
            let mention = Mention { key: Tag(row.entity), first: row.first, last: row.last };
            mentions.entry(id).or_default().push(mention);
        }
        for (id, mention) in self.mentions.iter().filter(|(_, mention)| keys.contains(&mention.key)) {
            mentions.entry(*id).or_default().push(*mention);
        }
        let mut mentions: Vec<_> = mentions.into_iter().collect();
        // Why the newest first: an open incident goes on taking alerts in, and must be found among many that were closed.
        mentions
            .sort_by_key(|(id, mentions)| (Reverse(mentions.iter().map(|mention| mention.last).max()), *id));
        let mut known = Vec::new();
        for (id, mentions) in mentions.into_iter().take(MAX_CANDIDATES) {
            if let Some(at_work) = self.at_work.get(&id) {
                let is_closed = at_work.incident.handling.status() == Status::Closed;
                known.push(Known { id, first: at_work.incident.first(), is_closed, mentions });
            } else if let Some(row) = store.find_incident(&self.tenant.id, &id.to_string()).await? {
                // Why: one whose person was erased can't be told of any more, and takes nothing in.
                if store.find_subject_of_key(&self.tenant.id, &row.key_id).await?.is_none() {
                    continue;
                }
                let is_closed = row.status == Status::Closed.as_str();
                known.push(Known { id, first: row.first, is_closed, mentions });
            }
        }
        Ok(known)
    }

    /// The writes of every incident that changed, and who is told.
    async fn finish(mut self) -> Result<Placed, Error> {
        for AtWork { mut incident, version, before } in std::mem::take(&mut self.at_work).into_values() {
            if before.as_ref() == Some(&incident) {
                continue;
            }
            let incident = &mut incident;
            if !before.as_ref().is_some_and(|before| incident.looks_as(before)) {
                incident.turned = version.saturating_add(1);
            }
            let (severity, status) =
                before.map(|before| (before.severity(), before.handling.status())).unzip();
            let key = self.app.incident_key(self.tenant, incident).await?;
            let row = self.app.incident_row(self.tenant, incident, (&key, version.saturating_add(1)))?;
            // Why none of what is long over: a history that is read would wake somebody for each of its attacks.
            let is_over = self.now.since(incident.last()) > NEAR;
            let told = told(incident, (severity, status), row.version).filter(|_| !is_over);
            let deliveries = self.app.deliveries(self.tenant, incident, (&key, self.now), told)?;
            let put = IncidentWrite::Put { expected_version: version, row: Box::new(row) };
            self.placed.writes.push(put.into());
            self.placed.writes.extend(deliveries);
        }
        Ok(self.placed)
    }
}

/// What receivers are told of a change: the gravest thing, once.
fn told(incident: &Incident, before: (Option<Severity>, Option<Status>), version: u64) -> Option<Told> {
    let (status, severity) = (incident.handling.status(), incident.severity());
    match before {
        (None, _) | (_, None) => Some(Told::Opened),
        (_, Some(Status::Closed)) if status != Status::Closed => Some(Told::Reopened { version }),
        (_, Some(was)) if was != Status::Closed && status == Status::Closed => Some(Told::Closed { version }),
        (Some(was), _) if severity > was && status != Status::Closed => Some(Told::Raised { severity }),
        _ => None,
    }
}
