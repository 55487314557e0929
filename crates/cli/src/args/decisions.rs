//! `countersign decisions` and `countersign risk-token`

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::{DecisionId, Level, OrganizationId, TenantId, Timestamp, Trigger};

use super::{At, reveal::MaybeWhy};

/// `countersign decisions`
#[derive(Debug, Subcommand)]
pub enum Decisions {
    /// Print decisions, newest first, without personal data.
    #[command(
        after_help = "Examples:\n  countersign decisions list --tenant example-tenant --level critical --since 2026-11-01T00:00:00Z\n  countersign decisions list --tenant example-tenant --limit 1000 --json"
    )]
    List(List),
    /// Explain one decision: each reason with its weight, what policy said, what was done.
    #[command(
        after_help = "Examples:\n  countersign decisions show dec_0198… --tenant example-tenant\n  countersign decisions show dec_0198… --tenant example-tenant --replay"
    )]
    Show(Show),
    /// Print all decisions as JSON lines, oldest last; with --open also what was recorded about people.
    #[command(
        after_help = "Example: countersign decisions export --tenant example-tenant --since 2026-11-01T00:00:00Z --aliases > decisions.jsonl"
    )]
    Export(Export),
}

/// Which decisions.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Filter {
    /// Of this level: low, medium, high or critical.
    #[arg(long)]
    pub level: Option<Level>,
    /// Of this organization.
    #[arg(long)]
    pub organization: Option<OrganizationId>,
    /// Of this trigger, such as `post-login`.
    #[arg(long)]
    pub trigger: Option<Trigger>,
    /// Made at this time or later, such as `2026-11-01T00:00:00Z`.
    #[arg(long)]
    pub since: Option<Timestamp>,
    /// Before this leaf of the ledger, to go on with a list.
    #[arg(long, value_name = "LEAF")]
    pub before: Option<u64>,
}

/// `countersign decisions list`
#[derive(Debug, ClapArgs)]
pub struct List {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Which decisions.
    #[command(flatten)]
    pub filter: Filter,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Print JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Where they are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign decisions show`
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// The decision.
    pub id: DecisionId,
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Decide it again from its record and compare; on the data itself only.
    #[arg(long, conflicts_with = "url")]
    pub replay: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

/// `countersign decisions export`
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Which decisions.
    #[command(flatten)]
    pub filter: Filter,
    /// Print the records too, with what they say about people; the ledger tells of each that was shown.
    #[arg(long, requires = "reason")]
    pub open: bool,
    /// Why they are opened.
    #[command(flatten)]
    pub why: MaybeWhy,
    /// Name the person of each by an alias: decisions of one person have one alias within 30 days, and no longer.
    #[arg(long)]
    pub aliases: bool,
    /// Where they are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign risk-token`
#[derive(Debug, Subcommand)]
pub enum RiskToken {
    /// Make a token by which an Action of your own asks the short form; it is printed this once.
    #[command(
        after_help = "Example: countersign risk-token create --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Create(OfTenant),
    /// Print the tokens' names and times, never their texts.
    #[command(after_help = "Example: countersign risk-token list --tenant example-tenant")]
    List(OfTenant),
    /// End a token.
    #[command(
        after_help = "Example: countersign risk-token revoke rec_0198… --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Revoke(Revoke),
}

/// A tenant, and where it is.
#[derive(Debug, ClapArgs)]
pub struct OfTenant {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

/// `countersign risk-token revoke`
#[derive(Debug, ClapArgs)]
pub struct Revoke {
    /// The token's name, as `list` prints it.
    pub id: String,
    /// Whose token it is.
    #[command(flatten)]
    pub of: OfTenant,
}
