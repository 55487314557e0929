//! What decisions teach about e-mail addresses: who has one, and what was thought of its sign-up.

use countersign_core::{Score, SubjectId, Timestamp, Trigger};
use countersign_store::{AddressRow, NewDecision, SignUp, Write};

use super::{Asked, asked::Who, gather::Gathered};
use crate::Tenant;

/// How long a sign-up is carried to the first login, in microseconds: 30 days, after which few are still to come.
const CARRIED_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;

/// The score of an address's sign-up, while it is young enough to be carried.
pub(super) fn carried(row: &AddressRow, at: Timestamp) -> Option<Score> {
    let sign_up = row.sign_up.as_ref()?;
    (0..CARRIED_MICROS).contains(&at.since(sign_up.at)).then_some(sign_up.score)
}

/// What a decision teaches about the event's address; `None` when nothing new.
///
/// A user without a profile is one whom we see for the first time, so that a known one costs no write.
pub(super) fn learned<T: Asked>(
    event: &T,
    tenant: &Tenant,
    gathered: &Gathered,
    decision: &NewDecision,
) -> Option<Write> {
    let address = tenant.keys.address(event.address()?);
    let row = match (event.who(), T::TRIGGER) {
        (Who::Address(_), Trigger::PreUserRegistration) => {
            let sign_up = SignUp { decision: decision.id.clone(), score: decision.score, at: decision.at };
            AddressRow { address, subject: None, sign_up: Some(sign_up) }
        }
        (Who::User(_), _) if gathered.profile.is_none() && !is_known(gathered, &gathered.key.subject) => {
            AddressRow { address, subject: Some(gathered.key.subject.clone()), sign_up: None }
        }
        (Who::User(_) | Who::Address(_) | Who::Client(_), _) => return None,
    };
    Some(Write::Address(row))
}

fn is_known(gathered: &Gathered, subject: &SubjectId) -> bool {
    gathered.address.as_ref().is_some_and(|row| row.subject.as_ref() == Some(subject))
}
