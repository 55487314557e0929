//! Telling configured receivers. Who they are is configuration: an order names one, and can't make one.

use countersign_auth0::Json;
use serde::{Deserialize, Serialize};

use super::{Back, Call, FaultCode, Forever, Kind, Scope, Write, draft::Draft};

/// The longest message, in characters, and the largest body, in bytes; bounds of our own.
const MESSAGE: usize = 4_000;
const BODY: usize = 65_536;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The receiver's name.
    pub receiver: String,
    /// The message.
    pub text: String,
}

/// A call of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookCall {
    /// The receiver's name.
    pub receiver: String,
    /// The body.
    pub body: Json,
}

fn is_configured(draft: &mut Draft<'_>, receiver: &str) -> bool {
    let is_known = draft.frame.receivers.contains(receiver);
    if !is_known {
        draft.fault("receiver", FaultCode::Receiver, "it has to be one of the configured receivers");
    }
    is_known
}

impl Message {
    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        if is_configured(draft, &self.receiver) && draft.text("text", &self.text, MESSAGE) {
            let call = Call::Notify { receiver: self.receiver.clone(), text: self.text.clone() };
            draft.push(Kind::Notify, Scope::default(), Write::told(call), Back::Irreversible(Forever::Told));
        }
    }
}

impl WebhookCall {
    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        if !is_configured(draft, &self.receiver) {
            return;
        }
        let size = serde_json::to_vec(&self.body).map_or(usize::MAX, |bytes| bytes.len());
        if size > BODY {
            return draft.fault("body", FaultCode::Length, "a body has 65536 bytes at the most");
        }
        let call = Call::Webhook { receiver: self.receiver.clone(), body: self.body.0.clone() };
        draft.push(Kind::CallWebhook, Scope::default(), Write::told(call), Back::Irreversible(Forever::Told));
    }
}
