//! How the user proved who they are.

use super::RiskAssessment;
use crate::factor::FactorType;

object! {
    /// The authentication in progress.
    Authentication {
        maybe {
            /// The methods completed in this session, in no documented order. Documented as always present.
            methods: Vec<Method>,
            /// Auth0's own view of the risk.
            #[serde(rename = "riskAssessment")]
            risk_assessment: RiskAssessment,
        }
    }
}

object! {
    /// An authentication method that was completed in this session.
    Method {
        maybe {
            /// Which method. Documented as always present.
            name: MethodName,
            /// When it was completed, RFC 3339. Documented as always present.
            timestamp: String,
            /// Which factor, where the method is `mfa`.
            #[serde(rename = "type")]
            factor: FactorType,
        }
    }
}

open_enum! {
    /// The name of an authentication method. A custom name or URL recorded by an Action is `Other`.
    MethodName {
        /// A social or enterprise identity provider.
        Federated = "federated",
        /// A database password.
        Pwd = "pwd",
        /// A passkey.
        Passkey = "passkey",
        /// A one-time code by text message, without a password.
        Sms = "sms",
        /// A one-time code or link by e-mail, without a password.
        Email = "email",
        /// A one-time code to a phone number, without a password.
        PhoneNumber = "phone_number",
        /// A second factor.
        Mfa = "mfa",
        /// Auth0's own test run of an Action.
        Mock = "mock",
    }
}
