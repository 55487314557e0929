//! What detectors keep: recent entries in event time, distinct values, and tables that are bounded per tenant.

mod baseline;
mod distinct;
mod door;
mod history;
mod minute;
mod recent;
mod shares;
mod table;
mod traffic;

pub use baseline::{Baseline, Norm};
pub use distinct::Distinct;
pub use door::Door;
pub use history::History;
pub use minute::Minute;
pub use recent::{Recent, Seen};
pub use shares::Shares;
pub use table::{Entry, Table};
pub use traffic::{Traffic, hour_of};

use serde::{Serialize, de::DeserializeOwned};

use crate::StateError;

/// Writes a state.
#[must_use]
pub fn save<T: Serialize>(version: u32, state: &T) -> Vec<u8> {
    postcard::to_allocvec(&(version, state)).unwrap_or_default()
}

/// Reads a state that `save` wrote for the same version.
///
/// # Errors
/// `StateError` when it is another version's, or was cut or changed.
pub fn restore<T: DeserializeOwned>(version: u32, saved: &[u8]) -> Result<T, StateError> {
    let (found, state) = postcard::from_bytes::<(u32, T)>(saved).map_err(|_| StateError)?;
    if found == version { Ok(state) } else { Err(StateError) }
}
