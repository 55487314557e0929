//! Reveals: personal data is shown field by field, to who may, with a reason, and each time the ledger is told first.

mod event;
mod incident;
mod names;
mod person;

use std::{collections::BTreeMap, sync::Arc};

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_rights::Action;
use countersign_store::Commit;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    App, Error, Tenant,
    access::{Permit, ScopedPermit},
    incidents::MAX_ACTOR_BYTES,
    leaves::Draft,
    subjects::PersonKey,
};

pub use event::{MaskedField, fields_view, masked_event};
pub(crate) use names::Names;
pub use names::{Aliased, MASKED_TEXT, Part, ShownEntity};
pub use person::USER_FIELDS;

/// The fewest characters of a reason.
pub const MIN_REASON_CHARS: usize = 3;

/// The most characters of a reason.
pub const MAX_REASON_CHARS: usize = 500;

/// The most fields of one reveal.
pub const MAX_FIELDS: usize = 50;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An incident: parts of it.
    Incident,
    /// An alert: what it is about.
    Alert,
    /// A decision: fields of its event, by their paths.
    Decision,
    /// A person, by pseudonym.
    User,
    /// A suppression: what it is about, and why.
    Suppression,
    /// An entry of the tenant's log: fields of it, by their paths.
    Log,
}

/// Why somebody opens something.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// Who, where the caller speaks for several people.
    pub actor: Option<&'a str>,
    /// Why, 3 to 500 characters; sealed.
    pub text: &'a str,
}

/// Fields that are to be opened.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which, 1 to 50.
    pub fields: &'a [String],
    /// Why.
    pub reason: Reason<'a>,
}

/// What was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Revealed {
    /// The id of the leaf that says so.
    pub record: String,
    /// The values of exactly the fields that were asked for.
    pub values: BTreeMap<String, Value>,
}

/// What of a reveal stands in its leaf, for all to read.
struct Public<'a> {
    what: &'static str,
    /// The record; `None` for a person, whom no leaf names.
    record: Option<&'a str>,
    fields: String,
}

impl App {
    /// Opens fields of something, once the ledger was told who does, of what, which, and (sealed) why.
    ///
    /// # Errors
    /// `Reason`; `Fields` for one that it does not have, or that does not open; `NotFound`, also for all but decisions where the permit is
    /// for some organizations alone; `Erased`, `NotKept`, `Denied`, `Unavailable`.
    pub async fn reveal(
        &self,
        permit: &ScopedPermit,
        (kind, id): (Target, &str),
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        check(permit.unscoped(), asked)?;
        if kind == Target::Decision {
            return self.reveal_decision(permit, id, asked).await;
        }
        self.reveal_at(permit.whole().ok_or(Error::NotFound("record"))?, (kind, id), asked).await
    }

    /// The same of something that is the whole tenant's.
    async fn reveal_at(
        &self,
        permit: &Permit,
        (kind, id): (Target, &str),
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        match kind {
            // Why: decisions are opened by who is held to some, too, and so not here.
            Target::Decision => Err(Error::NotFound("record")),
            Target::Incident => Ok(self.reveal_incident(permit, id, asked, Aliased::Whole).await?.1),
            Target::Alert => self.reveal_alert(permit, id, asked).await,
            Target::User => self.reveal_user(permit, id, asked).await,
            Target::Suppression => self.reveal_suppression(permit, id, asked).await,
            Target::Log => self.reveal_log_entry(permit, id, asked).await,
        }
    }

    /// Adds the leaf of a reveal; returns its id. Only then anything is shown.
    async fn record_reveal(
        &self,
        permit: &Permit,
        key: &PersonKey,
        public: Public<'_>,
        reason: Reason<'_>,
    ) -> Result<String, Error> {
        check_reason(permit, reason)?;
        let id = self.make_id(IdKind::Record)?;
        let Public { what, record, fields } = public;
        let mut draft = Draft::new(&id, self.ports.clock.now(), Kind::Reveal)
            .by(permit.caller())
            .fact("what", &what)
            .fact("fields", &fields);
        draft = match record {
            Some(record) => draft.fact("record", &record),
            // Why: erasing the person names their key, too, and a pseudonym would outlive it.
            None => draft.fact("key", &key.id),
        };
        let sealed = json!({ "reason": reason.text, "actor": reason.actor });
        let sealed = serde_json::to_vec(&sealed).map_err(Error::internal)?;
        let leaf = self.personal_leaf(permit, draft, key, &sealed)?;
        let commit = Commit { leaves: vec![leaf], ..Commit::background(permit.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(id)
    }

    /// Tells the ledger that a whole body is about to be shown: of a decision, or of an entry of the log.
    pub(crate) async fn record_opening(
        &self,
        permit: &Permit,
        key: &PersonKey,
        (what, record): (&'static str, &str),
        reason: Reason<'_>,
    ) -> Result<String, Error> {
        let public = Public { what, record: Some(record), fields: "*".to_owned() };
        self.record_reveal(permit, key, public, reason).await
    }

    /// Tells the ledger that parts of something are about to be shown.
    pub(crate) async fn record_parts(
        &self,
        permit: &Permit,
        key: &PersonKey,
        (what, record, fields): (&'static str, &str, String),
        reason: Reason<'_>,
    ) -> Result<String, Error> {
        let public = Public { what, record: Some(record), fields };
        self.record_reveal(permit, key, public, reason).await
    }

    /// The key of this name, under which why something was opened is sealed; `Erased` where it is gone.
    pub(crate) async fn opening_key(&self, tenant: &Tenant, key_id: &str) -> Result<Arc<PersonKey>, Error> {
        self.key_named(tenant, key_id).await?.ok_or(Error::Erased)
    }

    /// Whether a caller may open fields of a tenant, without a leaf: for what a page offers.
    #[must_use]
    pub fn may_reveal(&self, permit: &Permit) -> bool {
        self.may(permit.caller(), Action::RevealPersonal, &permit.id)
    }
}

pub(crate) fn check_reason(permit: &Permit, reason: Reason<'_>) -> Result<(), Error> {
    let chars = reason.text.trim().chars().count();
    if !(MIN_REASON_CHARS..=MAX_REASON_CHARS).contains(&chars) {
        return Err(Error::Reason);
    }
    match (reason.actor, permit.caller().is_shared()) {
        (Some(_), false) => Err(Error::Actor),
        (Some(name), true) if name.trim().is_empty() || name.len() > MAX_ACTOR_BYTES => {
            Err(Error::Text("actor", MAX_ACTOR_BYTES))
        }
        _ => Ok(()),
    }
}

/// Looked at before anything is opened, so that a reveal that can't be is none.
fn check(permit: &Permit, asked: Asked<'_>) -> Result<(), Error> {
    check_reason(permit, asked.reason)?;
    if asked.fields.is_empty() || asked.fields.len() > MAX_FIELDS {
        return Err(Error::Fields);
    }
    Ok(())
}

/// The values of the fields that are asked for.
fn values(asked: Asked<'_>, find: impl Fn(&str) -> Option<Value>) -> Result<BTreeMap<String, Value>, Error> {
    let value = |field: &String| Some((field.clone(), find(field)?));
    asked.fields.iter().map(|field| value(field).ok_or(Error::Fields)).collect()
}

/// Fields as a leaf names them: words of ours and paths of the table, no value.
fn named(values: &BTreeMap<String, Value>) -> String {
    values.keys().map(String::as_str).collect::<Vec<_>>().join(",")
}
