//! `countersign model`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::TenantId;

use super::At;

/// `countersign model`
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Print the versions, newest first, and which of them decides or is compared.
    #[command(after_help = "Example: countersign model list --tenant example-tenant")]
    List(ListModels),
    /// Print a version's card; with --json its constants as well, as `import` takes them.
    #[command(after_help = "Example: countersign model show 3 --tenant example-tenant --json > model.json")]
    Show(ShowModel),
    /// Print how champion and challenger scored the same sign-ins.
    #[command(after_help = "Example: countersign model compare --tenant example-tenant")]
    Compare(CompareModels),
    /// Take a model in with its card, or an own model; it holds nowhere until it is challenged, promoted or attached.
    #[command(
        after_help = "Example: countersign model import model.json --tenant example-tenant --actor mia"
    )]
    Import(ImportModel),
    /// Let a version score beside the one that decides; it changes nothing.
    #[command(after_help = "Example: countersign model challenge 3 --tenant example-tenant --actor mia")]
    Challenge(NamedModel),
    /// Compare no version any more.
    #[command(after_help = "Example: countersign model withdraw --tenant example-tenant --actor mia")]
    Withdraw(ActOnModel),
    /// Let a version decide, from the next sign-in on; 0 is the one that is shipped with the program.
    #[command(
        after_help = "Example: countersign model promote 3 --tenant example-tenant --actor mia --url http://127.0.0.1:8377"
    )]
    Promote(NamedModel),
    /// Let an own model count beside the version that decides, from the next sign-in on.
    #[command(
        after_help = "Example: countersign model attach 4 --tenant example-tenant --actor mia --url http://127.0.0.1:8377"
    )]
    Attach(NamedModel),
    /// Let no own model count any more, from the next sign-in on.
    #[command(
        after_help = "Example: countersign model detach --tenant example-tenant --actor mia --url http://127.0.0.1:8377"
    )]
    Detach(ActOnModel),
    /// Undo the latest promotion, attachment or detachment that is left, from the next sign-in on.
    #[command(
        after_help = "Example: countersign model roll-back --tenant example-tenant --actor mia --url http://127.0.0.1:8377"
    )]
    RollBack(ActOnModel),
}

/// `countersign model list`
#[derive(Debug, ClapArgs)]
pub struct ListModels {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the models are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign model show`
#[derive(Debug, ClapArgs)]
pub struct ShowModel {
    /// The version; 0 is the one that is shipped with the program.
    pub version: u64,
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Print JSON: the model and its card.
    #[arg(long)]
    pub json: bool,
    /// Where the models are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign model compare`
#[derive(Debug, ClapArgs)]
pub struct CompareModels {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the models are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign model import`
#[derive(Debug, ClapArgs)]
pub struct ImportModel {
    /// The model's file: JSON with `model` and `card`, at most 256 KiB; or an own model (docs/own-model.md), at most 1 MiB.
    pub file: PathBuf,
    /// Who acts, and where.
    #[command(flatten)]
    pub by: ActOnModel,
}

/// A version, and who acts on it.
#[derive(Debug, ClapArgs)]
pub struct NamedModel {
    /// The version, as `list` prints it.
    pub version: u64,
    /// Who acts, and where.
    #[command(flatten)]
    pub by: ActOnModel,
}

/// Who acts, and where.
#[derive(Debug, ClapArgs)]
pub struct ActOnModel {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Who acts, for the ledger: a name or address of somebody on your side.
    #[arg(long, default_value = "operator")]
    pub actor: String,
    /// Where the models are.
    #[command(flatten)]
    pub at: At,
}
