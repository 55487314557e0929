//! How strong a protection is, read from the body of its settings. Higher is stronger.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    Severity,
    admin::{Call, flag, number, texts},
};

/// Something by which a protection is stronger or milder.
pub(super) struct Dimension {
    /// Its name, for people.
    pub name: &'static str,
    /// The field of the request that sets it.
    pub field: &'static str,
    /// Its value; `None` where the bodies don't tell. The number is how many attempts may pass.
    pub read: fn(&Call, i64) -> Option<i64>,
    /// What it is taken to have been where nobody knows; `None` where that would be a guess.
    pub assumed: Option<i64>,
    /// How bad it is if it falls.
    pub severity: Severity,
}

const fn dimension(
    name: &'static str,
    field: &'static str,
    assumed: Option<i64>,
    severity: Severity,
    read: fn(&Call, i64) -> Option<i64>,
) -> Dimension {
    Dimension { name, field, read, assumed, severity }
}

/// All dimensions; state is kept by their order.
pub(super) const DIMENSIONS: &[Dimension] = &[
    dimension("enabled", "enabled", Some(1), Severity::High, |call, _| switch(call.field("enabled")?)),
    dimension("block", "shields", Some(1), Severity::Medium, |call, _| blocks(call.field("shields")?)),
    dimension("acting", "monitoring_mode_enabled", Some(1), Severity::Medium, |call, _| {
        switch(call.field("monitoring_mode_enabled")?).map(|watches| 1 - watches)
    }),
    dimension("password_policy", "challenge_password_policy", Some(1), Severity::Medium, |call, _| {
        policy(call.field("challenge_password_policy")?)
    }),
    dimension(
        "passwordless_policy",
        "challenge_passwordless_policy",
        Some(1),
        Severity::Medium,
        |call, _| policy(call.field("challenge_passwordless_policy")?),
    ),
    dimension("reset_policy", "challenge_password_reset_policy", Some(1), Severity::Medium, |call, _| {
        policy(call.field("challenge_password_reset_policy")?)
    }),
    dimension("policy", "policy", Some(1), Severity::Medium, |call, _| policy(call.field("policy")?)),
    dimension("old_passwordless_policy", "passwordless_policy", Some(1), Severity::Medium, |call, _| {
        policy(call.field("passwordless_policy")?)
    }),
    dimension("old_reset_policy", "password_reset_policy", Some(1), Severity::Medium, |call, _| {
        policy(call.field("password_reset_policy")?)
    }),
    dimension("level", "bot_detection_level", None, Severity::Low, |call, _| {
        rank(call.field("bot_detection_level")?, &["low", "medium", "high"])
    }),
    dimension("method", "method", None, Severity::Low, |call, _| {
        rank(call.field("method")?, &["standard", "enhanced"])
    }),
    dimension("mode", "mode", None, Severity::Low, |call, _| {
        rank(call.field("mode")?, &["count_per_identifier_and_ip", "count_per_identifier"])
    }),
    dimension("attempts", "max_attempts", Some(0), Severity::Medium, |call, limit| {
        // Why a quotient: 10 or 20 are both strict; what matters is how often the limit would fit.
        Some(-number(call.field("max_attempts")?)?.max(0).checked_div(limit)?)
    }),
    dimension("registration_block", "stage", None, Severity::Medium, |call, _| {
        blocks(stage(call, "pre-user-registration")?)
    }),
    dimension("password_change_block", "stage", None, Severity::Medium, |call, _| {
        blocks(stage(call, "pre-change-password")?)
    }),
    dimension("wide_networks", "allowlist", Some(0), Severity::Medium, |call, _| {
        let wide = texts(call.field("allowlist")?)?.into_iter().filter(|network| is_wide(network));
        i64::try_from(wide.count()).ok().map(|count| -count)
    }),
    dimension("allowlist", "allowlist", Some(0), Severity::Low, |call, _| {
        i64::try_from(texts(call.field("allowlist")?)?.len()).ok().map(|count| -count)
    }),
];

fn switch(value: &Value) -> Option<i64> {
    flag(value).map(i64::from)
}

fn blocks(shields: &Value) -> Option<i64> {
    Some(i64::from(texts(shields)?.contains(&"block")))
}

fn rank(value: &Value, order: &[&str]) -> Option<i64> {
    let rank = order.iter().position(|name| value.as_str() == Some(name))?;
    i64::try_from(rank).ok()
}

fn policy(value: &Value) -> Option<i64> {
    match value.as_str() {
        Some("never" | "off") => Some(0),
        Some("always") => Some(2),
        Some("when_risky" | "on") => Some(1),
        _ => switch(value),
    }
}

fn stage<'a>(call: &'a Call, name: &str) -> Option<&'a Value> {
    call.field("stage")?.get(name)?.get("shields")
}

/// Whether a network is no company's own: more than a /16, or a /32 of IPv6.
fn is_wide(network: &str) -> bool {
    let Some((address, bits)) = network.trim().split_once('/') else { return false };
    let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u8>()) else { return false };
    match address {
        IpAddr::V4(_) => bits < 16,
        IpAddr::V6(_) => bits < 32,
    }
}
