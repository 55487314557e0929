//! How the tenant's pages look: colors, the page template, themes.

use serde_json::{Value, json};

use super::{
    ANY_OBJECT, OPEN,
    many::{self, Kind},
    single::{self, Settings},
};
use crate::{
    dice::Dice,
    tenant::{
        Context, Fault, Operation, Payload, Reply,
        check::{Rule, TEXT, may, need},
        id,
        operations::{delete, get, patch, post, put},
    },
};

const READ: &[&str] = &["read:branding"];
const UPDATE: &[&str] = &["update:branding"];
const DELETE: &[&str] = &["delete:branding"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/branding", "Get branding settings", READ, single::read::<Branding>),
    patch("/branding", "Update branding settings", UPDATE, single::change::<Branding>).body(&CHANGES),
    get(
        "/branding/templates/universal-login",
        "Get template for New Universal Login Experience",
        READ,
        single::read::<Template>,
    ),
    put(
        "/branding/templates/universal-login",
        "Set template for New Universal Login Experience",
        UPDATE,
        put_template,
    ),
    delete(
        "/branding/templates/universal-login",
        "Delete template for New Universal Login Experience",
        DELETE,
        single::remove,
    ),
    post("/branding/themes", "Create branding theme", UPDATE, many::create::<Theme>).body(&THEME),
    get("/branding/themes/default", "Get default branding theme", READ, default_theme),
    get("/branding/themes/{themeId}", "Get branding theme", READ, many::read::<Theme>),
    patch("/branding/themes/{themeId}", "Update branding theme", UPDATE, many::update::<Theme>).body(&THEME),
    delete("/branding/themes/{themeId}", "Delete branding theme", DELETE, many::remove::<Theme>),
];

static ANY_TEXT: Rule = TEXT;
static CHANGES: Rule = Rule::Object(&[
    may("colors", Rule::Nullable(&ANY_OBJECT)),
    may("favicon_url", Rule::Nullable(&ANY_TEXT)),
    may("logo_url", Rule::Nullable(&ANY_TEXT)),
    may("identifiers", Rule::Nullable(&ANY_OBJECT)),
    may("font", Rule::Nullable(&ANY_OBJECT)),
]);
static THEME: Rule = Rule::Object(&[
    need("borders", OPEN),
    need("colors", OPEN),
    need("fonts", OPEN),
    need("page_background", OPEN),
    need("widget", OPEN),
    may("displayName", TEXT),
    may("identifiers", OPEN),
]);

struct Branding;

impl Settings for Branding {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"colors": {"primary": "#635dff", "page_background": "#000000"}}))
    }
}

struct Template;

impl Settings for Template {
    fn start(_: &Context<'_>) -> Option<Value> {
        None
    }

    fn missing() -> Fault {
        Fault::not_found("Template does not exist.").code("inexistent_templates_universal_login")
    }
}

/// The template is a text, as JSON or as it is, or stands in a property.
fn put_template(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let text = match &context.call.payload {
        Payload::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        Payload::Json(Value::String(text)) => Some(text.clone()),
        Payload::Json(body) => body.get("template").and_then(Value::as_str).map(str::to_owned),
        Payload::None => None,
    };
    let text = text.unwrap_or_default();
    if !["{%- auth0:head -%}", "{%- auth0:widget -%}"].iter().all(|tag| text.contains(tag)) {
        return Err(Fault::invalid_body("The template must contain the tags auth0:head and auth0:widget."));
    }
    let is_new = single::find::<Template>(context).is_none();
    let document = json!({"body": text}).as_object().cloned().unwrap_or_default();
    single::store(context, document);
    Ok(if is_new { Reply { status: 201, ..Reply::no_content() } } else { Reply::no_content() })
}

struct Theme;

impl Kind for Theme {
    const COLLECTION: &'static str = "branding_themes";
    const ID: &'static str = "themeId";
    const MOST: usize = 1;
    const CREATED: u16 = 200;

    fn new_id(dice: &mut Dice) -> String {
        id::client(dice)
    }

    fn missing(_: &str) -> Fault {
        no_theme()
    }

    fn start(_: &mut Context<'_>, _: &str) -> Value {
        json!({"displayName": "Untitled Theme"})
    }

    fn touch(_: &Context<'_>, _: &mut crate::tenant::Object) {}
}

fn no_theme() -> Fault {
    let message = "There was an error retrieving branding settings: invalid theme ID";
    Fault::not_found(message).code("theme_not_found")
}

fn default_theme(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let first = many::all::<Theme>(context).first().map(|theme| (*theme).clone());
    Ok(Reply::ok(first.ok_or_else(no_theme)?))
}
