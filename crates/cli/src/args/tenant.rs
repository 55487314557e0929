//! `countersign tenant`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use countersign_core::{TenantId, Trigger};

use super::{At, FindingsFormat};

/// `countersign tenant`
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Show exactly what would change at the tenant, which scopes that needs, and why. Changes nothing.
    #[command(
        after_help = "Example: countersign tenant plan --tenant acme --domain acme.eu.auth0.com --client-id … --client-secret env:INSTALLER_SECRET --service https://decide.example.com --capability decide=report"
    )]
    Plan(PlanArgs),
    /// Change the tenant as `plan` shows; takes up what was cut off first.
    #[command(
        after_help = "Example: countersign tenant apply … --accept-scopes \"read:actions create:actions update:actions delete:actions\""
    )]
    Apply(ApplyArgs),
    /// Say what was done at the tenant, and whether it is still so where a credential is given.
    Status(Connected),
    /// Undo the newest run, whole or cut off.
    Rollback(Undoing),
    /// Take everything of us out of the tenant.
    Remove(Removing),
    /// Ask a tenant what is not documented, and say where it is not as we take for granted.
    #[command(
        after_help = "Example: countersign tenant probe … --with-writes --accept-scopes \"read:actions create:actions delete:actions read:organizations create:organizations update:organizations delete:organizations create:organization_members read:logs\""
    )]
    Probe(Probing),
}

/// The tenant, the credential of whoever installs, and where records are.
#[derive(Debug, ClapArgs)]
pub struct Connected {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the tenant is, over the configuration's.
    #[arg(long)]
    pub domain: Option<String>,
    /// The client of whoever installs; another than the service's.
    #[arg(long)]
    pub client_id: Option<String>,
    /// Its secret, by reference: `env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENTS`.
    #[arg(long, value_name = "REFERENCE", conflicts_with = "private_key")]
    pub client_secret: Option<String>,
    /// Or its private key, RSA in PEM, by reference.
    #[arg(long, value_name = "REFERENCE")]
    pub private_key: Option<String>,
    /// What the tenant's plan allows, over the configuration's; the least when neither says.
    #[arg(long, value_name = "PLAN")]
    pub limits: Option<String>,
    /// The authorities that the tenant's certificate may be of, PEM; over the configuration's.
    #[arg(long, value_name = "FILE")]
    pub tenant_ca: Option<PathBuf>,
    /// Where records are.
    #[command(flatten)]
    pub at: At,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// The plan itself.
    Json,
    /// Configuration of Terraform.
    Terraform,
    /// Configuration of Auth0's Deploy CLI.
    DeployCli,
}

/// What is wanted of the tenant.
#[derive(Debug, ClapArgs)]
pub struct Wanted {
    /// Where the tenant reaches the service, https.
    #[arg(long)]
    pub service: String,
    /// What it is used for, and how far it goes by itself: `NAME=report|propose|auto`; `decide=report` when absent.
    #[arg(long, value_name = "NAME=AUTONOMY")]
    pub capability: Vec<String>,
    /// Only these triggers.
    #[arg(long)]
    pub trigger: Vec<Trigger>,
    /// Where our Action stands: `PLACE` or `TRIGGER=PLACE`, a place being `first`, `last`, `before:NAME` or `after:NAME`.
    #[arg(long)]
    pub place: Vec<String>,
    /// Code with a CONFIG of your own, in place of the one that is built in.
    #[arg(long, value_name = "TRIGGER=FILE")]
    pub code: Vec<String>,
    /// A further secret of our Actions, by reference.
    #[arg(long, value_name = "NAME=REFERENCE")]
    pub secret: Vec<String>,
    /// Where log deliveries go, with the capability `ingest`; the service's `/v1/logs/{tenant}` when absent.
    #[arg(long, value_name = "URL")]
    pub logs_url: Option<String>,
    /// Where event deliveries go, with the capability `events`; the service's `/v1/events/{tenant}` when absent.
    #[arg(long, value_name = "URL")]
    pub events_url: Option<String>,
    /// The identifier of our API; the service's address when absent.
    #[arg(long)]
    pub api_identifier: Option<String>,
    /// The public half of the service's key, PEM; it gets a secret when absent.
    #[arg(long, value_name = "FILE")]
    pub service_public_key: Option<PathBuf>,
    /// The service gets no client of its own, so that it does not read the tenant; one that is there is taken out.
    #[arg(long, conflicts_with = "service_public_key")]
    pub without_client: bool,
    /// Take this over as ours, by its id: what was imported, or what Countersign made and its journal lost. It must have our mark.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
}

/// `countersign tenant plan`
#[derive(Debug, ClapArgs)]
pub struct PlanArgs {
    /// The tenant.
    #[command(flatten)]
    pub connected: Connected,
    /// What is wanted.
    #[command(flatten)]
    pub wanted: Wanted,
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write the files of a configuration here, the Actions' code among them.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// What may be used.
#[derive(Debug, ClapArgs)]
pub struct Accepting {
    /// The scopes that the credential may have and the service may get, apart by spaces or commas; no other is used.
    #[arg(long, value_name = "SCOPES")]
    pub accept_scopes: String,
    /// Who has it done; sealed in the ledger, which names whoever has the data directory or the token.
    #[arg(long, default_value = "operator")]
    pub actor: String,
}

/// `countersign tenant apply`
#[derive(Debug, ClapArgs)]
pub struct ApplyArgs {
    /// The tenant.
    #[command(flatten)]
    pub connected: Connected,
    /// What is wanted.
    #[command(flatten)]
    pub wanted: Wanted,
    /// What may be used.
    #[command(flatten)]
    pub accepting: Accepting,
    /// Only if the plan is this one, by its id.
    #[arg(long, value_name = "ID")]
    pub plan_id: Option<String>,
}

/// `countersign tenant rollback`
#[derive(Debug, ClapArgs)]
pub struct Undoing {
    /// The tenant.
    #[command(flatten)]
    pub connected: Connected,
    /// The scopes that the credential may have; no other is used.
    #[arg(long, value_name = "SCOPES", required_unless_present = "abandon")]
    pub accept_scopes: Option<String>,
    /// Who has it done; sealed in the ledger, which names whoever has the data directory or the token.
    #[arg(long, default_value = "operator")]
    pub actor: String,
    /// Leave a run that was cut off as it stands, and say what is there of it. Nothing is asked of the tenant.
    #[arg(long)]
    pub abandon: bool,
}

/// `countersign tenant remove`
#[derive(Debug, ClapArgs)]
pub struct Removing {
    /// The tenant.
    #[command(flatten)]
    pub connected: Connected,
    /// What may be used.
    #[command(flatten)]
    pub accepting: Accepting,
    /// Only show what would be taken out.
    #[arg(long)]
    pub dry_run: bool,
}

/// `countersign tenant probe`
#[derive(Debug, ClapArgs)]
pub struct Probing {
    /// The tenant.
    #[command(flatten)]
    pub connected: Connected,
    /// Make an organization and a draft of an Action, look at what becomes of them, and delete them again in every case.
    #[arg(long, requires = "accept_scopes")]
    pub with_writes: bool,
    /// Send up to 300 requests, 20 at once, so that the tenant refuses some; others who use it are refused too meanwhile.
    #[arg(long)]
    pub with_flood: bool,
    /// The scopes that the credential may have; no other is used.
    #[arg(long, value_name = "SCOPES")]
    pub accept_scopes: Option<String>,
    /// How the answers are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: FindingsFormat,
}
