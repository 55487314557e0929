//! `countersign playbook`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// `countersign playbook`
#[derive(Debug, Subcommand)]
pub enum PlaybookCommand {
    /// List playbooks: what each answers, from when on, and what it proposes.
    #[command(
        after_help = "Examples:\n  countersign playbook list\n  countersign playbook list my-playbooks"
    )]
    List(PlaybooksAt),
    /// Say everything that is wrong in playbooks, by file, line and column.
    #[command(
        after_help = "Examples:\n  countersign playbook check\n  countersign playbook check my-playbooks --rules my-rules\n\nThe exit code is 3 where a file has an error."
    )]
    Check(PlaybooksAt),
}

/// Which playbooks, and what they can name.
#[derive(Debug, ClapArgs)]
pub struct PlaybooksAt {
    /// Playbooks, and folders whose `.yml` and `.yaml` files are playbooks; without any, those that are built in.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Your rule files, which playbooks can name beside the built-in ones.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}
