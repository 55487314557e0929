//! `countersign decisions`

mod facts;

use anyhow::{Context, bail};
use countersign_app::access::Within;
use countersign_app::{
    Error,
    decide::Replay,
    explain::{Explanation, flip},
};
use countersign_core::DecisionId;
use countersign_ledger::receipt::Receipt;
use countersign_policy::{Decision, Recorded};
use countersign_rights::Action;
use countersign_risk::{Assessment, Flip};
use countersign_store::Access;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::facts::{Facts, Pages};
use super::{Verdict, print, reveal, waterfall};
use crate::{
    args::{Decisions, ExportDecisions, List, ShowDecision, Why},
    place::{Here, Place, Remote},
};

/// One decision, explained; as a running server answers.
#[derive(Serialize, Deserialize)]
struct Shown {
    #[serde(flatten)]
    facts: Facts,
    assessment: Assessment,
    decision: Decision<Recorded>,
    degraded: Vec<String>,
    truncated: Vec<String>,
    policy: String,
}

pub async fn run(command: Decisions) -> anyhow::Result<Verdict> {
    match command {
        Decisions::List(args) => list(args).await,
        Decisions::Show(args) => show(&args).await,
        Decisions::Export(args) => export(args).await,
    }
}

async fn list(args: List) -> anyhow::Result<Verdict> {
    let place = Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadDecisions).await?;
    let mut pages = Pages::new(&place, args.tenant, args.filter);
    let mut left = args.limit;
    while left > 0 {
        let Some(page) = pages.next().await? else { break };
        for facts in page.into_iter().take(left) {
            left -= 1;
            let line = if args.json { serde_json::to_string(&facts)? } else { facts.line() };
            print(&format!("{line}\n"));
        }
    }
    Ok(Verdict::Holds)
}

async fn show(args: &ShowDecision) -> anyhow::Result<Verdict> {
    let place = Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadDecisions).await?;
    let (shown, flip) = match &place {
        Place::Server(server) => {
            let query = [("tenant", args.tenant.to_string())];
            let answer = server.get(&["v1", "decisions", args.id.as_str()], &query).await?;
            (serde_json::from_value(answer).context("the server's answer is none of Countersign's")?, None)
        }
        Place::Here(here) => shown_here(here, &args.id).await?,
    };
    print(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(&shown)?)
    } else {
        in_words(shown, flip)?
    });
    match &place {
        Place::Here(here) if args.replay => replay(here, &args.id).await,
        _ => Ok(Verdict::Holds),
    }
}

async fn shown_here(here: &Here, id: &DecisionId) -> anyhow::Result<(Shown, Option<Flip>)> {
    let (row, record) = here.app.decision(Within::all(&here.tenant), id).await?;
    let policy = here.tenant.policy();
    let made = &row.decision;
    // Why: the thresholds of another version would tell another change.
    let flip = (policy.etag() == record.policy)
        .then(|| policy.document().settings(made.trigger, made.organization.as_ref(), made.client.as_ref()))
        .and_then(|settings| flip(&record.assessment, settings.thresholds));
    let shown = Shown {
        facts: row.into(),
        assessment: record.assessment,
        decision: record.decision,
        degraded: record.degraded,
        truncated: record.truncated,
        policy: record.policy,
    };
    Ok((shown, flip))
}

fn in_words(shown: Shown, flip: Option<Flip>) -> anyhow::Result<String> {
    let Shown { facts, assessment, decision, degraded, truncated, policy } = shown;
    let mut text = format!("{}\npolicy {policy}, outcome: {}\n\n", facts.line(), facts.standing);
    text.push_str(&waterfall::text(&Explanation { assessment, decision, flip })?);
    for (words, list) in [("made without", degraded), ("cut by the Action", truncated)] {
        if !list.is_empty() {
            text.push_str(&format!("\n{words}: {}\n", list.join(", ")));
        }
    }
    Ok(text)
}

async fn replay(here: &Here, id: &DecisionId) -> anyhow::Result<Verdict> {
    match here.app.replay(&here.tenant, id).await? {
        Replay::Same => {
            print("\nDecided again: the same record, byte for byte.\n");
            Ok(Verdict::Holds)
        }
        Replay::Differs { at } => {
            print(&format!("\nDecided again: another record, from byte {at} on.\n"));
            Ok(Verdict::Fails)
        }
        Replay::NotAtHand { what } => bail!("it can't be decided again: `{what}` is not at hand"),
    }
}

async fn export(args: ExportDecisions) -> anyhow::Result<Verdict> {
    let why = args.why.given().filter(|_| args.open);
    let access = if why.is_some() { Access::Own } else { Access::ReadOnly };
    let place = Place::open(&args.at, &args.tenant, access, Action::ReadDecisions).await?;
    let mut pages = Pages::new(&place, args.tenant.clone(), args.filter).with_aliases(args.aliases);
    while let Some(page) = pages.next().await? {
        for facts in page {
            let mut line = serde_json::to_value(facts.without_subject(args.aliases))?;
            if let Some(why) = &why {
                let record = opened(&place, &args.tenant, &facts.decision_id, why).await?;
                if let Some(object) = line.as_object_mut() {
                    object.insert("record".to_owned(), record);
                }
            }
            print(&format!("{line}\n"));
        }
    }
    if let Place::Here(here) = &place
        && why.is_some()
    {
        here.app.sign_checkpoint(&here.tenant).await?;
    }
    Ok(Verdict::Holds)
}

/// What was recorded, null when its person was erased or it was kept long enough; that it was shown is on record first.
async fn opened(
    place: &Place,
    tenant: &countersign_core::TenantId,
    id: &DecisionId,
    why: &Why,
) -> anyhow::Result<Value> {
    let receipt = match place {
        Place::Server(server) => opened_by_server(server, tenant, id, why).await?,
        Place::Here(here) => {
            let permit = reveal::permit(here, Action::RevealDecisions).await?;
            match here.app.opened_receipt(&permit, id.as_str(), reveal::reason(why)).await {
                Ok(receipt) => Some(receipt),
                Err(Error::Erased | Error::NotKept | Error::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            }
        }
    };
    let body = receipt.and_then(|receipt| receipt.openings.into_iter().next());
    body.map_or(Ok(json!(null)), |opening| {
        serde_json::from_slice(&opening.body.0).context("a record can't be read")
    })
}

async fn opened_by_server(
    server: &Remote,
    tenant: &countersign_core::TenantId,
    id: &DecisionId,
    why: &Why,
) -> anyhow::Result<Option<Receipt>> {
    let query = [("tenant", tenant.to_string())];
    let body = json!({ "reason": why.reason, "actor": server.actor(why.by.as_deref()) });
    let found = server.find_by(&["v1", "decisions", id.as_str(), "receipt"], &query, &body).await?;
    found.map(|receipt| serde_json::from_value(receipt).context("no receipt")).transpose()
}
