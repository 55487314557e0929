//! Attack protection: what is counted, and what is done about it.

use serde_json::{Value, json};

use super::single::{self, DOCUMENTS, Settings};
use crate::tenant::{
    Context, Fault, Operation, Plan,
    check::{Rule, TEXT, list, may, need, text},
    operations::{get, patch},
    state::{Object, State},
};

const READ: &[&str] = &["read:attack_protection"];
const UPDATE: &[&str] = &["update:attack_protection"];

macro_rules! rows {
    ($($path:literal, $settings:ty, $rule:ident, $read:literal, $update:literal;)*) => {&[$(
        get($path, $read, READ, single::read::<$settings>),
        patch($path, $update, UPDATE, single::change::<$settings>).body(&$rule),
    )*]};
}

#[rustfmt::skip]
pub(crate) const OPERATIONS: &[Operation] = rows! {
    "/attack-protection/bot-detection", Bots, BOTS,
        "Get Bot Detection settings", "Update Bot Detection settings";
    "/attack-protection/breached-password-detection", Breached, BREACHED,
        "Get Breached Password Detection settings", "Update Breached Password Detection settings";
    "/attack-protection/brute-force-protection", BruteForce, BRUTE_FORCE,
        "Get Brute-force settings", "Update Brute-force settings";
    "/attack-protection/captcha", Captcha, CAPTCHA,
        "Get the CAPTCHA configuration for a tenant", "Partial Update for CAPTCHA Configuration";
    "/attack-protection/phone-provider-protection", Phone, PHONE,
        "Get Phone Provider Protection settings", "Update Phone Provider Protection settings";
    "/attack-protection/suspicious-ip-throttling", Throttling, THROTTLING,
        "Get Suspicious IP Throttling settings", "Update Suspicious IP Throttling settings";
};

const POLICY: Rule = Rule::OneOf(&["never", "when_risky", "always"]);
static ALLOWLIST: Rule = list(&TEXT, 100);
static BOTS: Rule = Rule::Object(&[
    may("bot_detection_level", Rule::OneOf(&["low", "medium", "high"])),
    may("challenge_password_policy", POLICY),
    may("challenge_passwordless_policy", POLICY),
    may("challenge_password_reset_policy", POLICY),
    may("allowlist", ALLOWLIST),
    may("monitoring_mode_enabled", Rule::Bool),
]);

static SHIELD: Rule = Rule::OneOf(&["block", "user_notification", "admin_notification"]);
static SHIELDS: Rule = Rule::List { each: &SHIELD, min: 0, max: 3, unique: true };
static FREQUENCY: Rule = Rule::OneOf(&["immediately", "daily", "weekly", "monthly"]);
static STAGE_SHIELDS: Rule = Rule::Object(&[may("shields", SHIELDS)]);
static BREACHED: Rule = Rule::Object(&[
    may("enabled", Rule::Bool),
    may("shields", SHIELDS),
    may("admin_notification_frequency", Rule::List { each: &FREQUENCY, min: 0, max: 4, unique: true }),
    may("method", Rule::OneOf(&["standard", "enhanced"])),
    may(
        "stage",
        Rule::Object(&[
            may("pre-user-registration", STAGE_SHIELDS),
            may("pre-change-password", STAGE_SHIELDS),
        ]),
    ),
]);
static BRUTE_FORCE: Rule = Rule::Object(&[
    may("enabled", Rule::Bool),
    may("shields", SHIELDS),
    may("allowlist", ALLOWLIST),
    may("mode", Rule::OneOf(&["count_per_identifier_and_ip", "count_per_identifier"])),
    may("max_attempts", Rule::Integer { min: 1, max: 100 }),
]);
static PHONE: Rule = Rule::Object(&[need("type", Rule::OneOf(&["exponential"]))]);

static RATE: Rule = Rule::Object(&[
    may("max_attempts", Rule::Integer { min: 1, max: i64::MAX }),
    may("rate", Rule::Integer { min: 1, max: i64::MAX }),
]);
static THROTTLING: Rule = Rule::Object(&[
    may("enabled", Rule::Bool),
    may("shields", SHIELDS),
    may("allowlist", ALLOWLIST),
    may(
        "stage",
        Rule::Object(&[
            may("pre-login", RATE),
            may("pre-user-registration", RATE),
            may("pre-custom-token-exchange", RATE),
        ]),
    ),
]);

static KEYED: Rule = Rule::Object(&[may("site_key", TEXT), may("secret", text(1, 512))]);
static CAPTCHA: Rule = Rule::Object(&[
    may(
        "active_provider_id",
        Rule::OneOf(&[
            "arkose",
            "auth_challenge",
            "friendly_captcha",
            "hcaptcha",
            "recaptcha_v2",
            "recaptcha_enterprise",
            "simple_captcha",
        ]),
    ),
    may(
        "arkose",
        Rule::Object(&[
            may("site_key", TEXT),
            may("secret", text(1, 512)),
            may("client_subdomain", TEXT),
            may("verify_subdomain", TEXT),
            may("fail_open", Rule::Bool),
        ]),
    ),
    may("auth_challenge", Rule::Object(&[may("fail_open", Rule::Bool)])),
    may("hcaptcha", KEYED),
    may("friendly_captcha", KEYED),
    may(
        "recaptcha_enterprise",
        Rule::Object(&[may("site_key", TEXT), may("api_key", text(1, 512)), may("project_id", TEXT)]),
    ),
    may("recaptcha_v2", KEYED),
    may("simple_captcha", Rule::Object(&[])),
]);

/// Smaller plans have no detection of bots, and so no CAPTCHA to choose.
fn entitled(context: &Context<'_>, start: Value) -> Option<Value> {
    matches!(context.options().plan, Plan::Enterprise | Plan::Unlimited).then_some(start)
}

fn not_entitled() -> Fault {
    Fault::new(403, "Please upgrade your subscription to use bot detection").code("insufficient_entitlement")
}

struct Bots;

impl Settings for Bots {
    fn start(context: &Context<'_>) -> Option<Value> {
        let start = json!({
            "bot_detection_level": "medium",
            "challenge_password_policy": "never",
            "challenge_passwordless_policy": "never",
            "challenge_password_reset_policy": "never",
            "allowlist": [],
            "monitoring_mode_enabled": false,
        });
        entitled(context, start)
    }

    fn missing() -> Fault {
        not_entitled()
    }
}

struct Captcha;

impl Settings for Captcha {
    fn start(context: &Context<'_>) -> Option<Value> {
        let arkose = json!({
            "client_subdomain": "client-api", "verify_subdomain": "verify-api", "site_key": "", "fail_open": false,
        });
        let start = json!({
            "active_provider_id": "auth_challenge",
            "arkose": arkose,
            "auth_challenge": {"fail_open": false},
            "friendly_captcha": {"site_key": ""},
            "hcaptcha": {"site_key": ""},
            "recaptcha_enterprise": {"site_key": "", "project_id": ""},
            "recaptcha_v2": {"site_key": ""},
            "simple_captcha": {},
        });
        entitled(context, start)
    }

    fn missing() -> Fault {
        not_entitled()
    }

    fn shown(mut document: Object) -> Object {
        for provider in document.values_mut().filter_map(Value::as_object_mut) {
            provider.retain(|name, _| !matches!(name.as_str(), "secret" | "api_key"));
        }
        document
    }
}

struct Breached;

impl Settings for Breached {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({
            "enabled": false,
            "shields": [],
            "admin_notification_frequency": [],
            "method": "standard",
            "stage": {"pre-user-registration": {"shields": []}, "pre-change-password": {"shields": []}},
        }))
    }
}

struct BruteForce;

impl Settings for BruteForce {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({
            "enabled": true,
            "shields": ["block", "user_notification"],
            "mode": "count_per_identifier_and_ip",
            "max_attempts": 10,
            "allowlist": [],
        }))
    }
}

struct Phone;

impl Settings for Phone {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"type": "exponential"}))
    }
}

struct Throttling;

impl Settings for Throttling {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({
            "enabled": true,
            "shields": ["admin_notification", "block"],
            "allowlist": [],
            "stage": {
                "pre-login": {"max_attempts": 100, "rate": 864_000},
                "pre-user-registration": {"max_attempts": 50, "rate": 1_200},
                "pre-custom-token-exchange": {"max_attempts": 10, "rate": 600_000},
            },
        }))
    }
}

/// Whether brute force is answered by blocks.
pub fn blocks_brute_force(state: &State) -> bool {
    let settings = state.objects.find(DOCUMENTS, "attack-protection/brute-force-protection");
    settings.is_none_or(|settings| {
        let shields = settings.shown.get("shields").and_then(Value::as_array);
        let blocks = shields.is_some_and(|shields| shields.iter().any(|shield| shield == "block"));
        blocks && settings.shown.get("enabled") == Some(&Value::Bool(true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn settings_change_where_they_are_named_and_keep_the_rest() {
        let mut api = Api::new();
        let path = "/attack-protection/suspicious-ip-throttling";
        let changed = api.patch(path, json!({"stage": {"pre-login": {"max_attempts": 5}}}), 200);
        assert_eq!(changed["stage"]["pre-login"], json!({"max_attempts": 5, "rate": 864_000}));
        assert_eq!(api.get(path, 200), changed);
        let path = "/attack-protection/breached-password-detection";
        let body = json!({"enabled": true, "stage": {"pre-change-password": {"shields": ["block"]}}});
        api.patch(path, body, 200);
        assert_eq!(api.get(path, 200)["stage"]["pre-change-password"]["shields"], json!(["block"]));
        let path = "/attack-protection/brute-force-protection";
        api.patch(path, json!({"max_attempts": 101}), 400);
        api.patch(path, json!({"max_attempts": 5, "mode": "count_per_identifier"}), 200);
        assert_eq!(api.get(path, 200)["max_attempts"], 5);
        let path = "/attack-protection/phone-provider-protection";
        api.patch(path, json!({"type": "none"}), 400);
        assert_eq!(api.patch(path, json!({"type": "exponential"}), 200), api.get(path, 200));
    }

    #[test]
    fn secrets_of_captchas_are_neither_shown_nor_logged() {
        let mut api = Api::new();
        let body = json!({"active_provider_id": "hcaptcha", "hcaptcha": {"site_key": "k", "secret": "hidden-thing"}});
        let shown = api.patch("/attack-protection/captcha", body, 200);
        assert_eq!(
            (&shown["hcaptcha"], &shown["active_provider_id"]),
            (&json!({"site_key": "k"}), &json!("hcaptcha"))
        );
        assert_eq!(api.get("/attack-protection/captcha", 200), shown);
        assert!(
            !format!("{:?}", api.tenant.state().records.all().collect::<Vec<_>>()).contains("hidden-thing")
        );
    }

    #[test]
    fn smaller_plans_have_no_detection_of_bots() {
        let mut api = Api::on(Plan::Professional);
        for path in ["/attack-protection/bot-detection", "/attack-protection/captcha"] {
            assert_eq!(api.get(path, 403)["errorCode"], "insufficient_entitlement");
            api.patch(path, json!({}), 403);
        }
        let mut api = Api::new();
        let path = "/attack-protection/bot-detection";
        api.patch(path, json!({"bot_detection_level": "high"}), 200);
        assert_eq!(api.get(path, 200)["bot_detection_level"], "high");
    }
}
