use countersign_store::{RiskTokenRow, StoreError, Write};

use super::{
    Fresh,
    make::{at, commit_all, tenant, writes},
};

fn token(id: &str, seconds: i64) -> RiskTokenRow {
    RiskTokenRow { id: id.to_owned(), digest: vec![7; 32], at: at(seconds), revoked_at: None }
}

pub async fn listed_oldest_first_with_their_ends(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    assert_eq!(store.list_risk_tokens(&t).await, Ok(vec![]));
    for (tenant, id, seconds) in [(&t, "a", 30), (&t, "b", 10), (&t, "c", 20), (&u, "a", 5)] {
        store
            .commit(writes(tenant, vec![Write::RiskToken { row: token(id, seconds), most: 9 }]))
            .await
            .unwrap();
    }
    let revoke = Write::RevokeRiskToken { id: "c".to_owned(), at: at(40) };
    store.commit(writes(&t, vec![revoke])).await.unwrap();
    let ended = RiskTokenRow { revoked_at: Some(at(40)), ..token("c", 20) };
    assert_eq!(store.list_risk_tokens(&t).await, Ok(vec![token("b", 10), ended, token("a", 30)]));
    assert_eq!(store.list_risk_tokens(&u).await, Ok(vec![token("a", 5)]));
}

pub async fn only_one_that_holds_is_ended(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    store.commit(writes(&t, vec![Write::RiskToken { row: token("a", 0), most: 9 }])).await.unwrap();
    let revoke = |seconds| Write::RevokeRiskToken { id: "a".to_owned(), at: at(seconds) };
    assert_eq!(store.commit(writes(&u, vec![revoke(1)])).await, Err(StoreError::Stale));
    store.commit(writes(&t, vec![revoke(2)])).await.unwrap();
    assert_eq!(store.commit(writes(&t, vec![revoke(3)])).await, Err(StoreError::Stale));
    let ended = RiskTokenRow { revoked_at: Some(at(2)), ..token("a", 0) };
    assert_eq!(store.list_risk_tokens(&t).await, Ok(vec![ended]));
}

pub async fn no_more_hold_at_once_than_may(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let add = |id: &str| writes(&t, vec![Write::RiskToken { row: token(id, 0), most: 2 }]);
    let ids = ["a", "b", "c", "d", "e"];
    let answers = commit_all(&store, ids.map(add).to_vec()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(StoreError::Stale)).count(), 3);
    let held = store.list_risk_tokens(&t).await.unwrap().remove(0).id;
    let revoke = Write::RevokeRiskToken { id: held, at: at(1) };
    store.commit(writes(&t, vec![revoke])).await.unwrap();
    store.commit(add("f")).await.unwrap();
    assert_eq!(store.commit(add("g")).await, Err(StoreError::Stale));
    let other = writes(&tenant("u"), vec![Write::RiskToken { row: token("a", 0), most: 1 }]);
    store.commit(other).await.unwrap();
}
