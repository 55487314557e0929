//! Sessions, and what ends them. They are a feature of Enterprise plans.

use serde_json::{Value, json};

use super::users;
use crate::tenant::{
    Context, Fault, Item, Operation, Plan, Reply,
    access::SESSIONS,
    check::{Rule, may, need, text},
    limit::Group,
    operations::{delete, get, patch, post},
    page,
    state::Object,
};

const READ: &[&str] = &["read:sessions"];
const DELETE: &[&str] = &["delete:sessions"];
const REVOKE: &[&str] = &["delete:sessions", "delete:refresh_tokens"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/sessions/{id}", "Get session", READ, read),
    patch("/sessions/{id}", "Update session", &["update:sessions"], update).body(&UPDATE),
    delete("/sessions/{id}", "Delete session", DELETE, remove),
    post("/sessions/{id}/revoke", "Revokes a session", REVOKE, revoke),
    get("/users/{user_id}/sessions", "Get sessions for user", READ, list).group(Group::UsersRead),
    delete("/users/{user_id}/sessions", "Delete sessions for user", DELETE, remove_all)
        .group(Group::UsersWrite),
    post("/users/{id}/revoke-access", "Revokes selected resources from a user", REVOKE, revoke_access)
        .body(&ACCESS)
        .group(Group::UsersWrite),
];

/// Metadata of a session or refresh token: up to 25 short texts.
pub static METADATA: Rule = Rule::Nullable(&Rule::Map { each: &METADATA_VALUE, max: 25 });
static METADATA_VALUE: Rule = Rule::Nullable(&text(0, 255));
static UPDATE: Rule = Rule::Object(&[need("session_metadata", METADATA)]);
static ACCESS: Rule =
    Rule::Object(&[may("session_id", text(1, 512)), may("preserve_refresh_tokens", Rule::Bool)]);

/// Refuses plans without sessions.
fn entitled(context: &Context<'_>) -> Result<(), Fault> {
    match context.options().plan {
        Plan::Enterprise | Plan::Unlimited => Ok(()),
        Plan::Free | Plan::Professional => {
            let message = "Please upgrade your subscription to use session management";
            Err(Fault::new(403, message).code("insufficient_entitlement"))
        }
    }
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    entitled(context)?;
    let session = context.state.session(context.parameter("id"), context.now);
    session.ok_or_else(|| Fault::not_found("The session does not exist."))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let (now, body) = (context.iso(), context.body());
    let Some(session) = context.state.objects.find_mut(SESSIONS, &id) else { return Ok(Reply::no_content()) };
    merge_metadata(&mut session.shown, "session_metadata", &body);
    session.shown.insert("updated_at".to_owned(), now.into());
    Ok(Reply::ok(session.shown.clone()))
}

/// Replaces the metadata of a session or refresh token by what a body has; `null` and empty values remove.
pub fn merge_metadata(shown: &mut Object, name: &str, body: &Object) {
    match body.get(name) {
        Some(Value::Object(metadata)) => {
            let mut metadata = metadata.clone();
            metadata.retain(|_, value| !value.is_null());
            shown.insert(name.to_owned(), metadata.into());
        }
        Some(Value::Null) => drop(shown.remove(name)),
        _ => {}
    }
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    entitled(context)?;
    let id = context.parameter("id").to_owned();
    context.state.end_session(&id, context.now);
    Ok(Reply::empty_object(202))
}

fn revoke(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.revoke_session(&id, context.now);
    Ok(Reply::empty_object(202))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    entitled(context)?;
    let user = users::found(context)?;
    let sessions: Vec<&Object> =
        context.state.sessions_of(&user.id, context.now).map(|session| &session.shown).collect();
    page::checkpoint(context.call, "sessions", "id", &sessions)
}

fn remove_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    entitled(context)?;
    let user = users::found(context)?.id.clone();
    context.state.revoke_access(&user, None, true, context.now);
    Ok(Reply::empty_object(202))
}

fn revoke_access(context: &mut Context<'_>) -> Result<Reply, Fault> {
    entitled(context)?;
    let user = users::found(context)?.id.clone();
    let body = context.body();
    let session = body.get("session_id").and_then(Value::as_str);
    if let Some(id) = session {
        let session = context.state.session(id, context.now);
        if session.is_none_or(|session| session.text("user_id") != user) {
            return Err(Fault::invalid_body("The session does not belong to the user"));
        }
    }
    let keeps_tokens = body.get("preserve_refresh_tokens") == Some(&json!(true));
    context.state.revoke_access(&user, session, keeps_tokens, context.now);
    Ok(Reply::empty_object(202))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        access::{Device, NewRefreshToken, NewSession},
        testing::{Api, DATABASE},
    };

    struct Signed {
        api: Api,
        path: String,
        sessions: Vec<String>,
        tokens: Vec<String>,
    }

    /// A user with two sessions, each with a refresh token.
    fn signed_in() -> Signed {
        let mut api = Api::new();
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        let (user_id, now, device) = (user["user_id"].as_str().unwrap(), api.now, Device::default());
        let state = api.tenant.state_mut();
        let (mut sessions, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let hour = 3_600_000_000;
            let new = NewSession {
                user_id,
                client_id: "app",
                device: &device,
                methods: &[],
                idle: hour,
                lifetime: hour,
                is_persistent: false,
            };
            let session = state.begin_session(&new, now);
            let new = NewRefreshToken {
                user_id,
                client_id: "app",
                session_id: Some(&session),
                device: &device,
                is_rotating: false,
                audience: None,
                idle: None,
                lifetime: None,
            };
            tokens.push(state.issue_refresh_token(&new, now));
            sessions.push(session);
        }
        let path = format!("/users/{}", user_id.replace('|', "%7C"));
        Signed { api, path, sessions, tokens }
    }

    impl Signed {
        fn statuses(&mut self) -> [u16; 4] {
            let sessions = self.sessions.iter().map(|id| format!("/sessions/{id}"));
            let tokens = self.tokens.iter().map(|id| format!("/refresh-tokens/{id}"));
            let paths: Vec<String> = sessions.chain(tokens).collect();
            let mut next =
                paths.iter().map(|path| self.api.send(crate::tenant::Method::Get, path, None).status);
            [(); 4].map(|()| next.next().unwrap())
        }
    }

    #[test]
    fn a_session_is_listed_read_and_marked() {
        let mut signed = signed_in();
        let listed = signed.api.get(&format!("{}/sessions?take=1", signed.path), 200);
        assert_eq!(
            (&listed["sessions"][0]["id"], listed["next"].is_string()),
            (&json!(signed.sessions[0]), true)
        );
        let one = format!("/sessions/{}", signed.sessions[0]);
        let marked = signed.api.patch(&one, json!({"session_metadata": {"case": "7", "x": null}}), 200);
        assert_eq!(marked["session_metadata"], json!({"case": "7"}));
        signed.api.patch(&one, json!({"session_metadata": null}), 200);
        assert!(signed.api.get(&one, 200).get("session_metadata").is_none());
        signed.api.patch(&one, json!({"session_metadata": {"x": "y".repeat(256)}}), 400);
        signed.api.get("/sessions/none", 404);
    }

    #[test]
    fn a_deleted_session_leaves_its_tokens_and_a_revoked_one_does_not() {
        let mut signed = signed_in();
        signed.api.delete(&format!("/sessions/{}", signed.sessions[0]), None, 202);
        assert_eq!(signed.statuses(), [404, 200, 200, 200]);
        signed.api.post(&format!("/sessions/{}/revoke", signed.sessions[1]), json!({}), 202);
        assert_eq!(signed.statuses(), [404, 404, 200, 404]);
        signed.api.delete("/sessions/none", None, 202);
        signed.api.post("/sessions/none/revoke", json!({}), 404);
    }

    #[test]
    fn all_sessions_of_a_user_end_after_the_lag() {
        let mut signed = signed_in();
        signed.api.tenant.state_mut().set_lag(1_000_000);
        signed.api.delete(&format!("{}/sessions", signed.path), None, 202);
        assert_eq!(signed.statuses(), [200; 4]);
        signed.api.pass(1_000_000);
        assert_eq!(signed.statuses(), [404, 404, 200, 200]);
        assert_eq!(signed.api.get(&format!("{}/sessions", signed.path), 200), json!({"sessions": []}));
    }

    #[test]
    fn access_is_revoked_for_a_session_or_a_user() {
        let mut signed = signed_in();
        let path = format!("{}/revoke-access", signed.path);
        let session = signed.sessions[0].clone();
        signed.api.post(&path, json!({"session_id": "none"}), 400);
        let body = json!({"session_id": session, "preserve_refresh_tokens": true});
        signed.api.post(&path, body, 202);
        assert_eq!(signed.statuses(), [404, 200, 200, 200]);
        signed.api.post(&path, json!({"session_id": signed.sessions[1]}), 202);
        assert_eq!(signed.statuses(), [404, 404, 200, 404]);
        signed.api.post(&path, json!({}), 202);
        assert_eq!(signed.statuses(), [404; 4]);
        signed.api.post("/users/none/revoke-access", json!({}), 404);
    }

    #[test]
    fn smaller_plans_have_no_sessions() {
        let mut api = Api::on(Plan::Professional);
        for path in ["/sessions/x", "/users/x/sessions"] {
            assert_eq!(api.get(path, 403)["errorCode"], "insufficient_entitlement");
        }
        api.post("/users/x/revoke-access", json!({}), 403);
        api.delete("/sessions/x", None, 403);
        Api::on(Plan::Enterprise).get("/sessions/x", 404);
    }
}
