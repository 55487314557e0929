//! Countersignatures: what becomes of a plan by what people do with it.
//!
//! [`review`] is the whole of it: a state and an act give a state, or say why not. An approval is of a hash, by a person who
//! signed in as one; whoever proposed a plan can't approve it, nobody approves twice, and what is over stays over. A
//! rejection counts until the plan is begun, also after the last approval, so that the order in which people act makes no
//! difference.

mod act;
mod refused;
mod state;
#[cfg(test)]
mod tests;

pub use self::{
    act::{Act, How, Signed},
    refused::Refused,
    state::{Approval, PlanState, RESUMES_FOR, Status, review},
};
