//! The short form, for people who write their own Action.

use countersign_core::{Channel, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Context, Extract, block, origin, person};
use crate::{Features, Sightings, parse_agent};

/// The body of the short form: who, from where, with what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortForm {
    /// The person's e-mail address.
    pub email: String,
    /// The address that the request came from, IPv4 or IPv6 as text.
    pub ip: String,
    /// The `User-Agent` header as it was sent.
    pub user_agent: String,
}

impl std::fmt::Debug for ShortForm {
    /// Shows the name alone, because the values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShortForm").finish_non_exhaustive()
    }
}

impl Extract for ShortForm {
    /// Counts nothing: the short form does not say what the person is about to do.
    fn sightings(&self) -> Sightings {
        person::of_email(&self.email).sightings(&self.ip, None, false)
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = Features::new(at, Channel::Interactive);
        features.block = block(&self.ip);
        features.device = parse_agent(&self.user_agent);
        origin::complete(&mut features, &self.ip, context);
        features.sign_up = Some(person::of_email(&self.email).sign_up(None, context));
        features.note_missing();
        features
    }
}
