//! `countersign reveal`

use std::sync::Arc;

use countersign_app::{
    access::{Caller, Permit},
    reveal::{Asked, Reason, Revealed, Target},
};
use countersign_core::TenantId;
use countersign_rights::{Action, How};
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Verdict, print};
use crate::{
    args::{Reveal, Why},
    place::{Here, OPERATOR, Place},
};

pub async fn run(args: Reveal) -> anyhow::Result<Verdict> {
    let Reveal { kind, id, fields, why, tenant, at } = args;
    let place = Place::open(&at, &tenant, Access::Own, Action::RevealPersonal).await?;
    let revealed = revealed(&place, &tenant, (kind.into(), &id), (&fields, &why)).await?;
    print(&format!("{}\n", serde_json::to_string_pretty(&revealed)?));
    Ok(Verdict::Holds)
}

/// What was opened, in the form of the API.
pub async fn revealed(
    place: &Place,
    tenant: &TenantId,
    (kind, id): (Target, &str),
    (fields, why): (&[String], &Why),
) -> anyhow::Result<Value> {
    match place {
        Place::Server(server) => {
            let body = json!({
                "what": { "kind": kind, "id": id },
                "fields": fields,
                "reason": why.reason,
                "actor": server.actor(why.by.as_deref()),
            });
            server.call(Method::POST, &["v1", "reveals", tenant.as_str()], Some(&body)).await
        }
        Place::Here(here) => {
            let (caller, id_of_tenant) = (Caller::local(How::Process), here.tenant.id());
            let permit = here.app.permit_within(&caller, Action::RevealPersonal, id_of_tenant).await?;
            let asked = Asked { fields, reason: reason(why) };
            let Revealed { record, values } = here.app.reveal(&permit, (kind, id), asked).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            Ok(json!({ "reveal": record, "what": { "kind": kind, "id": id }, "values": values }))
        }
    }
}

/// What whoever has the data directory may do besides.
pub async fn permit(here: &Here, action: Action) -> anyhow::Result<Permit> {
    let tenant = Arc::clone(&here.tenant);
    Ok(here.app.permit(&Caller::local(How::Process), action, tenant.id()).await?)
}

/// The reason of somebody beside the data, whom nobody but themselves names.
pub fn reason(why: &Why) -> Reason<'_> {
    Reason { actor: Some(why.by.as_deref().unwrap_or(OPERATOR)), text: &why.reason }
}
