//! Settings after inheritance: everything has a value.

use countersign_auth0::redirect::RedirectUrl;
use countersign_core::{Level, Mode, Score, Verdict};
use serde::{Deserialize, Serialize};

use crate::document::{Claims, FederatedChallenge, NoFactor, UserRiskChallenge};

/// The scores at which the levels begin; below `medium` is low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Where `medium` begins.
    pub medium: Score,
    /// Where `high` begins.
    pub high: Score,
    /// Where `critical` begins.
    pub critical: Score,
}

impl Thresholds {
    /// The level of a score.
    #[must_use]
    pub fn level(&self, score: Score) -> Level {
        if score >= self.critical {
            Level::Critical
        } else if score >= self.high {
            Level::High
        } else if score >= self.medium {
            Level::Medium
        } else {
            Level::Low
        }
    }
}

/// The verdict at each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verdicts {
    /// At `low`.
    pub low: Verdict,
    /// At `medium`.
    pub medium: Verdict,
    /// At `high`.
    pub high: Verdict,
    /// At `critical`.
    pub critical: Verdict,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            low: Verdict::Allow,
            medium: Verdict::Annotate,
            high: Verdict::Challenge,
            critical: Verdict::Deny,
        }
    }
}

impl Verdicts {
    /// The verdict at `level`.
    #[must_use]
    pub const fn of(&self, level: Level) -> Verdict {
        match level {
            Level::Low => self.low,
            Level::Medium => self.medium,
            Level::High => self.high,
            Level::Critical => self.critical,
        }
    }
}

/// What holds for one transaction. The default is the platform's: audit, nothing skipped, nothing claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What Countersign may do to the transaction.
    pub mode: Mode,
    /// Of 100 people, how many `enforce` holds for.
    pub rollout_percent: u8,
    /// Where the levels begin.
    pub thresholds: Thresholds,
    /// The verdict at each level.
    pub verdicts: Verdicts,
    /// The level of user risk from which a challenge is asked for.
    pub user_risk_challenge: UserRiskChallenge,
    /// What a challenge becomes for federated people.
    pub federated: FederatedChallenge,
    /// What a challenge becomes without a usable factor.
    pub no_factor: NoFactor,
    /// Where people are sent when a challenge becomes a redirect; `None` when nowhere.
    pub redirect_url: Option<RedirectUrl>,
    /// Whether a challenge of a machine takes away the scopes that are new to it, in place of a refusal.
    pub reduce_scopes: bool,
    /// Whether enrollment may be offered at level `low`.
    pub offer_enrollment: bool,
    /// How old a passed factor may be to stand for a challenge, in minutes.
    pub mfa_max_age_minutes: u32,
    /// Which claims tokens carry.
    pub claims: Claims,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Audit,
            rollout_percent: 100,
            thresholds: Thresholds {
                medium: Score::from_percent(30),
                high: Score::from_percent(60),
                critical: Score::from_percent(90),
            },
            verdicts: Verdicts::default(),
            user_risk_challenge: UserRiskChallenge::Never,
            federated: FederatedChallenge::Annotate,
            no_factor: NoFactor::Deny,
            redirect_url: None,
            reduce_scopes: false,
            offer_enrollment: false,
            mfa_max_age_minutes: 12 * 60,
            claims: Claims::default(),
        }
    }
}

impl Settings {
    /// The least score whose verdict is a challenge or a refusal: above it a sign-in teaches little. `None` when no
    /// level has such a verdict.
    #[must_use]
    pub fn challenge_threshold(&self) -> Option<Score> {
        let Thresholds { medium, high, critical } = self.thresholds;
        [
            (Level::Low, Score::default()),
            (Level::Medium, medium),
            (Level::High, high),
            (Level::Critical, critical),
        ]
        .into_iter()
        .find(|(level, _)| self.verdicts.of(*level) >= Verdict::Challenge)
        .map(|(_, score)| score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_begins_at_its_threshold() {
        let thresholds = Settings::default().thresholds;
        assert_eq!(thresholds.level(Score::from_millionths(599_999).unwrap()), Level::Medium);
        assert_eq!(thresholds.level(Score::from_percent(60)), Level::High);
        assert_eq!(thresholds.level(Score::MAX), Level::Critical);
    }

    #[test]
    fn the_challenge_threshold_is_where_the_first_strict_verdict_begins() {
        let mut settings = Settings::default();
        assert_eq!(settings.challenge_threshold(), Some(Score::from_percent(60)));
        settings.verdicts = Verdicts {
            low: Verdict::Allow,
            medium: Verdict::Allow,
            high: Verdict::Allow,
            critical: Verdict::Annotate,
        };
        assert_eq!(settings.challenge_threshold(), None);
    }
}
