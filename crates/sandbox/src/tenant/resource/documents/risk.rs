//! Settings of the risk assessments and of supplemental signals.

use serde_json::{Value, json};

use super::single::{self, Settings};
use crate::tenant::{
    Context, Operation,
    check::{Rule, need},
    operations::{get, patch},
};

const READ: &[&str] = &["read:attack_protection"];
const UPDATE: &[&str] = &["update:attack_protection"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/risk-assessments/settings", "Get risk assessment settings", READ, single::read::<Assessments>),
    patch(
        "/risk-assessments/settings",
        "Update risk assessment settings",
        UPDATE,
        single::change::<Assessments>,
    )
    .body(&ENABLED),
    get(
        "/risk-assessments/settings/new-device",
        "Get new device risk assessment",
        READ,
        single::read::<NewDevice>,
    ),
    patch(
        "/risk-assessments/settings/new-device",
        "Update new device settings",
        UPDATE,
        single::change::<NewDevice>,
    )
    .body(&REMEMBER),
    get("/supplemental-signals", "Get the supplemental signals configuration", READ, single::read::<Signals>),
    patch(
        "/supplemental-signals",
        "Update the supplemental signals configuration",
        UPDATE,
        single::change::<Signals>,
    )
    .body(&SIGNALS),
];

static ENABLED: Rule = Rule::Object(&[need("enabled", Rule::Bool)]);
/// Days.
static REMEMBER: Rule = Rule::Object(&[need("remember_for", Rule::Integer { min: 1, max: 365 })]);
static SIGNALS: Rule = Rule::Object(&[need("akamai_enabled", Rule::Bool)]);

struct Assessments;
struct NewDevice;
struct Signals;

impl Settings for Assessments {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"enabled": false}))
    }
}

impl Settings for NewDevice {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"remember_for": 30}))
    }
}

impl Settings for Signals {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"akamai_enabled": false}))
    }
}
