use countersign_store::Write;

use super::{
    Fresh,
    make::{tenant, writes},
};

pub async fn what_is_found_is_what_was_last_written(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for document in ["[1]", "[]", "[\"\u{2028}'\"]"] {
        let write = Write::Findings { document: document.to_owned() };
        store.commit(writes(&t, vec![write])).await.unwrap();
        assert_eq!(store.find_findings(&t).await, Ok(Some(document.to_owned())));
    }
    assert_eq!(store.find_findings(&tenant("u")).await, Ok(None));
}
