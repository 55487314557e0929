//! What a decision takes from the transaction beside its score.

use countersign_auth0::factor::FactorType;
use countersign_core::{Channel, ClientId, Level, OrganizationId, Timestamp, Trigger};
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// What a decision takes from the transaction beside its score; but for `facts`, free of whatever names a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The trigger that asks.
    pub trigger: Trigger,
    /// The road by which the sign-in comes.
    pub channel: Channel,
    /// When the decision is made.
    pub at: Timestamp,
    /// The organization signed into, if any.
    pub organization: Option<OrganizationId>,
    /// The client signed in at.
    pub client: Option<ClientId>,
    /// The person's roles, by name.
    pub roles: Vec<String>,
    /// Whether roles may be missing above, since the Action cut the list.
    #[serde(default)]
    pub roles_truncated: bool,
    /// Whether the person signs in at another identity provider.
    pub is_federated: bool,
    /// A stable number in 0..100 for this person.
    pub percentile: u8,
    /// Factors that are enrolled, not yet passed and independent of the first factor; in a reset of a password,
    /// independent of what the reset asked for already.
    pub usable_factors: Vec<FactorType>,
    /// Whether the person has no factor enrolled at all.
    pub enrolled_none: bool,
    /// When a factor was last passed in this session; `None` when never.
    pub newest_mfa_at: Option<Timestamp>,
    /// Whether Auth0 can send the person to another page in this transaction.
    #[serde(default)]
    pub can_redirect: bool,
    /// Whether the account signs in for the first time.
    #[serde(default)]
    pub is_first_login: bool,
    /// Whether the account's sign-up owes a challenge that could not be asked for then.
    #[serde(default)]
    pub owes_challenge: bool,
    /// Whether a plan contained the account: it is marked so at the tenant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_contained: bool,
    /// Whether it is the client at which people sign in to our own console.
    #[serde(default)]
    pub is_console_client: bool,
    /// The level of what is held against the person; `None` where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_risk: Option<Level>,
    /// The scopes that a machine asks for and was never seen to have, of those requested.
    #[serde(default)]
    pub new_scopes: Vec<String>,
    /// What an enrichment connector says of somebody who signs up; it is written down and decides nothing.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Codes of the heaviest reasons, the heaviest first, for the `risk_reason` claim and for proposals.
    pub reason_codes: Vec<String>,
    /// What a refused person may quote to support; the decision's id.
    pub reference: String,
}

impl Circumstances {
    /// A transaction of which nothing else is known: no organization, no client, no roles, no factors.
    #[must_use]
    pub const fn new(trigger: Trigger, channel: Channel, at: Timestamp) -> Self {
        Self {
            trigger,
            channel,
            at,
            organization: None,
            client: None,
            roles: Vec::new(),
            roles_truncated: false,
            is_federated: false,
            percentile: 0,
            usable_factors: Vec::new(),
            enrolled_none: false,
            newest_mfa_at: None,
            can_redirect: false,
            is_first_login: false,
            owes_challenge: false,
            is_contained: false,
            is_console_client: false,
            user_risk: None,
            new_scopes: Vec::new(),
            facts: Facts::none(),
            reason_codes: Vec::new(),
            reference: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circumstances_on_record_from_before_the_later_words_still_parse() {
        let whole = Circumstances::new(
            Trigger::PostLogin,
            Channel::Interactive,
            Timestamp::from_seconds(1_787_212_800),
        );
        let mut json = serde_json::to_value(&whole).unwrap();
        for word in [
            "roles_truncated",
            "can_redirect",
            "is_first_login",
            "owes_challenge",
            "is_console_client",
            "new_scopes",
        ] {
            assert!(json.as_object_mut().unwrap().remove(word).is_some(), "{word}");
        }
        assert_eq!(serde_json::from_value::<Circumstances>(json).unwrap(), whole);
    }
}
