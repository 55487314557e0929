//! The sandbox tenant against what is documented and what was recorded, and its flows with real Actions in Node.
//!
//! Neither reference is part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder that holds them.

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
mod events;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod shipped;
