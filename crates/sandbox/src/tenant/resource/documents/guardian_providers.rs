//! Who carries the codes and notifications of Guardian, and what they say. Settings of `sms` and `phone` are the same ones.

use serde_json::{Value, json};

use super::single::{self, Settings};
use crate::tenant::{
    Context, Operation,
    check::{Rule, TEXT, list, may, need, text},
    operations::{get, patch, put},
    state::Object,
};

const READ: &[&str] = &["read:guardian_factors"];
const UPDATE: &[&str] = &["update:guardian_factors"];

macro_rules! rows {
    ($($verb:ident $path:literal $name:literal $handler:ident $settings:ty $(, $rule:ident)?;)*) => {&[$(
        $verb(concat!("/guardian/factors/", $path), $name, rows!(scope $verb), single::$handler::<$settings>)
            $(.body(&$rule))?,
    )*]};
    (scope get) => { READ };
    (scope $other:ident) => { UPDATE };
}

#[rustfmt::skip]
pub(crate) const OPERATIONS: &[Operation] = rows! {
    get "duo/settings" "Get DUO Configuration" read Duo;
    put "duo/settings" "Set the DUO Configuration" put Duo, DUO;
    patch "duo/settings" "Update the DUO Configuration" change Duo, DUO;
    get "phone/message-types" "Get Enabled Phone Factors" read MessageTypes;
    put "phone/message-types" "Update the Enabled Phone Factors" put MessageTypes, MESSAGE_TYPES;
    get "phone/providers/twilio" "Get Twilio configuration" read Twilio;
    put "phone/providers/twilio" "Update Twilio configuration" put Twilio, TWILIO;
    get "phone/selected-provider" "Get phone provider configuration" read PhoneProvider;
    put "phone/selected-provider" "Update phone provider configuration" put PhoneProvider, PHONE_PROVIDER;
    get "phone/templates" "Get Enrollment and Verification Phone Templates" read Templates;
    put "phone/templates" "Update Enrollment and Verification Phone Templates" put Templates, TEMPLATES;
    get "sms/providers/twilio" "Get Twilio SMS configuration" read Twilio;
    put "sms/providers/twilio" "Update Twilio SMS configuration" put Twilio, TWILIO;
    get "sms/selected-provider" "Get SMS configuration" read PhoneProvider;
    put "sms/selected-provider" "Update SMS configuration" put PhoneProvider, PHONE_PROVIDER;
    get "sms/templates" "Get SMS enrollment and verification templates" read Templates;
    put "sms/templates" "Update SMS enrollment and verification templates" put Templates, TEMPLATES;
    get "push-notification/selected-provider" "Get push notification provider" read PushProvider;
    put "push-notification/selected-provider" "Update Push Notification configuration" put PushProvider, PUSH_PROVIDER;
    get "push-notification/providers/apns" "Get APNS push notification configuration" read Apns;
    put "push-notification/providers/apns" "Update APNS configuration" put Apns, APNS;
    patch "push-notification/providers/apns" "Update APNs provider configuration" change Apns, APNS;
    put "push-notification/providers/fcm" "Overwrite FCM configuration" put Fcm, FCM;
    patch "push-notification/providers/fcm" "Updates FCM configuration" change Fcm, FCM;
    put "push-notification/providers/fcmv1" "Overwrite FCMV1 configuration" put Fcm, FCM_V1;
    patch "push-notification/providers/fcmv1" "Updates FCMV1 configuration" change Fcm, FCM_V1;
    get "push-notification/providers/sns" "Get AWS SNS configuration" read Sns;
    put "push-notification/providers/sns" "Configure AWS SNS configuration" put Sns, SNS;
    patch "push-notification/providers/sns" "Update AWS SNS configuration" change Sns, SNS;
};

static KEPT: Rule = Rule::Nullable(&TEXT);
static DUO: Rule = Rule::Object(&[may("ikey", TEXT), may("skey", TEXT), may("host", TEXT)]);
static MESSAGE_TYPE: Rule = Rule::OneOf(&["sms", "voice"]);
static MESSAGE_TYPES: Rule = Rule::Object(&[need("message_types", list(&MESSAGE_TYPE, 2))]);
static TWILIO: Rule = Rule::Object(&[
    may("from", KEPT),
    may("messaging_service_sid", KEPT),
    may("auth_token", KEPT),
    may("sid", KEPT),
]);
static PHONE_PROVIDER: Rule =
    Rule::Object(&[need("provider", Rule::OneOf(&["auth0", "twilio", "phone-message-hook"]))]);
static TEMPLATES: Rule =
    Rule::Object(&[need("enrollment_message", text(1, 2_000)), need("verification_message", text(1, 2_000))]);
static PUSH_PROVIDER: Rule = Rule::Object(&[need("provider", Rule::OneOf(&["guardian", "sns", "direct"]))]);
static APNS: Rule = Rule::Object(&[may("sandbox", Rule::Bool), may("bundle_id", KEPT), may("p12", KEPT)]);
static FCM: Rule = Rule::Object(&[may("server_key", KEPT)]);
static FCM_V1: Rule = Rule::Object(&[may("server_credentials", KEPT)]);
static SNS: Rule = Rule::Object(&[
    may("aws_access_key_id", KEPT),
    may("aws_secret_access_key", KEPT),
    may("aws_region", KEPT),
    may("sns_apns_platform_application_arn", KEPT),
    may("sns_gcm_platform_application_arn", KEPT),
]);

/// The path of the same settings of phones.
fn of_phone(context: &Context<'_>) -> String {
    let path = context.call.path.join("/");
    path.replacen("guardian/factors/sms/", "guardian/factors/phone/", 1)
}

struct Duo;

impl Settings for Duo {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }
}

struct MessageTypes;

impl Settings for MessageTypes {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"message_types": []}))
    }
}

struct Twilio;

impl Settings for Twilio {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }

    fn shown(mut document: Object) -> Object {
        for name in ["from", "messaging_service_sid", "auth_token", "sid"] {
            document.entry(name).or_insert(Value::Null);
        }
        document
    }

    fn written(document: Object) -> Object {
        document
    }

    fn key(context: &Context<'_>) -> String {
        of_phone(context)
    }
}

struct PhoneProvider;

impl Settings for PhoneProvider {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"provider": "auth0"}))
    }

    fn key(context: &Context<'_>) -> String {
        of_phone(context)
    }
}

struct Templates;

impl Settings for Templates {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({
            "enrollment_message": "{{code}} is your verification code for {{tenant.friendly_name}}. Please enter this code to verify your enrollment.",
            "verification_message": "{{code}} is your verification code for {{tenant.friendly_name}}",
        }))
    }

    fn key(context: &Context<'_>) -> String {
        of_phone(context)
    }
}

struct PushProvider;

impl Settings for PushProvider {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"provider": "guardian"}))
    }
}

struct Apns;

impl Settings for Apns {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"sandbox": false}))
    }

    fn shown(document: Object) -> Object {
        let is_enabled = document.contains_key("p12") || document.contains_key("enabled");
        let mut shown = Self::written(document);
        shown.insert("enabled".to_owned(), is_enabled.into());
        shown
    }

    fn written(mut document: Object) -> Object {
        document.remove("p12");
        document.entry("sandbox").or_insert(Value::Bool(false));
        document
    }
}

/// What is sent is never shown.
struct Fcm;

impl Settings for Fcm {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }

    fn shown(_: Object) -> Object {
        Object::new()
    }
}

struct Sns;

impl Settings for Sns {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }

    fn shown(mut document: Object) -> Object {
        document.remove("aws_secret_access_key");
        document
    }

    fn written(document: Object) -> Object {
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    const BASE: &str = "/guardian/factors";

    #[test]
    fn settings_of_text_messages_are_those_of_phones() {
        let mut api = Api::new();
        let twilio = json!({"from": "1", "messaging_service_sid": null, "auth_token": "t", "sid": "s"});
        let templates = json!({"enrollment_message": "e {{code}}", "verification_message": "v {{code}}"});
        let cases = [
            ("providers/twilio", twilio),
            ("selected-provider", json!({"provider": "twilio"})),
            ("templates", templates),
        ];
        for (path, body) in cases {
            for (one, other) in [("sms", "phone"), ("phone", "sms")] {
                assert_eq!(api.put(&format!("{BASE}/{one}/{path}"), body.clone(), 200), body);
                assert_eq!(api.get(&format!("{BASE}/{other}/{path}"), 200), body);
            }
        }
        let types = format!("{BASE}/phone/message-types");
        api.put(&types, json!({"message_types": ["fax"]}), 400);
        api.put(&types, json!({"message_types": ["voice"]}), 200);
        assert_eq!(api.get(&types, 200), json!({"message_types": ["voice"]}));
    }

    #[test]
    fn duo_is_set_and_changed() {
        let mut api = Api::new();
        let path = format!("{BASE}/duo/settings");
        api.put(&path, json!({"host": "h", "ikey": "i", "skey": "s"}), 200);
        api.patch(&path, json!({"host": "other"}), 200);
        assert_eq!(api.get(&path, 200), json!({"host": "other", "ikey": "i", "skey": "s"}));
    }

    #[test]
    fn push_providers_are_kept_without_their_keys_being_shown() {
        let mut api = Api::new();
        let push = format!("{BASE}/push-notification");
        api.put(&format!("{push}/selected-provider"), json!({"provider": "sns"}), 200);
        assert_eq!(api.get(&format!("{push}/selected-provider"), 200), json!({"provider": "sns"}));
        let apns = format!("{push}/providers/apns");
        let written = api.put(&apns, json!({"bundle_id": "b", "p12": "hidden"}), 200);
        assert_eq!(written, json!({"bundle_id": "b", "sandbox": false}));
        api.patch(&apns, json!({"sandbox": true}), 200);
        assert_eq!(api.get(&apns, 200), json!({"bundle_id": "b", "sandbox": true, "enabled": true}));
        let sns = format!("{push}/providers/sns");
        api.put(&sns, json!({"aws_region": "r", "aws_secret_access_key": "hidden"}), 200);
        api.patch(&sns, json!({"aws_region": "s"}), 200);
        assert_eq!(api.get(&sns, 200), json!({"aws_region": "s"}));
        for (path, name) in [("fcm", "server_key"), ("fcmv1", "server_credentials")] {
            let path = format!("{push}/providers/{path}");
            assert_eq!(api.put(&path, json!({name: "hidden"}), 200), json!({}));
            assert_eq!(api.patch(&path, json!({name: "other"}), 200), json!({}));
        }
        let logged = format!("{:?}", api.tenant.state().records.all().collect::<Vec<_>>());
        assert!(!logged.contains("hidden"));
    }
}
