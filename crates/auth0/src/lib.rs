//! Auth0's vocabulary as types: what a trigger's event says and which `api` calls may answer it.
//!
//! It decides what an event means in documented words (channel, kind of identity, factors), and which answers
//! can be written down at all. It must never do I/O, never drop or reinterpret what it does not know, and never
//! repeat a value from an event in an error or in debug output.
//!
//! Every documented field is typed, or kept as JSON on purpose; a field that Auth0 leaves out or sets to null
//! stays so; fields and words that the documentation does not name survive. What must never leave the Action (codes,
//! message texts, tokens, passwords) is refused instead.
//!
//! ```
//! use countersign_auth0::{decode, trigger::post_login::PostLogin};
//!
//! let event = br#"{"tenant": {"id": "acme"}, "request": {"ip": "203.0.113.24"}, "user": {"user_id": "auth0|1"},
//!     "client": {"client_id": "q3f"}, "connection": {"id": "con_1", "name": "db", "strategy": "auth0"},
//!     "transaction": {"prompt": ["none"]}}"#;
//! let event: PostLogin = decode(event, "event")?;
//! assert_eq!(event.channel(), countersign_core::Channel::Silent);
//! let error = decode::<PostLogin>(br#"{"tenant": {"id": 7}}"#, "event").unwrap_err();
//! assert_eq!((error.path.as_str(), error.message.as_str()), ("event.tenant.id", "expected a string, found a number"));
//! # Ok::<(), countersign_auth0::ShapeError>(())
//! ```

#[macro_use]
mod open_enum;
#[macro_use]
mod object_macro;

pub mod claim;
pub mod depth;
pub mod factor;
mod json;
pub mod log;
pub mod management;
mod maybe;
pub mod metadata;
pub mod object;
pub mod redirect;
mod refused;
pub mod scope;
mod shape;
mod text;
pub mod trigger;
mod url;

pub use json::{Dictionary, Json};
pub use maybe::Maybe;
pub use shape::{ShapeError, decode};
pub use text::{ErrorCode, Reason, Text};
