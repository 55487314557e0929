//! Plans from being proposed to being taken back, over a database and a tenant in memory.

mod alone;
mod answered;
mod countersigned;
mod erased;
mod flooded;
mod halted;
mod inquiries;
mod judged;
mod killed;
mod marks;
mod messages;
mod own;
mod renewed;
mod scene;
mod since;
mod together;
mod trouble;
mod world;
