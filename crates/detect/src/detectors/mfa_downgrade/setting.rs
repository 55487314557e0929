//! Settings as calls of the Management API leave them.

use serde_json::Value;

use crate::{
    Entity, EntityKind, Severity,
    admin::{Call, Method, flag, number, texts},
};

/// Factors that phishing or a telephone company defeats: to lose one is no loss where others stay.
const WEAK_FACTORS: &[&str] = &["sms", "voice", "phone", "email", "recovery-code"];

/// The most connections of a new organization that are read; Auth0 takes ten.
const CONNECTIONS: usize = 16;

/// A setting as it is after a call.
pub(super) struct Setting {
    /// Which it is.
    pub name: String,
    /// How much it asks for; higher is stronger.
    pub level: i16,
    /// Whether the call was about it; else it only shows how it is.
    pub is_asked: bool,
    /// What it is taken to have been where nobody knows; `None` where that would be a guess.
    pub assumed: Option<i16>,
    /// How bad it is if it falls.
    pub severity: Severity,
    /// How bad it is where nobody knows what it was.
    pub unknown: Severity,
    /// What it is about; `None` for the tenant.
    pub entity: Option<Entity>,
}

impl Setting {
    fn new(name: String, level: i16, severity: Severity) -> Self {
        Self { name, level, is_asked: true, assumed: Some(1), severity, unknown: severity, entity: None }
    }

    fn switch(name: String, value: Option<&Value>, severity: Severity) -> Option<Self> {
        Some(Self::new(name, i16::from(value.and_then(flag)?), severity))
    }
}

/// The settings that a call that succeeded tells of.
pub(super) fn settings(call: &Call) -> Vec<Setting> {
    if call.method == Method::Delete {
        return Vec::new();
    }
    let one = |setting: Option<Setting>| setting.into_iter().collect();
    match &call.path()[..] {
        ["guardian", "policies"] => one(policies(call)),
        ["guardian", "factors", factor] => {
            let is_weak = WEAK_FACTORS.contains(factor);
            let severity = if is_weak { Severity::Low } else { Severity::Medium };
            one(Setting::switch(format!("factor {factor}"), call.field("enabled"), severity))
        }
        ["risk-assessments", "settings"] => {
            one(Setting::switch("risk".to_owned(), call.field("enabled"), Severity::Medium))
        }
        ["risk-assessments", "settings", "new-device"] => one(remembered(call)),
        ["risk-assessment", "config"] => {
            one(Setting::switch("risk".to_owned(), call.field("AfterAuthentication"), Severity::Medium))
        }
        ["connections", id] => one(connection(call, id)),
        ["organizations"] => organization(call),
        ["organizations", id, "enabled_connections" | "connections", rest @ ..] => {
            let connection = rest.first().copied().or_else(|| call.field("connection_id")?.as_str());
            let field = |name: &str| (call.field(name).cloned(), call.names(name));
            connection.map(|connection| doors(id, connection, !rest.is_empty(), field)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// 0 never, 1 by risk, 2 always.
fn policies(call: &Call) -> Option<Setting> {
    let policies = [&call.response, &call.request].into_iter().find_map(texts)?;
    let level = |name: &str| if name == "all-applications" { 2 } else { 1 };
    let level = policies.into_iter().map(level).max().unwrap_or(0);
    let severity = if level == 0 { Severity::High } else { Severity::Medium };
    // Why low by risk: it may have been always, or never.
    let unknown = if level == 0 { severity } else { Severity::Low };
    Some(Setting { assumed: Some(2), unknown, ..Setting::new("policies".to_owned(), level, severity) })
}

/// The days for which a device counts as known: more are weaker.
fn remembered(call: &Call) -> Option<Setting> {
    let days = i16::try_from(number(call.field("remember_for")?)?).unwrap_or(i16::MAX);
    let setting = Setting::new("new device".to_owned(), -days.max(0), Severity::Low);
    Some(Setting { assumed: None, ..setting })
}

/// Options replace those that were there: who leaves the factor out takes it away.
fn connection(call: &Call, id: &str) -> Option<Setting> {
    let name = format!("connection {id}");
    let active = |body: &Value| body.pointer("/options/mfa/active").and_then(flag);
    if let Some(is_active) = active(&call.request) {
        return Some(Setting::new(name, i16::from(is_active), Severity::Medium));
    }
    let is_asked = call.request.get("options").is_some_and(Value::is_object);
    let answered = active(&call.response);
    let level = if is_asked { answered.unwrap_or(false) } else { answered? };
    let setting = Setting::new(name, i16::from(level), Severity::Medium);
    Some(Setting { assumed: None, is_asked, ..setting })
}

/// What a new organization begins with is its set-up, and only kept.
fn organization(call: &Call) -> Vec<Setting> {
    let Some(id) = call.field("id").and_then(Value::as_str) else { return Vec::new() };
    let connections = call.field("enabled_connections").and_then(Value::as_array).into_iter().flatten();
    let of = |entry: &Value| {
        let connection = entry.get("connection_id")?.as_str()?;
        Some(doors(id, connection, false, |name| (entry.get(name).cloned(), false)))
    };
    connections.take(CONNECTIONS).filter_map(of).flatten().collect()
}

/// How people get into an organization by a connection: as members at their first login, or by signing up. What is closed is
/// stronger. That a connection is enabled is told by a rule, and only kept here.
fn doors(
    organization: &str,
    connection: &str,
    is_edit: bool,
    field: impl Fn(&str) -> (Option<Value>, bool),
) -> Vec<Setting> {
    let doors = ["assign_membership_on_login", "is_signup_enabled"];
    let door = |name: &str| {
        let (value, is_named) = field(name);
        let level = i16::from(!flag(&value?)?);
        let setting = Setting::new(format!("{name} {organization} {connection}"), level, Severity::Medium);
        let entity = Some(Entity::new(EntityKind::Organization, organization));
        Some(Setting { unknown: Severity::Low, entity, is_asked: is_edit && is_named, ..setting })
    };
    doors.into_iter().filter_map(door).collect()
}
