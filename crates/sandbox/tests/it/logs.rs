//! Every record of every flow against the vendor's schemas, and beside the published samples.

use std::{collections::BTreeMap, fs, path::Path};

use countersign_sandbox::flow::{
    Came, Ending, Failed, FailedRefresh, FailedSignUp, SignOut, Stage, ask_reset, change_password,
    code_exchange, continue_login, credentials, failed_change_password, failed_credentials, failed_exchange,
    failed_login, failed_refresh, failed_sign_up, login, send_message, sign_out, sign_up, token_exchange,
};
use serde_json::{Value, json};

use crate::facts::{World, bound, facts, reference, types};

const DENY: &str = "
exports.onExecutePostLogin = exports.onExecutePreUserRegistration = exports.onExecutePostChallenge = async (event, api) => api.access.deny('no', 'no');
exports.onExecuteCredentialsExchange = async (event, api) => api.access.deny('invalid_request', 'no');";
const THROW: &str =
    "exports.onExecutePostLogin = exports.onExecuteSendPhoneMessage = async () => { throw new Error('x'); };";
const ASK: &str =
    "exports.onExecutePostLogin = async (event, api) => api.authentication.challengeWith({ type: 'otp' });";
const ENROLL: &str = "exports.onExecutePostLogin = async (event, api) => api.authentication.enrollWith({ type: 'webauthn-roaming' });";
const PROFILE: &str =
    "exports.onExecuteCustomTokenExchange = async (event, api) => api.authentication.setUserById('auth0|1');";

fn through(protocol: &str, prompt: Value) -> countersign_sandbox::flow::Facts {
    let mut facts = facts();
    facts.transaction.insert("protocol".into(), json!(protocol));
    facts.transaction.insert("prompt".into(), prompt);
    facts
}

/// Every record that a flow can write.
async fn all(stage: &mut Stage<'_>) -> Vec<Value> {
    let mut logs = Vec::new();
    let (deny, throw) = ([bound("deny", DENY)], [bound("throw", THROW)]);
    for (protocol, prompt) in [
        ("oidc-basic-profile", json!([])),
        ("oidc-basic-profile", json!(["none"])),
        ("oauth2-refresh-token", json!([])),
        ("oauth2-password", json!([])),
        ("oauth2-token-exchange", json!([])),
    ] {
        let facts = through(protocol, prompt);
        for bound in [&[][..], &deny, &throw] {
            logs.extend(login(stage, &facts, bound).await.logs);
        }
    }
    for (code, factor) in [(ASK, "otp"), (ENROLL, "webauthn-roaming")] {
        let bound = [bound("ask", code)];
        let Ending::Suspended(waiting) = login(stage, &facts(), &bound).await.ending else {
            panic!("{code}")
        };
        for came in [Came::NotPassed(factor.into()), Came::Passed(factor.into())] {
            logs.extend(continue_login(stage, &facts(), &bound, &waiting, &came).await.unwrap().logs);
        }
    }
    for failed in
        [Failed::Password, Failed::User, Failed::Blocked, Failed::AccountLimit, Failed::AddressLimit]
    {
        logs.extend(failed_login(stage, &facts(), failed).logs);
    }
    for failed in [Failed::Blocked, Failed::Member, Failed::Consent, Failed::Session] {
        let facts = through("oidc-basic-profile", json!(["none"]));
        logs.extend(failed_login(stage, &facts, failed).logs);
    }
    for is_good in [true, false] {
        logs.extend(code_exchange(stage, &facts(), is_good).logs);
        let allowed = ["https://app.example.com/".to_owned()];
        let what = SignOut {
            session_id: "sess_1",
            return_to: Some("https://app.example.com/"),
            allowed: &allowed,
            may: is_good,
        };
        logs.extend(sign_out(stage, &facts(), &what).logs);
    }
    for bound in [&[][..], &deny] {
        logs.extend(sign_up(stage, &facts(), bound, &[]).await.logs);
        logs.extend(credentials(stage, &facts(), bound, &[]).await.logs);
    }
    for failed in [FailedSignUp::Exists, FailedSignUp::Password, FailedSignUp::AddressLimit] {
        logs.extend(failed_sign_up(stage, &facts(), failed).logs);
    }
    for failed in [FailedRefresh::Token, FailedRefresh::Session, FailedRefresh::Grant] {
        logs.extend(failed_refresh(stage, &facts(), failed).logs);
    }
    logs.extend(failed_credentials(stage, &facts(), "invalid_client", "Unauthorized").logs);
    logs.extend(failed_change_password(stage, &facts(), "Password is too weak").logs);
    logs.extend(change_password(stage, &facts(), &[]).await.logs);
    for sent in [true, false] {
        logs.extend(ask_reset(stage, &facts(), sent).logs);
    }
    for kind in ["sms", "voice"] {
        let mut facts = facts();
        facts.message["message_type"] = json!(kind);
        for bound in [&[][..], &throw] {
            logs.extend(send_message(stage, &facts, bound).await.logs);
        }
    }
    let profile = bound("profile", PROFILE);
    logs.extend(token_exchange(stage, &facts(), &profile, &[], |_| Err("nobody".to_owned())).await.logs);
    logs.extend(failed_exchange(stage, &facts(), "too_many_attempts", "Too many attempts.").logs);
    logs
}

fn schema(folder: &Path, kind: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(folder.join(format!("schemas/log-types/{kind}.schema.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[tokio::test]
async fn each_record_is_valid_by_the_vendors_schema() {
    let Some(folder) = reference() else { return };
    let mut world = World::new().await;
    let logs = all(&mut world.stage()).await;
    let mut seen = BTreeMap::new();
    for log in &logs {
        let kind = log["type"].as_str().unwrap();
        let faults: Vec<String> = schema(&folder, kind)
            .iter_errors(log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{kind}");
        *seen.entry(kind).or_insert(0) += 1;
    }
    let wanted = [
        "actions_execution_failed",
        "f",
        "fcp",
        "fcpr",
        "feacft",
        "feccft",
        "fecte",
        "fepft",
        "fertft",
        "flo",
        "fp",
        "fs",
        "fsa",
        "fu",
        "gd_auth_failed",
        "gd_auth_succeed",
        "gd_enrollment_complete",
        "gd_send_sms",
        "gd_send_sms_failure",
        "gd_send_voice",
        "gd_send_voice_failure",
        "limit_mu",
        "limit_wc",
        "s",
        "scp",
        "scpr",
        "seacft",
        "seccft",
        "secte",
        "sepft",
        "sertft",
        "slo",
        "ss",
        "ssa",
    ];
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn records_have_what_the_published_samples_have() {
    let Some(folder) = reference() else { return };
    let mut world = World::new().await;
    let logs = all(&mut world.stage()).await;
    for kind in [
        "s",
        "fp",
        "fu",
        "fs",
        "ss",
        "scp",
        "scpr",
        "seccft",
        "feccft",
        "sertft",
        "slo",
        "gd_auth_failed",
        "limit_wc",
        "limit_mu",
        "actions_execution_failed",
    ] {
        let sample = fs::read_to_string(folder.join(format!("fixtures/logs/{kind}.json"))).unwrap();
        let sample: Value = serde_json::from_str(&sample).unwrap();
        let ours = logs.iter().find(|log| log["type"] == kind).unwrap();
        let missing: Vec<&String> =
            sample.as_object().unwrap().keys().filter(|name| ours.get(name).is_none()).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{kind}");
        assert_eq!(ours["log_id"].as_str().unwrap().len(), sample["log_id"].as_str().unwrap().len());
    }
}

#[tokio::test]
async fn no_record_tells_a_secret_and_ids_sort_by_time() {
    let mut world = World::new().await;
    let logs = all(&mut world.stage()).await;
    assert!(!json!(logs).to_string().contains("hidden"));
    let mut stage = world.stage();
    let early = failed_login(&mut stage, &facts(), Failed::Password).logs.remove(0);
    stage.at = stage.at.plus(1_000);
    let late = failed_login(&mut stage, &facts(), Failed::Password).logs.remove(0);
    assert!(early["log_id"].as_str() < late["log_id"].as_str());
    assert_eq!(types(&[early]), ["fp"]);
}
