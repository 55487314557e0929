//! Invitations to organizations.

use countersign_core::Micros;
use serde_json::{Value, json};

use super::{clients, organization_connections, organizations::found, roles::ROLES};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{Rule, list as list_of, may, need, text},
    id,
    operations::{delete, get, post},
    page,
    state::{Object, State},
    token::CLIENTS,
};

/// The collection: ids are `uinv_` and 16 characters.
pub const INVITATIONS: &str = "organization_invitations";

/// How long an invitation is open when nobody says: a week.
const USUAL_SECONDS: i64 = 604_800;

/// The longest that it may be open: 30 days.
const MOST_SECONDS: i64 = 2_592_000;

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/organizations/{id}/invitations",
        "Get invitations to an organization",
        &["read:organization_invitations"],
        list,
    )
    .group(Group::Invitations),
    post(
        "/organizations/{id}/invitations",
        "Create invitations to an organization",
        &["create:organization_invitations"],
        create,
    )
    .body(&CREATE)
    .group(Group::Invitations),
    get(
        "/organizations/{id}/invitations/{invitation_id}",
        "Get a specific invitation to an Organization",
        &["read:organization_invitations"],
        read,
    )
    .group(Group::Invitations),
    delete(
        "/organizations/{id}/invitations/{invitation_id}",
        "Delete an invitation to an Organization",
        &["delete:organization_invitations"],
        remove,
    )
    .group(Group::Invitations),
];

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

static ANY_OBJECT: Rule = Rule::Open(&[]);
static INVITER: Rule = Rule::Object(&[need("name", text(1, 300))]);
static INVITEE: Rule = Rule::Object(&[need("email", Rule::Format("email", is_email))]);
static ID: Rule = text(1, 50);
static CREATE: Rule = Rule::Object(&[
    need("inviter", INVITER),
    need("invitee", INVITEE),
    need("client_id", text(1, 512)),
    may("connection_id", text(1, 50)),
    may("app_metadata", ANY_OBJECT),
    may("user_metadata", ANY_OBJECT),
    may("ttl_sec", Rule::Integer { min: 0, max: MOST_SECONDS }),
    may("roles", list_of(&ID, 50)),
    may("send_invitation_email", Rule::Bool),
]);

fn of_organization<'a>(state: &'a State, organization: &str) -> impl DoubleEndedIterator<Item = &'a Item> {
    state.objects.all(INVITATIONS).filter(move |item| item.text("organization_id") == organization)
}

/// Takes back all invitations to an organization.
pub fn forget(state: &mut State, organization: &str) {
    let ids: Vec<String> = of_organization(state, organization).map(|item| item.id.clone()).collect();
    for id in ids {
        state.objects.remove(INVITATIONS, &id);
    }
}

fn invitation(context: &Context<'_>) -> Result<Item, Fault> {
    let organization = found(context)?;
    let item = context.state.objects.find(INVITATIONS, context.parameter("invitation_id"));
    let item = item.filter(|item| item.text("organization_id") == organization.id);
    let missing = || Fault::not_found("The invitation does not exist.").code("inexistent_invitation");
    item.cloned().ok_or_else(missing)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let mut shown: Vec<&Object> = of_organization(context.state, &id).map(|item| &item.shown).collect();
    if context.call.query("sort") == Some("created_at:-1") {
        shown.reverse();
    }
    let mut reply = page::offset(context.call, "invitations", &shown)?;
    // Why: this list alone doesn't say how many there are.
    if let Some(body) = reply.body.as_mut().and_then(Value::as_object_mut) {
        body.remove("total");
    }
    Ok(reply)
}

/// The address at which the invitation is taken up: the client's login address with what it needs to know.
fn address(login: &str, ticket: &str, organization: &Item) -> String {
    let separator = if login.contains('?') { '&' } else { '?' };
    let (id, name) = (&organization.id, organization.text("name"));
    format!("{login}{separator}invitation={ticket}&organization={id}&organization_name={name}")
}

/// The login address of the client that an invitation leads to.
fn login_address(context: &Context<'_>, client_id: &str) -> Result<String, Fault> {
    let client = context.state.objects.find(CLIENTS, client_id).ok_or_else(clients::missing)?;
    if client.text("organization_usage") == "deny" {
        return Err(Fault::invalid_body("The client does not support organizations"));
    }
    match client.text("initiate_login_uri") {
        "" => Err(Fault::invalid_body("A default login route is required to generate the invitation url")),
        login => Ok(login.to_owned()),
    }
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let organization = found(context)?.clone();
    let mut shown = context.body();
    let text = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
    let login = login_address(context, text("client_id"))?;
    let connection = text("connection_id");
    if !connection.is_empty()
        && !organization_connections::is_enabled(context.state, &organization.id, connection)
    {
        return Err(Fault::invalid_body("The connection is not enabled for the organization"));
    }
    if context.texts("roles").iter().any(|role| context.state.objects.find(ROLES, role).is_none()) {
        return Err(Fault::invalid_body("One or more of the roles do not exist"));
    }
    let seconds = shown.remove("ttl_sec").and_then(|seconds| seconds.as_i64()).filter(|seconds| *seconds > 0);
    let lifetime: Micros = seconds.unwrap_or(USUAL_SECONDS).saturating_mul(1_000_000);
    shown.remove("send_invitation_email");
    let id = id::prefixed("uinv", &mut context.state.dice);
    let ticket = context.state.dice.alphanumeric(32);
    for (name, value) in [
        ("id", json!(id)),
        ("organization_id", json!(organization.id)),
        ("invitation_url", json!(address(&login, &ticket, &organization))),
        ("ticket_id", json!(ticket)),
        ("created_at", json!(context.iso())),
        ("expires_at", json!(id::iso(context.now.plus(lifetime)))),
    ] {
        shown.insert(name.to_owned(), value);
    }
    context.state.objects.insert(INVITATIONS, Item { id, shown: shown.clone(), hidden: Object::new() });
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(page::fields(context.call, &invitation(context)?.shown)))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = invitation(context)?.id;
    context.state.objects.remove(INVITATIONS, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    /// The path of an organization's invitations, and the body of one.
    fn prepared(api: &mut Api) -> (String, Value) {
        let made = api.post("/organizations", json!({"name": "acme"}), 201);
        let login = json!({"name": "Portal", "initiate_login_uri": "https://app.example.com/login"});
        let client = api.post("/clients", login, 201)["client_id"].clone();
        let body =
            json!({"inviter": {"name": "Pat"}, "invitee": {"email": "kim@example.com"}, "client_id": client});
        (format!("/organizations/{}/invitations", made["id"].as_str().unwrap()), body)
    }

    #[test]
    fn an_invitation_is_made_read_and_taken_back() {
        let mut api = Api::new();
        let (list, body) = prepared(&mut api);
        let made = api.post(&list, body, 201);
        let address = made["invitation_url"].as_str().unwrap();
        assert!(address.starts_with("https://app.example.com/login?invitation="));
        assert!(address.ends_with("&organization_name=acme"));
        assert_eq!(made["expires_at"], "2026-08-27T08:00:00.000Z");
        let path = format!("{list}/{}", made["id"].as_str().unwrap());
        assert_eq!(api.get(&path, 200), made);
        let listed = api.get(&format!("{list}?include_totals=true"), 200);
        assert_eq!((&listed["invitations"], listed.get("total")), (&json!([made]), None));
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_invitation");
    }

    #[test]
    fn an_invitation_needs_a_client_an_address_and_what_it_names() {
        let mut api = Api::new();
        let (list, body) = prepared(&mut api);
        let plain = api.post("/clients", json!({"name": "No login"}), 201)["client_id"].clone();
        for (name, value, status) in [
            ("client_id", json!("nobody"), 404),
            ("client_id", plain, 400),
            ("invitee", json!({"email": "kim"}), 400),
            ("ttl_sec", json!(2_592_001), 400),
            ("roles", json!(["rol_none"]), 400),
            ("connection_id", json!("con_none"), 400),
        ] {
            let mut wrong = body.clone();
            wrong[name] = value;
            api.post(&list, wrong, status);
        }
    }

    #[test]
    fn the_newest_come_first_when_asked() {
        let mut api = Api::new();
        let (list, body) = prepared(&mut api);
        let ids: Vec<Value> = (0..2).map(|_| api.post(&list, body.clone(), 201)["id"].clone()).collect();
        let newest = api.get(&format!("{list}?sort=created_at:-1&fields=id"), 200);
        assert_eq!(newest, json!([{"id": ids[1]}, {"id": ids[0]}]));
    }
}
