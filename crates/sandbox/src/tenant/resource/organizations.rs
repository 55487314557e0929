//! Organizations: the companies whose people log in.

use serde_json::{Value, json};

use super::{
    organization_access, organization_connections, organization_domains, organization_invitations,
    organization_members,
};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{Rule, list as list_of, may, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::Object,
};

/// The collection: ids are `org_` and 16 characters.
pub const ORGANIZATIONS: &str = "organizations";

/// The most organizations of a tenant (Auth0: "Entity limit policy").
const MOST: usize = 100_000;

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/organizations", "Get organizations", &["read:organizations", "read:organizations_summary"], list)
        .group(Group::OrganizationsRead),
    post(
        "/organizations",
        "Create an Organization",
        &["create:organizations", "create:organization_connections"],
        create,
    )
    .body(&CREATE)
    .group(Group::OrganizationsWrite),
    get("/organizations/name/{name}", "Get organization by name", &["read:organizations"], read_by_name)
        .group(Group::OrganizationsRead),
    get(
        "/organizations/{id}",
        "Get organization",
        &["read:organizations", "read:organizations_summary"],
        read,
    )
    .group(Group::OrganizationById),
    patch("/organizations/{id}", "Modify an Organization", &["update:organizations"], update)
        .body(&UPDATE)
        .group(Group::OrganizationsWrite),
    delete("/organizations/{id}", "Delete organization", &["delete:organizations"], remove)
        .group(Group::OrganizationsWrite),
];

/// Lower-case letters, digits, `_` and `-`, the first a letter or digit.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    name.len() <= 50
        && name.starts_with(|c: char| allowed(c) && c != '_' && c != '-')
        && name.chars().all(allowed)
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_logo(text: &str) -> bool {
    text.is_empty() || (text.starts_with("https://") && text.len() > "https://".len())
}

static NAME: Rule = Rule::Pattern("^[a-z0-9][a-z0-9_-]{0,49}$", is_name);
static VALUE: Rule = text(0, 255);
static ANY_OBJECT: Rule = Rule::Open(&[]);
static COLOR: Rule = Rule::Pattern("^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", is_color);
static COLORS: Rule = Rule::Object(&[need("primary", COLOR), need("page_background", COLOR)]);
static BRANDING: Rule = Rule::Object(&[
    may("logo_url", Rule::Nullable(&Rule::Format("absolute-https-uri-or-empty", is_logo))),
    may("colors", Rule::Nullable(&COLORS)),
]);
static QUOTA: Rule = Rule::Object(&[need("client_credentials", ANY_OBJECT)]);

macro_rules! settings {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("display_name", text(1, 255)),
            may("branding", Rule::Nullable(&BRANDING)),
            may("metadata", Rule::Map { each: &VALUE, max: 25 }),
            may("token_quota", Rule::Nullable(&QUOTA)),
            may("third_party_client_access", Rule::OneOf(&["block", "allow"])),
            may("is_app_entitlement_active", Rule::Bool),
        ])
    };
}

static CREATE: Rule = settings!(
    need("name", NAME),
    may("enabled_connections", list_of(&organization_connections::ENABLED, organization_connections::MOST))
);
static UPDATE: Rule = settings!(may("name", NAME));

/// The organization that the path names.
///
/// # Errors
/// 404 when there is none.
pub fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let organization = context.state.objects.find(ORGANIZATIONS, context.parameter("id"));
    organization.ok_or_else(missing)
}

fn missing() -> Fault {
    Fault::not_found("No organization found by that id or name")
}

/// An organization as lists of other resources show it.
pub fn brief(organization: &Item) -> Object {
    let named =
        ["id", "name", "display_name", "branding", "metadata", "token_quota", "third_party_client_access"];
    named
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), organization.shown.get(name)?.clone())))
        .collect()
}

/// What the caller may read of an organization: with a summary's scope alone its names.
fn readable(context: &Context<'_>, organization: &Item) -> Object {
    let mut shown = organization.shown.clone();
    if !context.caller.has("read:organizations") {
        shown.retain(|name, _| matches!(name.as_str(), "id" | "name" | "display_name"));
    }
    shown
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut organizations: Vec<&Item> = context.state.objects.all(ORGANIZATIONS).collect();
    if let Some((name, direction)) = context.call.query("sort").and_then(|sort| sort.split_once(':')) {
        // Why: they are kept in the order in which they were created, which no field shows.
        if name != "created_at" {
            organizations.sort_by(|one, other| one.text(name).cmp(other.text(name)));
        }
        if direction == "-1" {
            organizations.reverse();
        }
    }
    let client = context.call.query("include_client_association_for");
    let shown = organizations.into_iter().map(|organization| {
        let mut shown = readable(context, organization);
        if let Some(access) =
            client.and_then(|client| organization_access::client_of(context.state, &organization.id, client))
        {
            shown.insert("client".to_owned(), json!({"use_for_member_access": access}));
        }
        shown
    });
    let shown: Vec<Object> = shown.collect();
    page::either(context.call, "organizations", "id", &shown)
}

/// Refuses a name that another organization has.
fn check_name(context: &Context<'_>, own: &str, body: &Object) -> Result<(), Fault> {
    let Some(name) = body.get("name").and_then(Value::as_str) else { return Ok(()) };
    let mut others = context.state.objects.all(ORGANIZATIONS).filter(|other| other.id != own);
    if others.any(|other| other.text("name") == name) {
        return Err(Fault::conflict("An organization with this name already exists."));
    }
    Ok(())
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    check_name(context, "", &shown)?;
    if context.state.objects.count(ORGANIZATIONS) >= MOST {
        return Err(Fault::new(403, format!("You reached the limit of {MOST} organizations")));
    }
    let id = id::prefixed("org", &mut context.state.dice);
    let connections = shown.remove("enabled_connections");
    let enabled: Vec<Object> = connections
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|connection| {
            organization_connections::enable(context, &id, connection.as_object()?).transpose()
        })
        .collect::<Result<_, _>>()
        .inspect_err(|_| organization_connections::forget(context.state, &id))?;
    shown.insert("id".to_owned(), id.as_str().into());
    shown.entry("third_party_client_access").or_insert_with(|| "block".into());
    shown.entry("is_app_entitlement_active").or_insert(Value::Bool(false));
    shown.retain(|_, value| !value.is_null());
    context.state.objects.insert(ORGANIZATIONS, Item { id, shown: shown.clone(), hidden: Object::new() });
    if connections.is_some() {
        shown.insert("enabled_connections".to_owned(), enabled.into());
    }
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let organization = found(context)?;
    Ok(Reply::ok(readable(context, organization)))
}

fn read_by_name(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = context.parameter("name");
    let mut all = context.state.objects.all(ORGANIZATIONS);
    let organization = all.find(|organization| organization.text("name") == name).ok_or_else(missing)?;
    Ok(Reply::ok(organization.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    check_name(context, &id, &body)?;
    let organization = context.state.objects.find_mut(ORGANIZATIONS, &id);
    let shown = organization.map(|organization| {
        super::merge(&mut organization.shown, body);
        if organization.shown.get("metadata") == Some(&json!({})) {
            organization.shown.remove("metadata");
        }
        organization.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.objects.remove(ORGANIZATIONS, &id);
    organization_connections::forget(context.state, &id);
    organization_members::forget(context.state, &id);
    organization_invitations::forget(context.state, &id);
    organization_domains::forget(context.state, &id);
    organization_access::forget(context.state, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn an_organization_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let made = api.post("/organizations", json!({"name": "acme", "display_name": "Acme"}), 201);
        assert_eq!(made["third_party_client_access"], "block");
        let path = format!("/organizations/{}", made["id"].as_str().unwrap());
        assert_eq!(
            (api.get(&path, 200), api.get("/organizations/name/acme", 200)),
            (made.clone(), made.clone())
        );
        assert_eq!(api.get("/organizations?take=5", 200), json!({"organizations": [made]}));
        let changed = api.patch(&path, json!({"name": "acme-2", "metadata": {"a": "1"}}), 200);
        assert_eq!((&changed["name"], &changed["metadata"]), (&json!("acme-2"), &json!({"a": "1"})));
        assert!(api.patch(&path, json!({"metadata": {}}), 200).get("metadata").is_none());
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["message"], "No organization found by that id or name");
        api.get("/organizations/name/acme-2", 404);
    }

    #[test]
    fn names_metadata_and_branding_keep_their_rules() {
        let mut api = Api::new();
        let many: Object = (0..26).map(|n| (n.to_string(), json!("x"))).collect();
        let other = api.post("/organizations", json!({"name": "taken"}), 201)["id"].clone();
        for body in [
            json!({"name": "Acme"}),
            json!({"name": "-acme"}),
            json!({"name": "a".repeat(51)}),
            json!({"name": "acme", "metadata": many}),
            json!({"name": "acme", "metadata": {"a": 1}}),
            json!({"name": "acme", "metadata": {"a": "x".repeat(256)}}),
            json!({"name": "acme", "branding": {"colors": {"primary": "#fff"}}}),
            json!({"name": "acme", "branding": {"logo_url": "http://example.com/logo.png"}}),
        ] {
            assert_eq!(api.post("/organizations", body, 400)["errorCode"], "invalid_body");
        }
        api.post("/organizations", json!({"name": "taken"}), 409);
        api.patch(&format!("/organizations/{}", other.as_str().unwrap()), json!({"name": "taken"}), 200);
    }

    #[test]
    fn organizations_are_sorted_as_asked() {
        let mut api = Api::new();
        for name in ["b", "c", "a"] {
            api.post("/organizations", json!({"name": name}), 201);
        }
        let names = |list: Value| -> String {
            list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
        };
        assert_eq!(names(api.get("/organizations?sort=name:1", 200)), "abc");
        assert_eq!(names(api.get("/organizations?sort=created_at:-1", 200)), "acb");
    }

    #[test]
    fn an_organization_may_begin_with_connections() {
        let mut api = Api::new();
        let connection =
            api.post("/connections", json!({"name": "db", "strategy": "auth0"}), 201)["id"].clone();
        let enabled = json!([{"connection_id": connection, "assign_membership_on_login": true}]);
        let made = api.post("/organizations", json!({"name": "acme", "enabled_connections": enabled}), 201);
        assert_eq!(made["enabled_connections"][0]["connection"], json!({"name": "db", "strategy": "auth0"}));
        let wrong = json!([{"connection_id": "con_none"}]);
        api.post("/organizations", json!({"name": "other", "enabled_connections": wrong}), 404);
        api.get("/organizations/name/other", 404);
    }
}
