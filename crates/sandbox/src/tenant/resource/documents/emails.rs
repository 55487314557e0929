//! Who sends e-mail, and what it says.

use serde_json::{Value, json};

use super::{
    OPEN,
    single::{self, Settings},
};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    check::{Rule, TEXT, may, need, text},
    limit::Group,
    operations::{delete, get, patch, post, put},
    state::Object,
};

const READ: &[&str] = &["read:email_templates"];
const UPDATE: &[&str] = &["update:email_templates"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/emails/provider", "Get email provider", &["read:email_provider"], single::read::<Provider>),
    post("/emails/provider", "Configure email provider", &["create:email_provider"], create_provider)
        .body(&NEW),
    patch(
        "/emails/provider",
        "Update email provider",
        &["update:email_provider"],
        single::change::<Provider>,
    )
    .body(&CHANGES),
    delete("/emails/provider", "Delete email provider", &["delete:email_provider"], single::remove),
    post("/email-templates", "Create an email template", &["create:email_templates"], create_template)
        .body(&TEMPLATE),
    get("/email-templates/{templateName}", "Get an email template", READ, single::read::<Template>)
        .group(Group::EmailTemplatesRead),
    put("/email-templates/{templateName}", "Update an email template", UPDATE, single::put::<Template>)
        .body(&TEMPLATE),
    patch("/email-templates/{templateName}", "Patch an email template", UPDATE, single::change::<Template>)
        .body(&TEMPLATE_CHANGES),
];

const NAME: Rule = Rule::OneOf(&[
    "mailgun",
    "mandrill",
    "sendgrid",
    "resend",
    "ses",
    "sparkpost",
    "smtp",
    "azure_cs",
    "ms365",
    "custom",
]);
static ANY_OBJECT: Rule = OPEN;
static NEW: Rule = Rule::Object(&[
    need("name", NAME),
    need("credentials", OPEN),
    may("enabled", Rule::Bool),
    may("default_from_address", TEXT),
    may("settings", Rule::Nullable(&ANY_OBJECT)),
]);
static CHANGES: Rule = Rule::Object(&[
    may("name", NAME),
    may("credentials", OPEN),
    may("enabled", Rule::Bool),
    may("default_from_address", TEXT),
    may("settings", Rule::Nullable(&ANY_OBJECT)),
]);

/// The names of templates (Auth0: "Customize email templates").
const TEMPLATES: &[&str] = &[
    "verify_email",
    "verify_email_by_code",
    "auth_email_by_code",
    "reset_email",
    "reset_email_by_code",
    "welcome_email",
    "blocked_account",
    "stolen_credentials",
    "enrollment_email",
    "mfa_oob_code",
    "user_invitation",
    "change_password",
    "password_reset",
    "async_approval",
];
static ANY_TEXT: Rule = TEXT;
static SECONDS: Rule = Rule::Integer { min: 1, max: i64::MAX };

macro_rules! template {
    ($make:ident) => {
        Rule::Object(&[
            $make("template", Rule::OneOf(TEMPLATES)),
            $make("body", Rule::Nullable(&ANY_TEXT)),
            $make("from", Rule::Nullable(&ANY_TEXT)),
            $make("subject", Rule::Nullable(&ANY_TEXT)),
            $make("syntax", Rule::Nullable(&SYNTAX)),
            $make("enabled", Rule::Nullable(&FLAG)),
            may("resultUrl", Rule::Nullable(&ANY_TEXT)),
            may("urlLifetimeInSeconds", Rule::Nullable(&SECONDS)),
            may("includeEmailInRedirect", Rule::Bool),
        ])
    };
}

static SYNTAX: Rule = text(1, 16);
static FLAG: Rule = Rule::Bool;
static TEMPLATE: Rule = template!(need);
static TEMPLATE_CHANGES: Rule = template!(may);

struct Provider;

impl Settings for Provider {
    fn start(_: &Context<'_>) -> Option<Value> {
        None
    }

    fn missing() -> Fault {
        Fault::not_found("There is not a configured email provider.").code("inexistent_email_provider")
    }

    /// Of the credentials it shows the address to which they belong, if it is one.
    fn shown(mut provider: Object) -> Object {
        if let Some(credentials) = provider.get_mut("credentials").and_then(Value::as_object_mut) {
            credentials.retain(|name, _| name.starts_with("smtp_") && name != "smtp_pass");
        }
        provider
    }
}

fn create_provider(context: &mut Context<'_>) -> Result<Reply, Fault> {
    if single::find::<Provider>(context).is_some() {
        return Err(Fault::conflict("Email provider already configured."));
    }
    let mut provider = context.body();
    provider.entry("enabled").or_insert_with(|| true.into());
    single::store(context, provider.clone());
    Ok(Reply::created(Provider::shown(provider)))
}

struct Template;

impl Settings for Template {
    fn start(_: &Context<'_>) -> Option<Value> {
        None
    }

    fn missing() -> Fault {
        Fault::not_found("The template does not exist.").code("inexistent_email_template")
    }
}

fn create_template(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let name = body.get("template").and_then(Value::as_str).unwrap_or_default();
    let key = format!("email-templates/{name}");
    if context.state.objects.find(single::DOCUMENTS, &key).is_some() {
        return Err(Fault::conflict(format!("Template {name} already exists.")));
    }
    single::store_at(context, key, body.clone());
    Ok(Reply::ok(json!(body)))
}
