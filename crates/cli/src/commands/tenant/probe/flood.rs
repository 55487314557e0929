//! What can be asked by more requests than the tenant allows.

use countersign_adapters::management::{Management, TooMany};
use countersign_auth0::management::actions;

use super::{
    Answers,
    questions::{Answer, Name},
    unanswered,
};

/// The most requests; above what any plan lets through at once.
const MOST: u32 = 300;

/// Asks it, by an operation that counts against the limit for all that have none of their own.
pub async fn ask(management: &Management, answers: &mut Answers) -> anyhow::Result<()> {
    let (body, headers) = match management.provoke(actions::triggers().any(), MOST).await {
        Ok(Some(refused)) => (of_body(&refused), of_headers(&refused)),
        Ok(None) => {
            let why = Answer::NotAsked(format!("none of {MOST} requests was refused for their number"));
            (why.clone(), why)
        }
        Err(error) => {
            let why = unanswered(error)?;
            (why.clone(), why)
        }
    };
    answers.insert(Name::LimitBody, body);
    answers.insert(Name::LimitHeaders, headers);
    Ok(())
}

fn of_body(refused: &TooMany) -> Answer {
    let after = format!("after {} answers", refused.answered);
    match &refused.refusal {
        None => Answer::Differs(format!("{after} a body that is not JSON")),
        Some(refusal) => {
            let code = refusal.code.as_ref().map_or_else(String::new, |code| format!(" (`{code}`)"));
            let text = format!("{after} `{}`{code}: {}", refusal.error, refusal.message);
            Answer::of(refusal.error == "Too Many Requests" && !refusal.message.is_empty(), text)
        }
    }
}

fn of_headers(refused: &TooMany) -> Answer {
    let word = |is_there| if is_there { "there" } else { "absent" };
    let (reset, after) = (word(refused.has_reset), word(refused.has_retry_after));
    Answer::of(refused.has_reset, format!("`x-ratelimit-reset` is {reset}, `Retry-After` is {after}"))
}
