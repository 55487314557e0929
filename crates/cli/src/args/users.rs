//! `countersign user`

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::TenantId;

use super::At;

/// `countersign user`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Print what is held against a person, and since when.
    #[command(after_help = "Example: countersign user risk 'auth0|65f0…' --tenant example-tenant")]
    Risk(UserRisk),
    /// Say that a person is themselves: nothing is held against them any more.
    #[command(
        after_help = "Example: countersign user mark-safe 'auth0|65f0…' --tenant example-tenant --actor mia --reason 'called back' --url http://127.0.0.1:8377"
    )]
    MarkSafe(MarkUser),
    /// Say that somebody else has a person's account.
    #[command(
        after_help = "Example: countersign user mark-compromised 'auth0|65f0…' --tenant example-tenant --actor mia --reason 'phone stolen'"
    )]
    MarkCompromised(MarkUser),
}

/// Who it is about.
#[derive(Debug, ClapArgs)]
pub struct NamedUser {
    /// The person: Auth0's user id, or a pseudonym `sub_…`.
    pub subject: String,
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the person is known.
    #[command(flatten)]
    pub at: At,
}

/// `countersign user risk`
#[derive(Debug, ClapArgs)]
pub struct UserRisk {
    /// Who.
    #[command(flatten)]
    pub user: NamedUser,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `countersign user mark-safe`, `countersign user mark-compromised`
#[derive(Debug, ClapArgs)]
pub struct MarkUser {
    /// Who.
    #[command(flatten)]
    pub user: NamedUser,
    /// Who acts, for the ledger: a name or address of somebody on your side.
    #[arg(long, default_value = "operator")]
    pub actor: String,
    /// Why; sealed under the person's key.
    #[arg(long)]
    pub reason: String,
}
