//! What can be asked by reading.

use std::sync::Arc;

use countersign_adapters::management::Management;
use countersign_app::management::{Error, Lane};
use countersign_auth0::management::{actions, actions::ActionTrigger, logs};
use countersign_core::Trigger;
use countersign_plan::install::{RUNTIME, TRIGGERS, trigger_version};
use serde_json::Value;

use super::{
    Answers,
    questions::{Answer, Name},
    unanswered,
};

/// What the documentation has for the class of an Action's failure.
const CLASSES: [&str; 4] = ["platform_error", "action_timeout", "action_error", "rate_limited"];

/// Asks everything that reading tells.
pub async fn ask(management: &Management, answers: &mut Answers) -> anyhow::Result<()> {
    let triggers = management.read(&actions::triggers(), Lane::Interactive).await;
    answers.insert(Name::Triggers, told(triggers.map(|page| of_triggers(&page.items)))?);
    let newest = found(management, "").await;
    match newest {
        Ok(newest) => {
            answers.insert(Name::LogFields, of_fields(&newest));
            answers.insert(Name::LogMobile, of_mobile(&newest));
        }
        Err(error) => {
            let why = unanswered(error)?;
            answers.insert(Name::LogFields, why.clone());
            answers.insert(Name::LogMobile, why);
        }
    }
    let failures = found(management, "type:actions_execution_failed").await;
    answers.insert(Name::FailureLog, told(failures.map(|failures| of_failures(&failures)))?);
    answers.insert(Name::Scopes, of_scopes(management.scopes()));
    Ok(())
}

fn told(asked: Result<Answer, Error>) -> anyhow::Result<Answer> {
    asked.or_else(unanswered)
}

async fn found(management: &Management, query: &str) -> Result<Vec<Value>, Error> {
    let page = management.read(&logs::search(query), Lane::Interactive).await?;
    Ok(page.items.iter().filter_map(|item| serde_json::to_value(item).ok()).collect())
}

/// The versions of triggers, and what Actions run on.
fn of_triggers(known: &[ActionTrigger]) -> Answer {
    let of = |trigger: Trigger| {
        let wanted = trigger_version(trigger);
        let mut versions = known.iter().filter(|known| known.id.as_str() == trigger.as_str());
        let current =
            versions.find(|known| known.status.as_option().is_some_and(|status| status == "CURRENT"));
        let Some(current) = current else {
            return (false, format!("`{trigger}` has no current version; we take {wanted}"));
        };
        let version = current.version.as_option().map_or("none", String::as_str);
        let runtimes = current.runtimes.as_option().cloned().unwrap_or_default();
        let has_runtime = runtimes.iter().any(|runtime| runtime == RUNTIME);
        let text =
            format!("`{trigger}` is {version} on {}; we take {wanted} on {RUNTIME}", runtimes.join(", "));
        (version == wanted && has_runtime, text)
    };
    let (same, other): (Vec<_>, Vec<_>) = TRIGGERS.into_iter().map(of).partition(|(is_same, _)| *is_same);
    if other.is_empty() {
        return Answer::AsAssumed(format!("all {} triggers are in the version that we take", same.len()));
    }
    Answer::Differs(other.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(". "))
}

fn of_scopes(scopes: Option<Arc<[String]>>) -> Answer {
    match scopes {
        Some(scopes) => Answer::AsAssumed(format!("it has: {}", scopes.join(" "))),
        None => Answer::Differs("the tenant does not say which scopes the credential has".to_owned()),
    }
}

fn with<'a>(logs: &'a [Value], name: &'a str) -> impl Iterator<Item = &'a Value> {
    logs.iter().filter(move |log| log.get(name).is_some())
}

fn of_fields(logs: &[Value]) -> Answer {
    if logs.is_empty() {
        return Answer::NotAsked("there are no log events to look at".to_owned());
    }
    let (ids, dates) = (with(logs, "log_id").count(), with(logs, "date").count());
    let all = logs.len();
    Answer::of(
        ids == all && dates == all,
        format!("`log_id` in {ids}, `date` in {dates} of {all} log events"),
    )
}

fn of_mobile(logs: &[Value]) -> Answer {
    // Why not those of the API: the user agent there is a program's.
    let is_person =
        |log: &&Value| !log.get("type").and_then(Value::as_str).is_some_and(|kind| kind.contains("api"));
    let about: Vec<Value> = with(logs, "user_agent").filter(is_person).cloned().collect();
    if about.is_empty() {
        return Answer::NotAsked("no log event at hand is of somebody's user agent".to_owned());
    }
    let (snake, camel) = (with(&about, "is_mobile").count(), with(&about, "isMobile").count());
    let both = with(&about, "is_mobile").filter(|log| log.get("isMobile").is_some()).count();
    let text = format!("`is_mobile` in {snake}, `isMobile` in {camel} of {} log events", about.len());
    Answer::of(snake + camel == about.len() && both == 0, text)
}

fn of_failures(failures: &[Value]) -> Answer {
    if failures.is_empty() {
        return Answer::NotAsked("the log events at hand tell of no Action's failure".to_owned());
    }
    let text = |failure: &Value, name: &str| {
        failure.pointer(&format!("/details/{name}")).and_then(Value::as_str).map(str::to_owned)
    };
    let lacks = |name: &str| failures.iter().filter(|failure| text(failure, name).is_none()).count();
    let mut wrong: Vec<String> = ["trigger_id", "execution_id", "action_id", "error_class"]
        .into_iter()
        .filter(|name| lacks(name) > 0)
        .map(|name| format!("{} lack `{name}`", lacks(name)))
        .collect();
    let classes = failures.iter().filter_map(|failure| text(failure, "error_class"));
    let mut odd: Vec<String> = classes.filter(|class| !CLASSES.contains(&class.as_str())).collect();
    odd.sort_unstable();
    odd.dedup();
    wrong.extend(odd.iter().map(|class| format!("`{}` is another `error_class`", short(class))));
    let all = failures.len();
    if wrong.is_empty() {
        return Answer::AsAssumed(format!("all {all} log events of failures at hand have them"));
    }
    Answer::Differs(format!("of {all} log events of failures {}", wrong.join(", ")))
}

/// A word of a log event's as it can be printed.
fn short(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_as_assumed(answer: &Answer) -> bool {
        matches!(answer, Answer::AsAssumed(_))
    }

    fn known(version: &str, runtime: &str) -> Vec<ActionTrigger> {
        let of = |trigger: &Trigger| {
            let version = if *trigger == Trigger::PostLogin { version } else { trigger_version(*trigger) };
            json!([
                {"id": trigger.as_str(), "version": "v0", "status": "DEPRECATED", "runtimes": [RUNTIME]},
                {"id": trigger.as_str(), "version": version, "status": "CURRENT", "runtimes": ["node18-actions", runtime]},
            ])
        };
        let all: Vec<Value> = TRIGGERS.iter().flat_map(|it| of(it).as_array().unwrap().clone()).collect();
        serde_json::from_value(all.into()).unwrap()
    }

    #[test]
    fn another_version_or_runtime_of_a_trigger_is_told() {
        assert!(is_as_assumed(&of_triggers(&known("v3", "node22"))));
        for (version, runtime) in [("v4", "node22"), ("v3", "node24")] {
            let Answer::Differs(text) = of_triggers(&known(version, runtime)) else { panic!() };
            assert!(
                text.contains(&format!("`post-login` is {version} on node18-actions, {runtime}")),
                "{text}"
            );
        }
        let Answer::Differs(text) = of_triggers(&known("v3", "node22")[2..]) else { panic!() };
        assert_eq!(text, "`post-login` has no current version; we take v3");
    }

    #[test]
    fn log_events_without_what_we_go_by_are_told() {
        let good = json!({"log_id": "1", "date": "2026-01-01T00:00:00Z"});
        assert!(is_as_assumed(&of_fields(std::slice::from_ref(&good))));
        let answer = of_fields(&[good, json!({"log_id": "2"})]);
        assert_eq!(answer, Answer::Differs("`log_id` in 2, `date` in 1 of 2 log events".to_owned()));
        assert!(matches!(of_fields(&[]), Answer::NotAsked(_)));
    }

    #[test]
    fn either_spelling_is_as_assumed_and_both_or_none_are_not() {
        let of = |fields: Value| {
            let mut log = json!({"user_agent": "x"});
            log.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            of_mobile(&[log, json!({"type": "sapi", "user_agent": "x"})])
        };
        assert!(
            is_as_assumed(&of(json!({"isMobile": true}))) && is_as_assumed(&of(json!({"is_mobile": false})))
        );
        assert!(matches!(of(json!({"is_mobile": true, "isMobile": true})), Answer::Differs(_)));
        assert!(matches!(of(json!({})), Answer::Differs(_)));
        assert!(matches!(of_mobile(&[json!({"type": "sapi", "user_agent": "x"})]), Answer::NotAsked(_)));
    }

    #[test]
    fn another_form_of_a_failure_is_told_without_what_it_says() {
        let details = json!({"trigger_id": "post-login", "execution_id": "1", "action_id": "2", "error_class": "action_error"});
        let good = json!({"details": details});
        assert!(is_as_assumed(&of_failures(std::slice::from_ref(&good))));
        let mut odd = good.clone();
        odd["details"]["error_class"] = json!("new class\u{1b}[1m");
        odd["details"]["action_id"] = json!(7);
        let Answer::Differs(text) = of_failures(&[good, odd]) else { panic!() };
        let wanted = "of 2 log events of failures 1 lack `action_id`, `newclass1m` is another `error_class`";
        assert_eq!(text, wanted);
        assert!(matches!(of_failures(&[]), Answer::NotAsked(_)));
    }
}
