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
mod model;
mod place;
mod session;
mod words;

pub use evidence::{Evidence, TERM_NAMES, Term, evidence};
pub use model::{LoginModel, Road, RoadName, Shape, road_of};

use crate::{
    Contribution, Features, Profile, code,
    number::LIMIT_MICRO,
    profile::{Keys, Seen},
};

/// A sign-in and its person's history, read once for all terms.
pub(crate) struct Login<'a> {
    features: &'a Features,
    profile: &'a Profile,
    keys: Keys,
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
        Self { features, profile, keys: Keys::of(features), trust, is_known: own > 0.0 }
    }

    /// The evidence, weakened where little is known at all: what raises the risk, and what only others speak for.
    fn weaken(&self, evidence: f64) -> f64 {
        if evidence > 0.0 || !self.is_known { evidence * self.trust } else { evidence }
    }

    fn seen(
        &self,
        key: Option<u32>,
        find: fn(&Profile, u32, countersign_core::Timestamp) -> Seen,
    ) -> Option<Seen> {
        Some(find(self.profile, key?, self.features.at))
    }
}

/// What each term contributes on a road.
pub(crate) fn contributions(
    features: &Features,
    profile: Option<&Profile>,
    road: &Road,
) -> Vec<Contribution> {
    let nobody = Profile::default();
    let login = Login::new(features, profile.unwrap_or(&nobody));
    let mut found = Vec::new();
    for (row, value) in evidence::TABLE.iter().zip(evidence::read(&login).values()) {
        if let (Some(value), Some(shape)) = (value, road.shapes.get(row.name)) {
            let micro = shape.at(*value);
            let code = match (micro > 0, row.name) {
                (true, "travel") if *value > place::IMPOSSIBLE => &code::IMPOSSIBLE_TRAVEL,
                (true, _) => row.raises,
                (false, _) => row.lowers,
            };
            let text = (row.words)(&login, micro > 0);
            found.extend(Contribution::new(code.clone(), micro, (-LIMIT_MICRO, LIMIT_MICRO), text));
        }
    }
    found
}

#[cfg(test)]
mod tests;
