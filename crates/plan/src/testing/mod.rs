//! A tenant in memory, for tests of plans and of what carries them out.

mod world;

pub use world::{Refused, World};
