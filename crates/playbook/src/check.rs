//! Playbooks held against the detectors that there are.

use std::collections::BTreeMap;

use countersign_detect::sigma::{Faults, Grade, Located, listed, suggest};

use crate::{
    PACK, Playbook, cause,
    read::{Read, read, stem},
};

/// The detectors and rules that there are, each with the types of log entries that it takes; empty means all.
pub type Known = BTreeMap<String, Vec<String>>;

/// Reads playbooks, given by name and text, with those that are built in and that none of these replaces; warnings pass.
///
/// # Errors
/// All faults of all files, warnings too, where one is an error.
pub fn load(files: &[(&str, &str)], known: &Known) -> Result<Vec<Playbook>, Vec<Located>> {
    let is_replaced = |name: &str| files.iter().any(|(own, _)| stem(own) == stem(name));
    let built_in: Vec<(&str, &str)> = PACK.iter().copied().filter(|(name, _)| !is_replaced(name)).collect();
    let (mut playbooks, _) = all(&built_in, known);
    let (own, faults) = all(files, known);
    if faults.iter().any(|fault| fault.grade == Grade::Error) {
        return Err(faults);
    }
    playbooks.extend(own);
    playbooks.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(playbooks)
}

/// Says what is wrong with playbooks, and what is doubtful.
#[must_use]
pub fn check(files: &[(&str, &str)], known: &Known) -> Vec<Located> {
    all(files, known).1
}

fn all(files: &[(&str, &str)], known: &Known) -> (Vec<Playbook>, Vec<Located>) {
    let (mut playbooks, mut faults) = (Vec::new(), Vec::new());
    for (index, (name, text)) in files.iter().enumerate() {
        let (found, mut wrong) = read(name, text);
        if let Some(found) = found {
            wrong.extend(held(name, &found, known));
            let same = files.iter().take(index).find(|(other, _)| stem(other) == stem(name));
            if let Some((other, _)) = same {
                let mut twice = Faults::of(name);
                let right = "one file of a name, in whatever folder";
                twice.error(found.users, format!("`{other}` is called so as well"), right);
                wrong.extend(twice.into_found());
            }
            playbooks.push(found.playbook);
        }
        faults.extend(wrong);
    }
    faults
        .sort_by(|one, other| (&one.file, one.spot, one.grade).cmp(&(&other.file, other.spot, other.grade)));
    (playbooks, faults)
}

/// What is wrong with it by the detectors that there are.
fn held(name: &str, read: &Read, known: &Known) -> Vec<Located> {
    let mut faults = Faults::of(name);
    let ids: Vec<&str> = known.keys().map(String::as_str).collect();
    for (detector, spot) in &read.detectors {
        let Some(kinds) = known.get(detector) else {
            let what =
                format!("there is no detector or rule `{}`", detector.chars().take(64).collect::<String>());
            faults.error(*spot, what, suggest(detector, &ids));
            continue;
        };
        let proves = kinds.is_empty() || kinds.iter().any(|kind| cause(kind).proves_user());
        if !read.playbook.users.is_empty() && !proves {
            faults.error(
                read.users,
                format!(
                    "unproved: `{detector}` finds nothing that only a holder of the account can cause, by {}",
                    listed(kinds)
                ),
                "`addresses` and `notify`: whoever fails as a victim must not get the victim blocked",
            );
        }
    }
    faults.into_found()
}
