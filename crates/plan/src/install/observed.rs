//! What was read of a tenant.

use std::collections::BTreeMap;

use countersign_auth0::management::{
    TriggerId,
    actions::{Action, Binding},
    client_grants::ClientGrant,
    clients::Client,
    event_streams::EventStream,
    log_streams::LogStream,
    resource_servers::ResourceServer,
};
use countersign_core::Trigger;

use super::{API_NAME, CLIENT_NAME, EVENT_STREAM_NAME, LOG_STREAM_NAME, Owned, owned};

/// The triggers that an Action of ours is bound to. The others are guarded in Actions of the tenant's own.
pub const TRIGGERS: [Trigger; 6] = [
    Trigger::PostLogin,
    Trigger::PreUserRegistration,
    Trigger::PostUserRegistration,
    Trigger::CredentialsExchange,
    Trigger::PasswordResetPostChallenge,
    Trigger::PostChangePassword,
];

/// What an Action of ours begins with, before the trigger.
const HEADER: &str = "// Countersign for Auth0, trigger ";

/// What was read of a tenant. Parts that nothing is wanted of, and nothing was made of, need not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Every Action.
    pub actions: Vec<Action>,
    /// What is bound to each of our triggers, in order.
    pub bindings: BTreeMap<Trigger, Vec<Binding>>,
    /// Every log stream.
    pub log_streams: Vec<LogStream>,
    /// Every event stream.
    pub event_streams: Vec<EventStream>,
    /// Every API.
    pub apis: Vec<ResourceServer>,
    /// Every application.
    pub clients: Vec<Client>,
    /// What applications may do at the Management API.
    pub grants: Vec<ClientGrant>,
    /// Fingerprints of secrets that were set before; see [`super::secret_key`].
    pub fingerprints: BTreeMap<String, String>,
    /// What of all this is ours.
    pub owned: Owned,
}

/// The identifier of a trigger as Auth0's.
pub(super) fn trigger_id(trigger: Trigger) -> Option<TriggerId> {
    trigger.as_str().parse().ok()
}

/// The code of an Action: the draft's, else what runs.
#[must_use]
pub fn code(action: &Action) -> &str {
    let draft = action.code.as_option().map(String::as_str);
    draft.or_else(|| deployed_code(action)).unwrap_or_default()
}

/// The code that runs.
#[must_use]
pub fn deployed_code(action: &Action) -> Option<&str> {
    action.deployed_version.as_option()?.code.as_option().map(String::as_str)
}

/// The name of an Action, else its id.
#[must_use]
pub fn name(action: &Action) -> &str {
    action.name.as_option().map_or_else(|| action.id.as_str(), String::as_str)
}

/// Whether the code is that of our Action for this trigger.
#[must_use]
pub fn is_our_code(code: &str, trigger: Trigger) -> bool {
    code.strip_prefix(HEADER).is_some_and(|rest| rest.starts_with(&format!("{trigger}.")))
}

/// Whether an Action is for a trigger; one that does not say so is.
pub(super) fn is_for(action: &Action, trigger: Trigger) -> bool {
    let triggers = action.supported_triggers.as_option();
    triggers.is_none_or(|triggers| triggers.iter().any(|known| known.id.as_str() == trigger.as_str()))
}

impl Observed {
    /// Our Action for a trigger.
    #[must_use]
    pub fn our_action(&self, trigger: Trigger) -> Option<&Action> {
        let id = self.owned.id(&owned::action(trigger))?;
        self.actions.iter().find(|action| action.id.as_str() == id)
    }

    /// The Action that has our code for a trigger: the bound one first, then the first by id.
    fn with_our_code(&self, trigger: Trigger) -> Option<&Action> {
        let is_ours = |action: &&Action| is_for(action, trigger) && is_our_code(code(action), trigger);
        let mut ours: Vec<&Action> = self.actions.iter().filter(is_ours).collect();
        let bound = self.bound(trigger);
        ours.sort_by_key(|action| (!bound.contains(&action.id.as_str()), action.id.clone()));
        ours.first().copied()
    }

    /// The same tenant as it looks to whoever only reads it: where the journal knows nothing of ours, because it was
    /// installed by hand or by other means, an Action is known by its code and the rest by its name; and an Action of ours
    /// that has other code now counts as gone. What is made of this must never be sent.
    #[must_use]
    pub fn recognized(mut self) -> Self {
        for trigger in TRIGGERS {
            let what = owned::action(trigger);
            let found = match self.our_action(trigger) {
                Some(own) => Some(own).filter(|own| is_our_code(code(own), trigger)),
                None if self.owned.id(&what).is_some() => None,
                None => self.with_our_code(trigger),
            };
            match found.map(|action| action.id.as_str().to_owned()) {
                Some(id) => self.owned.add(&what, &id),
                None => self.owned.remove(&what),
            }
        }
        for (what, id) in self.of_our_names() {
            if self.owned.id(what).is_none() {
                self.owned.add(what, &id);
            }
        }
        self
    }

    /// The first of each kind that is called as ours is.
    fn of_our_names(&self) -> Vec<(&'static str, String)> {
        let api = self.apis.iter().find(|it| it.name.as_option().is_some_and(|name| name == API_NAME));
        let client =
            self.clients.iter().find(|it| it.name.as_option().is_some_and(|name| name == CLIENT_NAME));
        let log_stream = self
            .log_streams
            .iter()
            .find(|it| it.name.as_option().is_some_and(|name| name == LOG_STREAM_NAME));
        let event_stream = self
            .event_streams
            .iter()
            .find(|it| it.name.as_option().is_some_and(|name| name == EVENT_STREAM_NAME));
        let found = [
            (owned::API, api.map(|it| it.id.as_str())),
            (owned::CLIENT, client.map(|it| it.client_id.as_str())),
            (owned::LOG_STREAM, log_stream.map(|it| it.id.as_str())),
            (owned::EVENT_STREAM, event_stream.map(|it| it.id.as_str())),
        ];
        found.into_iter().filter_map(|(what, id)| Some((what, id?.to_owned()))).collect()
    }

    /// Whether something of ours of a kind is there.
    pub(super) fn has_own(&self, what: &str) -> bool {
        match what {
            owned::API => self.our_api().is_some(),
            owned::CLIENT => self.our_client().is_some(),
            owned::LOG_STREAM => self.our_log_stream().is_some(),
            owned::EVENT_STREAM => self.our_event_stream().is_some(),
            _ => TRIGGERS
                .into_iter()
                .any(|trigger| owned::action(trigger) == what && self.our_action(trigger).is_some()),
        }
    }

    /// The ids of the Actions bound to a trigger, in order.
    #[must_use]
    pub fn bound(&self, trigger: Trigger) -> Vec<&str> {
        let bindings = self.bindings.get(&trigger).into_iter().flatten();
        bindings.filter_map(|binding| Some(binding.action.as_option()?.id.as_str())).collect()
    }

    /// Our log stream.
    #[must_use]
    pub fn our_log_stream(&self) -> Option<&LogStream> {
        let id = self.owned.id(owned::LOG_STREAM)?;
        self.log_streams.iter().find(|stream| stream.id.as_str() == id)
    }

    /// Our event stream.
    #[must_use]
    pub fn our_event_stream(&self) -> Option<&EventStream> {
        let id = self.owned.id(owned::EVENT_STREAM)?;
        self.event_streams.iter().find(|stream| stream.id.as_str() == id)
    }

    /// Our API.
    #[must_use]
    pub fn our_api(&self) -> Option<&ResourceServer> {
        let id = self.owned.id(owned::API)?;
        self.apis.iter().find(|api| api.id.as_str() == id)
    }

    /// The service's client.
    #[must_use]
    pub fn our_client(&self) -> Option<&Client> {
        let id = self.owned.id(owned::CLIENT)?;
        self.clients.iter().find(|client| client.client_id.as_str() == id)
    }

    /// What the service's client may do.
    #[must_use]
    pub fn our_grant(&self, audience: &str) -> Option<&ClientGrant> {
        let client = self.our_client()?;
        self.grants.iter().find(|grant| {
            grant.client_id.as_option() == Some(&client.client_id)
                && grant.audience.as_option().is_some_and(|known| known == audience)
        })
    }
}
