//! Which of a person's decisions an entry of the log belongs to.

use std::net::IpAddr;

use countersign_core::{ClientId, DecisionId, Micros, SubjectId, Timestamp};
use countersign_store::JoinHow;

use super::entry::{Seen, What};

/// How long after its decision a sign-in may end, in microseconds; judgement: whoever looks for a phone or reads a code.
pub(super) const LONGEST: Micros = 15 * 60 * 1_000_000;

/// How far a decision may seem to be after its entry, in microseconds: the clocks are two.
pub(super) const SKEW: Micros = 30 * 1_000_000;

/// How far apart they may be where nothing but time joins them, in microseconds.
const NEAR: Micros = 5 * 60 * 1_000_000;

/// The same of a refusal that nobody had to do anything for, in microseconds; judgement: the tenant runs its Actions in one breath.
const PROMPT: Micros = 30 * 1_000_000;

/// A decision that an entry may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) decision: DecisionId,
    pub(super) subject: SubjectId,
    pub(super) at: Timestamp,
    pub(super) client: Option<ClientId>,
    pub(super) transaction: Option<String>,
    pub(super) session: Option<String>,
    /// From where it was asked about.
    pub(super) address: Option<IpAddr>,
    /// Whether we refused it.
    pub(super) is_denied: bool,
    /// Whether we asked for a factor or refused it.
    pub(super) is_censored: bool,
    /// Whether a sign-in that went through belongs to it already.
    pub(super) has_login: bool,
    /// Whether a sign-in that was refused belongs to it already, as far as that is asked.
    pub(super) has_refusal: bool,
}

/// The decision that an entry about `subject` belongs to, and by what; `None` where there is none, or more than one is as good.
///
/// Nothing counts but what Auth0 says: the same person, then the same transaction, then the same session, then time.
///
/// A tenant also refuses sign-ins that it does not ask us about, such as those of somebody who is blocked, and their entries name no
/// transaction of ours. So a refusal without one belongs to no sign-in that came to its end already; and by time alone to none from another
/// address, nor to one that was let in or refused more than half a minute before. What is left, since no entry tells it: whoever was asked
/// for a factor, went away, and is refused before we are asked within five minutes, at the same client and address. It is shown at that
/// decision, and is no label.
pub(super) fn find<'a>(
    seen: &Seen,
    subject: &SubjectId,
    candidates: &'a [Candidate],
) -> Option<(&'a Candidate, JoinHow)> {
    let is_login = matches!(seen.what, What::Login { .. });
    let mut open: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.subject == *subject && !(is_login && candidate.has_login))
        .filter(|candidate| (-SKEW..=LONGEST).contains(&seen.at.since(candidate.at)))
        .collect();
    let same = |one: Option<&String>, other: Option<&String>| one.is_some() && one == other;
    let by_transaction =
        |candidate: &&&Candidate| same(candidate.transaction.as_ref(), seen.transaction.as_ref());
    if let Some(found) = nearest(seen, open.iter().filter(by_transaction)) {
        return Some((found, JoinHow::Transaction));
    }
    let is_over = |candidate: &Candidate| candidate.has_login || candidate.has_refusal;
    // Why: what names another transaction or client is about another sign-in; and one ends once.
    open.retain(|candidate| {
        let is_another = differ(candidate.transaction.as_ref(), seen.transaction.as_ref())
            || differ(candidate.client.as_ref(), seen.client.as_ref());
        let is_over = seen.what == What::Refused && is_over(candidate);
        !is_another && !is_over
    });
    let by_session = |candidate: &&&Candidate| same(candidate.session.as_ref(), seen.session.as_ref());
    if let Some(found) = nearest(seen, open.iter().filter(by_session)) {
        return Some((found, JoinHow::Session));
    }
    by_time(seen, subject, candidates, &open).map(|found| (found, JoinHow::Time))
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// What only time joins: a sign-in to the nearest decision at its client; a factor, whose entries tell no client, to the only one.
fn by_time<'a>(
    seen: &Seen,
    subject: &SubjectId,
    all: &[Candidate],
    open: &[&'a Candidate],
) -> Option<&'a Candidate> {
    let is_near = |candidate: &Candidate| seen.at.since(candidate.at) <= NEAR;
    let is_login = matches!(seen.what, What::Login { .. });
    let fits = |candidate: &&&Candidate| {
        is_near(candidate)
            && !differ(candidate.session.as_ref(), seen.session.as_ref())
            // Why: a sign-in that we refused did not go through, as far as its own transaction does not say so.
            && !(is_login && candidate.is_denied)
            && (seen.what != What::Refused || may_be_refused(seen, candidate))
    };
    if !matches!(seen.what, What::Passed { .. } | What::Failed) {
        return nearest(
            seen,
            open.iter()
                .filter(fits)
                .filter(|candidate| candidate.client.is_some() && candidate.client == seen.client),
        );
    }
    // Why of all of them: another sign-in of the person that is under way could be the one that is meant.
    let is_rival = |candidate: &&Candidate| candidate.subject == *subject && is_near(candidate);
    let is_only = all.iter().filter(is_rival).count() == 1;
    open.iter().find(fits).filter(|_| is_only).copied()
}

/// Whether a refusal may be the end of this sign-in, where only time joins them.
fn may_be_refused(seen: &Seen, candidate: &Candidate) -> bool {
    let is_asked = candidate.is_censored && !candidate.is_denied;
    let longest = if is_asked { NEAR } else { PROMPT };
    seen.at.since(candidate.at) <= longest && !differ(candidate.address.as_ref(), seen.address.as_ref())
}

/// The nearest in time; `None` where two are as near.
fn nearest<'a: 'b, 'b>(
    seen: &Seen,
    candidates: impl Iterator<Item = &'b &'a Candidate> + Clone,
) -> Option<&'a Candidate> {
    let distance = |candidate: &Candidate| seen.at.since(candidate.at).unsigned_abs();
    let least = candidates.clone().map(|candidate| distance(candidate)).min()?;
    let mut nearest = candidates.filter(|candidate| distance(candidate) == least);
    let found = nearest.next()?;
    nearest.next().is_none().then_some(*found)
}

#[cfg(test)]
mod tests;
