//! What a session, or a refresh token, was like when it began.

use super::keys::{Keys, browser_of};
use crate::{Features, Initial};

/// Sessions and refresh tokens remembered of one user; the oldest goes first.
pub(super) const MAX_STARTED: usize = 12;

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

    /// Remembers a session that is not known yet.
    pub(super) fn insert(&self, known: &mut Vec<Self>) {
        if known.iter().any(|other| other.session == self.session) {
            return;
        }
        if known.len() >= MAX_STARTED {
            known.remove(0);
        }
        known.push(*self);
    }
}
