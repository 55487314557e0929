//! What a start holds a tenant to: its master key, its checkpoint key, its checkpoint file.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_core::{
    Clock, Entropy, Secret, SubjectId, TenantId, Timestamp,
    testing::{CountingEntropy, HeldClock},
};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::{MasterKey, SubjectKey};
use countersign_store::{Access, Store, SubjectKeyRow};
use tempfile::TempDir;

use crate::{App, Error, Found, KeySet, Ports, TenantConfig, checkpoint_file_name};

/// What one process is given.
struct Given {
    /// The first byte of each master key, the newest first.
    masters: &'static [u8],
    seed: u8,
}

const OLD: Given = Given { masters: &[1], seed: 9 };
const NEW: Given = Given { masters: &[2], seed: 9 };
const BOTH: Given = Given { masters: &[2, 1], seed: 9 };

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&Secret::new(vec![byte; 32])).unwrap()
}

fn id() -> TenantId {
    "example-tenant".parse().unwrap()
}

fn store(folder: &Path) -> Store {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::from_seconds(1_787_212_800)));
    Store::open_sqlite(folder, Access::Own, &clock).unwrap()
}

fn parts(folder: &Path, store: Store, given: &Given) -> (Ports, Vec<TenantConfig>) {
    // Each process makes ids of its own.
    static STARTS: AtomicU64 = AtomicU64::new(0);
    let mut masters = given.masters.iter().map(|byte| master(*byte));
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::starting_at(start));
    let ports = Ports {
        store,
        clock: Arc::new(HeldClock::at(Timestamp::from_seconds(1_787_212_800))),
        entropy,
        process: "one".to_owned(),
        master: masters.next().unwrap(),
        earlier_masters: masters.collect(),
        checkpoint_seed: Secret::new(vec![given.seed; 32]),
        earlier_checkpoint_seeds: Vec::new(),
        site: "countersign.test".to_owned(),
        places: None,
        domains: None,
        checkpoint_folder: Some(folder.to_owned()),
        access: Default::default(),
    };
    let policy = Snapshot::new(Document::default()).unwrap();
    (
        ports,
        vec![TenantConfig {
            id: id(),
            policy,
            enrichment: None,
            console_client: None,
            hooks: Vec::new(),
            watch: crate::WatchConfig::default(),
        }],
    )
}

async fn start(folder: &TempDir, given: &Given) -> Result<Arc<App>, Error> {
    let (ports, configs) = parts(folder.path(), store(folder.path()), given);
    App::start(ports, configs).await
}

async fn open(folder: &TempDir, given: &Given) -> Result<Arc<App>, Error> {
    let (ports, configs) = parts(folder.path(), store(folder.path()), given);
    App::open(ports, configs).await
}

fn anna(app: &App) -> SubjectId {
    App::subject(&app.tenant(&id()).unwrap(), "auth0|anna")
}

/// Data of before roots were kept: a person's key under a master key, and no root.
async fn begun_under(folder: &TempDir, byte: u8) -> SubjectId {
    let (keys, entropy) = (master(byte).tenant(&id()), CountingEntropy::default());
    let subject = keys.subject("auth0|anna");
    let wrapped = keys.wrap(&subject, &SubjectKey::generate(&entropy).unwrap(), &entropy).unwrap();
    let row = SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: wrapped.as_bytes().to_vec() };
    store(folder.path()).find_or_insert_subject_key(&id(), &subject, row, None).await.unwrap();
    subject
}

async fn is_kept(folder: &TempDir) -> bool {
    store(folder.path()).find_pseudonym_root(&id()).await.unwrap().is_some()
}

fn code(started: Result<Arc<App>, Error>) -> &'static str {
    started.map_or_else(|error| error.code(), |_| "started")
}

#[tokio::test]
async fn after_the_first_start_another_master_key_starts_nothing() {
    let folder = TempDir::new().unwrap();
    let before = anna(&start(&folder, &OLD).await.unwrap());
    assert_eq!(code(start(&folder, &NEW).await), "keys.foreign_master");
    assert_eq!(code(open(&folder, &NEW).await), "keys.foreign_master");
    assert_eq!(anna(&start(&folder, &OLD).await.unwrap()), before);
    assert_eq!(anna(&start(&folder, &BOTH).await.unwrap()), before);
}

#[tokio::test]
async fn what_only_opens_keeps_nothing() {
    let folder = TempDir::new().unwrap();
    open(&folder, &OLD).await.unwrap();
    assert!(!is_kept(&folder).await);
    start(&folder, &OLD).await.unwrap();
    assert!(is_kept(&folder).await);
}

#[tokio::test]
async fn people_without_a_kept_root_are_known_by_the_key_they_were_begun_with() {
    for is_start in [false, true] {
        let folder = TempDir::new().unwrap();
        let subject = begun_under(&folder, 1).await;
        let begin = async |given| match is_start {
            true => start(&folder, given).await,
            false => open(&folder, given).await,
        };
        assert_eq!(code(begin(&NEW).await), "keys.foreign_master");
        assert!(!is_kept(&folder).await, "nothing is kept under a wrong key");
        assert_eq!(anna(&begin(&OLD).await.unwrap()), subject);
        assert_eq!(anna(&begin(&BOTH).await.unwrap()), subject);
    }
    for is_start in [false, true] {
        let folder = TempDir::new().unwrap();
        let subject = begun_under(&folder, 1).await;
        let begun = if is_start { start(&folder, &BOTH).await } else { open(&folder, &BOTH).await };
        assert_eq!(anna(&begun.unwrap()), subject);
    }
}

#[tokio::test]
async fn people_begun_under_the_newest_key_are_not_named_by_an_earlier_one() {
    let folder = TempDir::new().unwrap();
    let subject = begun_under(&folder, 2).await;
    assert_eq!(anna(&start(&folder, &BOTH).await.unwrap()), subject);
}

#[tokio::test]
async fn a_tenant_added_during_a_rotation_stands_on_the_newest_key() {
    let folder = TempDir::new().unwrap();
    let before = anna(&start(&folder, &BOTH).await.unwrap());
    assert_eq!(before, master(2).tenant(&id()).subject("auth0|anna"));
    // The earlier key is taken away, as at the end of the rotation.
    assert_eq!(anna(&start(&folder, &NEW).await.unwrap()), before);
    assert_eq!(code(start(&folder, &OLD).await), "keys.foreign_master");
}

#[tokio::test]
async fn of_two_that_start_at_once_the_first_root_holds_for_both() {
    let folder = TempDir::new().unwrap();
    let root = master(1).pseudonym_root(&id());
    let (ports, _) = parts(folder.path(), store(folder.path()), &BOTH);
    let derived = super::derive_root(&ports, &id()).await.unwrap();
    // Another process, which has the earlier key alone, keeps its own between our look and our write.
    let wrapped = master(1).wrap_root(&id(), &root, &CountingEntropy::default()).unwrap();
    ports.store.put_pseudonym_root(&id(), wrapped).await.unwrap();
    let kept = super::keep_root(&ports, &id(), &derived).await.unwrap();
    let name = |root| master(2).tenant_with(&id(), root, &[]).subject("auth0|anna");
    assert_eq!(name(&kept), name(&root));
    assert_ne!(name(&kept), name(&derived));
}

#[tokio::test]
async fn a_start_that_is_refused_keeps_no_root() {
    let folder = TempDir::new().unwrap();
    let app = start(&folder, &OLD).await.unwrap();
    app.sign_checkpoint(&app.tenant(&id()).unwrap()).await.unwrap();
    drop(app);
    let connection = folder.path().join("subject-keys.db");
    fs::remove_file(&connection).unwrap();
    let other = Given { masters: &[2], seed: 8 };
    assert_eq!(code(start(&folder, &other).await), "ledger.foreign_key");
    assert!(!is_kept(&folder).await);
    assert_eq!(code(start(&folder, &OLD).await), "started");
}

/// Adds a leaf: of another token than any before.
async fn changed_keys(app: &App, token: u8) {
    let tenant = app.tenant(&id()).unwrap();
    app.record_keys(&tenant, KeySet::Operator, &[vec![token]], Found::Running).await.unwrap();
}

/// A folder whose ledger has two leaves and a signed checkpoint beside it.
async fn signed(given: &Given) -> TempDir {
    let folder = TempDir::new().unwrap();
    let app = start(&folder, given).await.unwrap();
    let tenant = app.tenant(&id()).unwrap();
    changed_keys(&app, 0).await;
    app.sign_checkpoint(&tenant).await.unwrap();
    folder
}

fn checkpoint(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join(checkpoint_file_name(id().as_str()))
}

#[tokio::test]
async fn a_ledger_of_other_leaves_than_were_signed_is_noticed() {
    let (ours, other) = (signed(&OLD).await, signed(&NEW).await);
    assert_eq!(code(start(&ours, &OLD).await), "started");
    fs::copy(checkpoint(&other), checkpoint(&ours)).unwrap();
    assert_eq!(code(start(&ours, &OLD).await), "ledger.diverged");
    // Also where it grew beyond.
    fs::remove_file(checkpoint(&ours)).unwrap();
    let app = start(&ours, &OLD).await.unwrap();
    for key in 1..=5 {
        changed_keys(&app, key).await;
    }
    drop(app);
    fs::copy(checkpoint(&other), checkpoint(&ours)).unwrap();
    assert_eq!(code(open(&ours, &OLD).await), "ledger.diverged");
}

#[tokio::test]
async fn a_checkpoint_file_that_can_not_be_read_starts_nothing() {
    let folder = signed(&OLD).await;
    for bytes in [&b""[..], b"\xff\xfe", b"no note"] {
        fs::write(checkpoint(&folder), bytes).unwrap();
        let expected = match bytes {
            b"" => "started",
            b"no note" => "ledger.foreign_key",
            _ => "unavailable",
        };
        assert_eq!(code(start(&folder, &OLD).await), expected, "{bytes:?}");
    }
    fs::remove_file(checkpoint(&folder)).unwrap();
    fs::create_dir(checkpoint(&folder)).unwrap();
    assert_eq!(code(start(&folder, &OLD).await), "unavailable");
    fs::remove_dir(checkpoint(&folder)).unwrap();
    assert_eq!(code(start(&folder, &OLD).await), "started");
}
