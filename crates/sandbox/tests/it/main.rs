<<<<<<< HEAD
//! The sandbox tenant against what is documented and what was recorded.
//!
//! Neither is part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder that holds them.

#[cfg(test)]
mod before;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod data;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod recordings;
=======
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
>>>>>>> runtime
