//! `countersign plan`

use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use countersign_core::TenantId;

use super::{At, reveal::MaybeWhy};

/// `countersign plan`
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Print plans, the newest first; it names nobody.
    #[command(after_help = "Example: countersign plan list --tenant example-tenant --state proposed")]
    List(ListPlans),
    /// Tell one plan whole, people by alias; with --reveal also who they are, which the ledger tells.
    #[command(
        after_help = "Examples:\n  countersign plan show pln_0198… --tenant example-tenant --url http://127.0.0.1:8377\n  countersign plan show pln_0198… --tenant example-tenant --reveal accounts,texts --reason 'to approve it' --url http://127.0.0.1:8377"
    )]
    Show(ShowPlan),
    /// Propose what a file wants of the tenant: `{"title", "wanted": [{"change", "reason", "evidence"}], "incident"}`.
    #[command(
        after_help = "Example: countersign plan propose wanted.json --tenant example-tenant --url http://127.0.0.1:8377\n\nA change is such as {\"change\": \"block_user\", \"user\": \"auth0|65f0\"}; docs/acting.md lists them."
    )]
    Propose(ProposePlan),
    /// Say where you approve a plan: an approval takes a person who signed in, and no command is one.
    #[command(
        after_help = "Example: countersign plan approve pln_0198… --tenant example-tenant --url https://countersign.example.com --wait 300"
    )]
    Approve(VoteOnPlan),
    /// Say where you refuse a plan, with a reason.
    Reject(VoteOnPlan),
    /// Say where you take back a plan that you proposed.
    Withdraw(VoteOnPlan),
    /// Stop a run before its next step.
    Stop(OnePlan),
    /// Let a run go on that was stopped.
    Resume(OnePlan),
    /// Say whether the step was done that a run halted at.
    #[command(
        after_help = "Example: countersign plan settle pln_0198… --step 3 --done --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Settle(SettleStep),
    /// Propose the plan that takes back what a run did, or the steps of it that are named.
    Undo(UndoPlan),
    /// Give a plan to somebody, or into another queue.
    Assign(AssignPlan),
    /// Write something about a plan.
    Comment(CommentPlan),
    /// Report that what was done did harm: nothing goes by itself from then on.
    Harm(OfPlans),
    /// Say whether nothing goes by itself, or close the breaker.
    Breaker(BreakerOf),
}

/// A tenant, and where it is worked on.
#[derive(Debug, ClapArgs)]
pub struct OfPlans {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where it is; all but reading goes through a running server, which alone can act at a tenant.
    #[command(flatten)]
    pub at: At,
}

/// `countersign plan list`
#[derive(Debug, ClapArgs)]
pub struct ListPlans {
    /// Standing so: reported, proposed, approved, rejected, expired, superseded, withdrawn, running, done, halted or failed.
    #[arg(long)]
    pub state: Option<String>,
    /// About this incident.
    #[arg(long)]
    pub incident: Option<String>,
    /// Taking back the run of this plan.
    #[arg(long, value_name = "PLAN")]
    pub undoes: Option<String>,
    /// In this queue.
    #[arg(long)]
    pub audience: Option<String>,
    /// In the hands of this person.
    #[arg(long)]
    pub assignee: Option<String>,
    /// That somebody should have looked at.
    #[arg(long)]
    pub overdue: bool,
    /// Before this one, to go on with a list: what the last line on standard error says.
    #[arg(long, value_name = "PLAN")]
    pub before: Option<String>,
    /// At most so many, up to 50.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Whose they are.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan show`
#[derive(Debug, ClapArgs)]
pub struct ShowPlan {
    /// The plan.
    pub id: String,
    /// Open these parts of it: accounts, sources, others, texts, with commas between them.
    #[arg(long, value_delimiter = ',', value_name = "PARTS", requires = "reason")]
    pub reveal: Vec<String>,
    /// Why it is opened.
    #[command(flatten)]
    pub why: MaybeWhy,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan propose`
#[derive(Debug, ClapArgs)]
pub struct ProposePlan {
    /// The file, JSON; `-` for standard input.
    pub file: String,
    /// Of whom it is wanted.
    #[command(flatten)]
    pub of: OfPlans,
}

/// One plan.
#[derive(Debug, ClapArgs)]
pub struct OnePlan {
    /// The plan.
    pub id: String,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan approve`, `reject` and `withdraw`
#[derive(Debug, ClapArgs)]
pub struct VoteOnPlan {
    /// The plan.
    pub id: String,
    /// Wait so many seconds until it was done on the page.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan settle`
#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("was").required(true).args(["done", "not_done"])))]
pub struct SettleStep {
    /// The plan.
    pub id: String,
    /// The step's number, from 1: where `show` says that it halted.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub step: u64,
    /// It was done.
    #[arg(long)]
    pub done: bool,
    /// It was not done, and is sent again.
    #[arg(long)]
    pub not_done: bool,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan undo`
#[derive(Debug, ClapArgs)]
pub struct UndoPlan {
    /// The plan.
    pub id: String,
    /// These steps by their names, with commas between them; all that were done where none is named.
    #[arg(long, value_delimiter = ',')]
    pub steps: Vec<String>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan assign`
#[derive(Debug, ClapArgs)]
pub struct AssignPlan {
    /// The plan.
    pub id: String,
    /// To whom.
    #[arg(long, value_name = "NAME", conflicts_with = "nobody")]
    pub to: Option<String>,
    /// To nobody.
    #[arg(long)]
    pub nobody: bool,
    /// Into this queue.
    #[arg(long)]
    pub audience: Option<String>,
    /// How much it presses: 0 to 3.
    #[arg(long)]
    pub priority: Option<u8>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan comment`
#[derive(Debug, ClapArgs)]
pub struct CommentPlan {
    /// The plan.
    pub id: String,
    /// What.
    #[arg(long)]
    pub text: String,
    /// Who, where several people have the token.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign plan breaker`
#[derive(Debug, ClapArgs)]
pub struct BreakerOf {
    /// Let things go by themselves again, as far as the settings say.
    #[arg(long)]
    pub close: bool,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}
