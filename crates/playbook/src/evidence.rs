//! Evidence that is read again: what the tenant itself says of an entry.

use std::{borrow::Cow, net::IpAddr};

use countersign_auth0::{
    log::LogEvent,
    management::{LogId, UserId},
};
use countersign_core::{ClientId, Timestamp};
use countersign_detect::told;

use crate::{Cause, cause};

/// An entry that the tenant confirmed; all of it is from the tenant's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Its id.
    pub id: LogId,
    /// Its type code.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Whose account it names, by its id.
    pub user: Option<UserId>,
    /// Which application it names.
    pub client: Option<ClientId>,
    /// From where it came.
    pub address: Option<IpAddr>,
}

impl Confirmed {
    /// Who can cause such an entry.
    #[must_use]
    pub fn cause(&self) -> Cause {
        cause(&self.kind)
    }

    /// The account against which it proves something.
    #[must_use]
    pub fn proved_user(&self) -> Option<&UserId> {
        self.user.as_ref().filter(|_| self.cause().proves_user())
    }

    /// The application against which it proves something.
    #[must_use]
    pub fn proved_client(&self) -> Option<&ClientId> {
        self.client.as_ref().filter(|_| self.cause().proves_client())
    }

    /// The address against which it proves something.
    #[must_use]
    pub fn proved_address(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.cause().proves_address())
    }
}

/// Milliseconds, to which both sides tell the time.
const fn millis(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000)
}

fn address(text: Option<&Cow<'_, str>>) -> Option<IpAddr> {
    told(text).and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical())
}

/// Holds what the tenant says of an entry now against what was journaled of it.
///
/// What the journal does not tell, or tells as asterisks since the stream masks it, is not compared; what it tells has to be so.
///
/// # Errors
/// The field that is not as it was.
pub fn confirm(journaled: &LogEvent<'_>, read: &LogEvent<'_>) -> Result<Confirmed, &'static str> {
    let (ours, theirs) = (&journaled.fields, &read.fields);
    if journaled.log_id != read.log_id {
        return Err("log_id");
    }
    if journaled.kind != read.kind {
        return Err("type");
    }
    if millis(journaled.date) != millis(read.date) {
        return Err("date");
    }
    let texts = [
        ("user_id", &ours.user_id, &theirs.user_id),
        ("client_id", &ours.client_id, &theirs.client_id),
        ("organization_id", &ours.organization_id, &theirs.organization_id),
        ("connection", &ours.connection, &theirs.connection),
    ];
    for (name, ours, theirs) in texts {
        if let Some(ours) = told(ours.as_ref())
            && told(theirs.as_ref()) != Some(ours)
        {
            return Err(name);
        }
    }
    for (name, ours, theirs) in
        [("ip", &ours.ip, &theirs.ip), ("client_ip", &ours.client_ip, &theirs.client_ip)]
    {
        if let Some(ours) = address(ours.as_ref())
            && address(theirs.as_ref()) != Some(ours)
        {
            return Err(name);
        }
    }
    Ok(Confirmed {
        id: read.log_id.parse().map_err(|_| "log_id")?,
        kind: read.kind.to_string(),
        at: read.date,
        user: told(theirs.user_id.as_ref()).and_then(|id| id.parse().ok()),
        client: told(theirs.client_id.as_ref()).and_then(|id| id.parse().ok()),
        address: address(theirs.ip.as_ref()).or_else(|| address(theirs.client_ip.as_ref())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.123Z","user_id":"auth0|1","client_id":"c",
        "ip":"203.0.113.9","connection":"people","user_name":"mia@example.com"}"#;

    fn against(journaled: &str, read: &str) -> Result<Confirmed, &'static str> {
        confirm(&LogEvent::parse(journaled, None).unwrap(), &LogEvent::parse(read, None).unwrap())
    }

    #[test]
    fn an_entry_that_is_as_it_was_is_confirmed_by_what_the_tenant_says() {
        let confirmed = against(ENTRY, ENTRY).unwrap();
        assert_eq!(confirmed.proved_user().map(UserId::as_str), Some("auth0|1"));
        assert_eq!(confirmed.proved_address(), Some("203.0.113.9".parse().unwrap()));
        assert_eq!((confirmed.proved_client(), confirmed.id.as_str()), (None, "900"));
        let masked = ENTRY.replace("203.0.113.9", "***").replace("mia@example.com", "*****@*****.***");
        assert_eq!(against(&masked, ENTRY).unwrap(), confirmed);
        let as_v6 = ENTRY.replace("203.0.113.9", "::ffff:203.0.113.9").replace(".123Z", ".123000Z");
        assert_eq!(against(&as_v6, ENTRY).unwrap(), confirmed);
    }

    #[test]
    fn an_entry_that_differs_is_none() {
        for (field, from, to) in [
            ("log_id", "\"900\"", "\"901\""),
            ("type", "\"s\"", "\"fp\""),
            ("date", "01.123", "01.124"),
            ("user_id", "auth0|1", "auth0|2"),
            ("client_id", "\"c\"", "\"d\""),
            ("ip", "203.0.113.9", "203.0.113.10"),
            ("connection", "\"people\"", "\"others\""),
        ] {
            assert_eq!(against(&ENTRY.replace(from, to), ENTRY), Err(field));
            assert_eq!(against(ENTRY, &ENTRY.replace(from, to)), Err(field));
        }
        let nobody = ENTRY.replace("\"auth0|1\"", "null");
        assert_eq!(against(ENTRY, &nobody), Err("user_id"));
        assert!(against(&nobody, ENTRY).is_ok(), "what the stream left out is read at the tenant");
    }

    #[test]
    fn an_id_that_leads_out_of_a_path_is_nobody_s() {
        let odd = ENTRY.replace("auth0|1", "..");
        assert_eq!(against(&odd, &odd).unwrap().user, None);
    }
}
