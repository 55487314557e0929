//! `countersign config`

use super::{Verdict, print};
use crate::{args::ConfigCommand, config};

pub fn run(command: ConfigCommand) -> anyhow::Result<Verdict> {
    match command {
        ConfigCommand::Schema => print(&config::schema()),
        ConfigCommand::Show(file) => print(&format!("{:#?}\n", config::load(file.config.as_deref())?)),
        ConfigCommand::Check(file) => match config::load(file.config.as_deref()) {
            Ok(_) => print("The configuration is good.\n"),
            Err(error) => {
                print(&format!("{error:#}\n"));
                return Ok(Verdict::Fails);
            }
        },
    }
    Ok(Verdict::Holds)
}
