//! The constants of the model, as data: what a tenant's registry stores and a record names.

mod card;
mod check;
mod flows;
mod network;
mod posture;
mod ready;

pub use card::{Card, ConstantBounds, Evaluation, Figure, LabelSource, Training};
pub use check::ModelFault;
use countersign_core::MicroLogit;
pub use flows::{Burst, MachineWeights, ResetWeights, SignUpWeights};
pub use network::SignUpNetworks;
pub use posture::PostureWeights;
pub use ready::ReadyModel;
use serde::{Deserialize, Serialize};

use crate::{LoginModel, Short, hash::Fnv};

/// A model's tag: name, version and the first 64 bits of what it says, such as `baseline@1:0123456789abcdef`.
///
/// The digits are FNV-1a over the model's JSON in field order: they tell versions apart and protect against nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(String);

impl ModelId {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// All constants of an assessment as integers; `Default` is the shipped baseline.
///
/// Where no source stands beside a constant of the baseline, it is judgement: chosen so that the cases of this crate's
/// tests come out as a careful reviewer would have them, to be replaced by fitted values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name in the tag.
    pub name: Short,
    /// Version in the tag.
    pub version: u32,
    /// Log-odds of a sign-in about which nothing is known. Baseline -2.2 (a score of 0.10): judgement, above the true
    /// base rate since scores are not yet calibrated.
    pub bias_micro: MicroLogit,
    /// Weight of history under which nothing is called unfamiliar, in thousandths of a sign-in. Baseline 3: judgement.
    pub min_history_milli: u32,
    /// Weight of history at which a term counts half, in thousandths. Baseline 5: judgement; re-authentication
    /// rates are published from 12 logins on (Wiefling et al. 2022, section 6).
    pub half_trust_milli: u32,
    /// Country in the user's history.
    pub country: Familiarity,
    /// Network in the user's history.
    pub network: Familiarity,
    /// Share in thousandths of the network's contribution that remains when the country is unknown to the user too:
    /// there every network is new. Baseline a half: judgement.
    pub network_abroad_milli: u32,
    /// Kind of machine and its system in the user's history.
    pub machine: Familiarity,
    /// Browser on that machine in the user's history.
    pub browser: Familiarity,
    /// Share in thousandths of the browser's contribution that remains when the machine is unknown to the user too.
    /// Baseline three tenths: judgement.
    pub browser_on_new_machine_milli: u32,
    /// Programs without a person.
    pub automation: Automation,
    /// Hour of the day.
    pub hours: Hours,
    /// Distance and speed.
    pub travel: Travel,
    /// Auth0's own assessment.
    pub auth0: Auth0Weights,
    /// Recent failures.
    pub failures: Failures,
    /// What lowers the confidence.
    pub confidence: Confidence,
    /// Sign-ins of people.
    #[serde(default)]
    pub login: LoginModel,
    /// Sign-ups, and first logins.
    #[serde(default)]
    pub sign_up: SignUpWeights,
    /// Resets and changes of a password.
    #[serde(default)]
    pub reset: ResetWeights,
    /// Machines.
    #[serde(default)]
    pub machine_client: MachineWeights,
    /// What is told of a person's machine.
    #[serde(default, skip_serializing_if = "PostureWeights::is_default")]
    pub device_posture: PostureWeights,
}

/// How a value's place in a user's history becomes evidence:
/// `clip(weight · ln(p_attacker / p_user))` with `p_user = (c + a·d·p_0) / (n + a·d)`, d the number of different values known.
///
/// Form: Freeman et al., NDSS 2016, equation 7, with smoothing that grows with the variety of a user's values as in the
/// reference code of Wiefling et al. 2022, and a floor under the attacker's share against their inversion for rare values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Familiarity {
    /// Factor on the log-ratio, in thousandths.
    pub weight_milli: u32,
    /// Pseudo-count `a` per value known, in thousandths of a sign-in.
    pub prior_milli: u32,
    /// `p_0`: how common an arbitrary value is among honest users, in millionths.
    pub ordinary_ppm: u32,
    /// `p_attacker`: how likely an attacker shows any given value, in millionths.
    pub attacker_ppm: u32,
    /// Least contribution.
    pub lo_micro: MicroLogit,
    /// Greatest contribution.
    pub hi_micro: MicroLogit,
}

/// What an agent that names itself as a program counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Automation {
    /// On a channel for people.
    pub interactive_micro: MicroLogit,
    /// On other channels, where programs are common.
    pub other_micro: MicroLogit,
}

/// Hour of the day against the user's hours, on a circle; interactive sign-ins only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Weights of the same hour, its two neighbors and theirs; they smooth the 24 counts.
    pub kernel: [u32; 3],
    /// Factor on the log-ratio, in thousandths.
    pub weight_milli: u32,
    /// Pseudo-count spread over the day, in thousandths of a sign-in.
    pub prior_milli: u32,
    /// Least contribution.
    pub lo_micro: MicroLogit,
    /// Greatest contribution.
    pub hi_micro: MicroLogit,
}

/// Distance and speed from the latest confirmed sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Travel {
    /// Distance within which a place counts as known, in km.
    pub near_km: u32,
    /// What a known place counts.
    pub near_micro: MicroLogit,
    /// Distance up to which nothing is held against anyone, in km.
    pub far_km: u32,
    /// Speed up to which nothing is held against anyone, in km/h.
    pub fast_kmh: u32,
    /// Speed above which the code says impossible, in km/h.
    pub impossible_kmh: u32,
    /// Error granted to the positions, taken off the distance before the speed is computed, in km.
    pub slack_km: u32,
    /// Shortest time assumed between two sign-ins, in seconds.
    pub min_elapsed_s: u32,
    /// Factor on ln(speed / fast), in thousandths.
    pub weight_milli: u32,
    /// Greatest contribution.
    pub hi_micro: MicroLogit,
    /// Greatest contribution when an earlier confirmed sign-in was near: a commuter, or a gateway.
    pub hi_known_micro: MicroLogit,
    /// Weight of history at which the term counts half, in thousandths: one sign-in is enough to measure from.
    pub half_trust_milli: u32,
}

/// What the codes of Auth0's assessors count, each; codes that are not named count nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth0Weights {
    /// Overall confidence `low`.
    pub low_micro: MicroLogit,
    /// Overall confidence `medium`.
    pub medium_micro: MicroLogit,
    /// Overall confidence `high`.
    pub high_micro: MicroLogit,
    /// `no_match`.
    pub no_match_micro: MicroLogit,
    /// `unknown_device`.
    pub unknown_device_micro: MicroLogit,
    /// `partial_match`.
    pub partial_match_micro: MicroLogit,
    /// `match`.
    pub match_micro: MicroLogit,
    /// `impossible_travel_from_last_login`.
    pub impossible_travel_micro: MicroLogit,
    /// `anonymous_proxy`.
    pub anonymous_proxy_micro: MicroLogit,
    /// `substantial_travel_from_last_login` and `invalid_travel`.
    pub substantial_travel_micro: MicroLogit,
    /// `minimal_travel_from_last_login`.
    pub minimal_travel_micro: MicroLogit,
    /// `found_on_deny_list`.
    pub deny_list_micro: MicroLogit,
}

/// Recent failures of the user: `clip(weight · ln(1 + n))` with each failure halved per half-life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Time in which a failure counts half, in seconds.
    pub half_life_s: u32,
    /// Factor on the logarithm, in thousandths.
    pub weight_milli: u32,
    /// Greatest contribution. Why a low cap: anyone can fail at another's account, and must not lock him out by it.
    pub hi_micro: MicroLogit,
}

/// How history and missing signals become a confidence: `(floor + (1 - floor) · n / (n + half)) · (1 - sum of missing)`,
/// with a higher floor for a new account whose address was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// Confidence without history, in thousandths.
    pub floor_milli: u32,
    /// Weight of history at which half of the rest is reached, in thousandths of a sign-in.
    pub half_milli: u32,
    /// Taken off in thousandths when the country is missing.
    pub country_milli: u32,
    /// … the network.
    pub network_milli: u32,
    /// … the place.
    pub place_milli: u32,
    /// … the user agent.
    pub device_milli: u32,
    /// … the TLS fingerprint.
    pub ja4_milli: u32,
    /// … Auth0's assessment.
    pub auth0_milli: u32,
    /// … Auth0's count of sign-ins.
    pub logins_count_milli: u32,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            name: "baseline".into(),
            version: 5,
            bias_micro: -2_200_000,
            min_history_milli: 3_000,
            half_trust_milli: 5_000,
            country: Familiarity::baseline(450, 100_000, -600_000, 1_800_000),
            network: Familiarity::baseline(300, 50_000, -600_000, 1_200_000),
            network_abroad_milli: 500,
            machine: Familiarity::baseline(320, 200_000, -400_000, 1_300_000),
            browser: Familiarity::baseline(220, 250_000, -300_000, 900_000),
            browser_on_new_machine_milli: 300,
            automation: Automation { interactive_micro: 1_800_000, other_micro: 500_000 },
            hours: Hours {
                kernel: [4, 2, 1],
                weight_milli: 350,
                prior_milli: 4_000,
                lo_micro: -300_000,
                hi_micro: 700_000,
            },
            travel: Travel::baseline(),
            auth0: Auth0Weights::baseline(),
            failures: Failures { half_life_s: 21_600, weight_milli: 500, hi_micro: 1_200_000 },
            confidence: Confidence::baseline(),
            login: LoginModel::default(),
            sign_up: SignUpWeights::default(),
            reset: ResetWeights::default(),
            machine_client: MachineWeights::default(),
            device_posture: PostureWeights::default(),
        }
    }
}

impl Familiarity {
    /// An attacker shows a given value as often as honest strangers do, so that of a new value only its novelty counts;
    /// the pseudo-count is one sign-in per value known, as `m` in the reference code of Wiefling et al. 2022.
    const fn baseline(
        weight_milli: u32,
        common_ppm: u32,
        lo_micro: MicroLogit,
        hi_micro: MicroLogit,
    ) -> Self {
        Self {
            weight_milli,
            prior_milli: 1_000,
            ordinary_ppm: common_ppm,
            attacker_ppm: common_ppm,
            lo_micro,
            hi_micro,
        }
    }
}

impl Travel {
    const fn baseline() -> Self {
        Self {
            near_km: 50,
            near_micro: -300_000,
            // BuffaLogs' default is 100 km and 300 km/h; the distance is trebled since mobile networks are placed badly.
            far_km: 300,
            fast_kmh: 300,
            // Airliners cruise at 900 km/h over ground; with a tail wind seldom above 1,000.
            impossible_kmh: 1_000,
            slack_km: 100,
            min_elapsed_s: 300,
            weight_milli: 1_100,
            hi_micro: 3_000_000,
            hi_known_micro: 500_000,
            half_trust_milli: 1_000,
        }
    }
}

impl Auth0Weights {
    /// Codes by Auth0's event reference (`authentication.riskAssessment`); weights are judgement, and together
    /// (4.0) enough for `high` where nothing else is known, and no more, since they overlap with ours.
    const fn baseline() -> Self {
        Self {
            low_micro: 1_000_000,
            medium_micro: 200_000,
            high_micro: -400_000,
            no_match_micro: 700_000,
            unknown_device_micro: 500_000,
            partial_match_micro: 100_000,
            match_micro: -300_000,
            impossible_travel_micro: 1_100_000,
            anonymous_proxy_micro: 800_000,
            substantial_travel_micro: 400_000,
            minimal_travel_micro: -150_000,
            deny_list_micro: 1_200_000,
        }
    }
}

impl Confidence {
    const fn baseline() -> Self {
        Self {
            floor_milli: 100,
            half_milli: 4_000,
            country_milli: 100,
            network_milli: 150,
            place_milli: 100,
            device_milli: 200,
            ja4_milli: 30,
            auth0_milli: 50,
            logins_count_milli: 20,
        }
    }
}

impl Model {
    /// The model's tag, computed from all of it: what assesses often keeps a [`ReadyModel`].
    #[must_use]
    pub fn id(&self) -> ModelId {
        let mut fnv = Fnv::new();
        // INVARIANT: the hash takes all bytes and a struct of integers and one text always serializes.
        let _ = serde_json::to_writer(&mut fnv, self);
        ModelId(format!("{}@{}:{:016x}", self.name, self.version, fnv.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_changes_with_any_constant() {
        let baseline = Model::default();
        let mut other = baseline.clone();
        other.confidence.logins_count_milli += 1;
        assert_ne!(other.id(), baseline.id());
    }

    #[test]
    fn the_tag_survives_storage() {
        let text = serde_json::to_string(&Model::default()).unwrap();
        assert_eq!(serde_json::from_str::<Model>(&text).unwrap().id(), Model::default().id());
    }
}
