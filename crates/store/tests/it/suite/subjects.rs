use countersign_store::{Commit, Write};

use super::{
    Fresh,
    make::{assert_whole, decide, decision, leaf, personal_leaf, profile, subject, tenant, writes},
};

pub async fn erasing_takes_out_pseudonym_and_profile_and_leaves_the_leaves(Fresh { store, .. }: Fresh) {
    let (t, gone, stays) = (tenant("t"), subject(1), subject(2));
    for (n, who) in [(1, &gone), (2, &stays), (3, &gone)] {
        store.commit(decide(&t, decision(n), who)).await.unwrap();
    }
    let both = personal_leaf("both", &[stays.clone(), gone.clone()]);
    let writes = vec![profile(&gone, 0, b"gone"), profile(&stays, 0, b"stays")];
    store.commit(Commit { leaves: vec![both], writes, ..Commit::background(t.clone()) }).await.unwrap();
    let (before, bodies) = (assert_whole(&store, &t).await, store.list_sealed_bodies(&t, 0).await.unwrap());

    let writes = vec![Write::EraseSubject(gone.clone())];
    let erase = Commit { leaves: vec![leaf("erasure")], writes, ..Commit::background(t.clone()) };
    store.commit(erase).await.unwrap();

    assert_eq!(assert_whole(&store, &t).await[..before.len()], before);
    assert_eq!(store.find_profile(&t, &gone).await, Ok(None));
    assert!(store.find_profile(&t, &stays).await.unwrap().is_some());
    for (n, expected) in [(1, None), (2, Some(&stays)), (3, None)] {
        let row = store.find_decision(&t, &decision(n).id).await.unwrap().unwrap();
        assert_eq!(row.subject.as_ref(), expected, "decision {n}");
    }
    let sealed = store.list_sealed_bodies(&t, 0).await.unwrap();
    assert_eq!((&sealed[0].sealed, &sealed[0].subject), (&bodies[0].sealed, &None));
    let of_both: Vec<_> =
        store.list_sealed_bodies(&t, 3).await.unwrap().into_iter().map(|body| body.subject).collect();
    assert_eq!(of_both, [Some(stays), None]);
    // Whoever comes back begins anew.
    store.commit(super::make::writes(&t, vec![profile(&gone, 0, b"anew")])).await.unwrap();
}

pub async fn erasing_in_one_tenant_leaves_the_other(Fresh { store, .. }: Fresh) {
    let (t, u, who) = (tenant("t"), tenant("u"), subject(1));
    for tenant in [&t, &u] {
        store.commit(decide(tenant, decision(1), &who)).await.unwrap();
        store.commit(writes(tenant, vec![profile(&who, 0, b"sealed")])).await.unwrap();
    }
    // Erasing twice, or someone unknown, is no error.
    let erase = Write::EraseSubject(who.clone());
    store.commit(writes(&t, vec![erase.clone(), erase, Write::EraseSubject(subject(9))])).await.unwrap();
    assert_eq!(store.find_decision(&t, &decision(1).id).await.unwrap().unwrap().subject, None);
    assert_eq!(store.find_decision(&u, &decision(1).id).await.unwrap().unwrap().subject, Some(who.clone()));
    assert!(store.find_profile(&u, &who).await.unwrap().is_some());
}
