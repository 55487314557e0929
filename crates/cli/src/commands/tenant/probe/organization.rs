//! An organization that is made to be asked about.

use countersign_app::management::Error;
use countersign_auth0::management::{OrganizationName, UserId, members, organizations};
use countersign_core::OrganizationId;
use serde_json::json;

use super::{
    Answers,
    questions::{Answer, Name},
    trial::{NOT_FOUND, Trial, answer, fields},
    unanswered,
};

/// What it needs.
pub const SCOPES: [&str; 5] = [
    "create:organizations",
    "read:organizations",
    "update:organizations",
    "delete:organizations",
    "create:organization_members",
];

const WHAT: &str = "the organization";

/// How many ids we take for the most of one call.
const MOST: usize = 10;

/// How many ids are sent at once, in turn, until a call is refused for their number.
const COUNTS: [usize; 6] = [10, 11, 21, 51, 101, 501];

/// Makes an organization, asks, and deletes it.
pub async fn ask(trial: &mut Trial, answers: &mut Answers) -> anyhow::Result<()> {
    let body = json!({"name": trial.name, "display_name": trial.name, "metadata": {"first": "1"}});
    let id = match trial.write(&organizations::create(fields(body))).await {
        Ok(made) => made.id,
        Err(error) => {
            if matches!(error, Error::Unknown { .. } | Error::Shape { .. }) {
                take_away(trial).await;
            }
            let why = unanswered(error)?;
            answers.extend([(Name::Metadata, why.clone()), (Name::Members, why)]);
            return Ok(());
        }
    };
    let metadata = trial.unless_ended(metadata(trial, &id)).await;
    let members = trial.unless_ended(members(trial, &id)).await;
    // Why before what was found is looked at: it is deleted, whatever came of it.
    trial.delete(WHAT, &organizations::delete(&id)).await;
    answers.insert(Name::Metadata, answer(metadata)?);
    answers.insert(Name::Members, answer(members)?);
    Ok(())
}

/// Deletes an organization of whose creation nobody knows.
async fn take_away(trial: &mut Trial) {
    let Ok(name) = trial.name.parse::<OrganizationName>() else { return };
    match trial.read(&organizations::by_name(&name)).await {
        Ok(found) => trial.delete(WHAT, &organizations::delete(&found.id)).await,
        Err(Error::Refused { refusal, .. }) if refusal.status == NOT_FOUND => {}
        Err(error) => trial.note(WHAT, &error),
    }
}

/// Whether `metadata` is merged with what is sent, or replaced by it.
async fn metadata(trial: &Trial, id: &OrganizationId) -> Result<Answer, Error> {
    let change = fields(json!({"metadata": {"second": "2"}}));
    trial.write(&organizations::update(id, change)).await?;
    let found = trial.read(&organizations::get(id)).await?;
    let has = |key: &str| found.metadata.as_option().is_some_and(|metadata| metadata.get(key).is_some());
    Ok(match (has("first"), has("second")) {
        (false, true) => Answer::AsAssumed("it is replaced".to_owned()),
        (true, true) => Answer::Differs("it is merged: what is to go must be sent as null".to_owned()),
        _ => Answer::Differs("it does not show what was sent".to_owned()),
    })
}

/// How many ids a call takes. They are of nobody, so that nobody becomes a member.
async fn members(trial: &Trial, id: &OrganizationId) -> Result<Answer, Error> {
    // Up to which number no call was refused for it, whether one was taken, and why else one was refused.
    let (mut passed, mut is_taken, mut other) = (0, false, String::new());
    for count in COUNTS {
        let ids =
            (0..count).filter_map(|number| format!("auth0|{}-{number}", trial.name).parse::<UserId>().ok());
        match trial.write(&members::add(id, &ids.collect::<Vec<_>>())).await {
            Ok(_) => is_taken = true,
            Err(Error::Refused { refusal, .. }) if is_too_many(refusal.status, &refusal.message) => {
                let text = format!("{count} ids are refused ({}), {passed} are not", refusal.message);
                return Ok(Answer::of(passed == MOST, text));
            }
            Err(Error::Refused { refusal, .. }) => other = format!("{} {}", refusal.status, refusal.message),
            Err(error) => return Err(error),
        }
        passed = count;
    }
    Ok(if is_taken {
        Answer::Differs(format!("{passed} ids at once are not refused for their number"))
    } else {
        Answer::NotAsked(format!(
            "each call was refused, and not evidently for how many ids it had ({other})"
        ))
    })
}

/// Whether a call is refused for how much it holds; another reason is that nobody has these ids.
fn is_too_many(status: u16, message: &str) -> bool {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    status == 413
        || (status == 400
            && ["too long", "too many", "maximum", "at most", "more than"].into_iter().any(says))
}
