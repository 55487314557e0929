//! Who sends text messages and calls, and what they say.

use serde_json::{Value, json};

use super::{
    ANY_OBJECT, OPEN,
    many::{self, Kind},
};
use crate::{
    dice::Dice,
    tenant::{
        Context, Fault, Operation, Reply,
        check::{Rule, TEXT, may, need, text},
        id,
        operations::{delete, get, patch, post},
        state::Object,
    },
};

const READ_PROVIDERS: &[&str] = &["read:phone_providers"];
const UPDATE_TEMPLATES: &[&str] = &["update:phone_templates"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/branding/phone/providers", "Get a list of phone providers", READ_PROVIDERS, providers),
    post(
        "/branding/phone/providers",
        "Configure the phone provider",
        &["create:phone_providers"],
        many::create::<Provider>,
    )
    .body(&NEW_PROVIDER),
    get("/branding/phone/providers/{id}", "Get a phone provider", READ_PROVIDERS, many::read::<Provider>),
    patch(
        "/branding/phone/providers/{id}",
        "Update the phone provider",
        &["update:phone_providers"],
        many::update::<Provider>,
    )
    .body(&CHANGED_PROVIDER),
    delete(
        "/branding/phone/providers/{id}",
        "Deletes a Phone Provider",
        &["delete:phone_providers"],
        many::remove::<Provider>,
    ),
    post(
        "/branding/phone/providers/{id}/try",
        "Send a test phone notification for the configured provider",
        &["create:phone_providers"],
        attempt::<Provider>,
    )
    .body(&TRIAL),
    get(
        "/branding/phone/templates",
        "Get a list of phone notification templates",
        &["read:phone_templates"],
        templates,
    ),
    post(
        "/branding/phone/templates",
        "Create a phone notification template",
        &["create:phone_templates"],
        many::create::<Template>,
    )
    .body(&NEW_TEMPLATE),
    get(
        "/branding/phone/templates/{id}",
        "Get a phone notification template",
        &["read:phone_templates"],
        many::read::<Template>,
    ),
    patch(
        "/branding/phone/templates/{id}",
        "Update a phone notification template",
        UPDATE_TEMPLATES,
        many::update::<Template>,
    )
    .body(&CHANGED_TEMPLATE),
    delete(
        "/branding/phone/templates/{id}",
        "Delete a phone notification template",
        &["delete:phone_templates"],
        many::remove::<Template>,
    ),
    patch(
        "/branding/phone/templates/{id}/reset",
        "Resets a phone notification template values",
        UPDATE_TEMPLATES,
        reset,
    )
    .body(&ANY_OBJECT),
    post(
        "/branding/phone/templates/{id}/try",
        "Send a test phone notification for the configured template",
        &["create:phone_templates"],
        attempt::<Template>,
    )
    .body(&TRIAL),
];

const NAME: Rule = Rule::OneOf(&["twilio", "custom"]);
static NEW_PROVIDER: Rule = Rule::Object(&[
    need("name", NAME),
    may("disabled", Rule::Bool),
    may("configuration", OPEN),
    need("credentials", OPEN),
]);
static CHANGED_PROVIDER: Rule = Rule::Object(&[
    may("name", NAME),
    may("disabled", Rule::Bool),
    may("configuration", OPEN),
    may("credentials", OPEN),
]);
const TYPE: Rule =
    Rule::OneOf(&["otp_verify", "otp_enroll", "change_password", "blocked_account", "password_breach"]);
static NEW_TEMPLATE: Rule =
    Rule::Object(&[may("type", TYPE), may("disabled", Rule::Bool), may("content", OPEN)]);
static CHANGED_TEMPLATE: Rule = Rule::Object(&[may("content", OPEN), may("disabled", Rule::Bool)]);
static TRIAL: Rule = Rule::Object(&[need("to", text(1, 64)), may("delivery_method", TEXT)]);

fn start(context: &Context<'_>) -> Value {
    let (tenant, now) = (&context.options().name, context.iso());
    json!({"tenant": tenant, "channel": "phone", "disabled": false, "created_at": now})
}

struct Provider;

impl Kind for Provider {
    const COLLECTION: &'static str = "phone_providers";
    const HIDDEN: &'static [&'static str] = &["credentials"];
    const MOST: usize = 1;

    fn new_id(dice: &mut Dice) -> String {
        id::long_prefixed("pro", dice)
    }

    fn missing(_: &str) -> Fault {
        Fault::not_found("The phone provider does not exist.")
    }

    fn start(context: &mut Context<'_>, _: &str) -> Value {
        start(context)
    }

    fn accepts(_: &Context<'_>, _: &str, provider: &Object) -> Result<(), Fault> {
        let has = |name: &str| provider.get("configuration").is_some_and(|found| found.get(name).is_some());
        let is_twilio = provider.get("name").and_then(Value::as_str) == Some("twilio");
        if is_twilio && !(has("sid") && (has("default_from") || has("mssid"))) {
            return Err(Fault::new(400, "Bad Operation on Notification Resource"));
        }
        Ok(())
    }
}

struct Template;

impl Kind for Template {
    const COLLECTION: &'static str = "phone_templates";

    fn new_id(dice: &mut Dice) -> String {
        id::long_prefixed("tem", dice)
    }

    fn missing(_: &str) -> Fault {
        Fault::not_found("The phone notification template does not exist.")
    }

    fn start(context: &mut Context<'_>, _: &str) -> Value {
        start(context)
    }

    fn accepts(context: &Context<'_>, own: &str, template: &Object) -> Result<(), Fault> {
        let mut others = context.state.objects.all(Self::COLLECTION).filter(|other| other.id != own);
        let kind = template.get("type");
        if kind.is_some() && others.any(|other| other.shown.get("type") == kind) {
            return Err(Fault::conflict("A template of this type already exists."));
        }
        Ok(())
    }
}

fn providers(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(json!({"providers": many::all::<Provider>(context)})))
}

fn templates(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(json!({"templates": many::all::<Template>(context)})))
}

fn reset(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut template = many::found::<Template>(context)?.clone();
    template.shown.remove("content");
    template.shown.insert("updated_at".to_owned(), context.iso().into());
    let reply = Reply::ok(template.shown.clone());
    context.state.objects.insert(Template::COLLECTION, template);
    Ok(reply)
}

/// Nothing is sent to anybody.
fn attempt<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<K>(context)?;
    Ok(Reply::new(202, json!({"message": "The message was taken and goes nowhere: this is a sandbox."})))
}
