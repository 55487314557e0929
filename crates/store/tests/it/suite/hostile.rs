use std::collections::BTreeSet;

use countersign_core::{ClientId, OrganizationId, SubjectId, TenantId};
use countersign_store::{
    AccessWrite, AccountTokenRow, CheckpointRow, Commit, Committed, Conflict, DecisionFilter, LinkRow,
    NewDecision, PersonRow, PolicyRow, Scope, SessionRow, StoreError, SubjectKeyRow, Write,
};

use super::{
    Fresh,
    access::{account, add_token, digest, done, grant, link, person, session, token},
    make::{assert_whole, at, decide, decision, key_id, leaf, profile, record_ids, tenant, writes},
};

/// Texts that identifiers may be, at most 252 bytes; each pair that looks alike must stay apart.
pub fn texts() -> Vec<String> {
    let fixed = [
        "'",
        "''",
        "\"",
        "`",
        "\\",
        ";",
        "--",
        "/*",
        "%",
        "_",
        "*",
        "?1",
        "$1",
        ":tenant",
        "@x",
        "NULL",
        "null",
        "0",
        "00",
        "0.0",
        "'||(SELECT(1))||'",
        "';DROP/**/TABLE/**/leaves;--",
        "\\'OR\\'1\\'=\\'1",
        "x'00'",
        "{}",
        "[1]",
        "../../etc",
        "${a}",
        "a",
        "A",
        "ß",
        "ss",
        "é",
        "e\u{301}",
        "İ",
        "i\u{307}",
        "ａ",
        "а",
        "\u{202e}a",
        "\u{200b}a",
        "a\u{feff}",
        "\u{fffd}",
        "😀",
        "\u{10ffff}",
        "\u{e000}",
    ];
    let long = ["x".repeat(252), format!("{}y", "x".repeat(251)), "😀".repeat(63)];
    fixed.into_iter().map(str::to_owned).chain(long).collect()
}

pub async fn texts_stay_inert_and_apart(Fresh { store, .. }: Fresh) {
    let mut tenants = BTreeSet::new();
    for (n, text) in (1_u32..).zip(texts()) {
        let t: TenantId = text.parse().unwrap();
        let who: SubjectId = format!("sub_{text}").parse().unwrap();
        let made = NewDecision {
            id: format!("dec_{text}").parse().unwrap(),
            organization: Some(text.parse().unwrap()),
            client: Some(text.parse().unwrap()),
            ..decision(n)
        };
        let first = store.commit(decide(&t, made.clone(), &who)).await;
        assert_eq!(first, Ok(Committed { first_index: 0, size: 1 }), "{text:?}");
        store.commit(writes(&t, vec![profile(&who, 0, text.as_bytes())])).await.unwrap();
        let key = SubjectKeyRow { key_id: key_id(&who), wrapped: text.clone().into_bytes() };
        assert_eq!(store.find_or_insert_subject_key(&t, &who, key.clone(), None).await, Ok(key));
        tenants.insert(t);
    }
    assert_eq!(store.list_tenants().await.unwrap().into_iter().collect::<BTreeSet<_>>(), tenants);
    for text in texts() {
        let t: TenantId = text.parse().unwrap();
        let who: SubjectId = format!("sub_{text}").parse().unwrap();
        let organization: OrganizationId = text.parse().unwrap();
        let filter = DecisionFilter { organization: Some(organization.clone()), ..DecisionFilter::default() };
        let rows = store.list_decisions(Scope::Tenant(&t), filter, 9).await.unwrap();
        assert_eq!(rows.len(), 1, "{text:?}");
        assert_eq!(
            store.find_decision(Scope::Tenant(&t), &rows[0].decision.id).await.unwrap().as_ref(),
            rows.first()
        );
        assert_eq!(rows[0].decision.organization, Some(organization));
        assert_eq!(rows[0].decision.client, Some(text.parse::<ClientId>().unwrap()));
        assert_eq!(rows[0].subject, Some(who.clone()));
        assert_eq!(store.find_profile(&t, &who).await.unwrap().unwrap().sealed, text.as_bytes());
        assert_eq!(store.delete_subject_key(&t, &who, &key_id(&who)).await, Ok(true));
        assert_eq!(assert_whole(&store, &t).await.len(), 1);
    }
}

pub async fn texts_of_records_stay_inert_and_apart(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let spaced = ["", " ", "a ", " a", "a\t", "a\n", "\r\n", "line\u{2028}"].map(str::to_owned);
    let all: Vec<String> = texts().into_iter().chain(spaced).collect();
    for (size, text) in (1..).zip(&all) {
        let commit = Commit {
            leaves: vec![leaf(text)],
            writes: vec![
                Write::Request { id: text.clone(), at: at(0) },
                Write::Policy {
                    expected_version: size - 1,
                    row: PolicyRow { version: size, etag: text.clone(), document: text.repeat(3), at: at(0) },
                },
                Write::Checkpoint(CheckpointRow { size, note: text.clone(), at: at(0) }),
            ],
            ..Commit::background(t.clone())
        };
        store.commit(commit).await.unwrap();
        let policy = store.find_policy(&t).await.unwrap().unwrap();
        assert_eq!((&policy.etag, &policy.document), (text, &text.repeat(3)));
        assert_eq!(&store.find_newest_checkpoint(&t).await.unwrap().unwrap().note, text);
        assert_eq!(
            store.find_leaf(Scope::Tenant(&t), text).await.unwrap().unwrap().index,
            size - 1,
            "{text:?}"
        );
    }
    for text in &all {
        let replay = writes(&t, vec![Write::Request { id: text.clone(), at: at(1) }]);
        assert_eq!(store.commit(replay).await, Err(StoreError::Conflict(Conflict::Request)), "{text:?}");
    }
    assert_eq!(record_ids(&store, &t).await, all);
}

pub async fn texts_of_access_stay_inert_and_apart(Fresh { store, .. }: Fresh) {
    let texts = texts();
    for (byte, text) in (0_u8..).zip(&texts) {
        let who = PersonRow { issuer: text.clone(), name: text.clone(), ..person(text, text) };
        done(&store, AccessWrite::PutPerson(who)).await;
        done(&store, AccessWrite::AddGrant(grant(text, text, text, Some((text, Some(text)))))).await;
        let row = SessionRow { how: text.clone(), claimed: text.clone(), ..session(text, byte, text) };
        done(&store, AccessWrite::AddSession(row)).await;
        done(&store, AccessWrite::AddAccount(account(text))).await;
        let row = AccountTokenRow { scopes: text.clone(), ..token(text, text, byte) };
        done(&store, add_token(row, 1)).await;
        done(&store, AccessWrite::AddLink(LinkRow { how: text.clone(), ..link(text, byte) })).await;
    }
    for (byte, text) in (0_u8..).zip(&texts) {
        assert_eq!(&store.find_person(text, text).await.unwrap().unwrap().id, text);
        assert_eq!(&store.get_person(text).await.unwrap().unwrap().name, text);
        let grants = store.list_grants(Some(text)).await.unwrap();
        assert_eq!(grants, [grant(text, text, text, Some((text, Some(text))))], "{text:?}");
        let sessions = store.list_sessions(Some(text), at(1)).await.unwrap();
        assert_eq!(sessions.len(), 1, "{text:?}");
        assert_eq!(store.find_session(&digest(byte)).await.unwrap().as_ref(), sessions.first());
        let tokens = store.list_account_tokens(text).await.unwrap();
        assert_eq!(tokens.len(), 1, "{text:?}");
        let found = store.find_account_token(&digest(byte)).await.unwrap().unwrap();
        assert_eq!((Some(&found.0), &found.1), (tokens.first(), &account(text)));
        assert_eq!(&store.find_link(&digest(byte)).await.unwrap().unwrap().how, text);
        done(&store, AccessWrite::EndSessionsOf { principal: text.clone(), at: at(2) }).await;
        assert_eq!(store.list_sessions(Some(text), at(2)).await, Ok(vec![]), "{text:?}");
    }
    assert_eq!(store.list_people(u32::MAX, None).await.unwrap().len(), texts.len());
    assert_eq!(store.list_accounts().await.unwrap().len(), texts.len());
}
