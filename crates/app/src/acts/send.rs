//! Sending one step.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::{Secret, Timestamp};
use countersign_plan::{
    FillError,
    change::{Call, ChangeStep, Kind, RANDOM},
    run::{Answer, Kept, Run},
};
use countersign_playbook::CONTAINED;
use serde_json::json;

use super::{
    Hands,
    wait::{Delay, Hindrance},
};
use crate::{
    App, Error, Tenant,
    hooks::{HookError, Message},
    management::{Authority, Cause, Error as ApiError, Lane, Pass},
};

/// Random bytes of a password that nobody learns.
const RANDOM_BYTES: usize = 32;

/// A step that can be sent.
pub(super) enum Ready {
    Request(countersign_auth0::management::AnyRequest),
    Told { receiver: String, body: Vec<u8> },
}

impl App {
    /// What is to be sent; the error says that an earlier answer or a secret is not known.
    pub(super) fn ready(
        &self,
        (tenant, hands): (&Tenant, &Hands),
        (plan, run): (&str, &Run),
        step: &ChangeStep,
    ) -> Result<Result<Ready, FillError>, Error> {
        let mut secrets = BTreeMap::new();
        if let Some(keep) = step.write.keeps.iter().find(|keep| keep.is_secret && hands.keeper.is_none()) {
            return Ok(Err(FillError::Secret(keep.name.clone())));
        }
        for name in step.write.secrets() {
            if name.starts_with(RANDOM) {
                secrets.insert(name.to_owned(), self.random_secret()?);
            } else if let Some(secret) = hands.secrets.get(name) {
                secrets.insert(name.to_owned(), Secret::new(secret.expose().to_vec()));
            }
        }
        let now = self.ports.clock.now();
        Ok(match &step.write.call {
            Call::Management(template) => template.fill(run.answers(), &secrets).map(Ready::Request),
            Call::Notify { receiver, text } => {
                let path = format!("/plans/{plan}?tenant={}", tenant.id);
                let data = json!({ "tenant": tenant.id, "text": text, "plan_id": plan, "path": path });
                Ok(Ready::Told { receiver: receiver.clone(), body: message(now, "plan.message", &data) })
            }
            Call::Webhook { receiver, body } => {
                Ok(Ready::Told { receiver: receiver.clone(), body: message(now, "plan.webhook", body) })
            }
        })
    }

    /// A password that meets every policy of the platform, and that nobody learns.
    fn random_secret(&self) -> Result<Secret, Error> {
        let mut bytes = [0_u8; RANDOM_BYTES];
        self.ports.entropy.fill(&mut bytes).map_err(Error::internal)?;
        Ok(Secret::new(format!("Aa1-{}", URL_SAFE_NO_PAD.encode(bytes)).into_bytes()))
    }

    /// Sends it once, and says what came of it, and what keeps it where it was not sent.
    pub(super) async fn send_step(
        &self,
        hands: &Hands,
        (step, ready, pass): (&ChangeStep, &Ready, Pass),
        (record, hash): (&str, &str),
    ) -> (Answer, Delay) {
        let limited = Delay::by(Hindrance::Limited);
        match ready {
            Ready::Request(request) => {
                let cause = Cause {
                    correlation_id: record.to_owned(),
                    actor: "executor".to_owned(),
                    reason: step.kind.as_str().to_owned(),
                    authority: Authority::Plan(hash.to_owned()),
                };
                let lane = lane(step);
                match hands.port.api().change_in(pass, (request, lane), &cause).await {
                    Ok(reply) => (answered(hands, step, &reply), limited),
                    Err(error) => (refused(&error), Delay::of(&error)),
                }
            }
            Ready::Told { receiver, body } => {
                let Some(sender) = hands.receivers.get(receiver) else {
                    return (Answer::Refused(404), limited);
                };
                let at = self.ports.clock.now();
                let message = Message { id: record, about: record, at, body, place: None };
                match sender.send(message).await {
                    Ok(_) => (Answer::Done(Kept::new()), limited),
                    Err(HookError::Status(status)) => (Answer::of_status(status), limited),
                    Err(HookError::Busy { status, seconds }) => {
                        let after = Some(Duration::from_secs(seconds.into()));
                        (Answer::of_status(status), Delay { after, ..limited })
                    }
                    Err(HookError::Refused(_)) => (Answer::Refused(422), limited),
                    Err(HookError::Resting) => (Answer::NotSent, Delay::by(Hindrance::Resting)),
                    Err(HookError::Late | HookError::Unreachable) => (Answer::Unknown, limited),
                }
            }
        }
    }
}

/// Containment goes before all other work at the tenant.
pub(super) fn lane(step: &ChangeStep) -> Lane {
    if is_containment(step) { Lane::Containment } else { Lane::Bulk }
}

/// Whether a step keeps somebody out, or marks them as contained.
pub(super) fn is_containment(step: &ChangeStep) -> bool {
    let names_mark = || serde_json::to_string(&step.write.call).is_ok_and(|call| call.contains(CONTAINED));
    step.kind.is_containment() || step.kind == Kind::SetAppMetadata && names_mark()
}

fn message(at: Timestamp, kind: &str, data: &serde_json::Value) -> Vec<u8> {
    json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string().into_bytes()
}

fn answered(hands: &Hands, step: &ChangeStep, reply: &crate::management::Reply) -> Answer {
    let Ok(countersign_auth0::Json(value)) = reply.read::<countersign_auth0::Json>() else {
        return Answer::Unknown;
    };
    for (name, secret) in step.write.kept_secrets(&value) {
        let kept = hands.keeper.as_ref().map(|keeper| keeper.keep(&name, &secret));
        if !matches!(kept, Some(Ok(()))) {
            tracing::error!(kind = step.kind.as_str(), "a secret that the tenant made could not be kept");
            // Why: it is lost, and a person has to say what becomes of it.
            return Answer::Unknown;
        }
    }
    Answer::Done(step.write.kept(&value))
}

/// What an error says of whether it was done.
fn refused(error: &ApiError) -> Answer {
    match error {
        ApiError::Refused { refusal, .. } => Answer::of_status(refusal.status),
        ApiError::Scope { .. } => Answer::Refused(403),
        ApiError::Unknown { .. } | ApiError::Shape { .. } => Answer::Unknown,
        _ => Answer::NotSent,
    }
}
