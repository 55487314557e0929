//! `countersign model train`

use countersign_rights::Action;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use countersign_core::Clock;
use countersign_risk::{
    Model, Short,
    train::{Example, Recipe, fit_corpus, retrain},
};
use countersign_store::Access;

use super::{file::ModelFile, import, told};
use crate::{
    args::TrainModel,
    clock::SystemClock,
    commands::{Verdict, print, say},
    corpus::{Corpus, read_labels},
    place::Here,
};

pub async fn run(args: &TrainModel) -> anyhow::Result<Verdict> {
    match &args.out {
        Some(out) if !args.corpus.is_empty() => from_corpora(&args.corpus, out),
        _ => from_store(args).await,
    }
}

/// Fits the shapes of sign-ins to corpora, as the shipped ones were.
fn from_corpora(folders: &[PathBuf], out: &Path) -> anyhow::Result<Verdict> {
    let model = Model::default();
    let mut examples = Vec::new();
    for folder in folders {
        let labels = read_labels(folder)?;
        let tally = Corpus::open(folder)?.run(&model, &SystemClock::start(), |id, scored| {
            if let Some(is_attack) = labels.get(id) {
                let evidence = scored.evidence.values().iter().map(|value| value.map(four_decimals));
                examples.push(Example {
                    road: scored.road,
                    evidence: evidence.collect(),
                    is_attack: *is_attack,
                    weight: 1.0,
                    beside: 0.0,
                });
            }
            Ok(())
        })?;
        ensure!(tally.faults == 0, "{} lines of `{}` could not be read", tally.faults, folder.display());
    }
    let login = fit_corpus(&examples);
    let text = format!("{}\n", serde_json::to_string(&login)?);
    std::fs::write(out, text).with_context(|| format!("can't write `{}`", out.display()))?;
    print(&format!("Shapes were fitted to {} sign-ins.\n", examples.len()));
    Ok(Verdict::Holds)
}

/// Why: the shipped shapes were fitted to evidence of so many.
fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Fits a tenant's own model.
async fn from_store(args: &TrainModel) -> anyhow::Result<Verdict> {
    let by = &args.by;
    let tenant = super::tenant(&by.at, by.tenant.as_ref())?;
    let recipe = Recipe {
        name: Short::new(&args.name),
        at: args.made_at.unwrap_or_else(|| SystemClock::start().now()),
        pull: args.pull,
        report_rate: args.report_rate,
        base_rate: args.base_rate,
    };
    let here = Here::open(by.at.folder.load()?, &tenant, Access::ReadOnly, Action::ReadModels).await?;
    let (champion, observed) = here.app.labeled_sign_ins(&here.tenant, recipe.at).await?;
    drop(here);
    let trained = match retrain(observed, champion.constants(), &recipe) {
        Ok(trained) => trained,
        Err(few) => {
            say(&format!("nothing was written: {few}"));
            return Ok(Verdict::Fails);
        }
    };
    print(&told::trained(&trained));
    let (model, card) = (trained.model, trained.card);
    model.check()?;
    match &args.out {
        Some(out) => {
            let text = format!(
                "{}\n",
                serde_json::to_string_pretty(&serde_json::json!({ "model": model, "card": card }))?
            );
            std::fs::write(out, text).with_context(|| format!("can't write `{}`", out.display()))?;
        }
        None => import(&ModelFile::Constants { model: Box::new(model), card: Box::new(card) }, by).await?,
    }
    Ok(Verdict::Holds)
}
