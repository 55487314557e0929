//! `send-phone-message` and `custom-token-exchange`: where a customer's own Action asks before it acts.

use countersign_auth0::trigger::{
    custom_token_exchange::CustomTokenExchange, send_phone_message::SendPhoneMessage,
};
use countersign_core::Timestamp;

use super::{Context, Extract, origin};
use crate::{Features, Sightings};

impl Extract for SendPhoneMessage {
    fn sightings(&self) -> Sightings {
        Sightings::from(&self.request.ip)
    }

    /// The network stays unknown without an autonomous system, as at a reset: the user's history is made of those.
    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        features.ja4 = origin::ja4(self.security_context.as_option());
        features.note_missing();
        features
    }
}

impl Extract for CustomTokenExchange {
    fn sightings(&self) -> Sightings {
        Sightings::from(&self.request.ip)
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        // Why not the system that was looked up: as for a machine, whose history has blocks.
        features.network = origin::told_network(&self.request).or_else(|| features.block.clone());
        features.note_missing();
        features
    }
}
