//! Commits and records to test with, and the check that a ledger is whole.

use countersign_core::{Channel, Level, Mode, Score, SubjectId, TenantId, Timestamp, Trigger, Verdict};
use countersign_ledger::{CHAIN_START, Frontier, chain, leaf_hash};
use countersign_store::{
    Commit, Committed, HeldUntil, LeafRow, LedgerHead, NewBody, NewDecision, NewLeaf, OutcomeRow, PolicyRow,
    Store, StoreError, SubjectKeyRow, Urgency, Write,
};
use tokio::task::JoinSet;

pub fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

pub fn subject(number: u32) -> SubjectId {
    format!("sub_{number:08x}").parse().unwrap()
}

/// The name of a person's key.
pub fn key_id(subject: &SubjectId) -> String {
    format!("key of {subject}")
}

/// Keeps a key for each person, so that their decisions can be told to be theirs.
pub async fn know(store: &Store, tenant: &TenantId, subjects: impl IntoIterator<Item = SubjectId>) {
    for subject in subjects {
        let key = SubjectKeyRow { key_id: key_id(&subject), wrapped: vec![1] };
        store.find_or_insert_subject_key(tenant, &subject, key, None).await.unwrap();
    }
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_755_676_800 + seconds)
}

/// A leaf that says nothing about a person.
pub fn leaf(record_id: &str) -> NewLeaf {
    NewLeaf {
        at: at(0),
        record_id: record_id.to_owned(),
        leaf: format!("leaf of {record_id}").into_bytes(),
        bodies: vec![],
    }
}

/// A leaf with one sealed body for each of `subjects`.
pub fn personal_leaf(record_id: &str, subjects: &[SubjectId]) -> NewLeaf {
    let seal = |(ordinal, subject): (usize, &SubjectId)| NewBody {
        key_id: key_id(subject),
        sealed: format!("body {ordinal} of {record_id} for {subject}").into_bytes(),
    };
    NewLeaf { bodies: subjects.iter().enumerate().map(seal).collect(), ..leaf(record_id) }
}

/// The leaf of a decision, with one sealed body for each of `subjects`.
pub fn decision_leaf(decision: &NewDecision, subjects: &[SubjectId]) -> NewLeaf {
    NewLeaf { at: decision.at, ..personal_leaf(decision.id.as_str(), subjects) }
}

/// Background work without leaves.
pub fn writes(tenant: &TenantId, writes: Vec<Write>) -> Commit {
    Commit { writes, ..Commit::background(tenant.clone()) }
}

/// Background work that appends a leaf for each id.
pub fn leaves<S: AsRef<str>>(tenant: &TenantId, record_ids: impl IntoIterator<Item = S>) -> Commit {
    let leaves = record_ids.into_iter().map(|id| leaf(id.as_ref())).collect();
    Commit { leaves, ..Commit::background(tenant.clone()) }
}

pub fn decision(number: u32) -> NewDecision {
    NewDecision {
        id: format!("dec_{number:08}").parse().unwrap(),
        at: at(i64::from(number)),
        organization: None,
        client: None,
        trigger: Trigger::PostLogin,
        channel: Channel::Interactive,
        mode: Mode::Enforce,
        level: Level::Low,
        score: Score::from_percent(3),
        verdict: Verdict::Allow,
        is_trusted: true,
        is_censored: false,
    }
}

/// What a sign-in commits: the decision, its leaf with one body, and the request's id.
pub fn decide(tenant: &TenantId, decision: NewDecision, subject: &SubjectId) -> Commit {
    let request = Write::Request { id: format!("msg_{}", decision.id), at: decision.at };
    let leaf = decision_leaf(&decision, std::slice::from_ref(subject));
    Commit {
        tenant: tenant.clone(),
        urgency: Urgency::Decision,
        expires_at: None,
        fence: None,
        leaves: vec![leaf],
        writes: vec![request, Write::Decision(decision)],
    }
}

pub fn outcome(id: &str, decision: Option<&NewDecision>, kind: &'static str) -> Write {
    Write::Outcome(OutcomeRow {
        id: id.to_owned(),
        decision: decision.map(|known| known.id.clone()),
        kind,
        replaces: &[],
        at: at(60),
    })
}

pub fn profile(subject: &SubjectId, expected_version: u64, sealed: &[u8]) -> Write {
    held_profile(subject, expected_version, sealed, HeldUntil::default())
}

pub fn held_profile(subject: &SubjectId, expected_version: u64, sealed: &[u8], held: HeldUntil) -> Write {
    Write::Profile { subject: subject.clone(), expected_version, sealed: sealed.to_vec(), held, at: at(0) }
}

/// The version of the policy after `expected_version`.
pub fn policy(expected_version: u64, etag: &str) -> Write {
    let document = format!("{{\"is\":\"{etag}\"}}");
    let row = PolicyRow { version: expected_version + 1, etag: etag.to_owned(), document, at: at(0) };
    Write::Policy { expected_version, row }
}

/// Commits all of them at once and returns the answers in the same order.
pub async fn commit_all(store: &Store, commits: Vec<Commit>) -> Vec<Result<Committed, StoreError>> {
    let mut tasks = JoinSet::new();
    for (place, commit) in commits.into_iter().enumerate() {
        let store = store.clone();
        tasks.spawn(async move { (place, store.commit(commit).await) });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Rebuilds the tree and the running hash from the leaves, demands that the stored head equals them, and returns the leaves.
pub async fn assert_whole(store: &Store, tenant: &TenantId) -> Vec<LeafRow> {
    let head = store.get_ledger_head(tenant).await.unwrap();
    let leaves = store.list_leaves(tenant, 0, u64::MAX).await.unwrap();
    let mut rebuilt = LedgerHead { frontier: Frontier::default(), chain: CHAIN_START };
    for row in &leaves {
        assert_eq!(row.index, rebuilt.frontier.size(), "indices are contiguous");
        let hash = leaf_hash(&row.leaf);
        rebuilt.frontier.push(hash, &mut |_| {});
        rebuilt.chain = chain(&rebuilt.chain, &hash);
        assert_eq!(row.chain, rebuilt.chain, "chain at leaf {}", row.index);
    }
    assert_eq!(head, rebuilt);
    assert_eq!(head.frontier.root(), rebuilt.frontier.root());
    leaves
}

/// The record ids of a tenant's ledger in order, after `assert_whole`.
pub async fn record_ids(store: &Store, tenant: &TenantId) -> Vec<String> {
    assert_whole(store, tenant).await.into_iter().map(|row| row.record_id).collect()
}
