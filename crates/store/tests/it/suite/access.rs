//! People and their grants, and what is made to test all of access with.

use countersign_store::{
    AccessWrite, AccountRow, AccountTokenRow, Commit, GrantRow, LinkRow, PersonRow, SessionRow, Store,
    StoreError, Write,
};

use super::{
    Fresh,
    make::{at, commit_all, tenant, writes},
};

/// The commit of one change; a change of access is no tenant's, so that any tenant will do.
pub fn change(write: AccessWrite) -> Commit {
    writes(&tenant("t"), vec![Write::Access(write)])
}

pub async fn done(store: &Store, write: AccessWrite) {
    store.commit(change(write)).await.unwrap();
}

pub async fn assert_stale(store: &Store, write: AccessWrite) {
    let told = format!("{write:?}");
    assert_eq!(store.commit(change(write)).await, Err(StoreError::Stale), "{told}");
}

/// Tries each of these changes many times at once, at several tenants, whose commits are not in line with each other.
pub async fn race(store: &Store, write: impl Fn(usize) -> AccessWrite) -> usize {
    let commits = (0..12).map(|n| writes(&tenant(["t", "u", "v"][n % 3]), vec![Write::Access(write(n))]));
    let answers = commit_all(store, commits.collect()).await;
    let stale = answers.iter().filter(|answer| **answer == Err(StoreError::Stale)).count();
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(done + stale, 12, "{answers:?}");
    done
}

pub fn digest(byte: u8) -> Vec<u8> {
    vec![byte; 32]
}

pub fn person(id: &str, subject: &str) -> PersonRow {
    PersonRow {
        id: id.to_owned(),
        issuer: "https://id.example/".to_owned(),
        subject: subject.to_owned(),
        name: format!("{subject} by name"),
        created_at: at(0),
        seen_at: at(0),
        disabled_at: None,
    }
}

pub fn grant(id: &str, principal: &str, role: &str, place: Option<(&str, Option<&str>)>) -> GrantRow {
    GrantRow {
        id: id.to_owned(),
        principal: principal.to_owned(),
        role: role.to_owned(),
        tenant: place.map(|(tenant, _)| tenant.parse().unwrap()),
        organization: place.and_then(|(_, organization)| organization).map(|of| of.parse().unwrap()),
        given_at: at(1),
        given_by: "per_giver".to_owned(),
        ended_at: None,
        ended_by: None,
    }
}

/// A session that holds for 10 seconds without use and 60 in all.
pub fn session(id: &str, byte: u8, principal: &str) -> SessionRow {
    SessionRow {
        id: id.to_owned(),
        digest: digest(byte),
        principal: principal.to_owned(),
        how: "oidc".to_owned(),
        claimed: "[]".to_owned(),
        created_at: at(0),
        seen_at: at(0),
        idle_micros: 10_000_000,
        ends_at: at(60),
        ended_at: None,
    }
}

pub fn account(id: &str) -> AccountRow {
    AccountRow {
        id: id.to_owned(),
        name: format!("{id} by name"),
        created_at: at(0),
        created_by: "per_maker".to_owned(),
        disabled_at: None,
    }
}

pub fn token(id: &str, account: &str, byte: u8) -> AccountTokenRow {
    AccountTokenRow {
        id: id.to_owned(),
        account: account.to_owned(),
        digest: digest(byte),
        scopes: "[\"read_decisions\"]".to_owned(),
        created_at: at(0),
        created_by: Some("per_maker".to_owned()),
        expires_at: at(60),
        seen_at: None,
        revoked_at: None,
    }
}

pub fn link(id: &str, byte: u8) -> LinkRow {
    LinkRow {
        id: id.to_owned(),
        digest: digest(byte),
        how: "link".to_owned(),
        made_at: at(0),
        ends_at: at(60),
        used_at: None,
    }
}

pub fn add_token(row: AccountTokenRow, most: u32) -> AccessWrite {
    AccessWrite::AddToken { row, most }
}

pub async fn a_person_is_put_and_seen_again_and_keeps_their_id(Fresh { store, .. }: Fresh) {
    assert_eq!(store.get_person("per_1").await, Ok(None));
    assert_eq!(store.find_person("https://id.example/", "ann").await, Ok(None));
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    let again =
        PersonRow { name: "Ann".to_owned(), created_at: at(7), seen_at: at(7), ..person("per_1", "ann") };
    done(&store, AccessWrite::PutPerson(again.clone())).await;
    let kept = PersonRow { created_at: at(0), ..again };
    assert_eq!(store.find_person("https://id.example/", "ann").await, Ok(Some(kept.clone())));
    assert_eq!(store.get_person("per_1").await, Ok(Some(kept)));
    // Two sign-ins that both took them for new: the second is told, and reads their id.
    assert_stale(&store, AccessWrite::PutPerson(person("per_2", "ann"))).await;
    assert_eq!(store.get_person("per_2").await, Ok(None));
    // The same subject of another issuer is somebody else.
    let other = PersonRow { issuer: "https://id.example".to_owned(), ..person("per_3", "ann") };
    done(&store, AccessWrite::PutPerson(other.clone())).await;
    assert_eq!(store.find_person("https://id.example", "ann").await, Ok(Some(other)));
}

pub async fn people_who_come_at_once_are_kept_once(Fresh { store, .. }: Fresh) {
    let put = |n: usize| AccessWrite::PutPerson(person(&format!("per_{n}"), "ann"));
    assert_eq!(race(&store, put).await, 1);
    assert_eq!(store.list_people(9, None).await.unwrap().len(), 1);
}

pub async fn a_disabled_person_is_not_put_again(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    let disable = |id: &str, seconds| AccessWrite::DisablePerson { id: id.to_owned(), at: at(seconds) };
    assert_stale(&store, disable("per_2", 5)).await;
    done(&store, disable("per_1", 5)).await;
    assert_stale(&store, disable("per_1", 6)).await;
    assert_stale(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    let kept = PersonRow { disabled_at: Some(at(5)), ..person("per_1", "ann") };
    assert_eq!(store.get_person("per_1").await, Ok(Some(kept)));
}

pub async fn who_is_enabled_again_is_as_before_and_once(Fresh { store, .. }: Fresh) {
    let enable = |id: &str| AccessWrite::EnablePerson { id: id.to_owned() };
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    done(&store, AccessWrite::AddGrant(grant("rec_1", "per_1", "viewer", Some(("t", None))))).await;
    for id in ["per_1", "per_2"] {
        assert_stale(&store, enable(id)).await;
    }
    done(&store, AccessWrite::DisablePerson { id: "per_1".to_owned(), at: at(5) }).await;
    done(&store, enable("per_1")).await;
    assert_stale(&store, enable("per_1")).await;
    assert_eq!(store.get_person("per_1").await, Ok(Some(person("per_1", "ann"))));
    assert_eq!(store.list_grants(Some("per_1")).await.unwrap().len(), 1, "what was granted holds on");
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
}

pub async fn people_are_listed_by_page(Fresh { store, .. }: Fresh) {
    for n in [3, 1, 2] {
        done(&store, AccessWrite::PutPerson(person(&format!("per_{n}"), &format!("sub{n}")))).await;
    }
    let ids = async |limit, after| {
        let rows = store.list_people(limit, after).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(2, None).await, ["per_1", "per_2"]);
    assert_eq!(ids(2, Some("per_2")).await, ["per_3"]);
    assert_eq!(ids(2, Some("per_3")).await, [""; 0]);
}

pub async fn a_grant_holds_until_it_ends_and_once_at_a_place(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    done(&store, AccessWrite::AddAccount(account("sva_1"))).await;
    let held = [
        grant("rec_1", "per_1", "viewer", None),
        grant("rec_2", "per_1", "viewer", Some(("t", None))),
        grant("rec_3", "per_1", "viewer", Some(("t", Some("org_1")))),
        grant("rec_4", "per_1", "viewer", Some(("u", Some("org_1")))),
        grant("rec_5", "sva_1", "viewer", None),
    ];
    for row in held.iter().rev() {
        done(&store, AccessWrite::AddGrant(row.clone())).await;
    }
    assert_eq!(store.list_grants(None).await.unwrap(), held);
    assert_eq!(store.list_grants(Some("per_1")).await.unwrap(), held[..4]);
    assert_eq!(store.list_grants(Some("per_")).await, Ok(vec![]));
    for row in &held {
        let again = GrantRow { id: "rec_9".to_owned(), ..row.clone() };
        assert_stale(&store, AccessWrite::AddGrant(again)).await;
    }
    // An id that is taken, and nobody's principal.
    assert_stale(&store, AccessWrite::AddGrant(grant("rec_1", "per_1", "analyst", None))).await;
    assert_stale(&store, AccessWrite::AddGrant(grant("rec_9", "per_9", "viewer", None))).await;
    let end = |id: &str| AccessWrite::EndGrant { id: id.to_owned(), at: at(9), by: "per_2".to_owned() };
    assert_stale(&store, end("rec_9")).await;
    done(&store, end("rec_2")).await;
    assert_stale(&store, end("rec_2")).await;
    let left = [held[0].clone(), held[2].clone(), held[3].clone()];
    assert_eq!(store.list_grants(Some("per_1")).await.unwrap(), left);
    done(&store, AccessWrite::AddGrant(grant("rec_9", "per_1", "viewer", Some(("t", None))))).await;
}

pub async fn an_organization_without_its_tenant_is_no_place(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    let nowhere =
        GrantRow { tenant: None, ..grant("rec_1", "per_1", "tenant_admin", Some(("t", Some("o")))) };
    let answer = store.commit(change(AccessWrite::AddGrant(nowhere))).await;
    assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
    assert_eq!(store.list_grants(None).await, Ok(vec![]));
}

pub async fn one_of_many_equal_grants_at_once_is_added_and_ended(Fresh { store, .. }: Fresh) {
    done(&store, AccessWrite::PutPerson(person("per_1", "ann"))).await;
    let place = Some(("t", Some("org_1")));
    let add = |n: usize| AccessWrite::AddGrant(grant(&format!("rec_{n}"), "per_1", "tenant_admin", place));
    assert_eq!(race(&store, add).await, 1);
    let held = store.list_grants(None).await.unwrap();
    let end = |_| AccessWrite::EndGrant { id: held[0].id.clone(), at: at(2), by: "per_1".to_owned() };
    assert_eq!(race(&store, end).await, 1);
}

pub async fn an_overlong_subject_is_refused_and_harms_no_neighbor(Fresh { store, .. }: Fresh) {
    // Not one that packs well, which a server would take at any length.
    let long: String = (0..3_000_u32).filter_map(|n| char::from_u32(33 + n * n % 89)).collect();
    let put = |subject: &str| change(AccessWrite::PutPerson(person(&subject[..3], subject)));
    let answers = commit_all(&store, vec![put("ann"), put(&long), put("bob")]).await;
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Corrupt(_))), "{answers:?}");
    assert_eq!(store.find_person("https://id.example/", &long).await, Ok(None));
}
