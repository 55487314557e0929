//! `countersign model`

pub mod file;
mod told;
mod train;

use anyhow::Context;
use countersign_app::models::{ModelBy, ModelChange};
use countersign_core::TenantId;
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use self::file::ModelFile;
use super::{Verdict, policy, print};
use crate::{
    args::{ActOnModel, At, ExploreThresholds, ImportModel, ModelCommand, NamedModel},
    place::{OPERATOR, Place},
};

pub async fn run(command: ModelCommand) -> anyhow::Result<Verdict> {
    match command {
        ModelCommand::List(args) => {
            let tenant = tenant(&args.at, args.tenant.as_ref())?;
            let models =
                list(&Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadModels).await?, &tenant)
                    .await?;
            print(&if args.json { pretty(&models)? } else { told::list(&models) });
        }
        ModelCommand::Show(args) => {
            let tenant = tenant(&args.at, args.tenant.as_ref())?;
            let place = Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadModels).await?;
            let shown = show(&place, &tenant, args.version).await?;
            let file = match shown.get("kind").and_then(Value::as_str) {
                Some("own") => shown.get("model").cloned().unwrap_or_default(),
                _ => json!({ "model": shown.get("model"), "card": shown.get("card") }),
            };
            print(&if args.json { pretty(&file)? } else { told::card(&shown) });
        }
        ModelCommand::Compare(args) => {
            let tenant = tenant(&args.at, args.tenant.as_ref())?;
            let place = Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadModels).await?;
            let comparison = compare(&place, &tenant).await?;
            print(&if args.json { pretty(&comparison)? } else { told::comparison(&comparison) });
        }
        ModelCommand::Thresholds(args) => {
            let explored = thresholds(&args).await?;
            print(&if args.json { pretty(&explored)? } else { told::thresholds(&explored) });
        }
        ModelCommand::Import(ImportModel { file, by }) => import(&file::read(&file)?, &by).await?,
        ModelCommand::Train(args) => return train::run(&args).await,
        ModelCommand::Challenge(NamedModel { version, by }) => {
            act(&by, ModelChange::Challenge(version)).await?;
        }
        ModelCommand::Withdraw(by) => act(&by, ModelChange::Withdraw).await?,
        ModelCommand::Promote(NamedModel { version, by }) => act(&by, ModelChange::Promote(version)).await?,
        ModelCommand::Attach(NamedModel { version, by }) => act(&by, ModelChange::Attach(version)).await?,
        ModelCommand::Detach(by) => act(&by, ModelChange::Detach).await?,
        ModelCommand::RollBack(by) => act(&by, ModelChange::RollBack).await?,
    }
    Ok(Verdict::Holds)
}

fn tenant(at: &At, named: Option<&TenantId>) -> anyhow::Result<TenantId> {
    policy::tenant(&at.folder.load()?, named)
}

fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

async fn list(place: &Place, tenant: &TenantId) -> anyhow::Result<Value> {
    match place {
        Place::Server(server) => server.get(&["v1", "models", tenant.as_str()], &[]).await,
        Place::Here(here) => Ok(serde_json::to_value(here.app.models(&here.tenant).await?)?),
    }
}

async fn show(place: &Place, tenant: &TenantId, version: u64) -> anyhow::Result<Value> {
    match place {
        Place::Server(server) => {
            let version = version.to_string();
            server.get(&["v1", "models", tenant.as_str(), "versions", &version], &[]).await
        }
        Place::Here(here) => Ok(serde_json::to_value(here.app.model(&here.tenant, version).await?)?),
    }
}

async fn compare(place: &Place, tenant: &TenantId) -> anyhow::Result<Value> {
    match place {
        Place::Server(server) => {
            let answer = server.get(&["v1", "models", tenant.as_str(), "comparison"], &[]).await?;
            Ok(answer.get("comparison").cloned().unwrap_or_default())
        }
        Place::Here(here) => Ok(serde_json::to_value(here.app.compare_models(&here.tenant).await?)?),
    }
}

async fn thresholds(args: &ExploreThresholds) -> anyhow::Result<Value> {
    let tenant = tenant(&args.at, args.tenant.as_ref())?;
    match Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadModels).await? {
        Place::Server(server) => {
            let query = [("trigger", args.trigger.to_string()), ("at_most", args.at_most.to_string())];
            server.get(&["v1", "models", tenant.as_str(), "thresholds"], &query).await
        }
        Place::Here(here) => {
            let explored = here.app.explore_thresholds(&here.tenant, args.trigger, args.at_most).await?;
            Ok(serde_json::to_value(explored)?)
        }
    }
}

async fn import(read: &ModelFile, by: &ActOnModel) -> anyhow::Result<()> {
    let tenant = tenant(&by.at, by.tenant.as_ref())?;
    let version = match Place::open(&by.at, &tenant, Access::Own, Action::ChangeModels).await? {
        Place::Server(server) => {
            let mut path = vec!["v1", "models", tenant.as_str()];
            let body = match read {
                ModelFile::Constants { model, card } => {
                    json!({ "actor": server.actor(by.actor.as_deref()), "model": model, "card": card })
                }
                ModelFile::Own { text, .. } => {
                    path.push("own");
                    json!({ "actor": server.actor(by.actor.as_deref()), "own_model": serde_json::from_str::<Value>(text)? })
                }
            };
            let answer = server.call(Method::POST, &path, Some(&body)).await?;
            answer.get("version").and_then(Value::as_u64).context("the answer names no version")?
        }
        Place::Here(here) => {
            let version = match read {
                ModelFile::Constants { model, card } => {
                    here.app
                        .import_model(&here.tenant, model, card, by.actor.as_deref().unwrap_or(OPERATOR))
                        .await?
                }
                ModelFile::Own { text, .. } => {
                    here.app
                        .import_own_model(&here.tenant, text, by.actor.as_deref().unwrap_or(OPERATOR))
                        .await?
                        .0
                }
            };
            here.app.sign_checkpoint(&here.tenant).await?;
            version
        }
    };
    let (tag, held) = match read {
        ModelFile::Constants { model, .. } => (model.id().to_string(), "promoted"),
        ModelFile::Own { own, .. } => (own.id().to_string(), "attached"),
    };
    print(&format!("{tag} is version {version}; it holds nowhere until it is challenged or {held}.\n"));
    Ok(())
}

/// Does what is to be done from the state that is read just before.
async fn act(by: &ActOnModel, change: ModelChange) -> anyhow::Result<()> {
    let tenant = tenant(&by.at, by.tenant.as_ref())?;
    let place = Place::open(&by.at, &tenant, Access::Own, Action::ChangeModels).await?;
    let held = list(&place, &tenant).await?;
    let expected = held.get("act").and_then(Value::as_u64).context("the answer names no act")?;
    let done = match &place {
        Place::Server(server) => {
            let (word, version) = match change {
                ModelChange::Promote(version) => ("promote", Some(version)),
                ModelChange::Challenge(version) => ("challenge", Some(version)),
                ModelChange::Withdraw => ("withdraw", None),
                ModelChange::RollBack => ("roll_back", None),
                ModelChange::Attach(version) => ("attach", Some(version)),
                ModelChange::Detach => ("detach", None),
            };
            let body = json!({ "act": word, "version": version, "actor": server.actor(by.actor.as_deref()), "expected_act": expected });
            server.call(Method::POST, &["v1", "models", tenant.as_str(), "acts"], Some(&body)).await?
        }
        Place::Here(here) => {
            let by = ModelBy { actor: by.actor.as_deref().unwrap_or(OPERATOR), expected };
            let done = here.app.change_models(&here.tenant, change, by).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            json!({ "champion": done.champion, "challenger": done.challenger, "own": done.own })
        }
    };
    print(&format!("{}\n", told::standing(&done)));
    Ok(())
}
