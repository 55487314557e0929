//! `countersign bench risk`

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use anyhow::Context;
use countersign_core::Level;
use countersign_policy::Settings;
use countersign_risk::{Code, Model};
use serde::Serialize;

use crate::{
    args::BenchRisk,
    clock::SystemClock,
    commands::{
        Verdict,
        model::file::{self, ModelFile},
        print,
    },
    corpus::{Corpus, Tally},
};

/// The most reasons of a line.
const REASONS: usize = 5;

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    score: f64,
    level: Level,
    reasons: Vec<&'a Code>,
}

pub fn run(args: &BenchRisk) -> anyhow::Result<Verdict> {
    let model = match &args.model {
        Some(path) => match file::read(path)? {
            ModelFile::Constants { model, .. } => *model,
            ModelFile::Own { .. } => {
                anyhow::bail!("`{}` is an own model, which a model of ours is needed beside", path.display())
            }
        },
        None => Model::default(),
    };
    let corpus = Corpus::open(&args.data)?;
    let place = args.out.display();
    let told = || format!("can't write `{place}`");
    let mut out = BufWriter::new(File::create(&args.out).with_context(told)?);
    let thresholds = Settings::default().thresholds;
    let tally = corpus.run(&model, &SystemClock::start(), |id, scored| {
        let assessment = &scored.assessment;
        let line = Line {
            id,
            score: assessment.probability(),
            level: thresholds.level(assessment.score),
            reasons: assessment.reasons.iter().take(REASONS).map(|reason| &reason.code).collect(),
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n").with_context(told)
    })?;
    out.flush().with_context(told)?;
    print(&summary(&tally));
    Ok(if tally.faults == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn summary(tally: &Tally) -> String {
    let Tally { decisions, faults, spent, people, greatest, sum } = *tally;
    let each = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX) / decisions.max(1);
    format!(
        "{decisions} decisions were made, {}.{} µs each, {faults} lines could not be read.\n\
         {people} profiles, the largest of {greatest} bytes, {} on average.\n",
        each / 1_000,
        each % 1_000 / 100,
        sum / people.max(1),
    )
}
