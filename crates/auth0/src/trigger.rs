//! The triggers that Countersign answers, one file each: the event and the effects.
//!
//! To add one: `trigger/<name>.rs` with its event as an `object!` over the shared [`object`](crate::object)s, an
//! `Effect` with exactly the `api` calls that are documented and used, and a line here.

pub mod post_login;
