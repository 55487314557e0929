//! What pages are rendered with in tests, and what holds for every page.

use countersign_app::{DecisionRow, Standing, decide::record::Record};
use countersign_core::{Channel, Level, Mode, Secret, TenantId, Timestamp, Trigger, Verdict};
use countersign_ledger::{
    checkpoint::{self, Checkpoint},
    leaf::{Kind, Leaf, Version},
    note::{Signer, Verifier},
    proof::inclusion_proof,
    receipt::{Base64, Format, Receipt},
    testing::MemoryLog,
};
use countersign_privacy::{Aliases, Epoch, MasterKey};
use countersign_store::NewDecision;

use super::query::{Reader, SECTIONS};

/// A text that breaks out of careless markup.
pub(crate) const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";

/// The same as an identifier, which has no spaces.
pub(crate) const HOSTILE_ID: &str = "org_\"><script>alert(1)</script>";

/// The id of the sample decision.
pub(crate) const DECISION: &str = "dec_0199c1f0";

/// What the sample record holds and no page may show.
pub(crate) const SECRETS: [&str; 5] = ["alice@example.com", "auth0|5f7c", "198.51.100", "Alice", "-33.87"];

pub(crate) fn tenant() -> TenantId {
    "acme-sandbox".parse().unwrap()
}

/// Somebody by a one-time link.
pub(super) fn reader() -> Reader {
    Reader {
        tenants: vec![tenant()],
        name: HOSTILE.to_owned(),
        is_shared: true,
        is_break_glass: true,
        sections: SECTIONS.map(|section| (tenant(), section)).to_vec(),
    }
}

/// What people of the sample tenant go by.
pub(crate) fn aliases() -> Aliases {
    let master = MasterKey::new(&Secret::new(vec![7; 32])).unwrap();
    master.tenant(&tenant()).aliases(Epoch::ALWAYS)
}

pub(crate) fn now() -> Timestamp {
    "2026-08-20T08:00:00Z".parse().unwrap()
}

/// A risky sign-in in audit mode.
pub(crate) fn record() -> Record {
    let text = r#"{
        "trigger": "post-login", "decision_id": "dec_0199c1f0",
        "event": {"user": {"user_id": "auth0|5f7c", "email": "alice@example.com", "name": "Alice"}, "request": {"ip": "198.51.100.7"}},
        "action": {"name": "countersign-post-login", "version": "1.0.0", "policy_etag": null},
        "truncated": ["event.request.user_agent"],
        "features": {
            "at": "2026-08-20T07:58:30Z", "channel": "interactive", "country": "AU", "network": "as65550",
            "block": "198.51.100.0/24", "place": {"lat": -338700, "lon": 1512100}, "local_hour": 18,
            "device": {"browser": "firefox", "major": 142, "os": "linux", "class": "desktop", "automation": false},
            "logins_count": 61, "session_known": false, "enrolled": ["otp", "webauthn-roaming"], "missing": ["ja4", "auth0"]
        },
        "profile": null,
        "assessment": {
            "score": 0.77317, "logit_micro": 1226578, "bias_micro": -2200000, "confidence": 0.871214,
            "model": "baseline@1:58d25358b37ec275", "engine": "1",
            "reasons": [
                {"code": "impossible_travel", "micro": 2925759, "text": "About 16,000 km in 60 minutes since the latest confirmed sign-in."},
                {"code": "familiar_device", "micro": -740000, "text": "About 97% of the user's sign-ins came from this kind of machine."},
                {"code": "unusual_hour", "micro": 621187, "text": "Few of the user's about 58 sign-ins were at this hour of the day."},
                {"code": "unfamiliar_network", "micro": 492385, "text": "The user's history of about 58 sign-ins does not hold this network."},
                {"code": "unfamiliar_browser", "micro": 127247, "text": "About 3% of the user's sign-ins came from this browser on this kind of machine."}
            ]
        },
        "decision": {
            "mode": "audit", "level": "high", "verdict": "challenge", "because": ["mode_audit"],
            "effects": [{"call": "idToken.setCustomClaim", "args": ["https://countersign.example/risk_level", "high"]}],
            "withheld": [{"call": "authentication.challengeWithAny", "args": [[{"type": "otp"}, {"type": "webauthn-roaming"}]], "because": "mode_audit"}],
            "is_alert": false
        },
        "degraded": ["truncated"],
        "policy": "6e340b9cffb37a98"
    }"#;
    serde_json::from_str(text).unwrap()
}

/// The row of a record.
pub(crate) fn row_of(record: &Record) -> DecisionRow {
    let decision = NewDecision {
        id: record.decision_id.parse().unwrap(),
        at: record.features.at,
        organization: Some("org_Umbrella7x2kQ".parse().unwrap()),
        client: Some("portal-web".parse().unwrap()),
        trigger: Trigger::PostLogin,
        channel: record.features.channel,
        mode: record.decision.mode,
        level: record.decision.level,
        score: record.assessment.score,
        verdict: record.decision.verdict,
        is_trusted: false,
        is_censored: false,
    };
    let subject = Some("sub_9f86d081884c7d659a2feaa0c55ad015".parse().unwrap());
    DecisionRow {
        decision,
        leaf_index: 4_217,
        subject,
        standing: Standing::Open,
        granted: 0,
        at_tenant: None,
    }
}

/// Decisions of every level, verdict and mode, newest first.
pub(crate) fn rows() -> Vec<DecisionRow> {
    let base = row_of(&record());
    let kinds = [
        (Level::Low, 40_000, Verdict::Allow, Mode::Audit, Channel::Interactive),
        (Level::High, 773_170, Verdict::Challenge, Mode::Audit, Channel::Interactive),
        (Level::Low, 12_000, Verdict::Allow, Mode::Enforce, Channel::Refresh),
        (Level::Medium, 410_000, Verdict::Annotate, Mode::Enforce, Channel::Interactive),
        (Level::Critical, 968_000, Verdict::Deny, Mode::Enforce, Channel::Silent),
        (Level::Low, 71_000, Verdict::SkipMfa, Mode::Advisory, Channel::Password),
        (Level::Low, 22_000, Verdict::Allow, Mode::Enforce, Channel::Interactive),
        (Level::High, 660_000, Verdict::Challenge, Mode::Enforce, Channel::Exchange),
    ];
    let mut rows = Vec::new();
    for (number, (level, score, verdict, mode, channel)) in (0_u32..24).zip(kinds.into_iter().cycle()) {
        let mut row = base.clone();
        row.leaf_index = 4_217 - u64::from(number) * 2;
        row.decision.id = format!("dec_0199c1f0{number:04}").parse().unwrap();
        row.decision.at = Timestamp::from_seconds(now().seconds() - i64::from(number * number * 41));
        row.decision.organization =
            (!number.is_multiple_of(3)).then(|| format!("org_Umbrella{}", number % 4).parse().unwrap());
        row.decision.score =
            countersign_core::Score::from_millionths(score + number * 7_000 % 29_000).unwrap();
        (row.decision.level, row.decision.verdict, row.decision.mode, row.decision.channel) =
            (level, verdict, mode, channel);
        row.subject = (number != 9).then(|| {
            format!("sub_{:08x}84c7d659a2feaa0c", number.wrapping_mul(2_654_435_761)).parse().unwrap()
        });
        rows.push(row);
    }
    rows
}

/// A receipt of the sample decision among others, and the key to check it with.
pub(crate) fn receipt() -> (Receipt, Verifier) {
    let signer = Signer::from_seed(&checkpoint::origin("log.example", &tenant()).unwrap(), &[7; 32]).unwrap();
    let mut log = MemoryLog::default();
    let leaf = |id: &str| Leaf {
        v: Version,
        id: id.to_owned(),
        tenant: tenant(),
        at: now(),
        kind: Kind::Decision,
        versions: [("engine".to_owned(), "1".to_owned())].into(),
        hashes: [].into(),
        facts: [("trigger".to_owned(), "post-login".to_owned())].into(),
        commitments: vec![],
    };
    for id in ["rec_1", DECISION, "dec_2", "dec_3"] {
        log.push(&leaf(id).encode().unwrap());
    }
    let checkpoint =
        Checkpoint { origin: signer.verifier().name().to_owned(), size: 4, root: log.frontier().root() };
    let receipt = Receipt {
        format: Format::V1,
        index: 1,
        leaf: Base64(leaf(DECISION).encode().unwrap()),
        proof: inclusion_proof(&log, 1, 4).unwrap(),
        checkpoint: checkpoint.sign(&signer).unwrap(),
        verifier: signer.verifier().to_string(),
        openings: vec![],
    };
    (receipt, signer.verifier())
}

/// Holds for every page: complete, one heading, nothing inline that the content policy would refuse, names for controls.
pub(crate) fn check_page(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "no page");
    assert_eq!(page.matches("<h1").count(), 1, "one heading of the first level");
    assert_eq!(page.matches("<main").count(), 1);
    assert!(page.contains("<title>"));
    check_fragment(page);
}

/// Holds for every part of a page: nothing inline, no markup from data, no id twice.
pub(crate) fn check_fragment(html: &str) {
    for inline in [" style=\"", " onclick=", "<style", "javascript:", "<script>", "<img src=x"] {
        assert!(!html.contains(inline), "{inline} in {html}");
    }
    for script in html.split("<script").skip(1) {
        assert!(script.starts_with(" type=\"module\" src=\"/static/"), "a script of another place");
    }
    let mut ids = std::collections::BTreeSet::new();
    for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.insert(id), "{id} stands twice");
    }
    for target in ["aria-labelledby=\"", "aria-describedby=\""] {
        for id in html.split(target).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(id), "{id} is nowhere");
        }
    }
}
