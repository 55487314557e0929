//! What is opened, and what is refused.

use countersign_store::{Access, Scope, StoreError, SubjectKeyRow};

use super::{Databases, empty, open, settings};
use crate::suite::make::{decide, decision, leaves, record_ids, subject, tenant};

#[tokio::test]
async fn processes_that_start_at_once_on_nothing_all_start() {
    let Some(server) = countersign_testdb::shared() else { return };
    let databases = empty(server, "at_once");
    let (a, b, c) = tokio::join!(databases.open(), databases.open(), databases.open());
    let stores = [a.unwrap(), b.unwrap(), c.unwrap()];
    for (n, store) in stores.iter().enumerate() {
        store.commit(leaves(&tenant("t"), [format!("rec_{n}")])).await.unwrap();
    }
    assert_eq!(record_ids(&stores[0], &tenant("t")).await, ["rec_0", "rec_1", "rec_2"]);
}

#[tokio::test]
async fn one_database_for_records_and_keys_is_refused() {
    let Some(server) = countersign_testdb::shared() else { return };
    let databases = empty(server, "one");
    let url = server.url(&databases.records);
    for _ in 0..2 {
        let answer = open(settings(&url, &url), Access::Own).await.err();
        assert!(
            matches!(&answer, Some(StoreError::Corrupt(reason)) if reason.contains("a database each")),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_newer_or_edited_schema_is_refused_and_an_empty_one_by_readers() {
    let Some(databases) = Databases::make().await else { return };
    let answer = async |access| open(databases.settings(), access).await.err();
    assert!(answer(Access::ReadOnly).await.is_none());
    databases.records("INSERT INTO countersign.migrations VALUES ('9999_later', '')");
    for access in [Access::Own, Access::ReadOnly] {
        assert!(matches!(answer(access).await, Some(StoreError::Corrupt(_))));
    }
    databases.records("DELETE FROM countersign.migrations WHERE name = '9999_later'");
    assert!(answer(Access::Own).await.is_none());
    databases.records("UPDATE countersign.migrations SET checksum = ''");
    assert!(matches!(answer(Access::Own).await, Some(StoreError::Corrupt(_))));
    databases.records("DROP SCHEMA countersign CASCADE");
    assert!(matches!(answer(Access::ReadOnly).await, Some(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_reader_reads_and_writes_nothing() {
    let Some(databases) = Databases::make().await else { return };
    let t = tenant("t");
    databases.open().await.unwrap().commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let reader = open(databases.settings(), Access::ReadOnly).await.unwrap();
    assert!(reader.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().is_some());
    let key = SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: vec![1] };
    let ttl = std::time::Duration::from_secs(1);
    for refused in [
        reader.commit(leaves(&t, ["a"])).await.err(),
        reader.find_or_insert_subject_key(&t, &subject(1), key, None).await.err(),
        reader.delete_subject_key(&t, &subject(1), "key_1").await.err(),
        reader.find_or_insert_pseudonym_root(&t, vec![1]).await.err(),
        reader.put_pseudonym_root(&t, vec![1]).await.err(),
        reader.acquire_lease(&t, "l", "h", ttl).await.err(),
    ] {
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(record_ids(&reader, &t).await.len(), 1);
}

#[tokio::test]
async fn records_are_audited_where_the_keys_are_not() {
    let Some(databases) = Databases::make().await else { return };
    let t = tenant("t");
    databases.open().await.unwrap().commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let server = databases.server;
    let there = settings(&server.url(&databases.records), &server.url("not_there"));
    let reader = open(there, Access::ReadOnly).await.unwrap();
    assert_eq!(
        reader.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap().subject,
        None
    );
    assert_eq!(reader.find_subject_key(&t, &subject(1)).await, Ok(None));
    assert_eq!(record_ids(&reader, &t).await.len(), 1);
    let owned = settings(&server.url(&databases.records), &server.url("not_there"));
    assert!(matches!(open(owned, Access::Own).await.err(), Some(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_server_that_does_not_wait_for_the_disk_is_refused() {
    let Some(server) = countersign_testdb::start().map(|server| &*Box::leak(Box::new(server))) else {
        return;
    };
    let databases = empty(server, "fast");
    // Sessions that would not wait are told to; a server that does not can't be.
    server.execute("postgres", "ALTER SYSTEM SET synchronous_commit = off").unwrap();
    server.crash_and_restart().unwrap();
    assert!(databases.open().await.is_ok());
    server.execute("postgres", "ALTER SYSTEM SET fsync = off").unwrap();
    server.crash_and_restart().unwrap();
    let answer = databases.open().await.err();
    assert!(
        matches!(&answer, Some(StoreError::Unavailable(reason)) if reason.contains("durable")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_dump_of_the_records_holds_no_key() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let key = SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: b"wrapped key".to_vec() };
    store.find_or_insert_subject_key(&tenant("t"), &subject(1), key, None).await.unwrap();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_name IN ('subject_keys', 'pseudonym_roots')";
    assert_eq!(databases.records(tables).trim(), "0");
    assert_eq!(databases.server.execute(&databases.keys, tables).unwrap().trim(), "2");
}

#[tokio::test]
async fn emptying_the_records_is_refused() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    store.commit(leaves(&tenant("t"), ["a"])).await.unwrap();
    let refusal = databases.server.execute(&databases.records, "TRUNCATE countersign.records").unwrap_err();
    assert!(refusal.contains("insert only"), "{refusal}");
}

/// Columns, indexes and triggers of a database, a line each.
const SCHEMA: &str = "
    SELECT format('%s.%s %s%s%s', table_name, column_name, data_type,
        CASE collation_name WHEN 'C' THEN ' COLLATE \"C\"' END, CASE is_nullable WHEN 'NO' THEN ' NOT NULL' END)
    FROM information_schema.columns WHERE table_schema = 'countersign' ORDER BY table_name, ordinal_position;
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'countersign' ORDER BY indexname;
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname";

#[tokio::test]
async fn the_checked_in_schema_is_what_the_migrations_make() {
    let Some(databases) = Databases::make().await else { return };
    let keys = databases.server.execute(&databases.keys, SCHEMA).unwrap();
    let made = format!("{}\nSubject keys, in a database of their own\n\n{keys}", databases.records(SCHEMA));
    let checked_in = include_str!("../../../migrations/postgres-schema.txt");
    assert_eq!(made, checked_in, "regenerate migrations/postgres-schema.txt");
}

/// Tables that are no tenant's: of the migrations, and of access, which is of the installation.
const OF_THE_INSTALLATION: [&str; 7] =
    ["migrations", "people", "grants", "sessions", "service_accounts", "account_tokens", "sign_in_links"];

#[tokio::test]
async fn every_table_but_those_of_the_installation_has_the_tenant_first_in_its_key() {
    let Some(databases) = Databases::make().await else { return };
    let others = format!("'{}'", OF_THE_INSTALLATION.join("', '"));
    let keys = format!(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'countersign' AND indexname LIKE '%_pkey'
           AND tablename NOT IN ({others})"
    );
    let tables = format!(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'countersign' AND tablename NOT IN ({others})"
    );
    for name in [&databases.records, &databases.keys] {
        let keys = databases.server.execute(name, &keys).unwrap();
        assert!(keys.lines().all(|key| key.contains("(tenant_id")), "{keys}");
        let tables = databases.server.execute(name, &tables).unwrap();
        assert_eq!(tables.trim(), keys.lines().count().to_string());
    }
    let there = format!(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'countersign' AND tablename IN ({others})"
    );
    assert_eq!(databases.records(&there).trim(), OF_THE_INSTALLATION.len().to_string());
}
