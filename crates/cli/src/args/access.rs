//! `countersign access`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::{OrganizationId, TenantId};
use countersign_rights::Role;

use super::Folder;

/// `countersign access`: through the running server, with the token in the data directory or in `COUNTERSIGN_TOKEN`.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Print who the server takes you for, and what you may.
    #[command(after_help = "Example: countersign access me --url http://127.0.0.1:8377")]
    Me(ListAccess),
    /// List the policies of access in force, their files, and a hash over all of them.
    #[command(after_help = "Example: countersign access policies --url http://127.0.0.1:8377")]
    Policies(ListAccess),
    /// List those who sign in at the identity provider.
    People(ListAccess),
    /// Make somebody known before they sign in, so that they can be granted a role.
    #[command(
        after_help = "Example: countersign access add-person --subject 'auth0|65f0…' --name 'Mia Ott' --url http://127.0.0.1:8377"
    )]
    AddPerson(AddPerson),
    /// End what somebody may do, and sign them out.
    DisablePerson(EndOne),
    /// Let somebody in again who was disabled, with what they were granted.
    EnablePerson(EndOne),
    /// List roles that people and service accounts have.
    Roles(ListRoles),
    /// Grant a role at a tenant, at an organization of it, or at all tenants.
    #[command(
        after_help = "Examples:\n  countersign access grant per_01… analyst --tenant acme --url http://127.0.0.1:8377\n  countersign access grant per_01… tenant_admin --tenant acme --organization org_1 --url http://127.0.0.1:8377"
    )]
    Grant(GrantRole),
    /// Take a role away, by its id.
    TakeAway(EndGrant),
    /// List browsers that are signed in.
    Sessions(ListAccess),
    /// End a session, by its id.
    EndSession(EndOne),
    /// List service accounts and their tokens.
    Accounts(ListAccess),
    /// Make a service account; it may do nothing until it has a role and a token.
    Account(MakeAccount),
    /// End a service account with all of its tokens.
    DisableAccount(EndOne),
    /// Make a token of a service account; two may hold at once, so that one is rotated without a gap.
    #[command(
        after_help = "Example: countersign access token sva_01… --scope read_decisions --scope tell_outcomes --days 90 --url http://127.0.0.1:8377"
    )]
    Token(MakeToken),
    /// End a token, by its id.
    RevokeToken(EndOne),
    /// Make a one-time link that signs one browser in as administrator, where nobody can sign in otherwise.
    Link(BreakGlass),
    /// The same where people can sign in, for when they can't; it raises an alarm.
    #[command(
        after_help = "Example: countersign access break-glass --reason 'the identity provider is down' --url https://countersign.example.com"
    )]
    BreakGlass(BreakGlass),
}

/// The running server.
#[derive(Debug, Clone, ClapArgs)]
pub struct Server {
    /// Where the operator's token is.
    #[command(flatten)]
    pub folder: Folder,
    /// The running server, by https, or by plain HTTP on this machine.
    #[arg(long)]
    pub url: String,
    /// The authorities that its certificate may be of, PEM; those of the system when absent.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// What is listed.
#[derive(Debug, ClapArgs)]
pub struct ListAccess {
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access roles`
#[derive(Debug, ClapArgs)]
pub struct ListRoles {
    /// At which tenant, for who may see access there alone; everywhere when absent.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access take-away`
#[derive(Debug, ClapArgs)]
pub struct EndGrant {
    /// The grant's id.
    pub id: String,
    /// The tenant that it is of, for who may change access there alone.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access add-person`
#[derive(Debug, ClapArgs)]
pub struct AddPerson {
    /// Where.
    #[command(flatten)]
    pub server: Server,
    /// The identity provider's id of them (`sub`).
    #[arg(long)]
    pub subject: String,
    /// A name to show.
    #[arg(long)]
    pub name: String,
    /// The identity provider; the configured one when absent.
    #[arg(long)]
    pub issuer: Option<String>,
}

/// What is ended, by its id.
#[derive(Debug, ClapArgs)]
pub struct EndOne {
    /// The id.
    pub id: String,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access grant`
#[derive(Debug, ClapArgs)]
pub struct GrantRole {
    /// A person's or a service account's id.
    pub principal: String,
    /// viewer, analyst, approver, operator, administrator, auditor or `tenant_admin`.
    pub role: Role,
    /// At which tenant; all of them when absent.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// At which organization of it, for a `tenant_admin`.
    #[arg(long, requires = "tenant")]
    pub organization: Option<OrganizationId>,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access account`
#[derive(Debug, ClapArgs)]
pub struct MakeAccount {
    /// Its name.
    pub name: String,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access token`
#[derive(Debug, ClapArgs)]
pub struct MakeToken {
    /// The service account's id.
    pub account: String,
    /// What it may be used for: an action such as `read_decisions`, or `*`; any number of times.
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<String>,
    /// How long it holds, 1 to 365 days.
    #[arg(long, default_value_t = 90)]
    pub days: u16,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}

/// `countersign access link`, `countersign access break-glass`
#[derive(Debug, ClapArgs)]
pub struct BreakGlass {
    /// Why; needed for break-glass.
    #[arg(long)]
    pub reason: Option<String>,
    /// Where.
    #[command(flatten)]
    pub server: Server,
}
