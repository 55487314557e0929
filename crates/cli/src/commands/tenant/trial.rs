//! What can't be read of a tenant, tried on an organization that is made for it and deleted again.

use anyhow::{Context, bail};
use countersign_app::management::{Authority, Cause, Error, Lane};
use countersign_auth0::{
    Dictionary,
    management::{actions, organizations},
};
use countersign_core::Entropy;
use serde_json::{Value, json};

use super::{
    apply::Work,
    probe::{Finding, finding},
};
use crate::{
    args::{Accepting, Connected},
    clock::SystemEntropy,
    data_dir::hex,
};

/// What the trial needs.
const SCOPES: [&str; 4] =
    ["create:organizations", "read:organizations", "update:organizations", "delete:organizations"];

fn fields(value: Value) -> Dictionary {
    match value {
        Value::Object(fields) => fields.into(),
        _ => serde_json::Map::new().into(),
    }
}

/// Whether `metadata` of an organization is merged with what is sent, or replaced by it.
pub async fn metadata(connected: &Connected, scopes: &str) -> anyhow::Result<Finding> {
    let accepting = Accepting { accept_scopes: scopes.to_owned(), actor: "operator".to_owned() };
    let work = Work::open(connected, &accepting).await?;
    let missing: Vec<&str> = SCOPES.into_iter().filter(|scope| !work.accepted.contains(*scope)).collect();
    if !missing.is_empty() {
        bail!("these scopes are needed and were not accepted: {}", missing.join(" "));
    }
    // Why asked first: the tenant says with its first answer what the credential has.
    match work.management.read(&actions::triggers(), Lane::Interactive).await {
        Ok(_) | Err(Error::Scope { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let granted =
        work.management.scopes().context("the tenant does not say which scopes the credential has")?;
    let beyond: Vec<&str> =
        granted.iter().filter(|scope| !work.accepted.contains(*scope)).map(String::as_str).collect();
    if !beyond.is_empty() {
        bail!("the credential has scopes that were not accepted: {}", beyond.join(" "));
    }
    let tried = tried(&work).await;
    work.sign().await?;
    Ok(tried?)
}

async fn tried(work: &Work) -> Result<Finding, Error> {
    let mut random = [0_u8; 8];
    // Why not without: an organization of another trial would be in the way, which the tenant tells.
    let _ = SystemEntropy.fill(&mut random);
    let name = format!("countersign-probe-{}", hex(&random));
    let cause = Cause {
        correlation_id: name.clone(),
        actor: work.actor.clone(),
        reason: "tries whether an organization's metadata is merged or replaced".to_owned(),
        authority: Authority::Plan("probe".to_owned()),
    };
    let (tenant, lane) = (&work.management, Lane::Interactive);
    let made = organizations::create(fields(json!({"name": name, "metadata": {"first": "1"}})));
    let made = tenant.write(&made, lane, &cause).await?;
    let change = organizations::update(&made.id, fields(json!({"metadata": {"second": "2"}})));
    let changed = tenant.write(&change, lane, &cause).await;
    let found = match changed {
        Ok(_) => tenant.read(&organizations::get(&made.id), lane).await,
        Err(error) => Err(error),
    };
    // Why before what was found is looked at: it is deleted, whatever came of it.
    tenant.write(&organizations::delete(&made.id), lane, &cause).await?;
    let metadata = serde_json::to_value(found?).unwrap_or_default();
    let has = |key: &str| metadata.pointer(&format!("/metadata/{key}")).is_some();
    Ok(match (has("first"), has("second")) {
        (true, true) => finding(true, "an organization's `metadata` is merged".to_owned()),
        (false, true) => finding(true, "an organization's `metadata` is replaced: send it whole".to_owned()),
        _ => finding(false, "an organization's `metadata` does not show what was sent".to_owned()),
    })
}
