//! Who somebody is that goes by a pseudonym: what the newest decision about them tells, or the newest entry of the log.

use countersign_core::SubjectId;
use countersign_store::{DecisionFilter, LogFilter, Scope};
use serde_json::Value;

use super::{Asked, Public, Revealed, named, values};
use crate::{App, Error, Tenant, access::Permit, subjects::PersonKey};

/// The fields of a person that can be opened.
pub const USER_FIELDS: [&str; 4] = ["user_id", "name", "email", "phone"];

/// Decisions that are looked through for one of the person, a page at a time.
const PAGE: u32 = 500;

/// And so many pages: some tens of milliseconds.
const PAGES: u32 = 20;

/// Where the fields stand in an event, and in an entry of the log.
const PLACES: [(&str, &str, Option<&str>); 4] = [
    ("user_id", "/user/user_id", Some("/user_id")),
    ("name", "/user/name", Some("/user_name")),
    ("email", "/user/email", None),
    ("phone", "/user/phone_number", None),
];

impl App {
    pub(super) async fn reveal_user(
        &self,
        permit: &Permit,
        subject: &str,
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        let subject: SubjectId = subject.parse().map_err(|_| Error::NotFound("user"))?;
        let key = self.find_key(permit, &subject).await?.ok_or(Error::NotFound("user"))?;
        let event = self.newest_event(permit, &subject).await?;
        let entry = self.newest_entry(permit, &key).await?;
        let at = |value: &Option<Value>, place: Option<&str>| {
            let found = value.as_ref()?.pointer(place?)?;
            found.as_str().filter(|text| !text.is_empty()).map(Value::from)
        };
        let values = values(asked, |field| {
            let (_, in_event, in_entry) = PLACES.iter().find(|(name, ..)| *name == field)?;
            Some(at(&event, Some(in_event)).or_else(|| at(&entry, *in_entry)).unwrap_or(Value::Null))
        })?;
        let public = Public { what: "user", record: None, fields: named(&values) };
        let record = self.record_reveal(permit, &key, public, asked.reason).await?;
        Ok(Revealed { record, values })
    }

    /// The event of the newest decision about the person that can be read, among the newest of all.
    async fn newest_event(&self, tenant: &Tenant, subject: &SubjectId) -> Result<Option<Value>, Error> {
        let scope = Scope::Tenant(&tenant.id);
        let mut filter = DecisionFilter::default();
        for _ in 0..PAGES {
            let rows = self.ports.store.list_decisions(scope, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { break };
            filter.before = Some(last.leaf_index);
            for row in rows.iter().filter(|row| row.subject.as_ref() == Some(subject)) {
                match self.open_record(tenant, row).await {
                    Ok(record) => return serde_json::from_str(record.event.get()).map_err(Error::internal),
                    Err(Error::Erased | Error::NotKept) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    async fn newest_entry(&self, tenant: &Tenant, key: &PersonKey) -> Result<Option<Value>, Error> {
        let before = self.ports.store.get_log_state(&tenant.id).await?.next;
        let filter =
            LogFilter { from: 0, before, kind: None, key_id: Some(key.id.clone()), since: None, until: None };
        let Some(row) = self.ports.store.list_log_newest(&tenant.id, filter, 1).await?.into_iter().next()
        else {
            return Ok(None);
        };
        let raw = self.open_entry(tenant, &row).await?;
        raw.map(|raw| serde_json::from_str(&raw).map_err(Error::internal)).transpose()
    }
}
