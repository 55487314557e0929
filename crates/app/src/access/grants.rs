//! People and what they are granted.

use std::collections::BTreeMap;

use countersign_core::{IdKind, TenantId};
use countersign_rights::{Grant, Place};
use countersign_store::{AccessWrite, GrantRow, PersonRow};

use super::{GrantView, InstallationPermit, Permit, PersonView, told::Fact};
use crate::{App, Error};

/// The longest name, issuer or subject, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// People on one page.
pub const PEOPLE_PAGE: u32 = 100;

/// A role for somebody, somewhere.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// A person's or a service account's id.
    pub principal: String,
    /// The role and where it holds.
    pub grant: Grant,
}

/// Whose word a grant is.
enum By<'a> {
    Here(&'a InstallationPermit),
    At(&'a Permit),
}

impl By<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Here(permit) => permit.caller().id(),
            Self::At(permit) => permit.caller().id(),
        }
    }

    /// Whether they may change what is granted at a tenant, or, without one, at all of them.
    fn covers(&self, tenant: Option<&TenantId>) -> bool {
        match self {
            Self::Here(_) => true,
            Self::At(permit) => tenant == Some(&permit.id),
        }
    }
}

impl App {
    /// Makes somebody known who did not sign in yet, so that they can be granted a role; the id of who is known already.
    ///
    /// # Errors
    /// `Text`, `NoProvider` where no issuer is told and none is configured, `PersonDisabled`, `Unavailable`.
    pub async fn add_person(
        &self,
        permit: &InstallationPermit,
        issuer: Option<&str>,
        subject: &str,
        name: &str,
    ) -> Result<String, Error> {
        let configured = self.access.provider.as_ref().map(|provider| provider.issuer().to_owned());
        let issuer = issuer.map(str::to_owned).or(configured).ok_or(Error::NoProvider)?;
        for (what, text) in [("issuer", &*issuer), ("subject", subject), ("name", name)] {
            if text.trim().is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
                return Err(Error::Text(what, MAX_TEXT_BYTES));
            }
        }
        if let Some(known) = self.ports.store.find_person(&issuer, subject).await? {
            return if known.disabled_at.is_some() {
                Err(Error::PersonDisabled(known.id))
            } else {
                Ok(known.id)
            };
        }
        let (id, at) = (self.make_id(IdKind::Person)?, self.ports.clock.now());
        let (subject, name) = (subject.to_owned(), name.to_owned());
        let row = PersonRow {
            id: id.clone(),
            issuer,
            subject,
            name,
            created_at: at,
            seen_at: at,
            disabled_at: None,
        };
        let facts = [Fact("by", permit.caller().id()), Fact("principal", &id)];
        let writes = vec![AccessWrite::PutPerson(row)];
        self.change_access(&self.everywhere(), "person_added", &facts, writes).await?;
        Ok(id)
    }

    /// Ends what a person may do, and their sessions.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn disable_person(&self, permit: &InstallationPermit, person: &str) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let facts = [Fact("by", permit.caller().id()), Fact("principal", person)];
        let writes = vec![
            AccessWrite::DisablePerson { id: person.to_owned(), at },
            AccessWrite::EndSessionsOf { principal: person.to_owned(), at },
        ];
        let done = self.change_access(&self.everywhere(), "person_disabled", &facts, writes).await;
        found(done, "person")
    }

    /// Lets a person in again who was disabled, with what they were granted; they sign in anew.
    ///
    /// # Errors
    /// `NotFound` for who is not there or not disabled, `Unavailable`.
    pub async fn enable_person(&self, permit: &InstallationPermit, person: &str) -> Result<(), Error> {
        let facts = [Fact("by", permit.caller().id()), Fact("principal", person)];
        let writes = vec![AccessWrite::EnablePerson { id: person.to_owned() }];
        let done = self.change_access(&self.everywhere(), "person_enabled", &facts, writes).await;
        found(done, "person who is disabled")
    }

    /// Grants a role; returns the grant's id.
    ///
    /// # Errors
    /// `NotFound` for a principal that is not there, `UnknownTenant`, `Unavailable`.
    pub async fn grant(&self, permit: &InstallationPermit, new: &NewGrant) -> Result<String, Error> {
        self.grant_by(By::Here(permit), new).await
    }

    /// Grants a role at the permit's tenant or an organization of it; returns the grant's id.
    ///
    /// # Errors
    /// As `grant`; `UnknownTenant` also for another tenant.
    pub async fn grant_at(&self, permit: &Permit, new: &NewGrant) -> Result<String, Error> {
        self.grant_by(By::At(permit), new).await
    }

    async fn grant_by(&self, by: By<'_>, new: &NewGrant) -> Result<String, Error> {
        let NewGrant { principal, grant } = new;
        if !by.covers(grant.at.tenant()) {
            return Err(Error::UnknownTenant);
        }
        let (tenant, organization) = match &grant.at {
            Place::Installation => (None, None),
            Place::Tenant(tenant) => (Some(self.tenant(tenant)?.id.clone()), None),
            Place::Organization(tenant, organization) => {
                (Some(self.tenant(tenant)?.id.clone()), Some(organization.clone()))
            }
        };
        let is_known = self.ports.store.get_person(principal).await?.is_some()
            || self.ports.store.list_accounts().await?.iter().any(|account| account.id == *principal);
        if !is_known {
            return Err(Error::NotFound("person or service account"));
        }
        let id = self.make_id(IdKind::Record)?;
        let row = GrantRow {
            id: id.clone(),
            principal: principal.clone(),
            role: grant.role.as_str().to_owned(),
            tenant,
            organization,
            given_at: self.ports.clock.now(),
            given_by: by.id().to_owned(),
            ended_at: None,
            ended_by: None,
        };
        let place = told(&grant.at);
        let facts = [
            Fact("by", by.id()),
            Fact("principal", principal),
            Fact("role", grant.role.as_str()),
            Fact("at", &place),
            Fact("grant", &id),
        ];
        let concerned = self.concerned(std::slice::from_ref(grant));
        self.change_access(&concerned, "granted", &facts, vec![AccessWrite::AddGrant(row)]).await?;
        Ok(id)
    }

    /// Ends a grant.
    ///
    /// # Errors
    /// `NotFound` when none of this id holds; `Unavailable`.
    pub async fn end_grant(&self, permit: &InstallationPermit, grant: &str) -> Result<(), Error> {
        self.end_grant_by(By::Here(permit), grant).await
    }

    /// Ends a grant of the permit's tenant, or of an organization of it.
    ///
    /// # Errors
    /// As `end_grant`; `NotFound` also for another tenant's, and for one that holds at all of them.
    pub async fn end_grant_at(&self, permit: &Permit, grant: &str) -> Result<(), Error> {
        self.end_grant_by(By::At(permit), grant).await
    }

    async fn end_grant_by(&self, by: By<'_>, grant: &str) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let held = self.ports.store.list_grants(None).await?;
        let row = held.iter().find(|row| row.id == grant && by.covers(row.tenant.as_ref()));
        let (row, by) = (row.ok_or(Error::NotFound("grant"))?, by.id());
        let concerned = super::sessions::read(row).into_iter().collect::<Vec<_>>();
        let facts = [Fact("by", by), Fact("grant", grant), Fact("principal", &row.principal)];
        let write = AccessWrite::EndGrant { id: grant.to_owned(), at, by: by.to_owned() };
        let done = self.change_access(&self.concerned(&concerned), "grant_ended", &facts, vec![write]).await;
        found(done, "grant")
    }

    /// The grants that hold.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn grants(&self, _: &InstallationPermit) -> Result<Vec<GrantView>, Error> {
        let rows = self.ports.store.list_grants(None).await?;
        Ok(rows.into_iter().map(GrantView::from).collect())
    }

    /// The grants that hold at the permit's tenant, or at organizations of it, and nowhere else.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn grants_at(&self, permit: &Permit) -> Result<Vec<GrantView>, Error> {
        let rows = self.ports.store.list_grants(None).await?;
        let here = rows.into_iter().filter(|row| row.tenant.as_ref() == Some(&permit.id));
        Ok(here.map(GrantView::from).collect())
    }

    /// What those are called who were granted something at the permit's tenant, by their ids.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn names_at(&self, permit: &Permit) -> Result<BTreeMap<String, String>, Error> {
        let mut accounts: BTreeMap<_, _> = self
            .ports
            .store
            .list_accounts()
            .await?
            .into_iter()
            .map(|account| (account.id, account.name))
            .collect();
        let mut names = BTreeMap::new();
        for GrantView { principal, .. } in self.grants_at(permit).await? {
            let name = match self.ports.store.get_person(&principal).await? {
                Some(person) => Some(person.name),
                None => accounts.remove(&principal),
            };
            names.extend(name.map(|name| (principal, name)));
        }
        Ok(names)
    }

    /// People, in the order of their ids, after the one that `after` names.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn people(
        &self,
        _: &InstallationPermit,
        after: Option<&str>,
    ) -> Result<Vec<PersonView>, Error> {
        let rows = self.ports.store.list_people(PEOPLE_PAGE, after).await?;
        Ok(rows.into_iter().map(PersonView::from).collect())
    }
}

/// A place, as a leaf names it.
fn told(at: &Place) -> String {
    match at {
        Place::Installation => "installation".to_owned(),
        Place::Tenant(tenant) => tenant.to_string(),
        Place::Organization(tenant, organization) => format!("{tenant}/{organization}"),
    }
}

/// What the store's word of another state means: there is no such thing.
pub(super) fn found(done: Result<(), Error>, what: &'static str) -> Result<(), Error> {
    match done {
        Err(Error::Stale) => Err(Error::NotFound(what)),
        other => other,
    }
}
