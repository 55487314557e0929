//! Risk signals from other vendors, handed through by Auth0. Early Access.

use serde_json::Number;

use crate::Dictionary;

object! {
    /// Signals from other vendors.
    Supplemental {
        maybe {
            /// What Akamai's edge sent along.
            akamai: Akamai,
        }
    }
}

object! {
    /// What Akamai's edge sent along.
    Akamai {
        maybe {
            /// The finding of its bot manager.
            #[serde(rename = "akamaiBot")]
            bot: AkamaiBot,
            /// The finding of its account protector.
            #[serde(rename = "akamaiUserRisk")]
            user_risk: AkamaiUserRisk,
        }
    }
}

object! {
    /// The finding of Akamai's bot manager.
    AkamaiBot {
        maybe {
            /// The kind of bot.
            #[serde(rename = "type")]
            kind: String,
            /// What the edge did, such as `monitor`.
            action: String,
            /// The bot's categories.
            #[serde(rename = "botCategory")]
            bot_category: Vec<String>,
            /// How much the request looks like a bot's; more is worse.
            #[serde(rename = "botScore")]
            bot_score: Number,
            /// The segment that the score falls in, such as `cautious`.
            #[serde(rename = "botScoreResponseSegment")]
            bot_score_response_segment: String,
            /// The bot's id.
            #[serde(rename = "botnetId")]
            botnet_id: String,
        }
    }
}

object! {
    /// The finding of Akamai's account protector.
    AkamaiUserRisk {
        maybe {
            /// What the edge did, such as `monitor`.
            action: String,
            /// Akamai's allow flag, a number.
            allow: Number,
            /// The domain of the user's e-mail address.
            #[serde(rename = "emailDomain")]
            email_domain: String,
            /// General indicators; a dictionary on purpose.
            general: Dictionary,
            /// The id of the user as Akamai hands it on.
            ouid: String,
            /// Akamai's id of the request.
            requestid: String,
            /// Indicators that raise the risk; a dictionary on purpose.
            risk: Dictionary,
            /// How risky the user is; more is worse.
            score: Number,
            /// The status of the assessment.
            status: Number,
            /// Indicators that lower the risk; a dictionary on purpose.
            trust: Dictionary,
            /// The user name as Akamai saw it.
            username: String,
            /// Akamai's id of the user.
            uuid: String,
        }
    }
}
