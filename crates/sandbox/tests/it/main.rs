//! The sandbox's flows with real Actions in Node, and what they write against the reference.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

mod events;
mod facts;
mod logs;
mod pipeline;
mod shipped;
