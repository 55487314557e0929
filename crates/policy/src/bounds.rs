//! Floors ("never skip MFA for admins") and ceilings ("never deny here").

use countersign_core::{ClientId, OrganizationId, Verdict};
use serde::{Deserialize, Serialize};

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
}

impl Subject {
    /// Whether the bound holds for a sign-in.
    #[must_use]
    pub fn matches(
        &self,
        roles: &[String],
        organization: Option<&OrganizationId>,
        client: Option<&ClientId>,
    ) -> bool {
        let wanted = self.roles.as_ref();
        wanted.is_none_or(|wanted| wanted.iter().any(|role| roles.contains(role)))
            && self.matches_but_for_roles(organization, client)
    }

    /// Whether the bound may hold for a sign-in of a person whose roles are not known.
    #[must_use]
    pub fn matches_but_for_roles(
        &self,
        organization: Option<&OrganizationId>,
        client: Option<&ClientId>,
    ) -> bool {
        let Self { roles: _, organizations, clients } = self;
        organizations.as_ref().is_none_or(|wanted| organization.is_some_and(|id| wanted.contains(id)))
            && clients.as_ref().is_none_or(|wanted| client.is_some_and(|id| wanted.contains(id)))
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
    /// The verdict nearest to `verdict` within the bound.
    #[must_use]
    pub fn clamp(self, verdict: Verdict) -> Verdict {
        verdict.max(self.at_least).min(self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_condition_meets_always_and_a_named_one_only_its_own() {
        let roles = vec!["admin".to_owned()];
        assert!(Subject::default().matches(&[], None, None));
        let admins = Subject { roles: Some(roles.clone()), ..Subject::default() };
        assert!(admins.matches(&roles, None, None));
        assert!(!admins.matches(&["member".to_owned()], None, None));
        let org = Subject { organizations: Some(vec!["org_a".parse().unwrap()]), ..admins };
        assert!(!org.matches(&roles, None, None));
        assert!(org.matches(&roles, Some(&"org_a".parse().unwrap()), None));
    }

    #[test]
    fn a_ceiling_wins_over_a_floor() {
        let bound = Bound { at_least: Verdict::Deny, at_most: Verdict::Annotate };
        assert_eq!(bound.clamp(Verdict::Allow), Verdict::Annotate);
    }
}
