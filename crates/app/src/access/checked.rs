//! The policies of access, and what they said lately.

use countersign_rights::{Action, Place, Principal, Rights, Verdict};
use moka::sync::Cache;

/// The most bytes of answers that are kept, some 4,000 usual ones. Why by size: of an application's token its tenant says how much stands in it.
const KEPT: u64 = 2_500_000;

/// What an answer takes beside its texts, in bytes.
const FRAME: usize = 400;

/// The policies in force with the answers that they gave.
///
/// An answer follows from who asks with all that they were granted, what they want, and where: nothing else is shown to a policy, no
/// clock and no database, and policies change with a start alone. So one that was given before is given again, and a grant that was made
/// or ended is another question.
pub(crate) struct Checked {
    rights: Rights,
    given: Cache<Question, Verdict>,
}

type Question = (Principal, Action, Place);

impl Checked {
    pub(crate) fn new(rights: Rights) -> Self {
        Self { rights, given: Cache::builder().max_capacity(KEPT).weigher(size).build() }
    }

    /// As [`Rights::check`].
    pub(crate) fn check(&self, principal: &Principal, action: Action, place: &Place) -> Verdict {
        let question = (principal.clone(), action, place.clone());
        self.given.get(&question).unwrap_or_else(|| {
            let verdict = self.rights.check(principal, action, place);
            self.given.insert(question, verdict.clone());
            verdict
        })
    }

    /// As [`Rights::digest`].
    pub(crate) const fn digest(&self) -> [u8; 32] {
        self.rights.digest()
    }

    /// As [`Rights::files`].
    pub(crate) fn files(&self) -> &[(String, [u8; 32])] {
        self.rights.files()
    }

    /// As [`Rights::policy_ids`].
    pub(crate) fn policy_ids(&self) -> Vec<String> {
        self.rights.policy_ids()
    }
}

/// About how many bytes an answer takes.
fn size((principal, _, _): &Question, verdict: &Verdict) -> u32 {
    let texts = principal.scopes.iter().chain(&verdict.policies).chain(&verdict.failed);
    let texts: usize = texts.map(|text| FRAME / 10 + text.len()).sum();
    let bytes = FRAME + texts + FRAME / 4 * principal.grants.len();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use countersign_rights::{Grant, How, PrincipalKind, Role};

    use super::*;

    const OWN: &str = r#"
        @id("not_this_one") forbid (principal == Countersign::Person::"per_2", action, resource);
        @id("not_by_token") forbid (principal, action == Countersign::Action::"read_ledger", resource) when { context.how == "token" };
    "#;

    fn rights() -> Rights {
        Rights::with(&[("own.cedar".to_owned(), OWN.to_owned())]).unwrap()
    }

    /// Principals that differ in one thing each.
    fn principals() -> Vec<Principal> {
        let at = Place::Tenant("acme".parse().unwrap());
        let first = Principal {
            kind: PrincipalKind::Person,
            id: "per_1".to_owned(),
            grants: vec![Grant::new(Role::Viewer, at.clone()).unwrap()],
            scopes: ["*".to_owned()].into(),
            how: How::Oidc,
            tenant: None,
            organization: None,
        };
        vec![
            Principal { id: "per_2".to_owned(), ..first.clone() },
            Principal { grants: Vec::new(), ..first.clone() },
            Principal { grants: vec![Grant::new(Role::Operator, at).unwrap()], ..first.clone() },
            Principal {
                grants: vec![Grant::new(Role::Viewer, Place::Installation).unwrap()],
                ..first.clone()
            },
            Principal { how: How::Token, ..first.clone() },
            Principal { kind: PrincipalKind::ServiceAccount, how: How::Token, ..first.clone() },
            Principal {
                kind: PrincipalKind::ServiceAccount,
                scopes: ["read_ledger".to_owned()].into(),
                ..first.clone()
            },
            Principal {
                kind: PrincipalKind::Application,
                tenant: Some("acme".parse().unwrap()),
                ..first.clone()
            },
            first,
        ]
    }

    #[test]
    fn an_answer_that_was_given_before_is_the_one_that_the_policies_give() {
        let (checked, rights) = (Checked::new(rights()), rights());
        let places = ["acme", "other"].map(|id| Place::Tenant(id.parse().unwrap()));
        let mut permitted = 0;
        for round in 0..2 {
            for principal in principals() {
                for action in Action::ALL.iter().copied() {
                    for place in places.iter().chain([&Place::Installation]) {
                        let verdict = rights.check(&principal, action, place);
                        permitted += u32::from(verdict.is_permitted);
                        assert_eq!(
                            checked.check(&principal, action, place),
                            verdict,
                            "{round} {principal:?} {action} {place:?}"
                        );
                    }
                }
            }
        }
        assert!(permitted > 100);
        checked.given.run_pending_tasks();
        assert!(checked.given.entry_count() > 300, "they were kept: {}", checked.given.entry_count());
    }

    #[test]
    fn what_somebody_puts_into_their_token_does_not_fill_the_memory() {
        let checked = Checked::new(rights());
        let scopes = (0..500).map(|n| format!("{n:0>60}")).collect();
        let large = Principal { kind: PrincipalKind::Application, scopes, ..principals().remove(0) };
        for n in 0..200 {
            let place = Place::Organization("acme".parse().unwrap(), format!("org_{n}").parse().unwrap());
            assert!(!checked.check(&large, Action::Decide, &place).is_permitted);
        }
        checked.given.run_pending_tasks();
        assert!(checked.given.weighted_size() <= KEPT, "{}", checked.given.weighted_size());
        assert!((10..100).contains(&checked.given.entry_count()), "{}", checked.given.entry_count());
    }
}
