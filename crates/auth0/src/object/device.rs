//! The device that a session or a refresh token was seen on.

object! {
    /// Where a session or refresh token was first and last used. Enterprise plan.
    Device {
        maybe {
            /// The autonomous system number of the first use, in decimal digits.
            initial_asn: String,
            /// The address of the first use.
            initial_ip: String,
            /// The `User-Agent` header of the first use.
            initial_user_agent: String,
            /// The autonomous system number of the last use, in decimal digits.
            last_asn: String,
            /// The address of the last use.
            last_ip: String,
            /// The `User-Agent` header of the last use.
            last_user_agent: String,
        }
    }
}
