use countersign_store::{Conflict, StoreError, Write};

use super::{
    Fresh,
    make::{at, decide, decision, record_ids, subject, tenant, writes},
};

fn request(id: &str, seconds: i64) -> Write {
    Write::Request { id: id.to_owned(), at: at(seconds) }
}

pub async fn a_replay_is_refused(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let mut first = decide(&t, decision(1), &subject(1));
    first.writes[0] = request("msg_1", 0);
    store.commit(first).await.unwrap();
    // Another decision about the same request: the caller made a new id, the request is what repeats.
    let mut replay = decide(&t, decision(2), &subject(1));
    replay.writes[0] = request("msg_1", 5);
    assert_eq!(store.commit(replay.clone()).await, Err(StoreError::Conflict(Conflict::Request)));
    assert_eq!(record_ids(&store, &t).await, ["dec_00000001"]);
    replay.tenant = tenant("u");
    store.commit(replay).await.unwrap();
}

pub async fn pruning_forgets_the_older_only(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for tenant in [&t, &u] {
        let requests = vec![request("early", 0), request("on time", 10), request("late", 20)];
        store.commit(writes(tenant, requests)).await.unwrap();
    }
    store.commit(writes(&t, vec![Write::PruneRequests { from: at(10), until: at(60) }])).await.unwrap();
    store.commit(writes(&t, vec![request("early", 30)])).await.unwrap();
    for (tenant, id) in [(&t, "on time"), (&t, "late"), (&u, "early")] {
        let answer = store.commit(writes(tenant, vec![request(id, 30)])).await;
        assert_eq!(answer, Err(StoreError::Conflict(Conflict::Request)), "{id} of {tenant}");
    }
}

pub async fn a_clock_that_ran_ahead_holds_up_no_pruning(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let early = [("ahead", 90_000), ("old", 0), ("new", 20), ("far ahead", 90_001), ("newer", 21)];
    let requests = early.map(|(id, seconds)| request(id, seconds)).to_vec();
    store.commit(writes(&t, requests)).await.unwrap();
    for _ in 0..2 {
        store.commit(writes(&t, vec![Write::PruneRequests { from: at(10), until: at(60) }])).await.unwrap();
    }
    for id in ["new", "newer"] {
        let answer = store.commit(writes(&t, vec![request(id, 30)])).await;
        assert_eq!(answer, Err(StoreError::Conflict(Conflict::Request)), "{id}");
    }
    for id in ["old", "ahead", "far ahead"] {
        store.commit(writes(&t, vec![request(id, 30)])).await.unwrap();
    }
}
