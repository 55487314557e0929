//! `countersign policy`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use countersign_core::TenantId;

use super::At;

/// `countersign policy`
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say everything that is wrong with a policy.
    #[command(
        after_help = "Examples:\n  countersign policy check policy.toml\n  countersign policy check --config countersign.toml --tenant example-tenant"
    )]
    Check(Proposed),
    /// Print what a policy would change, and which changes loosen protection.
    #[command(
        after_help = "Example: countersign policy diff policy.toml --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Diff(Proposed),
    /// Put a policy in force; one that loosens protection needs --loosen.
    #[command(
        after_help = "Examples:\n  countersign policy apply policy.toml --tenant example-tenant --url http://127.0.0.1:8377\n  countersign policy apply --config countersign.toml --tenant example-tenant --loosen"
    )]
    Apply(Apply),
    /// Print the policy that holds, or an earlier version, as JSON.
    #[command(after_help = "Example: countersign policy show --tenant example-tenant --version 3")]
    Show(Show),
}

/// A policy that may come into force.
#[derive(Debug, ClapArgs)]
pub struct Proposed {
    /// The policy: TOML as below `[tenants.NAME.policy]`, or JSON. Without it the one in the configuration.
    pub file: Option<PathBuf>,
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Where the policy that holds is.
    #[command(flatten)]
    pub at: At,
}

/// `countersign policy apply`
#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// What is put in force.
    #[command(flatten)]
    pub proposed: Proposed,
    /// Also where protection is loosened.
    #[arg(long)]
    pub loosen: bool,
}

/// `countersign policy show`
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// The tenant; may be absent where only one is configured.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// An earlier version; the one that holds when absent.
    #[arg(long)]
    pub version: Option<u64>,
    /// Where the policy is.
    #[command(flatten)]
    pub at: At,
}
