//! What whoever approves a plan must know.

use serde::{Deserialize, Serialize};

/// What whoever approves must know. Holds numbers and our own words, no text of anybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// Users are blocked whose sessions and tokens are not ended by this plan.
    BlockKeepsSessions {
        /// How many.
        users: usize,
    },
    /// Users' sessions or tokens are ended, and nothing here keeps them from signing in again.
    MaySignInAgain {
        /// How many.
        users: usize,
    },
    /// Access tokens that are out stay good so long, by the tenant's API that gives the longest.
    TokensStayGood {
        /// In seconds from when they were given out.
        seconds: u64,
    },
    /// Access tokens that are out stay good; for how long could not be read.
    TokensStayGoodUntold,
    /// Keys of APIs, and what else users hold that is no session of this tenant, go on.
    KeysGoOn,
    /// This tenant can't end sessions: they end by themselves. Refresh tokens are ended instead.
    SessionsStay {
        /// Of how many users.
        users: usize,
    },
    /// A reset of the password lifts an administrator's block: it is set again after it.
    BlockedAgain {
        /// Of how many users.
        users: usize,
    },
    /// Something that is wanted is so already, and is left alone.
    SoAlready {
        /// How many of the wanted changes, each user and role counted.
        count: usize,
    },
    /// Invitations are mailed at once; what was mailed stays mailed.
    MailGoesOut {
        /// How many.
        count: usize,
    },
    /// Invitations are taken back whose mails are out.
    MailWentOut {
        /// How many.
        count: usize,
    },
    /// A tenant has few lists of networks, and this makes one.
    FewNetworkLists,
    /// Applications have to be given their new secret, or they can't get tokens.
    SecretsToHandOver {
        /// How many.
        clients: usize,
    },
    /// Addresses for new passwords are kept as secrets; nobody is sent one.
    TicketsKept {
        /// How many.
        count: usize,
    },
}

impl Note {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BlockKeepsSessions { .. } => "block_keeps_sessions",
            Self::MaySignInAgain { .. } => "may_sign_in_again",
            Self::TokensStayGood { .. } => "tokens_stay_good",
            Self::TokensStayGoodUntold => "tokens_stay_good_untold",
            Self::KeysGoOn => "keys_go_on",
            Self::SessionsStay { .. } => "sessions_stay",
            Self::BlockedAgain { .. } => "blocked_again",
            Self::SoAlready { .. } => "so_already",
            Self::MailGoesOut { .. } => "mail_goes_out",
            Self::MailWentOut { .. } => "mail_went_out",
            Self::FewNetworkLists => "few_network_lists",
            Self::SecretsToHandOver { .. } => "secrets_to_hand_over",
            Self::TicketsKept { .. } => "tickets_kept",
        }
    }

    /// What it says, for a person.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::BlockKeepsSessions { users } => format!(
                "A block ends no session and no token: those of {users} go on until they expire or are revoked."
            ),
            Self::MaySignInAgain { users } => {
                format!("Nothing here keeps {users} from signing in again.")
            }
            Self::TokensStayGood { seconds } => format!(
                "Access tokens that are out stay good, by the tenant's settings up to {seconds} seconds from when they were given out."
            ),
            Self::TokensStayGoodUntold => {
                "Access tokens that are out stay good; for how long could not be read.".to_owned()
            }
            Self::KeysGoOn => "Keys of APIs, and what else is no session of this tenant, go on.".to_owned(),
            Self::SessionsStay { users } => format!(
                "This tenant's subscription can't end sessions: those of {users} end by themselves. Refresh tokens are ended."
            ),
            Self::BlockedAgain { users } => format!(
                "Setting a password lifts an administrator's block: it is set again for {users} that are blocked."
            ),
            Self::SoAlready { count } => {
                format!("{count} of what is wanted is so already, and is left alone.")
            }
            Self::MailGoesOut { count } => {
                format!("{count} invitations are mailed at once; what was mailed stays mailed.")
            }
            Self::MailWentOut { count } => {
                format!("{count} invitations are taken back; their mails stay where they are.")
            }
            Self::FewNetworkLists => {
                "A tenant has few lists of networks, one with most subscriptions: making one may be refused."
                    .to_owned()
            }
            Self::SecretsToHandOver { clients } => format!(
                "{clients} applications can't get tokens from then on until they are given their new secret."
            ),
            Self::TicketsKept { count } => format!(
                "{count} addresses for new passwords are kept as secrets: whoever has one can set the password."
            ),
        }
    }
}
