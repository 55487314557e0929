//! The command line.

mod access;
mod at;
mod backtest;
mod bench;
mod copies;
mod decisions;
mod desk;
mod incidents;
mod keys;
mod models;
mod plans;
mod playbooks;
mod policy;
mod reveal;
mod reviews;
mod rules;
mod sandbox;
mod tenant;
mod users;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand};
use countersign_core::{TenantId, Trigger};

pub use self::{
    access::{
        AccessCommand, AddPerson, BreakGlass, EndGrant, EndOne, GrantRole, ListAccess, MakeAccount,
        MakeToken, Server,
    },
    at::{At, Folder},
    backtest::{Backtest, BacktestRules, Over},
    bench::{Bench, BenchDetections, BenchRisk},
    copies::{Backup, Restore},
    decisions::{
        Decisions, Export as ExportDecisions, Filter, List, OfTenant, RiskToken, Show as ShowDecision,
    },
    desk::{
        AddSuppression, Alerts, Hooks, LiftSuppression, ListAlerts, ListLogs, Logs, ShowLog, ShowOne,
        Suppressions, TestHook,
    },
    incidents::{Incidents, List as ListIncidents, Show as ShowIncident},
    keys::{Keys, Rotate, RotateAction, RotateInSteps},
    models::{ActOnModel, ExploreThresholds, ImportModel, ModelCommand, NamedModel, TrainModel},
    plans::{
        AssignPlan, BreakerOf, CommentPlan, ListPlans, OfPlans, PlanCommand, ProposePlan, SettleStep,
        ShowPlan, UndoPlan, VoteOnPlan,
    },
    playbooks::{PlaybookCommand, PlaybooksAt},
    policy::{Apply, Policy, Proposed, Show as ShowPolicy},
    reveal::{Reveal, Why},
    reviews::{AssignReview, CommentReview, JudgeReview, ListReviews, OpenReview, ReviewCommand, ShowReview},
    rules::{ExplainRule, Rules, RulesAt},
    sandbox::{Client, Sandbox},
    tenant::{
        Accepting, ApplyArgs, Connected, Format, PlanArgs, Probing, Removing, TenantCommand, Undoing, Wanted,
    },
    users::{ListUsers, MarkUser, NamedUser, UserCommand, UserRisk},
};

/// Decisions about sign-ins that are explained, countersigned and proved.
#[derive(Debug, Parser)]
#[command(version, about = "Decisions about sign-ins that are explained, countersigned and proved", arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check does not hold (a ledger, a server's health, a configuration, a policy, a decision that is made again, a backup that is too old, a tenant's plan, a tenant's or our own findings, a rule or a test inside of one, a line of a bench that can't be read).";

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything on one machine with generated sign-ins, and print one URL.
    #[command(after_help = "Example: countersign demo --data /tmp/demo")]
    Demo(Demo),
    /// Answer Actions.
    #[command(
        after_help = "Examples:\n  countersign serve --config countersign.toml\n  countersign serve --tenant example-tenant"
    )]
    Serve(Serve),
    /// Decide about one event without a server or a history.
    #[command(
        after_help = "Examples:\n  countersign decide --trigger post-login < fixtures/events/post-login.json\n  countersign decide --trigger credentials-exchange --config countersign.toml --json < event.json"
    )]
    Decide(Decide),
    /// Check a receipt or a whole ledger offline; names the first bad leaf.
    #[command(
        after_help = "Examples:\n  countersign verify --receipt receipt.json --verifier verifier.key\n  countersign verify --data countersign-data --verifier verifier.key --checkpoint kept-elsewhere.checkpoint"
    )]
    Verify(Verify),
    /// The transparency log.
    #[command(subcommand)]
    Ledger(Ledger),
    /// People's data.
    #[command(subcommand)]
    Privacy(Privacy),
    /// Keys and tokens.
    #[command(subcommand)]
    Keys(Keys),
    /// Copy the records, also while a service runs, with a manifest and the list of erasures.
    #[command(
        after_help = "Examples:\n  countersign backup --config countersign.toml --to /backup/2026-11-22\n  countersign backup --config countersign.toml --to /backup/2026-11-22 --with-keys /vault/2026-11-22"
    )]
    Backup(Backup),
    /// Put a backup in force: checks it, erases again who was erased since, and tells when it is too old.
    #[command(
        after_help = "Examples:\n  countersign restore --from /backup/2026-11-22 --data /var/lib/countersign\n  countersign restore --from /backup/2026-11-22 --keys /vault/2026-11-22 --data new --erasures /backup/2026-11-23/erasures.json"
    )]
    Restore(Restore),
    /// Policies: check, compare, put in force.
    #[command(subcommand)]
    Policy(Policy),
    /// Models that score: which there are, which decides, and taking one in, promoting it and rolling back.
    #[command(subcommand)]
    Model(ModelCommand),
    /// What is held against a person, and saying that they are safe or compromised.
    #[command(subcommand)]
    User(UserCommand),
    /// Who may sign in and what they may: people, roles, sessions, service accounts, links (docs/access.md).
    #[command(subcommand)]
    Access(AccessCommand),
    /// The Auth0 tenant: into it and out again.
    #[command(subcommand)]
    Tenant(Box<TenantCommand>),
    /// Check a tenant and our side: a line for each finding, with how it is mended (docs/doctor.md).
    #[command(
        after_help = "Examples:\n  countersign doctor --config countersign.toml\n  countersign doctor --config countersign.toml --tenant acme --format json"
    )]
    Doctor(Doctor),
    /// What was decided.
    #[command(subcommand)]
    Decisions(Decisions),
    /// What was found in a tenant's log.
    #[command(subcommand)]
    Incidents(Incidents),
    /// What is to be written at a tenant, and who agreed to it (docs/acting.md).
    #[command(subcommand)]
    Plan(Box<PlanCommand>),
    /// Decisions that wait for a person, and what they say it was (docs/acting.md).
    #[command(subcommand)]
    Review(Box<ReviewCommand>),
    /// Open fields that are masked elsewhere, with a reason; the ledger tells who did.
    #[command(
        after_help = "Examples:\n  countersign reveal incident inc_0123456789abcdef --fields accounts,sources --reason 'case 4711' --tenant example-tenant\n  countersign reveal decision dec_0198… --fields user.email --reason 'the person called' --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Reveal(Reveal),
    /// Single findings in a tenant's log, told or not.
    #[command(subcommand)]
    Alerts(Alerts),
    /// A tenant's log as it was journaled.
    #[command(subcommand)]
    Logs(Logs),
    /// What nobody is told of, for a while.
    #[command(subcommand)]
    Suppressions(Suppressions),
    /// Receivers that are told of incidents.
    #[command(subcommand)]
    Hooks(Hooks),
    /// Work with whoever is told: webhooks, Slack, mail, tickets.
    #[command(subcommand)]
    Notify(Hooks),
    /// Tokens of the short form.
    #[command(subcommand)]
    RiskToken(RiskToken),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Rules over a tenant's log: check them, run their tests, see why one holds (docs/sigma.md).
    #[command(subcommand)]
    Rules(Rules),
    /// What incidents are answered with: list playbooks, check them (docs/playbooks.md).
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Try detectors and rules over the stored log, and compare with the alerts that are stored; writes nothing.
    #[command(
        after_help = "Examples:\n  countersign backtest --config countersign.toml --since 2026-11-01\n  countersign backtest --data countersign-data --tenant example-tenant --rules my-rules --json\n\nIt works beside a running service. People and addresses are told as tags; entries by the ids that Auth0 gave them."
    )]
    Backtest(Backtest),
    /// Measure detections against labeled log entries.
    #[command(subcommand)]
    Bench(Bench),
    /// Start a stand-in for an Auth0 tenant: its Management API, its tokens, its flows with Actions in Node.
    #[command(
        after_help = "Examples:\n  countersign sandbox\n  countersign sandbox --listen 127.0.0.1:8443 --tls-cert cert.pem --tls-key key.pem --client first:sesame --state tenant.db\n  countersign sandbox --client first:sesame --scenario scenarios/under-attack.toml --speed 60 --stream-mishaps duplicate=0.1,fail=0.05\n  countersign sandbox --scenario scenarios/under-attack.toml --until 2026-10-01T00:00:00Z --export-logs corpus.jsonl"
    )]
    Sandbox(Sandbox),
    /// Ask a running server whether it can record decisions.
    #[command(after_help = "Example: countersign health --url http://127.0.0.1:8377")]
    Health(Health),
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FindingsFormat {
    /// A line each, for people.
    Text,
    /// JSON, an object for each tenant, for programs.
    Json,
}

/// `countersign doctor`
#[derive(Debug, ClapArgs)]
pub struct Doctor {
    /// Only this tenant.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the configuration and the data are.
    #[command(flatten)]
    pub folder: Folder,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: FindingsFormat,
}

/// `countersign demo`
#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Address and port; another free port is taken when this one is not.
    #[arg(long, default_value = "127.0.0.1:8377")]
    pub listen: SocketAddr,
    /// Keep the data here; without it they are gone at the end.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Stop by itself after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub stop_after: Option<u64>,
}

/// `countersign serve`
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// The configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Answer this tenant in audit mode, without a file.
    #[arg(long)]
    pub tenant: Option<TenantId>,
}

/// `countersign decide`
#[derive(Debug, ClapArgs)]
pub struct Decide {
    /// The trigger whose event is on standard input.
    #[arg(long)]
    pub trigger: Trigger,
    /// The configuration whose policy applies; without it the default policy.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `countersign verify`
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct Verify {
    /// A receipt's JSON file.
    #[arg(long, group = "what", conflicts_with = "data")]
    pub receipt: Option<PathBuf>,
    /// A data directory.
    #[arg(long, group = "what")]
    pub data: Option<PathBuf>,
    /// The file with the key lines that check checkpoints; for a data directory its own keys when absent.
    #[arg(long)]
    pub verifier: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: finds a log that was rolled back. May be given several times.
    #[arg(long)]
    pub checkpoint: Vec<PathBuf>,
    /// Only this tenant of a data directory.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// The configuration file, where it says something of the ledger's site, its key or PostgreSQL.
    #[arg(long, group = "what")]
    pub config: Option<PathBuf>,
}

/// `countersign ledger`
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Write the newest checkpoint, its verifier key line, tiles, and for a record its leaf, index and inclusion proof.
    #[command(
        after_help = "Example: countersign ledger export --data countersign-data --out proof --record dec_0198…"
    )]
    Export(Export),
}

/// `countersign ledger export`
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The folder to write into; made when absent.
    #[arg(long)]
    pub out: PathBuf,
    /// A record's id, such as a decision's.
    #[arg(long)]
    pub record: Option<String>,
    /// Only this tenant; needed when there are several.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the ledger is.
    #[command(flatten)]
    pub folder: Folder,
}

/// `countersign privacy`
#[derive(Debug, Subcommand)]
pub enum Privacy {
    /// Destroy a person's key: nothing recorded about them can be read again, every proof still verifies.
    #[command(
        after_help = "Examples:\n  countersign privacy erase --config countersign.toml --tenant example-tenant --subject 'auth0|65f0'\n  countersign privacy erase --config countersign.toml --tenant example-tenant --subject 'auth0|65f0' --url http://127.0.0.1:8377"
    )]
    Erase(Erase),
}

/// `countersign privacy erase`
#[derive(Debug, ClapArgs)]
pub struct Erase {
    /// The tenant.
    #[arg(long)]
    pub tenant: TenantId,
    /// The person: Auth0's user id, or a pseudonym `sub_…`.
    #[arg(long)]
    pub subject: String,
    /// Where the person is known.
    #[command(flatten)]
    pub at: At,
}

/// `countersign config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong with a configuration.
    Check(ConfigFile),
    /// Print the configuration as it would be used, without secrets.
    Show(ConfigFile),
    /// Print every key with its meaning and an example.
    Schema,
}

/// A configuration file, or none.
#[derive(Debug, ClapArgs)]
pub struct ConfigFile {
    /// The configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// `countersign health`
#[derive(Debug, ClapArgs)]
pub struct Health {
    /// The server, by plain HTTP.
    #[arg(long, default_value = "http://127.0.0.1:8377")]
    pub url: String,
}
