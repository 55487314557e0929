//! A log entry as detectors see it: what the log says, where it came from, and tags in place of names.

use std::{borrow::Cow, net::IpAddr, sync::OnceLock};

use countersign_auth0::log::{LogEvent, text};
use countersign_core::Timestamp;
use countersign_privacy::{Tag, Tagger};
use countersign_risk::parse_agent;
use serde::Deserialize;
use serde_json::Value;

use crate::{Entity, EntityKind, Place, admin::Call};

/// Where an entry stands in the journal; rises as entries arrive.
pub type Seq = u64;

/// A log entry with what was looked up of it.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Where it stands in the journal.
    pub seq: Seq,
    /// What Auth0 wrote.
    pub log: LogEvent<'a>,
    /// Where its address is; `None` where nobody knows.
    pub place: Option<Place>,
    /// What state is kept by.
    pub tags: Tags,
    /// The address that it came from: `ip`, which is the end user's where a back end forwarded it, else `client_ip`; an IPv4 address
    /// inside IPv6 as IPv4.
    pub address: Option<IpAddr>,
    tagger: Tagger,
    json: OnceLock<Value>,
    call: OnceLock<Option<Call>>,
}

/// Keyed tags of an entry's names, absent where the entry does not tell them, or tells them as asterisks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tags {
    /// The account by `user_id`, else by the name that was typed.
    pub identity: Option<Tag>,
    /// The address.
    pub address: Option<Tag>,
    /// The network: /24 of IPv4, /64 of IPv6.
    pub network: Option<Tag>,
    /// The JA4 fingerprint of the TLS handshake.
    pub fingerprint: Option<Tag>,
    /// The device: family and system of the agent, with the JA4 fingerprint.
    pub device: Option<Tag>,
    /// The organization.
    pub organization: Option<Tag>,
    /// The client.
    pub client: Option<Tag>,
    /// The session of a login.
    pub session: Option<Tag>,
    /// The family of a refresh token.
    pub family: Option<Tag>,
}

impl<'a> Event<'a> {
    /// Places `log` at `seq`; `locate` says where an address is if the entry does not.
    #[must_use]
    pub fn new(
        seq: Seq,
        log: LogEvent<'a>,
        tagger: &Tagger,
        locate: impl FnOnce(IpAddr) -> Option<Place>,
    ) -> Self {
        let address = [&log.fields.ip, &log.fields.client_ip]
            .into_iter()
            .flatten()
            .find_map(|text| parse_address(text));
        let told = Place::told(&log.fields.location_info);
        let found = address.and_then(locate);
        let tags = Tags::new(&log, address, tagger);
        let (tagger, json, call) = (tagger.clone(), OnceLock::new(), OnceLock::new());
        Self { seq, place: Place::join(found, told), tags, address, log, tagger, json, call }
    }

    /// The whole entry, parsed when first asked for and once for all who ask; what nests deeper than 48 is `null`.
    #[must_use]
    pub fn json(&self) -> &Value {
        self.json.get_or_init(|| crate::json::parse(self.log.raw))
    }

    /// The call to the Management API that it tells of, read when first asked for and once for all who ask.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        self.call.get_or_init(|| Call::of(&self.log)).as_ref()
    }

    /// The keyed tag of something that the entry tells and that [`Tags`] has not.
    #[must_use]
    pub fn tag(&self, sort: &str, name: &[u8]) -> Tag {
        self.tagger.tag(sort, name)
    }

    /// When it happened, by Auth0's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.log.date
    }

    /// Its type code.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.log.kind
    }

    /// Whether the account is known only by a name that was typed, which anyone may invent.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        told(self.log.fields.user_id.as_ref()).is_none()
    }

    /// The account it is about, for an alert: the user id, else the name that was typed.
    #[must_use]
    pub fn account(&self) -> Option<Entity> {
        let fields = &self.log.fields;
        let text = told(fields.user_id.as_ref()).or_else(|| told(fields.user_name.as_ref()))?;
        Some(Entity::new(EntityKind::User, text))
    }

    /// The address, for an alert.
    #[must_use]
    pub fn source(&self) -> Option<Entity> {
        self.address.map(|address| Entity::new(EntityKind::Address, &address.to_string()))
    }

    /// The network, for an alert: `203.0.113.0/24`.
    #[must_use]
    pub fn network(&self) -> Option<Entity> {
        self.address.map(|address| Entity::new(EntityKind::Network, &network_of(address)))
    }

    /// The organization, for an alert.
    #[must_use]
    pub fn organization(&self) -> Option<Entity> {
        told(self.log.fields.organization_id.as_ref()).map(|id| Entity::new(EntityKind::Organization, id))
    }

    /// The client, for an alert.
    #[must_use]
    pub fn client(&self) -> Option<Entity> {
        told(self.log.fields.client_id.as_ref()).map(|id| Entity::new(EntityKind::Client, id))
    }

    /// The tenant, for an alert.
    #[must_use]
    pub fn tenant(&self) -> Entity {
        Entity::new(EntityKind::Tenant, told(self.log.fields.tenant_name.as_ref()).unwrap_or("tenant"))
    }
}

impl Tags {
    fn new(log: &LogEvent<'_>, address: Option<IpAddr>, tagger: &Tagger) -> Self {
        let fields = &log.fields;
        let tag = |sort: &str, text: Option<&str>| text.map(|text| tagger.tag(sort, text.as_bytes()));
        let ja4 = told(fields.security_context.ja4.as_ref());
        let user = tag("user", told(fields.user_id.as_ref()));
        let name = || told(fields.user_name.as_ref()).map(|name| name.trim().to_lowercase());
        let joined = Joined::of(log);
        Self {
            identity: user.or_else(|| tag("name", name().as_deref())),
            address: address.map(|address| tagger.tag("address", &octets(address))),
            network: address.map(|address| tagger.tag("network", network_of(address).as_bytes())),
            fingerprint: tag("fingerprint", ja4),
            device: device(fields.user_agent.as_deref(), ja4, tagger),
            organization: tag("organization", told(fields.organization_id.as_ref())),
            client: tag("client", told(fields.client_id.as_ref())),
            session: tag("session", told(fields.session_id.as_ref().or(joined.session_id.as_ref()))),
            family: tag("family", told(joined.family_id.as_ref())),
        }
    }
}

/// What joins an entry to others, inside `details`.
#[derive(Default, Deserialize)]
struct Joined<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    session_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "familyId", deserialize_with = "text")]
    family_id: Option<Cow<'a, str>>,
}

impl<'a> Joined<'a> {
    /// Why by kind and only where the name stands somewhere: `details` of a login are long, and few have one.
    fn of(log: &LogEvent<'a>) -> Self {
        let word = match &*log.kind {
            "s" => "\"session_id\"",
            "sertft" | "seacft" | "ferrt" => "\"familyId\"",
            _ => return Self::default(),
        };
        let is_there = log.fields.details.is_some_and(|details| details.get().contains(word));
        if is_there { log.details().unwrap_or_default() } else { Self::default() }
    }
}

/// A text that says something: not empty, and not asterisks in place of what the log stream masks.
#[must_use]
pub fn told<'t>(text: Option<&'t Cow<'_, str>>) -> Option<&'t str> {
    let text = text?.trim();
    let is_masked = text.contains('*') && text.chars().all(|character| matches!(character, '*' | '@' | '.'));
    (!text.is_empty() && !is_masked).then_some(text)
}

fn parse_address(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The tag by which entries are known that come from an address, a network or a fingerprint.
pub(crate) fn source_tag(tagger: &Tagger, kind: EntityKind, name: &str) -> Option<Tag> {
    match kind {
        EntityKind::Address => Some(tagger.tag("address", &octets(name.parse().ok()?))),
        EntityKind::Network => Some(tagger.tag("network", name.as_bytes())),
        EntityKind::Fingerprint => Some(tagger.tag("fingerprint", name.as_bytes())),
        _ => None,
    }
}

/// The network of an address as text: `203.0.113.0/24`, `2001:db8::/64`.
#[must_use]
pub fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn device(agent: Option<&str>, ja4: Option<&str>, tagger: &Tagger) -> Option<Tag> {
    let device = parse_agent(agent?)?;
    let text = format!("{}|{}|{}", device.browser.as_str(), device.os.as_str(), ja4.unwrap_or(""));
    Some(tagger.tag("device", text.as_bytes()))
}
