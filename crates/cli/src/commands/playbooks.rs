//! `countersign playbook`

use std::fmt::Write as _;

use countersign_app::{
    RuleFiles,
    acts::{Known, Playbook, known_detectors},
};
use countersign_detect::sigma::{Grade, Located};
use countersign_playbook::{PACK, check, load};
use countersign_policy::Watch;

use super::{
    Verdict, print,
    rules::{counted, files::Files, told},
};
use crate::args::{PlaybookCommand, PlaybooksAt};

pub fn run(command: &PlaybookCommand) -> anyhow::Result<Verdict> {
    match command {
        PlaybookCommand::List(args) => list(args),
        PlaybookCommand::Check(args) => check_all(args),
    }
}

/// Playbooks that were read.
struct Found {
    files: Vec<(String, String)>,
    unread: Vec<Located>,
}

impl Found {
    fn at(args: &PlaybooksAt) -> anyhow::Result<Self> {
        // Why here: without a path those are built-in rules.
        if args.paths.is_empty() {
            return Ok(Self { files: Vec::new(), unread: Vec::new() });
        }
        let read = Files::read(&args.paths)?;
        let unread = read.unread.clone();
        Ok(Self { files: read.into_read(), unread })
    }

    fn borrowed(&self) -> Vec<(&str, &str)> {
        self.files.iter().map(|(name, text)| (&**name, &**text)).collect()
    }
}

fn known(args: &PlaybooksAt) -> anyhow::Result<Known> {
    let rules = if args.rules.is_empty() { Vec::new() } else { Files::read(&args.rules)?.into_read() };
    Ok(known_detectors(&Watch::default(), &RuleFiles::new(rules)))
}

fn check_all(args: &PlaybooksAt) -> anyhow::Result<Verdict> {
    let found = Found::at(args)?;
    let files = if args.paths.is_empty() { PACK.to_vec() } else { found.borrowed() };
    let mut faults = found.unread.clone();
    faults.extend(check(&files, &known(args)?));
    let errors = faults.iter().filter(|fault| fault.grade == Grade::Error).count();
    let count = files.len() + found.unread.len();
    print(&format!("{}{}: {}.\n", told(&faults), counted(count, "playbook"), counted(errors, "error")));
    Ok(if errors == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn list(args: &PlaybooksAt) -> anyhow::Result<Verdict> {
    let found = Found::at(args)?;
    match load(&found.borrowed(), &known(args)?) {
        Ok(playbooks) if found.unread.is_empty() => {
            print(&playbooks.iter().map(words).collect::<String>());
            Ok(Verdict::Holds)
        }
        failed => {
            let faults: Vec<Located> =
                found.unread.into_iter().chain(failed.err().unwrap_or_default()).collect();
            print(&told(&faults));
            Ok(Verdict::Fails)
        }
    }
}

/// A playbook in a few lines.
fn words(playbook: &Playbook) -> String {
    let Playbook { name, title, detectors, users, clients, addresses, notify, audience, .. } = playbook;
    let mut text = format!("{name}: {title}\n");
    if playbook.is_off {
        text.push_str("  is off\n");
        return text;
    }
    let list = |words: Vec<&str>| words.join(", ");
    let _ = writeln!(
        text,
        "  answers {} from {} on, confidence {}, mode {}",
        list(detectors.iter().map(String::as_str).collect()),
        playbook.least_severity.word(),
        playbook.least_confidence,
        playbook.least_mode
    );
    for (whose, wants) in [
        ("users", list(users.iter().map(|change| change.as_str()).collect())),
        ("clients", list(clients.iter().map(|change| change.as_str()).collect())),
        ("addresses", list(addresses.iter().map(|change| change.as_str()).collect())),
        ("notify", list(notify.iter().map(String::as_str).collect())),
    ] {
        if !wants.is_empty() {
            let _ = writeln!(text, "  {whose}: {wants}");
        }
    }
    let _ = writeln!(text, "  at most {}, for {audience}", counted(playbook.most_users, "user"));
    text
}
