//! What no person types: nothing panics, every score is one, and a trick has its reason.

use countersign_auth0::trigger::{
    custom_token_exchange::CustomTokenExchange, password_reset_post_challenge::PasswordResetPostChallenge,
    pre_user_registration::PreUserRegistration,
};
use countersign_core::Score;
use countersign_risk::{Assessment, Context, Extract, Model, Reference, ReferenceLists, Velocity, assess};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    run::ORGANIZATIONS,
    world::{at, event},
};

const SIGN_UP: &str = include_str!("../../../../../fixtures/events/pre-user-registration.json");
const RESET: &str = include_str!("../../../../../fixtures/events/password-reset-post-challenge.json");
const EXCHANGE: &str = include_str!("../../../../../fixtures/events/custom-token-exchange.json");

fn reference() -> Reference {
    let organization_domains = ORGANIZATIONS.iter().map(|domain| (*domain).to_owned()).collect();
    Reference::new(&ReferenceLists { organization_domains, ..ReferenceLists::default() })
}

/// Assesses the event twice, the second time after it was counted.
fn judged(event: &impl Extract) -> Assessment {
    let (reference, mut velocity) = (reference(), Velocity::default());
    let context = |velocity: &Velocity| Context {
        readings: velocity.read(&event.sightings(), at(0)),
        ..Context::new(&reference)
    };
    let first = assess(&event.extract(at(0), &context(&velocity)), None, &Model::default());
    velocity.note(&event.sightings(), at(0));
    let features = event.extract(at(60), &context(&velocity));
    let assessment = assess(&features, None, &Model::default());
    for Assessment { score, logit_micro, bias_micro, reasons, .. } in [&first, &assessment] {
        assert!(*score <= Score::MAX && score.as_f64().is_finite());
        let sum: i64 = reasons.iter().map(|reason| reason.micro).sum();
        assert_eq!(*logit_micro, bias_micro + sum);
    }
    assert!(serde_json::to_string(&features).unwrap().len() < 4_000, "what is kept is bounded");
    assessment
}

fn sign_up(email: &str, name: &str) -> Assessment {
    let user = json!({"email": email, "name": name});
    judged(&event::<PreUserRegistration>(SIGN_UP, &json!({"user": user})))
}

#[test]
fn a_trick_has_its_reason() {
    let (zalgo, endless) = (format!("P{}t", "\u{310}".repeat(3_000)), "Pat ".repeat(2_500));
    for (email, name, code) in [
        ("pat\u{202e}@haldane.co.uk", "Pat Doe", Some("disguised_address")),
        ("pat@haldane.co.uk", "Pаt Dоe", Some("disguised_address")),
        ("pat@haldane.co.uk", zalgo.as_str(), Some("disguised_address")),
        ("pat@a\u{200b}cme-corp.com", "Pat Doe", Some("look_alike_domain")),
        ("pat@ａｃｍｅ-corp.com", "Pat Doe", Some("look_alike_domain")),
        ("pat@xn--cme-corp-06g.com", "Pat Doe", Some("look_alike_domain")),
        ("pat@haldane.co.uk", "Collect it at https://a.example/b", Some("link_in_name")),
        ("@haldane.co.uk", "Pat Doe", None),
        ("🎉🎉🎉@haldane.co.uk", "🎉", None),
        ("pat@haldane.co.uk", endless.as_str(), None),
        ("محمد@haldane.co.uk", "محمد \u{200f}علي", None),
        ("", "", None),
    ] {
        let assessment = sign_up(email, name);
        let raising: Vec<&str> = assessment
            .reasons
            .iter()
            .filter(|reason| reason.micro > 0)
            .map(|reason| reason.code.as_str())
            .collect();
        let email: String = email.chars().flat_map(char::escape_default).collect();
        match code {
            Some(code) => assert!(raising.contains(&code), "{email}: {raising:?}"),
            None => assert_eq!(raising, [""; 0], "{email}"),
        }
    }
}

/// Pieces of which hostile text is made.
const PIECES: &[&str] = &[
    "a",
    "pat",
    "@",
    ".",
    "+",
    "-",
    "_",
    " ",
    "\u{202e}",
    "\u{200b}",
    "\u{200f}",
    "\u{301}",
    "🎉",
    "👩\u{200d}🚀",
    "xn--",
    "xn--80ak6aa92e",
    "9999",
    "а",
    "ё",
    "ß",
    "İ",
    "ﬁ",
    "ａ",
    "。",
    "acme-corp",
    ".com",
    "\u{0}",
    "\r\n",
    "\"",
    "\u{feff}",
    "中",
];

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..30);
    (pieces, 0..600_usize, any::<String>())
        .prop_map(|(pieces, times, any)| pieces.concat().repeat(1 + times / (1 + pieces.len())) + &any)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn any_sign_up_is_assessed(local in hostile(), domain in hostile(), given in hostile(), family in hostile(), language in hostile()) {
        let user = json!({
            "email": format!("{local}@{domain}"), "name": format!("{given} {family}"), "given_name": given,
            "family_name": family, "username": local, "phone_number": domain,
        });
        judged(&event::<PreUserRegistration>(SIGN_UP, &json!({"user": user, "request": {"language": language, "ip": local}})));
    }

    #[test]
    fn any_reset_and_exchange_is_assessed(text in hostile(), other in hostile()) {
        let user = json!({"user_id": text, "email": other, "email_verified": true, "last_password_reset": text});
        judged(&event::<PasswordResetPostChallenge>(RESET, &json!({"user": user})));
        let scopes: Vec<Value> = text.split('.').take(40).map(|scope| json!(scope)).collect();
        let transaction = json!({
            "requested_scopes": scopes, "subject_token_type": text, "actor_token_type": other, "requested_token_type": other,
            "actor_token_user": {"user_id": text, "created_at": other, "updated_at": other, "identities": [],
                "email_verified": false, "last_password_reset": text},
        });
        judged(&event::<CustomTokenExchange>(EXCHANGE, &json!({"transaction": transaction})));
    }
}
