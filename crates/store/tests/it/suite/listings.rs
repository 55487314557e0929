use countersign_core::{Level, OrganizationId};
use countersign_store::{DecisionFilter, NewDecision, Scope, Standing, Store, Write};

use super::{
    Fresh,
    make::{commit_all, decide, decision, know, leaves, subject, tenant, writes},
};

const COUNT: u32 = 40;

fn organization(number: u32) -> OrganizationId {
    format!("org_{number}").parse().unwrap()
}

/// Decision `n` has the level `n % 4`, and the organization `n % 3` unless that is 0.
fn nth(n: u32) -> NewDecision {
    let level = Level::ALL[usize::try_from(n % 4).unwrap()];
    NewDecision { level, organization: (!n.is_multiple_of(3)).then(|| organization(n % 3)), ..decision(n) }
}

/// Forty decisions of one tenant, each after a leaf that is no decision, and some of another.
async fn filled(store: &Store) {
    let t = tenant("t");
    know(store, &t, (0..COUNT).map(subject)).await;
    for n in 0..COUNT {
        store.commit(leaves(&t, [format!("rec_{n}")])).await.unwrap();
        store.commit(decide(&t, nth(n), &subject(n))).await.unwrap();
    }
    let others = (0..COUNT).map(|n| decide(&tenant("u"), nth(n), &subject(n))).collect();
    assert!(commit_all(store, others).await.iter().all(Result::is_ok));
}

/// The numbers of the decisions listed.
async fn listed(store: &Store, filter: DecisionFilter, limit: u32) -> Vec<u32> {
    let rows = store.list_decisions(Scope::Tenant(&tenant("t")), filter, limit).await.unwrap();
    rows.into_iter()
        .map(|row| {
            let number = u32::try_from((row.leaf_index - 1) / 2).unwrap();
            assert_eq!((row.decision, row.subject), (nth(number), Some(subject(number))));
            number
        })
        .collect()
}

pub async fn newest_first_and_oldest_first_after_a_leaf(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    let any = DecisionFilter::default();
    assert_eq!(listed(&store, any.clone(), 1_000).await, (0..COUNT).rev().collect::<Vec<_>>());
    assert_eq!(listed(&store, any.clone(), 3).await, [39, 38, 37]);
    assert_eq!(listed(&store, any.clone(), 0).await, [0; 0]);
    // Leaf 21 is decision 10; both ends are exclusive.
    assert_eq!(listed(&store, DecisionFilter { before: Some(21), ..any.clone() }, 2).await, [9, 8]);
    assert_eq!(listed(&store, DecisionFilter { after: Some(21), ..any.clone() }, 2).await, [11, 12]);
    assert_eq!(
        listed(&store, DecisionFilter { after: Some(21), before: Some(27), ..any }, 9).await,
        [11, 12]
    );
}

pub async fn pages_join_without_gap_or_overlap(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    let leaf_of = |number: u32| u64::from(number) * 2 + 1;
    for limit in [1, 7, 40] {
        let (mut down, mut up) = (Vec::new(), Vec::new());
        let mut filter = DecisionFilter::default();
        while let page @ [.., last] = listed(&store, filter.clone(), limit).await.as_slice() {
            down.extend_from_slice(page);
            assert!(down.len() <= 40, "pages overlap");
            filter.before = Some(leaf_of(*last));
        }
        let mut filter = DecisionFilter { after: Some(0), ..DecisionFilter::default() };
        while let page @ [.., last] = listed(&store, filter.clone(), limit).await.as_slice() {
            up.extend_from_slice(page);
            assert!(up.len() <= 40, "pages overlap");
            filter.after = Some(leaf_of(*last));
        }
        assert_eq!(up, (0..COUNT).collect::<Vec<_>>(), "pages of {limit}");
        up.reverse();
        assert_eq!(down, up, "pages of {limit}");
    }
}

pub async fn filters_hold_alone_and_together(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    let of = |levels: &[Level], number: Option<u32>| DecisionFilter {
        levels: levels.to_vec(),
        organization: number.map(organization),
        ..DecisionFilter::default()
    };
    let expected = |keep: fn(u32) -> bool| (0..COUNT).rev().filter(|n| keep(*n)).collect::<Vec<_>>();
    assert_eq!(listed(&store, of(&[], Some(2)), 99).await, expected(|n| n % 3 == 2));
    assert_eq!(listed(&store, of(&[Level::High], None), 99).await, expected(|n| n % 4 == 2));
    assert_eq!(listed(&store, of(&[Level::High], Some(1)), 99).await, expected(|n| n % 12 == 10));
    assert_eq!(listed(&store, of(&[], Some(7)), 99).await, [0; 0]);
    let page = DecisionFilter { before: Some(40), after: Some(10), ..of(&[Level::Low], None) };
    assert_eq!(listed(&store, page, 2).await, [8, 12]);
}

pub async fn any_set_of_levels_is_honored(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    for set in 0..16_u32 {
        let is_in = |n: u32| set == 0 || set >> (n % 4) & 1 == 1;
        let levels: Vec<_> =
            (0_u32..).zip(Level::ALL).filter(|(n, _)| set >> n & 1 == 1).map(|(_, level)| *level).collect();
        // A level that is named often counts once, and hides no other.
        let often = levels.iter().flat_map(|level| [*level; 3]).collect();
        let expected: Vec<_> = (0..COUNT).rev().filter(|n| is_in(*n)).collect();
        for levels in [levels, often] {
            let filter = DecisionFilter { levels, ..DecisionFilter::default() };
            assert_eq!(listed(&store, filter, 99).await, expected, "set {set:04b}");
        }
    }
}

pub async fn bounds_beyond_every_leaf_are_no_error(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    let any = DecisionFilter::default();
    for end in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        assert_eq!(listed(&store, DecisionFilter { before: Some(end), ..any.clone() }, 1).await, [39]);
        assert_eq!(listed(&store, DecisionFilter { after: Some(end), ..any.clone() }, 1).await, [0; 0]);
    }
    assert_eq!(listed(&store, DecisionFilter { before: Some(0), ..any }, 1).await, [0; 0]);
}

pub async fn those_that_a_person_judged_are_listed_alone(Fresh { store, .. }: Fresh) {
    filled(&store).await;
    let judge = |n: u32, standing| {
        let decision = decision(n).id;
        let change = Write::Standing { decision, expected_granted: 0, standing, granted: 0, at_tenant: None };
        writes(&tenant("t"), vec![change])
    };
    let told =
        [(3, Standing::Fraudulent), (7, Standing::Passed), (9, Standing::Failed), (30, Standing::Legitimate)];
    for (n, standing) in told {
        store.commit(judge(n, standing)).await.unwrap();
    }
    let filter = |after| DecisionFilter { after, is_judged: true, ..DecisionFilter::default() };
    let judged = async |filter| {
        let rows = store.list_decisions(Scope::Tenant(&tenant("t")), filter, 9).await.unwrap();
        rows.into_iter().map(|row| row.decision.id).collect::<Vec<_>>()
    };
    assert_eq!(judged(filter(None)).await, [decision(30).id, decision(3).id]);
    // Leaf 7 is decision 3.
    assert_eq!(judged(filter(Some(7))).await, [decision(30).id]);
    let high = DecisionFilter { levels: vec![Level::ALL[3]], ..filter(None) };
    assert_eq!(judged(high).await, [decision(3).id]);
}
