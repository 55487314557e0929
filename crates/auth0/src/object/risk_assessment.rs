//! Auth0's own view of the risk. Its confidence is inverted risk: `low` confidence means high risk.

use super::Supplemental;

object! {
    /// Auth0's assessment of a sign-in.
    RiskAssessment {
        maybe {
            /// One assessment by each assessor. Documented as always present.
            assessments: Assessments,
            /// The confidence over all. Documented as always present.
            confidence: Confidence,
            /// The assessment's version. Documented as always present.
            version: String,
            /// Signals from other vendors. Early Access.
            supplemental: Box<Supplemental>,
        }
    }
}

object! {
    /// One assessment by each assessor; an assessor that the documentation does not name is in `extra`.
    Assessments {
        maybe {
            /// Whether a verified agent signs in.
            #[serde(rename = "AgentDetection")]
            agent_detection: AgentDetection,
            /// Whether the user traveled faster than anyone can.
            #[serde(rename = "ImpossibleTravel")]
            impossible_travel: ImpossibleTravel,
            /// Whether the user's device is known.
            #[serde(rename = "NewDevice")]
            new_device: NewDevice,
            /// Whether the address is on a deny list.
            #[serde(rename = "UntrustedIP")]
            untrusted_ip: UntrustedIp,
        }
    }
}

open_enum! {
    /// How sure Auth0 is that the user is who they say.
    Confidence {
        /// High risk.
        Low = "low",
        /// Medium risk.
        Medium = "medium",
        /// Low risk.
        High = "high",
        /// Neither raises nor lowers the confidence over all.
        Neutral = "neutral",
    }
}

object! {
    /// Whether a verified agent signs in.
    AgentDetection {
        maybe {
            /// What was found. Documented as always present.
            code: AgentDetectionCode,
            /// The confidence. Documented as always present.
            confidence: Confidence,
            /// What the finding rests on.
            details: AgentDetectionDetails,
        }
    }
}

open_enum! {
    /// What the agent assessor found.
    AgentDetectionCode {
        /// No agent is known.
        Unknown = "unknown",
        /// The agent proved who it is.
        VerifiedAgent = "verified_agent",
    }
}

object! {
    /// What a finding on agents rests on.
    AgentDetectionDetails {
        maybe {
            /// Who runs the agent.
            provider: String,
        }
    }
}

object! {
    /// Whether the user traveled faster than anyone can.
    ImpossibleTravel {
        maybe {
            /// What was found. Documented as always present.
            code: ImpossibleTravelCode,
            /// The confidence. Documented as always present.
            confidence: Confidence,
        }
    }
}

open_enum! {
    /// What the travel assessor found.
    ImpossibleTravelCode {
        /// Hardly any distance.
        MinimalTravelFromLastLogin = "minimal_travel_from_last_login",
        /// A distance that is easy to travel in the time.
        TravelFromLastLogin = "travel_from_last_login",
        /// A distance that is hard to travel in the time.
        SubstantialTravelFromLastLogin = "substantial_travel_from_last_login",
        /// A distance that can't be traveled in the time.
        ImpossibleTravelFromLastLogin = "impossible_travel_from_last_login",
        /// The travel can't be computed.
        InvalidTravel = "invalid_travel",
        /// The address has no place.
        MissingGeoip = "missing_geoip",
        /// The address belongs to an anonymous proxy.
        AnonymousProxy = "anonymous_proxy",
        /// The place is not known.
        UnknownLocation = "unknown_location",
        /// The user never signed in before.
        InitialLogin = "initial_login",
        /// No earlier place is known.
        LocationHistoryNotFound = "location_history_not_found",
        /// The assessor did not run.
        AssessmentNotAvailable = "assessment_not_available",
    }
}

object! {
    /// Whether the user's device is known.
    NewDevice {
        maybe {
            /// What was found. Documented as always present.
            code: NewDeviceCode,
            /// The confidence. Documented as always present.
            confidence: Confidence,
            /// What the finding rests on.
            details: NewDeviceDetails,
        }
    }
}

open_enum! {
    /// What the device assessor found.
    NewDeviceCode {
        /// The user never signed in before.
        InitialLogin = "initial_login",
        /// The assessor did not run.
        AssessmentNotAvailable = "assessment_not_available",
        /// Device and user agent are known.
        Match = "match",
        /// One of device and user agent is known.
        PartialMatch = "partial_match",
        /// Neither is known.
        NoMatch = "no_match",
        /// The device can't be told.
        UnknownDevice = "unknown_device",
        /// No earlier device is known.
        NoDeviceHistory = "no_device_history",
    }
}

object! {
    /// What a finding on devices rests on.
    NewDeviceDetails {
        maybe {
            /// Whether the device's cookie is known.
            device: Familiarity,
            /// Whether the user agent is known.
            useragent: Familiarity,
        }
    }
}

open_enum! {
    /// Whether something was seen before.
    Familiarity {
        /// Never seen.
        Unknown = "unknown",
        /// Seen before.
        Known = "known",
    }
}

object! {
    /// Whether the address is on a deny list.
    UntrustedIp {
        maybe {
            /// What was found. Documented as always present.
            code: UntrustedIpCode,
            /// The confidence. Documented as always present.
            confidence: Confidence,
            /// What the finding rests on.
            details: UntrustedIpDetails,
        }
    }
}

open_enum! {
    /// What the address assessor found.
    UntrustedIpCode {
        /// The assessor did not run.
        AssessmentNotAvailable = "assessment_not_available",
        /// On no deny list.
        NotFoundOnDenyList = "not_found_on_deny_list",
        /// On a deny list.
        FoundOnDenyList = "found_on_deny_list",
        /// Not an address.
        InvalidIpAddress = "invalid_ip_address",
    }
}

object! {
    /// What a finding on addresses rests on.
    UntrustedIpDetails {
        maybe {
            /// The kind of entry, such as `abuse`.
            category: String,
            /// The address that was looked up.
            ip: String,
            /// What the address was listed for.
            matches: String,
            /// The list.
            source: String,
        }
    }
}
