//! The Management API client against a tenant of a test's own, over real sockets.

mod again;
mod bounds;
mod errors;
mod lists;
mod secrets;
pub mod tenant;
mod tokens;
mod turns;
mod writes;
