//! Signing up.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{Order, Outcome, apply, gather, limits::Limit, password::SHORTEST, play::Play, text};
use crate::{
    flow::{self, Ending, Facts, FailedSignUp},
    tenant::{Fault, Item, Tenant, id},
};

/// What tells users of a connection apart.
const NAMES: [&str; 3] = ["email", "username", "phone_number"];

/// Signs up the profile of an order.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    let (before, after) = (play.bound("pre-user-registration")?, play.bound("post-user-registration")?);
    order.user = String::new();
    let (at, own) = (play.at, id::object(play.dice()));
    let (facts, failed) = play.with(|tenant| {
        let mut facts = gather::facts(tenant, &order, at)?;
        let failed = check(tenant, &order, &facts, at);
        facts.user = newcomer(&order.profile, text(&facts.connection, "name"), &own);
        Ok::<_, Fault>((facts, failed))
    })?;
    let user = text(&facts.user, "user_id").to_owned();
    let end = match failed {
        Some(failed) => flow::failed_sign_up(&mut play.stage(), &facts, failed),
        None => flow::sign_up(&mut play.stage(), &facts, &before, &after).await,
    };
    play.with(|tenant| {
        if end.ending == Ending::Done {
            let shown = facts.user.as_object().cloned().unwrap_or_default();
            tenant.state_mut().objects.insert("users", Item { id: user.clone(), shown, hidden: Map::new() });
            if let Some(password) = &order.password {
                tenant.set_password(&user, password);
            }
        }
        apply::end(tenant, &end, &user, at);
    });
    let user_id = (end.ending == Ending::Done).then_some(user);
    Ok(Outcome { user_id, ..Outcome::of(&end) })
}

fn check(tenant: &mut Tenant, order: &Order, facts: &Facts, at: Timestamp) -> Option<FailedSignUp> {
    let ip = facts.visit.ip.as_str();
    if Limit::SignUps.is_reached(tenant.state(), ip, at) {
        return Some(FailedSignUp::AddressLimit);
    }
    Limit::SignUps.count(tenant.state_mut(), ip, at);
    let connection = text(&facts.connection, "name");
    let mut typed = NAMES.into_iter().filter_map(|name| order.profile.get(name)?.as_str());
    if typed.any(|typed| gather::user(tenant.state(), typed, Some(connection)).is_some()) {
        return Some(FailedSignUp::Exists);
    }
    let is_weak = order.password.as_ref().is_some_and(|password| password.chars().count() < SHORTEST);
    is_weak.then_some(FailedSignUp::Password)
}

/// The user that shall be made.
fn newcomer(profile: &Map<String, Value>, connection: &str, own: &str) -> Value {
    let mut user = profile.clone();
    let name = NAMES.into_iter().find_map(|name| profile.get(name)?.as_str()).unwrap_or_default().to_owned();
    let nickname = name.split('@').next().unwrap_or_default().to_owned();
    if user.contains_key("email") {
        user.insert("email_verified".to_owned(), json!(false));
    }
    user.entry("nickname").or_insert_with(|| json!(nickname));
    user.entry("name").or_insert_with(|| json!(name));
    user.entry("picture").or_insert_with(|| json!("https://s.gravatar.com/avatar/0?s=480&r=pg"));
    let identity = json!({"connection": connection, "user_id": own, "provider": "auth0", "isSocial": false});
    user.insert("identities".to_owned(), json!([identity]));
    user.insert("user_id".to_owned(), json!(format!("auth0|{own}")));
    Value::Object(user)
}
