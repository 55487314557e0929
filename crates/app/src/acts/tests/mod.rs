//! Plans from being proposed to being taken back, over a database and a tenant in memory.

mod answered;
mod countersigned;
mod erased;
mod flooded;
mod inquiries;
mod killed;
mod marks;
mod messages;
mod own;
mod scene;
mod since;
mod together;
mod trouble;
mod world;
