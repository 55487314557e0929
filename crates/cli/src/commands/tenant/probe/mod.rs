//! Asking a tenant what is not documented, and comparing it with what we take for granted.

mod draft;
mod flood;
mod organization;
mod questions;
mod reading;
mod trial;

use std::collections::BTreeMap;

use countersign_app::management::{Error, Why};
use countersign_core::TenantId;
use serde::Serialize;

use self::{
    questions::{Answer, Name, QUESTIONS, Question},
    trial::Trial,
};
use super::Site;
use crate::{
    args::{FindingsFormat, Probing},
    commands::{Verdict, print},
};

/// What came of the questions that were asked.
type Answers = BTreeMap<Name, Answer>;

/// A question and what came of it.
#[derive(Serialize)]
struct Row {
    name: Name,
    question: &'static str,
    assumed: &'static str,
    how: &'static str,
    answer: &'static str,
    found: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    steps: &'static [&'static str],
}

/// Everything that is told.
#[derive(Serialize)]
struct Report {
    tenant: TenantId,
    questions: Vec<Row>,
    /// What was made and could not be deleted.
    left: Vec<String>,
}

/// Why a question has no answer. The outer error is that the tenant can't be asked at all.
fn unanswered(error: Error) -> anyhow::Result<Answer> {
    match error {
        Error::Scope { operation } => Ok(Answer::NotAsked(format!(
            "the credential has none of the scopes {}",
            operation.scopes.join(", ")
        ))),
        Error::Shape { .. } => Ok(Answer::Differs(error.to_string())),
        Error::Refused { .. }
        | Error::Limited { .. }
        | Error::Unknown { .. }
        | Error::Unavailable { why: Why::Status(_), .. } => Ok(Answer::NotAsked(error.to_string())),
        error => Err(error.into()),
    }
}

fn row(question: &Question, answers: &Answers) -> Row {
    let Question { name, question, assumed, how } = *question;
    let (answer, found) = answers.get(&name).map_or(("not asked", how.why_not()), Answer::parts);
    let found = found.replace(char::is_control, " ");
    Row { name, question, assumed, how: how.text(), answer, found, steps: how.steps() }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for Row { question, assumed, how, answer, found, steps, .. } in &report.questions {
        let word = if *answer == "not asked" { "why not" } else { "found  " };
        text.push_str(&format!(
            "{answer:<10}  {question}\n            assumed: {assumed}\n            asked:   {how}\n            {word}: {found}\n"
        ));
        for (number, step) in (1..).zip(*steps) {
            text.push_str(&format!("            {number}. {step}\n"));
        }
    }
    for left in &report.left {
        text.push_str(&format!("\nIt could not be deleted, do it by hand: {left}\n"));
    }
    text
}

pub async fn run(args: &Probing) -> anyhow::Result<Verdict> {
    let site = Site::open(&args.connected)?;
    let management = site.reader(&args.connected)?;
    let (mut answers, mut left) = (Answers::new(), Vec::new());
    // Why before anything is read: what was not accepted must not be found out halfway.
    let mut trial = match (args.with_writes, &args.accept_scopes) {
        (true, Some(scopes)) => Some(Trial::open(&args.connected, scopes).await?),
        _ => None,
    };
    let asked = match &mut trial {
        Some(trial) => trial.ask(&mut answers).await,
        None => Ok(()),
    };
    if let Some(trial) = trial {
        left = trial.close().await?;
    }
    let asked = match asked {
        Ok(()) => reading::ask(&management, &mut answers).await,
        failed => failed,
    };
    let asked = match asked {
        Ok(()) if args.with_flood => flood::ask(&management, &mut answers).await,
        ended => ended,
    };
    let questions = QUESTIONS.iter().map(|question| row(question, &answers)).collect();
    let report = Report { tenant: site.tenant.clone(), questions, left };
    print(&match args.format {
        FindingsFormat::Json => format!("{}\n", serde_json::to_string(&report)?),
        FindingsFormat::Text => text(&report),
    });
    // Why only now: what was found before, and what is left, is told in every case.
    asked?;
    let holds = answers.values().all(|answer| !matches!(answer, Answer::Differs(_)));
    Ok(if holds && report.left.is_empty() { Verdict::Holds } else { Verdict::Fails })
}
