//! A draft of an Action that is made to be run once, by the API's test run; it is never deployed and bound nowhere.

use std::time::Duration;

use countersign_app::management::Error;
use countersign_auth0::{
    Dictionary,
    management::{ActionId, actions},
};
use countersign_core::Trigger;
use countersign_plan::install::{RUNTIME, trigger_version};
use serde_json::{Value, json};

use super::{
    Answers,
    questions::{Answer, Name},
    trial::{Trial, answer, fields},
    unanswered,
};

/// What it needs.
pub const SCOPES: [&str; 3] = ["read:actions", "create:actions", "delete:actions"];

const WHAT: &str = "the Action";

/// By what the figure is found in the answer, whose form is not documented.
const MARK: &str = "countersign-probe heap=";

/// Says in each way that may be shown how large the heap may get. In a test run nobody is denied anything.
const CODE: &str = "exports.onExecutePostLogin = async (event, api) => {
  const mark = `countersign-probe heap=${require('v8').getHeapStatistics().heap_size_limit};`;
  console.log(mark);
  api.access.deny(mark);
};
";

/// What our Actions can do with, in bytes.
const ENOUGH: u64 = 64 * 1024 * 1024;

/// How often a draft is looked at until it is built, with how long between.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Makes a draft, runs it, and deletes it.
pub async fn ask(trial: &mut Trial, answers: &mut Answers) -> anyhow::Result<()> {
    let trigger = Trigger::PostLogin;
    let body = json!({
        "name": trial.name,
        "supported_triggers": [{"id": trigger.as_str(), "version": trigger_version(trigger)}],
        "code": CODE,
        "runtime": RUNTIME,
    });
    let id = match trial.write(&actions::create(fields(body))).await {
        Ok(made) => made.id,
        Err(error) => {
            if matches!(error, Error::Unknown { .. } | Error::Shape { .. }) {
                take_away(trial).await;
            }
            answers.insert(Name::Memory, unanswered(error)?);
            return Ok(());
        }
    };
    let memory = trial.unless_ended(memory(trial, &id)).await;
    // Why before what was found is looked at: it is deleted, whatever came of it.
    trial.delete(WHAT, &actions::delete(&id)).await;
    answers.insert(Name::Memory, answer(memory)?);
    Ok(())
}

/// Deletes a draft of whose creation nobody knows.
async fn take_away(trial: &mut Trial) {
    match trial.read(&actions::named(&trial.name)).await {
        Ok(page) => {
            let ours = page.items.into_iter().filter(|action| action.name.as_option() == Some(&trial.name));
            for action in ours.collect::<Vec<_>>() {
                trial.delete(WHAT, &actions::delete(&action.id)).await;
            }
        }
        Err(error) => trial.note(WHAT, &error),
    }
}

async fn memory(trial: &Trial, id: &ActionId) -> Result<Answer, Error> {
    let mut looks = 0;
    while trial.read(&actions::get(id)).await?.status.as_option().is_none_or(|status| status != "built") {
        looks += 1;
        if looks == LOOKS {
            return Ok(Answer::NotAsked(format!("the draft was not built within {LOOKS} seconds")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let answer = trial.write(&actions::test(id, &Dictionary::default())).await?;
    Ok(of_answer(&answer.0))
}

fn of_answer(answer: &Value) -> Answer {
    let text = answer.to_string();
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let heap = text.split_once(MARK).and_then(|(_, rest)| digits(rest).parse::<u64>().ok());
    heap.map_or_else(
        || Answer::NotAsked("the answer to the test run does not show what the draft said".to_owned()),
        |heap| Answer::of(heap >= ENOUGH, format!("its heap may grow to {} MiB", heap >> 20)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found_wherever_it_stands() {
        let logs = json!({"payload": {"logs": [{"text": "a\ncountersign-probe heap=134217728;\n"}]}});
        assert_eq!(of_answer(&logs), Answer::AsAssumed("its heap may grow to 128 MiB".to_owned()));
        let denied = json!([{"type": "deny", "reason": "countersign-probe heap=33554432;"}]);
        assert_eq!(of_answer(&denied), Answer::Differs("its heap may grow to 32 MiB".to_owned()));
        assert!(matches!(of_answer(&json!({"payload": {}})), Answer::NotAsked(_)));
        assert!(matches!(of_answer(&json!(MARK)), Answer::NotAsked(_)));
    }
}
