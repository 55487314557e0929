//! A process killed at any moment, with others at work.

use std::{
    fs,
    io::{BufRead, BufReader},
};

use countersign_store::{Access, DecisionFilter, Scope, Store};
use tokio::task::JoinSet;

use super::{Databases, open, settings};
use crate::{
    sqlite::child,
    suite::make::{assert_whole, decide, decision, subject, tenant},
};

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let Some(databases) = Databases::make().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let urls = [&databases.records, &databases.keys].map(|name| databases.server.url(name));
    fs::write(folder.path().join("urls"), urls.join("\n")).unwrap();
    let store = databases.open().await.unwrap();
    let mut acknowledged = Vec::new();
    for enough in [1, 10, 150, 600] {
        let mut process = child::command("postgres::killed::child_commits_until_killed", folder.path(), "")
            .spawn()
            .unwrap();
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
        // What it held is free at once: this process goes on.
        let mut made = decision(0);
        made.id = format!("dec_after_{enough}").parse().unwrap();
        store.commit(decide(&tenant("t"), made.clone(), &subject(1))).await.unwrap();
        acknowledged.push(made.id.to_string());
        assert_survived(&store, &acknowledged).await;
    }
}

async fn assert_survived(store: &Store, acknowledged: &[String]) {
    let t = tenant("t");
    let leaves = assert_whole(store, &t).await;
    let kept: std::collections::BTreeSet<&str> = leaves.iter().map(|leaf| leaf.record_id.as_str()).collect();
    assert_eq!(kept.len(), leaves.len());
    for id in acknowledged {
        assert!(kept.contains(id.as_str()), "`{id}` was acknowledged and is lost");
    }
    let filter = DecisionFilter { after: Some(0), ..DecisionFilter::default() };
    let decisions = store.list_decisions(Scope::Tenant(&t), filter, u32::MAX).await.unwrap();
    assert_eq!(decisions.len() + 1, leaves.len());
    for row in decisions.iter().rev().take(50) {
        assert_eq!(store.list_sealed_bodies(Scope::Tenant(&t), row.leaf_index).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test above kills"]
async fn child_commits_until_killed() {
    if !child::is_child() {
        return;
    }
    let urls = fs::read_to_string("urls").unwrap();
    let (records, keys) = urls.split_once('\n').unwrap();
    let store = open(settings(records, keys), Access::Own).await.unwrap();
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
