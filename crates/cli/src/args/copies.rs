//! `countersign backup` and `countersign restore`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Folder;

/// `countersign backup`
#[derive(Debug, ClapArgs)]
pub struct Backup {
    /// The folder to write into; made when absent. One that holds a backup is refused.
    #[arg(long)]
    pub to: PathBuf,
    /// Another folder for a copy of people's keys. Without it the copy can be audited and restored beside the keys in use.
    #[arg(long, value_name = "DIR")]
    pub with_keys: Option<PathBuf>,
    /// What is copied.
    #[command(flatten)]
    pub folder: Folder,
}

/// `countersign restore`
#[derive(Debug, ClapArgs)]
pub struct Restore {
    /// The backup; without it the data directory is taken as it is, to accept by --accept-rollback that it is an older copy.
    #[arg(long)]
    pub from: Option<PathBuf>,
    /// A copy of people's keys, to be put in place of those in the data directory.
    #[arg(long, value_name = "DIR", requires = "from")]
    pub keys: Option<PathBuf>,
    /// The data directory. It may hold the key files, and the data that is replaced, which is moved aside.
    #[arg(long)]
    pub data: PathBuf,
    /// A checkpoint that was kept elsewhere: tells whether the backup is older than that. May be given several times.
    #[arg(long)]
    pub checkpoint: Vec<PathBuf>,
    /// The list of erasures of a newer backup: whoever is on it is erased again.
    #[arg(long, value_name = "FILE")]
    pub erasures: Option<PathBuf>,
    /// Also over data that is newer than the backup.
    #[arg(long)]
    pub force: bool,
    /// Lose what was recorded after the backup; the ledger tells of it.
    #[arg(long)]
    pub accept_rollback: bool,
    /// The configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
}
