//! `countersign reveal`, and opening with a reason in other commands.

use clap::{Args as ClapArgs, ValueEnum};
use countersign_app::reveal::Target;
use countersign_core::TenantId;

use super::At;

/// `countersign reveal`
#[derive(Debug, ClapArgs)]
pub struct Reveal {
    /// What it is.
    #[arg(value_enum)]
    pub kind: Kind,
    /// Its id; of a person their pseudonym.
    pub id: String,
    /// Which fields, with commas between them. Of an incident: accounts, sources, others, texts; of an alert: entity; of a suppression:
    /// entity, reason; of a person: user_id, name, email, phone; of a decision and a log entry those that `fields` of the masked answer
    /// names, such as `user.email`.
    #[arg(long, value_delimiter = ',', required = true)]
    pub fields: Vec<String>,
    /// Why, and who where several people have the token.
    #[command(flatten)]
    pub why: Why,
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

/// Why something is opened.
#[derive(Debug, Clone, ClapArgs)]
pub struct Why {
    /// Why, in 3 to 500 characters; sealed beside the leaf that says who opened what.
    #[arg(long)]
    pub reason: String,
    /// Who, where several people have the token.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// Why something is opened, where it may stay closed.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct MaybeWhy {
    /// Why it is opened, in 3 to 500 characters; sealed beside the leaf that says who opened what.
    #[arg(long)]
    pub reason: Option<String>,
    /// Who, where several people have the token.
    #[arg(long, value_name = "NAME", requires = "reason")]
    pub by: Option<String>,
}

impl MaybeWhy {
    /// The reason, where there is one.
    pub fn given(&self) -> Option<Why> {
        Some(Why { reason: self.reason.clone()?, by: self.by.clone() })
    }
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An incident.
    Incident,
    /// An alert.
    Alert,
    /// A decision.
    Decision,
    /// A person, by pseudonym.
    User,
    /// A suppression.
    Suppression,
    /// An entry of the tenant's log.
    Log,
}

impl From<Kind> for Target {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Incident => Self::Incident,
            Kind::Alert => Self::Alert,
            Kind::Decision => Self::Decision,
            Kind::User => Self::User,
            Kind::Suppression => Self::Suppression,
            Kind::Log => Self::Log,
        }
    }
}
