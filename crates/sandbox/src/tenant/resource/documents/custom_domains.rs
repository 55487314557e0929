//! Custom domains. Nothing asks the DNS, and so none is ever verified.

use serde_json::{Value, json};

use super::{
    OPEN,
    many::{self, Kind},
};
use crate::{
    dice::Dice,
    tenant::{
        Context, Fault, Operation, Reply,
        check::{Rule, TEXT, may, need, text},
        id,
        limit::Group,
        operations::{delete, get, patch, post},
        page,
        state::Object,
    },
};

const READ: &[&str] = &["read:custom_domains"];
const UPDATE: &[&str] = &["update:custom_domains"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/custom-domains", "Get custom domains configurations", READ, list),
    post(
        "/custom-domains",
        "Configure a new custom domain",
        &["create:custom_domains"],
        many::create::<Domain>,
    )
    .body(&NEW),
    get("/custom-domains/default", "Get the default domain", READ, read_default),
    patch("/custom-domains/default", "Update the default custom domain", UPDATE, change_default)
        .body(&DEFAULT),
    get("/custom-domains/{id}", "Get custom domain configuration", READ, many::read::<Domain>),
    patch("/custom-domains/{id}", "Update custom domain configuration", UPDATE, many::update::<Domain>)
        .body(&CHANGES),
    delete(
        "/custom-domains/{id}",
        "Delete custom domain configuration",
        &["delete:custom_domains"],
        many::remove::<Domain>,
    ),
    post("/custom-domains/{id}/test", "Test a custom domain", READ, test),
    post("/custom-domains/{id}/verify", "Verify a custom domain", &["create:custom_domains"], verify)
        .group(Group::DomainVerify),
];

static ANY_TEXT: Rule = TEXT;
static METADATA: Rule = OPEN;
static NEW: Rule = Rule::Object(&[
    need("domain", text(1, 255)),
    need("type", Rule::OneOf(&["auth0_managed_certs", "self_managed_certs"])),
    may("verification_method", Rule::OneOf(&["txt"])),
    may("tls_policy", Rule::OneOf(&["recommended"])),
    may("custom_client_ip_header", Rule::Nullable(&ANY_TEXT)),
    may("domain_metadata", METADATA),
    may("relying_party_identifier", TEXT),
]);
static CHANGES: Rule = Rule::Object(&[
    may("tls_policy", Rule::OneOf(&["recommended"])),
    may("custom_client_ip_header", Rule::Nullable(&ANY_TEXT)),
    may("domain_metadata", METADATA),
    may("relying_party_identifier", Rule::Nullable(&ANY_TEXT)),
]);
static DEFAULT: Rule = Rule::Object(&[need("domain", text(1, 255))]);

struct Domain;

impl Kind for Domain {
    const COLLECTION: &'static str = "custom_domains";
    const ID: &'static str = "custom_domain_id";

    fn new_id(dice: &mut Dice) -> String {
        id::prefixed("cd", dice)
    }

    fn missing(id: &str) -> Fault {
        Fault::not_found(format!("The custom domain {id} does not exist")).code("inexistent_custom_domain")
    }

    fn start(context: &mut Context<'_>, id: &str) -> Value {
        let body = context.body();
        let domain = body.get("domain").and_then(Value::as_str).unwrap_or_default();
        let record =
            format!("{}-{}.edge.example.com", context.options().name, id.to_lowercase().replace('_', "-"));
        json!({
            "primary": context.state.objects.count(Self::COLLECTION) == 0,
            "is_default": false,
            "status": "pending_verification",
            "tls_policy": "recommended",
            "verification": {"methods": [{"name": "CNAME", "record": record, "domain": domain}], "status": "pending"},
        })
    }

    fn accepts(context: &Context<'_>, own: &str, domain: &Object) -> Result<(), Fault> {
        let mut others = context.state.objects.all(Self::COLLECTION).filter(|other| other.id != own);
        if others.any(|other| other.shown.get("domain") == domain.get("domain")) {
            return Err(Fault::conflict("The custom domain already exists."));
        }
        Ok(())
    }

    fn touch(_: &Context<'_>, _: &mut Object) {}
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let all = many::all::<Domain>(context);
    if context.call.query("from").is_some() || context.call.query("take").is_some() {
        return page::checkpoint(context.call, "custom_domains", Domain::ID, &all);
    }
    Ok(Reply::ok(json!(all)))
}

/// The host of the tenant itself.
fn own_host(context: &Context<'_>) -> String {
    let url = &context.options().base_url;
    url.split_once("://").map_or(url.as_str(), |(_, host)| host).to_owned()
}

fn read_default(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let all = many::all::<Domain>(context);
    let default = all.into_iter().find(|domain| domain.get("is_default") == Some(&Value::Bool(true)));
    Ok(default
        .map_or_else(|| Reply::ok(json!({"domain": own_host(context)})), |domain| Reply::ok(domain.clone())))
}

fn change_default(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let wanted = body.get("domain").and_then(Value::as_str).unwrap_or_default();
    let named = |domain: &Object| domain.get("domain").and_then(Value::as_str) == Some(wanted);
    if wanted != own_host(context) && !many::all::<Domain>(context).into_iter().any(named) {
        return Err(Fault::not_found("The custom domain does not exist").code("inexistent_custom_domain"));
    }
    let ids: Vec<String> =
        context.state.objects.all(Domain::COLLECTION).map(|item| item.id.clone()).collect();
    for id in ids {
        if let Some(item) = context.state.objects.find_mut(Domain::COLLECTION, &id) {
            let is_default = named(&item.shown);
            item.shown.insert("is_default".to_owned(), is_default.into());
        }
    }
    read_default(context)
}

fn verify(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::read::<Domain>(context)
}

fn test(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::found::<Domain>(context)?;
    Ok(Reply::ok(json!({"success": false, "message": "The domain is not verified."})))
}
