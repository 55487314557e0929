//! Passwords and other authentication methods.

use countersign_auth0::{
    Dictionary,
    management::{AuthenticationMethodId, UserId, authentication_methods, tickets, users},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Back, FaultCode, Forever, Kind, OneUser, RANDOM, Scope, Write,
    access::{block_write, is_blocked, look},
    draft::Draft,
    wants::Wants,
};
use crate::{Claim, Keep, Look, Part, Template};

/// One authentication method of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The user.
    pub user: UserId,
    /// The method.
    pub factor: AuthenticationMethodId,
}

/// The database that keeps a user's password, by its name.
fn database(user: &Value) -> Option<&str> {
    let identities = user.get("identities")?.as_array()?;
    let kept = identities.iter().find(|identity| identity.get("provider") == Some(&json!("auth0")))?;
    kept.get("connection")?.as_str()
}

impl OneUser {
    /// Sets a password that nobody learns, and makes an address for a new one. Where the user is blocked, the block is set
    /// again after it, because the first lifts it.
    pub(super) fn plan_password_reset(&self, draft: &mut Draft<'_>) {
        let Some(user) = draft.document(&users::get(&self.user), "user") else { return };
        if !draft.touch(format!("password {}", self.user), "user") {
            return;
        }
        let Some(connection) = database(user) else {
            let right = "only a user of a database has a password; end sessions, or block";
            return draft.fault("user", FaultCode::Unfit, right);
        };
        let was_blocked = user.get("blocked") == Some(&json!(true)) && !draft.unblocked.contains(&self.user);
        let claims = vec![Claim::has("/identities", "/connection", [connection]), is_blocked(was_blocked)];
        let mut write = Write::of(
            &users::update(&self.user, Dictionary::default()),
            vec![look(&self.user, claims)],
            vec![],
        );
        write.is_blind = true;
        let step = draft.step(
            Kind::ResetPassword,
            Scope::user(&self.user),
            write,
            Back::Irreversible(Forever::Password),
        );
        let secret = format!("{RANDOM}{}", step.name);
        let body =
            Part::object([("password", Part::secret(&secret, "")), ("connection", Part::text(connection))]);
        draft.steps.push(step.with_body(body));
        if was_blocked {
            draft.tally.blocked_again += 1;
            let write = block_write(&self.user, true);
            draft.push(Kind::BlockUser, Scope::user(&self.user), write, Back::Kept);
        }
        self.plan_ticket(draft);
    }

    fn plan_ticket(&self, draft: &mut Draft<'_>) {
        let fields = json!({"user_id": self.user, "mark_email_as_verified": false});
        let fields = fields.as_object().cloned().unwrap_or_default();
        let request = tickets::change_password(Dictionary::from(fields));
        let mut write = Write::of(&request, vec![look(&self.user, vec![])], vec![]);
        write.is_blind = true;
        let back = Back::Irreversible(Forever::Ticket);
        let mut step = draft.step(Kind::MakeResetTicket, Scope::user(&self.user), write, back);
        step.write.keeps = vec![Keep::secret(&step.name, "/ticket")];
        draft.tally.tickets += 1;
        draft.last.push(step);
    }

    /// What has to be read to remove methods.
    pub(super) fn reads_methods(&self, wants: &mut Wants) {
        wants.read(authentication_methods::list(&self.user));
    }

    /// Removes all methods.
    pub(super) fn plan_reset_mfa(&self, draft: &mut Draft<'_>) {
        let list = authentication_methods::list(&self.user);
        let Some(methods) = draft.list(&list, "user") else { return };
        if !draft.touch(format!("methods {}", self.user), "user") {
            return;
        }
        if draft.is_touched(&format!("some method {}", self.user)) {
            let right = "either some methods are removed, or all are";
            return draft.fault("user", FaultCode::Twice, right);
        }
        let ids = ids(methods, |_| true);
        // Why: the password is listed among them, and is not one that can be reset so.
        let removed = ids_of_factors(methods);
        if removed.is_empty() {
            draft.tally.so_already += 1;
            return;
        }
        let read = || Template::of(list.any());
        let write = Write::of(
            &authentication_methods::delete_all(&self.user),
            vec![Look::at(read(), vec![Claim::set("", "/id", &ids)])],
            vec![Look::at(read(), vec![Claim::lacks("", "/id", &removed)])],
        );
        draft.push(Kind::ResetMfa, Scope::user(&self.user), write, Back::Irreversible(Forever::Enroll));
    }
}

fn ids(methods: &[Value], keep: fn(&str) -> bool) -> Vec<String> {
    let kept =
        methods.iter().filter(|method| keep(method.get("type").and_then(Value::as_str).unwrap_or_default()));
    kept.filter_map(|method| Some(method.get("id")?.as_str()?.to_owned())).collect()
}

fn ids_of_factors(methods: &[Value]) -> Vec<String> {
    ids(methods, |kind| kind != "password")
}

impl Factor {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(authentication_methods::list(&self.user));
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        let list = authentication_methods::list(&self.user);
        let Some(methods) = draft.list(&list, "user") else { return };
        if !draft.touch(format!("method {} {}", self.user, self.factor), "factor") {
            return;
        }
        if draft.is_touched(&format!("methods {}", self.user)) {
            let right = "either some methods are removed, or all are";
            return draft.fault("factor", FaultCode::Twice, right);
        }
        draft.mark(format!("some method {}", self.user));
        if !ids_of_factors(methods).iter().any(|id| id == self.factor.as_str()) {
            return draft.fault("factor", FaultCode::Absent, "it has to be a factor that the user has");
        }
        let read = || Template::of(list.any());
        let only = [self.factor.as_str()];
        let write = Write::of(
            &authentication_methods::delete(&self.user, &self.factor),
            vec![Look::at(read(), vec![Claim::has("", "/id", only)])],
            vec![Look::at(read(), vec![Claim::lacks("", "/id", only)])],
        );
        let back = Back::Irreversible(Forever::Enroll);
        draft.push(Kind::RemoveFactor, Scope::user(&self.user), write, back);
    }
}
