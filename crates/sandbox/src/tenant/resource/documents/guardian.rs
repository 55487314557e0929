//! Guardian: which second factors there are, and when one is asked for.

use serde_json::{Value, json};

use super::single::{DOCUMENTS, store_at};
use crate::tenant::{
    Context, Fault, Operation, Record, Reply,
    check::{Rule, need},
    operations::{get, put},
    state::State,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/guardian/factors",
        "Get Factors and multi-factor authentication details",
        &["read:guardian_factors"],
        list,
    ),
    put(
        "/guardian/factors/{name}",
        "Update multi-factor authentication type",
        &["update:guardian_factors"],
        switch,
    )
    .body(&ENABLED),
    get(
        "/guardian/policies",
        "Get multi-factor authentication policies",
        &["read:mfa_policies"],
        read_policies,
    ),
    put(
        "/guardian/policies",
        "Update multi-factor authentication policies",
        &["update:mfa_policies"],
        replace_policies,
    ),
];

static ENABLED: Rule = Rule::Object(&[need("enabled", Rule::Bool)]);

/// The factors, in the order in which they are listed.
pub const FACTORS: &[&str] = &[
    "sms",
    "push-notification",
    "otp",
    "email",
    "duo",
    "webauthn-roaming",
    "webauthn-platform",
    "recovery-code",
];

/// When a factor is asked for: always, or when Adaptive MFA has no confidence.
const POLICIES: &[&str] = &["all-applications", "confidence-score"];

/// Where the policies are kept.
const POLICIES_KEY: &str = "guardian/policies";

fn is_enabled(state: &State, factor: &str) -> bool {
    let kept = state.objects.find(DOCUMENTS, &format!("guardian/factors/{factor}"));
    kept.is_some_and(|kept| kept.shown.get("enabled") == Some(&Value::Bool(true)))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown = FACTORS.iter().map(
        |name| json!({"name": name, "enabled": is_enabled(context.state, name), "trial_expired": false}),
    );
    Ok(Reply::ok(shown.collect::<Vec<_>>()))
}

fn told(context: &mut Context<'_>) {
    let (client, ip) = (context.caller.client_id.clone(), context.call.ip.clone());
    let record = Record::new("gd_tenant_update", "Guardian - Updates tenant settings");
    context.log(record.with("client_id", client).with("ip", ip));
}

fn switch(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = context.parameter("name").to_owned();
    if !FACTORS.contains(&name.as_str()) {
        return Err(Fault::uri(format!("'No enum match for: {name}' on property name")));
    }
    let document = context.body();
    store_at(context, format!("guardian/factors/{name}"), document.clone());
    told(context);
    Ok(Reply::ok(document))
}

fn read_policies(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let kept = context.state.objects.find(DOCUMENTS, POLICIES_KEY);
    let policies = kept.and_then(|kept| kept.shown.get("policies").cloned());
    Ok(Reply::ok(policies.unwrap_or_else(|| json!([]))))
}

fn replace_policies(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let policies = context.call.json().cloned().unwrap_or_else(|| json!([]));
    let wrong = match policies.as_array() {
        None => Some("'Expected type array but found another'".to_owned()),
        Some(list) => list
            .iter()
            .find(|policy| policy.as_str().is_none_or(|policy| !POLICIES.contains(&policy)))
            .map(|policy| format!("'No enum match for: {}'", policy.as_str().unwrap_or_default())),
    };
    if let Some(what) = wrong {
        return Err(Fault::payload(&what));
    }
    let document = json!({"policies": policies}).as_object().cloned().unwrap_or_default();
    store_at(context, POLICIES_KEY.to_owned(), document);
    told(context);
    Ok(Reply::ok(policies))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn factors_are_switched_and_listed() {
        let mut api = Api::new();
        api.put("/guardian/factors/otp", json!({"enabled": true}), 200);
        let listed = api.get("/guardian/factors", 200);
        let on: Vec<&Value> =
            listed.as_array().unwrap().iter().filter(|one| one["enabled"] == true).collect();
        assert_eq!(on, [&json!({"name": "otp", "enabled": true, "trial_expired": false})]);
        api.put("/guardian/factors/none", json!({"enabled": true}), 400);
        let kinds: Vec<&Value> = api.tenant.state().records.all().map(|record| &record["type"]).collect();
        assert_eq!(kinds, ["gd_tenant_update", "sapi"]);
    }

    #[test]
    fn policies_are_one_of_two_or_none() {
        let mut api = Api::new();
        assert_eq!(api.get("/guardian/policies", 200), json!([]));
        api.put("/guardian/policies", json!(["all-applications"]), 200);
        assert_eq!(api.get("/guardian/policies", 200), json!(["all-applications"]));
        api.put("/guardian/policies", json!(["none"]), 400);
        api.put("/guardian/policies", json!({}), 400);
        assert_eq!(api.put("/guardian/policies", json!([]), 200), json!([]));
    }
}
