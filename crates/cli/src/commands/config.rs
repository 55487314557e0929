//! `countersign config`

use std::path::Path;

use super::{Verdict, print};
use crate::{
    args::ConfigCommand, compose::system_clock, config, reference_watch::ReferenceFiles, rule_watch,
};

pub fn run(command: ConfigCommand) -> anyhow::Result<Verdict> {
    match command {
        ConfigCommand::Schema => print(&config::schema()),
        ConfigCommand::Show(file) => print(&format!("{:#?}\n", config::load(file.config.as_deref())?)),
        ConfigCommand::Check(file) => match check(file.config.as_deref()) {
            Ok(()) => print("The configuration is good.\n"),
            Err(error) => {
                print(&format!("{error:#}\n"));
                return Ok(Verdict::Fails);
            }
        },
    }
    Ok(Verdict::Holds)
}

/// Reads the configuration, and the files of reference data and of rules that it names.
fn check(file: Option<&Path>) -> anyhow::Result<()> {
    let config = config::load(file)?;
    ReferenceFiles::open(&config, &system_clock())?;
    let faults: Vec<_> =
        config.tenants.keys().filter_map(|id| rule_watch::configured(&config, id).err()).collect();
    let told: Vec<String> = faults.iter().map(|fault| format!("{fault:#}")).collect();
    anyhow::ensure!(told.is_empty(), "{}", told.join("\n"));
    Ok(())
}
