//! `countersign bench`

mod detections;
mod risk;

use super::Verdict;
use crate::args::Bench;

pub fn run(command: &Bench) -> anyhow::Result<Verdict> {
    match command {
        Bench::Detections(args) => detections::run(args),
        Bench::Risk(args) => risk::run(args),
    }
}
