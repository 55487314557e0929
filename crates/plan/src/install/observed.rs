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

use super::{API_NAME, CLIENT_NAME, EVENT_STREAM_NAME, LOG_STREAM_NAME};

/// The triggers that an Action of ours is bound to. The others are guarded in Actions of the tenant's own.
pub const TRIGGERS: [Trigger; 6] = [
    Trigger::PostLogin,
    Trigger::PreUserRegistration,
    Trigger::PostUserRegistration,
    Trigger::CredentialsExchange,
    Trigger::PasswordResetPostChallenge,
    Trigger::PostChangePassword,
];

/// What an Action of ours begins with, before the trigger; so it is known under whatever name it was pasted.
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
fn is_for(action: &Action, trigger: Trigger) -> bool {
    let triggers = action.supported_triggers.as_option();
    triggers.is_none_or(|triggers| triggers.iter().any(|known| known.id.as_str() == trigger.as_str()))
}

impl Observed {
    /// Our Action for a trigger: the bound one first, then the first by id.
    #[must_use]
    pub fn our_action(&self, trigger: Trigger) -> Option<&Action> {
        let is_ours = |action: &&Action| is_for(action, trigger) && is_our_code(code(action), trigger);
        let mut ours: Vec<&Action> = self.actions.iter().filter(is_ours).collect();
        let bound = self.bound(trigger);
        ours.sort_by_key(|action| (!bound.contains(&action.id.as_str()), action.id.clone()));
        ours.first().copied()
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
        let is_ours =
            |stream: &&LogStream| stream.name.as_option().is_some_and(|name| name == LOG_STREAM_NAME);
        self.log_streams.iter().find(is_ours)
    }

    /// Our event stream.
    #[must_use]
    pub fn our_event_stream(&self) -> Option<&EventStream> {
        let is_ours =
            |stream: &&EventStream| stream.name.as_option().is_some_and(|name| name == EVENT_STREAM_NAME);
        self.event_streams.iter().find(is_ours)
    }

    /// Our API.
    #[must_use]
    pub fn our_api(&self) -> Option<&ResourceServer> {
        let is_ours = |api: &&ResourceServer| {
            api.is_system.as_option() != Some(&true)
                && api.name.as_option().is_some_and(|name| name == API_NAME)
        };
        self.apis.iter().find(is_ours)
    }

    /// The service's client.
    #[must_use]
    pub fn our_client(&self) -> Option<&Client> {
        let is_ours = |client: &&Client| client.name.as_option().is_some_and(|name| name == CLIENT_NAME);
        self.clients.iter().find(is_ours)
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
