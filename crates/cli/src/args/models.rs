//! `countersign model`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::{TenantId, Timestamp, Trigger};

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
    /// Print how labeled decisions would fall at other thresholds; it changes nothing.
    #[command(
        after_help = "Example: countersign model thresholds --tenant example-tenant --at-most 0.02\n\nOf the attacks, those at or above a threshold are caught; of the honest, they are stepped up. A star marks what the policy has.\nOne is suggested where both sides have 20 labels or more."
    )]
    Thresholds(ExploreThresholds),
    /// Take a model in with its card, or an own model; it holds nowhere until it is challenged, promoted or attached.
    #[command(
        after_help = "Example: countersign model import model.json --tenant example-tenant --actor mia"
    )]
    Import(ImportModel),
    /// Fit a model to what became of a tenant's sign-ins and take it in, or to labeled corpora; it holds nowhere until it is challenged or promoted.
    #[command(
        after_help = "Examples:\n  countersign model train --tenant example-tenant --out fitted.json\n  countersign model train --corpus one --corpus two --out login.json\n\nOf a tenant, the model is fitted to the first 70 % of the sign-ins whose end is known and judged on the others, beside the\nmodel that decides; both figures are printed. Where either part has fewer than 20 attacks or 500 honest sign-ins, nothing is\nwritten and the exit code is 3. Of corpora, the shapes of sign-ins alone are written."
    )]
    Train(TrainModel),
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

/// `countersign model thresholds`
#[derive(Debug, ClapArgs)]
pub struct ExploreThresholds {
    /// What asked for the decisions.
    #[arg(long, default_value_t = Trigger::PostLogin)]
    pub trigger: Trigger,
    /// Suggest the least threshold that steps up at most this share of the honest, 0 to 1.
    #[arg(long, default_value_t = 0.01, value_parser = share)]
    pub at_most: f64,
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the decisions are.
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

/// `countersign model train`
#[derive(Debug, ClapArgs)]
pub struct TrainModel {
    /// A corpus with `labels.jsonl`; may be given more than once. Without one, the tenant's own sign-ins.
    #[arg(long, value_name = "DIR", requires = "out", conflicts_with_all = ["tenant", "name", "made_at", "pull", "report_rate", "base_rate", "url"])]
    pub corpus: Vec<PathBuf>,
    /// Write a file instead of taking the model in.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The model's name.
    #[arg(long, default_value = "fitted")]
    pub name: String,
    /// When it is made, for its card, such as `2026-11-01T00:00:00Z`; what became known later counts all the same. Now when absent.
    #[arg(long, value_name = "TIME")]
    pub made_at: Option<Timestamp>,
    /// How strongly it is held to the model that decides, in sign-ins, 1 to 100000.
    #[arg(long, default_value_t = 200.0, value_parser = pull)]
    pub pull: f64,
    /// Share of the attacks that get reported, 0.01 to 1.
    #[arg(long, default_value_t = 0.35, value_parser = report_rate)]
    pub report_rate: f64,
    /// Share of sign-ins that are attacks, 0.000001 to 0.5; from the labels and the report rate when absent.
    #[arg(long, value_parser = base_rate)]
    pub base_rate: Option<f64>,
    /// Who acts, and where.
    #[command(flatten)]
    pub by: ActOnModel,
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |share| (0.0..=1.0).contains(&share), "a number from 0 to 1")
}

fn pull(text: &str) -> Result<f64, String> {
    number(text, |pull| (1.0..=100_000.0).contains(&pull), "a number from 1 to 100000")
}

fn report_rate(text: &str) -> Result<f64, String> {
    number(text, |rate| (0.01..=1.0).contains(&rate), "a number from 0.01 to 1")
}

fn base_rate(text: &str) -> Result<f64, String> {
    number(text, |rate| (0.000_001..=0.5).contains(&rate), "a number from 0.000001 to 0.5")
}

fn number(text: &str, holds: fn(f64) -> bool, wanted: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number| holds(*number)).ok_or_else(|| wanted.to_owned())
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
    #[arg(long)]
    pub actor: Option<String>,
    /// Where the models are.
    #[command(flatten)]
    pub at: At,
}
