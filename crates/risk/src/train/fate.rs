//! What became of a sign-in, and what that is worth as a label.

use countersign_core::Timestamp;

use super::Example;
use crate::{Features, LoginModel, Model, Profile, assess, evidence, number::real, road_of};

/// What became of a sign-in. Our own denials and challenges that nobody answered are none of these: that nothing bad is
/// known of what we stopped says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A person said that it was not the user.
    Fraudulent,
    /// A challenge was failed and none passed since.
    Failed,
    /// A person said that it was the user.
    Legitimate,
    /// A challenge was passed with a factor that was enrolled before.
    Passed,
    /// It went through, and for three days nobody complained.
    Quiet,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fraudulent, Self::Failed, Self::Legitimate, Self::Passed, Self::Quiet];

    /// Its name on a card.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fraudulent => "verdict_fraudulent",
            Self::Failed => "challenge_failed",
            Self::Legitimate => "verdict_legitimate",
            Self::Passed => "challenge_passed",
            Self::Quiet => "no_complaint",
        }
    }

    /// Whether it counts as an attack.
    #[must_use]
    pub const fn is_attack(self) -> bool {
        matches!(self, Self::Fraudulent | Self::Failed)
    }

    /// What it counts. Judgement: people fail challenges of their own, and most attacks are never reported.
    #[must_use]
    pub const fn weight(self) -> f64 {
        match self {
            Self::Fraudulent | Self::Legitimate | Self::Passed => 1.0,
            Self::Failed => 0.5,
            Self::Quiet => 0.3,
        }
    }
}

/// A sign-in whose end is known.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When it was.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// What it rests on.
    pub example: Example,
}

impl Observed {
    /// The sign-in with these features and the profile of that time; `None` for what is no sign-in of a person.
    #[must_use]
    pub fn new(features: &Features, profile: Option<&Profile>, model: &Model, fate: Fate) -> Option<Self> {
        let bare = Model { login: LoginModel::empty(), ..model.clone() };
        features.is_login.then(|| Self {
            at: features.at,
            fate,
            example: Example {
                road: road_of(features),
                evidence: evidence(features, profile).values().to_vec(),
                is_attack: fate.is_attack(),
                weight: fate.weight(),
                beside: real(assess(features, profile, &bare).logit_micro) / 1e6,
            },
        })
    }

    /// A total order: by time, then by what it says. Two that are equal in it are the same example.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |one: &Self| (one.at, one.fate, one.example.road, one.example.beside.to_bits());
        let bits =
            |one: &Self| one.example.evidence.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
        key(self).cmp(&key(other)).then_with(|| bits(self).cmp(&bits(other)))
    }
}
