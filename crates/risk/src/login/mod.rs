//! What the sign-in of a person is weighed by: one number of evidence for each term, and the shapes that turn them into
//! contributions.
//!
//! event → features → evidence (a log-likelihood ratio or a count, oriented so that more is riskier, 0 or `None` where
//! it says nothing) → a monotone shape for the road by which the sign-in came → an integer contribution.
//!
//! To add a term: a function of [`Login`] in the file of its subject, its codes in `code.rs`, a row in `evidence.rs`; and
//! fit the shapes anew.

mod client;
mod context;
mod crowd;
mod evidence;
mod familiarity;
mod history;
mod model;
mod outside;
mod place;
mod ready;
mod session;
mod words;

use countersign_core::{Channel, MicroLogit};
pub use evidence::{Evidence, TERM_NAMES, Term, evidence};
pub use model::{LoginModel, Road, RoadName, Shape, road_of};
pub(crate) use outside::hold;
pub(crate) use ready::ReadyLogin;

use self::{history::History, ready::ReadyRoad};
use crate::{Contribution, Features, Profile, code, number::LIMIT_MICRO, profile::Keys};

/// A sign-in and its person's history, read once for all terms.
pub(crate) struct Login<'a> {
    features: &'a Features,
    profile: &'a Profile,
    keys: Keys,
    seen: History,
    /// How much of what is new is held against the person, 0 to 1.
    trust: f64,
    /// Whether any sign-in of the person is counted.
    is_known: bool,
}

/// Sign-ins of a tenant at which novelty counts half; a person's own count ten times. Judgement: on the first day everything
/// is new, and that is no risk.
const HALF_TRUST: f64 = 50.0;

impl<'a> Login<'a> {
    fn new(features: &'a Features, profile: &'a Profile) -> Self {
        let crowd = features.shares.map_or(0.0, |shares| f64::from(shares.tenant_milli) / 1_000.0);
        let own = profile.history(features.at);
        let known = crowd + 10.0 * own;
        let trust = known / (known + HALF_TRUST);
        let keys = Keys::of(features);
        let seen = History::read(features, profile, &keys);
        Self { features, profile, keys, seen, trust, is_known: own > 0.0 }
    }

    /// The evidence, weakened where little is known at all: what raises the risk, and what only others speak for.
    fn weaken(&self, evidence: f64) -> f64 {
        if evidence > 0.0 || !self.is_known { evidence * self.trust } else { evidence }
    }
}

/// The log-odds before any evidence, and what each term contributes.
///
/// A session or token whose beginning was not confirmed may be the thief's own: it is judged as one that begins too, and the
/// riskier view holds. Else whoever signs in once would be less strange a minute later.
pub(crate) fn judge(
    features: &Features,
    profile: Option<&Profile>,
    model: &ReadyLogin,
) -> (MicroLogit, Vec<Contribution>) {
    let on = |features: &Features| {
        let road = model.road(features);
        (road.bias_micro, contributions(features, profile, road))
    };
    let goes_on = on(features);
    let session = features.session.as_ref();
    let is_confirmed =
        session.zip(profile).is_some_and(|(session, profile)| profile.started(session.key).is_some());
    // Why not an exchange: what is exchanged has no beginning that anybody could confirm.
    if is_confirmed || features.channel == Channel::Exchange || road_of(features) == RoadName::Fresh {
        return goes_on;
    }
    let begins =
        on(&Features { channel: Channel::Interactive, session_known: Some(false), ..features.clone() });
    // Why without failures: they are held afterwards, and must not choose the view.
    let logit = |(bias, found): &(MicroLogit, Vec<Contribution>)| {
        let counted = found.iter().filter(|one| !outside::is_held(one));
        bias + counted.map(|one| one.micro).sum::<MicroLogit>()
    };
    if logit(&begins) > logit(&goes_on) { begins } else { goes_on }
}

/// What each term contributes on a road.
fn contributions(features: &Features, profile: Option<&Profile>, road: &ReadyRoad) -> Vec<Contribution> {
    let nobody = Profile::default();
    let login = Login::new(features, profile.unwrap_or(&nobody));
    let values = evidence::read(&login);
    let mut found = Vec::new();
    for ((row, value), shape) in evidence::TABLE.iter().zip(values.values()).zip(&road.shapes) {
        let (Some(value), Some(shape)) = (value, shape) else { continue };
        let micro = shape.at(*value);
        let code = match (micro > 0, row.name) {
            (true, "travel") if *value > place::IMPOSSIBLE => &code::IMPOSSIBLE_TRAVEL,
            (true, _) => row.raises,
            (false, _) => row.lowers,
        };
        let text = (row.words)(&login, micro > 0);
        found.extend(Contribution::new(code.clone(), micro, (-LIMIT_MICRO, LIMIT_MICRO), text));
    }
    found
}

#[cfg(test)]
mod tests;
