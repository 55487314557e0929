//! Prompts: how people are asked, in which words, with which additions.

use serde_json::{Value, json};

use super::{
    ANY_OBJECT,
    single::{self, DOCUMENTS, Settings},
};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    check::{Rule, TEXT, may, need},
    limit::Group,
    operations::{get, patch, put},
    page,
    state::Object,
};

const READ: &[&str] = &["read:prompts"];
const UPDATE: &[&str] = &["update:prompts"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/prompts", "Get prompt settings", READ, single::read::<Prompts>),
    patch("/prompts", "Update prompt settings", UPDATE, single::change::<Prompts>).body(&PROMPTS),
    get("/prompts/rendering", "Get render setting configurations for all screens", READ, list_rendering),
    patch("/prompts/rendering", "Update render settings for multiple screens", UPDATE, change_all).body(&ALL),
    get(
        "/prompts/{prompt}/custom-text/{language}",
        "Get custom text for a prompt",
        READ,
        single::read::<Texts>,
    ),
    put(
        "/prompts/{prompt}/custom-text/{language}",
        "Set custom text for a prompt",
        UPDATE,
        single::put::<Texts>,
    )
    .body(&ANY_OBJECT),
    get("/prompts/{prompt}/partials", "Get partials for a prompt", READ, single::read::<Texts>)
        .group(Group::Partials),
    put("/prompts/{prompt}/partials", "Set partials for a prompt", UPDATE, single::put::<Texts>)
        .body(&ANY_OBJECT)
        .group(Group::Partials),
    get(
        "/prompts/{prompt}/screen/{screen}/rendering",
        "Get render settings for a screen",
        READ,
        single::read::<Rendering>,
    ),
    patch(
        "/prompts/{prompt}/screen/{screen}/rendering",
        "Update render settings for a screen",
        UPDATE,
        change_rendering,
    )
    .body(&RENDERING),
];

static PROMPTS: Rule = Rule::Object(&[
    may("universal_login_experience", Rule::OneOf(&["new", "classic"])),
    may("identifier_first", Rule::Nullable(&FLAG)),
    may("webauthn_platform_first_factor", Rule::Nullable(&FLAG)),
]);
static FLAG: Rule = Rule::Bool;
static ANY_TEXT: Rule = TEXT;
const MODE: Rule = Rule::OneOf(&["standard", "advanced"]);
static LIST_OF_TEXTS: Rule = Rule::List { each: &ANY_TEXT, min: 0, max: 100, unique: false };
static LIST_OF_OBJECTS: Rule = Rule::List { each: &ANY_OBJECT, min: 0, max: 100, unique: false };

macro_rules! rendering {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("rendering_mode", MODE),
            may("context_configuration", Rule::Nullable(&LIST_OF_TEXTS)),
            may("default_head_tags_disabled", Rule::Nullable(&FLAG)),
            may("head_tags", Rule::Nullable(&LIST_OF_OBJECTS)),
            may("filters", Rule::Nullable(&ANY_OBJECT)),
            may("use_page_template", Rule::Nullable(&FLAG)),
        ])
    };
}

static RENDERING: Rule = rendering!();
static ONE_OF_ALL: Rule = rendering!(need("prompt", TEXT), need("screen", TEXT));
static ALL: Rule =
    Rule::Object(&[need("configs", Rule::List { each: &ONE_OF_ALL, min: 1, max: 20, unique: false })]);

struct Prompts;

impl Settings for Prompts {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({"universal_login_experience": "new", "identifier_first": true}))
    }
}

struct Texts;

impl Settings for Texts {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }
}

struct Rendering;

impl Settings for Rendering {
    fn start(context: &Context<'_>) -> Option<Value> {
        Some(standard(context, context.parameter("prompt"), context.parameter("screen")))
    }
}

fn standard(context: &Context<'_>, prompt: &str, screen: &str) -> Value {
    json!({
        "tenant": context.options().name,
        "prompt": prompt,
        "screen": screen,
        "rendering_mode": "standard",
        "context_configuration": [],
        "default_head_tags_disabled": false,
        "head_tags": [],
        "filters": Value::Null,
        "use_page_template": false,
    })
}

/// Changes what is named, and shows what was asked for.
fn change_rendering(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut document = single::find::<Rendering>(context).unwrap_or_default();
    let changes = context.body();
    document.extend(changes.clone());
    single::store(context, document);
    let mut shown = changes;
    shown.retain(|_, value| !value.is_null());
    Ok(Reply::ok(shown))
}

fn change_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    for config in body.get("configs").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
        let key = format!("prompts/{}/screen/{}/rendering", part("prompt"), part("screen"));
        let stored = context.state.objects.find(DOCUMENTS, &key).map(|item| item.shown.clone());
        let start = standard(context, part("prompt"), part("screen"));
        let mut document = stored.or_else(|| start.as_object().cloned()).unwrap_or_default();
        document.extend(config.as_object().cloned().unwrap_or_default());
        single::store_at(context, key, document);
    }
    Ok(Reply::ok(body))
}

fn list_rendering(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    let all = context.state.objects.all(DOCUMENTS);
    let of_screens = all.filter(|item| item.id.starts_with("prompts/") && item.id.ends_with("/rendering"));
    let fits = |object: &&Object| {
        ["prompt", "screen", "rendering_mode"].iter().all(|name| {
            call.query(name).is_none_or(|wanted| object.get(*name).and_then(Value::as_str) == Some(wanted))
        })
    };
    let found: Vec<&Object> = of_screens.map(|item| &item.shown).filter(fits).collect();
    page::offset(call, "configs", &found)
}
