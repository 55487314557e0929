//! Blocks by attack protection, which are not those by an administrator.

use std::net::IpAddr;

use super::{Endpoint, Nothing, Operation, Request, UserId};

model! {
    /// Where a user is blocked.
    Blocks {
        maybe {
            /// The blocks.
            blocked_for: Vec<Block>,
        }
    }
}

model! {
    /// A block.
    Block {
        maybe {
            /// The address, name or number that was tried.
            identifier: String,
            /// The address that it was tried from.
            ip: String,
        }
    }
}

static OF_USER: Endpoint<Blocks, 1> =
    Endpoint::get("blocks.of_user", "/user-blocks/{id}").scopes(&["read:users"]);
static CLEAR_USER: Endpoint<Nothing, 1> =
    Endpoint::delete("blocks.clear_user", "/user-blocks/{id}").scopes(&["update:users"]);
static OF_IDENTIFIER: Endpoint<Blocks, 0> =
    Endpoint::get("blocks.of_identifier", "/user-blocks").scopes(&["read:users"]).query(&["identifier"]);
static CLEAR_IDENTIFIER: Endpoint<Nothing, 0> = Endpoint::delete("blocks.clear_identifier", "/user-blocks")
    .scopes(&["update:users"])
    .query(&["identifier"]);
static OF_ADDRESS: Endpoint<Nothing, 1> =
    Endpoint::get("blocks.of_address", "/anomaly/blocks/ips/{id}").scopes(&["read:anomaly_blocks"]);
static CLEAR_ADDRESS: Endpoint<Nothing, 1> =
    Endpoint::delete("blocks.clear_address", "/anomaly/blocks/ips/{id}").scopes(&["delete:anomaly_blocks"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &OF_USER.operation,
    &CLEAR_USER.operation,
    &OF_IDENTIFIER.operation,
    &CLEAR_IDENTIFIER.operation,
    &OF_ADDRESS.operation,
    &CLEAR_ADDRESS.operation,
];

/// Lists a user's blocks.
#[must_use]
pub fn of_user(user: &UserId) -> Request<Blocks> {
    Request::new(&OF_USER, [user.as_str()])
}

/// Lifts a user's blocks.
#[must_use]
pub fn clear_user(user: &UserId) -> Request<Nothing> {
    Request::new(&CLEAR_USER, [user.as_str()])
}

/// Lists the blocks of an e-mail address, user name or phone number.
#[must_use]
pub fn of_identifier(identifier: &str) -> Request<Blocks> {
    Request::new(&OF_IDENTIFIER, []).with("identifier", identifier)
}

/// Lifts the blocks of an e-mail address, user name or phone number.
#[must_use]
pub fn clear_identifier(identifier: &str) -> Request<Nothing> {
    Request::new(&CLEAR_IDENTIFIER, []).with("identifier", identifier)
}

/// Whether an IP address is blocked; status 404 says that it is not.
#[must_use]
pub fn of_address(address: IpAddr) -> Request<Nothing> {
    Request::new(&OF_ADDRESS, [&address.to_string()])
}

/// Lifts the block of an IP address.
#[must_use]
pub fn clear_address(address: IpAddr) -> Request<Nothing> {
    Request::new(&CLEAR_ADDRESS, [&address.to_string()])
}
