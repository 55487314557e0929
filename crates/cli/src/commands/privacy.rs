//! `countersign privacy erase`

use anyhow::Context;
use countersign_app::App;
use countersign_core::SubjectId;

use super::{Verdict, print};
use crate::{args::Erase, compose::Base, config};

pub async fn erase(args: Erase) -> anyhow::Result<Verdict> {
    let mut config = config::load(args.config.as_deref())?;
    if let Some(data) = args.data {
        config.storage.directory = data;
    }
    config.tenants.entry(args.tenant.clone()).or_default();
    let base = Base::open(&config)?;
    let app =
        base.app(&config, &base.clock).await.context("stop the server first: it owns the data directory")?;
    let tenant = app.tenant(&args.tenant)?;
    let subject: SubjectId = match args.subject.parse() {
        Ok(subject) => subject,
        Err(_) => App::subject(&tenant, &args.subject),
    };
    let was_there = app.erase(&tenant, &subject).await?;
    app.sign_checkpoint(&tenant).await?;
    if was_there {
        print(&format!("{subject} is erased: the key is destroyed, every proof still verifies.\n"));
        Ok(Verdict::Holds)
    } else {
        print(&format!(
            "There is no key for {subject}: nothing was recorded about them, or they were erased before.\n"
        ));
        Ok(Verdict::Fails)
    }
}
