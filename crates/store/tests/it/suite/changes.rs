use std::time::Duration;

use countersign_core::Trigger;
use countersign_store::{ModelAct, ModelActRow, SwitchRow, Write};

use super::{
    Fresh,
    make::{at, decide, decision, leaves, policy, profile, subject, tenant, writes},
};

/// What a hint takes at most, on a machine that does much else.
const SOON: Duration = Duration::from_secs(10);

pub async fn what_others_must_see_is_told(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let mut changes = store.changes();
    let token = countersign_store::RiskTokenRow {
        id: "a".to_owned(),
        digest: vec![7; 32],
        at: at(0),
        revoked_at: None,
    };
    for write in [
        Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: true, at: at(0) }),
        policy(0, "e1"),
        Write::ModelAct(ModelActRow {
            number: 1,
            act: ModelAct::Challenge,
            champion: 0,
            challenger: Some(1),
            own: None,
            at: at(0),
            by: "mia".to_owned(),
        }),
        Write::RiskToken { row: token, most: 1 },
        Write::RevokeRiskToken { id: "a".to_owned(), at: at(1) },
        Write::Erasure { key_id: "key_1".to_owned(), at: at(0) },
    ] {
        let before = *changes.borrow_and_update();
        store.commit(writes(&t, vec![write.clone()])).await.unwrap();
        let seen = tokio::time::timeout(SOON, changes.wait_for(|count| *count > before)).await;
        assert!(matches!(seen, Ok(Ok(_))), "{write:?}");
    }
}

pub async fn what_is_told_is_there_to_be_read(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let mut changes = store.changes();
    changes.mark_unchanged();
    let (writer, tenant) = (store.clone(), t.clone());
    let committed = async move { writer.commit(writes(&tenant, vec![policy(0, "e1")])).await };
    let told = async {
        tokio::time::timeout(SOON, changes.changed()).await.unwrap().unwrap();
        store.find_policy(&t).await.unwrap()
    };
    let (committed, seen) = tokio::join!(committed, told);
    committed.unwrap();
    assert_eq!(seen.map(|row| row.version), Some(1));
}

pub async fn sign_ins_and_their_outcomes_are_not_told(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let mut changes = store.changes();
    changes.mark_unchanged();
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    store.commit(writes(&t, vec![profile(&subject(1), 0, b"p"), Write::SilenceCursor(1)])).await.unwrap();
    store.commit(leaves(&t, ["a"])).await.unwrap();
    assert!(!changes.has_changed().unwrap());
}
