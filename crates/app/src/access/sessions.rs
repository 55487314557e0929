//! Sessions of browsers: a random token in a cookie, its digest in the database.

use std::{collections::BTreeSet, time::Duration};

use countersign_core::{IdKind, Timestamp};
use countersign_privacy::Token;
use countersign_rights::{Grant, How, Place, Principal, PrincipalKind, Role};
use countersign_store::{AccessWrite, Commit, GrantRow, SessionRow, Write};
use serde::{Deserialize, Serialize};

use super::{Caller, InstallationPermit, SessionView, told::Fact};
use crate::{App, Error, Lead, Tenant};

/// What a session's token begins with.
const PREFIX: &str = "cse_";

/// How long a session of somebody who signed in lasts without use.
pub const IDLE: Duration = Duration::from_secs(30 * 60);

/// How long such a session lasts at the most.
pub const LONGEST: Duration = Duration::from_secs(8 * 3_600);

/// How long a session by a one-time link lasts, used or not, where nobody can sign in otherwise.
pub const LINK_SESSION: Duration = Duration::from_secs(12 * 3_600);

/// How long a session by a break-glass link lasts, used or not.
pub const BREAK_GLASS: Duration = Duration::from_secs(3_600);

/// How old the time of the last use may become before it is written again.
const TOUCH: Duration = Duration::from_secs(60);

/// How long sessions and links are kept that can't hold any more, in microseconds: a clock that went back must not bring any to life
/// that is gone, nor the list of sessions miss one.
const KEPT_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// A session that is to be opened.
pub(super) struct Opening<'a> {
    pub(super) principal: &'a str,
    pub(super) how: How,
    /// Values of the provider's claim for roles.
    pub(super) claimed: &'a [String],
    /// When the person last showed who they are; `None` where the provider does not say, which counts as long ago.
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) idle: Duration,
    pub(super) longest: Duration,
}

/// What a session keeps of what its person came with.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Came {
    /// Values of the provider's claim for roles.
    claimed: Vec<String>,
    /// When they last showed who they are.
    authenticated_at: Option<Timestamp>,
}

impl Came {
    /// As stored; a session from before the time was kept has a list of values alone.
    fn read(text: &str) -> Result<Self, Error> {
        let bare = || Ok(Self { claimed: serde_json::from_str(text)?, authenticated_at: None });
        serde_json::from_str(text)
            .or_else(|_| bare())
            .map_err(|error: serde_json::Error| Error::internal(error))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(micros(by)))
}

/// Whether a session holds at `now`. A clock that went back does not make it longer than it may be at the most.
pub(super) fn holds(row: &SessionRow, now: Timestamp) -> bool {
    let unused = now.micros().saturating_sub(row.seen_at.micros());
    row.ended_at.is_none() && now < row.ends_at && unused < row.idle_micros
}

impl App {
    /// Deletes sessions and links that could not hold for a day by now, with what they say of people. They belong to no tenant: one job
    /// calls it, with its lead of any.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_sessions(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        let before = self.ports.clock.now().plus(-KEPT_MICROS);
        let writes = vec![AccessWrite::Prune { before }.into()];
        let commit = Commit { fence: lead.fence(), writes, ..Commit::background(tenant.id.clone()) };
        self.is_committed(commit).await.map(drop)
    }

    /// The row and the token of a session that begins now.
    pub(super) fn make_session(&self, opening: &Opening<'_>) -> Result<(Token, SessionRow), Error> {
        let now = self.ports.clock.now();
        let token = Token::generate(PREFIX, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        let row = SessionRow {
            id: self.make_id(IdKind::Session)?,
            digest: token.digest(),
            principal: opening.principal.to_owned(),
            how: opening.how.as_str().to_owned(),
            claimed: serde_json::to_string(&Came {
                claimed: opening.claimed.to_vec(),
                authenticated_at: opening.authenticated_at.map(|at| at.min(now)),
            })
            .map_err(Error::internal)?,
            created_at: now,
            seen_at: now,
            idle_micros: micros(opening.idle),
            ends_at: later(now, opening.longest),
            ended_at: None,
        };
        Ok((token, row))
    }

    /// Who a browser's session is; `None` when it does not hold, or its person may not sign in any more: they are disabled, or known to
    /// a provider that is not the configured one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn caller_of_session(&self, token: &Token) -> Result<Option<Caller>, Error> {
        self.session_of(token, true).await
    }

    /// The same for what a page asks by itself while nobody may be there, which is no use of the session.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn caller_of_open_page(&self, token: &Token) -> Result<Option<Caller>, Error> {
        self.session_of(token, false).await
    }

    async fn session_of(&self, token: &Token, is_use: bool) -> Result<Option<Caller>, Error> {
        let now = self.ports.clock.now();
        let found = self.ports.store.find_session(&token.digest()).await?;
        let Some(row) = found.filter(|row| holds(row, now)) else { return Ok(None) };
        let Ok(how) = row.how.parse::<How>() else { return Ok(None) };
        // Why: it was opened while nobody could sign in otherwise; by now it would be break-glass without an alarm.
        if how == How::Link && self.has_provider() {
            return Ok(None);
        }
        if is_use {
            self.touch(&row, now).await;
        }
        if how != How::Oidc {
            return Ok(Some(Caller::new(Principal::local(how), "operator", Some(&row.id))));
        }
        let person = self.ports.store.get_person(&row.principal).await?;
        let Some(person) = person.filter(|person| person.disabled_at.is_none()) else { return Ok(None) };
        // Why: a provider that was taken out of the configuration may be one that is not to be trusted any more.
        if self.access.provider.as_ref().is_none_or(|provider| provider.issuer() != person.issuer) {
            return Ok(None);
        }
        let came = Came::read(&row.claimed)?;
        let grants = self.grants_of(&row.principal, &came.claimed).await?;
        let principal = Principal {
            kind: PrincipalKind::Person,
            id: row.principal,
            grants,
            scopes: BTreeSet::new(),
            how,
            tenant: None,
            organization: None,
        };
        let caller = Caller::new(principal, &person.name, Some(&row.id));
        Ok(Some(caller.authenticated(came.authenticated_at)))
    }

    /// Why no error: who works is not to be stopped because the time of it could not be written.
    async fn touch(&self, row: &SessionRow, now: Timestamp) {
        if now.micros().saturating_sub(row.seen_at.micros()) < micros(TOUCH) {
            return;
        }
        let Some(tenant) = self.tenants.iter().next() else { return };
        let write = Write::Access(AccessWrite::TouchSession { id: row.id.clone(), at: now });
        let commit = Commit { writes: vec![write], ..Commit::background(tenant.id.clone()) };
        if let Err(error) = self.ports.store.commit(commit).await {
            tracing::warn!(%error, "the use of a session could not be written");
        }
    }

    /// What somebody was granted, and what the configuration gives for what their provider claims of them.
    pub(super) async fn grants_of(&self, principal: &str, claimed: &[String]) -> Result<Vec<Grant>, Error> {
        let rows = self.ports.store.list_grants(Some(principal)).await?;
        let granted = rows.iter().filter_map(read);
        let by_claims = self.access.claims.iter().filter(|(value, _)| claimed.contains(value));
        Ok(granted.chain(by_claims.map(|(_, grant)| grant.clone())).collect())
    }

    /// Ends the caller's own session.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Error> {
        let Some(session) = caller.session() else { return Ok(()) };
        let facts = [Fact("by", caller.id()), Fact("session", session)];
        self.end(session, "signed_out", &facts, &caller.principal().grants).await
    }

    /// Ends somebody's session: here at once, elsewhere with its next request.
    ///
    /// # Errors
    /// `NotFound` when none of this id holds; `Unavailable`.
    pub async fn revoke_session(&self, permit: &InstallationPermit, session: &str) -> Result<(), Error> {
        let facts = [Fact("by", permit.caller.id()), Fact("session", session)];
        self.end(session, "session_revoked", &facts, &[]).await
    }

    async fn end(
        &self,
        session: &str,
        change: &str,
        facts: &[Fact<'_>],
        grants: &[Grant],
    ) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let write = AccessWrite::EndSession { id: session.to_owned(), at };
        match self.change_access(&self.concerned(grants), change, facts, vec![write]).await {
            Err(Error::Stale) => Err(Error::NotFound("session")),
            other => other,
        }
    }

    /// The sessions that hold, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn sessions(&self, _: &InstallationPermit) -> Result<Vec<SessionView>, Error> {
        let rows = self.ports.store.list_sessions(None, self.ports.clock.now()).await?;
        Ok(rows.into_iter().map(SessionView::from).collect())
    }
}

/// A grant as stored; `None`, with a line in the log, for one that this version can't read, which then grants nothing.
pub(super) fn read(row: &GrantRow) -> Option<Grant> {
    let role: Result<Role, _> = row.role.parse();
    let at = match (&row.tenant, &row.organization) {
        (None, None) => Some(Place::Installation),
        (Some(tenant), None) => Some(Place::Tenant(tenant.clone())),
        (Some(tenant), Some(organization)) => Some(Place::Organization(tenant.clone(), organization.clone())),
        (None, Some(_)) => None,
    };
    let grant = role.ok().zip(at).and_then(|(role, at)| Grant::new(role, at).ok());
    if grant.is_none() {
        tracing::error!(grant = row.id, "a grant as stored can't be read, and grants nothing");
    }
    grant
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> SessionRow {
        let at = Timestamp::from_seconds(1_000);
        SessionRow {
            id: "ses_1".to_owned(),
            digest: vec![0; 32],
            principal: "per_1".to_owned(),
            how: "oidc".to_owned(),
            claimed: "[]".to_owned(),
            created_at: at,
            seen_at: at,
            idle_micros: micros(IDLE),
            ends_at: later(at, LONGEST),
            ended_at: None,
        }
    }

    #[test]
    fn what_a_person_came_with_is_read_as_it_was_written_before_and_since() {
        let came =
            Came { claimed: vec!["ops".to_owned()], authenticated_at: Some(Timestamp::from_seconds(7)) };
        assert_eq!(Came::read(&serde_json::to_string(&came).unwrap()).unwrap(), came);
        assert_eq!(Came::read(r#"["ops"]"#).unwrap(), Came { authenticated_at: None, ..came });
        assert!(Came::read("7").is_err());
    }

    #[test]
    fn a_session_ends_by_disuse_by_age_and_by_a_word() {
        let at = |seconds: i64| Timestamp::from_seconds(1_000 + seconds);
        assert!(holds(&row(), at(0)) && holds(&row(), at(1_799)));
        assert!(!holds(&row(), at(1_800)), "unused for half an hour");
        let used = |seconds| SessionRow { seen_at: at(seconds), ..row() };
        assert!(holds(&used(28_000), at(28_799)));
        assert!(!holds(&used(28_700), at(28_800)), "eight hours old");
        assert!(!holds(&SessionRow { ended_at: Some(at(1)), ..row() }, at(2)));
    }
}
