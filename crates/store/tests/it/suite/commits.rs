use countersign_core::{TenantId, Trigger};
use countersign_store::{
    AddressRow, CheckpointRow, Commit, Committed, Conflict, DecisionFilter, NewLeaf, RiskTokenRow, Scope,
    Standing, Store, StoreError, SwitchRow, Write,
};

use super::{
    Fresh,
    make::{
        assert_whole, at, commit_all, decide, decision, decision_leaf, leaf, leaves, outcome, personal_leaf,
        policy, profile, record_ids, subject, tenant, writes,
    },
};

/// One write of each kind that adds something; its leaf is that of `decision(1)`.
pub fn one_of_each() -> Vec<Write> {
    vec![
        Write::Request { id: "msg_1".to_owned(), at: at(0) },
        Write::Decision(decision(1)),
        outcome("out_1", Some(&decision(1)), "completed"),
        Write::Standing {
            decision: decision(1).id,
            expected_granted: 0,
            standing: Standing::Completed,
            granted: 1_000,
            at_tenant: None,
        },
        profile(&subject(1), 0, b"sealed"),
        Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: true, at: at(0) }),
        policy(0, "e1"),
        Write::Checkpoint(CheckpointRow { size: 1, note: "note".to_owned(), at: at(0) }),
        Write::Findings { document: "[1]".to_owned() },
        Write::SilenceCursor(1),
        Write::RetentionCursor { prefix: "dec_", leaf: 1 },
        Write::Address(AddressRow { address: subject(9), subject: subject(1), is_verified: false }),
        Write::RiskToken {
            row: RiskTokenRow { id: "r1".to_owned(), digest: vec![7; 32], at: at(0), revoked_at: None },
            most: 1,
        },
        Write::Erasure { key_id: "key_1".to_owned(), at: at(0) },
    ]
}

/// Demands that nothing of `one_of_each` is there.
pub async fn assert_nothing(store: &Store, tenant: &TenantId) {
    assert_eq!(store.find_decision(Scope::Tenant(tenant), &decision(1).id).await, Ok(None));
    assert_eq!(store.list_decisions(Scope::Tenant(tenant), DecisionFilter::default(), 9).await, Ok(vec![]));
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(tenant), 0).await, Ok(vec![]));
    assert_eq!(store.find_profile(tenant, &subject(1)).await, Ok(None));
    assert_eq!(store.list_switches(tenant).await, Ok(vec![]));
    assert_eq!(store.find_policy(tenant).await, Ok(None));
    assert_eq!(store.find_newest_checkpoint(tenant).await, Ok(None));
    assert_eq!(store.find_findings(tenant).await, Ok(None));
    assert_eq!(store.find_silence_cursor(tenant).await, Ok(None));
    assert_eq!(store.find_retention_cursor(tenant, "dec_").await, Ok(None));
    assert_eq!(store.list_address_holders(tenant, &subject(9)).await, Ok(vec![]));
    assert_eq!(store.list_risk_tokens(tenant).await, Ok(vec![]));
    assert_eq!(store.list_erasures(tenant, None).await, Ok(vec![]));
    assert_eq!(record_ids(store, tenant).await, [""; 0]);
}

/// Commits one of each and `last`, which is refused; then one of each alone, which must find its way free.
async fn assert_undone_by(store: &Store, tenant: &TenantId, last: Write, refusal: StoreError) {
    let mut commit = Commit { writes: one_of_each(), ..decide(tenant, decision(1), &subject(1)) };
    commit.leaves.push(leaf("another"));
    let accepted = commit.clone();
    commit.writes.push(last);
    assert_eq!(store.commit(commit).await, Err(refusal));
    assert_nothing(store, tenant).await;
    assert_eq!(store.commit(accepted).await, Ok(Committed { first_index: 0, size: 2 }));
    assert_eq!(record_ids(store, tenant).await, ["dec_00000001", "another"]);
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(tenant), 0).await.unwrap().len(), 1);
}

pub async fn a_stale_last_write_undoes_leaves_and_all_other_writes(Fresh { store, .. }: Fresh) {
    assert_undone_by(&store, &tenant("t"), profile(&subject(1), 9, b"late"), StoreError::Stale).await;
}

pub async fn a_conflict_in_the_last_write_undoes_leaves_and_all_other_writes(Fresh { store, .. }: Fresh) {
    let again = Write::Request { id: "msg_1".to_owned(), at: at(1) };
    assert_undone_by(&store, &tenant("t"), again, StoreError::Conflict(Conflict::Request)).await;
}

pub async fn a_refused_first_commit_leaves_no_ledger(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let refused = Commit { writes: vec![profile(&subject(1), 1, b"")], ..leaves(&t, ["a"]) };
    let neighbor = leaves(&tenant("u"), ["a"]);
    let answers = commit_all(&store, vec![refused, neighbor]).await;
    assert_eq!(answers[0], Err(StoreError::Stale));
    assert_eq!(store.list_tenants().await, Ok(vec![tenant("u")]));
}

pub async fn a_refused_commit_harms_no_neighbor(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let commits = (0..90).map(|n| {
        let refusal = match n % 3 {
            0 => vec![],
            1 => vec![profile(&subject(n), 5, b"")],
            _ => vec![Write::Request { id: format!("msg_dec_{n:08}"), at: at(0) }],
        };
        let mut commit = decide(&t, decision(n), &subject(n));
        commit.writes.extend(refusal);
        commit
    });
    let answers = commit_all(&store, commits.collect()).await;
    for (n, answer) in (0_u32..).zip(&answers) {
        match n % 3 {
            0 => assert!(answer.is_ok()),
            1 => assert_eq!(answer, &Err(StoreError::Stale)),
            _ => assert_eq!(answer, &Err(StoreError::Conflict(Conflict::Request))),
        }
        let row = store.find_decision(Scope::Tenant(&t), &decision(n).id).await.unwrap();
        assert_eq!(
            row.map(|row| row.leaf_index),
            answer.as_ref().ok().map(|committed| committed.first_index)
        );
    }
    assert_eq!(assert_whole(&store, &t).await.len(), 30);
}

pub async fn a_decision_without_its_own_leaf_is_refused(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let bare = writes(&t, vec![Write::Decision(decision(1))]);
    let foreign = Commit { leaves: vec![personal_leaf("rec_1", &[subject(1)])], ..bare.clone() };
    let mut second = Commit { leaves: vec![decision_leaf(&decision(1), &[])], ..bare.clone() };
    second.writes.push(Write::Decision(decision(2)));
    let leaf = personal_leaf("dec_00000001", &[]);
    let at_another_time = Commit { leaves: vec![NewLeaf { at: at(2), ..leaf.clone() }], ..bare.clone() };
    let mut twice = Commit { leaves: vec![NewLeaf { at: at(1), ..leaf }], ..bare.clone() };
    twice.writes.push(Write::Decision(decision(1)));
    for commit in [bare, foreign, second, at_another_time, twice] {
        assert!(matches!(store.commit(commit).await, Err(StoreError::Corrupt(_))));
    }
    assert_nothing(&store, &t).await;
    // None of them stands in the way of the next decision.
    store.commit(decide(&t, decision(3), &subject(3))).await.unwrap();
}

pub async fn an_empty_commit_tells_the_size(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    assert_eq!(store.commit(Commit::background(t.clone())).await, Ok(Committed { first_index: 0, size: 0 }));
    store.commit(leaves(&t, ["a", "b"])).await.unwrap();
    assert_eq!(store.commit(Commit::background(t.clone())).await, Ok(Committed { first_index: 2, size: 2 }));
    assert_eq!(store.list_tenants().await, Ok(vec![t]));
}
