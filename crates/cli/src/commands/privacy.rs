//! `countersign privacy erase`

use anyhow::Context;
use countersign_app::App;
use countersign_core::SubjectId;
use countersign_rights::Action;
use countersign_store::Access;
use serde::Deserialize;
use serde_json::json;

use super::{Verdict, print};
use crate::{
    args::Erase,
    place::{Here, Place, Remote},
};

/// What became of an erasure; as a running server answers.
#[derive(Deserialize)]
struct Erased {
    subject: SubjectId,
    erased: bool,
}

pub async fn erase(args: Erase) -> anyhow::Result<Verdict> {
    let Erased { subject, erased } =
        match Place::open(&args.at, &args.tenant, Access::Own, Action::ErasePeople).await? {
            Place::Server(server) => erase_by_server(&args, &server).await?,
            Place::Here(here) => erase_here(&args, &here).await?,
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

async fn erase_here(args: &Erase, Here { app, tenant }: &Here) -> anyhow::Result<Erased> {
    let subject = match args.subject.parse() {
        Ok(subject) => subject,
        Err(_) => App::subject(tenant, &args.subject),
    };
    let erased = app.erase(tenant, &subject).await?;
    app.sign_checkpoint(tenant).await?;
    Ok(Erased { subject, erased })
}

async fn erase_by_server(args: &Erase, server: &Remote) -> anyhow::Result<Erased> {
    let body = match args.subject.parse::<SubjectId>() {
        Ok(subject) => json!({ "subject": subject }),
        Err(_) => json!({ "user_id": args.subject }),
    };
    let path = ["v1", "erasures", args.tenant.as_str()];
    let answer = server.call(reqwest::Method::POST, &path, Some(&body)).await?;
    serde_json::from_value(answer).context("the server's answer is none of Countersign's")
}
