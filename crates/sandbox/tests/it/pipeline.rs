//! Actions in order: what they see of each other, where they stop, what they wait for, what is left of what they asked for.

use countersign_sandbox::flow::{
    Ask, Came, ContinueError, Ending, FlowEnd, Suspended, change_password, continue_login, continue_reset,
    credentials, login, reset, sign_up, token_exchange,
};
use serde_json::{Value, json};

use crate::facts::{World, bound, facts, types};

fn suspended(end: FlowEnd) -> Suspended {
    match end.ending {
        Ending::Suspended(suspended) => *suspended,
        other => panic!("{other:?}"),
    }
}

fn refused(end: &FlowEnd) -> (&str, &str) {
    match &end.ending {
        Ending::Refused(refusal) => (&refusal.error, &refusal.description),
        other => panic!("{other:?}"),
    }
}

fn names(execution: &Value) -> Vec<&str> {
    execution["results"].as_array().unwrap().iter().map(|one| one["action_name"].as_str().unwrap()).collect()
}

const FIRST: &str = "
exports.onExecutePostLogin = async (event, api) => {
  api.user.setAppMetadata('first', 1);
  api.user.setAppMetadata('old', null);
  api.transaction.setMetadata('seen', 'first');
  api.idToken.setCustomClaim('https://a.example/x', 1);
  api.accessToken.addScope('read:x');
  api.session.setMetadata('k', 'v');
};";
const SECOND: &str = "
exports.onExecutePostLogin = async (event, api) => {
  api.user.setUserMetadata('second', event.transaction.metadata.seen);
  api.idToken.setCustomClaim('https://a.example/x', 2);
  api.accessToken.removeScope('profile');
};";
const DENY: &str = "
exports.onExecutePostLogin = async (event, api) => { api.user.setAppMetadata('risk', 'high'); api.access.deny('no entry'); };";
const CHALLENGE: &str = "
exports.onExecutePostLogin = async (event, api) => { api.transaction.setMetadata('by', 'it'); api.authentication.challengeWithAny([{ type: 'otp' }]); };
exports.onContinuePostLogin = async (event, api) => {
  api.user.setAppMetadata('mfa', event.authentication.methods.map((m) => m.name).join() + event.transaction.metadata.by + event.request.ip);
};";
const REDIRECT: &str = "
exports.onExecutePostLogin = async (event, api) => {
  const token = api.redirect.encodeToken({ secret: 's', payload: { asked: 1 } });
  api.redirect.sendUserTo('https://review.example/', { query: { token } });
};
exports.onContinuePostLogin = async (event, api) => {
  const claims = api.redirect.validateToken({ secret: 's', tokenParameterName: 'token' });
  api.user.setAppMetadata('back', claims.state);
};";
const THROW: &str = "exports.onExecutePostLogin = async () => { throw new RangeError('as written'); };";

#[tokio::test]
async fn actions_run_in_order_and_what_they_asked_for_is_merged_at_the_end() {
    let mut world = World::new().await;
    let bound = [bound("first", FIRST), bound("second", SECOND)];
    let end = login(&mut world.stage(), &facts(), &bound).await;
    assert_eq!(end.ending, Ending::Done);
    assert_eq!(end.user["app_metadata"], json!({ "tier": "gold", "first": 1 }));
    assert_eq!(end.user["user_metadata"], json!({ "second": "first" }));
    assert_eq!(end.user["logins_count"], 42);
    assert_eq!(end.claims.id_token["https://a.example/x"], 2);
    assert_eq!(end.scopes, ["openid", "read:x"]);
    assert_eq!(end.session.metadata["k"], "v");
    assert_eq!(types(&end.logs), ["s"]);
    assert_eq!(end.logs[0]["details"]["actions"]["executions"][0], end.executions[0]["id"]);
    assert_eq!(names(&end.executions[0]), ["first", "second"]);
    assert_eq!(end.executions[0]["status"], "final");
}

#[tokio::test]
async fn a_refusal_ends_the_flow_and_keeps_the_metadata_but_no_token() {
    let mut world = World::new().await;
    let bound = [bound("first", FIRST), bound("deny", DENY), bound("second", SECOND)];
    let end = login(&mut world.stage(), &facts(), &bound).await;
    assert_eq!(refused(&end), ("access_denied", "no entry"));
    assert_eq!(end.user["app_metadata"], json!({ "tier": "gold", "first": 1, "risk": "high" }));
    assert!(
        end.claims.id_token.is_empty() && end.scopes.is_empty() && !end.user.contains_key("logins_count")
    );
    assert_eq!(names(&end.executions[0]), ["first", "deny"]);
    assert_eq!(types(&end.logs), ["f"]);
    assert_eq!(end.logs[0]["details"]["error"]["message"], "no entry");
}

#[tokio::test]
async fn a_challenge_suspends_and_only_its_own_action_continues_before_the_rest() {
    let mut world = World::new().await;
    let bound = [bound("first", FIRST), bound("challenge", CHALLENGE), bound("second", SECOND)];
    let end = login(&mut world.stage(), &facts(), &bound).await;
    assert!(end.logs.is_empty() && end.user.is_empty(), "nothing holds while it waits");
    assert_eq!(end.executions[0]["status"], "suspended");
    let waiting = suspended(end);
    assert_eq!(waiting.ask, Ask::Challenge(vec![json!({ "type": "otp" })]));
    let kept = serde_json::to_string(&waiting).unwrap();
    assert_eq!(serde_json::from_str::<Suspended>(&kept).unwrap(), waiting);

    let mut stage = world.stage();
    let other = [Came::Passed("phone".into()), Came::Back(waiting.state.clone())];
    for came in other {
        let answer = continue_login(&mut stage, &facts(), &bound, &waiting, &came).await;
        assert_eq!(answer, Err(ContinueError::NotAsked));
    }
    let wrong =
        continue_login(&mut stage, &facts(), &bound, &waiting, &Came::NotPassed("otp".into())).await.unwrap();
    assert_eq!(types(&wrong.logs), ["gd_auth_failed"]);
    assert_eq!(suspended(wrong), waiting);

    let mut again = facts();
    again.visit.ip = "198.51.100.7".to_owned();
    let end =
        continue_login(&mut stage, &again, &bound, &waiting, &Came::Passed("otp".into())).await.unwrap();
    assert_eq!(end.ending, Ending::Done);
    assert_eq!(types(&end.logs), ["gd_auth_succeed", "s"]);
    assert_eq!(end.user["app_metadata"]["mfa"], "pwd,mfait198.51.100.7");
    assert_eq!(end.user["app_metadata"]["first"], 1, "what was asked before it waited");
    assert_eq!(end.user["user_metadata"]["second"], "first");
    assert_eq!(names(&end.executions[1]), ["challenge", "second"]);
    assert_eq!(end.logs[1]["details"]["actions"]["executions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_redirect_carries_a_state_and_comes_back_only_with_it() {
    let mut world = World::new().await;
    let bound = [bound("redirect", REDIRECT)];
    let waiting = suspended(login(&mut world.stage(), &facts(), &bound).await);
    let Ask::Redirect(url) = &waiting.ask else { panic!("{:?}", waiting.ask) };
    assert!(url.contains(&format!("state={}", waiting.state)), "{url}");
    let mut stage = world.stage();
    let forged = Came::Back("another".into());
    let answer = continue_login(&mut stage, &facts(), &bound, &waiting, &forged).await;
    assert_eq!(answer, Err(ContinueError::UnknownState));
    // A page that forgets the token: the Action throws, and the sign-in fails.
    let mut back = facts();
    back.visit.query.insert("state".into(), json!(waiting.state));
    let came = Came::Back(waiting.state.clone());
    let end = continue_login(&mut stage, &back, &bound, &waiting, &came).await.unwrap();
    assert_eq!(types(&end.logs), ["actions_execution_failed", "f"]);
    // One that signs what it was given, and its state.
    let signer = bound_signer(&waiting.state);
    let signed = login(&mut stage, &facts(), &[signer]).await;
    back.visit.body.insert("token".into(), signed.user["app_metadata"]["token"].clone());
    let end = continue_login(&mut stage, &back, &bound, &waiting, &came).await.unwrap();
    assert_eq!(end.user["app_metadata"]["back"], waiting.state.as_str());
}

/// Stands in for the page that the redirect goes to: it knows the secret too.
fn bound_signer(state: &str) -> countersign_sandbox::flow::Bound {
    let code = format!(
        "exports.onExecutePostLogin = async (event, api) => api.user.setAppMetadata('token', api.redirect.encodeToken({{ secret: 's', payload: {{ state: '{state}' }} }}));"
    );
    bound("signer", &code)
}

#[tokio::test]
async fn a_form_waits_and_its_fields_reach_the_action_that_showed_it() {
    let mut world = World::new().await;
    let code = "
exports.onExecutePostLogin = async (event, api) => api.prompt.render('form_1', { vars: { asked: true } });
exports.onContinuePostLogin = async (event, api) => {
  api.user.setUserMetadata('company', event.prompt.fields.company);
  api.session.revoke('not this time', { preserveRefreshTokens: true });
};";
    let bound = [bound("form", code)];
    let waiting = suspended(login(&mut world.stage(), &facts(), &bound).await);
    let form = json!({ "id": "form_1", "fields": {}, "vars": { "asked": true } });
    assert_eq!(waiting.ask, Ask::Form(form));
    let mut filled = facts();
    filled.prompt = json!({ "id": "form_1", "fields": { "company": "Acme" } });
    let came = Came::Back(waiting.state.clone());
    let end = continue_login(&mut world.stage(), &filled, &bound, &waiting, &came).await.unwrap();
    assert_eq!(refused(&end), ("access_denied", "not this time"));
    assert_eq!(end.user["user_metadata"]["company"], "Acme");
    assert!(end.session.revoked.is_some_and(|revoked| revoked.preserve_refresh_tokens));
}

#[tokio::test]
async fn a_throw_fails_the_transaction_and_is_told_with_everything_that_mends_it() {
    let mut world = World::new().await;
    let bound = [bound("first", FIRST), bound("throw", THROW), bound("second", SECOND)];
    let end = login(&mut world.stage(), &facts(), &bound).await;
    assert_eq!(refused(&end).0, "access_denied");
    assert!(!refused(&end).1.contains("as written"), "what was thrown is nobody's business");
    assert!(end.user.is_empty());
    assert_eq!(types(&end.logs), ["actions_execution_failed", "f"]);
    let details = &end.logs[0]["details"];
    assert_eq!(details["error_class"], "action_error");
    assert_eq!(details["action_error"]["name"], "RangeError");
    assert_eq!(details["action_error"]["message"], "as written");
    assert_eq!(details["binding_id"], "binding-throw");
    assert_eq!(details["execution_id"], end.executions[0]["id"]);
    assert_eq!(names(&end.executions[0]), ["first", "throw"]);
}

#[tokio::test]
async fn all_actions_of_a_trigger_share_one_budget() {
    let mut world = World::new().await;
    let slow = "exports.onExecutePostLogin = () => new Promise((done) => setTimeout(done, 400));";
    let hang = "exports.onExecutePostLogin = () => new Promise(() => setInterval(() => 0, 1000));";
    let bound = [bound("slow", slow), bound("hang", hang), bound("second", SECOND)];
    let mut stage = world.stage();
    stage.budget_ms = 900;
    let end = login(&mut stage, &facts(), &bound).await;
    assert_eq!(end.logs[0]["details"]["error_class"], "action_timeout");
    assert_eq!(end.logs[0]["details"]["action_name"], "hang");
    let results = end.executions[0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    let span =
        |n: usize, of: &str| results[n][of].as_str().unwrap().parse::<countersign_core::Timestamp>().unwrap();
    let hung = span(1, "ended_at").since(span(1, "started_at")) / 1000;
    assert!(hung < 600, "the second had {hung} ms, with 400 gone");
}

#[tokio::test]
async fn a_host_that_dies_fails_the_transaction_and_the_next_one_goes_through() {
    let mut world = World::new().await;
    let deadly = "exports.onExecutePostLogin = async () => process.kill(process.pid, 'SIGKILL');";
    let end = login(&mut world.stage(), &facts(), &[bound("deadly", deadly)]).await;
    assert_eq!(end.logs[0]["details"]["error_class"], "platform_error");
    let end = login(&mut world.stage(), &facts(), &[bound("first", FIRST)]).await;
    assert_eq!(end.ending, Ending::Done);
}

#[tokio::test]
async fn nobody_can_be_asked_in_a_silent_or_back_channel_flow() {
    let mut world = World::new().await;
    let bound = [bound("redirect", REDIRECT)];
    let mut silent = facts();
    silent.transaction.insert("prompt".into(), json!(["none"]));
    let end = login(&mut world.stage(), &silent, &bound).await;
    assert_eq!((refused(&end).0, types(&end.logs)), ("interaction_required", vec!["fsa"]));
    let mut refresh = facts();
    refresh.transaction.insert("protocol".into(), json!("oauth2-refresh-token"));
    let end = login(&mut world.stage(), &refresh, &bound).await;
    assert_eq!((refused(&end).0, types(&end.logs)), ("access_denied", vec!["fertft"]));
    let end = login(&mut world.stage(), &refresh, &[]).await;
    assert_eq!((types(&end.logs), end.user.len()), (vec!["sertft"], 0));
}

#[tokio::test]
async fn a_sign_up_is_refused_or_made_and_then_heard_of() {
    let mut world = World::new().await;
    let before = "
exports.onExecutePreUserRegistration = async (event, api) => {
  if (event.user.user_id !== undefined) throw new Error('nobody has an id yet');
  if (event.user.email.startsWith('bot')) return api.access.deny('a robot', 'Please call us.');
  api.user.setAppMetadata('checked', true);
};";
    let after = "exports.onExecutePostUserRegistration = async (event, api) => { throw new Error(String(event.user.app_metadata.checked)); };";
    let (before, after) = ([bound("before", before)], [bound("after", after)]);
    let end = sign_up(&mut world.stage(), &facts(), &before, &after).await;
    assert_eq!(end.ending, Ending::Done, "who is not waited for fails nothing");
    assert_eq!(types(&end.logs), ["ss", "actions_execution_failed"]);
    assert_eq!(end.logs[1]["details"]["action_error"]["message"], "true", "it sees the user as it was made");
    assert_eq!(end.user["app_metadata"]["checked"], true);
    assert_eq!(end.executions.len(), 2);

    let mut robot = facts();
    robot.user["email"] = json!("bot@example.org");
    let end = sign_up(&mut world.stage(), &robot, &before, &after).await;
    let Ending::Refused(refusal) = &end.ending else { panic!("{:?}", end.ending) };
    assert_eq!((refusal.error.as_str(), refusal.status), ("extensibility_error", 400));
    assert_eq!(
        (refusal.description.as_str(), refusal.user_message.as_deref()),
        ("a robot", Some("Please call us."))
    );
    assert_eq!(types(&end.logs), ["fs"]);
    assert!(end.user.is_empty());
}

#[tokio::test]
async fn passwordless_users_get_no_metadata_at_their_sign_up() {
    let mut world = World::new().await;
    let code =
        "exports.onExecutePreUserRegistration = async (event, api) => { api.user.setAppMetadata('a', 1); };";
    let mut by_mail = facts();
    by_mail.connection["strategy"] = json!("email");
    let end = sign_up(&mut world.stage(), &by_mail, &[bound("it", code)], &[]).await;
    assert!(!end.user.contains_key("app_metadata"));
}

#[tokio::test]
async fn a_clients_scopes_stay_within_its_grant() {
    let mut world = World::new().await;
    let code = "
exports.onExecuteCredentialsExchange = async (event, api) => {
  api.transaction.addTargetScope('read:more'); api.transaction.addTargetScope('admin');
  api.accessToken.setCustomClaim('https://a.example/x', event.accessToken.scope.length);
};";
    let seen = "
exports.onExecuteCredentialsExchange = async (event, api) => {
  api.accessToken.setCustomClaim('https://a.example/y', [event.transaction.target_scopes.join(), event.accessToken.customClaims['https://a.example/x']]);
};";
    let granted = ["openid", "read:more"].map(str::to_owned);
    let end =
        credentials(&mut world.stage(), &facts(), &[bound("a", code), bound("b", seen)], &granted).await;
    assert_eq!(end.scopes, ["openid", "read:more"]);
    assert_eq!(end.claims.access_token["https://a.example/y"], json!(["openid,profile,read:more,admin", 2]));
    assert_eq!((types(&end.logs), &end.logs[0]["scope"]), (vec!["seccft"], &json!("openid read:more")));
    let deny = "exports.onExecuteCredentialsExchange = async (event, api) => api.access.deny('invalid_scope', 'not that');";
    let end = credentials(&mut world.stage(), &facts(), &[bound("deny", deny)], &granted).await;
    assert_eq!((refused(&end), types(&end.logs)), (("invalid_scope", "not that"), vec!["feccft"]));
    assert!(end.scopes.is_empty());
}

#[tokio::test]
async fn a_token_exchange_finds_its_user_and_signs_it_in() {
    let mut world = World::new().await;
    let profile = bound(
        "profile",
        "exports.onExecuteCustomTokenExchange = async (event, api) => {
  if (event.transaction.subject_token !== 'good') return api.access.rejectInvalidSubjectToken('bad token');
  api.authentication.setUserById('auth0|1'); api.authentication.setActor({ sub: 'svc' });
  api.user.setAppMetadata('tier', 'silver');
};",
    );
    let after = [bound(
        "after",
        "exports.onExecutePostLogin = async (event, api) => { api.user.setAppMetadata('actor', event.transaction.actor.sub + event.transaction.protocol); };",
    )];
    let mut asked = facts();
    asked.transaction.insert("subject_token".into(), json!("good"));
    asked.transaction.insert("subject_token_type".into(), json!("urn:example:session"));
    let found = |exchange: &countersign_sandbox::Exchange| {
        let is_known = exchange.user == Some(json!({ "user_id": "auth0|1" }));
        if is_known { Ok(facts()) } else { Err("nobody".to_owned()) }
    };
    let end = token_exchange(&mut world.stage(), &asked, &profile, &after, found).await;
    assert_eq!((&end.ending, types(&end.logs)), (&Ending::Done, vec!["secte"]));
    let wanted = json!({ "tier": "silver", "old": 1, "actor": "svcoauth2-token-exchange" });
    assert_eq!(end.user["app_metadata"], wanted);
    assert_eq!(end.logs[0]["details"]["subject_token_type"], "urn:example:session");
    let end =
        token_exchange(&mut world.stage(), &asked, &profile, &after, |_| Err("nobody".to_owned())).await;
    assert_eq!((refused(&end).0, types(&end.logs)), ("invalid_request", vec!["fecte"]));
    asked.transaction.insert("subject_token".into(), json!("bad"));
    let end = token_exchange(&mut world.stage(), &asked, &profile, &after, found).await;
    assert_eq!((refused(&end), types(&end.logs)), (("invalid_request", "bad token"), vec!["fecte"]));
}

#[tokio::test]
async fn a_reset_waits_is_refused_or_leads_to_a_change_that_is_heard_of() {
    let mut world = World::new().await;
    let code = "
exports.onExecutePostChallenge = async (event, api) => {
  if (event.user.email === 'pat@example.com') return api.authentication.challengeWith({ type: 'otp' });
  api.access.deny('not by mail');
};
exports.onContinuePostChallenge = async (event, api) => { api.transaction.setResultUrl('https://app.example.com/done'); };";
    let bound_reset = [bound("reset", code)];
    let waiting = suspended(reset(&mut world.stage(), &facts(), &bound_reset).await);
    let came = Came::Passed("otp".into());
    let end = continue_reset(&mut world.stage(), &facts(), &bound_reset, &waiting, &came).await.unwrap();
    assert_eq!((&end.ending, types(&end.logs)), (&Ending::Done, vec!["gd_auth_succeed"]));
    assert_eq!(end.result_url.unwrap()["url"], "https://app.example.com/done");
    let mut other = facts();
    other.user["email"] = json!("other@example.com");
    let end = reset(&mut world.stage(), &other, &bound_reset).await;
    assert_eq!((refused(&end).1, types(&end.logs)), ("not by mail", vec!["fcp"]));
    let heard = "exports.onExecutePostChangePassword = async (event) => { throw new Error(event.user.last_password_reset); };";
    let end = change_password(&mut world.stage(), &facts(), &[bound("heard", heard)]).await;
    assert_eq!(types(&end.logs), ["scp", "actions_execution_failed"]);
    assert_eq!(end.logs[1]["details"]["action_error"]["message"], end.user["last_password_reset"]);
}
