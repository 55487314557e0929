use countersign_core::{Channel, Score};
use proptest::prelude::*;

use super::*;
use crate::{DeviceClass, Model, Place, Short, Signal, assess};
use countersign_auth0::trigger::post_login::PostLogin;

fn event(text: &str) -> PostLogin {
    countersign_auth0::decode(text.as_bytes(), "event").unwrap()
}

fn extract(event: &PostLogin, at: Timestamp) -> Features {
    event.extract(at, &Context::new(&Reference::default()))
}

fn arrived() -> Timestamp {
    "2026-08-20T08:00:02Z".parse().unwrap()
}

const RISKY: &str = include_str!("../../../../fixtures/events/post-login.high-risk.json");

#[test]
fn the_risky_sample_is_read_and_scores_high() {
    let features = extract(&event(RISKY), arrived());
    assert_eq!(features.channel, Channel::Interactive);
    assert_eq!(features.country.as_ref().map(Short::as_str), Some("DE"));
    assert_eq!(features.network.as_ref().map(Short::as_str), Some("as64511"));
    assert_eq!(features.block.as_ref().map(Short::as_str), Some("198.51.100.0/24"));
    assert_eq!(features.place, Some(Place { lat: 501_000, lon: 86_800 }));
    assert_eq!(features.local_hour, Some(8));
    assert_eq!(features.device.as_ref().map(|device| device.class), Some(DeviceClass::Automation));
    assert_eq!(features.logins_count, Some(42));
    assert_eq!(features.session_known, Some(false));
    assert_eq!(features.missing.iter().copied().collect::<Vec<_>>(), [Signal::Ja4]);
    let assessment = assess(&features, None, &Model::default());
    assert!(assessment.score > Score::from_percent(80), "{assessment:?}");
}

#[test]
fn the_sample_events_of_all_kinds_are_read() {
    for text in [
        include_str!("../../../../fixtures/events/post-login.json"),
        include_str!("../../../../fixtures/events/post-login.refresh-token.json"),
    ] {
        let features = extract(&event(text), arrived());
        assert!(features.network.is_some() && features.device.is_some());
        let assessment = assess(&features, None, &Model::default());
        assert!(assessment.score < Score::from_percent(40), "{assessment:?}");
    }
}

#[test]
fn nothing_of_the_person_is_kept() {
    let text = serde_json::to_string(&extract(&event(RISKY), arrived())).unwrap();
    for personal in ["198.51.100.77", "pat", "Pat", "Doe", "example", "Sampleville", "12025550143"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
}

/// The risky sample with some of its values replaced.
fn changed(changes: &[(&str, serde_json::Value)]) -> Features {
    let mut event: serde_json::Value = serde_json::from_str(RISKY).unwrap();
    for (pointer, value) in changes {
        *event.pointer_mut(pointer).unwrap() = value.clone();
    }
    extract(&serde_json::from_value(event).unwrap(), arrived())
}

#[test]
fn what_names_no_place_country_or_address_is_as_if_it_was_not_told() {
    for (lat, lon) in [(91.0, 0.0), (0.0, -180.1), (1e308, -1e308), (f64::MAX, 0.0), (0.0, 1e15)] {
        let found =
            changed(&[("/request/geoip/latitude", lat.into()), ("/request/geoip/longitude", lon.into())]);
        assert_eq!((found.place, found.local_hour), (None, None), "{lat} {lon}");
        assert!(found.missing.contains(&Signal::Place));
    }
    for code in ["XX", "ZZ", "T1", "Atlantis", "\u{216f}\u{216f}", ""] {
        let found = changed(&[("/request/geoip/countryCode", code.into())]);
        assert!(found.country.is_none() && found.missing.contains(&Signal::Country), "{code}");
        let known = assess(&found, None, &Model::default());
        let codes: Vec<&str> = known.reasons.iter().map(|reason| reason.code.as_str()).collect();
        assert!(!codes.iter().any(|code| code.ends_with("_country")), "{code}: {codes:?}");
    }
    for ip in ["999.1.1.1", "203.0.113.7, 10.0.0.1", "::ffff:203.0.113", "localhost", "\u{0}"] {
        assert_eq!(changed(&[("/request/ip", ip.into())]).block, None, "{ip}");
    }
    let mapped = changed(&[("/request/ip", "::ffff:198.51.100.77".into())]);
    assert_eq!(mapped, changed(&[]), "an IPv4 address is one however it is written");
}

#[test]
fn a_user_agent_of_ten_kilobytes_is_read_as_far_as_it_says_something() {
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let agent = |text: &str| changed(&[("/request/user_agent", text.into())]);
    let plain = agent(chrome);
    for filler in ["x", " ", "/", "(", "\u{1f600}", "e\u{301}", "\u{202e}"] {
        let long = agent(&format!("{chrome} {}", filler.repeat(10_240)));
        assert_eq!(long.device, plain.device, "{filler:?}");
        let nothing = agent(&filler.repeat(10_240));
        let text = serde_json::to_string(&nothing).unwrap();
        assert!(text.len() < 2_000, "{filler:?}: {}", text.len());
        let (odd, usual) =
            (assess(&nothing, None, &Model::default()), assess(&plain, None, &Model::default()));
        assert!(odd.logit_micro >= usual.logit_micro - 500_000, "{filler:?}: it hides little");
    }
}

proptest! {
    #[test]
    fn any_text_in_the_request_is_read_without_harm(ip in any::<String>(), asn in any::<String>(), agent in any::<String>(),
        code in any::<String>(), ja4 in any::<String>(), micros in any::<i64>(), lat in any::<f64>(), lon in any::<f64>()) {
        let mut event: serde_json::Value = serde_json::from_str(RISKY).unwrap();
        event["request"]["ip"] = ip.into();
        event["request"]["asn"] = asn.into();
        event["request"]["user_agent"] = agent.into();
        event["request"]["geoip"]["countryCode"] = code.into();
        event["request"]["geoip"]["latitude"] = lat.into();
        event["request"]["geoip"]["longitude"] = lon.into();
        event["security_context"]["ja4"] = ja4.into();
        let event: PostLogin = serde_json::from_value(event).unwrap();
        let features = extract(&event, Timestamp::from_micros(micros));
        let text = serde_json::to_string(&features).unwrap();
        prop_assert!(text.len() < 2_000);
        let _ = assess(&features, None, &Model::default());
    }
}

mod triggers {
    use countersign_auth0::trigger::{
        credentials_exchange::CredentialsExchange, custom_token_exchange::CustomTokenExchange,
        password_reset_post_challenge::PasswordResetPostChallenge, post_change_password::PostChangePassword,
        post_user_registration::PostUserRegistration, pre_user_registration::PreUserRegistration,
        send_phone_message::SendPhoneMessage,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Context, DomainKind, Extract, Features, NameFit, Readings, Reference, ShortForm, SignUp, Velocity,
        samples::{event, extracted, sign_up_event},
    };

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../../fixtures/events/", $name, ".json"))
        };
    }

    const LOGIN: &str = fixture!("post-login");
    const SIGNED_UP: &str = fixture!("post-user-registration");
    const RESET: &str = fixture!("password-reset-post-challenge");
    const EXCHANGE: &str = fixture!("credentials-exchange");

    fn read<T: Extract + serde::de::DeserializeOwned>(fixture: &str, patch: &Value) -> Features {
        extracted(&event::<T>(fixture, patch), Readings::default())
    }

    fn all(patch: &Value) -> Vec<Features> {
        vec![
            read::<PostLogin>(LOGIN, patch),
            read::<PreUserRegistration>(fixture!("pre-user-registration"), patch),
            read::<PostUserRegistration>(SIGNED_UP, patch),
            read::<CredentialsExchange>(EXCHANGE, patch),
            read::<PasswordResetPostChallenge>(RESET, patch),
            read::<PostChangePassword>(fixture!("post-change-password"), patch),
            read::<SendPhoneMessage>(fixture!("send-phone-message"), patch),
            read::<CustomTokenExchange>(fixture!("custom-token-exchange"), patch),
        ]
    }

    #[test]
    fn each_trigger_has_its_parts_and_nothing_of_the_person() {
        let parts: Vec<_> = all(&json!({}))
            .iter()
            .map(|features| {
                let text = serde_json::to_string(features).unwrap();
                for personal in ["pat", "Pat", "doe", "example", "user@", "orders", "2025550", "Springfield"]
                {
                    assert!(!text.contains(personal), "{personal} in {text}");
                }
                assert!(text.len() < 2_000 && features.block.is_some());
                assert!(assess(features, None, &Model::default()).score < Score::from_percent(40), "{text}");
                (features.sign_up.is_some(), features.reset.is_some(), features.machine.is_some())
            })
            .collect();
        let (login, sign_up, reset, machine) =
            ((false, false, false), (true, false, false), (false, true, false), (false, false, true));
        assert_eq!(parts, [login, sign_up, sign_up, machine, reset, reset, login, machine]);
    }

    #[test]
    fn the_network_of_people_stays_unknown_where_only_the_block_is_told() {
        let networks: Vec<_> = all(&json!({})).iter().map(|features| features.network.is_some()).collect();
        assert_eq!(networks, [true, true, true, true, false, false, false, true]);
    }

    #[test]
    fn the_first_logins_of_a_social_user_are_checked_like_a_sign_up() {
        let first = json!({
            "connection": {"strategy": "google-oauth2"}, "stats": {"logins_count": 1},
            "user": {"email": "xkqzvbnw@mailinator.com"}
        });
        let sign_up = read::<PostLogin>(LOGIN, &first).sign_up.unwrap();
        assert_eq!((sign_up.domain, sign_up.name), (Some(DomainKind::Disposable), Some(NameFit::Unrelated)));
        assert!(sign_up.gibberish_milli.unwrap() > 600);
        let mut later = first.clone();
        for (count, is_checked) in
            [(json!(2), true), (json!(20), true), (Value::Null, true), (json!(21), false)]
        {
            later["stats"]["logins_count"] = count.clone();
            let found = read::<PostLogin>(LOGIN, &later);
            assert_eq!(found.sign_up, is_checked.then_some(sign_up), "{count}: each try counts one more");
            assert_eq!(found.is_new_account, is_checked, "{count}");
        }
        let reference = Reference::default();
        let known = Context { is_new: false, ..Context::new(&reference) };
        let features = event::<PostLogin>(LOGIN, &first).extract(arrived(), &known);
        assert_eq!((features.sign_up, features.is_new_account), (None, false), "one was confirmed");
    }

    #[test]
    fn the_first_login_of_another_user_carries_the_sign_up_s_score() {
        let reference = Reference::default();
        let carried = Some(Score::from_percent(70));
        let context = Context { carried, owes_challenge: true, ..Context::new(&reference) };
        for count in [1, 2, 5_000] {
            let event: PostLogin = event(LOGIN, &json!({"stats": {"logins_count": count}}));
            let features = event.extract(arrived(), &context);
            assert_eq!(features.sign_up, Some(SignUp { carried, ..SignUp::default() }), "{count}");
            assert!(features.owes_challenge, "{count}");
            let known = event.extract(arrived(), &Context { is_new: false, ..context });
            assert_eq!((known.sign_up, known.owes_challenge), (None, false), "{count}: one was confirmed");
        }
        let without = Context { carried: None, ..context };
        let event: PostLogin = event(LOGIN, &json!({"stats": {"logins_count": 1}}));
        assert_eq!(event.extract(arrived(), &without).sign_up, None);
    }

    #[test]
    fn a_sign_up_counts_once_though_two_triggers_tell_of_it() {
        let before = sign_up_event("pat.doe@acme-corp.com", "Pat Doe");
        let after: PostUserRegistration = event(
            SIGNED_UP,
            &json!({"user": {"email": "Pat.Doe@acme-corp.com"}, "request": {"ip": before.request.ip}}),
        );
        let mut velocity = Velocity::default();
        velocity.note(&before.sightings(), arrived());
        velocity.note(&after.sightings(), arrived());
        let other = sign_up_event("maria@acme-corp.com", "Maria Silva");
        let readings = velocity.read(&other.sightings(), arrived());
        assert_eq!((readings.block_hour, readings.domain_hour, readings.ja4_hour), (1, 1, 1));
        let login: PostLogin = event(LOGIN, &json!({"request": {"ip": before.request.ip}}));
        velocity.note(&login.sightings(), arrived());
        assert_eq!(velocity.read(&other.sightings(), arrived()), readings, "a login is no sign-up");
    }

    #[test]
    fn resets_are_counted_by_account() {
        let of = |user: &str| {
            event::<PasswordResetPostChallenge>(RESET, &json!({"user": {"user_id": user}})).sightings()
        };
        let mut velocity = Velocity::default();
        for user in ["auth0|1", "auth0|2", "auth0|2"] {
            velocity.note(&of(user), arrived());
        }
        assert_eq!(velocity.read(&of("auth0|3"), arrived()).resets_day, 2);
    }

    #[test]
    fn scopes_are_kept_one_by_one_in_whatever_order_they_came() {
        let of = |scopes: Value| {
            let patch = json!({"transaction": {"target_scopes": scopes}});
            read::<CredentialsExchange>(EXCHANGE, &patch).machine.unwrap().scopes
        };
        assert_eq!(of(json!(["a b", "a"])).len(), 2);
        assert!(of(json!(["a"])).is_subset(&of(json!(["b", "a"]))));
        assert_eq!(of(json!(["a", "b"])), of(json!(["b", "a", "a"])));
        assert_eq!(of(json!(["a b"])), of(json!(["b", "a"])));
        assert_ne!(of(json!(["a"])), of(json!(["a", "b"])));
        assert_eq!(of(json!([])), of(json!(["read:orders", "write:orders"])), "those asked for, then");
    }

    #[test]
    fn a_forwarded_address_is_not_called_random() {
        let relayed = sign_up_event("xk2q9zvb7w@privaterelay.appleid.com", "Pat Doe");
        let sign_up = extracted(&relayed, Readings::default()).sign_up.unwrap();
        assert_eq!((sign_up.gibberish_milli, sign_up.name), (None, None));
        assert_eq!(sign_up.domain, Some(DomainKind::FreeMail));
    }

    #[test]
    fn a_browser_s_language_is_held_against_the_country() {
        let of = |language: &str| {
            let request = json!({"request": {"language": language}});
            read::<PreUserRegistration>(fixture!("pre-user-registration"), &request)
                .sign_up
                .unwrap()
                .language_fits
        };
        assert_eq!(["en", "th", "es", "xx"].map(of), [Some(true), Some(false), Some(true), None]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_in_any_event_is_read_without_harm(
            text in any::<String>(), other in "\\PC{0,80}", ip in any::<String>(), micros in any::<i64>(), long in 0..3_000_usize
        ) {
            let at = Timestamp::from_micros(micros);
            let reference = crate::samples::reference();
            let context = Context::new(&reference);
            let email = format!("{other}{}@{text}.acme{other}.com", "x".repeat(long));
            for (email, name) in [(email.as_str(), text.as_str()), (text.as_str(), other.as_str())] {
                let mut event = sign_up_event(email, name);
                event.request.ip.clone_from(&ip);
                let features = event.extract(at, &context);
                prop_assert!(serde_json::to_string(&features).unwrap().len() < 2_000);
                let _ = assess(&features, None, &Model::default());
                let short = ShortForm { email: email.to_owned(), ip: ip.clone(), user_agent: text.clone() };
                let mut velocity = Velocity::default();
                velocity.note(&short.sightings(), at);
                prop_assert!(velocity.read(&event.sightings(), at).is_empty(), "the short form counts nothing");
                let _ = assess(&short.extract(at, &context), None, &Model::default());
            }
            let patch = json!({
                "request": {"ip": ip, "language": text}, "user": {"email": text, "last_password_reset": other},
                "resource_server": {"identifier": text}, "transaction": {"target_scopes": [text, other]}
            });
            for features in all(&patch) {
                prop_assert!(serde_json::to_string(&features).unwrap().len() < 2_000);
            }
        }
    }
}
