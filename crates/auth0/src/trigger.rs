//! The triggers that Countersign answers, one file each: the event and the effects.
//!
//! To add one: `trigger/<name>.rs` with its event as an `object!` over the shared [`object`](crate::object)s, what
//! must stay in the Action as `refused`, an `Effect` with exactly the `api` calls that are documented and used, and
//! a line in this file: the compiler asks for it once the word is in [`Trigger`](countersign_core::Trigger).

#[macro_use]
mod wire;

pub mod credentials_exchange;
pub mod custom_token_exchange;
mod event;
pub mod event_stream;
pub mod password_reset_post_challenge;
pub mod post_change_password;
pub mod post_login;
pub mod post_user_registration;
pub mod pre_user_registration;
pub mod send_phone_message;

pub use event::Event;
