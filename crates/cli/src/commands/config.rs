//! `countersign config`

use super::{Verdict, print};
use crate::{args::ConfigCommand, config, rule_watch};

pub fn run(command: ConfigCommand) -> anyhow::Result<Verdict> {
    match command {
        ConfigCommand::Schema => print(&config::schema()),
        ConfigCommand::Show(file) => print(&format!("{:#?}\n", config::load(file.config.as_deref())?)),
        ConfigCommand::Check(file) => match config::load(file.config.as_deref()) {
            Ok(config) => {
                let of = |id| rule_watch::configured(&config, id).err();
                let faults: Vec<_> = config.tenants.keys().filter_map(of).collect();
                if !faults.is_empty() {
                    faults.iter().for_each(|fault| print(&format!("{fault:#}\n")));
                    return Ok(Verdict::Fails);
                }
                print("The configuration is good.\n");
            }
            Err(error) => {
                print(&format!("{error:#}\n"));
                return Ok(Verdict::Fails);
            }
        },
    }
    Ok(Verdict::Holds)
}
