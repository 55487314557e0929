use countersign_core::{Score, TenantId};
use countersign_store::{AddressRow, SignUp, Store, Write};

use super::{
    Fresh,
    make::{at, decision, subject, tenant, writes},
};

/// A row of the address 100 + `number`, with the number of an account, and that and the time of a sign-up's decision.
fn row(number: u32, account: Option<u32>, sign_up: Option<(u8, i64)>) -> AddressRow {
    let sign_up = sign_up.map(|(made, seconds)| SignUp {
        decision: decision(made.into()).id,
        score: Score::from_percent(made),
        at: at(seconds),
    });
    AddressRow { address: subject(100 + number), subject: account.map(subject), sign_up }
}

async fn put(store: &Store, tenant: &TenantId, row: AddressRow) {
    store.commit(writes(tenant, vec![Write::Address(row)])).await.unwrap();
}

pub async fn absence_changes_nothing(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (said, known) in [
        (row(1, None, None), row(1, None, None)),
        (row(1, None, Some((3, 50))), row(1, None, Some((3, 50)))),
        (row(1, Some(7), None), row(1, Some(7), Some((3, 50)))),
        (row(1, None, None), row(1, Some(7), Some((3, 50)))),
        (row(1, Some(8), None), row(1, Some(8), Some((3, 50)))),
    ] {
        put(&store, &t, said.clone()).await;
        assert_eq!(store.find_address(&t, &subject(101)).await, Ok(Some(known)), "after {said:?}");
    }
    assert_eq!(store.find_address(&t, &subject(102)).await, Ok(None));
    assert_eq!(store.find_address(&tenant("u"), &subject(101)).await, Ok(None));
}

pub async fn the_newest_sign_up_is_kept_in_any_order(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (said, kept) in [((3, 50), (3, 50)), ((4, 20), (3, 50)), ((5, 51), (5, 51)), ((0, -9), (5, 51))] {
        put(&store, &t, row(1, None, Some(said))).await;
        let known = store.find_address(&t, &subject(101)).await.unwrap().unwrap();
        assert_eq!(known, row(1, None, Some(kept)), "after {said:?}");
    }
}

pub async fn a_person_s_addresses_are_listed_and_forgotten(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for (tenant, number, account) in [(&t, 2, 7), (&t, 1, 7), (&t, 3, 8), (&u, 1, 7)] {
        put(&store, tenant, row(number, Some(account), Some((1, 1)))).await;
    }
    put(&store, &t, row(4, None, Some((1, 1)))).await;
    let both = vec![row(1, Some(7), Some((1, 1))), row(2, Some(7), Some((1, 1)))];
    assert_eq!(store.list_addresses(&t, &subject(7)).await, Ok(both));
    store.commit(writes(&t, vec![Write::ForgetAddresses(subject(7))])).await.unwrap();
    assert_eq!(store.list_addresses(&t, &subject(7)).await, Ok(vec![]));
    for (tenant, number, is_known) in
        [(&t, 1, false), (&t, 2, false), (&t, 3, true), (&t, 4, true), (&u, 1, true)]
    {
        let found = store.find_address(tenant, &subject(100 + number)).await.unwrap();
        assert_eq!(found.is_some(), is_known, "address {number} of {tenant}");
    }
    // Forgetting someone unknown is no error.
    store.commit(writes(&t, vec![Write::ForgetAddresses(subject(7))])).await.unwrap();
}
