//! `countersign user`

use clap::{Args as ClapArgs, Subcommand};
use countersign_app::users_at_risk::AtLeast;
use countersign_core::TenantId;

use super::At;

/// `countersign user`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Print who is at user risk, by pseudonym, who stays there longest first.
    #[command(after_help = "Example: countersign user list --tenant example-tenant --at-least medium")]
    List(ListUsers),
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

/// `countersign user list`
#[derive(Debug, ClapArgs)]
pub struct ListUsers {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// The least level: medium or high.
    #[arg(long, default_value = "high", value_parser = at_least)]
    pub at_least: AtLeast,
    /// After this one, to go on with a list: what the last line on standard error says.
    #[arg(long, value_name = "PLACE")]
    pub before: Option<String>,
    /// Print JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Where they are known.
    #[command(flatten)]
    pub at: At,
}

fn at_least(word: &str) -> Result<AtLeast, String> {
    AtLeast::parse(word).ok_or_else(|| "medium or high".to_owned())
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
    #[arg(long)]
    pub actor: Option<String>,
    /// Why; sealed under the person's key.
    #[arg(long)]
    pub reason: String,
}
