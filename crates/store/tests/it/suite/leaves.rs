use std::collections::BTreeSet;

use countersign_core::Timestamp;
use countersign_ledger::{CHAIN_START, EMPTY_ROOT};
use countersign_store::{Commit, Committed, Conflict, DecisionFilter, NewLeaf, Scope, StoreError, Write};

use super::{
    Fresh,
    make::{
        assert_whole, at, commit_all, decide, decision, leaf, leaves, personal_leaf, profile, record_ids,
        subject, tenant,
    },
};

pub async fn an_empty_store_holds_nothing(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let head = store.get_ledger_head(&t).await.unwrap();
    assert_eq!((head.frontier.size(), head.frontier.root(), head.chain), (0, EMPTY_ROOT, CHAIN_START));
    assert_eq!(store.list_tenants().await, Ok(vec![]));
    assert_eq!(store.find_profile(&t, &subject(1)).await, Ok(None));
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(1).id).await, Ok(None));
    assert_eq!(store.list_decisions(Scope::Tenant(&t), DecisionFilter::default(), 10).await, Ok(vec![]));
    assert_eq!(store.find_leaf(Scope::Tenant(&t), "rec_1").await, Ok(None));
    assert_eq!(store.list_leaves(&t, 0, 10).await, Ok(vec![]));
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 0).await, Ok(vec![]));
    assert_eq!(store.list_checkpoints(&t, 0, 10).await, Ok(vec![]));
    assert_eq!(store.find_newest_checkpoint(&t).await, Ok(None));
    assert_eq!(store.list_switches(&t).await, Ok(vec![]));
    assert_eq!(store.find_policy(&t).await, Ok(None));
    assert_eq!(store.find_silence_cursor(&t).await, Ok(None));
    assert_eq!(store.list_policies(&t, 9).await, Ok(vec![]));
    assert_eq!(store.list_risk_tokens(&t).await, Ok(vec![]));
    assert_eq!(store.list_addresses(&t, &subject(1)).await, Ok(vec![]));
    assert_eq!(store.list_erasures(&t, None).await, Ok(vec![]));
    assert_eq!(store.list_nodes(&t, 1, 0, 9).await, Ok(vec![]));
    assert_eq!(store.list_subject_keys(&t, None, 9).await, Ok(vec![]));
    assert_eq!(store.find_subject_key(&t, &subject(1)).await, Ok(None));
}

pub async fn indices_are_contiguous(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let first = store.commit(leaves(&t, ["a", "b", "c"])).await;
    assert_eq!(first, Ok(Committed { first_index: 0, size: 3 }));
    assert_eq!(store.commit(leaves(&t, ["d", "e"])).await, Ok(Committed { first_index: 3, size: 5 }));
    assert_eq!(record_ids(&store, &t).await, ["a", "b", "c", "d", "e"]);
    let found = store.find_leaf(Scope::Tenant(&t), "d").await.unwrap().unwrap();
    assert_eq!((found.index, found.leaf), (3, leaf("d").leaf));
}

pub async fn concurrent_commits_fill_every_index_once(Fresh { store, .. }: Fresh) {
    let tenants = [tenant("a"), tenant("b"), tenant("c")];
    let commits =
        (0..300).map(|n| leaves(&tenants[n % 3], [format!("rec_{n}"), format!("rec_{n}_too")])).collect();
    let answers = commit_all(&store, commits).await;
    for (place, t) in tenants.iter().enumerate() {
        let firsts: BTreeSet<u64> = answers
            .iter()
            .skip(place)
            .step_by(3)
            .map(|answer| answer.as_ref().unwrap().first_index)
            .collect();
        assert_eq!(firsts, (0..100).map(|n| 2 * n).collect());
        assert_eq!(assert_whole(&store, t).await.len(), 200);
    }
    for (n, answer) in answers.into_iter().enumerate() {
        let found =
            store.find_leaf(Scope::Tenant(&tenants[n % 3]), &format!("rec_{n}")).await.unwrap().unwrap();
        assert_eq!(Ok(found.index), answer.map(|committed| committed.first_index));
    }
}

pub async fn two_tenants_never_mix(Fresh { store, .. }: Fresh) {
    let (a, b) = (tenant("a"), tenant("b"));
    let all = |t| Commit { writes: super::commits::one_of_each(), ..decide(t, decision(1), &subject(1)) };
    store.commit(all(&a)).await.unwrap();
    assert_eq!(store.list_tenants().await, Ok(vec![a.clone()]));
    assert_eq!(store.find_leaf(Scope::Tenant(&b), decision(1).id.as_str()).await, Ok(None));
    super::commits::assert_nothing(&store, &b).await;
    // The same ids are free in another tenant: uniqueness, too, is per tenant.
    assert_eq!(store.commit(all(&b)).await, Ok(Committed { first_index: 0, size: 1 }));
    assert_eq!(store.list_tenants().await, Ok(vec![a.clone(), b.clone()]));
    store.commit(leaves(&b, ["only b"])).await.unwrap();
    store
        .commit(Commit { writes: vec![profile(&subject(1), 1, b"b's")], ..Commit::background(b.clone()) })
        .await
        .unwrap();
    assert_eq!(store.commit(leaves(&a, ["only a"])).await, Ok(Committed { first_index: 1, size: 2 }));
    assert_eq!(record_ids(&store, &a).await, ["dec_00000001", "only a"]);
    assert_eq!(record_ids(&store, &b).await, ["dec_00000001", "only b"]);
    assert_eq!(store.find_profile(&a, &subject(1)).await.unwrap().unwrap().sealed, b"sealed");
    assert_eq!(store.find_profile(&b, &subject(1)).await.unwrap().unwrap().sealed, b"b's");
}

pub async fn a_repeated_record_is_refused(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(leaves(&t, ["a"])).await.unwrap();
    let mut again = leaves(&t, ["b", "a"]);
    again.writes.push(Write::SilenceCursor(7));
    assert_eq!(store.commit(again).await, Err(StoreError::Conflict(Conflict::Record)));
    assert_eq!(record_ids(&store, &t).await, ["a"]);
    assert_eq!(store.find_silence_cursor(&t).await, Ok(None));
    assert_eq!(store.commit(leaves(&t, ["b"])).await, Ok(Committed { first_index: 1, size: 2 }));
}

pub async fn an_unknown_commit_can_be_tried_again(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let commit = decide(&t, decision(1), &subject(1));
    let committed = store.commit(commit.clone()).await.unwrap();
    let (row, head) =
        (store.find_decision(Scope::Tenant(&t), &decision(1).id).await, store.get_ledger_head(&t).await);
    for _ in 0..3 {
        assert_eq!(store.commit(commit.clone()).await, Err(StoreError::Conflict(Conflict::Record)));
    }
    let leaf = store.find_leaf(Scope::Tenant(&t), decision(1).id.as_str()).await.unwrap().unwrap();
    assert_eq!((leaf.index, &leaf.leaf), (committed.first_index, &commit.leaves[0].leaf));
    assert_eq!(
        (store.find_decision(Scope::Tenant(&t), &decision(1).id).await, store.get_ledger_head(&t).await),
        (row, head)
    );
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 0).await.unwrap().len(), 1);
}

pub async fn a_record_twice_in_one_commit_is_refused(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    assert_eq!(store.commit(leaves(&t, ["a", "b", "a"])).await, Err(StoreError::Conflict(Conflict::Record)));
    assert_eq!(record_ids(&store, &t).await, [""; 0]);
}

pub async fn listed_from_any_place(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(leaves(&t, (0..10).map(|n| format!("rec_{n}")))).await.unwrap();
    for (first, count, expected) in [
        (0, 10, 0..10),
        (3, 4, 3..7),
        (8, 100, 8..10),
        (10, 5, 0..0),
        (4, 0, 0..0),
        (7, u64::MAX, 7..10),
        (u64::MAX, 1, 0..0),
    ] {
        let rows = store.list_leaves(&t, first, count).await.unwrap();
        let indices: Vec<u64> = rows.iter().map(|row| row.index).collect();
        assert_eq!(indices, expected.collect::<Vec<u64>>(), "{count} from {first}");
    }
}

pub async fn bodies_keep_their_order(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let people: Vec<_> = (0..12).rev().map(subject).collect();
    let many = personal_leaf("many", &people);
    let commit = Commit { leaves: vec![leaf("none"), many.clone()], ..Commit::background(t.clone()) };
    store.commit(commit).await.unwrap();
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 0).await, Ok(vec![]));
    let stored = store.list_sealed_bodies(Scope::Tenant(&t), 1).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|body| (body.key_id, body.sealed)).collect();
    let given: Vec<_> = many.bodies.into_iter().map(|body| (body.key_id, body.sealed)).collect();
    assert_eq!(stored, given);
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), u64::MAX).await, Ok(vec![]));
}

pub async fn update_and_delete_are_refused(Fresh { store, raw, .. }: Fresh) {
    let t = tenant("t");
    store.commit(leaves(&t, ["a", "b"])).await.unwrap();
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let before = assert_whole(&store, &t).await;
    for statement in [
        "UPDATE records SET record_id = 'c' WHERE record_id = 'a'",
        "UPDATE records SET recorded_at = recorded_at + 1",
        "UPDATE records SET leaf = chain",
        "UPDATE records SET chain = leaf, bodies = NULL",
        "UPDATE records SET level = 'high' WHERE record_id = 'dec_00000001'",
        "UPDATE records SET verdict = NULL, bodies = NULL WHERE record_id = 'dec_00000001'",
        "UPDATE records SET bodies = leaf WHERE record_id = 'a'",
        "UPDATE records SET bodies = leaf WHERE record_id = 'dec_00000001'",
        "DELETE FROM records WHERE record_id = 'b'",
        "DELETE FROM records",
    ] {
        let refusal = raw(statement).await.unwrap_err();
        assert!(refusal.contains("insert only"), "{statement}: {refusal}");
    }
    // The way past the store does work for what it may do: the refusals above are the database's own.
    raw("DELETE FROM requests").await.unwrap();
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 2).await.unwrap().len(), 1);
    raw("UPDATE records SET bodies = NULL").await.unwrap();
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 2).await, Ok(vec![]));
    assert_eq!(assert_whole(&store, &t).await, before);
}

pub async fn the_first_leaf_since_a_time_is_found(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    assert_eq!(store.first_leaf_since(&t, at(0)).await, Ok(0));
    let times = [5, 5, 5, 7, 8, 8, 11, 11, 11, 11, 20];
    for (tenant, shift) in [(&u, 1_000), (&t, 0)] {
        for (place, seconds) in times.into_iter().enumerate() {
            let leaf = NewLeaf { at: at(seconds + shift), ..leaf(&format!("rec_{place}")) };
            store.commit(Commit { leaves: vec![leaf], ..Commit::background(tenant.clone()) }).await.unwrap();
        }
    }
    for seconds in 0..25 {
        let expected = times.into_iter().filter(|known| *known < seconds).count();
        let found = store.first_leaf_since(&t, at(seconds)).await;
        assert_eq!(found, Ok(u64::try_from(expected).unwrap()), "since {seconds}");
    }
    for (time, expected) in [(i64::MIN, 0), (i64::MAX, 11)] {
        assert_eq!(store.first_leaf_since(&t, Timestamp::from_micros(time)).await, Ok(expected));
    }
}
