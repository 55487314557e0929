//! The checks of tenants and of our side: what they are made from here, and the job that makes them.

mod certificate;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod disturbed;
mod expected;
mod job;
mod local;
#[cfg(test)]
mod scene;
mod source;
#[cfg(test)]
mod tests;

pub use self::{
    expected::expected,
    job::{Doctor, Sources, sources},
    local::local,
    source::{credentials, read, settings, source, surroundings},
};
