//! Finds what correlations name, and makes of it what watches a log.

use std::cell::Cell;

use super::{
    bounds::Bounds,
    condition::{self, Expr},
    correlation::{Child, Correlation, Rule, Sort, Watch},
    document::{Body, Detection, Document},
    extension::{Extension, When},
    field::Field,
    lint,
    located::{Faults, Spot, quoted},
    selection::kinds,
    spec::Spec,
    window::Span,
};
use crate::{DAY, Severity, state::Table};

/// The most rules that one correlation stands on, counted as often as they are named.
const MAX_LINKS: usize = 200;

/// How deep correlations may stand on correlations.
pub(super) const MAX_CHAIN: usize = 8;

/// The most groups that one correlation remembers.
const GROUPS: usize = 50_000;

/// Compiles a document with the documents that it stands on; what is wrong is told.
pub(super) fn watch(document: &Document, documents: &[Document], faults: &mut Faults) -> Option<Watch> {
    let (left, is_lost) = (Cell::new(MAX_LINKS), Cell::new(false));
    let linker = Linker { documents, depth: 0, left: &left, is_lost: &is_lost };
    let watch = linker.watch(document, faults);
    if is_lost.get() {
        let right = format!("at most {MAX_CHAIN} deep, and {MAX_LINKS} rules in all");
        faults.error(document.spot, "correlations stand on each other in a circle, or too many", right);
    }
    watch
}

/// Finds the documents that documents name.
#[derive(Clone, Copy)]
struct Linker<'d> {
    documents: &'d [Document],
    depth: usize,
    /// How many rules may still be linked.
    left: &'d Cell<usize>,
    is_lost: &'d Cell<bool>,
}

impl Linker<'_> {
    fn watch(self, document: &Document, faults: &mut Faults) -> Option<Watch> {
        match &document.body {
            Body::Rule(detection) => rule(document, detection, faults).map(Box::new).map(Watch::Rule),
            Body::Correlation(spec) => {
                self.correlation(document, spec, faults).map(Box::new).map(Watch::Correlation)
            }
            Body::Filter { .. } => None,
        }
    }

    fn named(self, name: &str, spot: Spot, faults: &mut Faults) -> Option<Watch> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.depth >= MAX_CHAIN || self.left.get() == 0 {
            self.is_lost.set(true);
            return None;
        }
        let found = self.documents.iter().find(|document| document.is_called(name) && !document.is_filter());
        let Some(document) = found else {
            let what = format!("there is no rule `{}` in this file", quoted(name));
            faults.error(spot, what, "the `name` or `id` of a document of the same file");
            return None;
        };
        // Why a sink of their own: what is wrong with the rule is told where the rule is compiled.
        Self { depth: self.depth + 1, ..self }.watch(document, &mut Faults::of(""))
    }

    fn correlation(self, document: &Document, spec: &Spec, faults: &mut Faults) -> Option<Correlation> {
        let extension = &document.extension;
        if let Some((_, spot)) = &extension.suppress_if {
            faults.error(
                *spot,
                "a correlation has no selections of its own",
                "put `suppress_if` into its rule",
            );
        }
        check_aliases(spec, faults);
        let child = |name: &String, spot: Spot, faults: &mut Faults| {
            let watch = self.named(name, spot, faults)?;
            let names = self.documents.iter().find(|document| document.is_called(name));
            let fields =
                |fields: &[String]| fields.iter().filter_map(|field| resolve(field, spec, names)).collect();
            let (group_by, values): (Vec<Field>, Vec<Field>) = (fields(&spec.group_by), fields(&spec.values));
            if group_by.len() != spec.group_by.len() || values.len() != spec.values.len() {
                let what = format!("an alias names no field of `{}`", quoted(name));
                faults.error(spot, what, "each alias that is grouped by names a field of each rule");
                return None;
            }
            Some(Child { watch, group_by, values })
        };
        let children: Vec<Option<Child>> =
            spec.rules.iter().map(|(name, spot)| child(name, *spot, faults)).collect();
        let ratio = extension
            .min_ratio
            .as_ref()
            .map(|ratio| Some((child(&ratio.rule, ratio.spot, faults)?, ratio.ratio)));
        if let (Some(ratio), false) = (&extension.min_ratio, spec.sort == Sort::EventCount) {
            faults.error(ratio.spot, "a ratio needs a count of events", "`type: event_count`");
        }
        let mut severity_by = Vec::new();
        for by in &extension.severity_by {
            match &by.when {
                When::Count(bounds, _) => severity_by.push((bounds.clone(), by.severity)),
                When::Condition(_, spot) => {
                    faults.error(
                        *spot,
                        "a correlation has no selections of its own",
                        "`gte: 50` with `level: high`",
                    );
                }
            }
        }
        let ratio = match ratio {
            Some(None) => return None,
            Some(found) => found,
            None => None,
        };
        Some(Correlation {
            sort: spec.sort,
            children: children.into_iter().collect::<Option<_>>()?,
            span: Span {
                window: spec.window,
                lateness: extension.allowed_lateness.map_or(DAY, |(span, _)| span),
            },
            bounds: spec.bounds.clone().unwrap_or_else(|| Bounds::at_least(spec.rules.len() as u64)),
            ratio,
            severity: document.level,
            severity_by,
            groups: Table::new(GROUPS),
        })
    }
}

fn check_aliases(spec: &Spec, faults: &mut Faults) {
    for alias in &spec.aliases {
        let is_used = spec.group_by.contains(&alias.name) || spec.values.contains(&alias.name);
        for (rule, _, spot) in &alias.fields {
            if !spec.rules.iter().any(|(name, _)| name == rule) {
                let what = format!("`{}` is none of the correlated rules", quoted(rule));
                faults.error(*spot, what, "a name that stands under `rules`");
            } else if !is_used {
                let what = format!("nothing is grouped by the alias `{}`", quoted(&alias.name));
                faults.error(*spot, what, "name it under `group-by`, or take it out");
            }
        }
    }
}

fn resolve(name: &str, spec: &Spec, rule: Option<&Document>) -> Option<Field> {
    match spec.aliases.iter().find(|alias| alias.name == name) {
        Some(alias) => {
            let mut fields = alias.fields.iter();
            fields
                .find(|(called, ..)| rule.is_some_and(|rule| rule.is_called(called)))
                .map(|(_, field, _)| field.clone())
        }
        None => Field::parse(name),
    }
}

fn rule(document: &Document, detection: &Detection, faults: &mut Faults) -> Option<Rule> {
    let Extension { severity_by, suppress_if, min_ratio, allowed_lateness, .. } = &document.extension;
    if let Some(ratio) = min_ratio {
        faults.error(
            ratio.spot,
            "a rule over single entries has no ratio",
            "put `min_ratio` into the correlation",
        );
    }
    if let Some((_, spot)) = allowed_lateness {
        faults.error(
            *spot,
            "a rule over single entries has no window",
            "put `allowed_lateness` into the correlation",
        );
    }
    let names: Vec<&str> = detection.selections.iter().map(|selection| &*selection.name).collect();
    let mut also_used = Vec::new();
    let mut by = Vec::new();
    for one in severity_by {
        match &one.when {
            When::Condition(text, spot) => {
                by.push((condition::parse(text, *spot, &names, faults)?, one.severity));
            }
            When::Count(_, spot) => {
                faults.error(
                    *spot,
                    "a rule over single entries counts nothing",
                    "`condition: admin` with `level: high`",
                );
            }
        }
    }
    let silent = match suppress_if {
        Some((text, spot)) => Some(condition::parse(text, *spot, &names, faults)?),
        None => None,
    };
    by.iter().map(|(expr, _)| expr).chain(&silent).for_each(|expr| expr.selections(&mut also_used));
    lint::condition(detection, &also_used, faults);
    let own = detection.condition.clone();
    let condition = match silent {
        Some(silent) => Expr::And(vec![own, Expr::Not(Box::new(silent))]),
        None => own,
    };
    Some(Rule {
        kinds: kinds(&condition, &detection.selections),
        selections: detection.selections.clone(),
        condition,
        severity: document.level.unwrap_or(Severity::Medium),
        severity_by: by,
    })
}
