use countersign_core::{Score, TenantId};
use countersign_store::{AddressRow, SignUpRow, Store, Write};

use super::{
    Fresh,
    make::{at, decision, subject, tenant, writes},
};

/// The account `number` has the address 100 + `address`.
fn link(address: u32, number: u32, is_verified: bool) -> AddressRow {
    AddressRow { address: subject(100 + address), subject: subject(number), is_verified }
}

fn sign_up(holder: u32, connection: &str, percent: u8, seconds: i64) -> SignUpRow {
    SignUpRow {
        holder: subject(holder),
        connection: connection.to_owned(),
        decision: decision(percent.into()).id,
        score: Score::from_percent(percent),
        is_challenged: percent > 50,
        at: at(seconds),
    }
}

async fn write(store: &Store, tenant: &TenantId, write: Write) {
    store.commit(writes(tenant, vec![write])).await.unwrap();
}

pub async fn an_address_may_have_several_accounts_and_stays_verified(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for row in [link(1, 7, false), link(1, 8, true), link(1, 7, true), link(1, 7, false), link(2, 7, false)] {
        write(&store, &t, Write::Address(row)).await;
    }
    let holders = store.list_address_holders(&t, &subject(101)).await.unwrap();
    assert_eq!(holders, [link(1, 7, true), link(1, 8, true)]);
    let addresses = store.list_addresses(&t, &subject(7)).await.unwrap();
    assert_eq!(addresses, [link(1, 7, true), link(2, 7, false)]);
    assert_eq!(store.list_address_holders(&u, &subject(101)).await, Ok(vec![]));
    assert_eq!(store.list_addresses(&u, &subject(7)).await, Ok(vec![]));
}

pub async fn the_riskiest_sign_up_of_late_is_kept(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (said, since, kept) in [
        (sign_up(1, "db", 30, 50), 0, (30, 50)),
        (sign_up(1, "db", 20, 60), 0, (30, 50)),
        (sign_up(1, "db", 80, 40), 0, (80, 40)),
        (sign_up(1, "db", 10, 90), 40, (80, 40)),
        (sign_up(1, "db", 10, 90), 41, (10, 90)),
    ] {
        write(&store, &t, Write::SignUp { row: said, since: at(since) }).await;
        let found = store.find_sign_up(&t, &subject(1), "db").await.unwrap();
        assert_eq!(found, Some(sign_up(1, "db", kept.0, kept.1)));
    }
    assert_eq!(store.find_sign_up(&t, &subject(1), "").await, Ok(None));
    assert_eq!(store.find_sign_up(&tenant("u"), &subject(1), "db").await, Ok(None));
}

pub async fn old_sign_ups_are_pruned(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for (tenant, holder, seconds) in [(&t, 1, 10), (&t, 2, 20), (&u, 1, 10)] {
        write(&store, tenant, Write::SignUp { row: sign_up(holder, "db", 9, seconds), since: at(0) }).await;
    }
    write(&store, &t, Write::PruneSignUps { before: at(20) }).await;
    for (tenant, holder, is_kept) in [(&t, 1, false), (&t, 2, true), (&u, 1, true)] {
        let found = store.find_sign_up(tenant, &subject(holder), "db").await.unwrap();
        assert_eq!(found.is_some(), is_kept, "{holder} of {tenant}");
    }
}

pub async fn a_person_and_an_address_are_forgotten_each_alone(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for (tenant, row) in
        [(&t, link(1, 7, true)), (&t, link(2, 7, true)), (&t, link(2, 8, true)), (&u, link(1, 7, true))]
    {
        write(&store, tenant, Write::Address(row)).await;
    }
    for holder in [7, 101, 102] {
        write(&store, &t, Write::SignUp { row: sign_up(holder, "db", 9, 9), since: at(0) }).await;
    }
    write(&store, &t, Write::ForgetAddresses(subject(7))).await;
    assert_eq!(store.list_addresses(&t, &subject(7)).await, Ok(vec![]));
    assert_eq!(store.list_address_holders(&t, &subject(102)).await, Ok(vec![link(2, 8, true)]));
    assert_eq!(store.list_addresses(&u, &subject(7)).await, Ok(vec![link(1, 7, true)]));
    write(&store, &t, Write::ForgetAddresses(subject(102))).await;
    assert_eq!(store.list_address_holders(&t, &subject(102)).await, Ok(vec![]));
    for (holder, is_kept) in [(7, false), (101, true), (102, false)] {
        let found = store.find_sign_up(&t, &subject(holder), "db").await.unwrap();
        assert_eq!(found.is_some(), is_kept, "{holder}");
    }
    // Forgetting someone unknown is no error.
    write(&store, &t, Write::ForgetAddresses(subject(7))).await;
}
