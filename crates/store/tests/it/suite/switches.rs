use countersign_core::Trigger;
use countersign_store::{SwitchRow, Write};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

pub async fn a_switch_is_set_and_set_again(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (seconds, is_off) in [(0, true), (1, false), (2, true)] {
        let row = SwitchRow { trigger: Trigger::PostLogin, is_off, at: at(seconds) };
        store.commit(writes(&t, vec![Write::Switch(row.clone())])).await.unwrap();
        assert_eq!(store.list_switches(&t).await, Ok(vec![row]));
    }
    assert_eq!(store.list_switches(&tenant("u")).await, Ok(vec![]));
}
