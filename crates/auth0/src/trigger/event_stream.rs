//! `event-stream`: something changed in the tenant; asynchronous.

use countersign_core::{Channel, TenantId};

use crate::{
    Dictionary,
    object::{StreamMessage, User},
};

mod effect;

pub use effect::Effect;

object! {
    /// The event of `event-stream`: a CloudEvents message about a change. It names no request and no client.
    EventStream {
        required {
            /// The message.
            message: StreamMessage,
        }
        maybe {
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
        }
    }
}

/// The type of the message about a new account.
const USER_CREATED: &str = "user.created";

impl EventStream {
    /// By which road this comes: nobody sits before it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Exchange
    }

    /// The tenant that the message comes from, by its source such as `urn:auth0:acme.us`; `None` when it names none.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.message.tenant()
    }

    /// Whether the message tells of a new account.
    #[must_use]
    pub fn is_new_user(&self) -> bool {
        self.message.kind == USER_CREATED
    }

    /// The id of the user that the message is about; `None` when it is about something else.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.message.whose().filter(|_| self.message.is_about_user())
    }

    /// The e-mail address of the user that the message is about.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.object("email")
    }

    /// The user that the message is about; `None` when it is about something else, or the user has another shape.
    #[must_use]
    pub fn user(&self) -> Option<User> {
        let object = self.message.data.as_option().filter(|_| self.message.is_about_user())?;
        serde_json::from_value(object.get("object")?.clone()).ok()
    }

    fn object(&self, name: &str) -> Option<&str> {
        let data = self.message.data.as_option().filter(|_| self.message.is_about_user())?;
        data.get("object")?.get(name)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> EventStream {
        crate::decode(format!(r#"{{"message": {message}}}"#).as_bytes(), "event").unwrap()
    }

    #[test]
    fn the_source_names_the_tenant() {
        for (source, tenant) in [
            ("urn:auth0:acme.us", Some("acme")),
            ("urn:auth0:acme", Some("acme")),
            ("urn:auth0:", None),
            ("https://acme.us.auth0.com", None),
        ] {
            let event = read(&format!(r#"{{"type": "user.created", "source": "{source}"}}"#));
            assert_eq!(event.tenant().as_ref().map(TenantId::as_str), tenant, "{source}");
        }
    }

    #[test]
    fn only_messages_about_users_name_one() {
        let data = r#""source": "urn:auth0:a.us", "data": {"object": {"user_id": "auth0|1", "email": "a@b.example"}}"#;
        let created = read(&format!(r#"{{"type": "user.created", {data}}}"#));
        assert_eq!((created.user_id(), created.email()), (Some("auth0|1"), Some("a@b.example")));
        assert!(created.is_new_user() && created.user().is_some());
        let member = read(&format!(r#"{{"type": "organization.member.added", {data}}}"#));
        assert!(member.user_id().is_none() && member.user().is_none() && !member.is_new_user());
    }

    #[test]
    fn a_message_of_another_shape_is_about_nobody() {
        for data in [r#""x""#, "null", r#"{"object": 7}"#, r#"{"object": {"user_id": 7}}"#] {
            let text = format!(
                r#"{{"message": {{"type": "user.created", "source": "urn:auth0:a.us", "data": {data}}}}}"#
            );
            if let Ok(event) = crate::decode::<EventStream>(text.as_bytes(), "event") {
                assert!(event.user_id().is_none() && event.user().is_none(), "{data}");
            }
        }
    }
}
