//! `send-phone-message` and `custom-token-exchange`: where a customer's own Action asks before it acts.

use countersign_auth0::trigger::{
    custom_token_exchange::CustomTokenExchange, send_phone_message::SendPhoneMessage,
};
use countersign_core::Timestamp;

use super::{Context, Extract, origin, reset::hours_since};
use crate::{
    Actor, Exchange, Features, Machine, Sightings,
    features::{digest, kind_digest},
};

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
        Sightings::request(&self.request.ip, &self.client.client_id.to_string())
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        // Why not the system that was looked up: as for a machine, whose history has blocks.
        features.network = origin::told_network(&self.request).or_else(|| features.block.clone());
        features.machine = Some(machine(self, at, context));
        features.note_missing();
        features
    }
}

/// The client stands in place of the person: whose token it is, only the customer's own Action finds out.
fn machine(event: &CustomTokenExchange, at: Timestamp, context: &Context<'_>) -> Machine {
    let server = event.resource_server.as_option();
    let audience = server.and_then(|server| server.identifier.as_option());
    let mut machine = Machine {
        audience: audience.map(|audience| digest(audience)),
        other_blocks: context.readings.client_blocks_hour,
        requests_hour: context.readings.client_requests_hour,
        ..Machine::default()
    };
    let Some(exchange) = event.transaction.as_option() else { return machine };
    let scopes = exchange.requested_scopes.as_option().into_iter().flatten();
    machine.ask(scopes.flat_map(|scope| scope.split_ascii_whitespace()));
    let kinds = [
        ("subject", &exchange.subject_token_type),
        ("actor", &exchange.actor_token_type),
        ("wanted", &exchange.requested_token_type),
    ];
    let kinds = kinds.into_iter().filter_map(|(part, kind)| Some(kind_digest(part, kind.as_option()?)));
    let actor = exchange.actor_token_user.as_option().map(|user| {
        let since = |text: &countersign_auth0::Maybe<String>| hours_since(text.as_option()?, at);
        Actor {
            hours_since_made: since(&user.created_at),
            hours_since_reset: since(&user.last_password_reset),
        }
    });
    machine.exchange(Exchange { kinds: kinds.collect(), actor });
    machine
}
