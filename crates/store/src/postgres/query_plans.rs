//! Hot statements and the plans that the server makes for them.

use std::sync::Arc;

use countersign_core::{Clock, Secret, Timestamp, testing::HeldClock};
use sqlx::AssertSqlSafe;

use super::{Postgres, PostgresSettings, batch, decisions, joins, plans, profiles};
use crate::Access;

/// Enough rows for a wrong plan to be dear, of which the server knows.
const FILL: &str = "
    INSERT INTO countersign.records (tenant_id, leaf_index, record_id, recorded_at, verdict, level, chain, leaf)
    SELECT 'tenant_' || t, n, 'dec_' || n, n, 'allow', 'low', '', '' FROM generate_series(1, 2) t, generate_series(0, 4999) n;
    INSERT INTO countersign.standings SELECT tenant_id, leaf_index, 'open', 0, 0 FROM countersign.records;
    INSERT INTO countersign.join_candidates SELECT tenant_id, md5(record_id), leaf_index, record_id FROM countersign.records;
    INSERT INTO countersign.joins SELECT tenant_id, record_id, leaf_index, leaf_index, 1, record_id, 'time' FROM countersign.records;
    INSERT INTO countersign.profiles SELECT tenant_id, record_id, 1, '', 0, NULLIF(leaf_index % 100, 0), NULLIF(leaf_index % 100, 0) FROM countersign.records;
    INSERT INTO countersign.requests SELECT tenant_id, decode(md5(record_id), 'hex'), 0 FROM countersign.records;
    INSERT INTO countersign.plans (tenant_id, plan_id, version, state, hash, origin, audience, priority, proposer, steps, users, organizations,
                                   proposed_at, due_at, expires_at, is_by_policy, changed_at, key_id, sealed)
    SELECT tenant_id, record_id, 1, CASE WHEN leaf_index % 50 = 0 THEN 'running' ELSE 'done' END, decode(md5('') || md5(''), 'hex'), '', '', 0, '',
           1, 1, 0, 0, 0, 0, 0, 0, '', '' FROM countersign.records;
    ANALYZE";

/// A store on two new databases, the records' filled; `None` when PostgreSQL is not installed.
async fn store(name: &str) -> Option<Postgres> {
    let server = countersign_testdb::shared()?;
    let [records_url, keys_url] = ["records", "keys"].map(|kind| {
        server.execute("postgres", &format!("CREATE DATABASE {kind}_{name}")).unwrap();
        Secret::new(server.url(&format!("{kind}_{name}")).into_bytes())
    });
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::default()));
    let settings = PostgresSettings { records_url, keys_url, connections: 1 };
    let store = Postgres::connect(settings, Access::Own, &clock).await.unwrap();
    server.execute(&format!("records_{name}"), FILL).unwrap();
    Some(store)
}

/// The plan for `sql` that holds for any values, as a session of the store gets it.
async fn plan(store: &Postgres, sql: &str, values: &str) -> String {
    let mut session = store.readers.acquire().await.unwrap();
    let prepare = format!("SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE asked AS {sql}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *session).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN (COSTS off) EXECUTE asked ({values})"));
    let lines: Vec<String> = sqlx::raw_sql(explain)
        .fetch_all(&mut *session)
        .await
        .unwrap()
        .iter()
        .map(|row| sqlx::Row::get(row, 0))
        .collect();
    lines.join("\n")
}

fn assert_searches(plan: &str, indexes: &[&str]) {
    for index in indexes {
        assert!(plan.contains(&format!("using {index} ")) || plan.contains(&format!("on {index}")), "{plan}");
    }
    for slow in ["Seq Scan", "Sort", "Hash Join", "Merge Join"] {
        assert!(!plan.contains(slow), "{plan}");
    }
}

#[tokio::test]
async fn decisions_are_found_by_their_ids_and_listed_along_the_ledger_without_sorting() {
    let Some(store) = store("plans").await else { return };
    let found = plan(&store, decisions::BY_ID, "'t', 'dec_1', NULL").await;
    assert_searches(&found, &["records_by_id", "standings_pkey"]);
    for sql in [decisions::OLDEST_FIRST, decisions::NEWEST_FIRST] {
        let listed = plan(&store, sql, "'t', -1, 9, '{}', NULL, false, 50, NULL").await;
        assert_searches(&listed, &["records_pkey", "standings_pkey"]);
    }
}

#[tokio::test]
async fn what_is_due_is_listed_by_the_index_alone() {
    let Some(store) = store("due").await else { return };
    let listed = plan(&store, plans::DUE, "'t', 'running', 9, 9, 50").await;
    assert_searches(&listed, &["plans_due"]);
}

#[tokio::test]
async fn joins_are_found_by_key_by_decision_and_by_time() {
    let Some(store) = store("joins").await else { return };
    let found = plan(&store, joins::CANDIDATES, "'t', 'key', 0, 9, 50").await;
    assert_searches(&found, &["join_candidates_pkey"]);
    let found = plan(&store, joins::OF_DECISIONS, "'t', '{dec_1}'").await;
    assert_searches(&found, &["joins_by_decision"]);
    let found = plan(&store, joins::LOGINS, "'t', 'none', 0, 9, 50").await;
    assert_searches(&found, &["joins_of_logins"]);
}

#[tokio::test]
async fn people_at_risk_are_read_in_the_order_of_an_index() {
    let Some(store) = store("at_risk").await else { return };
    for (sql, index) in
        [(profiles::AT_MEDIUM, "profiles_medium_until"), (profiles::AT_HIGH, "profiles_high_until")]
    {
        assert_searches(&plan(&store, sql, "'t', 9, 50, 'sub_1', 50").await, &[index]);
    }
}

#[tokio::test]
async fn what_a_batch_may_not_repeat_is_looked_up_by_key() {
    let Some(store) = store("look_up").await else { return };
    let found = plan(&store, batch::LOOK_UP, r"'{t}', '{dec_1}', '{t}', '{\\x00}'").await;
    assert_searches(&found, &["records_by_id", "requests_pkey"]);
}

#[tokio::test]
async fn the_check_sees_a_scan_and_a_sort() {
    let Some(store) = store("caught").await else { return };
    for sql in ["SELECT * FROM records WHERE leaf = $1", "SELECT * FROM ledgers ORDER BY chain, $1::bytea"] {
        let plan = plan(&store, sql, r"'\x00'").await;
        assert!(std::panic::catch_unwind(|| assert_searches(&plan, &[])).is_err(), "{plan}");
    }
}
