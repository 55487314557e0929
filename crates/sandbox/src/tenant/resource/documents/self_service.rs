//! Self-service profiles: how a customer's administrator sets up single sign-on.

use serde_json::{Value, json};

use super::{
    ANY_OBJECT, OPEN,
    many::{self, Kind},
    single::{self, Settings},
};
use crate::{
    dice::Dice,
    tenant::{
        Context, Fault, Operation, Reply,
        check::{Rule, TEXT, may, need, text},
        id,
        operations::{delete, get, patch, post, put},
        page,
        state::Object,
    },
};

const READ: &[&str] = &["read:self_service_profiles"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/self-service-profiles", "Get self-service profiles", READ, list),
    post(
        "/self-service-profiles",
        "Create a self-service profile",
        &["create:self_service_profiles"],
        many::create::<Profile>,
    )
    .body(&NEW),
    get("/self-service-profiles/{id}", "Get a self-service profile by Id", READ, many::read::<Profile>),
    patch(
        "/self-service-profiles/{id}",
        "Update a self-service profile",
        &["update:self_service_profiles"],
        many::update::<Profile>,
    )
    .body(&CHANGES),
    delete(
        "/self-service-profiles/{id}",
        "Delete a self-service profile by Id",
        &["delete:self_service_profiles"],
        many::remove::<Profile>,
    ),
    get(
        "/self-service-profiles/{id}/custom-text/{language}/{page}",
        "Get custom text for a self-service profile",
        &["read:self_service_profile_custom_texts"],
        read_texts,
    ),
    put(
        "/self-service-profiles/{id}/custom-text/{language}/{page}",
        "Set custom text for a self-service profile",
        &["update:self_service_profile_custom_texts"],
        put_texts,
    )
    .body(&ANY_OBJECT),
    post(
        "/self-service-profiles/{id}/sso-ticket",
        "Create an SSO access ticket to initiate the Self Service SSO Flow",
        &["create:sso_access_tickets"],
        ticket,
    )
    .body(&ANY_OBJECT),
    post(
        "/self-service-profiles/{profileId}/sso-ticket/{id}/revoke",
        "Revoke an SSO access ticket",
        &["delete:sso_access_tickets"],
        revoke,
    ),
];

static ATTRIBUTE: Rule =
    Rule::Object(&[need("name", text(1, 250)), need("description", TEXT), need("is_optional", Rule::Bool)]);
static ATTRIBUTES_RULE: Rule = Rule::List { each: &ATTRIBUTE, min: 0, max: 20, unique: false };
const ATTRIBUTES: Rule = Rule::Nullable(&ATTRIBUTES_RULE);
static STRATEGY: Rule = text(1, 64);
const STRATEGIES: Rule = Rule::List { each: &STRATEGY, min: 0, max: 20, unique: false };
static ANY_TEXT: Rule = TEXT;
static BRANDING: Rule = OPEN;

macro_rules! profile {
    ($name:expr) => {
        Rule::Object(&[
            $name,
            may("description", Rule::Nullable(&ANY_TEXT)),
            may("branding", Rule::Nullable(&BRANDING)),
            may("allowed_strategies", STRATEGIES),
            may("user_attributes", ATTRIBUTES),
            may("user_attribute_profile_id", Rule::Nullable(&ANY_TEXT)),
        ])
    };
}

static NEW: Rule = profile!(need("name", text(1, 100)));
static CHANGES: Rule = profile!(may("name", text(1, 100)));

struct Profile;

impl Kind for Profile {
    const COLLECTION: &'static str = "self_service_profiles";
    const MOST: usize = 20;

    fn new_id(dice: &mut Dice) -> String {
        id::long_prefixed("ssp", dice)
    }

    fn missing(_: &str) -> Fault {
        Fault::not_found("The self-service profile does not exist.")
    }

    fn start(context: &mut Context<'_>, _: &str) -> Value {
        json!({"created_at": context.iso()})
    }

    fn touch(context: &Context<'_>, profile: &mut Object) {
        profile.entry("user_attributes").or_insert_with(|| json!([]));
        profile.entry("allowed_strategies").or_insert_with(|| json!([]));
        profile.insert("updated_at".to_owned(), context.iso().into());
    }
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    page::offset(context.call, "self_service_profiles", &many::all::<Profile>(context))
}

struct Texts;

impl Settings for Texts {
    fn start(_: &Context<'_>) -> Option<Value> {
        Some(json!({}))
    }
}

fn read_texts(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<Profile>(context)?;
    single::read::<Texts>(context)
}

fn put_texts(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<Profile>(context)?;
    single::put::<Texts>(context)
}

fn ticket(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<Profile>(context)?;
    let ticket = context.state.dice.alphanumeric(32);
    let url = format!("{}/self-service/connections-flow?ticket={ticket}", context.call.base_url);
    Ok(Reply::created(json!({"ticket": url})))
}

fn revoke(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<Profile>(context)?;
    Ok(Reply::empty_object(202))
}
