//! Messages by telephone through the tenant's own Action, and events handed to an Action.

use serde_json::json;

use super::{
    end::{Course, FlowEnd, Stage},
    facts::{Facts, text},
    record::{Entry, Shape},
    run::Bound,
};
use crate::Handler;

/// Sends a code by telephone; the facts hold the `message`. An Action that throws sends nothing.
pub async fn send_message(stage: &mut Stage<'_>, facts: &Facts, bound: &[Bound]) -> FlowEnd {
    let handler = Handler::ExecuteSendPhoneMessage;
    let mut course = Course::run(stage, handler, bound, facts, Default::default()).await;
    let is_sent = course.refusal(false).is_none();
    let (kind, words) = match (text(&facts.message, "message_type"), is_sent) {
        ("voice", true) => ("gd_send_voice", "Guardian - Voice call sent"),
        ("voice", false) => ("gd_send_voice_failure", "Guardian - Voice call could not be sent"),
        (_, true) => ("gd_send_sms", "Guardian - SMS sent"),
        (_, false) => ("gd_send_sms_failure", "Guardian - SMS could not be sent"),
    };
    let details = json!({ "request": {}, "response": {}, "actions": course.actions() });
    course.log(stage, facts, &Entry::new(kind, Shape::Factor, words).with(details));
    course.finish(facts, false)
}

/// Hands an event of a stream to its Action; one that throws counts as a delivery that failed.
pub async fn stream_event(stage: &mut Stage<'_>, facts: &Facts, bound: &Bound) -> FlowEnd {
    let bound = std::slice::from_ref(bound);
    Course::run(stage, Handler::ExecuteEventStream, bound, facts, Default::default())
        .await
        .finish(facts, false)
}
