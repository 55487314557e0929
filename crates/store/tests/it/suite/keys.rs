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

pub async fn many_are_made_at_once_and_those_that_were_there_are_kept(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    store.find_or_insert_subject_key(&t, &subject(3), key(30), None).await.unwrap();
    let new = |numbers: &[u8]| numbers.iter().map(|n| (subject((*n).into()), key(*n))).collect::<Vec<_>>();
    let kept = store.find_or_insert_subject_keys(&t, new(&[5, 3, 1])).await;
    assert_eq!(kept, Ok(vec![key(5), key(30), key(1)]));
    assert_eq!(store.find_subject_key(&t, &subject(1)).await, Ok(Some(key(1))));
    assert_eq!(store.find_subject_key(&u, &subject(1)).await, Ok(None));
    assert_eq!(store.find_or_insert_subject_keys(&t, vec![]).await, Ok(vec![]));
    let mut race = JoinSet::new();
    for turn in 0..20_u8 {
        let store = store.clone();
        let mut keys: Vec<_> = (0..50)
            .map(|n| (subject(n), SubjectKeyRow { key_id: format!("{turn}_{n}"), ..key(turn) }))
            .collect();
        keys.rotate_left(turn.into());
        race.spawn(async move {
            let subjects: Vec<_> = keys.iter().map(|(subject, _)| subject.clone()).collect();
            let kept = store.find_or_insert_subject_keys(&tenant("u"), keys).await.unwrap();
            subjects.into_iter().zip(kept).collect::<Vec<_>>()
        });
    }
    for (subject, kept) in race.join_all().await.into_iter().flatten() {
        assert_eq!(store.find_subject_key(&u, &subject).await, Ok(Some(kept)));
    }
}

pub async fn many_are_found_by_person_and_by_name(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for number in [1, 2, 3] {
        store.find_or_insert_subject_key(&t, &subject(number.into()), key(number), None).await.unwrap();
    }
    store.find_or_insert_subject_key(&u, &subject(4), key(4), None).await.unwrap();
    let expected = vec![(subject(1), key(1)), (subject(3), key(3))];
    let mut found = store.find_subject_keys(&t, vec![subject(3), subject(4), subject(1)]).await.unwrap();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, expected);
    let names = ["key_4", "key_3", "", "key_1", "%"].map(str::to_owned).to_vec();
    let mut found = store.find_keys_named(&t, names).await.unwrap();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, expected);
    assert_eq!(store.find_subject_keys(&t, vec![]).await, Ok(vec![]));
    assert_eq!(store.find_keys_named(&t, vec![]).await, Ok(vec![]));
    store.delete_subject_key(&t, &subject(1), "key_1").await.unwrap();
    assert_eq!(store.find_keys_named(&t, vec!["key_1".to_owned()]).await, Ok(vec![]));
}

pub async fn a_deleted_key_is_gone_and_a_new_one_can_come(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    assert_eq!(store.delete_subject_key(&t, &who, "key_1").await, Ok(false));
    store.find_or_insert_subject_key(&t, &who, key(1), None).await.unwrap();
    assert_eq!(store.delete_subject_key(&t, &who, "key_1").await, Ok(true));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(None));
    assert_eq!(store.delete_subject_key(&t, &who, "key_1").await, Ok(false));
    assert_eq!(store.find_or_insert_subject_key(&t, &who, key(2), None).await, Ok(key(2)));
}

pub async fn keys_of_two_tenants_never_mix(Fresh { store, .. }: Fresh) {
    let (t, u, who) = (tenant("t"), tenant("u"), subject(1));
    store.find_or_insert_subject_key(&t, &who, key(1), None).await.unwrap();
    assert_eq!(store.find_subject_key(&u, &who).await, Ok(None));
    assert_eq!(store.delete_subject_key(&u, &who, "key_1").await, Ok(false));
    assert_eq!(store.find_or_insert_subject_key(&u, &who, key(2), None).await, Ok(key(2)));
    assert_eq!(store.delete_subject_key(&u, &who, "key_2").await, Ok(true));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(key(1))));
}

pub async fn listed_in_the_order_of_their_subjects(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for number in [3_u8, 1, 9, 5, 7] {
        store.find_or_insert_subject_key(&t, &subject(number.into()), key(number), None).await.unwrap();
    }
    store.find_or_insert_subject_key(&u, &subject(4), key(4), None).await.unwrap();
    for (after, limit, expected) in [
        (None, 9, &[1_u8, 3, 5, 7, 9][..]),
        (None, 2, &[1, 3]),
        (Some(3), 2, &[5, 7]),
        (Some(4), 9, &[5, 7, 9]),
        (Some(9), 9, &[]),
        (None, 0, &[]),
    ] {
        let after = after.map(subject);
        let listed = store.list_subject_keys(&t, after.as_ref(), limit).await.unwrap();
        let expected: Vec<_> =
            expected.iter().map(|number| (subject((*number).into()), key(*number))).collect();
        assert_eq!(listed, expected, "{limit} after {after:?}");
    }
}

pub async fn a_key_is_wrapped_anew_only_where_it_is_the_same(Fresh { store, .. }: Fresh) {
    let (t, u, who) = (tenant("t"), tenant("u"), subject(1));
    for tenant in [&t, &u] {
        store.find_or_insert_subject_key(tenant, &who, key(1), None).await.unwrap();
    }
    let anew = SubjectKeyRow { wrapped: vec![9; 60], ..key(1) };
    let other_name = SubjectKeyRow { key_id: "key_2".to_owned(), ..key(1) };
    for old in [&key(2), &other_name, &anew] {
        assert_eq!(store.rewrap_subject_key(&t, &who, old, vec![9; 60]).await, Ok(false), "{old:?}");
    }
    assert_eq!(store.rewrap_subject_key(&t, &subject(2), &key(1), vec![9; 60]).await, Ok(false));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(key(1))));
    assert_eq!(store.rewrap_subject_key(&t, &who, &key(1), vec![9; 60]).await, Ok(true));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(anew.clone())));
    assert_eq!(store.find_subject_of_key(&t, &anew.key_id).await, Ok(Some(who.clone())));
    assert_eq!(store.find_subject_key(&u, &who).await, Ok(Some(key(1))));
    // Who was erased meanwhile stays erased.
    assert_eq!(store.delete_subject_key(&t, &who, "key_1").await, Ok(true));
    assert_eq!(store.rewrap_subject_key(&t, &who, &anew, vec![8; 60]).await, Ok(false));
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(None));
}

pub async fn a_root_of_pseudonyms_is_put_and_put_again(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    assert_eq!(store.find_pseudonym_root(&t).await, Ok(None));
    for wrapped in [vec![1; 60], vec![2; 60], vec![]] {
        store.put_pseudonym_root(&t, wrapped.clone()).await.unwrap();
        assert_eq!(store.find_pseudonym_root(&t).await, Ok(Some(wrapped)));
    }
    assert_eq!(store.find_pseudonym_root(&tenant("u")).await, Ok(None));
}

pub async fn only_the_named_key_is_deleted(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    // Who was erased and came anew has another key, which is not the one to be destroyed.
    store.find_or_insert_subject_key(&t, &who, key(2), None).await.unwrap();
    store.find_or_insert_subject_key(&t, &subject(2), key(3), None).await.unwrap();
    for name in ["key_1", "key_3", "", "%"] {
        assert_eq!(store.delete_subject_key(&t, &who, name).await, Ok(false), "{name}");
    }
    assert_eq!(store.find_subject_key(&t, &who).await, Ok(Some(key(2))));
    assert_eq!(store.find_subject_key(&t, &subject(2)).await, Ok(Some(key(3))));
}

pub async fn the_first_root_of_pseudonyms_is_kept(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    assert_eq!(store.find_or_insert_pseudonym_root(&t, vec![1; 60]).await, Ok(vec![1; 60]));
    assert_eq!(store.find_or_insert_pseudonym_root(&t, vec![2; 60]).await, Ok(vec![1; 60]));
    store.put_pseudonym_root(&t, vec![3; 60]).await.unwrap();
    assert_eq!(store.find_or_insert_pseudonym_root(&t, vec![4; 60]).await, Ok(vec![3; 60]));
    let mut race = JoinSet::new();
    for number in 0..20 {
        let store = store.clone();
        race.spawn(async move { store.find_or_insert_pseudonym_root(&tenant("u"), vec![number; 60]).await });
    }
    let answers = race.join_all().await;
    let kept = store.find_pseudonym_root(&u).await.unwrap().unwrap();
    assert!(answers.into_iter().all(|answer| answer.as_ref() == Ok(&kept)));
}
