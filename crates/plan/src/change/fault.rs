//! What is wrong with an order.

use serde::{Deserialize, Serialize};

words!(
    /// What is wrong, as a stable code.
    FaultCode {
        /// Nothing is wanted.
        Empty = "empty",
        /// More than a plan may have.
        TooMany = "too_many",
        /// A text is too long, or is none.
        Length = "length",
        /// A text holds characters that steer a terminal or hide what stands there.
        Characters = "characters",
        /// The reads are of another tenant.
        OtherTenant = "other_tenant",
        /// What has to be known was not read.
        Unread = "unread",
        /// It could not be read: the tenant refuses it.
        Denied = "denied",
        /// There is no such thing at the tenant.
        Absent = "absent",
        /// There is such a thing already.
        Exists = "exists",
        /// What the tenant answered is not what it should be.
        Shape = "shape",
        /// The order wants something of the same place twice, or its opposite.
        Twice = "twice",
        /// It refers to what the order makes later, or not at all.
        Order = "order",
        /// It can't be done with this user: there is no password, or no membership.
        Unfit = "unfit",
        /// The platform can't do it.
        Impossible = "impossible",
        /// The profile would be larger than it may be.
        TooBig = "too_big",
        /// It would reach further than any such change may.
        TooWide = "too_wide",
        /// It needs evidence that is not there.
        Unproved = "unproved",
        /// No receiver of that name is configured.
        Receiver = "receiver",
        /// What was done can't be taken back alone: something else that was done needs it.
        Needed = "needed",
        /// Nobody knows whether it was done.
        Uncertain = "uncertain",
        /// It would lock out the service itself, or whoever administers it.
        Own = "own",
    }
);

/// One fault of an order: where, what, and what would be right. Names places, never values that were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which of the wanted changes, from 0; `None`: the order as a whole.
    pub wanted: Option<usize>,
    /// Where in it, such as `users[3]`; empty for all of it.
    pub place: String,
    /// What is wrong.
    pub code: FaultCode,
    /// What would be right, for a person.
    pub right: String,
}
