//! `countersign keys`

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::TenantId;

use super::Folder;

/// `countersign keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make the keys that are missing, once for all replicas over PostgreSQL; refuses beside records.
    #[command(
        after_help = "Example: countersign keys init --config countersign.toml\n\nGive each replica the files that it names, or keep them in a secret store and name them under `keys`.\nWith SQLite `serve` makes them by itself."
    )]
    Init(Folder),
    /// Put a new key in place of one, in two steps where others have to follow.
    #[command(subcommand)]
    Rotate(Rotate),
}

/// `countersign keys rotate`
#[derive(Debug, Subcommand)]
pub enum Rotate {
    /// The key shared with a tenant's Actions: a new one first, the earlier one is accepted until --finish.
    #[command(
        after_help = "Examples:\n  countersign keys rotate action --config countersign.toml --tenant example-tenant\n  (give the Actions the new key and deploy them)\n  countersign keys rotate action --config countersign.toml --tenant example-tenant --finish\n\nA running service takes each step within a few seconds."
    )]
    Action(RotateAction),
    /// The key that signs checkpoints: both sign until --finish, which keeps the earlier public key on record.
    #[command(
        after_help = "Examples:\n  countersign keys rotate checkpoint --config countersign.toml\n  (restart the service; give the new line of /v1/ledger/<tenant>/verifier to whoever checks)\n  countersign keys rotate checkpoint --config countersign.toml --finish\n  (restart the service)"
    )]
    Checkpoint(RotateInSteps),
    /// The master key: everyone's keys are wrapped anew, pseudonyms stay. With SQLite the service must be stopped.
    #[command(
        after_help = "Example: countersign keys rotate master --config countersign.toml\n\nWhen it was cut off, call it again: it goes on where it ended, and the service starts at any point.\nWith PostgreSQL it only adds the new key; give it to every replica, and call it again with --finish."
    )]
    Master(RotateInSteps),
    /// The operator's token: a new one at once; whoever is signed in to the console is signed out.
    #[command(after_help = "Example: countersign keys rotate operator --config countersign.toml")]
    Operator(Folder),
}

/// `countersign keys rotate action`
#[derive(Debug, ClapArgs)]
pub struct RotateAction {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Drop the earlier keys.
    #[arg(long)]
    pub finish: bool,
    /// Where the keys are.
    #[command(flatten)]
    pub folder: Folder,
}

/// `countersign keys rotate checkpoint` and `… master`
#[derive(Debug, ClapArgs)]
pub struct RotateInSteps {
    /// Drop the earlier keys.
    #[arg(long)]
    pub finish: bool,
    /// Where the keys are.
    #[command(flatten)]
    pub folder: Folder,
}
