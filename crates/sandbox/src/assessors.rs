//! Auth0's own risk assessment as the Enterprise plan shows it; its confidence is in the person, so low means risky.

use serde_json::{Value, json};

/// What the assessors compare.
pub(crate) struct Sighting<'a> {
    /// Whether the device was seen before.
    pub(crate) known_device: bool,
    /// Kilometers and microseconds from the last sign-in; `None` for the first.
    pub(crate) travel: Option<(f64, i64)>,
    /// The address, if a deny list names it.
    pub(crate) listed: Option<&'a str>,
}

/// The codes of `ImpossibleTravel` by speed; the vendor publishes no limits, so these are judgement: noise of
/// location databases, a train, an airliner.
fn travel(travel: Option<(f64, i64)>) -> (&'static str, &'static str) {
    let Some((km, micros)) = travel else {
        return ("initial_login", "medium");
    };
    let hours = f64::from(u32::try_from(micros / 1_000_000).unwrap_or(u32::MAX)).max(1.0) / 3600.0;
    if km < 100.0 {
        ("minimal_travel_from_last_login", "high")
    } else if km / hours < 300.0 {
        ("travel_from_last_login", "high")
    } else if km / hours < 900.0 {
        ("substantial_travel_from_last_login", "medium")
    } else {
        ("impossible_travel_from_last_login", "low")
    }
}

/// `event.authentication.riskAssessment`; the whole is as confident as its least confident part.
pub(crate) fn assess(sighting: &Sighting<'_>) -> Value {
    let (device, device_confidence, word) =
        if sighting.known_device { ("match", "high", "known") } else { ("no_match", "low", "unknown") };
    let (travel, travel_confidence) = travel(sighting.travel);
    let untrusted = match sighting.listed {
        None => json!({ "code": "not_found_on_deny_list", "confidence": "high" }),
        Some(ip) => json!({
            "code": "found_on_deny_list",
            "confidence": "low",
            "details": { "ip": ip, "matches": "brute-force", "source": "example-blocklist", "category": "abuse" },
        }),
    };
    let ip_confidence = if sighting.listed.is_some() { "low" } else { "high" };
    let parts = [device_confidence, travel_confidence, ip_confidence];
    let overall = ["low", "medium"].into_iter().find(|word| parts.contains(word)).unwrap_or("high");
    json!({
        "confidence": overall,
        "version": "1",
        "assessments": {
            "NewDevice": {
                "code": device,
                "confidence": device_confidence,
                "details": { "device": word, "useragent": word },
            },
            "ImpossibleTravel": { "code": travel, "confidence": travel_confidence },
            "UntrustedIP": untrusted,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn faster_travel_is_never_trusted_more() {
        let codes: Vec<_> = [1, 2, 5, 50].map(|hours| travel(Some((1200.0, hours * HOUR))).1).to_vec();
        assert_eq!(codes, ["low", "medium", "high", "high"]);
        assert_eq!(travel(Some((1200.0, 0))).0, "impossible_travel_from_last_login");
        assert_eq!(travel(Some((20.0, 0))).0, "minimal_travel_from_last_login");
    }

    #[test]
    fn the_whole_is_as_confident_as_its_weakest_part() {
        let confidence = |known_device, travel, listed| {
            assess(&Sighting { known_device, travel, listed })["confidence"].as_str().unwrap().to_owned()
        };
        assert_eq!(confidence(true, Some((0.0, HOUR)), None), "high");
        assert_eq!(confidence(true, None, None), "medium");
        assert_eq!(confidence(true, Some((0.0, HOUR)), Some("192.0.2.200")), "low");
        assert_eq!(confidence(false, Some((0.0, HOUR)), None), "low");
    }
}
