use countersign_store::{Commit, Scope, Write};

use super::{
    Fresh,
    make::{
        assert_whole, decide, decision, key_id, know, leaf, personal_leaf, profile, subject, tenant, writes,
    },
};

pub async fn without_the_key_nobody_is_named_and_the_leaves_stay(Fresh { store, .. }: Fresh) {
    let (t, gone, stays) = (tenant("t"), subject(1), subject(2));
    know(&store, &t, [gone.clone(), stays.clone()]).await;
    for (n, who) in [(1, &gone), (2, &stays), (3, &gone)] {
        store.commit(decide(&t, decision(n), who)).await.unwrap();
    }
    let both = personal_leaf("both", &[stays.clone(), gone.clone()]);
    let writes = vec![profile(&gone, 0, b"gone"), profile(&stays, 0, b"stays")];
    store.commit(Commit { leaves: vec![both], writes, ..Commit::background(t.clone()) }).await.unwrap();
    let (before, bodies) =
        (assert_whole(&store, &t).await, store.list_sealed_bodies(Scope::Tenant(&t), 3).await.unwrap());

    let writes = vec![Write::DeleteProfile(gone.clone())];
    let erase = Commit { leaves: vec![leaf("erasure")], writes, ..Commit::background(t.clone()) };
    store.commit(erase).await.unwrap();
    assert_eq!(store.delete_subject_key(&t, &gone, &key_id(&gone)).await, Ok(true));

    assert_eq!(assert_whole(&store, &t).await[..before.len()], before);
    assert_eq!(store.find_profile(&t, &gone).await, Ok(None));
    assert!(store.find_profile(&t, &stays).await.unwrap().is_some());
    for (n, expected) in [(1, None), (2, Some(&stays)), (3, None)] {
        let row = store.find_decision(Scope::Tenant(&t), &decision(n).id).await.unwrap().unwrap();
        assert_eq!(row.subject.as_ref(), expected, "decision {n}");
    }
    assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), 3).await.unwrap(), bodies);
    let mut owners = Vec::new();
    for body in &bodies {
        owners.push(store.find_subject_of_key(&t, &body.key_id).await.unwrap());
    }
    assert_eq!(owners, [Some(stays), None]);
    // Whoever comes back begins anew.
    store.commit(super::make::writes(&t, vec![profile(&gone, 0, b"anew")])).await.unwrap();
}

pub async fn erasing_in_one_tenant_leaves_the_other(Fresh { store, .. }: Fresh) {
    let (t, u, who) = (tenant("t"), tenant("u"), subject(1));
    for tenant in [&t, &u] {
        know(&store, tenant, [who.clone()]).await;
        store.commit(decide(tenant, decision(1), &who)).await.unwrap();
        store.commit(writes(tenant, vec![profile(&who, 0, b"sealed")])).await.unwrap();
    }
    // Erasing twice, or someone unknown, is no error.
    let erase = Write::DeleteProfile(who.clone());
    store.commit(writes(&t, vec![erase.clone(), erase, Write::DeleteProfile(subject(9))])).await.unwrap();
    assert_eq!(store.delete_subject_key(&t, &who, &key_id(&who)).await, Ok(true));
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap().subject, None);
    assert_eq!(
        store.find_decision(Scope::Tenant(&u), &decision(1).id).await.unwrap().unwrap().subject,
        Some(who.clone())
    );
    assert!(store.find_profile(&u, &who).await.unwrap().is_some());
}

pub async fn erasures_are_remembered_once_and_for_their_tenant(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    assert_eq!(store.list_erasures(&t, None).await, Ok(vec![]));
    let erasure = |key_id: &str| Write::Erasure { key_id: key_id.to_owned(), at: super::make::at(0) };
    for key_ids in [["key_b", "key_a"], ["key_a", "key_c"]] {
        store.commit(writes(&t, key_ids.map(erasure).to_vec())).await.unwrap();
    }
    assert_eq!(
        store.list_erasures(&t, None).await,
        Ok(["key_a", "key_b", "key_c"].map(str::to_owned).to_vec())
    );
    assert_eq!(store.list_erasures(&u, None).await, Ok(vec![]));
}

pub async fn erasures_are_listed_from_a_time_on(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (key_id, seconds) in [("key_b", 10), ("key_a", 30), ("key_c", 20), ("key_b", 40)] {
        let erasure = Write::Erasure { key_id: key_id.to_owned(), at: super::make::at(seconds) };
        store.commit(writes(&t, vec![erasure])).await.unwrap();
    }
    // The first time counts: an erasure that is tried again is the same one.
    for (seconds, expected) in
        [(10, &["key_a", "key_b", "key_c"][..]), (11, &["key_a", "key_c"]), (30, &["key_a"]), (31, &[])]
    {
        let listed = store.list_erasures(&t, Some(super::make::at(seconds))).await.unwrap();
        assert_eq!(listed, expected, "from {seconds} on");
    }
}
