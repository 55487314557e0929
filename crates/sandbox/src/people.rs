//! People: who they are, what they sign in with, and where they are when.

use std::sync::Arc;

use countersign_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{city::City, company::Organization, device::Device, network::Network, scenario::Share};

/// How a person's first factor is checked, as `event.connection.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Strategy {
    /// A database connection of the tenant.
    #[serde(rename = "database")]
    Auth0,
    /// Microsoft's directory, by OpenID Connect.
    #[serde(rename = "directory")]
    Waad,
    /// A SAML identity provider.
    #[serde(rename = "saml")]
    Samlp,
}

/// A second factor that a person enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A code from an authenticator program.
    Otp,
    /// A code by text message.
    Phone,
    /// A question on the telephone's screen.
    #[serde(rename = "push-notification")]
    Push,
    /// A security key.
    WebauthnRoaming,
    /// The machine's own authenticator.
    WebauthnPlatform,
}

impl Factor {
    /// The word of `event.user.enrolledFactors[].type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Phone => "phone",
            Self::Push => "push-notification",
            Self::WebauthnRoaming => "webauthn-roaming",
            Self::WebauthnPlatform => "webauthn-platform",
        }
    }

    /// The entry of `event.user.enrolledFactors`.
    #[must_use]
    pub fn enrolled(self) -> Value {
        match self {
            Self::Phone => json!({ "type": "phone", "options": { "method": "sms" } }),
            other => json!({ "type": other.as_str() }),
        }
    }
}

/// The hours that a person works, in local winter time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// The working days: bit 0 is Monday, bit 6 is Sunday.
    pub days: u8,
    /// The hour in which work begins, 0 to 23.
    pub begins: i64,
    /// The hour before which work ends, after `begins`, at most 24.
    pub ends: i64,
}

/// A place with the network that serves it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Where it is.
    pub city: City,
    /// What serves it.
    pub network: Network,
}

/// Two days away in every five weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trips {
    /// Where to.
    pub spot: Spot,
    /// The first day of one trip, in local days since 1970; decides all others.
    pub first_day: i64,
}

/// Days from one trip to the next; whole weeks, so that each begins on the same weekday.
pub const TRIP_CYCLE_DAYS: i64 = 35;
/// How long a trip takes.
pub const TRIP_DAYS: i64 = 2;

/// One user of the tenant, with the habits that a profile should learn.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The Auth0 user id.
    pub user_id: String,
    /// The first name.
    pub given_name: String,
    /// The last name.
    pub family_name: String,
    /// The part of the address before the at sign.
    pub nickname: String,
    /// The organization the person belongs to.
    pub organization: Arc<Organization>,
    /// How the first factor is checked.
    pub strategy: Strategy,
    /// The names of the roles in the organization.
    pub roles: Vec<String>,
    /// The second factors that are enrolled; none for a federated person, whose provider keeps them.
    pub factors: Vec<Factor>,
    /// The machine used most.
    pub device: Device,
    /// Another one, used now and then.
    pub second_device: Option<Device>,
    /// A telephone number that is reserved for fiction; `None` where the country reserves none.
    pub phone_number: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the password was last reset; `None` if never, or if there is no password.
    pub last_password_reset: Option<Timestamp>,
    /// Where the person lives.
    pub home: Spot,
    /// Where the person works on other than remote days.
    pub office: Spot,
    /// The days worked from home: bit 0 is Monday.
    pub remote_days: u8,
    /// When the person works.
    pub shift: Shift,
    /// The fewest and the most sign-ins of a working day.
    pub sign_ins: (u32, u32),
    /// How many of the passwords are typed wrong at first.
    pub mistypes: Share,
    /// Where the person travels to; `None` for someone who stays.
    pub trips: Option<Trips>,
}

impl Person {
    /// The e-mail address, at the organization's domain.
    #[must_use]
    pub fn email(&self) -> String {
        format!("{}@{}", self.nickname, self.organization.domain)
    }

    /// Whether another organization's provider checks the first factor.
    #[must_use]
    pub fn is_federated(&self) -> bool {
        self.strategy != Strategy::Auth0
    }

    /// The name of the connection by which the person signs in.
    #[must_use]
    pub fn connection_name(&self) -> String {
        let kind = match self.strategy {
            Strategy::Auth0 => return "Username-Password-Authentication".to_owned(),
            Strategy::Waad => "directory",
            Strategy::Samlp => "partners",
        };
        format!("{}-{kind}", self.organization.name)
    }
}
