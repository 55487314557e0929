//! `countersign incidents`

use clap::{Args as ClapArgs, Subcommand};
use countersign_app::incidents::{Disposition, Severity, Status};
use countersign_core::{TenantId, Timestamp};

use super::{At, desk::Named, reveal::MaybeWhy};

/// `countersign incidents`
#[derive(Debug, Subcommand)]
pub enum Incidents {
    /// Print incidents, the newest finding first; it names nobody.
    #[command(
        after_help = "Example: countersign incidents list --tenant example-tenant --severity high --status open"
    )]
    List(List),
    /// Tell one incident whole, people by alias; with --reveal also who they are, which the ledger tells.
    #[command(
        after_help = "Examples:\n  countersign incidents show inc_0123456789abcdef --tenant example-tenant --url http://127.0.0.1:8377\n  countersign incidents show inc_0123456789abcdef --tenant example-tenant --reveal accounts,sources --reason 'case 4711'"
    )]
    Show(Show),
}

/// `countersign incidents list`
#[derive(Debug, ClapArgs)]
pub struct List {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// At least so severe: informational, low, medium, high or critical.
    #[arg(long, value_parser = severity)]
    pub severity: Option<Severity>,
    /// Standing so: open, acknowledged or closed.
    #[arg(long, value_parser = status)]
    pub status: Option<Status>,
    /// Closed as this: true_positive, benign, false_positive or duplicate.
    #[arg(long, value_parser = disposition)]
    pub disposition: Option<Disposition>,
    /// In the hands of this person.
    #[arg(long)]
    pub assignee: Option<String>,
    /// With an alert by this detector.
    #[arg(long)]
    pub detector: Option<String>,
    /// With an alert about this.
    #[command(flatten)]
    pub about: Named,
    /// Whose newest finding is of this time or later, such as `2026-11-01T00:00:00Z`.
    #[arg(long)]
    pub since: Option<Timestamp>,
    /// Whose newest finding is of an earlier time.
    #[arg(long)]
    pub until: Option<Timestamp>,
    /// Open, though somebody should have taken it up.
    #[arg(long)]
    pub overdue: bool,
    /// Before this one, to go on with a list: what the last line on standard error says.
    #[arg(long, value_name = "PLACE")]
    pub before: Option<String>,
    /// At most so many, up to 50.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Print JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Where they are.
    #[command(flatten)]
    pub at: At,
}

/// `countersign incidents show`
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// The incident.
    pub id: String,
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Open these parts of it: accounts, sources, others, texts, with commas between them.
    #[arg(long, value_delimiter = ',', value_name = "PARTS", requires = "reason")]
    pub reveal: Vec<String>,
    /// Why it is opened.
    #[command(flatten)]
    pub why: MaybeWhy,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

fn disposition(word: &str) -> Result<Disposition, String> {
    let all =
        [Disposition::TruePositive, Disposition::Benign, Disposition::FalsePositive, Disposition::Duplicate];
    let found = all.into_iter().find(|disposition| disposition.as_str() == word);
    found.ok_or_else(|| "one of true_positive, benign, false_positive, duplicate".to_owned())
}

pub(super) fn severity(word: &str) -> Result<Severity, String> {
    let severity = Severity::ALL.into_iter().find(|severity| severity.word() == word);
    severity.ok_or_else(|| "one of informational, low, medium, high, critical".to_owned())
}

fn status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| "one of open, acknowledged, closed".to_owned())
}
