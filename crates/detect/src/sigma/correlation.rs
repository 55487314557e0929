//! Rules at work: those that hold for an entry, and correlations over them.

use countersign_core::Timestamp;
use countersign_privacy::Tag;

use super::{
    bounds::Bounds,
    condition::Expr,
    field::Field,
    pattern::fold,
    selection::{Kinds, Selection},
    window::{Counted, Group, Span},
};
use crate::{
    Event, HOUR, Seq, Severity, StateError,
    event::told,
    state::{Seen, Table},
};

/// A rule or a correlation with its state.
#[derive(Debug, Clone)]
pub(super) enum Watch {
    Rule(Box<Rule>),
    Correlation(Box<Correlation>),
}

/// A rule over single entries.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) selections: Vec<Selection>,
    pub(super) condition: Expr,
    pub(super) kinds: Kinds,
    pub(super) severity: Severity,
    pub(super) severity_by: Vec<(Expr, Severity)>,
}

/// A correlation over rules, or over correlations.
#[derive(Debug, Clone)]
pub(super) struct Correlation {
    pub(super) sort: Sort,
    pub(super) children: Vec<Child>,
    pub(super) span: Span,
    pub(super) bounds: Bounds,
    /// At least so many entries must come on one of the child's.
    pub(super) ratio: Option<(Child, u32)>,
    /// The level that it names itself; else it is that of the rule that spoke last.
    pub(super) severity: Option<Severity>,
    pub(super) severity_by: Vec<(Bounds, Severity)>,
    pub(super) groups: Table<Group>,
}

/// What is correlated, and by which of its fields.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) watch: Watch,
    pub(super) group_by: Vec<Field>,
    pub(super) values: Vec<Field>,
}

/// The sorts of correlations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
}

impl Sort {
    /// What it counts.
    pub(super) const fn counts(self) -> &'static str {
        match self {
            Self::EventCount => "events",
            Self::ValueCount => "values",
            Self::Temporal | Self::TemporalOrdered => "rules",
        }
    }
}

/// What a rule or a correlation found at an entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub(super) severity: Severity,
    /// The entries that show it, and when it became true.
    pub(super) counted: Counted,
    /// What was counted, against which number; absent for a single entry.
    pub(super) measured: Option<(&'static str, u64)>,
    /// The fields that it was grouped by.
    pub(super) group_by: Vec<Field>,
}

impl Watch {
    /// Takes an entry.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Option<Hit> {
        match self {
            Self::Rule(rule) => rule.take(event),
            Self::Correlation(correlation) => correlation.take(event),
        }
    }

    /// Whether it holds for an entry; of a correlation, whether any of its rules does.
    pub(super) fn is_match(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Rule(rule) => rule.is_match(event),
            Self::Correlation(correlation) => {
                correlation.children.iter().any(|child| child.watch.is_match(event))
            }
        }
    }

    /// Its level: its own, else the worst of what it stands on.
    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::Rule(rule) => rule.severity,
            Self::Correlation(correlation) => {
                let inherited = correlation.children.iter().map(|child| child.watch.severity()).max();
                correlation.severity.or(inherited).unwrap_or(Severity::Medium)
            }
        }
    }

    /// The log types that it can speak at.
    pub(super) fn kinds(&self) -> Kinds {
        match self {
            Self::Rule(rule) => rule.kinds.clone(),
            Self::Correlation(correlation) => {
                let all = correlation.children.iter().chain(correlation.ratio.iter().map(|(child, _)| child));
                all.map(|child| child.watch.kinds()).fold(Kinds::none(), Kinds::or)
            }
        }
    }

    /// The tables of all correlations in it, from the outside in.
    pub(super) fn tables<'w>(&'w self, into: &mut Vec<&'w Table<Group>>) {
        if let Self::Correlation(correlation) = self {
            into.push(&correlation.groups);
            correlation.children.iter().for_each(|child| child.watch.tables(into));
            correlation.ratio.iter().for_each(|(child, _)| child.watch.tables(into));
        }
    }

    /// Forgets groups that no window reaches any more at `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        if let Self::Correlation(correlation) = self {
            correlation.groups.forget(now.plus(-correlation.span.kept().saturating_add(HOUR)));
            let ratio = correlation.ratio.iter_mut().map(|(child, _)| child);
            correlation.children.iter_mut().chain(ratio).for_each(|child| child.watch.forget(now));
        }
    }

    /// Puts tables in the places that `tables` took them from.
    pub(super) fn fill(&mut self, from: &mut impl Iterator<Item = Table<Group>>) -> Result<(), StateError> {
        if let Self::Correlation(correlation) = self {
            correlation.groups.fill(from.next().ok_or(StateError)?);
            let ratio = correlation.ratio.iter_mut().map(|(child, _)| child);
            for child in correlation.children.iter_mut().chain(ratio) {
                child.watch.fill(from)?;
            }
        }
        Ok(())
    }
}

impl Rule {
    /// Whether it holds for an entry.
    pub(super) fn is_match(&self, event: &Event<'_>) -> bool {
        self.holds(&self.condition, event)
    }

    fn holds(&self, expr: &Expr, event: &Event<'_>) -> bool {
        expr.eval(&mut |index| self.selections.get(index).is_some_and(|found| found.test.is_match(event)))
    }

    fn take(&self, event: &Event<'_>) -> Option<Hit> {
        self.is_match(event).then(|| {
            let by = self.severity_by.iter().filter(|(condition, _)| self.holds(condition, event));
            Hit {
                severity: by.map(|(_, severity)| *severity).max().unwrap_or(self.severity),
                counted: Counted { at: event.at(), count: 1, evidence: vec![event.seq] },
                measured: None,
                group_by: Vec::new(),
            }
        })
    }
}

impl Correlation {
    fn take(&mut self, event: &Event<'_>) -> Option<Hit> {
        if let Some((child, _)) = &mut self.ratio
            && child.watch.take(event).is_some()
            && let Some(key) = key(event, &child.group_by)
        {
            let group = self.groups.entry(key);
            group.see(event.at(), self.span);
            group.others.add(event.at(), self.span.window);
        }
        let mut found: Option<Hit> = None;
        let mut is_counted = false;
        let rules = self.children.len();
        // Why from the last: in a sequence, one entry is not two steps.
        for index in (0..rules).rev() {
            let Some(child) = self.children.get_mut(index) else { continue };
            let Some(inner) = child.watch.take(event) else { continue };
            let Some(key) = key(event, &child.group_by) else { continue };
            let is_temporal = matches!(self.sort, Sort::Temporal | Sort::TemporalOrdered);
            if is_counted && !is_temporal {
                continue;
            }
            is_counted = true;
            let group = self.groups.entry(key);
            if !group.see(inner.counted.at, self.span) {
                continue;
            }
            let Counted { at, evidence, .. } = inner.counted;
            let counted = match self.sort {
                Sort::EventCount => group.count(at, event.seq, self.span, &self.bounds),
                Sort::ValueCount => values(event, &child.values).and_then(|value| {
                    group.distinct(Seen { at, seq: event.seq, what: value.0 }, self.span, &self.bounds)
                }),
                Sort::Temporal => group.together((index, rules), (at, evidence), self.span, &self.bounds),
                Sort::TemporalOrdered => {
                    group.in_order((index, rules), (at, evidence), self.span, &self.bounds)
                }
            };
            let Some(counted) = counted else { continue };
            let others = group.others.count(counted.at, self.span.window);
            let is_enough = self
                .ratio
                .as_ref()
                .is_none_or(|(_, ratio)| counted.count >= others.saturating_mul(u64::from(*ratio)));
            if is_enough && found.is_none() {
                found = Some(hit(&self.severity_by, self.severity.unwrap_or(inner.severity), counted));
                found = found.map(|hit| Hit {
                    measured: Some((self.sort.counts(), self.bounds.threshold())),
                    group_by: child.group_by.clone(),
                    ..hit
                });
            }
        }
        found
    }
}

fn hit(severity_by: &[(Bounds, Severity)], severity: Severity, counted: Counted) -> Hit {
    let by = severity_by.iter().filter(|(bounds, _)| bounds.hold(counted.count));
    let severity = by.map(|(_, severity)| *severity).max().unwrap_or(severity);
    Hit { severity, counted, measured: None, group_by: Vec::new() }
}

/// The tag of the group that an entry belongs to; `None` where a field is absent or masked.
fn key(event: &Event<'_>, fields: &[Field]) -> Option<Tag> {
    joined(event, fields).map(|text| event.tag("rule group", &text))
}

fn values(event: &Event<'_>, fields: &[Field]) -> Option<Tag> {
    joined(event, fields).map(|text| event.tag("rule value", &text))
}

fn joined(event: &Event<'_>, fields: &[Field]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for field in fields {
        let value = field.first(event)?;
        // Why folded: who varies the case of a name must not look like many.
        let value = fold(told(Some(&value))?, false);
        text.extend(Seq::try_from(value.len()).unwrap_or_default().to_le_bytes());
        text.extend(value.as_bytes());
    }
    Some(text)
}
