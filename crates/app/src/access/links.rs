//! One-time links: of the first start, and for when nobody can sign in (break-glass).

use std::time::Duration;

use countersign_core::{IdKind, Timestamp};
use countersign_privacy::Token;
use countersign_rights::How;
use countersign_store::{AccessWrite, Commit, LinkRow, Write};

use super::{BREAK_GLASS, InstallationPermit, LINK_SESSION, sessions::Opening, told::Fact};
use crate::{App, Error, hooks::BreakGlass};

/// What a link's code begins with.
const PREFIX: &str = "cln_";

/// How long a link can be used.
const LINK: Duration = Duration::from_secs(15 * 60);

/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1_000;

impl App {
    /// Makes a link by which one browser signs in as administrator within 15 minutes. Where people can sign in otherwise it is
    /// break-glass, and needs a reason.
    ///
    /// # Errors
    /// `Text` for a reason that is missing or too long; `Unavailable`.
    pub async fn make_link(&self, permit: &InstallationPermit, reason: Option<&str>) -> Result<Token, Error> {
        let how = if self.has_provider() { How::BreakGlass } else { How::Link };
        let is_said = reason.is_some_and(|reason| !reason.trim().is_empty());
        let is_short = reason.is_none_or(|reason| reason.len() <= MAX_REASON_BYTES);
        if !is_short || (how == How::BreakGlass && !is_said) {
            return Err(Error::Text("reason", MAX_REASON_BYTES));
        }
        let made_at = self.ports.clock.now();
        let token = Token::generate(PREFIX, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        let micros = i64::try_from(LINK.as_micros()).unwrap_or(i64::MAX);
        let ends_at = Timestamp::from_micros(made_at.micros().saturating_add(micros));
        let id = self.make_id(IdKind::Record)?;
        let row = LinkRow {
            id: id.clone(),
            digest: token.digest(),
            how: how.as_str().to_owned(),
            made_at,
            ends_at,
            used_at: None,
        };
        let write = AccessWrite::AddLink(row);
        if how == How::Link {
            // Why without a leaf: each start makes one, which says nothing; that it was used does.
            self.add_link(write).await?;
            return Ok(token);
        }
        let facts = [Fact("by", permit.caller.id()), Fact("link", &id)];
        self.change_access(&self.everywhere(), "break_glass_made", &facts, vec![write]).await?;
        self.alarm(BreakGlass::Made).await;
        Ok(token)
    }

    async fn add_link(&self, write: AccessWrite) -> Result<(), Error> {
        let tenant = self.tenants.iter().next().ok_or(Error::UnknownTenant)?;
        let commit = Commit { writes: vec![Write::Access(write)], ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(())
    }

    /// Uses a link up: the token of a session that it opened; `None` for one that was used, is too old or is not there, and for one of
    /// a start before people could sign in.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn use_link(&self, code: &Token) -> Result<Option<Token>, Error> {
        let at = self.ports.clock.now();
        let digest = code.digest();
        let found = self.ports.store.find_link(&digest).await?;
        let Some(link) = found.filter(|link| link.used_at.is_none() && at < link.ends_at) else {
            return Ok(None);
        };
        let Ok(how) = link.how.parse::<How>() else { return Ok(None) };
        // Why: it was printed while nobody could sign in otherwise; by now it would be break-glass without an alarm.
        if how == How::Link && self.has_provider() {
            return Ok(None);
        }
        let longest = if how == How::BreakGlass { BREAK_GLASS } else { LINK_SESSION };
        let opening = Opening {
            principal: "local",
            how,
            claimed: &[],
            authenticated_at: Some(at),
            idle: longest,
            longest,
        };
        let (token, session) = self.make_session(&opening)?;
        let change = if how == How::BreakGlass { "break_glass_used" } else { "signed_in" };
        let session_id = session.id.clone();
        let facts = [
            Fact("by", "local"),
            Fact("how", how.as_str()),
            Fact("link", &link.id),
            Fact("session", &session_id),
        ];
        let writes = vec![AccessWrite::UseLink { digest, at }, AccessWrite::AddSession(session)];
        match self.change_access(&self.everywhere(), change, &facts, writes).await {
            Ok(()) => {}
            Err(Error::Stale) => return Ok(None),
            Err(error) => return Err(error),
        }
        if how == How::BreakGlass {
            self.alarm(BreakGlass::Used).await;
        }
        Ok(Some(token))
    }

    /// Tells everybody who is told of incidents. Why no error: the leaf is written, and who breaks the glass is in haste.
    async fn alarm(&self, what: BreakGlass) {
        tracing::error!(?what, "break-glass: a link that makes an administrator");
        for tenant in self.tenants.iter() {
            if let Err(error) = self.tell_break_glass(tenant, what).await {
                tracing::error!(tenant.id = %tenant.id, detail = error.detail(), "receivers could not be told of break-glass");
            }
        }
    }
}
