//! Rules in Sigma's format, compiled to detectors.
//!
//! A file holds one or more documents: rules over single entries, correlations over those, and filters. Names are the file's own. What
//! an evaluator would have to guess is refused, with the place: nothing is passed over silently. `docs/sigma.md` tells what is evaluated, and
//! what stands under our own key `countersign`.

mod bounds;
mod compile;
mod condition;
mod correlation;
mod detector;
mod document;
mod duration;
mod explain;
mod extension;
mod field;
mod link;
mod lint;
mod located;
mod matcher;
mod modifiers;
mod network;
mod params;
mod pattern;
mod selection;
mod spec;
#[cfg(test)]
mod tests;
mod trial;
mod window;
mod yaml;

use std::collections::BTreeMap;

use crate::{Detector, Event};
use compile::Compiled;
use detector::RuleDetector;

pub use explain::{Explanation, Line, Selected};
pub use located::{Faults, Grade, Located, Spot, listed, quoted, suggest};
pub use params::Settings;
pub use trial::Outcome;
pub use yaml::{Node, Pair, What, documents};

/// What an operator set: by the name of the rule's file without folder and extension, the values of its placeholders.
pub type Values = BTreeMap<String, Settings>;

/// What is to be said of rule files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, or doubtful, by file and place.
    pub faults: Vec<Located>,
    /// The ids of the detectors that the files make where there is no error.
    pub detectors: Vec<String>,
    /// The names of the rules of others that the files say to cover, with the detector that does.
    pub covers: Vec<(String, String)>,
}

impl Report {
    /// Whether the files are loaded.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.faults.iter().all(|fault| fault.grade == Grade::Warning)
    }
}

/// Makes detectors of rule files, given by name and text; base rules of a correlation are parts of it.
///
/// # Errors
/// All faults of all files, warnings too, where one is an error.
pub fn load(files: &[(&str, &str)], values: &Values) -> Result<Vec<Box<dyn Detector>>, Vec<Located>> {
    let own = with_compiled(files, values, |compiled| {
        let own = compiled.into_iter().filter(|one| one.is_own);
        own.map(|one| Box::new(RuleDetector::new(&one)) as Box<dyn Detector>).collect()
    });
    own.1.ok_or(own.0)
}

/// Says what is wrong with rule files, and what is doubtful.
#[must_use]
pub fn check(files: &[(&str, &str)], values: &Values) -> Report {
    let (faults, found) = with_compiled(files, values, |compiled| {
        let own = compiled.iter().filter(|one| one.is_own).map(|one| one.id.clone()).collect();
        let covers = compiled.iter().flat_map(|one| {
            one.document.extension.covers.iter().map(|covered| (covered.clone(), one.id.clone()))
        });
        (own, covers.collect())
    });
    let (detectors, covers) = found.unwrap_or_default();
    Report { faults, detectors, covers }
}

/// Runs the tests that stand inside of rules.
///
/// # Errors
/// As [`load`].
pub fn test(files: &[(&str, &str)], values: &Values) -> Result<Vec<Outcome>, Vec<Located>> {
    let (faults, outcomes) = with_compiled(files, values, |compiled| {
        let cases =
            compiled.iter().flat_map(|one| one.document.extension.tests.iter().map(move |case| (case, one)));
        cases.map(|(case, one)| trial::run(case, one)).collect()
    });
    outcomes.ok_or(faults)
}

/// Says of each document of a rule file which of its selections hold for an entry, and why not.
///
/// # Errors
/// As [`load`].
pub fn explain(
    file: (&str, &str),
    values: &Values,
    event: &Event<'_>,
) -> Result<Vec<Explanation>, Vec<Located>> {
    let (faults, found) = with_compiled(&[file], values, |compiled| {
        compiled.iter().map(|one| explain::explain(one, event)).collect()
    });
    found.ok_or(faults)
}

/// Reads and compiles files and hands what they make to `then`, unless there is an error; returns the faults beside it.
fn with_compiled<T>(
    files: &[(&str, &str)],
    values: &Values,
    then: impl FnOnce(Vec<Compiled<'_>>) -> T,
) -> (Vec<Located>, Option<T>) {
    let read = compile::files(files, values);
    let mut faults: Vec<Located> = read.iter().flat_map(|file| file.faults.found.iter().cloned()).collect();
    for stem in values.keys().filter(|stem| !read.iter().any(|file| file.stem == **stem)) {
        faults.push(unknown(stem));
    }
    let compiled = compile::compile(&read, &mut faults);
    faults
        .sort_by(|one, other| (&one.file, one.spot, one.grade).cmp(&(&other.file, other.spot, other.grade)));
    let is_loaded = faults.iter().all(|fault| fault.grade == Grade::Warning);
    let then = is_loaded.then(|| then(compiled));
    (faults, then)
}

fn unknown(stem: &str) -> Located {
    Located {
        file: "settings".to_owned(),
        spot: Spot::default(),
        grade: Grade::Error,
        what: format!("values are set for `{}`, and there is no such rule file", quoted(stem)),
        right: "the name of a file without folder and extension".to_owned(),
    }
}
