//! `countersign risk-token`

use anyhow::Context;
use countersign_core::Timestamp;
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde::Deserialize;

use super::{Verdict, print};
use crate::{
    args::{OfTenant, RiskToken},
    place::Place,
};

/// What a running server has for "these words are none of Countersign's".
const FOREIGN: &str = "the server's answer is none of Countersign's";

#[derive(Deserialize)]
struct Made {
    id: String,
    token: String,
}

#[derive(Deserialize)]
struct Listed {
    tokens: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    id: String,
    made_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

pub async fn run(command: RiskToken) -> anyhow::Result<Verdict> {
    match command {
        RiskToken::Create(of) => create(&of).await,
        RiskToken::List(of) => list(&of).await,
        RiskToken::Revoke(args) => revoke(&args.of, &args.id).await,
    }
}

async fn create(of: &OfTenant) -> anyhow::Result<Verdict> {
    let Made { id, token } = match Place::open(&of.at, &of.tenant, Access::Own, Action::ChangeTokens).await? {
        Place::Server(server) => {
            let path = ["v1", "risk-tokens", of.tenant.as_str()];
            let made = server.call(Method::POST, &path, None).await?;
            serde_json::from_value(made).context(FOREIGN)?
        }
        Place::Here(here) => {
            let (id, token) = here.app.make_risk_token(&here.tenant).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            Made { id, token: token.expose().to_owned() }
        }
    };
    print(&format!("{token}\n"));
    print(&format!("Its name is {id}. It is asked at /risk/{token} and is not printed again.\n"));
    Ok(Verdict::Holds)
}

async fn list(of: &OfTenant) -> anyhow::Result<Verdict> {
    let tokens = match Place::open(&of.at, &of.tenant, Access::ReadOnly, Action::ReadTokens).await? {
        Place::Server(server) => {
            let listed = server.get(&["v1", "risk-tokens", of.tenant.as_str()], &[]).await?;
            serde_json::from_value::<Listed>(listed).context(FOREIGN)?.tokens
        }
        Place::Here(here) => {
            let rows = here.app.risk_tokens(&here.tenant).await?;
            let known = |row: countersign_store::RiskTokenRow| Known {
                id: row.id,
                made_at: row.at,
                revoked_at: row.revoked_at,
            };
            rows.into_iter().map(known).collect()
        }
    };
    for Known { id, made_at, revoked_at } in tokens {
        let standing = revoked_at.map_or_else(|| "holds".to_owned(), |at| format!("ended {at}"));
        print(&format!("{id}  made {made_at}  {standing}\n"));
    }
    Ok(Verdict::Holds)
}

async fn revoke(of: &OfTenant, id: &str) -> anyhow::Result<Verdict> {
    match Place::open(&of.at, &of.tenant, Access::Own, Action::ChangeTokens).await? {
        Place::Server(server) => {
            let path = ["v1", "risk-tokens", of.tenant.as_str(), id];
            server.call(Method::DELETE, &path, None).await?;
        }
        Place::Here(here) => {
            here.app.revoke_risk_token(&here.tenant, id).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
        }
    }
    print(&format!("{id} is ended.\n"));
    Ok(Verdict::Holds)
}
