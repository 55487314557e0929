//! Attack protection and the assessment of risk. Their settings are read and compared whole, so they stay dictionaries.

use super::{Endpoint, Operation, Request};
use crate::Dictionary;

static BOT_DETECTION: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.bot_detection", "/attack-protection/bot-detection")
        .scopes(&["read:attack_protection"]);
static SET_BOT_DETECTION: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_bot_detection", "/attack-protection/bot-detection")
        .scopes(&["update:attack_protection"]);
static BREACHED_PASSWORDS: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.breached_passwords", "/attack-protection/breached-password-detection")
        .scopes(&["read:attack_protection"]);
static SET_BREACHED_PASSWORDS: Endpoint<Dictionary, 0> = Endpoint::patch(
    "attack_protection.set_breached_passwords",
    "/attack-protection/breached-password-detection",
)
.scopes(&["update:attack_protection"]);
static BRUTE_FORCE: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.brute_force", "/attack-protection/brute-force-protection")
        .scopes(&["read:attack_protection"]);
static SET_BRUTE_FORCE: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_brute_force", "/attack-protection/brute-force-protection")
        .scopes(&["update:attack_protection"]);
static CAPTCHA: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.captcha", "/attack-protection/captcha")
        .scopes(&["read:attack_protection"]);
static SET_CAPTCHA: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_captcha", "/attack-protection/captcha")
        .scopes(&["update:attack_protection"]);
static PHONE_PROVIDERS: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.phone_providers", "/attack-protection/phone-provider-protection")
        .scopes(&["read:attack_protection"]);
static SET_PHONE_PROVIDERS: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_phone_providers", "/attack-protection/phone-provider-protection")
        .scopes(&["update:attack_protection"])
        .required(&["type"]);
static SUSPICIOUS_ADDRESSES: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.suspicious_addresses", "/attack-protection/suspicious-ip-throttling")
        .scopes(&["read:attack_protection"]);
static SET_SUSPICIOUS_ADDRESSES: Endpoint<Dictionary, 0> = Endpoint::patch(
    "attack_protection.set_suspicious_addresses",
    "/attack-protection/suspicious-ip-throttling",
)
.scopes(&["update:attack_protection"]);
static RISK_ASSESSMENT: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.risk_assessment", "/risk-assessments/settings")
        .scopes(&["read:attack_protection"]);
static SET_RISK_ASSESSMENT: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_risk_assessment", "/risk-assessments/settings")
        .scopes(&["update:attack_protection"])
        .required(&["enabled"]);
static NEW_DEVICE: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.new_device", "/risk-assessments/settings/new-device")
        .scopes(&["read:attack_protection"]);
static SET_NEW_DEVICE: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_new_device", "/risk-assessments/settings/new-device")
        .scopes(&["update:attack_protection"])
        .required(&["remember_for"]);
static SUPPLEMENTAL_SIGNALS: Endpoint<Dictionary, 0> =
    Endpoint::get("attack_protection.supplemental_signals", "/supplemental-signals")
        .scopes(&["read:attack_protection"]);
static SET_SUPPLEMENTAL_SIGNALS: Endpoint<Dictionary, 0> =
    Endpoint::patch("attack_protection.set_supplemental_signals", "/supplemental-signals")
        .scopes(&["update:attack_protection"])
        .required(&["akamai_enabled"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &BOT_DETECTION.operation,
    &SET_BOT_DETECTION.operation,
    &BREACHED_PASSWORDS.operation,
    &SET_BREACHED_PASSWORDS.operation,
    &BRUTE_FORCE.operation,
    &SET_BRUTE_FORCE.operation,
    &CAPTCHA.operation,
    &SET_CAPTCHA.operation,
    &PHONE_PROVIDERS.operation,
    &SET_PHONE_PROVIDERS.operation,
    &SUSPICIOUS_ADDRESSES.operation,
    &SET_SUSPICIOUS_ADDRESSES.operation,
    &RISK_ASSESSMENT.operation,
    &SET_RISK_ASSESSMENT.operation,
    &NEW_DEVICE.operation,
    &SET_NEW_DEVICE.operation,
    &SUPPLEMENTAL_SIGNALS.operation,
    &SET_SUPPLEMENTAL_SIGNALS.operation,
];

/// Reads how bots are found.
#[must_use]
pub fn bot_detection() -> Request<Dictionary> {
    Request::new(&BOT_DETECTION, [])
}

/// Sets how bots are found.
#[must_use]
pub fn set_bot_detection(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_BOT_DETECTION, []).fields(fields)
}

/// Reads how breached passwords are found.
#[must_use]
pub fn breached_passwords() -> Request<Dictionary> {
    Request::new(&BREACHED_PASSWORDS, [])
}

/// Sets how breached passwords are found.
#[must_use]
pub fn set_breached_passwords(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_BREACHED_PASSWORDS, []).fields(fields)
}

/// Reads how guessing of passwords is stopped.
#[must_use]
pub fn brute_force() -> Request<Dictionary> {
    Request::new(&BRUTE_FORCE, [])
}

/// Sets how guessing of passwords is stopped.
#[must_use]
pub fn set_brute_force(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_BRUTE_FORCE, []).fields(fields)
}

/// Reads how the captcha is set up.
#[must_use]
pub fn captcha() -> Request<Dictionary> {
    Request::new(&CAPTCHA, [])
}

/// Sets how the captcha is set up.
#[must_use]
pub fn set_captcha(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_CAPTCHA, []).fields(fields)
}

/// Reads how phone providers are protected.
#[must_use]
pub fn phone_providers() -> Request<Dictionary> {
    Request::new(&PHONE_PROVIDERS, [])
}

/// Sets how phone providers are protected.
#[must_use]
pub fn set_phone_providers(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_PHONE_PROVIDERS, []).fields(fields)
}

/// Reads how suspicious addresses are slowed down.
#[must_use]
pub fn suspicious_addresses() -> Request<Dictionary> {
    Request::new(&SUSPICIOUS_ADDRESSES, [])
}

/// Sets how suspicious addresses are slowed down.
#[must_use]
pub fn set_suspicious_addresses(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_SUSPICIOUS_ADDRESSES, []).fields(fields)
}

/// Reads how risk is assessed.
#[must_use]
pub fn risk_assessment() -> Request<Dictionary> {
    Request::new(&RISK_ASSESSMENT, [])
}

/// Sets how risk is assessed.
#[must_use]
pub fn set_risk_assessment(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_RISK_ASSESSMENT, []).fields(fields)
}

/// Reads how new devices are told from known ones.
#[must_use]
pub fn new_device() -> Request<Dictionary> {
    Request::new(&NEW_DEVICE, [])
}

/// Sets how new devices are told from known ones.
#[must_use]
pub fn set_new_device(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_NEW_DEVICE, []).fields(fields)
}

/// Reads how signals of others are taken in.
#[must_use]
pub fn supplemental_signals() -> Request<Dictionary> {
    Request::new(&SUPPLEMENTAL_SIGNALS, [])
}

/// Sets how signals of others are taken in.
#[must_use]
pub fn set_supplemental_signals(fields: Dictionary) -> Request<Dictionary> {
    Request::new(&SET_SUPPLEMENTAL_SIGNALS, []).fields(fields)
}
