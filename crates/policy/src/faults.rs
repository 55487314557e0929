//! What is wrong with a policy document, all of it at once.

use std::collections::BTreeSet;

use countersign_auth0::{claim::ClaimName, factor::ChallengeFactors};
use countersign_core::{Level, Mode, Trigger, Verdict};

use crate::{
    document::{Document, Fallback, FederatedChallenge, Layer, NoFactor},
    settings::{Thresholds, Verdicts},
};

/// The triggers that ask a person for factors.
const ASKING: [Trigger; 2] = [Trigger::PostLogin, Trigger::PasswordResetPostChallenge];

/// One fault: where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct Fault {
    /// Dotted path of the key, such as `tenant.thresholds.high`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

struct Faults(Vec<Fault>);

impl Faults {
    fn push(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), message: message.into() });
    }
}

impl Document {
    /// Every fault of the document; empty means that it can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        match format!("{}risk_level", self.claim_namespace).parse::<ClaimName>() {
            Ok(_) if self.claim_namespace.ends_with('/') => {}
            Ok(_) => {
                faults.push("claim_namespace", "ends with `/`, such as `https://login.example.com/claims/`");
            }
            Err(error) => faults.push("claim_namespace", error.to_string()),
        }
        if !self.factors.is_empty()
            && let Err(error) = ChallengeFactors::new(self.factors.clone())
        {
            faults.push("factors", error.to_string());
        }
        let layers = std::iter::once(("tenant".to_owned(), &self.tenant))
            .chain(self.organizations.iter().map(|(id, layer)| (format!("organizations.{id}"), layer)))
            .chain(self.clients.iter().map(|(id, layer)| (format!("clients.{id}"), layer)));
        for (path, layer) in layers {
            self.layer_faults(&path, layer, &mut faults);
        }
        if self.factors.is_empty() && self.may_challenge() {
            faults.push("factors", "a challenge needs at least one factor that the tenant has switched on");
        }
        for (index, floor) in self.floors.iter().enumerate() {
            if floor.at_least == Verdict::Deny {
                faults.push(
                    format!("floors[{index}].at_least"),
                    "`deny` would refuse every sign-in; `challenge` is the strictest floor",
                );
            }
        }
        for (index, ceiling) in self.ceilings.iter().enumerate() {
            if ceiling.at_most == Verdict::SkipMfa {
                faults.push(
                    format!("ceilings[{index}].at_most"),
                    "`skip_mfa` would skip MFA at every level; `allow` is the most lenient ceiling",
                );
            }
        }
        for (key, message) in self.reference.faults() {
            faults.push(format!("reference.{key}"), message);
        }
        for (path, message) in self.watch.faults() {
            faults.push(format!("watch.{path}"), message);
        }
        faults.0
    }

    fn layer_faults(&self, path: &str, layer: &Layer, faults: &mut Faults) {
        if layer.rollout_percent.is_some_and(|percent| percent > 100) {
            faults.push(format!("{path}.rollout_percent"), "a percentage is a number from 0 to 100");
        }
        thresholds_faults(path, layer.thresholds, faults);
        self.verdicts_faults(path, layer.verdicts, faults);
        for (trigger, own) in &layer.triggers {
            let path = format!("{path}.triggers.{trigger}");
            thresholds_faults(&path, own.thresholds, faults);
            self.verdicts_faults(&path, own.verdicts, faults);
            if *trigger != Trigger::PostLogin && own.verdicts.is_some_and(|own| own.low == Verdict::SkipMfa) {
                faults.push(format!("{path}.verdicts.low"), "`skip_mfa` is possible at `post-login` only");
            }
        }
        let redirects = [
            ("federated", layer.federated == Some(FederatedChallenge::Redirect)),
            ("no_factor", layer.no_factor == Some(NoFactor::Redirect)),
        ];
        // Why not the other layers too: which of them hold differs by sign-in, and the tenant's always does.
        if layer.redirect_url.is_none() && self.tenant.redirect_url.is_none() {
            for (key, _) in redirects.into_iter().filter(|(_, is_chosen)| *is_chosen) {
                let message = "`redirect` needs a `redirect_url` in the same layer or in `tenant`";
                faults.push(format!("{path}.{key}"), message);
            }
        }
    }

    fn verdicts_faults(&self, path: &str, verdicts: Option<Verdicts>, faults: &mut Faults) {
        let Some(verdicts) = verdicts else { return };
        for pair in Level::ALL.windows(2) {
            if let [lower, upper] = pair
                && verdicts.of(*lower) > verdicts.of(*upper)
            {
                faults.push(
                    format!("{path}.verdicts.{upper}"),
                    format!("must not be more lenient than the verdict at `{lower}`"),
                );
            }
        }
        for level in [Level::Medium, Level::High, Level::Critical] {
            if verdicts.of(level) == Verdict::SkipMfa {
                faults.push(format!("{path}.verdicts.{level}"), "`skip_mfa` is possible at level `low` only");
            }
        }
        if verdicts.low == Verdict::SkipMfa && self.fallback != Fallback::Challenge {
            faults.push(
                format!("{path}.verdicts.low"),
                "`skip_mfa` needs `fallback = \"challenge\"`: otherwise nobody would ask for MFA while Countersign is unreachable",
            );
        }
    }

    /// Whether somebody may be asked for a factor: in `enforce` on a trigger that asks, in any organization at any client, or
    /// by verdicts that are written down, whatever the mode.
    fn may_challenge(&self) -> bool {
        let layers =
            || std::iter::once(&self.tenant).chain(self.organizations.values()).chain(self.clients.values());
        let asks =
            |verdicts: Verdicts| Level::ALL.iter().any(|level| verdicts.of(*level) == Verdict::Challenge);
        let written =
            |layer: &Layer| ASKING.iter().any(|trigger| layer.verdicts_of(*trigger).is_some_and(asks));
        if layers().any(written) {
            return true;
        }
        let has_floor = self.floors.iter().any(|floor| floor.at_least == Verdict::Challenge);
        ASKING.iter().any(|trigger| {
            // Why: a later layer replaces mode and verdicts each as a whole, so that of the settings before it only
            // the kinds matter, and not every pair of an organization and a client needs to be looked at.
            let mut kinds = BTreeSet::from([(Mode::Audit, true)]);
            let follow = |kinds: &BTreeSet<(Mode, bool)>, layer: &Layer| -> Vec<(Mode, bool)> {
                let mode = layer.modes.get(trigger).copied().or(layer.mode);
                let asked = layer.verdicts_of(*trigger).map(asks);
                kinds.iter().map(|(m, a)| (mode.unwrap_or(*m), asked.unwrap_or(*a))).collect()
            };
            kinds = follow(&kinds, &self.tenant).into_iter().collect();
            for next in [self.organizations.values().collect::<Vec<_>>(), self.clients.values().collect()] {
                let reached: Vec<_> = next.into_iter().flat_map(|layer| follow(&kinds, layer)).collect();
                kinds.extend(reached);
            }
            kinds.iter().any(|(mode, asks)| *mode == Mode::Enforce && (*asks || has_floor))
        })
    }
}

fn thresholds_faults(path: &str, thresholds: Option<Thresholds>, faults: &mut Faults) {
    let Some(Thresholds { medium, high, critical }) = thresholds else { return };
    if medium > high {
        faults.push(format!("{path}.thresholds.medium"), "must not be greater than `high`");
    }
    if high > critical {
        faults.push(format!("{path}.thresholds.high"), "must not be greater than `critical`");
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Score;

    use super::*;
    use crate::{Ceiling, Floor, Subject, TriggerLayer};

    fn paths(document: &Document) -> Vec<String> {
        document.faults().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn skipping_mfa_demands_that_the_fallback_be_challenge() {
        let mut document = Document::default();
        document.tenant.verdicts = Some(Verdicts { low: Verdict::SkipMfa, ..Verdicts::default() });
        assert_eq!(paths(&document), ["tenant.verdicts.low"]);
        document.fallback = Fallback::Challenge;
        assert_eq!(paths(&document), Vec::<String>::new());
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut document =
            Document { claim_namespace: "http://auth0.com/".to_owned(), ..Document::default() };
        document.tenant.rollout_percent = Some(101);
        document.organizations.insert(
            "org_a".parse().unwrap(),
            Layer {
                thresholds: Some(Thresholds {
                    medium: Score::from_percent(70),
                    high: Score::from_percent(60),
                    critical: Score::from_percent(50),
                }),
                verdicts: Some(Verdicts {
                    low: Verdict::Deny,
                    medium: Verdict::SkipMfa,
                    ..Verdicts::default()
                }),
                ..Layer::default()
            },
        );
        document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Deny });
        document.ceilings.push(Ceiling { when: Subject::default(), at_most: Verdict::SkipMfa });
        assert_eq!(
            paths(&document),
            [
                "claim_namespace",
                "tenant.rollout_percent",
                "organizations.org_a.thresholds.medium",
                "organizations.org_a.thresholds.high",
                "organizations.org_a.verdicts.medium",
                "organizations.org_a.verdicts.medium",
                "floors[0].at_least",
                "ceilings[0].at_most",
            ]
        );
    }

    #[test]
    fn a_challenge_that_any_layer_can_reach_needs_a_factor() {
        let none = || Document { factors: vec![], ..Document::default() };
        assert_eq!(paths(&none()), Vec::<String>::new(), "audit asks nobody");
        let enforce = || Layer { mode: Some(Mode::Enforce), ..Layer::default() };
        let of_trigger = || Layer { modes: [(Trigger::PostLogin, Mode::Enforce)].into(), ..Layer::default() };
        let lenient = Verdicts {
            low: Verdict::Allow,
            medium: Verdict::Allow,
            high: Verdict::Annotate,
            critical: Verdict::Deny,
        };
        for layer in [enforce(), of_trigger()] {
            let tenant = Document { tenant: layer.clone(), ..none() };
            let organization =
                Document { organizations: [("org_a".parse().unwrap(), layer.clone())].into(), ..none() };
            let at_client =
                Document { clients: [("portal".parse().unwrap(), layer.clone())].into(), ..none() };
            for document in [&tenant, &organization, &at_client] {
                assert_eq!(paths(document), ["factors"]);
                let mut document = document.clone();
                document.tenant.verdicts = Some(lenient);
                assert_eq!(paths(&document), Vec::<String>::new(), "no verdict asks");
                document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
                assert_eq!(paths(&document), ["factors"], "a floor asks");
            }
        }
    }
    #[test]
    fn the_levels_of_a_trigger_are_checked_like_those_of_its_layer() {
        let mut document = Document { fallback: Fallback::Challenge, ..Document::default() };
        let thresholds = Thresholds {
            medium: Score::from_percent(70),
            high: Score::from_percent(60),
            critical: Score::from_percent(90),
        };
        let own = TriggerLayer {
            thresholds: Some(thresholds),
            verdicts: Some(Verdicts {
                low: Verdict::SkipMfa,
                critical: Verdict::Allow,
                ..Verdicts::default()
            }),
            ..TriggerLayer::default()
        };
        document.tenant.triggers.insert(Trigger::PreUserRegistration, own);
        assert_eq!(
            paths(&document),
            [
                "tenant.triggers.pre-user-registration.thresholds.medium",
                "tenant.triggers.pre-user-registration.verdicts.critical",
                "tenant.triggers.pre-user-registration.verdicts.low",
            ]
        );
    }

    #[test]
    fn a_redirect_needs_a_page_in_its_layer_or_in_the_tenants() {
        let redirect = || Layer {
            federated: Some(FederatedChallenge::Redirect),
            no_factor: Some(NoFactor::Redirect),
            ..Layer::default()
        };
        let mut document =
            Document { clients: [("portal".parse().unwrap(), redirect())].into(), ..Document::default() };
        assert_eq!(paths(&document), ["clients.portal.federated", "clients.portal.no_factor"]);
        let url = || Some("https://verify.example.com/".parse().unwrap());
        document.tenant.redirect_url = url();
        assert_eq!(paths(&document), Vec::<String>::new());
        document.tenant.redirect_url = None;
        document.clients.values_mut().for_each(|layer| layer.redirect_url = url());
        assert_eq!(paths(&document), Vec::<String>::new());
    }

    #[test]
    fn triggers_that_ask_nobody_need_no_factor() {
        let mut document = Document { factors: vec![], ..Document::default() };
        document.tenant.modes.insert(Trigger::CredentialsExchange, Mode::Enforce);
        document.tenant.modes.insert(Trigger::PreUserRegistration, Mode::Enforce);
        assert_eq!(paths(&document), Vec::<String>::new());
        document.tenant.modes.insert(Trigger::PasswordResetPostChallenge, Mode::Enforce);
        assert_eq!(paths(&document), ["factors"]);
    }

    #[test]
    fn faults_of_reference_lists_are_told_by_their_key() {
        let mut document = Document::default();
        document.reference.free_mail_domains.insert("Not A Domain".to_owned());
        assert_eq!(paths(&document), ["reference.free_mail_domains"]);
    }
}
