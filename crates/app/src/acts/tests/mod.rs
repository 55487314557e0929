//! Plans from being proposed to being taken back, over a database and a tenant in memory.

mod answered;
mod countersigned;
mod inquiries;
mod killed;
mod messages;
mod scene;
mod since;
mod together;
mod trouble;
mod world;
