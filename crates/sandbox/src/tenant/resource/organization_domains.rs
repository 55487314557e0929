//! The domains by which an organization is found when its people give their e-mail address.

use serde_json::{Value, json};

use super::organizations::found;
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, may, need},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
};

/// The collection: ids are `ord_` and 22 characters; the organization is hidden.
pub const DOMAINS: &str = "organization_discovery_domains";

/// The most domains of an organization (Auth0: "Entity limit policy").
const MOST: usize = 100;

const READ: &[&str] = &["read:organization_discovery_domains"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/organizations/{id}/discovery-domains", "Get discovery domains of an organization", READ, list),
    post(
        "/organizations/{id}/discovery-domains",
        "Create a discovery domain of an organization",
        &["create:organization_discovery_domains"],
        create,
    )
    .body(&CREATE),
    get(
        "/organizations/{id}/discovery-domains/name/{discovery_domain}",
        "Get a discovery domain of an organization by name",
        READ,
        read_by_name,
    ),
    get("/organizations/{id}/discovery-domains/{discovery_domain_id}", "Get a discovery domain", READ, read),
    patch(
        "/organizations/{id}/discovery-domains/{discovery_domain_id}",
        "Update a discovery domain of an organization",
        &["update:organization_discovery_domains"],
        update,
    )
    .body(&UPDATE),
    delete(
        "/organizations/{id}/discovery-domains/{discovery_domain_id}",
        "Delete a discovery domain of an organization",
        &["delete:organization_discovery_domains"],
        remove,
    ),
];

fn is_domain(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 255 && text.contains('.') && text.split('.').all(label)
}

static STATUS: Rule = Rule::OneOf(&["pending", "verified"]);
static CREATE: Rule = Rule::Object(&[
    need("domain", Rule::Format("domain", is_domain)),
    may("status", STATUS),
    may("use_for_organization_discovery", Rule::Bool),
]);
static UPDATE: Rule =
    Rule::Object(&[may("status", STATUS), may("use_for_organization_discovery", Rule::Bool)]);

fn of_organization<'a>(state: &'a State, organization: &str) -> impl Iterator<Item = &'a Item> {
    state.objects.all(DOMAINS).filter(move |domain| domain.hidden_text("organization_id") == organization)
}

/// Takes all domains from an organization.
pub fn forget(state: &mut State, organization: &str) {
    let ids: Vec<String> = of_organization(state, organization).map(|domain| domain.id.clone()).collect();
    for id in ids {
        state.objects.remove(DOMAINS, &id);
    }
}

fn missing() -> Fault {
    Fault::not_found("No organization domain found by that id")
}

fn domain(context: &Context<'_>) -> Result<Item, Fault> {
    let organization = found(context)?;
    let domain = context.state.objects.find(DOMAINS, context.parameter("discovery_domain_id"));
    domain
        .filter(|domain| domain.hidden_text("organization_id") == organization.id)
        .cloned()
        .ok_or_else(missing)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let shown: Vec<&Object> = of_organization(context.state, &id).map(|domain| &domain.shown).collect();
    page::checkpoint(context.call, "domains", "id", &shown)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let organization = found(context)?.id.clone();
    let mut shown = context.body();
    let name = shown.get("domain").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if of_organization(context.state, &organization).any(|domain| domain.text("domain") == name) {
        return Err(Fault::conflict("The organization already has this domain"));
    }
    if of_organization(context.state, &organization).count() >= MOST {
        return Err(Fault::invalid_body(format!(
            "An organization can't have more than {MOST} discovery domains"
        )));
    }
    let id = id::long_prefixed("ord", &mut context.state.dice);
    let proof = context.state.dice.hex(32);
    for (field, value) in [
        ("id", json!(id)),
        ("verification_host", json!(format!("_ss-verification.{organization}.{name}"))),
        ("verification_txt", json!(proof)),
        ("domain", json!(name)),
    ] {
        shown.insert(field.to_owned(), value);
    }
    shown.entry("status").or_insert_with(|| "pending".into());
    shown.entry("use_for_organization_discovery").or_insert(Value::Bool(true));
    let hidden = [("organization_id".to_owned(), organization.into())].into_iter().collect();
    context.state.objects.insert(DOMAINS, Item { id, shown: shown.clone(), hidden });
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(domain(context)?.shown))
}

fn read_by_name(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let organization = found(context)?.id.clone();
    let name = context.parameter("discovery_domain").to_ascii_lowercase();
    let domain = of_organization(context.state, &organization).find(|domain| domain.text("domain") == name);
    Ok(Reply::ok(domain.ok_or_else(missing)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = domain(context)?;
    item.shown.extend(context.body());
    let shown = item.shown.clone();
    context.state.objects.insert(DOMAINS, item);
    Ok(Reply::ok(shown))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    found(context)?;
    if let Ok(domain) = domain(context) {
        context.state.objects.remove(DOMAINS, &domain.id);
    }
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn domains(api: &mut Api, name: &str) -> String {
        let made = api.post("/organizations", json!({"name": name}), 201);
        format!("/organizations/{}/discovery-domains", made["id"].as_str().unwrap())
    }

    #[test]
    fn a_domain_is_made_read_verified_and_removed() {
        let mut api = Api::new();
        let list = domains(&mut api, "acme");
        let made = api.post(&list, json!({"domain": "acme.example.com"}), 201);
        assert_eq!(
            (&made["status"], &made["use_for_organization_discovery"]),
            (&json!("pending"), &json!(true))
        );
        let host = made["verification_host"].as_str().unwrap();
        assert!(host.starts_with("_ss-verification.org_") && host.ends_with(".acme.example.com"));
        let path = format!("{list}/{}", made["id"].as_str().unwrap());
        assert_eq!(
            (api.get(&path, 200), api.get(&format!("{list}/name/acme.example.com"), 200)),
            (made.clone(), made.clone())
        );
        assert_eq!(api.get(&list, 200), json!({"domains": [made]}));
        assert_eq!(api.patch(&path, json!({"status": "verified"}), 200)["status"], "verified");
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["message"], "No organization domain found by that id");
    }

    #[test]
    fn a_domain_must_be_one_and_new_and_is_seen_by_its_organization_alone() {
        let mut api = Api::new();
        let (list, other) = (domains(&mut api, "acme"), domains(&mut api, "other"));
        for wrong in ["acme", "-a.example.com", "a b.example.com", ""] {
            api.post(&list, json!({"domain": wrong}), 400);
        }
        let made = api.post(&list, json!({"domain": "acme.example.com"}), 201);
        api.post(&list, json!({"domain": "ACME.example.com"}), 409);
        api.get(&format!("{other}/{}", made["id"].as_str().unwrap()), 404);
    }

    #[test]
    fn an_organization_has_no_more_than_a_hundred_domains() {
        let mut api = Api::new();
        let list = domains(&mut api, "acme");
        for n in 0..100 {
            api.post(&list, json!({"domain": format!("d{n}.example.com")}), 201);
        }
        api.post(&list, json!({"domain": "more.example.com"}), 400);
    }
}
