use countersign_core::TenantId;
use countersign_store::{Commit, Scope, Store, Write};

use super::{
    Fresh,
    make::{assert_whole, decide, decision, know, personal_leaf, subject, tenant, writes},
};

/// Six decisions at the even places, and a record with two bodies after each.
async fn filled(store: &Store, tenant: &TenantId) {
    know(store, tenant, [subject(1), subject(2)]).await;
    for n in 0..6 {
        store.commit(decide(tenant, decision(n), &subject(1))).await.unwrap();
        let leaf = personal_leaf(&format!("out_{n}"), &[subject(1), subject(2)]);
        store.commit(Commit { leaves: vec![leaf], ..Commit::background(tenant.clone()) }).await.unwrap();
    }
}

/// How many bodies each leaf has.
async fn bodies(store: &Store, tenant: &TenantId) -> Vec<usize> {
    let mut counts = Vec::new();
    for leaf in 0..12 {
        counts.push(store.list_sealed_bodies(Scope::Tenant(tenant), leaf).await.unwrap().len());
    }
    counts
}

pub async fn bodies_of_one_kind_and_range_go_and_their_leaves_stay(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for tenant in [&t, &u] {
        filled(&store, tenant).await;
    }
    let before = assert_whole(&store, &t).await;
    let drop_bodies = |prefix, from, until| writes(&t, vec![Write::DropBodies { prefix, from, until }]);
    for (prefix, from, until, expected) in [
        ("dec_", 2, 2, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]),
        ("dec_", 2, 6, [1, 2, 0, 2, 0, 2, 1, 2, 1, 2, 1, 2]),
        ("out_", 0, 3, [1, 0, 0, 2, 0, 2, 1, 2, 1, 2, 1, 2]),
        ("ou", 4, 6, [1, 0, 0, 2, 0, 0, 1, 2, 1, 2, 1, 2]),
        // No word of a pattern.
        ("%", 0, 12, [1, 0, 0, 2, 0, 0, 1, 2, 1, 2, 1, 2]),
        ("dec%", 0, 12, [1, 0, 0, 2, 0, 0, 1, 2, 1, 2, 1, 2]),
        ("DEC_", 0, 12, [1, 0, 0, 2, 0, 0, 1, 2, 1, 2, 1, 2]),
        ("dec_", 8, u64::MAX, [1, 0, 0, 2, 0, 0, 1, 2, 0, 2, 0, 2]),
        // What was done already can be done again.
        ("dec_", 0, 3, [0, 0, 0, 2, 0, 0, 1, 2, 0, 2, 0, 2]),
    ] {
        store.commit(drop_bodies(prefix, from, until)).await.unwrap();
        assert_eq!(bodies(&store, &t).await, expected, "{prefix} in {from}..{until}");
    }
    assert_eq!(bodies(&store, &u).await, [1, 2].repeat(6));
    assert_eq!(assert_whole(&store, &t).await, before);
    store
        .commit(writes(&tenant("v"), vec![Write::DropBodies { prefix: "dec_", from: 0, until: 9 }]))
        .await
        .unwrap();
}

pub async fn a_decision_without_its_body_keeps_its_facts_and_names_nobody(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    filled(&store, &t).await;
    let before = store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap();
    assert_eq!(before.subject, Some(subject(1)));
    store.commit(writes(&t, vec![Write::DropBodies { prefix: "dec_", from: 0, until: 3 }])).await.unwrap();
    let after = store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap();
    assert_eq!(after, countersign_store::DecisionRow { subject: None, ..before });
    let listed = store
        .list_decisions(Scope::Tenant(&t), countersign_store::DecisionFilter::default(), 9)
        .await
        .unwrap();
    assert_eq!(listed.iter().filter(|row| row.subject.is_some()).count(), 4);
}

pub async fn each_kind_has_a_cursor(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (prefix, leaf) in [("dec_", 7), ("out_", 9), ("dec_", u64::MAX >> 1), ("dec_", 3)] {
        store.commit(writes(&t, vec![Write::RetentionCursor { prefix, leaf }])).await.unwrap();
        assert_eq!(store.find_retention_cursor(&t, prefix).await, Ok(Some(leaf)));
    }
    assert_eq!(store.find_retention_cursor(&t, "out_").await, Ok(Some(9)));
    assert_eq!(store.find_retention_cursor(&t, "dec").await, Ok(None));
    assert_eq!(store.find_retention_cursor(&tenant("u"), "dec_").await, Ok(None));
}
