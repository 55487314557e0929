//! The second factors of users as Guardian sees them, and what resets them.

use serde_json::{Value, json};

use super::{documents, roles::USERS, users};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    access::{METHODS, NewMethod},
    check::{Rule, TEXT, may, need, text},
    limit::Group,
    operations::{delete, get, post},
    secret,
    state::Object,
};

const UPDATE: &[&str] = &["update:users"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/users/{id}/enrollments",
        "Get the First Confirmed Multi-factor Authentication (MFA) Enrollment",
        &["read:users", "read:current_user"],
        list_of_user,
    )
    .group(Group::UsersRead),
    delete(
        "/users/{id}/authenticators",
        "Delete All Authenticators",
        &["delete:guardian_enrollments"],
        remove_all,
    )
    .group(Group::UsersWrite),
    delete(
        "/users/{id}/multifactor/{provider}",
        "Delete a User's Multi-factor Provider",
        UPDATE,
        remove_provider,
    )
    .group(Group::UsersWrite),
    post(
        "/users/{id}/multifactor/actions/invalidate-remember-browser",
        "Invalidate All Remembered Browsers for Multi-factor Authentication (MFA)",
        UPDATE,
        forget_browsers,
    )
    .group(Group::UsersWrite),
    post(
        "/users/{id}/recovery-code-regeneration",
        "Generate New Multi-factor Authentication (MFA) Recovery Code",
        UPDATE,
        new_recovery_code,
    )
    .group(Group::UsersWrite),
    post(
        "/users/{id}/risk-assessments/clear",
        "Clear risk assessment assessors for a specific user",
        UPDATE,
        forget_devices,
    )
    .body(&ASSESSORS)
    .group(Group::UsersWrite),
    post(
        "/guardian/enrollments/ticket",
        "Create a multi-factor authentication enrollment ticket",
        &["create:guardian_enrollment_tickets"],
        ticket,
    )
    .body(&TICKET),
    get(
        "/guardian/enrollments/{id}",
        "Get a multi-factor authentication enrollment",
        &["read:guardian_enrollments"],
        read,
    ),
    delete(
        "/guardian/enrollments/{id}",
        "Delete a multi-factor authentication enrollment",
        &["delete:guardian_enrollments"],
        remove,
    ),
];

static ASSESSOR: Rule = Rule::OneOf(&["new-device"]);
static ASSESSORS: Rule = Rule::Object(&[
    need("connection", text(1, 128)),
    need("assessors", Rule::List { each: &ASSESSOR, min: 1, max: 1, unique: true }),
]);
static TICKET: Rule = Rule::Object(&[
    need("user_id", text(1, 512)),
    may("email", TEXT),
    may("send_mail", Rule::Bool),
    may("email_locale", TEXT),
    may("factor", Rule::OneOf(documents::FACTORS)),
    may("allow_multiple_enrollments", Rule::Bool),
]);

/// The types of methods that are enrollments, and how each proves its user.
const ENROLLED: &[(&str, &str)] = &[
    ("totp", "authenticator"),
    ("phone", "sms"),
    ("push", "guardian"),
    ("guardian", "guardian"),
    ("email", "email"),
    ("webauthn-roaming", "webauthn-roaming"),
    ("webauthn-platform", "webauthn-platform"),
];

/// The part of a method's id that names the enrollment.
fn enrollment_id(method: &Item) -> &str {
    method.id.split_once('|').map_or(method.id.as_str(), |(_, id)| id)
}

/// A method as an enrollment; `None` for one that is none.
fn enrollment(method: &Item) -> Option<Object> {
    let (_, proves) = ENROLLED.iter().find(|(kind, _)| *kind == method.text("type"))?;
    let mut shown = json!({
        "id": enrollment_id(method),
        "status": "confirmed",
        "type": proves,
        "auth_method": proves,
        "name": method.text("name"),
        "enrolled_at": method.text("created_at"),
    });
    let fields = shown.as_object_mut()?;
    for (name, of_method) in
        [("phone_number", "phone_number"), ("identifier", "email"), ("last_auth", "last_auth_at")]
    {
        fields.extend(method.shown.get(of_method).map(|value| (name.to_owned(), value.clone())));
    }
    Some(std::mem::take(fields))
}

fn list_of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = users::found(context)?;
    let first: Vec<Object> = context.state.methods_of(&user.id).filter_map(enrollment).take(1).collect();
    Ok(Reply::ok(json!(first)))
}

fn found<'a>(context: &'a Context<'_>) -> Result<(&'a Item, Object), Fault> {
    let id = context.parameter("id");
    let mut methods = context.state.objects.all(METHODS);
    let method = methods.find(|method| enrollment_id(method) == id);
    let found = method.and_then(|method| Some((method, enrollment(method)?)));
    found.ok_or_else(|| Fault::not_found("Enrollment not found").code("enrollment_not_found"))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (_, mut shown) = found(context)?;
    shown.retain(|name, _| !matches!(name.as_str(), "type" | "auth_method"));
    Ok(Reply::ok(shown))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.0.id.clone();
    context.state.objects.remove(METHODS, &id);
    Ok(Reply::no_content())
}

fn remove_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = users::found(context)?.id.clone();
    context.state.withdraw_all(&id, |method| method.text("type") != "passkey");
    Ok(Reply::no_content())
}

fn remove_provider(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = users::found(context)?.id.clone();
    let provider = context.parameter("provider").to_owned();
    if !["duo", "google-authenticator"].contains(&provider.as_str()) {
        return Err(Fault::uri(format!("'No enum match for: {provider}' on property provider")));
    }
    let (now, kind) = (context.iso(), if provider == "duo" { "duo" } else { "totp" });
    context.state.withdraw_all(&id, |method| method.text("type") == kind);
    if let Some(user) = context.state.objects.find_mut(USERS, &id)
        && let Some(providers) = user.shown.get_mut("multifactor").and_then(Value::as_array_mut)
    {
        providers.retain(|other| *other != provider);
        user.shown.insert("multifactor_last_modified".to_owned(), now.into());
    }
    Ok(Reply::no_content())
}

fn forget_browsers(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = users::found(context)?.id.clone();
    context.state.forget_browsers(&id);
    Ok(Reply::no_content())
}

fn new_recovery_code(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = users::found(context)?.id.clone();
    let code = context.state.dice.text(b"ABCDEFGHJKLMNPQRSTUVWXYZ123456789", 24);
    let hash = secret::hash(&code, &mut context.state.dice);
    let new = NewMethod { user_id: &user_id, kind: "recovery-code", secret: &hash, ..NewMethod::default() };
    context.state.enroll(&new, context.now);
    Ok(Reply::ok(json!({"recovery_code": code})))
}

fn forget_devices(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = users::found(context)?.id.clone();
    context.state.forget_devices(&id);
    Ok(Reply::no_content())
}

fn ticket(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = context.body().get("user_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if context.state.objects.find(USERS, &user_id).is_none() {
        return Err(users::missing());
    }
    let id = context.state.dice.alphanumeric(32);
    let details = context.body();
    context.state.keep_ticket(&id, "enrollment", &user_id, &details, None);
    let base = &context.call.base_url;
    Ok(Reply::ok(json!({"ticket_id": id, "ticket_url": format!("{base}/u/mfa-enrollment?ticket={id}")})))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn user(api: &mut Api) -> (String, String) {
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        let id = user["user_id"].as_str().unwrap();
        (id.to_owned(), format!("/users/{}", id.replace('|', "%7C")))
    }

    #[test]
    fn an_enrollment_is_seen_and_deleted() {
        let mut api = Api::new();
        let (_, path) = user(&mut api);
        assert_eq!(api.get(&format!("{path}/enrollments"), 200), json!([]));
        let totp = json!({"type": "totp", "totp_secret": "AAAA", "name": "App"});
        api.post(&format!("{path}/authentication-methods"), totp, 201);
        let listed = api.get(&format!("{path}/enrollments"), 200);
        assert_eq!(
            (&listed[0]["auth_method"], &listed[0]["status"]),
            (&json!("authenticator"), &json!("confirmed"))
        );
        let one = format!("/guardian/enrollments/{}", listed[0]["id"].as_str().unwrap());
        assert_eq!(api.get(&one, 200)["name"], "App");
        api.delete(&one, None, 204);
        assert_eq!(api.get(&one, 404)["errorCode"], "enrollment_not_found");
        assert_eq!(api.delete(&one, None, 404)["errorCode"], "enrollment_not_found");
    }

    #[test]
    fn factors_are_reset_by_provider_or_all() {
        let mut api = Api::new();
        let (id, path) = user(&mut api);
        let methods = format!("{path}/authentication-methods");
        api.post(&methods, json!({"type": "totp", "totp_secret": "AAAA"}), 201);
        api.post(&methods, json!({"type": "email", "email": "pat@example.com"}), 201);
        let user = api.tenant.state_mut().objects.find_mut(USERS, &id).unwrap();
        user.shown.insert("multifactor".to_owned(), json!(["google-authenticator"]));
        api.delete(&format!("{path}/multifactor/other"), None, 400);
        api.delete(&format!("{path}/multifactor/google-authenticator"), None, 204);
        assert_eq!(api.get(&path, 200)["multifactor"], json!([]));
        assert_eq!(api.get(&methods, 200).as_array().unwrap().len(), 1);
        api.delete(&format!("{path}/authenticators"), None, 204);
        assert_eq!(api.get(&methods, 200), json!([]));
    }

    #[test]
    fn a_new_recovery_code_takes_the_place_of_the_old() {
        let mut api = Api::new();
        let (_, path) = user(&mut api);
        let codes = format!("{path}/recovery-code-regeneration");
        let (old, new) = (api.post(&codes, json!({}), 200), api.post(&codes, json!({}), 200));
        assert_ne!(old, new);
        let mut methods = api.tenant.state().objects.all(METHODS);
        let hash = methods.next().unwrap().hidden_text("secret").to_owned();
        assert!(secret::matches(new["recovery_code"].as_str().unwrap(), &hash) && methods.next().is_none());
        let logged = format!("{:?}", api.tenant.state().records.all().collect::<Vec<_>>());
        assert!(!logged.contains(new["recovery_code"].as_str().unwrap()));
    }

    #[test]
    fn known_devices_and_browsers_are_forgotten() {
        let mut api = Api::new();
        let (id, path) = user(&mut api);
        api.tenant.state_mut().remember_device(&id, "f");
        api.tenant.state_mut().remember_browser(&id, "b");
        let clear = format!("{path}/risk-assessments/clear");
        api.post(&clear, json!({"connection": DATABASE, "assessors": ["other"]}), 400);
        api.post(&clear, json!({"connection": DATABASE, "assessors": ["new-device"]}), 204);
        assert!(!api.tenant.state().knows_device(&id, "f") && api.tenant.state().remembers_browser(&id, "b"));
        api.post(&format!("{path}/multifactor/actions/invalidate-remember-browser"), json!({}), 204);
        assert!(!api.tenant.state().remembers_browser(&id, "b"));
        api.post(
            "/users/none/risk-assessments/clear",
            json!({"connection": "x", "assessors": ["new-device"]}),
            404,
        );
    }

    #[test]
    fn an_enrollment_ticket_is_for_a_user_and_a_factor() {
        let mut api = Api::new();
        let (id, _) = user(&mut api);
        let made = api.post("/guardian/enrollments/ticket", json!({"user_id": id, "factor": "otp"}), 200);
        assert!(made["ticket_url"].as_str().unwrap().ends_with(made["ticket_id"].as_str().unwrap()));
        assert!(
            api.tenant
                .state_mut()
                .take_ticket(made["ticket_id"].as_str().unwrap(), "enrollment", api.now)
                .is_some()
        );
        api.post("/guardian/enrollments/ticket", json!({"user_id": "none"}), 404);
        api.post("/guardian/enrollments/ticket", json!({"user_id": id, "factor": "none"}), 400);
    }
}
