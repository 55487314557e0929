//! What Slack answers, and what to mend.

use countersign_app::{
    hooks::{HookError, Taken},
    management::Why,
};
use countersign_core::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{http::Answer, management::retry};

/// For how long Slack is left alone that does not say how long (Slack, "Rate limits": one message a second in a channel).
const PAUSE: u32 = 30;

/// What a method came to.
pub(crate) enum Said {
    Taken {
        place: Option<String>,
    },
    /// The message that was to be changed is gone, or can't be changed any more.
    Gone,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Body {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
}

pub(super) const fn failed(why: Why) -> HookError {
    match why {
        Why::Late => HookError::Late,
        Why::Certificate(_) => HookError::Refused("its certificate is not to be trusted"),
        _ => HookError::Unreachable,
    }
}

/// A status that takes nothing.
fn of_status(answer: &Answer, now: Timestamp) -> Result<(), HookError> {
    let status = answer.status.as_u16();
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(HookError::Busy { status, seconds: pause(answer, now) });
    }
    if answer.status.is_success() { Ok(()) } else { Err(HookError::Status(status)) }
}

fn pause(answer: &Answer, now: Timestamp) -> u32 {
    let named = retry::named(&answer.headers, now);
    named.map_or(PAUSE, |pause| u32::try_from(pause.as_secs()).unwrap_or(u32::MAX))
}

/// An incoming webhook answers 200, or a status and a word.
pub(crate) fn of_webhook(answer: &Answer, now: Timestamp) -> Result<Taken, HookError> {
    let word = String::from_utf8_lossy(&answer.body);
    match of_status(answer, now) {
        Ok(()) => Ok(Taken::default()),
        Err(HookError::Status(400..=499)) => Err(HookError::Refused(advice(word.trim()))),
        Err(error) => Err(error),
    }
}

/// A method answers 200 with `ok`, and in `error` why not.
pub(crate) fn of_method(answer: &Answer, now: Timestamp) -> Result<Said, HookError> {
    of_status(answer, now)?;
    let body: Body = serde_json::from_slice(&answer.body)
        .map_err(|_| HookError::Refused("what answered is not Slack's API: check `api`"))?;
    if body.ok {
        let place = body.channel.zip(body.ts).map(|(channel, ts)| format!("{channel} {ts}"));
        return Ok(Said::Taken { place: place.filter(|place| place.len() <= 100) });
    }
    match body.error.as_deref().unwrap_or_default() {
        "message_not_found" | "cant_update_message" | "edit_window_closed" => Ok(Said::Gone),
        "ratelimited" | "rate_limited" => Err(HookError::Busy { status: 429, seconds: pause(answer, now) }),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            Err(HookError::Status(503))
        }
        word => Err(HookError::Refused(advice(word))),
    }
}

/// What to mend (Slack, "chat.postMessage: errors" and "Sending messages using incoming webhooks: handling errors").
fn advice(word: &str) -> &'static str {
    match word {
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "invalid_token" => {
            "Slack does not take the token: install the app again and put its new token where `token` leads"
        }
        "missing_scope" | "not_allowed_token_type" => {
            "the token lacks the scope `chat:write`: add it to the app, and install it again"
        }
        "channel_not_found" => {
            "Slack knows no such channel, or the app does not see it: check `channel`, and invite the app"
        }
        "not_in_channel" => "the app is not in the channel: invite it",
        "is_archived" | "channel_is_archived" => "the channel is archived",
        "no_service" | "no_service_id" | "no_team" | "no_active_hooks" | "team_disabled"
        | "action_prohibited" => {
            "the incoming webhook is switched off: make a new one and put its address where `webhook` leads"
        }
        "invalid_blocks" | "invalid_payload" | "msg_too_long" | "no_text" | "msg_blocks_too_long" => {
            "Slack refuses the form of the message: check the templates"
        }
        "restricted_action" | "restricted_action_read_only_channel" | "ekm_access_denied" => {
            "the workspace's settings keep the app from posting there"
        }
        _ => "Slack refused the message",
    }
}
