//! The sandbox tenant against what is documented and what was recorded.
//!
//! Neither is part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder that holds them.

#[cfg(test)]
mod before;
#[cfg(test)]
mod cloudevents;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod data;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod recordings;
