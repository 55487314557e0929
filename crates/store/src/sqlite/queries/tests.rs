use crate::sqlite::open;

/// The steps of SQLite's plan for `sql` on the real schema.
fn plan(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let connection = open::writing(&folder.path().join("a.db"), open::RECORDS).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

pub(in crate::sqlite) fn assert_searches(sql: &str, tables: &[(&str, &str)]) {
    let steps = plan(sql);
    for (table, by) in tables {
        let step = steps.iter().find(|step| step.starts_with(&format!("SEARCH {table} ")));
        let step = step.unwrap_or_else(|| panic!("`{table}` is not searched: {steps:?}"));
        assert!(step.contains(" USING ") && step.contains(by), "{step}");
    }
    for step in &steps {
        assert!(!step.contains("SCAN") && !step.contains("TEMP B-TREE"), "{step}");
    }
}

#[test]
fn the_check_sees_a_scan_and_a_sort() {
    let caught = |sql: &'static str| std::panic::catch_unwind(|| assert_searches(sql, &[])).is_err();
    assert!(caught("SELECT * FROM records"));
    assert!(caught("SELECT * FROM records WHERE chain = x'00'"));
    assert!(caught("SELECT * FROM records WHERE place > 1 ORDER BY chain"));
    assert!(!caught("SELECT * FROM records WHERE place = 1"));
}
