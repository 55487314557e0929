//! One log entry with what the detections read of it, borrowed from the bytes that came.
//!
//! What is typed here is what something reads; everything else stays in [`LogEvent::raw`]. A field of another type than the
//! schemas say counts as absent: an entry is never lost over it. Source: the log schemas of Auth0's documentation, and what
//! tenants send beyond them (`location_info`, `session_id` inside `details`).

use std::{borrow::Cow, fmt};

use countersign_core::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::Unread;

/// An entry of a tenant's log. All text is as it came: hostile, and personal where it names someone.
#[derive(Debug, Clone)]
pub struct LogEvent<'a> {
    /// Its id, by which a repeated delivery is known.
    pub log_id: Cow<'a, str>,
    /// Its type code, such as `s`.
    pub kind: Cow<'a, str>,
    /// When it happened, by Auth0's clock.
    pub date: Timestamp,
    /// The fields that detections read.
    pub fields: Fields<'a>,
    /// The whole object that stands under `data`, as it came.
    pub raw: &'a str,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The texts of an entry, absent where they were not told or were no text.
        #[derive(Debug, Clone, Default, Deserialize)]
        pub struct Fields<'a> {
            $($(#[$doc])* #[serde(borrow, default, deserialize_with = "text")] pub $name: Option<Cow<'a, str>>,)*
            /// Fingerprints of the TLS handshake.
            #[serde(borrow, default, deserialize_with = "object")]
            pub security_context: SecurityContext<'a>,
            /// Where the address is, where Auth0 says so.
            #[serde(borrow, default, deserialize_with = "object")]
            pub location_info: Location<'a>,
            #[serde(borrow, default, deserialize_with = "text")]
            log_id: Option<Cow<'a, str>>,
            #[serde(borrow, default, rename = "_id", deserialize_with = "text")]
            stored_id: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            id: Option<Cow<'a, str>>,
            #[serde(borrow, default, rename = "type", deserialize_with = "text")]
            kind: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            date: Option<Cow<'a, str>>,
            /// What else belongs to the type, unread.
            #[serde(borrow, default)]
            pub details: Option<&'a RawValue>,
        }
    };
}

fields! {
    /// The name of the tenant.
    tenant_name,
    /// Whose account it is about, such as `auth0|65f0…`.
    user_id,
    /// What was typed as a name: an e-mail address, as a rule.
    user_name,
    /// Where the end user is, or the machine that authenticates itself; follows what a trusted back end forwards.
    ip,
    /// Where the request itself came from, of exchanges of tokens: the back end, where there is one.
    client_ip,
    /// The agent, raw or as Auth0 summarizes it.
    user_agent,
    /// The client.
    client_id,
    /// The name of the client.
    client_name,
    /// The name of the connection.
    connection,
    /// The organization signed into.
    organization_id,
    /// The host that was asked.
    hostname,
    /// The audience of a token.
    audience,
    /// The session, where it stands at the top.
    session_id,
    /// What joins the entries of one transaction.
    transaction_linking_id,
}

/// Fingerprints of the TLS handshake.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SecurityContext<'a> {
    /// JA3, 32 hexadecimal digits.
    #[serde(borrow, default, deserialize_with = "text")]
    pub ja3: Option<Cow<'a, str>>,
    /// JA4.
    #[serde(borrow, default, deserialize_with = "text")]
    pub ja4: Option<Cow<'a, str>>,
}

/// Where an address is, as Auth0 tells it outside its schemas.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Location<'a> {
    /// ISO 3166-1 alpha-2.
    #[serde(borrow, default, deserialize_with = "text")]
    pub country_code: Option<Cow<'a, str>>,
    /// Degrees north.
    #[serde(default, deserialize_with = "number")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default, deserialize_with = "number")]
    pub longitude: Option<f64>,
}

impl<'a> LogEvent<'a> {
    /// Reads one entry: the object under `data`, or a bare record of the Management API.
    ///
    /// `outer_id` is the id of the envelope, which counts before the entry's own.
    ///
    /// # Errors
    /// Why the entry can't be placed: it is no object, or has no usable id, type or date.
    pub fn parse(raw: &'a str, outer_id: Option<Cow<'a, str>>) -> Result<Self, Unread> {
        let mut fields: Fields<'a> = serde_json::from_str(raw).map_err(|_| Unread::Malformed)?;
        let own_id = fields.log_id.take().or(fields.stored_id.take()).or(fields.id.take());
        let log_id = outer_id.or(own_id).filter(|text| super::is_word(text)).ok_or(Unread::LogId)?;
        let kind = fields.kind.take().filter(|text| super::is_word(text)).ok_or(Unread::Kind)?;
        let date = fields.date.take().and_then(|date| date.parse().ok()).ok_or(Unread::Date)?;
        Ok(Self { log_id, kind, date, fields, raw })
    }

    /// Reads what `T` declares of `details`; `None` when there is none, or it is of another shape.
    #[must_use]
    pub fn details<T: Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_str(self.fields.details?.get()).ok()
    }
}

/// Reads a text without copying it where it needs no unescaping, and anything else as absent.
///
/// Why not `Option<Cow<str>>`: serde copies each of those.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Reads what `T` declares of an object, and anything else as `T`'s default.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?.get();
    Ok(if raw.starts_with('{') { serde_json::from_str(raw).unwrap_or_default() } else { T::default() })
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(<&'de RawValue>::deserialize(deserializer)?
        .get()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_detections_read_is_borrowed_and_odd_types_count_as_absent() {
        let raw = r#"{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.000Z","user_id":"auth0|1","ip":7,"user_name":null,
            "client_name":["a",{"b":1}],"hostname":{"a":1},"connection":true,"security_context":{"ja4":"t13d"},
            "location_info":{"country_code":"DE","latitude":52.5,"longitude":"13"},"odd":[1],"details":{"session_id":"se","n":1}}"#;
        let event = LogEvent::parse(raw, None).unwrap();
        let fields = &event.fields;
        assert!(matches!(fields.user_id, Some(Cow::Borrowed("auth0|1"))));
        assert_eq!((&event.log_id[..], &event.kind[..]), ("900", "s"));
        let absent =
            [&fields.ip, &fields.user_name, &fields.client_name, &fields.hostname, &fields.connection];
        assert!(absent.iter().all(|field| field.is_none()));
        assert_eq!(fields.security_context.ja4.as_deref(), Some("t13d"));
        assert_eq!(fields.location_info.latitude, Some(52.5));
        assert_eq!((fields.location_info.longitude, fields.security_context.ja3.as_deref()), (None, None));
        #[derive(Deserialize)]
        struct Session<'a> {
            #[serde(borrow, default, deserialize_with = "text")]
            session_id: Option<Cow<'a, str>>,
        }
        assert_eq!(event.details::<Session<'_>>().unwrap().session_id.as_deref(), Some("se"));
    }

    #[test]
    fn contexts_of_another_shape_are_absent_and_escapes_are_read() {
        let raw = r#"{"_id":"900","type":"zz","date":"2026-08-20T08:00:01Z","security_context":"x","location_info":[1],
            "user_name":"a\u0062","details":[1]}"#;
        let event = LogEvent::parse(raw, Some(Cow::Borrowed("outer"))).unwrap();
        assert_eq!(event.log_id, "outer");
        assert_eq!(event.fields.user_name.as_deref(), Some("ab"));
        assert!(event.fields.security_context.ja4.is_none());
    }
}
