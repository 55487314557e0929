//! Where a request comes from and by which client: the features that every event has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use countersign_auth0::object::{Authentication, GeoIp, Request, RiskAssessment, SecurityContext};
use countersign_core::{Channel, Timestamp};

use super::{Context, Located};
use crate::{Auth0Risk, Features, NetworkKind, Place, Short, parse_agent};

/// The features of the request and of its address; `network` is the autonomous system if known, else nothing.
pub(super) fn of_request(
    request: &Request,
    channel: Channel,
    at: Timestamp,
    context: &Context<'_>,
) -> Features {
    let geoip = request.geoip.as_option();
    let mut features = Features::new(at, channel);
    features.country = country_of(request);
    features.place = geoip.and_then(GeoIp::coordinates).and_then(|(lat, lon)| Place::from_degrees(lat, lon));
    features.network = told_network(request);
    features.block = block(&request.ip);
    features.device = request.user_agent.as_option().and_then(|agent| parse_agent(agent));
    complete(&mut features, &request.ip, context);
    features
}

/// Adds what reference data know of the address and the event does not tell, then the hour of the day.
///
/// A place of another country than the one that was told is none: then one of the two is wrong.
pub(super) fn complete(features: &mut Features, ip: &str, context: &Context<'_>) {
    let is_whole = features.country.is_some() && features.place.is_some() && features.network.is_some();
    if let Some(Located { country, place, asn, kind: _ }) =
        parse(ip).filter(|_| !is_whole).and_then(|address| (context.locate)(address))
    {
        if features.country.is_none() && features.place.is_none() {
            (features.country, features.place) = (country, place);
        } else if features.country == country {
            features.place = features.place.or(place);
        }
        features.network = features.network.take().or_else(|| asn.map(system));
    }
    features.network_kind = features.network.as_ref().and_then(|network| {
        let number = network.as_str().strip_prefix("as")?.parse().ok()?;
        (context.kind_of)(number)
    });
    features.local_hour = features.place.map(|place| place.local_hour(features.at));
}

/// The kind of the network that the address is in, by a list of addresses before one of systems; `None` when no list names it.
pub(super) fn kind_of_network(
    features: &Features,
    request: &Request,
    context: &Context<'_>,
) -> Option<NetworkKind> {
    let located = parse(&request.ip).and_then(|address| (context.locate)(address));
    located.and_then(|located| located.kind).or(features.network_kind)
}

/// The autonomous system that the request tells.
pub(super) fn told_network(request: &Request) -> Option<Short> {
    request.asn.as_option().and_then(|asn| autonomous_system(asn))
}

/// The country that the request tells; `None` when Auth0 did not place its address.
fn country_of(request: &Request) -> Option<Short> {
    request.geoip.as_option()?.country_code.as_option().and_then(|code| country(code))
}

/// The TLS fingerprint; `None` outside Auth0's own edge.
pub(super) fn ja4(context: Option<&SecurityContext>) -> Option<Short> {
    let ja4 = context?.ja4.as_option()?;
    (!ja4.trim().is_empty()).then(|| Short::new(ja4))
}

/// Auth0's own assessment; `None` without one.
pub(super) fn auth0(authentication: Option<&Authentication>) -> Option<Auth0Risk> {
    authentication?.risk_assessment.as_option().and_then(auth0_risk)
}

/// What location services put in a country's place where they know none; ISO 3166-1 leaves these codes to their users.
const NO_COUNTRY: [&str; 3] = ["AA", "XX", "ZZ"];

/// Two letters, upper case; `None` for anything else, and for what stands for an unknown country.
fn country(code: &str) -> Option<Short> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let code = is_code.then(|| code.to_ascii_uppercase())?;
    (!NO_COUNTRY.contains(&code.as_str())).then(|| Short::new(&code))
}

/// `as64500` from `64500` or `AS64500`; `None` for anything else, and for the reserved number 0 (RFC 7607).
pub(super) fn autonomous_system(asn: &str) -> Option<Short> {
    let digits = asn.trim().trim_start_matches(['a', 'A', 's', 'S']);
    let number: u32 = digits.parse().ok()?;
    (number != 0).then(|| system(number))
}

fn system(number: u32) -> Short {
    Short::new(&format!("as{number}"))
}

fn parse(ip: &str) -> Option<IpAddr> {
    ip.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The /24 or /48 that the address lies in; an IPv4 address written as IPv6 counts as IPv4.
pub(crate) fn block(ip: &str) -> Option<Short> {
    let text = match parse(ip)? {
        IpAddr::V4(address) => {
            format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)))
        }
        IpAddr::V6(address) => {
            format!("{}/48", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)))
        }
    };
    Some(Short::new(&text))
}

/// The /16 or /32 that the address lies in, the least that a provider of IPv6 is given: what stands for the network where
/// no event tells one.
pub(crate) fn range(ip: &str) -> Option<String> {
    Some(match parse(ip)? {
        IpAddr::V4(address) => {
            format!("{}/16", Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 16)))
        }
        IpAddr::V6(address) => {
            format!("{}/32", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 96)))
        }
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for code in ["Germany", "", "D", "T1", "D\u{415}", "XX", "zz", "AA"] {
            assert_eq!(country(code), None, "{code}");
        }
        assert_eq!(country("xk"), Some("XK".into()), "Kosovo's, by common use");
    }

    #[test]
    fn reference_data_add_what_was_not_told_and_change_nothing_that_was() {
        let reference = crate::Reference::default();
        let point = |lat| Some(Place { lat, lon: 1_350_000 });
        let found =
            || Located { country: Some("DE".into()), place: point(500_000), asn: Some(64_500), kind: None };
        let context = Context { locate: &|_| Some(found()), ..Context::new(&reference) };
        let noon: Timestamp = "2026-08-20T12:00:00Z".parse().unwrap();
        let completed = |ip, country: Option<&str>, place, network: Option<&str>| {
            let mut features = Features::new(noon, Channel::Interactive);
            (features.country, features.place) = (country.map(Short::from), place);
            features.network = network.map(Short::from);
            complete(&mut features, ip, &context);
            let text = |short: Option<Short>| short.map(|short| short.to_string()).unwrap_or_default();
            (text(features.country), features.place, text(features.network), features.local_hour)
        };
        let whole =
            |country: &str, place, network: &str, hour| (country.to_owned(), place, network.to_owned(), hour);
        let ip = "203.0.113.7";
        assert_eq!(completed(ip, None, None, None), whole("DE", point(500_000), "as64500", Some(21)));
        assert_eq!(
            completed(ip, Some("DE"), None, Some("as1")),
            whole("DE", point(500_000), "as1", Some(21))
        );
        assert_eq!(completed(ip, Some("FR"), None, None), whole("FR", None, "as64500", None));
        assert_eq!(completed(ip, Some("DE"), point(7), None), whole("DE", point(7), "as64500", Some(21)));
        assert_eq!(completed(ip, None, point(7), None), whole("", point(7), "as64500", Some(21)));
        assert_eq!(completed("no address", None, None, None), whole("", None, "", None));
    }

    #[test]
    fn a_network_s_kind_is_that_of_its_addresses_before_that_of_its_system() {
        let reference = crate::Reference::default();
        let event = |asn: &str| {
            let text =
                format!(r#"{{"ip":"203.0.113.7","asn":"{asn}","method":"POST","query":{{}},"body":{{}}}}"#);
            serde_json::from_str::<Request>(&text).unwrap()
        };
        let kind = |listed: Option<NetworkKind>, asn| {
            let locate = |_| Some(Located { kind: listed, ..Located::default() });
            let kind_of = |system| (system == 64_500).then_some(NetworkKind::Hosting);
            let context = Context { locate: &locate, kind_of: &kind_of, ..Context::new(&reference) };
            let request = event(asn);
            let at = Timestamp::from_seconds(0);
            let features = of_request(&request, Channel::Interactive, at, &context);
            kind_of_network(&features, &request, &context)
        };
        assert_eq!(kind(Some(NetworkKind::Gateway), "64500"), Some(NetworkKind::Gateway));
        assert_eq!(kind(None, "64500"), Some(NetworkKind::Hosting));
        assert_eq!(kind(None, "64501"), None);
    }
}
