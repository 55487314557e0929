//! What two tenants keep under the same names stays apart, whatever the tenants and the names are called.
//!
//! Each backend runs `strategy` and `assert_kept_apart` over stores of its own.

use countersign_core::{SubjectId, TenantId, Trigger};
use countersign_store::{
    AddressRow, CheckpointRow, DecisionFilter, LogFilter, NewLogEntry, PolicyRow, RiskTokenRow, Scope, Store,
    SubjectKeyRow, SwitchRow, Write,
};
use proptest::prelude::*;

use super::{
    Fresh,
    make::{at, decide, decision, key_id, leaf, profile, tenant, writes},
    scopes::pair,
};

/// Two tenants, and the name under which both keep everything.
#[derive(Debug, Clone)]
pub struct Case {
    tenants: [TenantId; 2],
    name: String,
}

pub fn strategy() -> impl Strategy<Value = Case> {
    let names = prop_oneof![Just(None), pair().prop_map(|[name, _]| Some(name))];
    (pair(), names).prop_map(|(tenants, name)| Case {
        // Most of all: the name of one is that of the other's records.
        name: name.unwrap_or_else(|| tenants[0].clone()),
        tenants: tenants.map(|text| text.parse().unwrap()),
    })
}

/// Everything that is kept of a tenant under a name, read in every way that there is to one who knows the name.
async fn read(store: &Store, tenant: &TenantId, name: &str) -> Vec<String> {
    let who: SubjectId = format!("sub_{name}").parse().unwrap();
    let (scope, keys) = (Scope::Tenant(tenant), vec![key_id(&who)]);
    let made = format!("dec_{name}").parse().unwrap();
    macro_rules! told {
        ($($read:expr),* $(,)?) => { vec![$(format!("{:?}", $read.await.unwrap())),*] };
    }
    told![
        store.find_profile(tenant, &who),
        store.find_decision(scope, &made),
        store.list_decisions(scope, DecisionFilter::default(), 9),
        store.find_leaf(scope, name),
        store.list_leaves(tenant, 0, 9),
        store.list_sealed_bodies(scope, 0),
        store.get_ledger_head(tenant),
        store.find_newest_checkpoint(tenant),
        store.list_checkpoints(tenant, 0, 9),
        store.list_switches(tenant),
        store.find_policy(tenant),
        store.list_policies(tenant, 9),
        store.find_findings(tenant),
        store.find_silence_cursor(tenant),
        store.list_address_holders(tenant, &who),
        store.list_addresses(tenant, &who),
        store.list_risk_tokens(tenant),
        store.get_log_state(tenant),
        store.find_log_entry(tenant, name),
        store.list_log(tenant, 0, 9),
        store.list_log_newest(tenant, LogFilter::default(), 9),
        store.list_erasures(tenant, None),
        store.find_subject_key(tenant, &who),
        store.find_subject_keys(tenant, vec![who.clone()]),
        store.find_keys_named(tenant, keys),
        store.find_subject_of_key(tenant, &key_id(&who)),
        store.list_subject_keys(tenant, None, 9),
        store.find_pseudonym_root(tenant),
    ]
}

/// Keeps something under the name in each kind of record; `text` tells whose it is.
async fn keep(store: &Store, tenant: &TenantId, name: &str, text: &str) {
    let who: SubjectId = format!("sub_{name}").parse().unwrap();
    let key = SubjectKeyRow { key_id: key_id(&who), wrapped: text.as_bytes().to_vec() };
    assert_eq!(store.find_or_insert_subject_key(tenant, &who, key.clone(), None).await, Ok(key));
    let mut made = decide(
        tenant,
        countersign_store::NewDecision { id: format!("dec_{name}").parse().unwrap(), ..decision(1) },
        &who,
    );
    made.leaves.push(leaf(name));
    store.commit(made).await.unwrap();
    let row = PolicyRow { version: 1, etag: text.to_owned(), document: text.to_owned(), at: at(0) };
    let token = RiskTokenRow { id: name.to_owned(), digest: vec![7; 32], at: at(0), revoked_at: None };
    let all = vec![
        // A version that another tenant had counted up would refuse these.
        profile(&who, 0, text.as_bytes()),
        Write::Policy { expected_version: 0, row },
        Write::Request { id: name.to_owned(), at: at(0) },
        Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: true, at: at(0) }),
        Write::Checkpoint(CheckpointRow { size: 2, note: text.to_owned(), at: at(0) }),
        Write::Findings { document: text.to_owned() },
        Write::SilenceCursor(7),
        Write::Address(AddressRow { address: who.clone(), subject: who.clone(), is_verified: true }),
        Write::RiskToken { row: token, most: 9 },
        Write::Erasure { key_id: name.to_owned(), at: at(0) },
    ];
    store.commit(writes(tenant, all)).await.unwrap();
    let entry = NewLogEntry {
        log_id: name.to_owned(),
        kind: text.to_owned(),
        at: at(0),
        key_id: key_id(&who),
        sealed: text.as_bytes().to_vec(),
    };
    assert_eq!(store.append_log(tenant, at(0), vec![entry], vec![]).await.unwrap(), [Some(0)]);
    assert_eq!(
        store.find_or_insert_pseudonym_root(tenant, text.as_bytes().to_vec()).await.unwrap(),
        text.as_bytes()
    );
}

/// Takes out of a tenant what can be taken out.
async fn remove(store: &Store, tenant: &TenantId, name: &str) {
    let who: SubjectId = format!("sub_{name}").parse().unwrap();
    let all = vec![
        Write::DeleteProfile(who.clone()),
        Write::ForgetAddresses(who.clone()),
        Write::RevokeRiskToken { id: name.to_owned(), at: at(9) },
        Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: false, at: at(9) }),
        Write::SilenceCursor(9),
        Write::DropBodies { prefix: "dec_", from: 0, until: 9 },
    ];
    store.commit(writes(tenant, all)).await.unwrap();
    assert_eq!(store.delete_subject_key(tenant, &who, &key_id(&who)).await, Ok(true));
}

/// What one tenant keeps, changes and takes out is nothing to the other, into an empty store.
pub async fn assert_kept_apart(store: &Store, case: &Case) {
    let Case { tenants: [one, other], name } = case;
    let nothing = read(store, other, name).await;
    keep(store, one, name, "of the one").await;
    let kept = read(store, one, name).await;
    assert_eq!(read(store, other, name).await, nothing, "nothing of it is there for the other");
    keep(store, other, name, "of the other").await;
    assert_eq!(read(store, one, name).await, kept, "nothing of it changed");
    let others = read(store, other, name).await;
    assert!(
        others.iter().zip(&kept).filter(|(one, other)| one != other).count() > 8
            && !others.concat().contains("of the one")
    );
    remove(store, other, name).await;
    assert_eq!(read(store, one, name).await, kept, "nothing of it is gone");
}

pub async fn two_tenants_keep_the_same_names_apart(Fresh { store, .. }: Fresh) {
    let case = Case { tenants: [tenant("acme"), tenant("acme%")], name: "acme".to_owned() };
    assert_kept_apart(&store, &case).await;
}
