//! Joins the documents of files: correlations find their rules, filters theirs, and what may alert becomes a detector.

use std::collections::BTreeMap;

use super::{
    condition::Expr,
    correlation::Watch,
    document::{self, Body, Detection, Document},
    link,
    located::{Faults, Located, Spot, quoted},
    params::Settings,
    selection::Selection,
    yaml,
};
/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    /// Its name without folder and extension.
    pub(super) stem: String,
    pub(super) documents: Vec<Document>,
    /// A hash of all that decides what its rules find.
    pub(super) version: u32,
    pub(super) faults: Faults,
}

/// A document that may alert, and what it does.
#[derive(Debug)]
pub(super) struct Compiled<'f> {
    pub(super) id: String,
    pub(super) file: &'f File,
    pub(super) document: &'f Document,
    pub(super) watch: Watch,
    /// Whether it alerts by itself: it is no mere part of a correlation.
    pub(super) is_own: bool,
}

/// The most files.
const MAX_FILES: usize = 2_000;

/// Reads files and applies their filters.
pub(super) fn files(sources: &[(&str, &str)], values: &BTreeMap<String, Settings>) -> Vec<File> {
    let mut files: Vec<File> = sources.iter().map(|(name, text)| file(name, text, values)).collect();
    if let Some(file) = files.get_mut(MAX_FILES) {
        file.faults.error(Spot::default(), "too many files", format!("at most {MAX_FILES}"));
    }
    filter(&mut files);
    files
}

fn file(name: &str, text: &str, values: &BTreeMap<String, Settings>) -> File {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem).to_owned();
    let mut faults = Faults::of(name);
    if stem.is_empty() || !stem.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        faults.error(
            Spot::default(),
            "this file's name is no id",
            "letters, digits, `_` and `-`, and `.yml`",
        );
    }
    let none = Settings::new();
    let set = values.get(&stem).unwrap_or(&none);
    let nodes = yaml::documents(text, &mut faults);
    if nodes.is_empty() && !faults.has_errors() {
        faults.error(Spot::default(), "the file holds no document", "a rule");
    }
    let documents = document::read(nodes, set, &mut faults);
    let version = hash(hash(OFFSET, text), &serde_json::to_string(set).unwrap_or_default());
    File { stem, documents, version, faults }
}

const OFFSET: u32 = 0x811c_9dc5;

/// FNV-1a, 32 bits: a version must change with the text, and nobody gains by making two alike.
fn hash(seed: u32, text: &str) -> u32 {
    text.bytes().fold(seed, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Adds each filter's condition to those of the rules that it names: by name in its own file, by id anywhere, or `any`.
fn filter(files: &mut [File]) {
    let mut filters = Vec::new();
    for (index, file) in files.iter_mut().enumerate() {
        for document in &file.documents {
            if let Body::Filter { rules, detection } = &document.body {
                if !detection.text.trim_start().to_lowercase().starts_with("not") {
                    let right = "a filter's condition is added by `and`: `not selection` takes matches out";
                    file.faults.warn(detection.spot, "this filter keeps only what it selects", right);
                }
                filters.push((index, file.version, rules.clone(), detection.clone()));
            }
        }
    }
    for (home, version, rules, detection) in filters {
        for (reference, spot) in rules {
            let mut is_found = false;
            for (index, file) in files.iter_mut().enumerate() {
                for document in &mut file.documents {
                    let is_meant = reference == "any"
                        || document.id.as_ref() == Some(&reference)
                        || (index == home && document.name.as_ref() == Some(&reference));
                    if let (true, Body::Rule(rule)) = (is_meant, &mut document.body) {
                        narrow(rule, &detection);
                        file.version = hash(file.version, &version.to_string());
                        is_found = true;
                    }
                }
            }
            if let (false, Some(file)) = (is_found, files.get_mut(home)) {
                let what = format!("there is no rule `{}` to filter", quoted(&reference));
                file.faults.error(spot, what, "the id of a rule, the name of one in this file, or `any`");
            }
        }
    }
}

fn narrow(rule: &mut Detection, filter: &Detection) {
    let added = filter.condition.shifted(rule.selections.len());
    let renamed =
        |selection: &Selection| Selection { name: format!("filter:{}", selection.name), ..selection.clone() };
    rule.selections.extend(filter.selections.iter().map(renamed));
    let own = std::mem::replace(&mut rule.condition, Expr::And(Vec::new()));
    rule.condition = Expr::And(vec![own, added]);
    rule.text = format!("({}) and filter ({})", rule.text, filter.text);
}

/// Compiles all rules and correlations, those too that are only parts of others; faults gather in a list.
pub(super) fn compile<'f>(files: &'f [File], faults: &mut Vec<Located>) -> Vec<Compiled<'f>> {
    let mut all: Vec<Compiled<'f>> = Vec::new();
    for file in files {
        let mut found = Faults::of(file.faults.name());
        let compiled = compile_file(file, &mut found);
        for one in &compiled {
            let is_native = crate::detectors::NATIVE.iter().any(|native| native.about.id == *one.id);
            if is_native || all.iter().any(|other| other.id == one.id) {
                let what = format!("there is another detector `{}`", quoted(&one.id));
                found.error(one.document.spot, what, "rename the file, or give the document a `name`");
            }
        }
        faults.extend(found.found);
        all.extend(compiled);
    }
    all
}

fn compile_file<'f>(file: &'f File, faults: &mut Faults) -> Vec<Compiled<'f>> {
    let documents = &file.documents;
    let mut parts = vec![false; documents.len()];
    for document in documents {
        let Body::Correlation(spec) = &document.body else { continue };
        let ratio = document.extension.min_ratio.as_ref().map(|ratio| &ratio.rule);
        let named = spec.rules.iter().map(|(name, _)| name).filter(|_| !spec.generate).chain(ratio);
        for name in named {
            let index = documents.iter().position(|other| other.is_called(name));
            if let Some(part) = index.and_then(|index| parts.get_mut(index)) {
                *part = true;
            }
        }
    }
    let own = parts.iter().zip(documents).filter(|(part, document)| !**part && !document.is_filter()).count();
    let mut compiled = Vec::new();
    for (index, (document, is_part)) in documents.iter().zip(parts).enumerate() {
        if document.is_filter() {
            continue;
        }
        let Some(watch) = link::watch(document, documents, faults) else { continue };
        let suffix = document.name.clone().unwrap_or_else(|| (index + 1).to_string());
        let is_alone = own == 1 && !is_part;
        let id = if is_alone { file.stem.clone() } else { format!("{}.{suffix}", file.stem) };
        compiled.push(Compiled { id, file, document, watch, is_own: !is_part });
    }
    compiled
}
