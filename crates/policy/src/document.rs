//! The policy document as an operator writes it: layers that inherit platform → tenant → organization → client.

use std::collections::BTreeMap;

use countersign_auth0::{factor::Factor, redirect::RedirectUrl};
use countersign_core::{ClientId, Level, Mode, OrganizationId, Trigger};
use serde::{Deserialize, Serialize};

use crate::{
    bounds::{Ceiling, Floor},
    reference::Reference,
    settings::{Settings, Thresholds, Verdicts},
    watch::Watch,
};

/// One tenant's policy. Unknown keys are refused, so that a misspelt one can't switch a protection off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Document {
    /// What the shipped Action does by itself when Countersign refuses or can't answer; must match its `CONFIG`.
    pub fallback: Fallback,
    /// The factors switched on for the tenant, in order of preference and with their options; a challenge names no other.
    pub factors: Vec<Factor>,
    /// Prefix of each custom claim: an `https://` URL that the operator controls, with a trailing slash.
    pub claim_namespace: String,
    /// What holds for the whole tenant where nothing narrower speaks.
    pub tenant: Layer,
    /// What an organization overrides.
    pub organizations: BTreeMap<OrganizationId, Layer>,
    /// What a client overrides, in every organization.
    pub clients: BTreeMap<ClientId, Layer>,
    /// Verdicts that may not fall below a bound.
    pub floors: Vec<Floor>,
    /// Verdicts that may not rise above a bound; a ceiling wins over a floor.
    pub ceilings: Vec<Ceiling>,
    /// What the operator knows of e-mail domains, beside the lists that are built in.
    #[serde(skip_serializing_if = "Reference::is_default")]
    pub reference: Reference,
    /// How the tenant's log is watched.
    #[serde(skip_serializing_if = "Watch::is_default")]
    pub watch: Watch,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            fallback: Fallback::Allow,
            factors: vec![
                Factor::WebauthnRoaming,
                Factor::WebauthnPlatform,
                Factor::Otp,
                Factor::PushNotification { otp_fallback: None },
                Factor::Phone { preferred_method: None },
                Factor::Email,
            ],
            claim_namespace: "https://countersign.example/".to_owned(),
            tenant: Layer::default(),
            organizations: BTreeMap::new(),
            clients: BTreeMap::new(),
            floors: Vec::new(),
            ceilings: Vec::new(),
            reference: Reference::default(),
            watch: Watch::default(),
        }
    }
}

/// What the Action does without us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Let the person in and mark the sign-in.
    Allow,
    /// Ask for another factor.
    Challenge,
}

/// What a required challenge becomes for a person who signs in at another identity provider, from the most lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FederatedChallenge {
    /// A mark: the provider owns that person's factors.
    Annotate,
    /// A redirect to the page of `redirect_url`; a refusal where nobody can be sent there.
    Redirect,
    /// A refusal.
    Deny,
}

/// What a required challenge becomes when the person has no usable factor, from the most lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoFactor {
    /// A mark.
    Annotate,
    /// A redirect to the page of `redirect_url`; a refusal where nobody can be sent there.
    Redirect,
    /// A refusal.
    Deny,
}

/// The level of user risk from which a challenge is asked for, whatever the event's own level; from the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRiskChallenge {
    /// From `medium` on.
    Medium,
    /// At `high`.
    High,
    /// At none: user risk is shown and changes nothing.
    Never,
}

impl UserRiskChallenge {
    /// Whether a person of this user risk is asked.
    #[must_use]
    pub fn asks(self, user_risk: Option<Level>) -> bool {
        match self {
            Self::Medium => user_risk >= Some(Level::Medium),
            Self::High => user_risk >= Some(Level::High),
            Self::Never => false,
        }
    }
}

/// Which claims tokens carry; none by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Claims {
    /// `risk_level`: the level as a word.
    pub risk_level: bool,
    /// `risk_score`: the score as a number.
    pub risk_score: bool,
    /// `risk_reason`: codes of the heaviest reasons. It coaches attackers; switch it on knowingly.
    pub risk_reason: bool,
    /// Whether access tokens carry them too, not ID tokens alone.
    pub access_token: bool,
    /// Whether claims are set in audit and advisory mode as well.
    pub in_every_mode: bool,
}

/// Settings of one layer; what is absent is inherited.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// The mode of every trigger that `modes` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The mode of single triggers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub modes: BTreeMap<Trigger, Mode>,
    /// Of 100 people, how many `enforce` holds for (always the same ones); the others are audited. 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_percent: Option<u8>,
    /// Scores at which the levels begin, of every trigger that `triggers` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// The verdict at each level, of every trigger that `triggers` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
    /// The level of user risk from which a challenge is asked for, of every trigger that `triggers` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_risk_challenge: Option<UserRiskChallenge>,
    /// Thresholds, verdicts and user risk of single triggers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub triggers: BTreeMap<Trigger, TriggerLayer>,
    /// What a challenge becomes for federated people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federated: Option<FederatedChallenge>,
    /// What a challenge becomes without a usable factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_factor: Option<NoFactor>,
    /// Where people are sent when a challenge becomes a redirect; the shipped Action knows its host too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<RedirectUrl>,
    /// Whether a challenge of a machine takes away the scopes that are new to it, in place of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduce_scopes: Option<bool>,
    /// Whether a challenge without an enrolled factor may offer enrollment, at level `low` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_enrollment: Option<bool>,
    /// How old a passed factor may be to stand for a challenge, in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_max_age_minutes: Option<u32>,
    /// Which claims tokens carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
}

/// What one trigger has for itself in a layer; what is absent is the layer's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriggerLayer {
    /// Scores at which the levels begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// The verdict at each level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
    /// The level of user risk from which a challenge is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_risk_challenge: Option<UserRiskChallenge>,
}

impl Layer {
    /// The verdicts that this layer has for `trigger`; `None` when it inherits them.
    pub(crate) fn verdicts_of(&self, trigger: Trigger) -> Option<Verdicts> {
        self.triggers.get(&trigger).and_then(|own| own.verdicts).or(self.verdicts)
    }

    fn apply(&self, trigger: Trigger, settings: &mut Settings) {
        let Self {
            mode,
            modes,
            rollout_percent,
            thresholds,
            verdicts: _,
            user_risk_challenge,
            triggers,
            federated,
            no_factor,
            redirect_url,
            reduce_scopes,
            offer_enrollment,
            mfa_max_age_minutes,
            claims,
        } = self;
        set(&mut settings.mode, modes.get(&trigger).copied().or(*mode));
        set(&mut settings.rollout_percent, *rollout_percent);
        let own_thresholds = triggers.get(&trigger).and_then(|own| own.thresholds);
        set(&mut settings.thresholds, own_thresholds.or(*thresholds));
        set(&mut settings.verdicts, self.verdicts_of(trigger));
        let own_challenge = triggers.get(&trigger).and_then(|own| own.user_risk_challenge);
        set(&mut settings.user_risk_challenge, own_challenge.or(*user_risk_challenge));
        set(&mut settings.federated, *federated);
        set(&mut settings.no_factor, *no_factor);
        if let Some(url) = redirect_url {
            settings.redirect_url = Some(url.clone());
        }
        set(&mut settings.reduce_scopes, *reduce_scopes);
        set(&mut settings.offer_enrollment, *offer_enrollment);
        set(&mut settings.mfa_max_age_minutes, *mfa_max_age_minutes);
        set(&mut settings.claims, *claims);
    }
}

const fn set<T: Copy>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

impl Document {
    /// What holds for a sign-in of `trigger` at `client` for a member of `organization`: the platform's defaults, then
    /// the tenant's layer, the organization's, the client's.
    #[must_use]
    pub fn settings(
        &self,
        trigger: Trigger,
        organization: Option<&OrganizationId>,
        client: Option<&ClientId>,
    ) -> Settings {
        let mut settings = Settings::default();
        self.tenant.apply(trigger, &mut settings);
        for layer in [
            organization.and_then(|id| self.organizations.get(id)),
            client.and_then(|id| self.clients.get(id)),
        ]
        .into_iter()
        .flatten()
        {
            layer.apply(trigger, &mut settings);
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Score, Verdict};

    use super::*;

    #[test]
    fn the_narrower_layer_wins() {
        let org: OrganizationId = "org_a".parse().unwrap();
        let client: ClientId = "portal".parse().unwrap();
        let mut document = Document::default();
        document.tenant.mode = Some(Mode::Advisory);
        document.organizations.insert(
            org.clone(),
            Layer { mode: Some(Mode::Enforce), rollout_percent: Some(10), ..Layer::default() },
        );
        document.clients.insert(client.clone(), Layer { mode: Some(Mode::Off), ..Layer::default() });
        let mode = |org, client| document.settings(Trigger::PostLogin, org, client).mode;
        assert_eq!(mode(None, None), Mode::Advisory);
        assert_eq!(mode(Some(&org), None), Mode::Enforce);
        assert_eq!(mode(Some(&org), Some(&client)), Mode::Off);
        assert_eq!(document.settings(Trigger::PostLogin, Some(&org), Some(&client)).rollout_percent, 10);
    }

    #[test]
    fn the_mode_of_a_trigger_wins_over_the_mode_of_its_layer() {
        let mut document = Document::default();
        document.tenant.mode = Some(Mode::Off);
        document.tenant.modes.insert(Trigger::PostLogin, Mode::Enforce);
        assert_eq!(document.settings(Trigger::PostLogin, None, None).mode, Mode::Enforce);
    }

    #[test]
    fn the_verdicts_of_a_trigger_win_over_those_of_its_layer_and_lose_to_a_narrower_one() {
        let org: OrganizationId = "org_a".parse().unwrap();
        let low = |low| Some(Verdicts { low, ..Verdicts::default() });
        let mut document = Document::default();
        document.tenant.verdicts = low(Verdict::Annotate);
        let medium = |percent| {
            let medium = Score::from_percent(percent);
            Some(Thresholds { medium, ..Settings::default().thresholds })
        };
        document.tenant.thresholds = medium(20);
        let own = TriggerLayer {
            verdicts: low(Verdict::Challenge),
            thresholds: medium(10),
            user_risk_challenge: Some(UserRiskChallenge::High),
        };
        document.tenant.triggers.insert(Trigger::CredentialsExchange, own);
        document
            .organizations
            .insert(org.clone(), Layer { verdicts: low(Verdict::Allow), ..Layer::default() });
        let at_low = |trigger, org| document.settings(trigger, org, None).verdicts.low;
        assert_eq!(at_low(Trigger::PostLogin, None), Verdict::Annotate);
        assert_eq!(at_low(Trigger::CredentialsExchange, None), Verdict::Challenge);
        assert_eq!(at_low(Trigger::CredentialsExchange, Some(&org)), Verdict::Allow);
        let begins = |trigger| document.settings(trigger, None, None).thresholds.medium;
        assert_eq!(begins(Trigger::PostLogin), Score::from_percent(20));
        assert_eq!(begins(Trigger::CredentialsExchange), Score::from_percent(10));
        let asks = |trigger| document.settings(trigger, None, None).user_risk_challenge;
        assert_eq!(asks(Trigger::PostLogin), UserRiskChallenge::Never);
        assert_eq!(asks(Trigger::CredentialsExchange), UserRiskChallenge::High);
    }

    #[test]
    fn a_document_says_nothing_of_what_it_leaves_as_it_was() {
        let json = serde_json::to_value(Document::default()).unwrap();
        assert!(json.get("reference").is_none(), "its name would change without its content");
        assert_eq!(json["tenant"], serde_json::json!({}));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        assert!(serde_json::from_str::<Document>(r#"{"tenant":{"moode":"enforce"}}"#).is_err());
    }
}
