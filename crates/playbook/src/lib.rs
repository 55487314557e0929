//! Incidents to wanted changes.
//!
//! A [`Playbook`] says what an incident is answered with: which detectors, how grave and how sure, and which changes for whom. It
//! wants; it never acts: what comes of it is an order, which the planner and the gate take or refuse as any other.
//!
//! It must never want anything against an account because of entries alone that anybody can cause ([`Cause`]), and never because of
//! an entry that the tenant itself does not confirm ([`confirm`]). What it says it says in our own words: no text of a log entry
//! reaches an order but the ids of whom it is about.

mod answer;
mod cause;
mod check;
mod confidence;
mod covered;
mod evidence;
mod pack;
mod playbook;
mod read;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Case, Found, Withheld, answer};
pub use cause::{CAUSES, Cause, cause};
pub use check::{Known, check, load};
pub use confidence::{Confidence, confidence};
pub use covered::Covered;
pub use evidence::{Confirmed, confirm};
pub use pack::PACK;
pub use playbook::{AddressChange, CONTAINED, ClientChange, Playbook, UserChange};
