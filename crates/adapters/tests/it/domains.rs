//! Lists of domains by the operator's files: what is refused, what is taken, and what follows at the whole service.

use countersign_app::access::Within;
use std::{fs, path::PathBuf, sync::Arc};

use countersign_adapters::domains::{DomainFiles, Settings};
use countersign_app::{
    Scope,
    decide::Replay,
    reference::{DataSet, Domains},
};
use countersign_core::DecisionId;
use countersign_rights::Action;
use countersign_risk::DomainKind;
use countersign_testkit::{Setup, TENANT, TestApp, event_of};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::places::clock;

struct Files {
    folder: TempDir,
    settings: Settings,
}

impl Files {
    fn new(disposable: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let settings =
            Settings { disposable: Some(folder.path().join("burners.txt")), ..Settings::default() };
        let files = Self { folder, settings };
        files.write("burners.txt", disposable);
        files
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let (path, new) = (self.folder.path().join(name), self.folder.path().join("new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, &path).unwrap();
        path
    }

    fn open(&self) -> DomainFiles {
        DomainFiles::open(&self.settings, clock()).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn told(&self, faults: &dyn std::fmt::Display) -> String {
        faults.to_string().replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn many(count: u32) -> String {
    (0..count).map(|n| format!("burner-{n}.example\n")).collect()
}

fn only(files: &DomainFiles) -> DataSet {
    let [set] = &files.sets()[..] else { panic!("{:?}", files.sets()) };
    set.clone()
}

#[test]
fn what_is_wrong_is_told_with_file_and_line_and_what_would_be_right() {
    let mut files = Files::new("burner.example\n0.0.0.0 other.example\n");
    files.settings.suffixes = Some(files.write("suffixes.dat", "// rules\ncom\na.*.b\n"));
    files.settings.free_mail = Some(files.write("free.txt", ""));
    let faults = DomainFiles::open(&files.settings, clock()).err().unwrap();
    let told = files.told(&faults);
    let lines: Vec<&str> = told.lines().collect();
    let expected = [
        "`reference.disposable_domains`, `burners.txt`: line 2: no domain, such as `mailinator.com`; one a line, comments behind `#`",
        "`reference.free_mail_domains`, `free.txt`: it has no entries: put some in, or, if it is meant, write `e3b0c44298fc` into `free.txt.accept`",
        "`reference.public_suffixes`, `suffixes.dat`: line 3: no rule, such as `co.uk`, `*.ck` or `!www.ck`",
    ];
    assert_eq!(lines.len(), expected.len(), "{told}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    assert!(!told.contains("other.example"), "what a file says is not repeated");
}

#[test]
fn a_list_that_lost_most_of_its_entries_is_refused_until_somebody_says_that_it_is_meant() {
    let files = Files::new(&many(300));
    let open = files.open();
    let before = only(&open);
    assert_eq!((before.entries, before.version.len(), before.failures), (300, 12, 0));
    files.write("burners.txt", &many(149));
    let told = files.told(&open.look_again().unwrap_err());
    assert!(told.contains("it has 149 entries where the one in force has 300"), "{told}");
    let refused = only(&open);
    assert_eq!((refused.entries, refused.failures), (300, 1), "the one before holds on");
    assert!(refused.fault.is_some() && refused.version == before.version);
    assert!(!open.look_again().unwrap(), "it is told once");

    let version = told.split("write `").nth(1).unwrap().split('`').next().unwrap();
    files.write("burners.txt.accept", "000000000000");
    assert!(open.look_again().is_err(), "another content was meant");
    files.write("burners.txt.accept", &format!("{version}\n"));
    assert!(open.look_again().unwrap());
    let taken = only(&open);
    assert_eq!((taken.entries, taken.fault, taken.version.as_str()), (149, None, version));
    files.write("burners.txt", "");
    assert!(files.told(&open.look_again().unwrap_err()).contains("it has no entries"));
    files.write("burners.txt", &many(100));
    assert!(open.look_again().unwrap(), "more than half is a list that was tidied");
    assert_eq!(only(&open).entries, 100);
}

#[test]
fn a_file_that_is_put_back_as_it_was_is_no_fault_and_nothing_new() {
    let files = Files::new("burner.example\n");
    let open = files.open();
    fs::remove_file(files.folder.path().join("burners.txt")).unwrap();
    assert!(open.look_again().is_err());
    assert!(only(&open).fault.is_some());
    files.write("burners.txt", "burner.example\n");
    assert!(!open.look_again().unwrap());
    assert_eq!(only(&open).fault, None);
}

/// What a sign-up's record says of the domain, and which reference data its leaf names; it comes out the same when decided again.
async fn sign_up(service: &TestApp, email: &str) -> (Option<DomainKind>, Option<String>) {
    let mut event = event_of("pre-user-registration");
    event["user"]["email"] = json!(email);
    let answer = service.ask("pre-user-registration", &event).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let id: DecisionId = answer.json["decision_id"].as_str().unwrap().parse().unwrap();
    let tenant = service.tenant();
    assert_eq!(service.app.replay(&tenant, &id).await.unwrap(), Replay::Same);
    let (_, record) = service.app.decision(Within::all(&tenant), &id).await.unwrap();
    let leaf =
        service.store.find_leaf(Scope::Tenant(&TENANT.parse().unwrap()), id.as_str()).await.unwrap().unwrap();
    let leaf: Value = serde_json::from_slice(&leaf.leaf).unwrap();
    let named = leaf["versions"]["reference"].as_str().map(str::to_owned);
    (record.features.sign_up.and_then(|sign_up| sign_up.domain), named)
}

#[tokio::test]
async fn replaced_lists_hold_from_the_next_decision_on_and_each_record_names_those_that_it_was_made_with() {
    let files = Files::new("burner.example\n");
    let open = Arc::new(files.open());
    let first = only(&open).version;
    let domains = Arc::clone(&open) as Arc<dyn Domains>;
    let service = TestApp::start_with(|_| {}, Setup { domains: Some(domains), ..Setup::default() }).await;
    let named = |version: &str| Some(format!("reference.disposable_domains:{version}"));
    let (kind, by) = sign_up(&service, "a@burner.example").await;
    assert_eq!((kind, by), (Some(DomainKind::Disposable), named(&first)));
    let (kind, _) = sign_up(&service, "a@other.example").await;
    assert_eq!(kind, Some(DomainKind::Other));

    files.write("burners.txt", "other.example\n");
    assert!(open.look_again().unwrap());
    service.app.take_domains();
    let (kind, by) = sign_up(&service, "b@other.example").await;
    assert_eq!(kind, Some(DomainKind::Disposable));
    assert_eq!(by, named(&only(&open).version));
    assert_ne!(by, named(&first));
    let (kind, _) = sign_up(&service, "b@burner.example").await;
    assert_eq!(kind, Some(DomainKind::Other));

    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    for line in [
        r#"countersign_reference_entries{file="reference.disposable_domains"} 1"#,
        r#"countersign_reference_reload_failures_total{file="reference.disposable_domains"} 0"#,
        r#"countersign_reference_age_seconds{file="reference.disposable_domains"} "#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn a_policy_that_is_put_in_force_keeps_the_lists_and_the_lists_keep_the_policy() {
    let files = Files::new("burner.example\n");
    let open = Arc::new(files.open());
    let domains = Arc::clone(&open) as Arc<dyn Domains>;
    let service = TestApp::start_with(|_| {}, Setup { domains: Some(domains), ..Setup::default() }).await;
    let tenant = service.tenant();
    let mut document = tenant.policy().document().clone();
    document.reference.free_mail_domains.insert("other.example".to_owned());
    let policy = service.app.check_policy(&tenant, document).unwrap();
    service
        .app
        .apply_policy(&service.permit(Action::ApplyPolicies).await, policy, tenant.policy_version())
        .await
        .unwrap();
    assert_eq!(sign_up(&service, "a@burner.example").await.0, Some(DomainKind::Disposable));
    files.write("burners.txt", "burner.example\nother.example\n");
    assert!(open.look_again().unwrap());
    service.app.take_domains();
    assert_eq!(sign_up(&service, "a@other.example").await.0, Some(DomainKind::FreeMail));
}

#[tokio::test]
async fn without_files_a_record_names_none() {
    let service = TestApp::start(|_| {}).await;
    assert_eq!(service.app.reference(), []);
    assert_eq!(sign_up(&service, "a@mailinator.com").await, (Some(DomainKind::Disposable), None));
}
