//! Where a command works.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::config::{self, Config};

/// The data on this machine, or PostgreSQL as configured.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Folder {
    /// The configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// The data directory, over the configuration's.
    #[arg(long)]
    pub data: Option<PathBuf>,
}

/// A running server, or the data itself.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct At {
    /// Where the data is, and the operator's token.
    #[command(flatten)]
    pub folder: Folder,
    /// The running server, by https, or by plain HTTP on this machine; its token is read from the data directory.
    #[arg(long)]
    pub url: Option<String>,
    /// The authorities that its certificate may be of, PEM; those of the system when absent.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
}

impl Folder {
    /// The configuration, with the data directory that was named.
    pub fn load(&self) -> anyhow::Result<Config> {
        let mut config = config::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.storage.directory.clone_from(data);
        }
        Ok(config)
    }
}
