//! A process killed at any moment.

use std::io::{BufRead, BufReader};

use countersign_store::{DecisionFilter, Scope, Store};
use tokio::task::JoinSet;

use super::{child, open};
use crate::suite::make::{assert_whole, decide, decision, subject, tenant};

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for enough in [0, 1, 10, 150, 600, 2_000] {
        let mut process =
            child::command("sqlite::killed::child_commits_until_killed", folder.path(), "").spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let (mut line, mut count) = (String::new(), 0);
        let mut read = |line: &mut String| {
            line.clear();
            lines.read_line(line).unwrap() > 0
        };
        while count < enough && read(&mut line) {
            count +=
                usize::from(child::acknowledged(&line).map(|id| acknowledged.push(id.to_owned())).is_some());
        }
        process.kill().unwrap();
        // What it said between our last look and its end counts as well.
        while read(&mut line) {
            acknowledged.extend(child::acknowledged(&line).map(str::to_owned));
        }
        process.wait().unwrap();
        assert!(count >= enough, "the child ended early, after {count}");
        assert_survived(&open(&folder).unwrap(), &acknowledged).await;
    }
}

async fn assert_survived(store: &Store, acknowledged: &[String]) {
    let t = tenant("t");
    let leaves = assert_whole(store, &t).await;
    assert!(leaves.len() >= acknowledged.len());
    for id in acknowledged {
        assert!(
            store.find_leaf(Scope::Tenant(&t), id).await.unwrap().is_some(),
            "`{id}` was acknowledged and is lost"
        );
    }
    // Acknowledged or not, a decision and its leaf are there together.
    let filter = DecisionFilter { after: Some(0), ..DecisionFilter::default() };
    let decisions = store.list_decisions(Scope::Tenant(&t), filter, u32::MAX).await.unwrap();
    assert!(
        decisions
            .iter()
            .map(|row| row.decision.id.as_str())
            .eq(leaves.iter().skip(1).map(|leaf| leaf.record_id.as_str()))
    );
    for row in &decisions {
        let bodies = store.list_sealed_bodies(Scope::Tenant(&t), row.leaf_index).await.unwrap();
        assert_eq!(bodies.len(), 1, "each has its sealed body");
    }
}

#[tokio::test]
#[ignore = "the process that the test above kills"]
async fn child_commits_until_killed() {
    if !child::is_child() {
        return;
    }
    let store = open(".").unwrap();
    let size = store.get_ledger_head(&tenant("t")).await.unwrap().frontier.size();
    let mut callers = JoinSet::new();
    for caller in 0..16_u32 {
        let store = store.clone();
        callers.spawn(async move {
            for n in 0..5_000 {
                let mut made = decision(n);
                made.id = format!("dec_{size}_{caller}_{n}").parse().unwrap();
                store.commit(decide(&tenant("t"), made.clone(), &subject(caller))).await.unwrap();
                println!("acknowledged {}", made.id);
            }
        });
    }
    callers.join_all().await;
}
