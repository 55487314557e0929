//! The types of events that receivers are told, and what each tells.

/// A type of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name: `type` in a message.
    pub name: &'static str,
    /// What `data` has beside the tenant. Names of people, where a receiver is configured to get them, are not among it.
    pub fields: &'static [&'static str],
}

const INCIDENT: &[&str] = &[
    "incident_id",
    "title",
    "severity",
    "status",
    "disposition",
    "reasons",
    "detectors",
    "techniques",
    "alerts",
    "accounts",
    "addresses",
    "organizations",
    "first",
    "last",
    "due",
    "account_aliases",
    "address_aliases",
    "path",
];

const PLAN: &[&str] = &[
    "plan_id",
    "title",
    "state",
    "changes",
    "steps",
    "users",
    "organizations",
    "irreversible",
    "approvals",
    "by_policy",
    "audience",
    "origin",
    "incident_id",
    "undoes",
    "expires",
    "path",
];

const REVIEW: &[&str] = &["review_id", "subject", "audience", "due", "path"];

const PATH: &[&str] = &["path"];

const fn kind(name: &'static str, fields: &'static [&'static str]) -> Kind {
    Kind { name, fields }
}

/// All of them.
pub const KINDS: &[Kind] = &[
    kind("incident.opened", INCIDENT),
    kind("incident.raised", INCIDENT),
    kind("incident.reopened", INCIDENT),
    kind("incident.closed", INCIDENT),
    kind("plan.proposed", PLAN),
    kind("plan.approved", PLAN),
    kind("plan.rejected", PLAN),
    kind("plan.withdrawn", PLAN),
    kind("plan.expired", PLAN),
    kind("plan.superseded", PLAN),
    kind("plan.begun", PLAN),
    kind("plan.done", PLAN),
    kind("plan.halted", PLAN),
    kind("plan.resumed", PLAN),
    kind("plan.failed", PLAN),
    kind("plan.erased", PLAN),
    kind("plan.undone", PLAN),
    kind("plan.message", &["text", "plan_id", "path"]),
    kind("review.escalated", REVIEW),
    kind("breaker.opened", PATH),
    kind("access.break_glass_made", PATH),
    kind("access.break_glass_used", PATH),
    kind("person.inquiry", &["time", "place", "device", "path"]),
    kind("countersign.test", &[]),
];

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}
