use countersign_store::SubjectKeyRow;
use tokio::task::JoinSet;

use super::{
    Fresh,
    make::{subject, tenant},
};

fn key(number: u8) -> SubjectKeyRow {
    SubjectKeyRow { key_id: format!("key_{number}"), wrapped: vec![number; 60] }
}

pub async fn the_first_key_is_kept(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    assert_eq!(store.find_or_insert_subject_key(&t, &who, key(1), None).await, Ok(key(1)));
    assert_eq!(store.find_or_insert_subject_key(&t, &who, key(2), None).await, Ok(key(1)));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(key(1))));
    assert_eq!(store.find_subject_key(&t, &subject(2)).await, Ok(None));
}

pub async fn a_race_keeps_one_key(Fresh { store, .. }: Fresh) {
    let mut race = JoinSet::new();
    for number in 0..50 {
        let store = store.clone();
        race.spawn(async move {
            store.find_or_insert_subject_key(&tenant("t"), &subject(1), key(number), None).await
        });
    }
    let answers = race.join_all().await;
    let kept = store.find_subject_key(&tenant("t"), &subject(1)).await.unwrap().unwrap();
    assert!(answers.into_iter().all(|answer| answer.as_ref() == Ok(&kept)));
}

pub async fn a_deleted_key_is_gone_and_a_new_one_can_come(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    assert_eq!(store.delete_subject_key(&t, &who).await, Ok(false));
    store.find_or_insert_subject_key(&t, &who, key(1), None).await.unwrap();
    assert_eq!(store.delete_subject_key(&t, &who).await, Ok(true));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(None));
    assert_eq!(store.delete_subject_key(&t, &who).await, Ok(false));
    assert_eq!(store.find_or_insert_subject_key(&t, &who, key(2), None).await, Ok(key(2)));
}

pub async fn keys_of_two_tenants_never_mix(Fresh { store, .. }: Fresh) {
    let (t, u, who) = (tenant("t"), tenant("u"), subject(1));
    store.find_or_insert_subject_key(&t, &who, key(1), None).await.unwrap();
    assert_eq!(store.find_subject_key(&u, &who).await, Ok(None));
    assert_eq!(store.delete_subject_key(&u, &who).await, Ok(false));
    assert_eq!(store.find_or_insert_subject_key(&u, &who, key(2), None).await, Ok(key(2)));
    assert_eq!(store.delete_subject_key(&u, &who).await, Ok(true));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(key(1))));
}
