use std::collections::BTreeSet;

use countersign_core::{Score, Timestamp};

use crate::{
    Assessment, Extract, Features, Model, Readings, SignUp, Velocity, assess,
    samples::{extracted, home, now, ordinary, sign_up_event},
};

const MEDIUM: Score = Score::from_percent(30);
const HIGH: Score = Score::from_percent(60);
const CRITICAL: Score = Score::from_percent(90);

fn of(email: &str, name: &str) -> Assessment {
    crowded(email, name, Readings::default())
}

fn crowded(email: &str, name: &str, readings: Readings) -> Assessment {
    assess(&extracted(&sign_up_event(email, name), readings), None, &Model::default())
}

fn codes(assessment: &Assessment) -> Vec<&str> {
    assessment.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn an_ordinary_business_sign_up_is_low() {
    for (email, name) in [
        ("pat.doe@northwind.example", "Pat Doe"),
        ("pdoe@northwind.example", "Pat Doe"),
        ("maria@acme-corp.com", "Maria Silva"),
        ("info@northwind.example", "Pat Doe"),
        ("pat.doe@northwind.example", ""),
    ] {
        let assessment = of(email, name);
        assert!(assessment.score < Score::from_percent(20), "{email}: {assessment:?}");
    }
}

#[test]
fn each_classic_sign_of_fraud_shows() {
    for (email, code, least) in [
        ("pat.doe@gmail.com", "free_mail_domain", MEDIUM),
        ("pat.doe@mailinator.com", "disposable_domain", HIGH),
        ("pat.doe@acrne-corp.com", "look_alike_domain", HIGH),
        ("pat.doe@acme-crop.com", "look_alike_domain", HIGH),
        ("pat.doe@acme-corp.com.login.example", "look_alike_domain", MEDIUM),
        ("pat.doe@acme-corp.net", "look_alike_domain", MEDIUM),
        ("pat.doe@acme-corps.net", "look_alike_domain", MEDIUM),
        ("xkqzvbnw@northwind.example", "gibberish_address", MEDIUM),
        ("a3f9c2e1b4@northwind.example", "gibberish_address", MEDIUM),
    ] {
        let assessment = of(email, "");
        assert!(assessment.score >= least, "{email}: {assessment:?}");
        assert_eq!(codes(&assessment).first(), Some(&code), "{email}");
    }
}

#[test]
fn several_signs_together_are_critical() {
    for email in ["xkqzvbnw@mailinator.com", "xkqzvbnw83+a@acrne-corp.com", "qwxzjkpv7@yopmail.com"] {
        let assessment = of(email, "Pat Doe");
        assert!(assessment.score >= CRITICAL, "{email}: {assessment:?}");
    }
    assert!(of("xkqzvbnw@gmail.com", "Pat Doe").score >= HIGH);
}

#[test]
fn a_sequence_of_addresses_grows_suspicious() {
    let mut velocity = Velocity::default();
    let mut scores = Vec::new();
    for n in 0..10_i64 {
        let event = sign_up_event(&format!("qlee{n}@northwind.example"), "");
        let at = Timestamp::from_seconds(now().seconds() + n * 60);
        let readings = velocity.read(&event.sightings(), at);
        scores.push(assess(&extracted(&event, readings), None, &Model::default()).score);
        velocity.note(&event.sightings(), at);
    }
    assert!(scores.is_sorted(), "{scores:?}");
    assert!(scores[1] < MEDIUM && scores[4] >= MEDIUM && scores[9] >= HIGH, "{scores:?}");
}

#[test]
fn a_firm_that_signs_up_from_its_office_is_not_high() {
    let office =
        Readings { block_hour: 12, block_day: 12, domain_hour: 12, domain_day: 12, ..Readings::default() };
    assert!(crowded("maria@acme-corp.com", "Maria Silva", office).score < MEDIUM);
    assert!(crowded("pat.doe@northwind.example", "Pat Doe", office).score < HIGH);
}

#[test]
fn an_odd_but_honest_name_is_not_high_by_itself() {
    for (email, name) in [
        ("minh.nguyen@northwind.example", "Nguyễn Thị Minh"),
        ("nguyễn@northwind.example", "Nguyễn"),
        ("g.t.hooft@northwind.example", "Gerard 't Hooft"),
        ("o@northwind.example", "O"),
        ("x.y@northwind.example", "X Æ A-Xii"),
        ("用户@northwind.example", "山田 太郎"),
        ("ivan.petrov@northwind.example", "Иван Петров"),
        ("szczesny@northwind.example", "Wojciech Szczęsny"),
        ("wlodzimierz.brzeczyszczykiewicz@northwind.example", "Włodzimierz Brzęczyszczykiewicz"),
        ("mbgkrst@northwind.example", "M. B. G. Krst"),
        ("8613912345678@northwind.example", "Wang Wei"),
    ] {
        let assessment = of(email, name);
        assert!(assessment.score < MEDIUM, "{email}: {assessment:?}");
    }
}

#[test]
fn free_mail_is_nothing_special_where_it_is_usual() {
    let lists = crate::ReferenceLists { is_business: false, ..crate::ReferenceLists::default() };
    let reference = crate::Reference::new(&lists);
    let context = crate::Context::new(&reference);
    let features = sign_up_event("pat.doe@gmail.com", "Pat Doe").extract(now(), &context);
    assert!(assess(&features, None, &Model::default()).score < Score::from_percent(15));
}

#[test]
fn a_shared_browser_counts_only_beside_a_burst() {
    let busy = Readings { ja4_hour: 32, ja4_day: 32, ..Readings::default() };
    assert_eq!(
        crowded("pat.doe@northwind.example", "", busy).score,
        of("pat.doe@northwind.example", "").score
    );
    let burst = Readings { block_hour: 20, block_day: 20, ..busy };
    assert!(codes(&crowded("pat.doe@northwind.example", "", burst)).contains(&"client_sign_ups"));
}

#[test]
fn the_first_login_takes_over_what_the_sign_up_left() {
    let model = Model::default();
    let first = |carried: u8| {
        let sign_up = SignUp { carried: Some(Score::from_percent(carried)), ..SignUp::default() };
        assess(&Features { sign_up: Some(sign_up), ..ordinary() }, None, &model)
    };
    let plain = assess(&ordinary(), None, &model);
    assert_eq!(first(5).reasons, plain.reasons, "less than usual takes nothing off");
    assert!(codes(&first(85)).contains(&"risky_sign_up"));
    assert!(first(60).score < first(85).score && first(85).score > plain.score);
}

#[test]
fn a_known_user_is_not_asked_about_the_sign_up_again() {
    let event = sign_up_event("xkqzvbnw@mailinator.com", "Pat Doe");
    let features = Features { sign_up: extracted(&event, Readings::default()).sign_up, ..ordinary() };
    let model = Model::default();
    let known = assess(&features, Some(&home(60)), &model);
    assert_eq!(known, assess(&ordinary(), Some(&home(60)), &model));
    assert!(assess(&features, None, &model).score > HIGH);
    let mut provisional = crate::Profile::default();
    provisional.credit(&ordinary(), 1, 150);
    assert!(
        assess(&features, Some(&provisional), &model).score > HIGH,
        "an unconfirmed sign-in proves nothing"
    );
}

#[test]
fn every_sign_of_a_sign_up_counts_at_a_first_sign_in_but_those_that_its_shapes_weigh() {
    let many = Readings {
        block_hour: 50,
        block_day: 50,
        range_hour: 500,
        range_day: 500,
        domain_hour: 50,
        domain_day: 50,
        skeleton_hour: 50,
        skeleton_day: 50,
        ja4_hour: 500,
        ja4_day: 500,
        name_hour: 50,
        name_day: 50,
        frauds_day: 5,
        ..Readings::default()
    };
    let mut seen = BTreeSet::new();
    for (email, name) in
        [("xkqzvbnw1@mailinator.com", "https://win.example"), ("p\u{430}t.doe@northwind.example", "Pat Doe")]
    {
        let signs_up = extracted(&sign_up_event(email, name), many);
        let signs_in = Features { is_login: true, ..signs_up.clone() };
        let told = |features: &Features| -> BTreeSet<String> {
            let assessment = assess(features, None, &Model::default());
            let codes = assessment.reasons.iter().map(|reason| reason.code.as_str().to_owned());
            codes.filter(|code| SIGNS.contains(&code.as_str())).collect()
        };
        assert!(told(&signs_up).len() >= 5, "{:?}", told(&signs_up));
        assert_eq!(told(&signs_in), told(&signs_up));
        seen.extend(told(&signs_in));
    }
    for code in ["disguised_address", "link_in_name", "name_sign_ups", "range_sign_ups", "block_fraud"] {
        assert!(seen.contains(code), "{code} in {seen:?}");
    }
}

/// What speaks of a sign-up alone.
const SIGNS: [&str; 13] = [
    "disposable_domain",
    "free_mail_domain",
    "gibberish_address",
    "disguised_address",
    "link_in_name",
    "block_sign_ups",
    "domain_sign_ups",
    "pattern_sign_ups",
    "client_sign_ups",
    "name_sign_ups",
    "range_sign_ups",
    "block_fraud",
    "look_alike_domain",
];
