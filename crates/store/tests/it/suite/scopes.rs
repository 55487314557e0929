//! What lies outside a scope is not there.
//!
//! Each backend runs `strategy` and `assert_apart` over stores of its own.

use countersign_core::{OrganizationId, TenantId};
use countersign_store::{Commit, DecisionFilter, NewDecision, Scope, Store};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use super::{
    Fresh,
    hostile::texts,
    make::{decide, decision, decision_leaf, personal_leaf, subject, tenant},
};

/// Two tenants and two organizations, and what is written under them.
#[derive(Debug, Clone)]
pub struct Case {
    tenants: [TenantId; 2],
    organizations: [OrganizationId; 2],
    /// For each decision its tenant, and its organization if it has one.
    decisions: Vec<(usize, Option<usize>)>,
}

/// Two texts that are not the same and may look alike: one a beginning of the other, or what a pattern takes for it.
pub fn pair() -> impl Strategy<Value = [String; 2]> {
    let text = || prop_oneof![select(texts()), r#"[%_'"\\$?aAßİ😀;-]{1,12}"#];
    let altered = |text: String, how: Index| {
        let last = text.chars().next_back().map_or(0, char::len_utf8);
        let beginning = text[..text.len() - last].to_owned();
        let other = [
            format!("{text}x"),
            format!("{text}%"),
            format!("{beginning}_"),
            format!("{beginning}%"),
            text.to_uppercase(),
            text.to_lowercase(),
            beginning,
        ];
        [text, how.get(&other).clone()]
    };
    let alike = (text(), any::<Index>()).prop_map(move |(text, how)| altered(text, how));
    prop_oneof![alike, (text(), text()).prop_map(|(one, other)| [one, other])]
        .prop_filter("two identifiers", |[one, other]| {
            one != other && one.parse::<TenantId>().is_ok() && other.parse::<TenantId>().is_ok()
        })
}

pub fn strategy() -> impl Strategy<Value = Case> {
    let decisions = vec((0..2_usize, proptest::option::of(0..2_usize)), 1..12);
    (pair(), pair(), decisions).prop_map(|(tenants, organizations, decisions)| Case {
        tenants: tenants.map(|text| text.parse().unwrap()),
        organizations: organizations.map(|text| text.parse().unwrap()),
        decisions,
    })
}

/// A decision that was written, where, and at which leaf.
struct Written<'c> {
    tenant: &'c TenantId,
    decision: NewDecision,
    leaf: Vec<u8>,
    index: u64,
}

impl Case {
    /// Writes each decision of the case, and beside it a record that is about no decision. The same ids come at both tenants.
    async fn write(&self, store: &Store) -> Vec<Written<'_>> {
        let mut written: Vec<Written<'_>> = Vec::new();
        for (at, of) in &self.decisions {
            let tenant = &self.tenants[*at];
            let number = written.iter().filter(|other| other.tenant == tenant).count();
            let organization = of.map(|of| self.organizations[of].clone());
            let made = NewDecision { organization, ..decision(u32::try_from(number).unwrap()) };
            let mut leaf = decision_leaf(&made, &[subject(1)]);
            leaf.leaf = format!("{number} of {tenant} and {of:?}").into_bytes();
            let beside = personal_leaf(&format!("rec_{number}"), &[subject(1)]);
            let bytes = leaf.leaf.clone();
            let commit = Commit { leaves: vec![leaf, beside], ..decide(tenant, made.clone(), &subject(1)) };
            let index = store.commit(commit).await.unwrap().first_index;
            written.push(Written { tenant, decision: made, leaf: bytes, index });
        }
        written
    }

    /// Every scope that there is, and of organizations also those that nobody signed in to.
    fn scopes<'c>(&'c self, strangers: &'c [OrganizationId]) -> Vec<Scope<'c>> {
        let organizations = || self.organizations.iter().chain(strangers);
        let of = |tenant| organizations().map(move |organization| Scope::Organization(tenant, organization));
        self.tenants.iter().flat_map(|tenant| of(tenant).chain([Scope::Tenant(tenant)])).collect()
    }
}

fn is_within(scope: Scope<'_>, written: &Written<'_>) -> bool {
    let organization = written.decision.organization.as_ref();
    scope.tenant() == written.tenant
        && (scope.organization().is_none() || scope.organization() == organization)
}

/// Writes the case into an empty store, and demands of each scope that it finds what lies within it, and nothing else.
pub async fn assert_apart(store: &Store, case: &Case) {
    let written = case.write(store).await;
    let strangers: [OrganizationId; 2] = case.tenants.clone().map(|tenant| tenant.as_str().parse().unwrap());
    let strangers: Vec<OrganizationId> =
        strangers.into_iter().filter(|stranger| !case.organizations.contains(stranger)).collect();
    for scope in case.scopes(&strangers) {
        let within: Vec<&Written<'_>> = written.iter().rev().filter(|row| is_within(scope, row)).collect();
        assert_lists(store, scope, &within, &case.organizations).await;
        for row in &written {
            let id = &row.decision.id;
            let known = within.iter().find(|known| known.decision.id == *id);
            let found = store.find_decision(scope, id).await.unwrap();
            assert_eq!(found.map(|row| row.decision), known.map(|known| known.decision.clone()), "{scope:?}");
            let leaf = store.find_leaf(scope, id.as_str()).await.unwrap().map(|row| row.leaf);
            assert_eq!(leaf, known.map(|known| known.leaf.clone()), "{scope:?}");
            let is_there = within.iter().any(|known| known.index == row.index);
            let bodies = store.list_sealed_bodies(scope, row.index).await.unwrap();
            assert_eq!(bodies.len(), usize::from(is_there), "{scope:?}");
            // What stands beside a decision is the tenant's.
            let all = scope.organization().is_none() && scope.tenant() == row.tenant;
            if all || scope.organization().is_some() {
                let beside = store.list_sealed_bodies(scope, row.index + 1).await.unwrap();
                assert_eq!(beside.len(), usize::from(all), "{scope:?}");
            }
        }
        let beside = store.find_leaf(scope, "rec_0").await.unwrap();
        let is_there =
            scope.organization().is_none() && written.iter().any(|row| row.tenant == scope.tenant());
        assert_eq!(beside.is_some(), is_there, "{scope:?}");
    }
}

/// Lists by page and by filter; `within` is what there is, newest first.
async fn assert_lists(
    store: &Store,
    scope: Scope<'_>,
    within: &[&Written<'_>],
    organizations: &[OrganizationId],
) {
    let all = DecisionFilter::default();
    let list = async |filter: DecisionFilter| {
        let rows = store.list_decisions(scope, filter, u32::MAX).await.unwrap();
        rows.into_iter().map(|row| row.decision).collect::<Vec<_>>()
    };
    let expected: Vec<NewDecision> = within.iter().map(|row| row.decision.clone()).collect();
    assert_eq!(list(all.clone()).await, expected, "{scope:?}");
    let oldest_first = list(DecisionFilter { after: Some(0), ..all.clone() }).await;
    let later = within.iter().rev().filter(|row| row.index > 0).map(|row| row.decision.clone());
    assert_eq!(oldest_first, later.collect::<Vec<_>>(), "{scope:?}");
    // A filter asks for less, and never for more.
    for organization in organizations {
        let filter = DecisionFilter { organization: Some(organization.clone()), ..all.clone() };
        let of = expected.iter().filter(|row| row.organization.as_ref() == Some(organization));
        assert_eq!(list(filter).await, of.cloned().collect::<Vec<_>>(), "{scope:?} {organization}");
    }
}

pub async fn an_organization_sees_its_decisions_alone(Fresh { store, .. }: Fresh) {
    let case = Case {
        tenants: [tenant("t"), tenant("u")],
        organizations: ["org_1", "org_2"].map(|text| text.parse().unwrap()),
        decisions: vec![(0, Some(0)), (0, Some(1)), (0, None), (1, Some(1)), (1, Some(0)), (0, Some(0))],
    };
    assert_apart(&store, &case).await;
}
