//! Changes of a tenant: what can be wanted, and the plan that does it.
//!
//! An [`Order`] says what is wanted and why. Of it and of what was read ([`Order::reads`], [`Reads`]) comes a
//! [`ChangePlan`], or what is wrong with the order, all at once. Nothing here sends, reads a clock or draws a random
//! number: the same order and reads give the same plan. It holds no secret, only names of secrets.
//!
//! A new change is a file with its struct, `reads` and `plan`, an arm in [`Change`], its kinds in [`Kind`], what
//! `sentences` says of its requests, and which of their values tell of somebody (`sends`).

mod access;
mod any;
mod clients;
mod connections;
mod credentials;
mod domains;
mod draft;
mod evidence;
mod fault;
mod forever;
mod groups;
mod invitations;
mod kind;
mod members;
mod metadata;
mod network;
mod note;
mod order;
mod organizations;
mod own;
mod plan;
mod planner;
mod prompts;
mod reads;
mod receivers;
mod redact;
mod roles;
#[cfg(test)]
pub(crate) mod samples;
mod sends;
mod sentences;
mod step;
mod tally;
mod target;
mod text;
mod told;
mod undo;
mod wants;

pub use access::OneUser;
pub use any::Change;
pub use clients::OneClient;
pub use connections::EnableConnection;
pub use credentials::Factor;
pub use domains::AddDomain;
pub use evidence::{Evidence, Origin, Person};
pub use fault::{Fault, FaultCode};
pub use forever::Forever;
pub use groups::FillGroup;
pub use invitations::Invite;
pub use kind::Kind;
pub use members::Members;
pub use metadata::SetMetadata;
pub use network::AddNetworks;
pub use note::Note;
pub use order::{Order, Wanted};
pub use organizations::{Branding, Colors, NewOrganization, SetBranding};
pub use own::{Own, lock_out, may_lock_out, own_faults};
pub use plan::{Because, ChangePlan, Left, Radius};
pub use planner::{Frame, plan_changes};
pub use prompts::SetPromptText;
pub use reads::{Found, Reads};
pub use receivers::{Message, WebhookCall};
pub use redact::ERASED;
pub use roles::Roles;
pub use sends::{Argument, Sends};
pub use sentences::{Named, Naming, Sentence, sentences, sentences_by};
pub use step::{Back, Call, ChangeStep, Reverse, Write};
pub use target::{Organization, Scope};
pub use text::{is_plain, shown};
pub use told::{kind_of, kinds_of};
pub use undo::undo;

/// What blocks a user, for tests beside this one.
#[cfg(test)]
pub(crate) fn block(user: &countersign_auth0::management::UserId) -> Write {
    access::block_write(user, true)
}

/// The most steps of a plan.
pub const MAX_STEPS: usize = 5_000;

/// The most changes of an order, and the most that one of them names.
pub const MAX_WANTED: usize = 5_000;

/// The most faults that are told at once.
pub const MAX_FAULTS: usize = 100;

/// The longest title and the longest reason, in characters.
pub const MAX_TITLE: usize = 200;
/// The longest reason, in characters.
pub const MAX_REASON: usize = 1_000;

/// The most evidence of one wanted change, and the longest text in it, in bytes.
pub const MAX_EVIDENCE: usize = 100;
/// The longest text of evidence, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 512;

/// How names of secrets begin that are made when they are needed, by chance, and forgotten.
pub const RANDOM: &str = "random:";
