//! `countersign privacy erase`

use std::time::Duration;

use anyhow::{Context, bail};
use countersign_app::App;
use countersign_core::SubjectId;
use countersign_store::Access;
use serde::Deserialize;
use serde_json::json;

use super::{Verdict, print};
use crate::{
    args::Erase,
    compose::{Base, open_store},
    config::{self, Config},
};

/// How long a running server has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of an erasure; as a running server answers.
#[derive(Deserialize)]
struct Erased {
    subject: SubjectId,
    erased: bool,
}

pub async fn erase(args: Erase) -> anyhow::Result<Verdict> {
    let mut config = config::load(args.config.as_deref())?;
    if let Some(data) = &args.data {
        config.storage.directory.clone_from(data);
    }
    let Erased { subject, erased } = match &args.url {
        Some(url) => erase_by_server(&args, &config, url).await?,
        None => erase_here(&args, config).await?,
    };
    if erased {
        print(&format!("{subject} is erased: the key is destroyed, every proof still verifies.\n"));
        Ok(Verdict::Holds)
    } else {
        print(&format!(
            "There is no key for {subject}: nothing was recorded about them, or they were erased before.\n"
        ));
        Ok(Verdict::Fails)
    }
}

async fn erase_here(args: &Erase, mut config: Config) -> anyhow::Result<Erased> {
    let configured = config.tenants.remove(&args.tenant).unwrap_or_default();
    config.tenants = [(args.tenant.clone(), configured)].into();
    let base = Base::find(&config)?;
    let store = open_store(base.data.path(), Access::Own, &base.clock)
        .context("can't open the data directory; where a server owns it, erase through that by --url")?;
    if !store.list_tenants().await?.contains(&args.tenant) {
        bail!("`{}` holds no ledger of `{}`", base.data.path().display(), args.tenant);
    }
    let app = base.existing_app(&config, store).await?;
    let tenant = app.tenant(&args.tenant)?;
    let subject = match args.subject.parse() {
        Ok(subject) => subject,
        Err(_) => App::subject(&tenant, &args.subject),
    };
    let erased = app.erase(&tenant, &subject).await?;
    app.sign_checkpoint(&tenant).await?;
    Ok(Erased { subject, erased })
}

async fn erase_by_server(args: &Erase, config: &Config, url: &str) -> anyhow::Result<Erased> {
    let path = config.storage.directory.join("operator.token");
    let token = std::fs::read_to_string(&path).with_context(|| format!("can't read `{}`", path.display()))?;
    let body = match args.subject.parse::<SubjectId>() {
        Ok(subject) => json!({ "subject": subject }),
        Err(_) => json!({ "user_id": args.subject }),
    };
    let client =
        reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
    let mut address = reqwest::Url::parse(url)
        .with_context(|| format!("`{url}` is no address such as `http://127.0.0.1:8377`"))?;
    address
        .path_segments_mut()
        .map_err(|()| anyhow::anyhow!("`{url}` is no address such as `http://127.0.0.1:8377`"))?
        .pop_if_empty()
        .extend(["v1", "erasures", args.tenant.as_str()]);
    let response =
        client.post(address).bearer_auth(token.trim()).json(&body).send().await.context("no answer")?;
    let status = response.status();
    let bytes = response.bytes().await.context("no whole answer")?;
    if !status.is_success() {
        let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or("no reason given");
        bail!("the server refused with status {}: {detail}", status.as_u16());
    }
    serde_json::from_slice(&bytes).context("the server's answer is none of Countersign's")
}
