//! Service accounts and their tokens.

use countersign_store::{AccessWrite, AccountTokenRow};

use super::{
    Fresh,
    access::{account, add_token, assert_stale, digest, done, race, token},
    make::at,
};

pub async fn a_token_is_found_with_its_account(Fresh { store, .. }: Fresh) {
    for id in ["sva_2", "sva_1"] {
        done(&store, AccessWrite::AddAccount(account(id))).await;
    }
    assert_stale(&store, AccessWrite::AddAccount(account("sva_1"))).await;
    assert_eq!(store.list_accounts().await.unwrap(), [account("sva_1"), account("sva_2")]);
    let later = AccountTokenRow { created_at: at(9), ..token("tok_1", "sva_1", 1) };
    for row in [later.clone(), token("tok_2", "sva_1", 2), token("tok_3", "sva_2", 3)] {
        done(&store, add_token(row, 9)).await;
    }
    assert_eq!(
        store.list_account_tokens("sva_1").await.unwrap(),
        [token("tok_2", "sva_1", 2), later.clone()]
    );
    assert_eq!(store.list_account_tokens("sva").await, Ok(vec![]));
    assert_eq!(store.find_account_token(&digest(1)).await, Ok(Some((later.clone(), account("sva_1")))));
    assert_eq!(store.find_account_token(&digest(9)).await, Ok(None));
    assert_eq!(store.find_account_token(&digest(1)[..31]).await, Ok(None));
    let touch = |seconds| AccessWrite::TouchToken { id: "tok_1".to_owned(), at: at(seconds) };
    for seconds in [20, 10, 59] {
        done(&store, touch(seconds)).await;
        let (row, _) = store.find_account_token(&digest(1)).await.unwrap().unwrap();
        assert_eq!(row.seen_at, Some(at(seconds.max(20))));
        assert!(row.holds_at(at(seconds)));
    }
    assert_stale(&store, touch(60)).await;
    assert!(!later.holds_at(at(60)));
}

pub async fn a_token_is_revoked_once_and_a_disabled_account_gets_none(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::AddAccount(account("sva_1"))).await;
    done(&store, add_token(token("tok_1", "sva_1", 1), 9)).await;
    let revoke = |_| AccessWrite::RevokeToken { id: "tok_1".to_owned(), at: at(4) };
    assert_eq!(race(&store, revoke).await, 1);
    assert_stale(&store, AccessWrite::TouchToken { id: "tok_1".to_owned(), at: at(5) }).await;
    let (row, _) = store.find_account_token(&digest(1)).await.unwrap().unwrap();
    assert_eq!(row.revoked_at, Some(at(4)));
    assert!(!row.holds_at(at(0)));
    let disable = |_| AccessWrite::DisableAccount { id: "sva_1".to_owned(), at: at(6) };
    assert_eq!(race(&store, disable).await, 1);
    let (_, of) = store.find_account_token(&digest(1)).await.unwrap().unwrap();
    assert_eq!(of.disabled_at, Some(at(6)));
    assert_stale(&store, add_token(token("tok_2", "sva_1", 2), 9)).await;
    assert_stale(&store, add_token(token("tok_2", "sva_9", 2), 9)).await;
    assert_stale(&store, AccessWrite::RevokeToken { id: "tok_9".to_owned(), at: at(7) }).await;
}

pub async fn no_more_tokens_of_an_account_hold_at_once_than_may(Fresh { store, .. }: Fresh) {
    for id in ["sva_1", "sva_2"] {
        done(&store, AccessWrite::AddAccount(account(id))).await;
    }
    let row = |n: usize| token(&format!("tok_{n}"), "sva_1", u8::try_from(n).unwrap());
    assert_eq!(race(&store, |n| add_token(row(n), 2)).await, 2);
    done(&store, add_token(token("tok_20", "sva_2", 20), 2)).await;
    // One that is revoked counts no more, nor do those that ended before the new one begins.
    let held = store.list_account_tokens("sva_1").await.unwrap().remove(0).id;
    done(&store, AccessWrite::RevokeToken { id: held, at: at(1) }).await;
    done(&store, add_token(row(21), 2)).await;
    let begins =
        |n, seconds| add_token(AccountTokenRow { created_at: at(seconds), expires_at: at(99), ..row(n) }, 2);
    assert_stale(&store, begins(22, 59)).await;
    done(&store, begins(22, 60)).await;
    done(&store, begins(23, 60)).await;
    assert_stale(&store, begins(24, 60)).await;
}
