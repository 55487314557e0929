//! Floors ("never skip MFA for admins") and ceilings ("never deny here").

use countersign_core::{ClientId, OrganizationId, Trigger, Verdict};
use serde::{Deserialize, Serialize};

use crate::{circumstances::Circumstances, document::Document};

/// Whom a bound holds for: all the named conditions must meet; an absent one meets always.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subject {
    /// People with any of these roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Sign-ins into any of these organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizations: Option<Vec<OrganizationId>>,
    /// Sign-ins at any of these clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientId>>,
    /// What comes by any of these triggers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Vec<Trigger>>,
    /// First sign-ins of an account alone, or all but these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_first_login: Option<bool>,
}

impl Subject {
    /// Whether the bound holds in these circumstances.
    #[must_use]
    pub fn matches(&self, circumstances: &Circumstances) -> bool {
        self.roles.as_ref().is_none_or(|wanted| wanted.iter().any(|role| circumstances.roles.contains(role)))
            && self.matches_but_for_roles(circumstances)
    }

    /// Whether the bound may hold for a person whose roles are not known.
    #[must_use]
    pub fn matches_but_for_roles(&self, circumstances: &Circumstances) -> bool {
        let Self { roles: _, organizations, clients, triggers, is_first_login } = self;
        let Circumstances { organization, client, .. } = circumstances;
        organizations
            .as_ref()
            .is_none_or(|wanted| organization.as_ref().is_some_and(|id| wanted.contains(id)))
            && clients.as_ref().is_none_or(|wanted| client.as_ref().is_some_and(|id| wanted.contains(id)))
            && triggers.as_ref().is_none_or(|wanted| wanted.contains(&circumstances.trigger))
            && is_first_login.is_none_or(|wanted| wanted == circumstances.is_first_login)
    }
}

/// A verdict that may not fall below `at_least`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Whom it holds for.
    #[serde(default)]
    pub when: Subject,
    /// The most lenient verdict allowed.
    pub at_least: Verdict,
}

/// A verdict that may not rise above `at_most`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Whom it holds for.
    #[serde(default)]
    pub when: Subject,
    /// The strictest verdict allowed.
    pub at_most: Verdict,
}

/// The range of verdicts that the floors and ceilings leave; a ceiling wins over a floor, because a floor set too
/// high locks people out of their own company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The most lenient verdict left.
    pub at_least: Verdict,
    /// The strictest verdict left.
    pub at_most: Verdict,
}

impl Bound {
    /// What the document's floors and ceilings leave in these circumstances. With `any_role` a floor asks for no role:
    /// one that was cut may be its own. A ceiling asks all the same, since it would be lenient on a guess.
    #[must_use]
    pub fn of(document: &Document, circumstances: &Circumstances, any_role: bool) -> Self {
        let floors = document.floors.iter().filter(|floor| {
            floor.when.matches(circumstances) || any_role && floor.when.matches_but_for_roles(circumstances)
        });
        let ceilings = document.ceilings.iter().filter(|ceiling| ceiling.when.matches(circumstances));
        // INVARIANT: a challenge that a sign-up was spared is owed until a sign-in is confirmed.
        let owed = if circumstances.owes_challenge { Verdict::Challenge } else { Verdict::SkipMfa };
        // INVARIANT: who is contained stays out until the containment is taken back at the tenant, whatever they answer.
        let contained = if circumstances.is_contained { Verdict::Deny } else { Verdict::SkipMfa };
        Self {
            at_least: floors
                .map(|floor| floor.at_least)
                .max()
                .unwrap_or(Verdict::SkipMfa)
                .max(owed)
                .max(contained),
            at_most: ceilings.map(|ceiling| ceiling.at_most).min().unwrap_or(Verdict::Deny),
        }
    }

    /// The verdict nearest to `verdict` within the bound.
    #[must_use]
    pub fn clamp(self, verdict: Verdict) -> Verdict {
        verdict.max(self.at_least).min(self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Channel, Timestamp};

    use super::*;

    #[test]
    fn an_absent_condition_meets_always_and_a_named_one_only_its_own() {
        let nobody = Circumstances::new(Trigger::PostLogin, Channel::Interactive, Timestamp::default());
        let with = |role: &str| Circumstances { roles: vec![role.to_owned()], ..nobody.clone() };
        assert!(Subject::default().matches(&nobody));
        let admins = Subject { roles: Some(vec!["admin".to_owned()]), ..Subject::default() };
        assert!(admins.matches(&with("admin")));
        assert!(!admins.matches(&with("member")));
        let org = Subject { organizations: Some(vec!["org_a".parse().unwrap()]), ..admins };
        assert!(!org.matches(&with("admin")));
        assert!(
            org.matches(&Circumstances { organization: Some("org_a".parse().unwrap()), ..with("admin") })
        );
    }

    #[test]
    fn a_bound_may_hold_for_single_triggers_and_for_first_sign_ins() {
        let of = |trigger, is_first_login| Circumstances {
            is_first_login,
            ..Circumstances::new(trigger, Channel::Interactive, Timestamp::default())
        };
        let resets =
            Subject { triggers: Some(vec![Trigger::PasswordResetPostChallenge]), ..Subject::default() };
        assert!(resets.matches(&of(Trigger::PasswordResetPostChallenge, false)));
        assert!(!resets.matches(&of(Trigger::PostLogin, false)));
        let first = Subject { is_first_login: Some(true), ..Subject::default() };
        assert!(first.matches(&of(Trigger::PostLogin, true)));
        assert!(!first.matches(&of(Trigger::PostLogin, false)));
    }

    #[test]
    fn a_ceiling_wins_over_a_floor() {
        let bound = Bound { at_least: Verdict::Deny, at_most: Verdict::Annotate };
        assert_eq!(bound.clamp(Verdict::Allow), Verdict::Annotate);
    }
}
