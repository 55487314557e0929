//! A tenant in memory, for tests of plans and of what carries them out.

mod carrier;
mod installed;
mod organizations;
mod settings;
mod users;
mod world;

pub use carrier::{Carrier, End, read};
pub use world::{Refused, World};
