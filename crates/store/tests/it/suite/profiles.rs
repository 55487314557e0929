use countersign_store::{
    HeldLevel, HeldUntil, ProfileRow, Store, StoreError, UserAtRiskRow, UsersAtRiskFilter, Write,
};

use super::{
    Fresh,
    make::{at, commit_all, held_profile, profile, subject, tenant, writes},
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

fn until(medium: Option<i64>, high: Option<i64>) -> HeldUntil {
    HeldUntil { medium: medium.map(at), high: high.map(at) }
}

/// The numbers of those who are listed, by pages of so many.
async fn listed(store: &Store, at_least: HeldLevel, second: i64, page: u32) -> Vec<u32> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let filter = UsersAtRiskFilter { at_least, at: at(second), after };
        let rows = store.list_users_at_risk(&tenant("t"), filter, page).await.unwrap();
        all.extend(rows.iter().map(|row| (0..9).find(|n| subject(*n) == row.subject).unwrap()));
        after = rows.last().cloned();
        if after.is_none() || all.len() > 9 {
            return all;
        }
    }
}

pub async fn people_at_risk_are_listed_by_how_long(Fresh { store, .. }: Fresh) {
    let held = [
        until(Some(50), Some(20)),
        until(None, None),
        until(Some(40), Some(30)),
        until(Some(60), None),
        until(Some(50), Some(20)),
        until(Some(50), Some(30)),
    ];
    let all = (0..).zip(held).map(|(n, held)| held_profile(&subject(n), 0, b"sealed", held));
    store.commit(writes(&tenant("t"), all.collect())).await.unwrap();
    let other = held_profile(&subject(7), 0, b"sealed", until(Some(90), Some(90)));
    store.commit(writes(&tenant("u"), vec![other])).await.unwrap();
    for page in [1, 2, 9] {
        assert_eq!(listed(&store, HeldLevel::Medium, 10, page).await, [3, 0, 4, 5, 2], "{page}");
        assert_eq!(listed(&store, HeldLevel::High, 10, page).await, [2, 5, 0, 4], "{page}");
        assert_eq!(listed(&store, HeldLevel::High, 20, page).await, [2, 5], "the end is exclusive");
        assert_eq!(listed(&store, HeldLevel::Medium, 50, page).await, [3]);
    }
    let filter = UsersAtRiskFilter { at_least: HeldLevel::High, at: at(10), after: None };
    let rows = store.list_users_at_risk(&tenant("t"), filter, 1).await;
    assert_eq!(rows, Ok(vec![UserAtRiskRow { subject: subject(2), until: at(30) }]));
}

pub async fn what_is_held_changes_and_goes_with_the_profile(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let high = until(Some(50), Some(50));
    let change = |version, held| writes(&t, vec![held_profile(&subject(1), version, b"sealed", held)]);
    store.commit(change(0, high)).await.unwrap();
    assert_eq!(store.commit(change(2, until(None, None))).await, Err(StoreError::Stale));
    assert_eq!(listed(&store, HeldLevel::High, 10, 9).await, [1], "a refused write changes nothing");
    store.commit(change(1, until(Some(50), None))).await.unwrap();
    assert_eq!(listed(&store, HeldLevel::High, 10, 9).await, [0; 0]);
    assert_eq!(listed(&store, HeldLevel::Medium, 10, 9).await, [1]);
    store.commit(change(2, high)).await.unwrap();
    store.commit(writes(&t, vec![Write::DeleteProfile(subject(1))])).await.unwrap();
    for level in [HeldLevel::Medium, HeldLevel::High] {
        assert_eq!(listed(&store, level, 10, 9).await, [0; 0]);
    }
}
