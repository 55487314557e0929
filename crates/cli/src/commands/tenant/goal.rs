//! What is wanted of a tenant, from the command line.

use std::{collections::BTreeMap, path::Path, str::FromStr};

use anyhow::{Context, bail};
use countersign_core::{ClientId, Secret, TenantId, Trigger};
use countersign_plan::{
    fingerprint,
    install::{
        ActionGoal, ApiGoal, Autonomy, CLIENT_SECRET, Capability, ClientGoal, EVENT_TOKEN, EVENT_TYPES,
        EventStreamGoal, Goal, LOG_TOKEN, LogStreamGoal, Place, TRIGGERS, is_our_code, secret_key,
    },
    posture::exempt,
};

use super::{connect::reference, keep::Kept};
use crate::{args::Wanted, clock::SystemEntropy};

/// The secrets of our Actions that every one has.
pub const URL: &str = "COUNTERSIGN_URL";
pub const KEY: &str = "COUNTERSIGN_KEY";

/// The longest code of an Action (Auth0's limit).
const MAX_CODE: usize = 100_000;

/// What is wanted, and the secrets that it takes.
pub struct Wish {
    pub goal: Goal,
    pub secrets: BTreeMap<String, Secret>,
}

/// The code that is built in.
pub const fn built_in(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PostLogin => include_str!("../../../../../actions/dist/post-login.js"),
        Trigger::PreUserRegistration => include_str!("../../../../../actions/dist/pre-user-registration.js"),
        Trigger::PostUserRegistration => {
            include_str!("../../../../../actions/dist/post-user-registration.js")
        }
        Trigger::CredentialsExchange => include_str!("../../../../../actions/dist/credentials-exchange.js"),
        Trigger::PasswordResetPostChallenge => {
            include_str!("../../../../../actions/dist/password-reset-post-challenge.js")
        }
        Trigger::PostChangePassword => include_str!("../../../../../actions/dist/post-change-password.js"),
        Trigger::EventStream
        | Trigger::SendPhoneMessage
        | Trigger::CustomTokenExchange
        | Trigger::ShortForm => "",
    }
}

/// `NAME=VALUE`.
fn pair<'a>(text: &'a str, what: &str) -> anyhow::Result<(&'a str, &'a str)> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).with_context(|| format!("`{what}`: NAME=VALUE"))
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str, what: &str) -> anyhow::Result<T> {
    text.parse().map_err(|error| anyhow::anyhow!("`{what} {text}`: {error}"))
}

fn capabilities(args: &Wanted) -> anyhow::Result<BTreeMap<Capability, Autonomy>> {
    if args.capability.is_empty() {
        return Ok([(Capability::Decide, Autonomy::Report)].into());
    }
    let capability = |text: &String| {
        let (name, autonomy) = pair(text, "--capability")?;
        Ok((parse(name, "--capability")?, parse(autonomy, "--capability")?))
    };
    args.capability.iter().map(capability).collect()
}

fn places(args: &Wanted) -> anyhow::Result<(Place, BTreeMap<Trigger, Place>)> {
    let (mut all, mut own) = (Place::First, BTreeMap::new());
    for text in &args.place {
        match text.split_once('=').and_then(|(trigger, place)| Some((trigger.parse().ok()?, place))) {
            Some((trigger, place)) => drop(own.insert(trigger, parse(place, "--place")?)),
            None => all = parse(text, "--place")?,
        }
    }
    Ok((all, own))
}

fn read(path: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read `{path}`"))?;
    anyhow::ensure!(text.len() <= MAX_CODE, "`{path}` has more than {MAX_CODE} bytes");
    Ok(text)
}

fn actions(args: &Wanted, console: Option<&ClientId>) -> anyhow::Result<BTreeMap<Trigger, ActionGoal>> {
    let (all, own) = places(args)?;
    let mut codes: BTreeMap<Trigger, String> = BTreeMap::new();
    for text in &args.code {
        let (trigger, path) = pair(text, "--code")?;
        let (trigger, code) = (parse(trigger, "--code")?, read(path)?);
        anyhow::ensure!(
            is_our_code(&code, trigger),
            "`{path}` is not our Action for `{trigger}`: keep its first line"
        );
        codes.insert(trigger, code);
    }
    let triggers = if args.trigger.is_empty() { TRIGGERS.to_vec() } else { args.trigger.clone() };
    let action = |trigger: Trigger| {
        anyhow::ensure!(
            TRIGGERS.contains(&trigger),
            "`{trigger}` has no Action of ours; see actions/README.md"
        );
        let code = codes.remove(&trigger).unwrap_or_else(|| ours(trigger, console));
        let place = own.get(&trigger).unwrap_or(&all).clone();
        Ok((trigger, ActionGoal { code, place }))
    };
    triggers.into_iter().map(action).collect()
}

/// The code that is built in; where people sign in to our console at this tenant, its client is exempt from every decision, so
/// that nobody is locked out of it.
fn ours(trigger: Trigger, console: Option<&ClientId>) -> String {
    let code = built_in(trigger);
    let exempting = console.and_then(|client| exempt(code, client.as_str()));
    exempting.unwrap_or_else(|| code.to_owned())
}

fn https(url: &str, what: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host()),
        "`{what}`: a tenant reaches https addresses alone"
    );
    Ok(())
}

fn public_key(path: &Path) -> anyhow::Result<ClientGoal> {
    let pem = std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
    // Why: the other half in its place would be sent to the tenant.
    if pem.contains("PRIVATE") || !pem.contains("-----BEGIN PUBLIC KEY-----") {
        bail!("`{}` is no public key in PEM", path.display());
    }
    Ok(ClientGoal::PublicKey(pem.trim().to_owned()))
}

/// Reads what is wanted. Tokens of the streams are made in the data directory when they are not there.
pub fn wish(
    args: &Wanted,
    (tenant, host): (&TenantId, &str),
    console: Option<&ClientId>,
    kept: &Kept,
    key: String,
) -> anyhow::Result<Wish> {
    https(&args.service, "--service")?;
    let capabilities = capabilities(args)?;
    let has = |capability| capabilities.contains_key(&capability);
    let mut goal = Goal::nothing(tenant.clone(), host);
    let mut secrets = BTreeMap::new();
    if has(Capability::Decide) {
        goal.actions = actions(args, console)?;
        secrets.insert(URL.to_owned(), Secret::new(args.service.clone().into_bytes()));
        secrets.insert(KEY.to_owned(), Secret::new(key.into_bytes()));
        for text in &args.secret {
            let (name, value) = pair(text, "--secret")?;
            secrets.insert(name.to_owned(), reference(value, "--secret")?.fetch()?);
        }
        goal.action_secrets = secrets.keys().cloned().collect();
        let parts = secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose()));
        goal.fingerprints.insert(secret_key("actions", tenant), fingerprint(parts));
    }
    let mut token = |goal: &mut Goal, of: &str, name: &str, token: Secret| {
        goal.fingerprints.insert(secret_key(of, tenant), fingerprint([(name, token.expose())]));
        secrets.insert(name.to_owned(), token);
    };
    if has(Capability::Ingest) {
        let own = || format!("{}/v1/logs/{tenant}", args.service.trim_end_matches('/'));
        let endpoint = args.logs_url.clone().unwrap_or_else(own);
        https(&endpoint, "--logs-url")?;
        token(&mut goal, "log_stream", LOG_TOKEN, kept.log_token(&SystemEntropy)?);
        goal.log_stream = Some(LogStreamGoal { endpoint });
    }
    if has(Capability::Events) {
        let own = || format!("{}/v1/events/{tenant}", args.service.trim_end_matches('/'));
        let endpoint = args.events_url.clone().unwrap_or_else(own);
        https(&endpoint, "--events-url")?;
        token(&mut goal, "event_stream", EVENT_TOKEN, kept.event_token(&SystemEntropy)?);
        let types = EVENT_TYPES.iter().map(|name| (*name).to_owned()).collect();
        goal.event_stream = Some(EventStreamGoal { endpoint, types });
    }
    if has(Capability::Api) {
        let identifier = args.api_identifier.clone().unwrap_or_else(|| args.service.clone());
        goal.api = Some(ApiGoal { identifier });
    }
    let key = args.service_public_key.as_deref().map(public_key).transpose()?;
    goal.client = (!args.without_client).then(|| key.unwrap_or(ClientGoal::Secret));
    if let Some(kept) = kept.service_secret()? {
        goal.fingerprints.insert(secret_key("client", tenant), fingerprint([(CLIENT_SECRET, kept.expose())]));
    }
    goal.adopt = args.adopt.iter().cloned().collect();
    goal.capabilities = capabilities;
    Ok(Wish { goal, secrets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_consoles_client_is_exempt_in_what_is_built_in() {
        let client: ClientId = "console-client".parse().unwrap();
        let code = ours(Trigger::PostLogin, Some(&client));
        assert!(code.contains(r#"client_ids: ["console-client"]"#) && is_our_code(&code, Trigger::PostLogin));
        assert_eq!(ours(Trigger::PostLogin, None), built_in(Trigger::PostLogin));
    }

    #[test]
    fn every_action_that_is_built_in_is_known_as_ours_and_fits() {
        for trigger in TRIGGERS {
            let code = built_in(trigger);
            assert!(is_our_code(code, trigger), "{trigger}");
            assert!(code.len() <= MAX_CODE, "{trigger}");
        }
    }
}
