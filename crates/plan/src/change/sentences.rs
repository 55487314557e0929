//! A plan in sentences, made of its steps' requests alone: who orders can't write what a step is said to do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Back, Call, ChangePlan, Kind, kind_of, text::shown, told::body};
use crate::{Part, Template};

/// The longest name, and the longest list of names, that a sentence shows; what is left out is counted.
const NAME: usize = 100;
const NAMES: usize = 10;

/// What one step does, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// The step's name.
    pub step: String,
    /// What it does.
    pub text: String,
    /// How it is undone.
    pub undone: String,
}

/// What the steps do, one sentence each, in their order.
#[must_use]
pub fn sentences(plan: &ChangePlan) -> Vec<Sentence> {
    let one = |step: &super::ChangeStep| Sentence {
        step: shown(&step.name, NAME),
        text: say(&step.write.call),
        undone: match &step.back {
            Back::Kept => "Nothing has to be undone: it was so before.".to_owned(),
            Back::Irreversible(why) => format!("It can't be undone: {}.", why.text()),
            Back::By(writes) => {
                let said = writes.iter().take(NAMES).map(|reverse| say(&reverse.write.call));
                let mut said: Vec<String> = said.collect();
                if writes.len() > NAMES {
                    said.push(format!("And {} more.", writes.len() - NAMES));
                }
                said.join(" ")
            }
        },
    };
    plan.steps.iter().map(one).collect()
}

/// A name in a sentence.
fn name(value: &Value) -> String {
    let text = match value {
        Value::String(text) => shown(text, NAME),
        other => shown(&other.to_string(), NAME),
    };
    format!("`{text}`")
}

fn names<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let values: Vec<&Value> = values.into_iter().collect();
    let mut text = values.iter().take(NAMES).map(|value| name(value)).collect::<Vec<_>>().join(", ");
    if values.len() > NAMES {
        text.push_str(&format!(" and {} more", values.len() - NAMES));
    }
    if text.is_empty() { "nothing".to_owned() } else { text }
}

/// A request, with what a sentence needs of it.
struct Told<'a> {
    template: &'a Template,
    body: Value,
}

impl Told<'_> {
    fn parameter(&self, at: usize) -> String {
        self.template.parameters.get(at).map_or_else(|| "`?`".to_owned(), |part| name(&part.shown()))
    }

    fn at(&self, pointer: &str) -> String {
        self.body.pointer(pointer).map_or_else(|| "nothing".to_owned(), name)
    }

    fn list(&self, pointer: &str) -> String {
        names(self.body.pointer(pointer).and_then(Value::as_array).into_iter().flatten())
    }

    fn keys(&self, pointer: &str) -> String {
        let keys = self.body.pointer(pointer).and_then(Value::as_object);
        let keys: Vec<Value> =
            keys.into_iter().flat_map(|keys| keys.keys().map(|key| Value::String(key.clone()))).collect();
        names(&keys)
    }

    fn networks(&self) -> String {
        let of = |key: &str| self.body.pointer(&format!("/rule/match/{key}")).and_then(Value::as_array);
        names(["ipv4_cidrs", "ipv6_cidrs"].into_iter().filter_map(of).flatten())
    }

    /// The keys of metadata, and to what they are set.
    fn values(&self, pointer: &str) -> String {
        let values = self.body.pointer(pointer).and_then(Value::as_object);
        let said: Vec<String> = values
            .into_iter()
            .flatten()
            .take(NAMES)
            .map(|(key, value)| {
                let value = if value.is_null() { "nothing".to_owned() } else { name(value) };
                format!("{} to {value}", name(&Value::String(key.clone())))
            })
            .collect();
        let more = values.map_or(0, serde_json::Map::len).saturating_sub(NAMES);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        if said.is_empty() { "nothing".to_owned() } else { said.join(", ") + &rest }
    }

    fn say(&self, kind: Kind) -> String {
        let (first, second) = (self.parameter(0), self.parameter(1));
        match kind {
            Kind::BlockUser => format!("Block the user {first}."),
            Kind::UnblockUser => format!("Lift the block of the user {first}."),
            Kind::RevokeSessions => format!("End all sessions of the user {first}."),
            Kind::RevokeRefreshTokens => format!("End all refresh tokens of the user {first}."),
            Kind::RevokeAccess => format!("End all sessions and refresh tokens of the user {first}."),
            Kind::ResetPassword => format!(
                "Set a password that nobody learns for the user {first} in the database {}.",
                self.at("/connection")
            ),
            Kind::MakeResetTicket => {
                format!("Make an address at which the user {} sets a password.", self.at("/user_id"))
            }
            Kind::ResetMfa => format!("Remove all authentication methods of the user {first}."),
            Kind::RemoveFactor => format!("Remove the authentication method {second} of the user {first}."),
            Kind::AddMembers => {
                format!("Make {} members of the organization {first}.", self.list("/members"))
            }
            Kind::RemoveMembers => {
                format!("Remove the members {} from the organization {first}.", self.list("/members"))
            }
            Kind::AssignRoles => format!("Give the user {first} the roles {}.", self.list("/roles")),
            Kind::RemoveRoles => format!("Take the roles {} from the user {first}.", self.list("/roles")),
            Kind::AssignMemberRoles => format!(
                "Give the member {second} of the organization {first} the roles {}.",
                self.list("/roles")
            ),
            Kind::RemoveMemberRoles => format!(
                "Take the roles {} from the member {second} of the organization {first}.",
                self.list("/roles")
            ),
            Kind::CreateOrganization => {
                format!("Create the organization {}, called {}.", self.at("/name"), self.at("/display_name"))
            }
            Kind::DeleteOrganization => format!("Delete the organization {first}."),
            _ => self.say_further(kind, &first, &second),
        }
    }

    fn say_further(&self, kind: Kind, first: &str, second: &str) -> String {
        match kind {
            Kind::EnableConnection => {
                let joins = match self.body.get("assign_membership_on_login") {
                    Some(Value::Bool(true)) => "; who signs in through it becomes a member",
                    _ => "",
                };
                let connection = self.at("/connection_id");
                format!("Enable the connection {connection} for the organization {first}{joins}.")
            }
            Kind::DisableConnection => {
                format!("Disable the connection {second} for the organization {first}.")
            }
            Kind::Invite => format!(
                "Invite {} to the organization {first}, to the application {}, with the roles {}.",
                self.at("/invitee/email"),
                self.at("/client_id"),
                self.list("/roles")
            ),
            Kind::WithdrawInvitation => {
                format!("Take back the invitation {second} to the organization {first}.")
            }
            Kind::AddDiscoveryDomain => format!(
                "Give the organization {first} the domain {}, as {}.",
                self.at("/domain"),
                self.at("/status")
            ),
            Kind::RemoveDiscoveryDomain => {
                format!("Take the domain {second} from the organization {first}.")
            }
            Kind::SetAppMetadata => {
                format!("Set app_metadata of the user {first}: {}.", self.values("/app_metadata"))
            }
            Kind::SetUserMetadata => {
                format!("Set user_metadata of the user {first}: {}.", self.values("/user_metadata"))
            }
            Kind::SetOrganizationBranding => {
                format!("Set the branding of the organization {first} to {}.", self.at("/branding"))
            }
            Kind::SetPromptText => {
                format!("Set the texts of the prompt {first} in {second}, of the screens {}.", self.keys(""))
            }
            Kind::AddNetworkBlock => format!("Keep out the networks {} by a new list.", self.networks()),
            Kind::SetNetworkBlock => {
                format!("Keep out the networks {} by the list {first}.", self.networks())
            }
            Kind::RemoveNetworkBlock => format!("Delete the list of networks {first}."),
            Kind::RotateClientSecret => format!("Give the application {first} a new secret."),
            _ => unknown(self.template),
        }
    }
}

fn unknown(template: &Template) -> String {
    format!("Send `{}`, of which nothing is known.", shown(&template.operation, NAME))
}

fn say(call: &Call) -> String {
    match call {
        Call::Notify { receiver, text } => {
            let receiver = shown(receiver, NAME);
            format!("Tell `{receiver}`: “{}”.", shown(text, 4 * NAME))
        }
        Call::Webhook { receiver, body } => {
            let size = Part::Value(body.clone()).shown().to_string().len();
            format!("Call the webhook `{}` with {size} bytes.", shown(receiver, NAME))
        }
        Call::Management(template) => match kind_of(call) {
            Some(kind) => Told { template, body: body(template) }.say(kind),
            None => unknown(template),
        },
    }
}
