//! From Auth0's `post-login` event to features: the only place here that knows the event's shape.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use countersign_auth0::{
    object::{GeoIp, RiskAssessment},
    trigger::post_login::PostLogin,
};
use countersign_core::Timestamp;

use crate::{Auth0Risk, Features, Place, Short, parse_agent};

/// A session that began longer ago than this was there before the sign-in, in microseconds; one sign-in with a second
/// factor takes less (judgement).
const SAME_SIGN_IN_MICROS: i64 = 60_000_000;

/// Reads the features out of `event`, which arrived at `at` since the event has no time of its own.
///
/// Total: whatever is malformed counts as missing. The address, names and e-mail are not kept.
#[must_use]
pub fn extract(event: &PostLogin, at: Timestamp) -> Features {
    let request = &event.request;
    let geoip = request.geoip.as_option();
    let block = block(&request.ip);
    let place = geoip.and_then(GeoIp::coordinates).and_then(|(lat, lon)| Place::from_degrees(lat, lon));
    let mut features = Features::new(at, event.channel());
    features.country = geoip.and_then(|geoip| geoip.country_code.as_option()).and_then(|code| country(code));
    features.network =
        request.asn.as_option().and_then(|asn| autonomous_system(asn)).or_else(|| block.clone());
    features.block = block;
    features.place = place;
    features.local_hour = place.map(|place| place.local_hour(at));
    features.device = request.user_agent.as_option().and_then(|agent| parse_agent(agent));
    features.ja4 = event
        .security_context
        .as_option()
        .and_then(|context| context.ja4.as_option())
        .filter(|ja4| !ja4.trim().is_empty())
        .map(|ja4| Short::new(ja4));
    features.auth0 = event
        .authentication
        .as_option()
        .and_then(|authentication| authentication.risk_assessment.as_option())
        .and_then(auth0_risk);
    features.logins_count = event.stats.as_option().and_then(|stats| stats.logins_count.as_option()).copied();
    features.session_known = session_known(event, at);
    features.enroll(event.enrolled_factors().iter().map(countersign_auth0::factor::FactorType::as_str));
    features.note_missing();
    features
}

/// Two letters, upper case; `None` for anything else.
fn country(code: &str) -> Option<Short> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| Short::new(&code.to_ascii_uppercase()))
}

/// `as64500` from `64500` or `AS64500`; `None` for anything else, and for the reserved number 0 (RFC 7607).
fn autonomous_system(asn: &str) -> Option<Short> {
    let digits = asn.trim().trim_start_matches(['a', 'A', 's', 'S']);
    let number: u32 = digits.parse().ok()?;
    (number != 0).then(|| Short::new(&format!("as{number}")))
}

/// The /24 or /48 that the address lies in; an IPv4 address written as IPv6 counts as IPv4.
fn block(ip: &str) -> Option<Short> {
    let text = match ip.trim().parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => {
            format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)))
        }
        IpAddr::V6(address) => {
            format!("{}/48", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)))
        }
    };
    Some(Short::new(&text))
}

/// `None` when Auth0's assessment is there but says nothing that we read.
fn auth0_risk(risk: &RiskAssessment) -> Option<Auth0Risk> {
    let assessments = risk.assessments.as_option();
    let read = Auth0Risk {
        confidence: risk.confidence.as_option().map(|word| Short::new(word.as_str())),
        new_device: assessments
            .and_then(|all| all.new_device.as_option()?.code.as_option())
            .map(|word| Short::new(word.as_str())),
        impossible_travel: assessments
            .and_then(|all| all.impossible_travel.as_option()?.code.as_option())
            .map(|word| Short::new(word.as_str())),
        untrusted_ip: assessments
            .and_then(|all| all.untrusted_ip.as_option()?.code.as_option())
            .map(|word| Short::new(word.as_str())),
    };
    (read != Auth0Risk::default()).then_some(read)
}

/// Whether the session, else the refresh token, began before this sign-in.
fn session_known(event: &PostLogin, at: Timestamp) -> Option<bool> {
    let session = event.session.as_option().and_then(|session| session.created_at.as_option());
    let token = event.refresh_token.as_option().and_then(|token| token.created_at.as_option());
    let began: Timestamp = session.or(token)?.parse().ok()?;
    Some(at.since(began) > SAME_SIGN_IN_MICROS)
}

#[cfg(test)]
mod tests {
    use countersign_core::{Channel, Score};
    use proptest::prelude::*;

    use super::*;
    use crate::{DeviceClass, Model, Signal, assess};

    fn event(text: &str) -> PostLogin {
        countersign_auth0::decode(text.as_bytes(), "event").unwrap()
    }

    fn arrived() -> Timestamp {
        "2026-08-20T08:00:02Z".parse().unwrap()
    }

    const RISKY: &str = include_str!("../../../fixtures/events/post-login.high-risk.json");

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
            include_str!("../../../fixtures/events/post-login.json"),
            include_str!("../../../fixtures/events/post-login.refresh-token.json"),
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

    #[test]
    fn blocks_and_networks_have_one_form() {
        for (ip, expected) in [
            ("203.0.113.77", Some("203.0.113.0/24")),
            ("::ffff:203.0.113.77", Some("203.0.113.0/24")),
            ("2001:db8:1:2::3", Some("2001:db8:1::/48")),
            ("203.0.113.77:443", None),
            ("", None),
        ] {
            assert_eq!(block(ip).as_ref().map(Short::as_str), expected, "{ip}");
        }
        for (asn, expected) in [
            ("64500", Some("as64500")),
            ("AS64500", Some("as64500")),
            ("0", None),
            ("4294967296", None),
            ("x", None),
        ] {
            assert_eq!(autonomous_system(asn).as_ref().map(Short::as_str), expected, "{asn}");
        }
        assert_eq!(country("de"), Some("DE".into()));
        assert_eq!(country("Germany"), None);
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
}
