//! `credentials-exchange`: a machine, whose client stands in place of the person.

use countersign_auth0::trigger::credentials_exchange::CredentialsExchange;
use countersign_core::Timestamp;

use super::{Context, Extract, origin};
use crate::{Features, Machine, Sightings, features::digest};

impl Extract for CredentialsExchange {
    fn sightings(&self) -> Sightings {
        Sightings::request(&self.request.ip, &self.client.client_id.to_string())
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        // Why not the system that was looked up: a machine's history is made of blocks, which say more of it.
        features.network = origin::told_network(&self.request).or_else(|| features.block.clone());
        let server = self.resource_server.as_option();
        let audience = server.and_then(|server| server.identifier.as_option());
        let mut machine = Machine {
            audience: audience.map(|audience| digest(audience)),
            other_blocks: context.readings.client_blocks_hour,
            requests_hour: context.readings.client_requests_hour,
            ..Machine::default()
        };
        machine.ask(requested_scopes(self));
        features.machine = Some(machine);
        features.note_missing();
        features
    }
}

/// The scopes that the token will hold, else those asked for, else those in the token so far: one by one, in the event's
/// order, as long as they came and perhaps repeated; none when the event has none.
pub fn requested_scopes(event: &CredentialsExchange) -> impl Iterator<Item = &str> {
    let transaction = event.transaction.as_option();
    let target = transaction.and_then(|transaction| transaction.target_scopes.as_option());
    let requested = transaction.and_then(|transaction| transaction.requested_scopes.as_option());
    let granted = event.access_token.as_option().and_then(|token| token.scope.as_option());
    let scopes = [target, requested, granted].into_iter().flatten().find(|scopes| !scopes.is_empty());
    scopes.into_iter().flatten().flat_map(|scope| scope.split_ascii_whitespace())
}
