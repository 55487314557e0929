//! What a session, or a refresh token, was like when it began.

use super::keys::{Keys, browser_of};
use crate::{Features, Initial, SessionOf};

/// Sessions remembered of one user, which end within days; the oldest goes first.
const MAX_SESSIONS: usize = 5;

/// Refresh tokens remembered beside them, which live for months: many short sessions must not push them out.
const MAX_TOKENS: usize = 7;

/// Both together.
pub(super) const MAX_STARTED: usize = MAX_SESSIONS + MAX_TOKENS;

/// The circumstances in which a session or refresh token was first confirmed; 0 stands for what was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Started {
    pub(crate) session: u32,
    pub(crate) country: u32,
    pub(crate) network: u32,
    pub(crate) block: u32,
    pub(crate) browser: u32,
    pub(crate) fingerprint: u32,
}

impl Started {
    /// Of the session that a sign-in belongs to; `None` when it names none.
    pub(crate) fn of(features: &Features) -> Option<Self> {
        let session = features.session.as_ref()?.key;
        let keys = Keys::of(features);
        Some(Self {
            session,
            country: keys.country.unwrap_or(0),
            network: keys.network.unwrap_or(0),
            block: keys.block.unwrap_or(0),
            browser: keys.browser.unwrap_or(0),
            fingerprint: keys.fingerprint.unwrap_or(0),
        })
    }

    /// As Auth0 tells it, where it does.
    pub(crate) fn told(session: u32, initial: &Initial) -> Self {
        let key =
            |text: &Option<crate::Short>| text.as_ref().map_or(0, |text| crate::hash::key(&[text.as_str()]));
        Self {
            session,
            country: 0,
            network: key(&initial.network),
            block: key(&initial.block),
            browser: initial.device.as_ref().map_or(0, browser_of),
            fingerprint: 0,
        }
    }

    /// Remembers a session or token that is not known yet.
    pub(super) fn insert(&self, known: &mut Vec<Self>) {
        if known.iter().any(|other| other.session == self.session) {
            return;
        }
        let most = if self.is_token() { MAX_TOKENS } else { MAX_SESSIONS };
        let mut alike = known
            .iter()
            .enumerate()
            .filter(|(_, other)| other.is_token() == self.is_token())
            .map(|(at, _)| at);
        if let (Some(oldest), true) = (alike.next(), alike.count() + 1 >= most) {
            known.remove(oldest);
        }
        known.push(*self);
    }

    const fn is_token(&self) -> bool {
        SessionOf::is_token(self.session)
    }
}
