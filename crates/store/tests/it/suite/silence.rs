use countersign_store::Write;

use super::{
    Fresh,
    make::{tenant, writes},
};

pub async fn the_cursor_is_where_it_was_put(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for leaf in [0, 7, 3, u64::MAX >> 1] {
        store.commit(writes(&t, vec![Write::SilenceCursor(leaf)])).await.unwrap();
        assert_eq!(store.find_silence_cursor(&t).await, Ok(Some(leaf)));
    }
    assert_eq!(store.find_silence_cursor(&tenant("u")).await, Ok(None));
}
