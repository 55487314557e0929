//! The Actions as they are shipped, one a trigger, with their service away: the table in each decides.

use countersign_sandbox::flow::{
    Bound, Ending, Facts, change_password, credentials, login, reset, send_message, sign_up, token_exchange,
};
use serde_json::{Value, json};

use crate::facts::{World, bound, facts, types};

/// An address where nobody listens: port 0 can't be connected to.
const NOWHERE: &str = "http://127.0.0.1:0";

fn shipped(name: &str, code: &str) -> Bound {
    let mut bound = bound(name, code);
    bound.secrets = [
        ("COUNTERSIGN_URL".to_owned(), NOWHERE.to_owned()),
        ("COUNTERSIGN_KEY".to_owned(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
    ]
    .into();
    bound
}

macro_rules! dist {
    ($name:literal) => {
        shipped($name, include_str!(concat!("../../../../actions/dist/", $name, ".js")))
    };
}

/// The same, told to act.
fn enforcing(mut bound: Bound) -> Bound {
    let code = bound.action.code.replacen("enforce: false", "enforce: true", 1);
    assert_ne!(*code, *bound.action.code);
    bound.action.key.push_str("/enforcing");
    bound.action.code = code.into();
    bound
}

/// A guard above the code that asks it.
fn guarded(guard: Bound, code: &str) -> Bound {
    let mut guard = enforcing(guard);
    guard.action.key.push_str("/guarded");
    guard.action.code = format!("{}\n{code}", guard.action.code).into();
    guard
}

fn contained() -> Facts {
    let mut facts = facts();
    facts.user["app_metadata"]["countersign"] = json!({ "contained": true });
    facts
}

#[tokio::test]
async fn a_contained_person_is_kept_out_at_sign_in_and_reset() {
    let mut world = World::new().await;
    let (sign_in, resets) =
        ([enforcing(dist!("post-login"))], [enforcing(dist!("password-reset-post-challenge"))]);
    let calm = Facts { risk: Value::Null, ..facts() };
    let free = login(&mut world.stage(), &calm, &sign_in).await;
    assert_eq!((&free.ending, &free.misuses), (&Ending::Done, &Vec::new()));
    // What Auth0 itself finds risky is asked for a factor.
    let asked = login(&mut world.stage(), &facts(), &sign_in).await;
    assert!(matches!(asked.ending, Ending::Suspended(_)), "{:?}", asked.ending);
    let kept = login(&mut world.stage(), &contained(), &sign_in).await;
    assert_eq!((matches!(kept.ending, Ending::Refused(_)), types(&kept.logs)), (true, vec!["f"]));
    let free = reset(&mut world.stage(), &facts(), &resets).await;
    assert_eq!((&free.ending, &free.misuses), (&Ending::Done, &Vec::new()));
    let kept = reset(&mut world.stage(), &contained(), &resets).await;
    assert_eq!((matches!(kept.ending, Ending::Refused(_)), types(&kept.logs)), (true, vec!["fcp"]));
}

#[tokio::test]
async fn sign_ups_changes_and_clients_go_on_while_the_service_is_away() {
    let mut world = World::new().await;
    let (before, after) = ([dist!("pre-user-registration")], [dist!("post-user-registration")]);
    let end = sign_up(&mut world.stage(), &facts(), &before, &after).await;
    assert_eq!((&end.ending, types(&end.logs), end.misuses.len()), (&Ending::Done, vec!["ss"], 0));
    assert_eq!(end.executions.len(), 2);
    let end = change_password(&mut world.stage(), &facts(), &[dist!("post-change-password")]).await;
    assert_eq!((&end.ending, types(&end.logs), end.misuses.len()), (&Ending::Done, vec!["scp"], 0));
    let granted = ["openid".to_owned()];
    let end = credentials(&mut world.stage(), &facts(), &[dist!("credentials-exchange")], &granted).await;
    assert_eq!((&end.ending, types(&end.logs), end.misuses.len()), (&Ending::Done, vec!["seccft"], 0));
    assert_eq!(end.scopes, granted);
}

#[tokio::test]
async fn guards_stop_what_is_pasted_below_them() {
    let mut world = World::new().await;
    let send = "exports.onExecuteSendPhoneMessage = async (event, api) => { if (!(await exports.guard(event, api)).allow) throw new Error('refused'); };";
    let guard = [guarded(dist!("guard-send-phone-message"), send)];
    let end = send_message(&mut world.stage(), &facts(), &guard).await;
    assert_eq!((&end.ending, types(&end.logs)), (&Ending::Done, vec!["gd_send_sms"]));
    let end = send_message(&mut world.stage(), &contained(), &guard).await;
    assert_eq!(types(&end.logs), ["actions_execution_failed", "gd_send_sms_failure"]);
    let exchange = "exports.onExecuteCustomTokenExchange = async (event, api) => { if ((await exports.guard(event, api)).allow) api.authentication.setUserById('auth0|1'); };";
    let profile = guarded(dist!("guard-custom-token-exchange"), exchange);
    let end = token_exchange(&mut world.stage(), &facts(), &profile, &[], |_| Ok(facts())).await;
    assert_eq!((&end.ending, types(&end.logs)), (&Ending::Done, vec!["secte"]));
}
