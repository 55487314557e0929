//! No more than was accepted, and no less than is needed.

use std::collections::BTreeSet;

use countersign_plan::{Phase, Plan};

use super::Error;

/// The scopes that an operator accepted.
pub type Accepted = BTreeSet<String>;

/// Holds a plan and a credential to what was accepted: the plan needs nothing else, neither now nor for the service, and
/// the credential has nothing else and everything that is needed now.
///
/// # Errors
/// `NotAccepted`, `Untold`, `TooMuch`, `TooLittle`.
pub fn check_scopes(plan: &Plan, granted: Option<&[String]>, accepted: &Accepted) -> Result<(), Error> {
    let needed = plan.scopes(Phase::Install);
    let all: BTreeSet<&str> = needed.iter().copied().chain(plan.scopes(Phase::Serve)).collect();
    let missing: Vec<String> =
        all.into_iter().filter(|scope| !accepted.contains(*scope)).map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(Error::NotAccepted(missing));
    }
    let granted = granted.ok_or(Error::Untold)?;
    let mut beyond: Vec<String> =
        granted.iter().filter(|scope| !accepted.contains(*scope)).cloned().collect();
    if !beyond.is_empty() {
        beyond.sort();
        return Err(Error::TooMuch(beyond));
    }
    let lacking = needed.into_iter().filter(|scope| !granted.iter().any(|known| known == scope));
    let lacking: Vec<String> = lacking.map(str::to_owned).collect();
    if lacking.is_empty() { Ok(()) } else { Err(Error::TooLittle(lacking)) }
}
