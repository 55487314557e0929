use countersign_store::{ProfileRow, StoreError};

use super::{
    Fresh,
    make::{commit_all, profile, subject, tenant, writes},
};

pub async fn versions_count_up(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    for version in 0..5_u64 {
        let sealed = vec![u8::try_from(version).unwrap(); 2_000];
        store.commit(writes(&t, vec![profile(&who, version, &sealed)])).await.unwrap();
        assert_eq!(store.find_profile(&t, &who).await, Ok(Some(ProfileRow { version: version + 1, sealed })));
    }
    assert_eq!(store.find_profile(&t, &subject(2)).await, Ok(None));
}

pub async fn a_stale_version_is_refused(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    let write = |version| store.commit(writes(&t, vec![profile(&who, version, b"new")]));
    assert_eq!(write(1).await, Err(StoreError::Stale), "no profile yet");
    write(0).await.unwrap();
    write(1).await.unwrap();
    let kept = store.find_profile(&t, &who).await;
    for version in [0, 1, 3, u64::MAX >> 1] {
        assert_eq!(write(version).await, Err(StoreError::Stale), "{version}");
    }
    assert_eq!(store.find_profile(&t, &who).await, kept);
}

pub async fn two_writers_leave_one_stale(Fresh { store, .. }: Fresh) {
    let (t, who) = (tenant("t"), subject(1));
    for version in 0..4 {
        let race = [b"left", b"rite"].map(|sealed| writes(&t, vec![profile(&who, version, sealed)]));
        let answers = commit_all(&store, race.to_vec()).await;
        let winner = answers.iter().position(Result::is_ok).unwrap();
        assert_eq!(answers[1 - winner], Err(StoreError::Stale));
        let sealed = [b"left", b"rite"][winner].to_vec();
        assert_eq!(store.find_profile(&t, &who).await, Ok(Some(ProfileRow { version: version + 1, sealed })));
    }
}
