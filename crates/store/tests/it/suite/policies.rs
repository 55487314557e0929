use countersign_store::{PolicyRow, Write};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

pub async fn the_newest_version_holds(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    // Newest is what was added last: going back to an earlier document, at an earlier time, is a version as well.
    for (etag, seconds) in [("e1", 10), ("e2", 20), ("e1", 5)] {
        let row =
            PolicyRow { etag: etag.to_owned(), document: format!("{{\"is\":\"{etag}\"}}"), at: at(seconds) };
        store.commit(writes(&t, vec![Write::Policy(row.clone())])).await.unwrap();
        assert_eq!(store.find_policy(&t).await, Ok(Some(row)));
    }
    assert_eq!(store.find_policy(&u).await, Ok(None));
}
