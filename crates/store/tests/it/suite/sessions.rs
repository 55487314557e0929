//! Sessions, and the one-time links that make them.

use countersign_store::{AccessWrite, AccountTokenRow, Commit, LinkRow, SessionRow, StoreError};

use super::{
    Fresh,
    access::{account, add_token, assert_stale, change, digest, done, link, race, session, token},
    make::{assert_whole, at, commit_all, leaf, record_ids, tenant, writes},
};

pub async fn a_session_goes_on_while_it_is_used_and_ends_in_any_case(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::AddSession(session("ses_1", 1, "per_1"))).await;
    let touch = |seconds| AccessWrite::TouchSession { id: "ses_1".to_owned(), at: at(seconds) };
    let held = async |seconds| {
        let row = store.find_session(&digest(1)).await.unwrap().unwrap();
        let listed = store.list_sessions(None, at(seconds)).await.unwrap();
        assert_eq!(row.holds_at(at(seconds)), !listed.is_empty(), "the list and the row say the same");
        !listed.is_empty()
    };
    assert!(held(9).await);
    assert!(!held(10).await);
    assert_stale(&store, touch(10)).await;
    done(&store, touch(9)).await;
    // A use that is told late takes nothing back.
    done(&store, touch(3)).await;
    assert!(held(18).await);
    assert!(!held(19).await);
    for seconds in [18, 27, 36, 45, 54, 59] {
        done(&store, touch(seconds)).await;
    }
    assert!(held(59).await);
    assert!(!held(60).await);
    assert_stale(&store, touch(60)).await;
    let row = SessionRow { seen_at: at(59), ..session("ses_1", 1, "per_1") };
    assert_eq!(store.find_session(&digest(1)).await, Ok(Some(row)));
    assert_eq!(store.find_session(&digest(2)).await, Ok(None));
}

pub async fn a_session_is_ended_once_and_all_of_a_person_at_once(Fresh { store, .. }: Fresh) {
    for (id, byte, principal) in
        [("ses_1", 1, "per_1"), ("ses_2", 2, "per_1"), ("ses_3", 3, "per_2"), ("ses_4", 4, "per_1")]
    {
        done(&store, AccessWrite::AddSession(session(id, byte, principal))).await;
    }
    let held = async |principal| {
        let rows = store.list_sessions(principal, at(5)).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(held(Some("per_1")).await, ["ses_1", "ses_2", "ses_4"]);
    assert_eq!(held(None).await, ["ses_1", "ses_2", "ses_3", "ses_4"]);
    // Neither an id nor a token is taken twice.
    assert_stale(&store, AccessWrite::AddSession(session("ses_1", 9, "per_9"))).await;
    assert_stale(&store, AccessWrite::AddSession(session("ses_9", 1, "per_9"))).await;
    let end = |_| AccessWrite::EndSession { id: "ses_1".to_owned(), at: at(4) };
    assert_eq!(race(&store, end).await, 1);
    assert_stale(&store, AccessWrite::TouchSession { id: "ses_1".to_owned(), at: at(5) }).await;
    assert!(!store.find_session(&digest(1)).await.unwrap().unwrap().holds_at(at(0)));
    let end_all = AccessWrite::EndSessionsOf { principal: "per_1".to_owned(), at: at(5) };
    done(&store, end_all.clone()).await;
    done(&store, end_all).await;
    assert_eq!(held(None).await, ["ses_3"]);
    assert_eq!(store.find_session(&digest(1)).await.unwrap().unwrap().ended_at, Some(at(4)));
    assert_eq!(store.find_session(&digest(2)).await.unwrap().unwrap().ended_at, Some(at(5)));
}

pub async fn a_link_is_used_once_and_not_after_its_end(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::AddLink(link("lnk_1", 1))).await;
    done(&store, AccessWrite::AddLink(link("lnk_2", 2))).await;
    assert_stale(&store, AccessWrite::AddLink(link("lnk_1", 3))).await;
    assert_stale(&store, AccessWrite::AddLink(link("lnk_3", 1))).await;
    assert_eq!(store.find_link(&digest(1)).await, Ok(Some(link("lnk_1", 1))));
    assert_eq!(store.find_link(&digest(3)).await, Ok(None));
    let use_at = |byte, seconds| AccessWrite::UseLink { digest: digest(byte), at: at(seconds) };
    assert_stale(&store, use_at(3, 1)).await;
    assert_stale(&store, use_at(2, 60)).await;
    done(&store, use_at(2, 59)).await;
    assert_eq!(race(&store, |_| use_at(1, 5)).await, 1);
    let used = LinkRow { used_at: Some(at(5)), ..link("lnk_1", 1) };
    assert_eq!(store.find_link(&digest(1)).await, Ok(Some(used)));
}

pub async fn one_use_of_a_link_makes_one_session(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::AddLink(link("lnk_1", 1))).await;
    let sign_in = |n: u8| {
        let add = AccessWrite::AddSession(session(&format!("ses_{n}"), n, "local"));
        let use_up = AccessWrite::UseLink { digest: digest(1), at: at(1) };
        // The session first: a use that fails takes it back.
        Commit {
            leaves: vec![leaf(&format!("rec_{n}"))],
            ..writes(&tenant(["t", "u"][usize::from(n % 2)]), vec![add.into(), use_up.into()])
        }
    };
    let answers = commit_all(&store, (10..22).map(sign_in).collect()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(store.list_sessions(None, at(1)).await.unwrap().len(), 1);
    let leaves = [record_ids(&store, &tenant("t")).await, record_ids(&store, &tenant("u")).await].concat();
    assert_eq!(leaves.len(), 1, "a refused commit leaves no leaf: {leaves:?}");
}

pub async fn a_change_and_its_leaf_are_one_commit_and_a_touch_needs_none(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    done(&store, AccessWrite::AddSession(session("ses_1", 1, "per_1"))).await;
    done(&store, AccessWrite::TouchSession { id: "ses_1".to_owned(), at: at(1) }).await;
    assert_eq!(assert_whole(&store, &t).await.len(), 0);
    let end = AccessWrite::EndSession { id: "ses_1".to_owned(), at: at(2) };
    let commit = |id: &str| Commit { leaves: vec![leaf(id)], ..change(end.clone()) };
    store.commit(commit("rec_1")).await.unwrap();
    assert_eq!(store.commit(commit("rec_2")).await, Err(StoreError::Stale));
    assert_eq!(record_ids(&store, &t).await, ["rec_1"]);
}

pub async fn sessions_and_links_are_forgotten_after_their_end(Fresh { store, .. }: Fresh) {
    for (byte, seconds) in [(1, 10), (2, 20), (3, 30)] {
        let ended = SessionRow { ends_at: at(seconds), ..session(&format!("ses_{byte}"), byte, "per_1") };
        done(&store, AccessWrite::AddSession(ended)).await;
        done(
            &store,
            AccessWrite::AddLink(LinkRow { ends_at: at(seconds), ..link(&format!("lnk_{byte}"), byte) }),
        )
        .await;
    }
    // Ended before its time, and kept as long as if it had not been.
    done(&store, AccessWrite::EndSession { id: "ses_3".to_owned(), at: at(1) }).await;
    done(&store, AccessWrite::Prune { before: at(20) }).await;
    for (byte, is_kept) in [(1, false), (2, true), (3, true)] {
        assert_eq!(store.find_session(&digest(byte)).await.unwrap().is_some(), is_kept, "{byte}");
        assert_eq!(store.find_link(&digest(byte)).await.unwrap().is_some(), is_kept, "{byte}");
    }
}

pub async fn a_digest_that_is_none_is_refused(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::AddAccount(account("sva_1"))).await;
    for length in [0, 31, 33] {
        let digest = vec![1; length];
        let writes = [
            AccessWrite::AddSession(SessionRow { digest: digest.clone(), ..session("ses_1", 1, "per_1") }),
            add_token(AccountTokenRow { digest: digest.clone(), ..token("tok_1", "sva_1", 1) }, 9),
            AccessWrite::AddLink(LinkRow { digest, ..link("lnk_1", 1) }),
        ];
        for write in writes {
            let answer = store.commit(change(write)).await;
            assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{length}: {answer:?}");
        }
    }
}
