//! `countersign rules`

mod explain;
pub mod files;

use std::fmt::Write as _;

use countersign_detect::sigma::{self, Grade, Located, Outcome};

use self::files::{Files, values};
use super::{Verdict, print};
use crate::args::{Rules, RulesAt};

pub fn run(command: &Rules) -> anyhow::Result<Verdict> {
    match command {
        Rules::Check(args) => check(args),
        Rules::Test(args) => test(args),
        Rules::Explain(args) => explain::run(args),
    }
}

fn check(args: &RulesAt) -> anyhow::Result<Verdict> {
    let files = Files::read(&args.paths)?;
    let report = sigma::check(&files.borrowed(), &values(args.values.as_deref())?);
    let mut faults = files.unread.clone();
    faults.extend(report.faults);
    let of = |grade: Grade| faults.iter().filter(|fault| fault.grade == grade).count();
    let (errors, warnings) = (of(Grade::Error), of(Grade::Warning));
    let mut text = told(&faults);
    let of = [(files.count(), "file"), (errors, "error"), (warnings, "warning")];
    let [files, found, doubtful] = of.map(|(count, what)| counted(count, what));
    let _ = write!(text, "{files}: {found}, {doubtful}");
    if errors == 0 {
        let _ = write!(text, ", {}", counted(report.detectors.len(), "rule"));
    }
    print(&format!("{text}.\n"));
    Ok(if errors == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn test(args: &RulesAt) -> anyhow::Result<Verdict> {
    let files = Files::read(&args.paths)?;
    let outcomes = sigma::test(&files.borrowed(), &values(args.values.as_deref())?);
    let outcomes = match outcomes {
        Ok(outcomes) if files.unread.is_empty() => outcomes,
        failed => {
            let mut faults = files.unread.clone();
            faults.extend(failed.err().unwrap_or_default());
            print(&format!("{}No test was run.\n", told(&faults)));
            return Ok(Verdict::Fails);
        }
    };
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.is_passed).collect();
    let mut text: String = failed.iter().map(|outcome| failure(outcome)).collect();
    for (name, _) in files.borrowed() {
        if !outcomes.iter().any(|outcome| outcome.file == name) {
            let _ = writeln!(text, "{name}: there are no tests");
        }
    }
    let (tests, files) = (counted(outcomes.len(), "test"), counted(files.count(), "file"));
    let _ = writeln!(text, "{tests} in {files}: {} failed.", failed.len());
    print(&text);
    Ok(if failed.is_empty() { Verdict::Holds } else { Verdict::Fails })
}

fn failure(outcome: &Outcome) -> String {
    let Outcome { file, spot, name, detector, expected, found, .. } = outcome;
    let found = match found {
        Ok(alerts) => format!("there were {alerts} alerts"),
        Err(why) => why.clone(),
    };
    let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    format!("{file}:{}:{}: `{name}` of `{detector}`: {expected} expected; {found}\n", spot.line, spot.column)
}

/// Faults, a line each, errors and warnings as editors know them.
fn told(faults: &[Located]) -> String {
    let line = |fault: &Located| {
        let grade = match fault.grade {
            Grade::Error => "error",
            Grade::Warning => "warning",
        };
        let Located { file, spot, what, right, .. } = fault;
        format!("{file}:{}:{}: {grade}: {what}; {right}\n", spot.line, spot.column)
    };
    faults.iter().map(line).collect()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
