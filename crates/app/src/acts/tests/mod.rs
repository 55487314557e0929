//! Plans from being proposed to being taken back, over a database and a tenant in memory.

mod answered;
mod countersigned;
mod killed;
mod scene;
mod world;
