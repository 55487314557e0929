//! `countersign alerts`, `logs`, `suppressions` and `hooks`

use clap::{Args as ClapArgs, Subcommand};
use countersign_app::incidents::{Entity, EntityKind, Severity};
use countersign_core::{TenantId, Timestamp};

use super::{At, Folder, incidents::severity, reveal::MaybeWhy};

/// One account, address or another entity, by its name.
#[derive(Debug, Clone, Default, ClapArgs)]
#[group(id = "about", multiple = false)]
pub struct Named {
    /// About this account: Auth0's user id, or a name that was typed.
    #[arg(long)]
    pub account: Option<String>,
    /// About this address.
    #[arg(long)]
    pub address: Option<String>,
    /// About this organization.
    #[arg(long)]
    pub organization: Option<String>,
    /// About this client.
    #[arg(long)]
    pub client: Option<String>,
}

impl Named {
    /// What is named; `None` where nothing is.
    pub fn entity(&self) -> Option<Entity> {
        let Self { account, address, organization, client } = self;
        let named = [
            (EntityKind::User, account),
            (EntityKind::Address, address),
            (EntityKind::Organization, organization),
            (EntityKind::Client, client),
        ];
        named.into_iter().find_map(|(kind, name)| Some(Entity::new(kind, name.as_deref()?)))
    }
}

/// `countersign alerts`
#[derive(Debug, Subcommand)]
pub enum Alerts {
    /// Print alerts, the newest finding first; it names nobody.
    #[command(after_help = "Example: countersign alerts list --tenant example-tenant --audience suppressed")]
    List(Box<ListAlerts>),
    /// Tell one alert whole, with what it is about by alias.
    #[command(after_help = "Example: countersign alerts show alr_0123456789abcdef --tenant example-tenant")]
    Show(ShowOne),
}

/// `countersign alerts list`
#[derive(Debug, ClapArgs)]
pub struct ListAlerts {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// At least so severe: informational, low, medium, high or critical.
    #[arg(long, value_parser = severity)]
    pub severity: Option<Severity>,
    /// By this detector.
    #[arg(long)]
    pub detector: Option<String>,
    /// Told to these: raised (people), learning, suppressed or over_budget (nobody).
    #[arg(long)]
    pub audience: Option<String>,
    /// Of this incident.
    #[arg(long)]
    pub incident: Option<String>,
    /// About this.
    #[command(flatten)]
    pub about: Named,
    /// Also those that a replay in event time did not find.
    #[arg(long)]
    pub retracted: bool,
    /// Whose newest finding is of this time or later, such as `2026-11-01T00:00:00Z`.
    #[arg(long)]
    pub since: Option<Timestamp>,
    /// Whose newest finding is of an earlier time.
    #[arg(long)]
    pub until: Option<Timestamp>,
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

/// `countersign alerts show` and `countersign logs show`
#[derive(Debug, ClapArgs)]
pub struct ShowOne {
    /// Its id.
    pub id: String,
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

/// `countersign logs`
#[derive(Debug, Subcommand)]
pub enum Logs {
    /// Print entries of the log, the last that came first; it names nobody.
    #[command(
        after_help = "Examples:\n  countersign logs list --tenant example-tenant --kind fp --since 2026-11-01T00:00:00Z\n  countersign logs list --tenant example-tenant --account 'auth0|65f0' --json"
    )]
    List(ListLogs),
    /// Print one entry without what names people; with --whole as Auth0 sent it, which the ledger tells.
    #[command(
        after_help = "Examples:\n  countersign logs show 90020261101000000000000000001 --tenant example-tenant\n  countersign logs show 90020261101000000000000000001 --tenant example-tenant --whole --reason 'case 4711'"
    )]
    Show(ShowLog),
}

/// `countersign logs show`
#[derive(Debug, ClapArgs)]
pub struct ShowLog {
    /// Which entry.
    #[command(flatten)]
    pub of: ShowOne,
    /// Print it as Auth0 sent it.
    #[arg(long, requires = "reason")]
    pub whole: bool,
    /// Why it is opened.
    #[command(flatten)]
    pub why: MaybeWhy,
}

/// `countersign logs list`
#[derive(Debug, ClapArgs)]
pub struct ListLogs {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Of this type code of Auth0's, such as `fp`.
    #[arg(long)]
    pub kind: Option<String>,
    /// About this account, by Auth0's user id.
    #[arg(long)]
    pub account: Option<String>,
    /// That happened at this time or later, such as `2026-11-01T00:00:00Z`.
    #[arg(long)]
    pub since: Option<Timestamp>,
    /// That happened earlier.
    #[arg(long)]
    pub until: Option<Timestamp>,
    /// Before this place in the journal, to go on with a list: what the last line on standard error says.
    #[arg(long, value_name = "PLACE")]
    pub before: Option<u64>,
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

/// `countersign suppressions`
#[derive(Debug, Subcommand)]
pub enum Suppressions {
    /// Print what is suppressed, with whom it is about.
    List(super::OfTenant),
    /// Suppress what a detector finds, what is found about somebody, or both, for a while.
    #[command(
        after_help = "Example: countersign suppressions add --tenant example-tenant --detector impossible_travel --account 'auth0|65f0' --until 2026-12-01T00:00:00Z --reason 'travels' --by mia"
    )]
    Add(Box<AddSuppression>),
    /// End a suppression now.
    Lift(LiftSuppression),
}

/// `countersign suppressions add`
#[derive(Debug, ClapArgs)]
pub struct AddSuppression {
    /// What this detector finds.
    #[arg(long)]
    pub detector: Option<String>,
    /// What is found about this.
    #[command(flatten)]
    pub about: Named,
    /// Until then, by 90 days ahead at the most.
    #[arg(long)]
    pub until: Timestamp,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// Who says so.
    #[arg(long)]
    pub by: String,
    /// Suppress even what tells that somebody blinds the watch.
    #[arg(long)]
    pub force: bool,
    /// Whose log it is.
    #[command(flatten)]
    pub of: super::OfTenant,
}

/// `countersign suppressions lift`
#[derive(Debug, ClapArgs)]
pub struct LiftSuppression {
    /// Its id, as `list` prints it.
    pub id: String,
    /// Who says so.
    #[arg(long)]
    pub by: String,
    /// Whose log it is.
    #[command(flatten)]
    pub of: super::OfTenant,
}

/// `countersign notify`, `countersign hooks`
#[derive(Debug, Subcommand)]
pub enum Hooks {
    /// Send a receiver (a webhook, Slack, mail, a ticket) one message of the type `countersign.test`; say whether and how fast it was taken, else what to mend.
    #[command(
        after_help = "Example: countersign notify test soc --tenant example-tenant --config countersign.toml"
    )]
    Test(TestHook),
}

/// `countersign hooks test`
#[derive(Debug, ClapArgs)]
pub struct TestHook {
    /// The receiver's name in the configuration.
    pub name: String,
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// Where the configuration is.
    #[command(flatten)]
    pub folder: Folder,
}
