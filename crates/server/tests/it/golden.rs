//! Records of this version, kept: whatever changes later must decide them again to the same bytes, or raise the engine's
//! version, the model's or the policy's name.
//!
//! To make them anew after such a change: `COUNTERSIGN_BLESS=1 cargo test -p countersign-server golden`.

use std::{fs, path::PathBuf};

use countersign_app::decide::{Replay, replay};
use countersign_core::{Mode, Secret};
use countersign_ledger::receipt::Receipt;
use countersign_policy::{Claims, Document, Snapshot};
use countersign_privacy::MasterKey;
use countersign_testkit::{TENANT, TestApp, fixtures};

use crate::world::{complete, id_of};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/records")
}

/// Enforces, and sets every claim: so that each trigger's effects stand in its record.
fn policy(document: &mut Document) {
    document.tenant.mode = Some(Mode::Enforce);
    document.tenant.claims = Some(Claims {
        risk_level: true,
        risk_score: true,
        risk_reason: true,
        access_token: true,
        in_every_mode: false,
    });
}

fn is_blessing() -> bool {
    std::env::var_os("COUNTERSIGN_BLESS").is_some()
}

async fn make() {
    let service = TestApp::start(policy).await;
    fs::create_dir_all(folder()).unwrap();
    for (number, (trigger, event)) in fixtures().into_iter().enumerate() {
        // Some with a history, so that what it says is decided again too.
        if ["post-login", "credentials-exchange"].contains(&trigger) {
            for _ in 0..3 {
                complete(&service, &id_of(&service.ask(trigger, &event).await)).await;
            }
        }
        let id = id_of(&service.ask(trigger, &event).await);
        let receipt = Receipt::from_json(&service.open_receipt(&id).await.bytes).unwrap();
        fs::write(folder().join(format!("{number:02}-{trigger}.json")), &receipt.openings[0].body.0).unwrap();
    }
}

#[tokio::test]
async fn kept_records_are_decided_again_to_the_same_bytes() {
    if is_blessing() {
        make().await;
    }
    let mut document = Document::default();
    policy(&mut document);
    let policy = Snapshot::new(document).unwrap();
    let keys = MasterKey::new(&Secret::new(vec![5; 32])).unwrap().tenant(&TENANT.parse().unwrap());
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let body = fs::read(&path).unwrap();
        assert_eq!(replay(&body, &policy, &keys).unwrap(), Replay::Same, "{}", path.display());
        count += 1;
    }
    assert_eq!(count, fixtures().len(), "a record of each fixture");
}

#[tokio::test]
async fn a_record_that_was_changed_comes_out_differently() {
    let mut document = Document::default();
    policy(&mut document);
    let policy = Snapshot::new(document).unwrap();
    let keys = MasterKey::new(&Secret::new(vec![5; 32])).unwrap().tenant(&TENANT.parse().unwrap());
    let body = fs::read_to_string(folder().join("00-post-login.json")).unwrap();
    let changed = body.replacen("\"verdict\":\"allow\"", "\"verdict\":\"deny\"", 1);
    assert_ne!(body, changed);
    let Replay::Differs { at } = replay(changed.as_bytes(), &policy, &keys).unwrap() else { panic!() };
    assert!(changed[..at].ends_with("\"verdict\":\""), "{}", &changed[at.saturating_sub(20)..at]);
}
