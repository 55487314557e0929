//! A plan in sentences, made of its steps' requests alone: who orders can't write what a step is said to do.
//!
//! A sentence is a headline. It leaves out what is long; the whole of what is sent stands beside it ([`super::Sends`]).

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

/// What a word in a sentence names, where it tells of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A user, by id.
    User,
    /// A person, by their address of mail.
    Mail,
    /// A network.
    Network,
    /// What a user's metadata is set to.
    Value,
    /// What somebody wrote.
    Text,
}

/// What stands for what tells of somebody; `None`: it stands itself.
pub type Naming<'a> = dyn Fn(Named, &str) -> Option<String> + 'a;

/// What the steps do, one sentence each, in their order.
#[must_use]
pub fn sentences(plan: &ChangePlan) -> Vec<Sentence> {
    sentences_by(plan, &|_, _| None)
}

/// The same for who may not see of whom a plan tells.
#[must_use]
pub fn sentences_by(plan: &ChangePlan, naming: &Naming<'_>) -> Vec<Sentence> {
    let one = |step: &super::ChangeStep| Sentence {
        step: shown(&step.name, NAME),
        text: say(&step.write.call, naming),
        undone: match &step.back {
            Back::Kept => "Nothing has to be undone: it was so before.".to_owned(),
            Back::Irreversible(why) => format!("It can't be undone: {}.", why.text()),
            Back::By(writes) => {
                let said = writes.iter().take(NAMES).map(|reverse| say(&reverse.write.call, naming));
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
    names_by(values, name)
}

fn names_by<'a>(values: impl IntoIterator<Item = &'a Value>, name: impl Fn(&Value) -> String) -> String {
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
    naming: &'a Naming<'a>,
}

impl Told<'_> {
    fn parameter(&self, at: usize) -> String {
        self.template.parameters.get(at).map_or_else(|| "`?`".to_owned(), |part| name(&part.shown()))
    }

    /// A name that tells of somebody.
    fn called(&self, named: Named, value: &Value) -> String {
        let called = match value {
            Value::String(text) => (self.naming)(named, text),
            other => (self.naming)(named, &other.to_string()),
        };
        called.map_or_else(|| name(value), |called| format!("`{}`", shown(&called, NAME)))
    }

    fn user(&self, at: usize) -> String {
        let user = self.template.parameters.get(at).map(|part| self.called(Named::User, &part.shown()));
        user.unwrap_or_else(|| "`?`".to_owned())
    }

    fn called_at(&self, named: Named, pointer: &str) -> String {
        self.body.pointer(pointer).map_or_else(|| "nothing".to_owned(), |value| self.called(named, value))
    }

    fn members(&self) -> String {
        let members = self.body.pointer("/members").and_then(Value::as_array);
        names_by(members.into_iter().flatten(), |user| self.called(Named::User, user))
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
        let networks = ["ipv4_cidrs", "ipv6_cidrs"].into_iter().filter_map(of).flatten();
        names_by(networks, |network| self.called(Named::Network, network))
    }

    /// The keys of metadata, and to what they are set.
    fn values(&self, pointer: &str) -> String {
        let values = self.body.pointer(pointer).and_then(Value::as_object);
        let said: Vec<String> = values
            .into_iter()
            .flatten()
            .take(NAMES)
            .map(|(key, value)| {
                let value =
                    if value.is_null() { "nothing".to_owned() } else { self.called(Named::Value, value) };
                format!("{} to {value}", name(&Value::String(key.clone())))
            })
            .collect();
        let more = values.map_or(0, serde_json::Map::len).saturating_sub(NAMES);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        if said.is_empty() { "nothing".to_owned() } else { said.join(", ") + &rest }
    }

    fn say(&self, kind: Kind) -> String {
        let (first, second) = (self.parameter(0), self.parameter(1));
        let user = self.user(0);
        match kind {
            Kind::BlockUser => format!("Block the user {user}."),
            Kind::UnblockUser => format!("Lift the block of the user {user}."),
            Kind::RevokeSessions => format!("End all sessions of the user {user}."),
            Kind::RevokeRefreshTokens => format!("End all refresh tokens of the user {user}."),
            Kind::RevokeAccess => format!("End all sessions and refresh tokens of the user {user}."),
            Kind::ResetPassword => format!(
                "Set a password that nobody learns for the user {user} in the database {}.",
                self.at("/connection")
            ),
            Kind::MakeResetTicket => {
                format!(
                    "Make an address at which the user {} sets a password.",
                    self.called_at(Named::User, "/user_id")
                )
            }
            Kind::ResetMfa => format!("Remove all authentication methods of the user {user}."),
            Kind::RemoveFactor => format!("Remove the authentication method {second} of the user {user}."),
            Kind::AddMembers => {
                format!("Make {} members of the organization {first}.", self.members())
            }
            Kind::RemoveMembers => {
                format!("Remove the members {} from the organization {first}.", self.members())
            }
            Kind::AssignRoles => format!("Give the user {user} the roles {}.", self.list("/roles")),
            Kind::RemoveRoles => format!("Take the roles {} from the user {user}.", self.list("/roles")),
            Kind::AssignMemberRoles => format!(
                "Give the member {} of the organization {first} the roles {}.",
                self.user(1),
                self.list("/roles")
            ),
            Kind::RemoveMemberRoles => format!(
                "Take the roles {} from the member {} of the organization {first}.",
                self.list("/roles"),
                self.user(1)
            ),
            Kind::CreateOrganization => {
                format!("Create the organization {}, called {}.", self.at("/name"), self.at("/display_name"))
            }
            Kind::DeleteOrganization => format!("Delete the organization {first}."),
            _ => self.say_further(kind, (&first, &second), &user),
        }
    }

    fn say_further(&self, kind: Kind, (first, second): (&str, &str), user: &str) -> String {
        match kind {
            Kind::EnableConnection => {
                let joins = match self.body.get("assign_membership_on_login") {
                    Some(Value::Bool(true)) => "; who signs in through it becomes a member",
                    _ => "",
                };
                let signs_up = match self.body.get("is_signup_enabled") {
                    Some(Value::Bool(true)) => "; people may sign up through it",
                    _ => "",
                };
                let connection = self.at("/connection_id");
                format!("Enable the connection {connection} for the organization {first}{joins}{signs_up}.")
            }
            Kind::DisableConnection => {
                format!("Disable the connection {second} for the organization {first}.")
            }
            Kind::Invite => format!(
                "Invite {} to the organization {first}, to the application {}, with the roles {}.",
                self.called_at(Named::Mail, "/invitee/email"),
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
                format!("Set app_metadata of the user {user}: {}.", self.values("/app_metadata"))
            }
            Kind::SetUserMetadata => {
                format!("Set user_metadata of the user {user}: {}.", self.values("/user_metadata"))
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

fn say(call: &Call, naming: &Naming<'_>) -> String {
    match call {
        Call::Notify { receiver, text } => {
            let receiver = shown(receiver, NAME);
            let text = naming(Named::Text, text).unwrap_or_else(|| shown(text, 4 * NAME));
            format!("Tell `{receiver}`: “{text}”.")
        }
        Call::Webhook { receiver, body } => {
            let size = Part::Value(body.clone()).shown().to_string().len();
            format!("Call the webhook `{}` with {size} bytes.", shown(receiver, NAME))
        }
        Call::Management(template) => match kind_of(call) {
            Some(kind) => Told { template, body: body(template), naming }.say(kind),
            None => unknown(template),
        },
    }
}
