//! How strong a protection is, read from the body of its settings. Higher is stronger.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    Severity,
    admin::{Call, flag, number, texts},
};

/// Something by which a protection is stronger or milder.
#[derive(Clone, Copy)]
pub(super) struct Dimension {
    /// Its name, for people.
    pub name: &'static str,
    /// The field of the request that sets it.
    pub field: &'static str,
    /// Its value; `None` where the bodies don't tell.
    pub read: fn(&Call, &Limits) -> Option<i64>,
    /// What it is taken to have been where nobody knows; `None` where that would be a guess.
    pub assumed: Option<i64>,
    /// How bad it is if it falls.
    pub severity: Severity,
    /// How bad it is where nobody knows what it was.
    pub unknown: Severity,
    /// Whether a call that only names the switch, `enabled`, asks for it too.
    pub by_switch: bool,
}

/// How many attempts may pass.
pub(super) struct Limits {
    /// For one account, by brute-force protection.
    pub account: i64,
    /// From one address, by suspicious-IP throttling.
    pub address: i64,
}

const fn dimension(
    name: &'static str,
    field: &'static str,
    assumed: Option<i64>,
    severity: Severity,
    read: fn(&Call, &Limits) -> Option<i64>,
) -> Dimension {
    Dimension { name, field, read, assumed, severity, unknown: severity, by_switch: false }
}

/// One that is low where nobody knows what it was: as it is off, many tenants have it.
const fn often_off(dimension: Dimension) -> Dimension {
    Dimension { unknown: Severity::Low, ..dimension }
}

/// One of the older settings of bot detection, whose only switch sets its policies.
const fn by_switch(dimension: Dimension) -> Dimension {
    Dimension { by_switch: true, ..dimension }
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
    by_switch(dimension("policy", "policy", Some(1), Severity::Medium, |call, _| {
        policy(call.field("policy")?)
    })),
    by_switch(dimension(
        "old_passwordless_policy",
        "passwordless_policy",
        Some(1),
        Severity::Medium,
        |call, _| policy(call.field("passwordless_policy")?),
    )),
    by_switch(dimension(
        "old_reset_policy",
        "password_reset_policy",
        Some(1),
        Severity::Medium,
        |call, _| policy(call.field("password_reset_policy")?),
    )),
    dimension("level", "bot_detection_level", None, Severity::Low, |call, _| {
        rank(call.field("bot_detection_level")?, &["low", "medium", "high"])
    }),
    dimension("method", "method", None, Severity::Low, |call, _| {
        rank(call.field("method")?, &["standard", "enhanced"])
    }),
    dimension("mode", "mode", None, Severity::Low, |call, _| {
        rank(call.field("mode")?, &["count_per_identifier_and_ip", "count_per_identifier"])
    }),
    dimension("attempts", "max_attempts", Some(0), Severity::Medium, |call, limits| {
        // Why a quotient: 10 or 20 are both strict; what matters is how often the limit would fit.
        Some(-number(call.field("max_attempts")?)?.max(0).checked_div(limits.account)?)
    }),
    dimension("more_attempts", "max_attempts", None, Severity::Low, |call, _| {
        number(call.field("max_attempts")?)?.checked_neg()
    }),
    often_off(dimension("registration_block", "stage", Some(1), Severity::Medium, |call, _| {
        blocks(stage(call, "pre-user-registration", "shields")?)
    })),
    often_off(dimension("password_change_block", "stage", Some(1), Severity::Medium, |call, _| {
        blocks(stage(call, "pre-change-password", "shields")?)
    })),
    dimension("login_attempts", "stage", Some(0), Severity::Medium, |call, limits| {
        attempts(call, "pre-login", limits)
    }),
    dimension("registration_attempts", "stage", Some(0), Severity::Medium, |call, limits| {
        attempts(call, "pre-user-registration", limits)
    }),
    dimension("exchange_attempts", "stage", Some(0), Severity::Medium, |call, limits| {
        attempts(call, "pre-custom-token-exchange", limits)
    }),
    dimension("more_login_attempts", "stage", None, Severity::Low, |call, _| more(call, "pre-login")),
    dimension("more_registration_attempts", "stage", None, Severity::Low, |call, _| {
        more(call, "pre-user-registration")
    }),
    dimension("more_exchange_attempts", "stage", None, Severity::Low, |call, _| {
        more(call, "pre-custom-token-exchange")
    }),
    dimension("login_interval", "stage", Some(2), Severity::Medium, |call, _| interval(call, "pre-login")),
    dimension("registration_interval", "stage", Some(2), Severity::Medium, |call, _| {
        interval(call, "pre-user-registration")
    }),
    dimension("exchange_interval", "stage", Some(2), Severity::Medium, |call, _| {
        interval(call, "pre-custom-token-exchange")
    }),
    dimension("notices", "shields", None, Severity::Low, |call, _| {
        let shields = texts(call.field("shields")?)?;
        i64::try_from(shields.iter().filter(|shield| shield.ends_with("_notification")).count()).ok()
    }),
    dimension("notice_frequency", "admin_notification_frequency", None, Severity::Low, |call, _| {
        Some(i64::from(!texts(call.field("admin_notification_frequency")?)?.is_empty()))
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

fn stage<'a>(call: &'a Call, name: &str, field: &str) -> Option<&'a Value> {
    call.field("stage")?.get(name)?.get(field)
}

fn attempts(call: &Call, name: &str, limits: &Limits) -> Option<i64> {
    Some(-number(stage(call, name, "max_attempts")?)?.max(0).checked_div(limits.address)?)
}

fn more(call: &Call, name: &str) -> Option<i64> {
    number(stage(call, name, "max_attempts")?)?.checked_neg()
}

/// How many digits the milliseconds have after which another attempt is granted, less one.
/// Why not the number: to tune it is daily work; ten times as many attempts are not.
fn interval(call: &Call, name: &str) -> Option<i64> {
    number(stage(call, name, "rate")?)?.max(1).checked_ilog10().map(i64::from)
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
