//! Network ACLs.

use serde_json::{Value, json};

use super::many::{self, Kind};
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

const UPDATE: &[&str] = &["update:network_acls"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/network-acls", "Get all access control list entries for a tenant", &["read:network_acls"], list),
    post("/network-acls", "Create Access Control List", &["create:network_acls"], many::create::<Acl>)
        .body(&WHOLE),
    get(
        "/network-acls/{id}",
        "Get a specific access control list entry for a tenant",
        &["read:network_acls"],
        read,
    ),
    put("/network-acls/{id}", "Update Access Control List", UPDATE, many::put::<Acl>).body(&WHOLE),
    patch("/network-acls/{id}", "Partial Update for an Access Control List", UPDATE, many::update::<Acl>)
        .body(&CHANGES),
    delete("/network-acls/{id}", "Delete Access Control List", &["delete:network_acls"], remove),
];

/// Lists that the vendor keeps (as a recorded refusal names them).
const CURATED: &[&str] = &["auth0.low_reputation", "auth0.icloud_relay_proxy"];

static ITEM: Rule = text(1, 256);
static ASN: Rule = Rule::Integer { min: 0, max: 4_294_967_295 };
/// 20 entries an identifier (Auth0: "Tenant access control list").
const LIST: Rule = Rule::List { each: &ITEM, min: 1, max: 20, unique: true };
const MATCH: Rule = Rule::Object(&[
    may("asns", Rule::List { each: &ASN, min: 1, max: 20, unique: true }),
    may("auth0_managed", LIST),
    may("connecting_ipv4_cidrs", LIST),
    may("connecting_ipv6_cidrs", LIST),
    may("geo_country_codes", LIST),
    may("geo_subdivision_codes", LIST),
    may("hostnames", LIST),
    may("ipv4_cidrs", LIST),
    may("ipv6_cidrs", LIST),
    may("ja3_fingerprints", LIST),
    may("ja4_fingerprints", LIST),
    may("user_agents", LIST),
]);
const ACTION: Rule = Rule::Object(&[
    may("allow", Rule::Bool),
    may("block", Rule::Bool),
    may("log", Rule::Bool),
    may("redirect", Rule::Bool),
    may("redirect_uri", TEXT),
]);
const RULE: Rule = Rule::Object(&[
    need("action", ACTION),
    need("scope", Rule::OneOf(&["management", "authentication", "tenant", "dynamic_client_registration"])),
    may("match", MATCH),
    may("not_match", MATCH),
]);
const PRIORITY: Rule = Rule::Integer { min: 1, max: 10 };
static WHOLE: Rule = Rule::Object(&[
    need("description", text(1, 255)),
    need("active", Rule::Bool),
    need("priority", PRIORITY),
    need("rule", RULE),
]);
static CHANGES: Rule = Rule::Object(&[
    may("description", text(1, 255)),
    may("active", Rule::Bool),
    may("priority", PRIORITY),
    may("rule", RULE),
]);

struct Acl;

impl Kind for Acl {
    const COLLECTION: &'static str = "network_acls";
    /// With the attack protection add-on.
    const MOST: usize = 10;

    fn new_id(dice: &mut Dice) -> String {
        id::long_prefixed("acl", dice)
    }

    fn missing(_: &str) -> Fault {
        Fault::not_found("The network ACL does not exist.")
    }

    fn is_id(id: &str) -> Result<(), Fault> {
        let rest = id.strip_prefix("acl_").filter(|rest| rest.len() == 22);
        if rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Ok(());
        }
        let message = "Network ACL id is not a valid ACL ID in the form 'acl_XXXXXXXXXXXXXXXXXXXXXX'";
        Err(Fault::uri(message))
    }

    fn start(context: &mut Context<'_>, _: &str) -> Value {
        json!({"created_at": context.iso()})
    }

    fn accepts(_: &Context<'_>, _: &str, acl: &Object) -> Result<(), Fault> {
        let rule = acl.get("rule");
        for side in ["/match/auth0_managed", "/not_match/auth0_managed"] {
            let names =
                rule.and_then(|rule| rule.pointer(side)).and_then(Value::as_array).into_iter().flatten();
            let names = names.filter_map(Value::as_str);
            let strange: Vec<&str> = names.filter(|name| !CURATED.contains(name)).collect();
            if !strange.is_empty() {
                let (strange, known) = (strange.join(", "), CURATED.join(", "));
                let message = format!(
                    "Invalid curated list name(s): {strange}. Allowed curated list names are: {known}"
                );
                return Err(Fault::invalid_body(message));
            }
        }
        Ok(())
    }
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    page::offset(context.call, "network_acls", &many::all::<Acl>(context))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut acl = many::found::<Acl>(context)?.shown.clone();
    acl.insert("tenant_id".to_owned(), context.options().name.as_str().into());
    acl.insert("deleted_at".to_owned(), Value::Null);
    Ok(Reply::ok(acl))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::remove::<Acl>(context)?;
    Ok(Reply::ok(json!({"code": 204, "object": ""})))
}
