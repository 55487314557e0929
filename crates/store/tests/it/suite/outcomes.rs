use countersign_store::{Commit, Conflict, StoreError, Write};

use super::{
    Fresh,
    make::{decide, decision, leaf, outcome, record_ids, subject, tenant},
};

pub async fn the_same_is_told_once(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for n in [1, 2] {
        store.commit(decide(&t, decision(n), &subject(n))).await.unwrap();
    }
    let tell = |id: &str, number, kind| Commit {
        leaves: vec![leaf(id)],
        writes: vec![outcome(id, Some(&decision(number)), kind)],
        ..Commit::background(t.clone())
    };
    store.commit(tell("out_1", 1, "completed")).await.unwrap();
    assert_eq!(
        store.commit(tell("out_2", 1, "completed")).await,
        Err(StoreError::Conflict(Conflict::Outcome))
    );
    store.commit(tell("out_3", 1, "legitimate")).await.unwrap();
    store.commit(tell("out_4", 2, "completed")).await.unwrap();
    // A leaf stands for each that was new, none for the repetition.
    assert_eq!(record_ids(&store, &t).await[2..], ["out_1", "out_3", "out_4"]);
}

pub async fn what_is_replaced_may_be_told_anew(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for n in [1, 2] {
        store.commit(decide(&t, decision(n), &subject(n))).await.unwrap();
    }
    let tell = |id: &str, number, kind, replaces| {
        let mut told = outcome(id, Some(&decision(number)), kind);
        if let Write::Outcome(row) = &mut told {
            row.replaces = replaces;
        }
        Commit { leaves: vec![leaf(id)], writes: vec![told], ..Commit::background(t.clone()) }
    };
    for (id, number, kind, replaces) in [
        ("out_1", 1, "fraudulent", &[][..]),
        ("out_2", 2, "fraudulent", &[]),
        ("out_3", 1, "completed", &[]),
        ("out_4", 1, "legitimate", &["fraudulent"]),
        ("out_5", 1, "fraudulent", &["legitimate"]),
    ] {
        store.commit(tell(id, number, kind, replaces)).await.unwrap();
    }
    for (number, kind) in [(1, "fraudulent"), (1, "completed"), (2, "fraudulent")] {
        let again = store.commit(tell("out_6", number, kind, &["legitimate"])).await;
        assert_eq!(again, Err(StoreError::Conflict(Conflict::Outcome)), "{number} {kind}");
    }
    let told = ["out_1", "out_2", "out_3", "out_4", "out_5"];
    assert_eq!(record_ids(&store, &t).await[2..], told, "each has its leaf, also what was replaced");
}

pub async fn an_outcome_without_a_decision_is_told_by_its_id(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let tell = |id| Commit { writes: vec![outcome(id, None, "failed")], ..Commit::background(t.clone()) };
    store.commit(tell("out_1")).await.unwrap();
    store.commit(tell("out_2")).await.unwrap();
    assert_eq!(store.commit(tell("out_1")).await, Err(StoreError::Conflict(Conflict::Outcome)));
}
