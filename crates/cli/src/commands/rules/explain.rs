//! `countersign rules explain`

use std::{
    fmt::Write as _,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_auth0::log::LogEvent;
use countersign_detect::{
    Event,
    pack::PACK,
    sigma::{Explanation, explain},
};
use countersign_privacy::Tagger;
use serde_json::Value;

use super::{
    files::{Files, values},
    told,
};
use crate::{
    args::ExplainRule,
    commands::{Verdict, print},
};

/// The most bytes of an entry that are read.
const MAX_ENTRY: u64 = 4 * 1024 * 1024;

pub fn run(args: &ExplainRule) -> anyhow::Result<Verdict> {
    let (name, text) = rule(&args.rule)?;
    let raw = entry(&args.event)?;
    let log = LogEvent::parse(&raw, None).with_context(|| format!("`{}`", args.event.display()))?;
    let event = Event::new(0, log, &Tagger::new(&[0; 32]), |_| None);
    match explain((&name, &text), &values(args.values.as_deref())?, &event) {
        Ok(explanations) => {
            print(&explanations.iter().map(words).collect::<String>());
            Ok(Verdict::Holds)
        }
        Err(faults) => {
            print(&told(&faults));
            Ok(Verdict::Fails)
        }
    }
}

/// Name and text of a rule file, or of a rule that is built in.
fn rule(rule: &Path) -> anyhow::Result<(String, String)> {
    if rule.exists() {
        let files = Files::read(&[PathBuf::from(rule)])?;
        return match files.borrowed()[..] {
            [(name, text)] => Ok((name.to_owned(), text.to_owned())),
            _ => bail!("`{}` is not one rule file", rule.display()),
        };
    }
    let wanted = format!("rules/{}.yml", rule.display());
    let built_in = PACK.iter().find(|(name, _)| *name == wanted);
    let (name, text) = built_in.with_context(|| {
        format!("there is no file `{0}`, and no built-in rule of that name", rule.display())
    })?;
    Ok(((*name).to_owned(), (*text).to_owned()))
}

/// The entry without its envelope, with an id and a date.
fn entry(path: &Path) -> anyhow::Result<String> {
    let place = path.display();
    let mut text = String::new();
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("can't open `{place}`"))?)
    };
    source.take(MAX_ENTRY).read_to_string(&mut text).with_context(|| format!("can't read `{place}`"))?;
    let mut entry: Value = serde_json::from_str(&text).with_context(|| format!("`{place}` is no JSON"))?;
    if let Some(bare) = entry.get_mut("data").filter(|data| data.is_object()) {
        entry = bare.take();
    }
    let Value::Object(fields) = &mut entry else { bail!("`{place}`: a log entry is a JSON object") };
    for (name, filled) in [("log_id", "1"), ("date", "2026-01-01T00:00:00.000Z")] {
        fields.entry(name).or_insert_with(|| Value::from(filled));
    }
    Ok(entry.to_string())
}

fn words(explanation: &Explanation) -> String {
    let holds = |is_match: bool| if is_match { "holds" } else { "does not hold" };
    let Explanation { detector, condition, is_match, selections } = explanation;
    let mut text = format!("{detector}: {}\n  condition: {}\n", holds(*is_match), condition.trim());
    for selection in selections {
        let _ = writeln!(text, "  {}: {}", selection.name, holds(selection.is_match));
        for line in &selection.lines {
            let field = if line.field.is_empty() { "anywhere" } else { &line.field };
            let found = if line.found.is_empty() { "nothing".to_owned() } else { line.found.join(", ") };
            let mark = if line.is_match { "+" } else { "-" };
            let _ = writeln!(text, "    {mark} {field}: wants {}; found {found}", line.wanted);
        }
    }
    text
}
